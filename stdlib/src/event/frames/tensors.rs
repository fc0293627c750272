//! Frames made on a device.
//!
//! Only where each event lies goes there, four bytes an event: less than frames of numbers of 32 bits have wherever
//! fewer than one number in two is not 0.

use tch::{Device, Kind, Tensor};

use super::Slices;
use super::accumulate::pixels;
use crate::data::error::argument;
use crate::data::loader::tensors::{pinned, to};
use crate::error::Result;

/// Where the events of `N` recordings lie in their frames, `[T, N, 2, H, W]`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use snn::event::{Events, frames::{Places, Slices}};
/// use tch::Device;
///
/// let events = Events::new(2, 1, vec![0, 1, 90, 100], vec![0, 0, 1, 1], vec![0; 4], vec![1, 1, 0, 1])?;
/// let [two, four] = [2, 4].map(|n| Slices::by_number(events.view(), n));
/// let places = Places::new(&[two?, four?])?;
/// let counts = places.count(Device::Cpu)?;
/// assert_eq!(counts.size(), [4, 2, 2, 1, 2]);
/// assert_eq!(counts.int64_value(&[0, 0, 1, 0, 0]), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Places {
    /// The place of each event in the elements, `[n_events]`: int32 where that suffices, else int64.
    index: Tensor,
    shape: [i64; 5],
}

impl Places {
    /// The places of some recordings, each cut into slices: `T` is the largest number of these, and frames behind a
    /// recording's own are 0.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where there is no recording, where their sensors differ in
    /// size, and where frames would be larger than 2^62 elements.
    pub fn new(recordings: &[Slices<'_>]) -> Result<Self> {
        let none = || argument("recordings", "one or more", 0);
        let (width, height) = recordings.first().ok_or_else(none)?.events().size();
        if let Some(other) =
            recordings.iter().map(|slices| slices.events().size()).find(|s| *s != (width, height))
        {
            let expected = format!("{:?} as that of the first", (width, height));
            return Err(
                argument("the sensor of each recording", expected, format!("{other:?}")).into()
            );
        }
        let n_steps = recordings.iter().map(Slices::len).max().unwrap_or(0);
        let shape = [n_steps, recordings.len(), 2, usize::from(height), usize::from(width)];
        let n = shape.iter().try_fold(1_usize, |n, axis| n.checked_mul(*axis));
        let Some(n) = n.filter(|n| *n <= 1 << 62) else {
            let expected = "one that memory holds";
            return Err(argument("the shape of frames", expected, format!("{shape:?}")).into());
        };
        let size: usize = shape[2..].iter().product();
        let places = recordings.iter().enumerate().flat_map(|(i, slices)| {
            let first = move |step: usize| (step * recordings.len() + i) * size;
            let frames = slices.iter().enumerate();
            frames.flat_map(move |(step, events)| pixels(events).map(move |p| first(step) + p))
        });
        let index = match i32::try_from(n) {
            Ok(_) => Tensor::f_from_slice(&places.map(|place| place as i32).collect::<Vec<_>>()),
            Err(_) => Tensor::f_from_slice(&places.map(|place| place as i64).collect::<Vec<_>>()),
        };
        Ok(Self { index: index?, shape: shape.map(|axis| axis as i64) })
    }

    /// The same in pinned memory, as of [`Tensors::pinned`](crate::data::loader::Tensors::pinned).
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn pinned(self, device: Device) -> Result<Self> {
        Ok(Self { index: pinned(&self.index, device)?, shape: self.shape })
    }

    /// How many events of each polarity each pixel had, `[T, N, 2, H, W]`, int32, on a device: equal to
    /// [`Slices::count`]. Nothing is waited for where the places are in pinned memory.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn count(&self, device: Device) -> Result<Tensor> {
        let index = to(&self.index, device)?.f_to_kind(Kind::Int64)?;
        let one = Tensor::f_ones([1], (Kind::Int, device))?.f_expand(index.size(), false)?;
        let n: i64 = self.shape.iter().product();
        // Whole numbers are the same in whatever order they are added.
        let mut counts = Tensor::f_zeros([n], (Kind::Int, device))?;
        let _ = counts.f_scatter_add_(0, &index, &one)?;
        Ok(counts.f_view(self.shape)?)
    }

    /// 1 where a pixel had an event of a polarity, else 0, `[T, N, 2, H, W]`, uint8, on a device: equal to
    /// [`Slices::binary`].
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn binary(&self, device: Device) -> Result<Tensor> {
        let index = to(&self.index, device)?.f_to_kind(Kind::Int64)?;
        let n: i64 = self.shape.iter().product();
        let mut frames = Tensor::f_zeros([n], (Kind::Uint8, device))?;
        let _ = frames.f_index_fill_(0, &index, 1)?;
        Ok(frames.f_view(self.shape)?)
    }
}

impl Slices<'_> {
    /// How many events of each polarity each pixel had, `[T, 2, H, W]`, int32, on a device: equal to
    /// [`Slices::count`]. For several recordings, or without waiting, see [`Places`].
    ///
    /// # Errors
    ///
    /// As of [`Places`].
    pub fn count_on(&self, device: Device) -> Result<Tensor> {
        Ok(Places::new(std::slice::from_ref(self))?.count(device)?.f_squeeze_dim(1)?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
