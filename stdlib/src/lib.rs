//! The standard library: neurons in `.snn`, and what networks of them need.

#[cfg(all(doctest, feature = "torch", feature = "data"))]
mod book_tests;
#[cfg(feature = "data")]
pub mod data;
#[cfg(feature = "torch")]
pub mod encode;
#[cfg(feature = "torch")]
pub mod error;
#[cfg(feature = "data")]
pub mod event;
#[cfg(feature = "torch")]
mod files;
#[cfg(feature = "torch")]
pub mod layer;
#[cfg(feature = "data")]
pub mod log;
pub mod neuron;
#[cfg(feature = "torch")]
pub mod nn;
#[cfg(feature = "torch")]
pub mod optim;
#[cfg(all(feature = "torch", feature = "data"))]
pub mod train;

#[cfg(feature = "torch")]
pub use error::{Error, Result};
