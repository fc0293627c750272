//! Parts of a set, by indices of its samples.
//!
//! ```
//! # fn main() -> snn::data::Result<()> {
//! use snn::data::loader::split;
//!
//! let labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
//! let parts = split::stratified(&labels, &[4, 1], 7)?;
//! assert_eq!((parts[0].len(), parts[1].len()), (8, 2));
//! assert_eq!(split::of_classes(&labels, &[1]), [5, 6, 7, 8, 9]);
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;

use crate::data::error::{self, Result};
use crate::data::random::{generator, shuffle};

/// The samples of some classes, in their order.
#[must_use]
pub fn of_classes(labels: &[usize], classes: &[usize]) -> Vec<usize> {
    (0..labels.len()).filter(|index| classes.contains(&labels[*index])).collect()
}

/// Parts of a set in a proportion like `[8, 1, 1]`, each with the same share of each class: which samples of a class
/// go where is left to the seed.
///
/// Of a class with `n` samples a part of share `s` out of a sum `S` has `n s/S` samples, rounded down or up. The
/// rounding of one class makes up for that of the classes before it, so that whole parts have their shares as well.
/// Each part is in the order of the set.
///
/// # Errors
///
/// [`Error::Argument`](crate::data::Error::Argument) where all shares are 0, or where their sum is over 2^32.
pub fn stratified(labels: &[usize], shares: &[usize], seed: u64) -> Result<Vec<Vec<usize>>> {
    let total = shares.iter().fold(0_u64, |sum, share| sum.saturating_add(*share as u64));
    if !(1..=1 << 32).contains(&total) {
        let expected = "from 1 to 2^32";
        return Err(error::argument("the sum of the shares", expected, format!("{shares:?}")));
    }
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..labels.len()).for_each(|index| classes.entry(labels[index]).or_default().push(index));
    let mut parts = vec![Vec::new(); shares.len()];
    // What each part has too little so far, in parts of the sum.
    let mut owed = vec![0_i64; shares.len()];
    for (class, mut samples) in classes {
        shuffle(&mut samples, &mut generator(b"split\0\0\0", seed, 0, class as u64));
        let mut samples = samples.into_iter();
        let sizes = rounded(samples.len() as u64, shares, total, &mut owed);
        for (part, size) in parts.iter_mut().zip(sizes) {
            part.extend(samples.by_ref().take(size));
        }
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    Ok(parts)
}

/// How many of `n` samples go into each part.
fn rounded(n: u64, shares: &[usize], total: u64, owed: &mut [i64]) -> Vec<usize> {
    let product = |share: &usize| u128::from(n) * *share as u128;
    let mut sizes: Vec<usize> =
        shares.iter().map(|share| (product(share) / u128::from(total)) as usize).collect();
    // A remainder is below the sum of the shares.
    let rest: Vec<i64> =
        shares.iter().map(|share| (product(share) % u128::from(total)) as i64).collect();
    owed.iter_mut().zip(&rest).for_each(|(owed, rest)| *owed += rest);
    // Only parts with a remainder are rounded up: there are more of them than samples left over.
    let mut parts: Vec<usize> = (0..shares.len()).filter(|part| rest[*part] > 0).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(owed[*part]));
    let left_over = n as usize - sizes.iter().sum::<usize>();
    for part in parts.into_iter().take(left_over) {
        sizes[part] += 1;
        owed[part] -= total as i64;
    }
    sizes
}

/// One of the ways to leave out a part of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The samples to train with.
    pub train: Vec<usize>,
    /// Those to validate with, which no other fold has.
    pub validation: Vec<usize>,
}

/// `k` folds, whose validations together are the set; each has the same share of each class, as of [`stratified`].
///
/// # Errors
///
/// [`Error::Argument`](crate::data::Error::Argument) where `k` is below 2 or more than there are samples.
pub fn k_fold(labels: &[usize], k: usize, seed: u64) -> Result<Vec<Fold>> {
    if !(2..=labels.len()).contains(&k) {
        let expected = format!("from 2 to {}, the number of samples", labels.len());
        return Err(error::argument("the number of folds", expected, k));
    }
    let parts = stratified(labels, &vec![1; k], seed)?;
    let fold = |i: usize| {
        let others = parts.iter().enumerate().filter(|(part, _)| *part != i);
        let mut train: Vec<usize> = others.flat_map(|(_, part)| part).copied().collect();
        train.sort_unstable();
        Fold { train, validation: parts[i].clone() }
    };
    Ok((0..k).map(fold).collect())
}
