//! Loads compiled neurons and launches them.

#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
pub mod error;
#[cfg(feature = "wgpu")]
pub mod wgpu;

pub use error::{Error, Result};
