//! Samples drawn by weights.

use proptest::prelude::*;

use super::*;

fn drawn(weights: &[f64], n: usize, replacement: Replacement, epoch: u64) -> Vec<usize> {
    Sampler::weighted(weights, n, replacement, 4, 7).unwrap().epoch(epoch).flatten().collect()
}

#[test]
fn draws_come_as_often_as_their_weights_say() {
    let weights = [1.0, 0.0, 2.0, 5.0, 0.0];
    let mut counts = [0; 5];
    drawn(&weights, 8000, Replacement::With, 0).into_iter().for_each(|index| counts[index] += 1);
    assert_eq!((counts[1], counts[4]), (0, 0));
    // Within five standard deviations, which are 30, 39 and 43.
    for (count, expected) in [(counts[0], 1000), (counts[2], 2000), (counts[3], 5000)] {
        assert!(i32::abs(count - expected) < 220, "{counts:?}");
    }
}

#[test]
fn without_replacement_nothing_comes_twice_and_the_heavy_come_first() {
    let weights = [1.0, 0.0, 2.0, 5.0];
    let mut firsts = [0; 4];
    let mut seconds = 0;
    for epoch in 0..4000 {
        let order = drawn(&weights, 3, Replacement::Without, epoch);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 2, 3]);
        firsts[order[0]] += 1;
        seconds += i32::from(order[..2] == [3, 2]);
    }
    // 500, 1000 and 2500; five standard deviations are 105, 137 and 153.
    for (first, expected) in [(firsts[0], 500), (firsts[2], 1000), (firsts[3], 2500)] {
        assert!(i32::abs(first - expected) < 155, "{firsts:?}");
    }
    // 5/8 times 2/3 of all.
    assert!(i32::abs(seconds - 1667) < 156, "{seconds}");
}

#[test]
fn orders_are_kept_and_go_on_in_their_middle() {
    let weights: Vec<f64> = (0..20).map(f64::from).collect();
    let sampler = Sampler::weighted(&weights, 15, Replacement::Without, 4, 7).unwrap();
    assert_eq!((sampler.n_samples(), sampler.n_batches()), (20, 4));
    assert_eq!(sampler.clone().drop_last().n_batches(), 3);
    assert_eq!(sampler.clone().drop_last().epoch(0).flatten().count(), 12);
    let batches: Vec<_> = sampler.epoch(2).collect();
    assert_ne!(batches, sampler.epoch(3).collect::<Vec<_>>());
    let position = sampler.position(2, 1);
    let text = serde_json::to_string(&position).unwrap();
    let position: Position = serde_json::from_str(&text).unwrap();
    assert!(sampler.resume(&position).unwrap().eq(batches[1..].iter().cloned()));
    // The numbers are the same on every machine and in every version.
    assert_eq!(drawn(&weights, 8, Replacement::With, 0), FIXED);
    // Other weights are another sampler.
    let weights: Vec<f64> = (0..20).map(|i| f64::from(i) + 0.5).collect();
    let other = Sampler::weighted(&weights, 15, Replacement::Without, 4, 7).unwrap();
    assert!(
        other.resume(&position).unwrap_err().to_string().starts_with("the position must be of")
    );
    // What an earlier version wrote has no weights.
    let plain = shuffled(9, 2).position(1, 1);
    let text = serde_json::to_string(&plain).unwrap();
    assert_eq!(
        text,
        r#"{"epoch":1,"n_done":1,"sampler":{"count":9,"batch":2,"shuffle":true,"seed":3,"drop_last":false}}"#
    );
    assert_eq!(serde_json::from_str::<Position>(&text).unwrap(), plain);
}

const FIXED: [usize; 8] = [15, 13, 16, 17, 15, 1, 9, 16];

#[test]
fn weights_that_cannot_be_are_told() {
    let told = |weights: &[f64], n, replacement| {
        Sampler::weighted(weights, n, replacement, 4, 7).unwrap_err().to_string()
    };
    let with = |weights: &[f64]| told(weights, 1, Replacement::With);
    assert_eq!(with(&[1.0, -1.0]), "a weight must be 0 or more and finite, but is -1");
    assert_eq!(with(&[f64::NAN]), "a weight must be 0 or more and finite, but is NaN");
    assert_eq!(with(&[0.0]), "the sum of the weights must be above 0 and finite, but is 0");
    assert_eq!(
        with(&[f64::MAX; 2]),
        "the sum of the weights must be above 0 and finite, but is inf"
    );
    assert_eq!(with(&[]), "the number of samples must be 1 or more, but is 0");
    let message = told(&[1.0, 0.0, 1.0], 3, Replacement::Without);
    let expected = "the number of draws must be from 1 to 2, which have a weight above 0, but is 3";
    assert_eq!(message, expected);
    assert!(told(&[1.0], 0, Replacement::With).contains("1 or more, but is 0"));
}

#[test]
fn classes_are_balanced() {
    let labels: Vec<usize> = (0..1000).map(|i| usize::from(i % 10 == 0) * 3).collect();
    let draws = drawn(&balanced(&labels), 4000, Replacement::With, 0);
    let n = draws.into_iter().filter(|index| labels[*index] == 3).count();
    assert!((1840..2160).contains(&n), "{n}");
    assert!(balanced(&[]).is_empty());
}

proptest! {
    /// Also where weights are of very different sizes, whose sums are rounded.
    #[test]
    fn what_has_no_weight_never_comes(
        exponents in prop::collection::vec(prop::option::of(-300_i32..300), 1..40), epoch: u64,
    ) {
        let weight = |exponent: &Option<i32>| exponent.map_or(0.0, |e| 1.1 * 10_f64.powi(e));
        let weights: Vec<f64> = exponents.iter().map(weight).collect();
        let n = weights.iter().filter(|weight| **weight > 0.0).count();
        prop_assume!(n > 0);
        let mut all = drawn(&weights, n, Replacement::Without, epoch);
        all.sort_unstable();
        prop_assert!(all.iter().copied().eq((0..weights.len()).filter(|i| weights[*i] > 0.0)));
        let with = drawn(&weights, 3 * n, Replacement::With, epoch);
        prop_assert!(with.iter().all(|index| weights[*index] > 0.0));
    }
}
