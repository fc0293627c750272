//! Inputs of size 1 on an axis of a step, which all places on that axis share.
//!
//! Kernels take inputs of a step's whole size: such an input is repeated on the host before a run, and
//! its gradient is summed there after it, in the order of memory and in f64, so that the sum is the same
//! in every run and on every device.

use super::array::{self, Array, Arrays};
use crate::error::{Error, Result};

/// The shape that inputs have together: of one rank and as many steps, and behind them on each axis one
/// size, or 1. Empty where there are none.
///
/// # Errors
///
/// [`Error::Shape`] names the first input that does not fit to those before it.
pub fn shape(inputs: &Arrays) -> Result<Vec<usize>> {
    let mut together: Option<Vec<usize>> = None;
    for (i, (name, input)) in inputs.iter().enumerate() {
        let Some(known) = &mut together else {
            together = Some(input.shape().to_vec());
            continue;
        };
        if !join(known, input.shape()) {
            let before: Vec<String> = inputs.keys().take(i).map(|n| format!("`{n}`")).collect();
            let have = if i == 1 { "has" } else { "have together" };
            let (known, before) = (array::text(known), before.join(", "));
            return Err(Error::Shape {
                operand: name.clone(),
                expected: format!("{known}, which {before} {have}, or 1 for a size behind T"),
                given: array::text(input.shape()),
            });
        }
    }
    Ok(together.unwrap_or_default())
}

/// Widens a shape by another one; whether the two fit. The steps are no axis to repeat on.
fn join(known: &mut [usize], other: &[usize]) -> bool {
    let fits =
        |(axis, (a, b)): (usize, (&usize, &usize))| a == b || axis > 0 && (*a == 1 || *b == 1);
    if known.len() != other.len() || !known.iter().zip(other).enumerate().all(fits) {
        return false;
    }
    known.iter_mut().zip(other).filter(|(a, _)| **a == 1).for_each(|(a, b)| *a = *b);
    true
}

/// An input of a run's shape, repeated where it has size 1.
///
/// # Errors
///
/// [`Error::OutOfMemory`] of the host.
pub fn repeat(operand: &str, input: &Array, shape: &[usize]) -> Result<Vec<f32>> {
    let mut all = Array::zeros(operand, shape.to_vec())?.into_data();
    for (i, number) in all.iter_mut().enumerate() {
        *number = input.data()[place(i, shape, input.shape())];
    }
    Ok(all)
}

/// The gradient of an input of shape `own`, out of that of all places.
pub fn sum(all: &Array, own: &[usize]) -> Array {
    gather(all, own, |i| place(i, all.shape(), own))
}

/// An array of shape `own` with the sums of all numbers that `to` gives one place: added up in the order
/// of memory and in f64, and rounded once.
pub fn gather(all: &Array, own: &[usize], to: impl Fn(usize) -> usize) -> Array {
    let mut sums = vec![0.0_f64; array::count(own).unwrap_or(0)];
    for (i, number) in all.data().iter().enumerate() {
        sums[to(i)] += f64::from(*number);
    }
    Array::filled(own.to_vec(), sums.into_iter().map(|sum| sum as f32).collect())
}

/// Where the number of place `index` of `shape` lies in an array of shape `own`.
fn place(index: usize, shape: &[usize], own: &[usize]) -> usize {
    let (mut rest, mut stride, mut place) = (index, 1, 0);
    for (&size, &own) in shape.iter().zip(own).rev() {
        if own != 1 {
            place += rest % size * stride;
        }
        rest /= size;
        stride *= own;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(shapes: &[&[usize]]) -> Result<Vec<usize>> {
        let array = |shape: &&[usize]| Array::zeros("x", shape.to_vec()).unwrap();
        let names = ["a", "b", "c"].map(String::from);
        shape(&names.into_iter().zip(shapes.iter().map(array)).collect())
    }

    #[test]
    fn shapes_widen_each_other() {
        assert_eq!(together(&[]).unwrap(), [0; 0]);
        assert_eq!(together(&[&[5, 1, 3], &[5, 2, 1]]).unwrap(), [5, 2, 3]);
        assert_eq!(together(&[&[5, 1, 1], &[5, 1, 4], &[5, 2, 1]]).unwrap(), [5, 2, 4]);
        assert_eq!(together(&[&[5, 1], &[5, 0]]).unwrap(), [5, 0]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let refused = |shapes: &[&[usize]]| together(shapes).unwrap_err().to_string();
        assert_eq!(
            refused(&[&[5, 2, 3], &[5, 2, 2]]),
            "`b` must have shape [5, 2, 3], which `a` has, or 1 for a size behind T, but has [5, 2, 2]"
        );
        assert_eq!(
            refused(&[&[5, 2, 1], &[5, 1, 3], &[5, 3, 3]]),
            "`c` must have shape [5, 2, 3], which `a`, `b` have together, or 1 for a size behind T, \
             but has [5, 3, 3]"
        );
        assert!(refused(&[&[5, 2], &[1, 2]]).contains("[1, 2]"));
        assert!(refused(&[&[5, 2], &[5, 1, 2]]).contains("[5, 1, 2]"));
    }

    #[test]
    fn numbers_are_repeated_and_their_gradients_summed() {
        let input = Array::new(vec![2, 1, 2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let all = repeat("x", &input, &[2, 3, 2]).unwrap();
        assert_eq!(all, [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 3.0, 4.0]);
        let gradient = Array::new(vec![2, 3, 2], (1..=12).map(|i| i as f32).collect()).unwrap();
        assert_eq!(sum(&gradient, &[2, 1, 2]).data(), [9.0, 12.0, 27.0, 30.0]);
        assert_eq!(sum(&gradient, &[2, 1, 1]).data(), [21.0, 57.0]);
        let none = Array::zeros("x", vec![2, 0, 2]).unwrap();
        assert_eq!(sum(&none, &[2, 1, 2]).data(), [0.0; 4]);
        // In f32, 1 is lost beside 2^24.
        let far = Array::new(vec![1, 3], vec![16_777_216.0, 1.0, 1.0]).unwrap();
        assert_eq!(sum(&far, &[1, 1]).data(), [16_777_218.0]);
    }
}
