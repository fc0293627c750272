//! Data sets: where they are kept, how they are fetched, read and cut into batches.

pub mod archive;
pub mod augment;
mod bar;
#[cfg(doctest)]
mod book_tests;
pub mod cache;
pub mod dataset;
pub mod download;
pub mod dvs128_gesture;
pub(crate) mod error;
pub mod event_set;
mod files;
pub mod frame_set;
pub mod idx;
pub mod images;
pub mod loader;
mod lock;
pub mod mnist;
pub mod n_mnist;
pub(crate) mod parallel;
pub mod prefetch;
pub(crate) mod random;
pub mod sets;
pub mod shd;
pub mod simulated;

pub use error::{Error, Result};
pub use files::Record;
