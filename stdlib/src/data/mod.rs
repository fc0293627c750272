//! Data sets: where they are kept, how they are fetched, read and cut into batches.

pub mod augment;
pub mod cache;
pub mod download;
pub(crate) mod error;
pub mod idx;
pub mod images;
pub mod loader;
pub mod mnist;
pub mod prefetch;
mod random;

pub use error::{Error, Result};
