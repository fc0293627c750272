//! Dense arrays, and several of them as one.

use crate::data::error::{self, Result};
use crate::event::frames::Frames;

/// A dense array, the last axis without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T: Copy> Array<T> {
    /// An array of a shape.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where there are not as many elements as the shape says.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<T>) -> Result<Self> {
        let shape = shape.into();
        let n = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
        match n == Some(data.len()) {
            true => Ok(Self { shape, data }),
            false => {
                let expected = format!("the product of the sizes {shape:?}");
                Err(error::argument("the number of elements", expected, data.len()))
            }
        }
    }

    /// An array whose shape is known to fit.
    pub(super) fn of(shape: Vec<usize>, data: Vec<T>) -> Self {
        Self { shape, data }
    }

    /// The size of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    #[must_use]
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements, to keep.
    #[must_use]
    pub fn into_data(self) -> Vec<T> {
        self.data
    }

    /// Arrays of one shape along a new axis: 0 puts it before all others.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where there is no array, where their shapes differ, where they
    /// have no such axis, and where they are more than memory holds.
    pub fn stack(arrays: &[Self], axis: usize) -> Result<Self> {
        let first = first(arrays)?;
        let rank = first.shape.len();
        if axis > rank {
            return Err(error::argument("the new axis", format!("from 0 to {rank}"), axis));
        }
        if let Some(other) = arrays.iter().find(|array| array.shape != first.shape) {
            let expected = format!("{:?} as that of the first", first.shape);
            return Err(error::argument("a shape", expected, format!("{:?}", other.shape)));
        }
        let inner: usize = first.shape[axis..].iter().product();
        let outer: usize = first.shape[..axis].iter().product();
        let mut shape = first.shape.clone();
        shape.insert(axis, arrays.len());
        let mut data = reserve(&shape)?;
        for part in 0..outer {
            let places = part * inner..(part + 1) * inner;
            arrays.iter().for_each(|array| data.extend_from_slice(&array.data[places.clone()]));
        }
        Ok(Self { shape, data })
    }
}

impl<T: Copy + Default> Array<T> {
    /// Arrays `[length, *]` of several lengths as one, `[longest, arrays.len(), *]`, with zeros behind those that are
    /// shorter.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where there is no array, where they differ in an axis other
    /// than the first or have none, and where they are more than memory holds.
    pub fn pad(arrays: &[Self]) -> Result<Self> {
        let first = first(arrays)?;
        let Some((_, rest)) = first.shape.split_first() else {
            return Err(error::argument("a shape", "one with an axis of steps", "[]"));
        };
        let fits = |array: &&Self| array.shape.get(1..) == Some(rest);
        if let Some(other) = arrays.iter().find(|array| !fits(array)) {
            let expected = format!("{rest:?} behind its first axis, as that of the first");
            return Err(error::argument("a shape", expected, format!("{:?}", other.shape)));
        }
        let longest = arrays.iter().map(|array| array.shape[0]).max().unwrap_or(0);
        let size: usize = rest.iter().product();
        let shape = [&[longest, arrays.len()], rest].concat();
        let mut data = reserve(&shape)?;
        for step in 0..longest {
            for array in arrays {
                match array.data.get(step * size..(step + 1) * size) {
                    Some(element) => data.extend_from_slice(element),
                    None => data.extend(std::iter::repeat_n(T::default(), size)),
                }
            }
        }
        Ok(Self { shape, data })
    }
}

fn first<T>(arrays: &[Array<T>]) -> Result<&Array<T>> {
    arrays.first().ok_or_else(|| error::argument("arrays to put together", "one or more", 0))
}

/// Room for the elements of a shape.
fn reserve<T>(shape: &[usize]) -> Result<Vec<T>> {
    let mut data = Vec::new();
    let n = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
    match n.is_some_and(|n| data.try_reserve_exact(n).is_ok()) {
        true => Ok(data),
        false => Err(error::argument("a shape", "one that memory holds", format!("{shape:?}"))),
    }
}

impl<T: Copy> From<Frames<T>> for Array<T> {
    fn from(frames: Frames<T>) -> Self {
        Self { shape: frames.shape().to_vec(), data: frames.into_data() }
    }
}
