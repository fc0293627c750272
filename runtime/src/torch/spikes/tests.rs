use super::*;
use crate::torch::ops;

#[test]
fn numbers_are_those_of_the_reference() {
    let mut lanes = Lanes([1, 2, 3, 4].map(|word| [word; LANES]));
    // The first of the authors' program for the state 1, 2, 3, 4.
    for expected in [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274] {
        assert_eq!(lanes.next(), [expected; LANES]);
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn wide_vectors_draw_the_same() {
    if !is_x86_feature_detected!("avx2") {
        return;
    }
    let thresholds: Vec<i32> = (0..1003).map(|i| i << 20).collect();
    let filled = |fill: &dyn Fn(&mut [MaybeUninit<f32>], &mut Lanes)| {
        let mut spikes = Tensor::empty([1003], (Kind::Float, Device::Cpu));
        fill(elements_mut(&mut spikes), &mut Lanes::new(1, 2));
        spikes
    };
    let plain = filled(&|spikes, random| fill_lanes(spikes, &thresholds, random));
    // SAFETY: the processor has AVX2.
    let wide = filled(&|spikes, random| unsafe { fill_block_avx2(spikes, &thresholds, random) });
    assert_eq!(plain, wide);
}

#[test]
fn thresholds_are_probabilities() {
    let exact = [(0.0, 0), (1.0, 1 << 30), (0.5, 1 << 29), (2.0_f32.powi(-30), 1)];
    let outside = [(-1.0, 0), (2.0, 1 << 30), (f32::INFINITY, 1 << 30), (f32::NAN, 0)];
    for (probability, expected) in exact.into_iter().chain(outside) {
        assert_eq!(threshold(probability).max(0), expected, "{probability}");
    }
    for grey in 4..=255 {
        let probability = grey as f32 / 255.0;
        assert_eq!(threshold(probability) as f32 / ONE, probability);
        assert_eq!(f64::from(threshold(probability)) / f64::from(ONE), f64::from(probability));
    }
    let below = |threshold| [0, 1, 2, 3, u32::MAX].map(|drawn| spike(drawn, threshold));
    assert_eq!(below(0), [0.0; 5]);
    assert_eq!(below(1), [1.0, 1.0, 1.0, 1.0, 0.0]);
    assert_eq!(below(1 << 30), [1.0; 5]);
}

/// `[steps, probabilities]` of so many of each, in f64.
fn drawn(probabilities: &[f32], each: i64, steps: i64) -> Tensor {
    let own = Tensor::from_slice(probabilities).unsqueeze(1).expand([-1, each], false);
    draw(&own, steps).unwrap().to_kind(Kind::Double)
}

/// By how many standard deviations a mean of `n` draws is off.
fn deviation(mean: f64, probability: f64, n: f64) -> f64 {
    (mean - probability).abs() / (probability * (1.0 - probability) / n).sqrt()
}

#[test]
fn each_place_and_step_spikes_as_often_as_it_is_to() {
    let _turn = seeded(3);
    let probabilities = [0.001, 0.1, 0.25, 0.5, 0.75, 0.99];
    // Neither the blocks nor the lanes are full.
    let (each, steps) = (40_003, 21);
    let spikes = drawn(&probabilities, each, steps);
    let by_step = spikes.mean_dim([2].as_slice(), false, Kind::Double);
    let by_lane = spikes.narrow(2, 0, 40_000).reshape([steps, 6, 5000, 8]);
    let by_lane = by_lane.mean_dim([0, 2].as_slice(), false, Kind::Double);
    for (i, &probability) in probabilities.iter().enumerate() {
        let p = f64::from(probability);
        for t in 0..steps {
            let mean = by_step.double_value(&[t, i as i64]);
            assert!(deviation(mean, p, each as f64) < 5.0, "{mean} for {p} at step {t}");
        }
        for lane in 0..8 {
            let mean = by_lane.double_value(&[i as i64, lane]);
            assert!(deviation(mean, p, 105_000.0) < 5.0, "{mean} for {p} in lane {lane}");
        }
    }
}

#[test]
fn spikes_have_nothing_to_do_with_those_beside_them() {
    let _turn = seeded(4);
    let (n, steps) = (100_000, 8);
    let spikes = drawn(&[0.5], n, steps).reshape([steps, n]) - 0.5;
    // Of the step before, of the next lane, of the next vector, of the next block.
    for (steps_off, lanes_off) in [(1, 0), (0, 1), (0, 8), (1, 1), (0, BLOCK as i64)] {
        let (t, m) = (steps - steps_off, n - lanes_off);
        let one = spikes.narrow(0, 0, t).narrow(1, 0, m);
        let other = spikes.narrow(0, steps_off, t).narrow(1, lanes_off, m);
        let product = (one * other * 4.0).mean(Kind::Double).double_value(&[]);
        let deviation = product.abs() * ((t * m) as f64).sqrt();
        assert!(deviation < 5.0, "{deviation} at {steps_off}, {lanes_off}");
    }
}

#[test]
fn counts_over_steps_are_binomial() {
    let _turn = seeded(5);
    let (n, steps, p) = (200_000_i64, 4, 0.3_f64);
    let counts = drawn(&[0.3], n, steps).sum_dim_intlist([0].as_slice(), false, Kind::Int64);
    let chi_square: f64 = (0..=4)
        .map(|k| {
            let ways = [1.0, 4.0, 6.0, 4.0, 1.0][k as usize];
            let expected = n as f64 * ways * p.powi(k) * (1.0 - p).powi(4 - k);
            let found = counts.eq(i64::from(k)).sum(Kind::Int64).int64_value(&[]) as f64;
            (found - expected).powi(2) / expected
        })
        .sum();
    // Of 4 degrees of freedom; one in a million is over this.
    assert!(chi_square < 33.4, "{chi_square}");
}

#[test]
fn the_seed_says_what_is_drawn_and_nothing_else() {
    let numbers = Tensor::full([3, 5000], 0.5, (Kind::Float, Device::Cpu));
    let both = || {
        let _turn = seeded(6);
        (draw(&numbers, 3).unwrap(), draw(&numbers, 3).unwrap())
    };
    let ((a, b), (again, behind)) = (both(), both());
    assert_eq!((&a, &b), (&again, &behind));
    assert!(a != b && a.get(0) != a.get(1) && a.get(0).get(0) != a.get(0).get(1));
    // What a checkpoint keeps of the generator is enough to go on.
    let _turn = seeded(6);
    let _ = draw(&numbers, 3).unwrap();
    let state = ops::generator_state(Device::Cpu).unwrap();
    assert_eq!(draw(&numbers, 3).unwrap(), b);
    ops::set_generator_state(Device::Cpu, &state).unwrap();
    assert_eq!(draw(&numbers, 3).unwrap(), b);
    let thresholds = vec![1 << 29; 20_000];
    let on = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let mut spikes = Tensor::empty([2, 20_000], (Kind::Float, Device::Cpu));
        pool.install(|| fill(elements_mut(&mut spikes), &thresholds, 7));
        spikes
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn types_shapes_and_layouts_are_those_given() {
    for kind in [Kind::Float, Kind::Half, Kind::BFloat16, Kind::Double] {
        let row = Tensor::from_slice(&[0.0_f32, 1.0, f32::NAN, 2.0]).to_kind(kind);
        let columns = row.unsqueeze(0).expand([9000, 4], false).transpose(0, 1);
        let spikes = draw(&columns, 2).unwrap();
        assert_eq!((spikes.size(), spikes.kind()), (vec![2, 4, 9000], kind));
        let rates = spikes.mean_dim([0, 2].as_slice(), false, Kind::Float);
        assert_eq!(Vec::<f32>::try_from(rates).unwrap(), [0.0, 1.0, 0.0, 1.0], "{kind:?}");
    }
    let empty = Tensor::zeros([0, 4], (Kind::Float, Device::Cpu));
    assert_eq!(draw(&empty, 2).unwrap().size(), [2, 0, 4]);
    assert_eq!(draw(&Tensor::from(0.5_f32), 0).unwrap().size(), [0]);
    assert!(draw(&Tensor::from(0.5_f32), -1).is_err());
}

/// Seeds libtorch's generator, which is one for all threads, and keeps other tests from it.
fn seeded(seed: i64) -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tch::manual_seed(seed);
    turn
}
