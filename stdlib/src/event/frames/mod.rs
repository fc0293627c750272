//! Frames: events cut into slices, and a dense array of each slice.
//!
//! [`Slices`] are cut by number, by time, by a duration or by a function of one's own, and
//! [`Slices::count`], [`Slices::binary`] and [`Slices::time_surface`] make [`Frames`] of them, `[T, 2, H, W]`.
//! [`voxel_grid`] spreads events over bins of time. Cuts and counts are those of SpikingJelly's
//! `integrate_events_by_fixed_frames_number` and `integrate_events_by_fixed_duration`, and defined where these
//! fail: a slice may be empty, and all events may have one time.
//!
//! With the feature `torch`, `Places` makes counts on any device.

mod accumulate;
mod slices;
#[cfg(feature = "torch")]
pub(crate) mod tensors;
mod voxels;

#[cfg(test)]
mod tests;

pub use slices::Slices;
#[cfg(feature = "torch")]
pub use tensors::Places;
pub use voxels::voxel_grid;

use super::error::{self, Result};

/// A dense array of frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Frames<T> {
    shape: [usize; 4],
    data: Vec<T>,
}

impl<T: Copy> Frames<T> {
    /// Frames `[T, C, H, W]` of one's own.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there are not as many elements as the shape says.
    pub fn new(shape: [usize; 4], data: Vec<T>) -> Result<Self> {
        let n = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
        match n == Some(data.len()) {
            true => Ok(Self { shape, data }),
            false => {
                let expected = format!("the product of the sizes {shape:?}");
                Err(error::argument("the number of elements of frames", expected, data.len()))
            }
        }
    }

    /// Frames full of a value.
    fn filled(shape: [usize; 4], value: T) -> Result<Self> {
        let n = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
        let mut data = Vec::new();
        let reserved = n.filter(|n| data.try_reserve_exact(*n).is_ok());
        let n = reserved.ok_or_else(|| {
            error::argument("the shape of frames", "one that memory holds", format!("{shape:?}"))
        })?;
        data.resize(n, value);
        Ok(Self { shape, data })
    }

    /// Steps, channels, height and width: `[T, C, H, W]`. Where channels are polarities, 0 is what became
    /// darker and 1 what became brighter.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// The elements, the last axis without gaps.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements, to keep.
    pub fn into_data(self) -> Vec<T> {
        self.data
    }

    /// One frame, `[C, H, W]`; none past the last.
    pub fn frame(&self, step: usize) -> Option<&[T]> {
        let [steps, rest @ ..] = self.shape;
        let size = rest.iter().product::<usize>();
        if step >= steps {
            return None;
        }
        self.data.get(step * size..(step + 1) * size)
    }

    /// The frames of some steps, in the order in which these are named: `[steps.len(), C, H, W]`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where there is no such step.
    pub fn select(&self, steps: &[usize]) -> Result<Self> {
        let [n, rest @ ..] = self.shape;
        let [channels, height, width] = rest;
        let mut data = Vec::with_capacity(steps.len() * rest.iter().product::<usize>());
        for step in steps {
            let none = || error::argument("a step of frames", format!("below {n}"), step);
            data.extend_from_slice(self.frame(*step).ok_or_else(none)?);
        }
        Ok(Self { shape: [steps.len(), channels, height, width], data })
    }

    /// The same with each element changed.
    fn map<U>(&self, to: impl Fn(T) -> U) -> Frames<U> {
        Frames { shape: self.shape, data: self.data.iter().map(|element| to(*element)).collect() }
    }
}

impl Frames<u32> {
    /// The counts as floats, which hold them exactly up to 2^24.
    pub fn to_f32(&self) -> Frames<f32> {
        self.map(|count| count as f32)
    }

    /// Each frame over its largest count, so that numbers are from 0 to 1. A frame without events stays 0.
    pub fn normalized(&self) -> Frames<f32> {
        let [_, rest @ ..] = self.shape;
        let frames = self.data.chunks(rest.iter().product::<usize>().max(1));
        let scaled = frames.flat_map(|frame| {
            let largest = frame.iter().copied().max().unwrap_or(0).max(1) as f32;
            frame.iter().map(move |count| *count as f32 / largest)
        });
        Frames { shape: self.shape, data: scaled.collect() }
    }
}

impl Frames<u8> {
    /// 0 and 1 as floats.
    pub fn to_f32(&self) -> Frames<f32> {
        self.map(f32::from)
    }
}
