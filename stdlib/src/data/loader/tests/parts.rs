//! Parts of sets.

use proptest::prelude::*;

use super::*;
use crate::data::loader::split::{k_fold, of_classes, stratified};

#[test]
fn subsets_have_their_samples_names_and_labels() {
    let some = indices(10).subset(vec![7, 2, 2]).unwrap();
    assert_eq!(some.n_samples(), 3);
    assert_eq!([0, 1, 2].map(|i| some.sample(0, i).unwrap()), [7, 2, 2]);
    assert_eq!((some.name(0), some.label(0)), ("made/7.bin".into(), Some(1)));
    assert_eq!(some.labels().unwrap(), [1, 2, 2]);
    assert!(some.sample(0, 3).is_err());
    assert_eq!((some.name(3), some.label(3)), ("sample 3".into(), None));
    let fewer = some.subset(vec![1]).unwrap().map(0, |index, _| Ok(index + 1));
    assert_eq!((fewer.sample(0, 0).unwrap(), fewer.labels().unwrap()), (3, vec![2]));
    let message = indices(3).subset(vec![0, 3]).map(|_| ()).unwrap_err().to_string();
    assert_eq!(message, "the index of a sample must be below 3, but is 3");
    let message = indices(100).labels().unwrap_err().to_string();
    assert!(message.ends_with("but is made/99.bin"), "{message}");
    let shared = Arc::new(indices(4));
    let both = [vec![0, 1], vec![2, 3]].map(|part| shared.clone().subset(part).unwrap());
    assert_eq!(both.map(|part| part.sample(0, 1).unwrap()), [1, 3]);
}

#[test]
fn classes_are_chosen() {
    assert_eq!(of_classes(&[2, 0, 1, 2, 2], &[2, 1]), [0, 2, 3, 4]);
    assert_eq!(of_classes(&[2, 0], &[5]), [0; 0]);
}

#[test]
fn the_rounding_of_classes_evens_out() {
    // Ten classes of five: half of each would always be rounded the same way.
    let labels: Vec<usize> = (0..50).map(|i| i % 10).collect();
    let parts = stratified(&labels, &[1, 1], 7).unwrap();
    assert_eq!([parts[0].len(), parts[1].len()], [25, 25]);
    assert_ne!(parts, stratified(&labels, &[1, 1], 8).unwrap());
    assert_eq!(parts, stratified(&labels, &[2, 2], 7).unwrap());
    // The numbers are the same on every machine and in every version.
    assert_eq!(stratified(&[0, 0, 0, 0, 1, 1, 1, 1], &[1, 1], 7).unwrap(), FIXED);
    for wrong in [&[][..], &[0, 0], &[1 << 32, 1]] {
        let message = stratified(&labels, wrong, 7).unwrap_err().to_string();
        assert!(message.starts_with("the sum of the shares must be from 1 to 2^32"), "{message}");
    }
    assert_eq!(stratified(&[], &[1, 1], 7).unwrap(), [[0; 0], [0; 0]]);
}

const FIXED: [[usize; 4]; 2] = [[1, 3, 4, 7], [0, 2, 5, 6]];

proptest! {
    #[test]
    fn every_part_has_its_share_of_each_class(
        labels in prop::collection::vec(0_usize..6, 0..200),
        shares in prop::collection::vec(0_usize..12, 1..6),
        seed: u64,
    ) {
        let total: usize = shares.iter().sum();
        prop_assume!(total > 0);
        let parts = stratified(&labels, &shares, seed).unwrap();
        let mut all = parts.concat();
        prop_assert!(parts.iter().all(|part| part.is_sorted()));
        all.sort_unstable();
        prop_assert!(all.into_iter().eq(0..labels.len()));
        for class in 0..6 {
            let n = labels.iter().filter(|label| **label == class).count();
            for (part, share) in parts.iter().zip(&shares) {
                let found = part.iter().filter(|index| labels[**index] == class).count();
                let least = n * share / total;
                let most = (n * share).div_ceil(total);
                prop_assert!((least..=most).contains(&found), "{found} of {n} for {share}/{total}");
            }
        }
        for (part, share) in parts.iter().zip(&shares) {
            let apart = (part.len() * total).abs_diff(labels.len() * share);
            prop_assert!(apart < total * shares.len(), "{} of {}", part.len(), labels.len());
        }
        // Two parts are off by less than a sample as a whole.
        if let [a, _] = &parts[..] {
            prop_assert!((a.len() * total).abs_diff(labels.len() * shares[0]) < total);
        }
    }

    #[test]
    fn folds_leave_out_each_sample_once(
        labels in prop::collection::vec(0_usize..4, 2..60), k in 2_usize..8, seed: u64,
    ) {
        prop_assume!(k <= labels.len());
        let folds = k_fold(&labels, k, seed).unwrap();
        prop_assert_eq!(folds.len(), k);
        let mut all: Vec<usize> = Vec::new();
        for fold in &folds {
            let mut both = [&fold.train[..], &fold.validation].concat();
            both.sort_unstable();
            prop_assert!(both.into_iter().eq(0..labels.len()));
            all.extend(&fold.validation);
        }
        all.sort_unstable();
        prop_assert!(all.into_iter().eq(0..labels.len()));
    }
}

#[test]
fn numbers_of_folds_that_cannot_be_are_told() {
    for k in [0, 1, 4] {
        let message = k_fold(&[0, 1, 0], k, 0).unwrap_err().to_string();
        let expected = "the number of folds must be from 2 to 3, the number of samples, but is ";
        assert_eq!(message, format!("{expected}{k}"));
    }
}
