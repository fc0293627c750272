//! Numbers with a shape, in the order of memory.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// A row-major array of f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    shape: Vec<usize>,
    data: Vec<f32>,
}

/// Arrays by the names of inputs, params, states or outputs.
pub type Arrays = BTreeMap<String, Array>;

impl Array {
    /// An array of these numbers, the last axis fastest.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where there are more or fewer numbers than the shape has places.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Result<Self> {
        match count(&shape) {
            Some(n) if n == data.len() => Ok(Self { shape, data }),
            n => Err(Error::Shape {
                operand: "array".into(),
                expected: format!("{}, which has {}", text(&shape), places(n)),
                given: format!("{} numbers", data.len()),
            }),
        }
    }

    /// One number, of shape `[]`.
    pub fn scalar(number: f32) -> Self {
        Self { shape: Vec::new(), data: vec![number] }
    }

    /// An array of numbers that are as many as its shape has places for.
    pub(crate) fn filled(shape: Vec<usize>, data: Vec<f32>) -> Self {
        debug_assert_eq!(count(&shape), Some(data.len()));
        Self { shape, data }
    }

    /// Zeros for `operand`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] where there is no room for them.
    pub(crate) fn zeros(operand: &str, shape: Vec<usize>) -> Result<Self> {
        let full = |n: Option<usize>| Error::OutOfMemory {
            device: "the host".into(),
            operand: operand.into(),
            bytes: n.and_then(|n| n.checked_mul(4)).unwrap_or(usize::MAX),
        };
        let n = count(&shape).ok_or_else(|| full(None))?;
        // Only reserving can fail without ending the program; only `vec!` takes pages that the system
        // has zeroed, untouched.
        Vec::<f32>::new().try_reserve_exact(n).map_err(|_| full(Some(n)))?;
        Ok(Self { shape, data: vec![0.0; n] })
    }

    /// The sizes of its axes; `[]` for one number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its numbers, the last axis fastest.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Its numbers, the last axis fastest.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Its numbers, the last axis fastest.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }
}

/// How many numbers a shape has places for; none where that is no number.
pub(crate) fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size))
}

/// A shape for a message.
pub(crate) fn text(shape: &[usize]) -> String {
    format!("{shape:?}")
}

fn places(n: Option<usize>) -> String {
    n.map_or("more places than memory has".into(), |n| format!("{n} places"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fill_the_shape() {
        let array = Array::new(vec![2, 3], vec![0.0; 6]).unwrap();
        assert_eq!((array.shape(), array.data().len()), (&[2, 3][..], 6));
        assert_eq!(Array::scalar(2.0).into_data(), [2.0]);
        assert!(Array::new(vec![usize::MAX, usize::MAX, 0], vec![]).is_ok());
    }

    #[test]
    fn other_counts_are_refused() {
        let message = |shape: Vec<usize>| Array::new(shape, vec![0.0; 5]).unwrap_err().to_string();
        assert_eq!(
            message(vec![2, 3]),
            "`array` must have shape [2, 3], which has 6 places, but has 5 numbers"
        );
        assert!(message(vec![usize::MAX, 2]).contains("more places than memory has"));
    }

    #[test]
    fn zeros_without_room_are_an_error() {
        let error = Array::zeros("next.v", vec![1 << 62]).unwrap_err();
        assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    }
}
