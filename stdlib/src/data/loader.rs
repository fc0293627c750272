//! Samples in batches: which come in which batch, read by threads ahead of what is computed, and put together.
//!
//! [`Samples`] are what can be had by an index: [`Recordings`](super::event_set::Recordings) of an event set,
//! [`CachedFrames`](super::frame_set::CachedFrames), and what [`Samples::map`] and [`Samples::subset`] make of them. A
//! [`Sampler`] says which come in which batch, and a [`Loader`] reads them by threads and has a function put each
//! batch together.
//!
//! ```
//! # fn main() -> snn::data::Result<()> {
//! use snn::data::dataset::Failure;
//! use snn::data::loader::{Array, Batch, Loader, Options, Sampler, Samples};
//!
//! /// Sequences of 0, 1, 2, ... numbers.
//! struct Steps;
//!
//! impl Samples for Steps {
//!     type Sample = (Array<f32>, usize);
//!
//!     fn n_samples(&self) -> usize {
//!         6
//!     }
//!
//!     fn sample(&self, _epoch: u64, index: usize) -> Result<Self::Sample, Failure> {
//!         Ok((Array::new([index + 1, 1], vec![index as f32; index + 1])?, index % 2))
//!     }
//! }
//!
//! let loader = Loader::new(Steps, Sampler::new(6, 3, false, 7)?, Batch::padded, Options::default())?;
//! for batch in loader.epoch(0)? {
//!     let batch = batch?;
//!     println!("{:?} with lengths {:?}", batch.inputs.shape(), batch.lengths); // [3, 3, 1], then [6, 3, 1]
//! #   assert_eq!(batch.inputs.shape()[0], *batch.lengths.iter().max().unwrap());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The order of an epoch depends on the seed and the epoch's number alone, so that training goes on in the
//! middle of one from its [`Position`].

mod array;
mod batch;
mod load;
mod sampler;
mod samples;
pub mod split;
#[cfg(feature = "torch")]
pub(crate) mod tensors;
mod weights;

#[cfg(test)]
mod tests;

pub use crate::event::transform::Random;
pub use array::Array;
pub use batch::Batch;
pub use load::{Batches, Loader, Options};
pub use sampler::{Epoch, Position, Replacement, Sampler};
pub use samples::{Map, Samples, Subset};
#[cfg(feature = "torch")]
pub use tensors::Tensors;
pub use weights::balanced;
