//! Loads compiled neurons and launches them.

pub mod device;
pub mod error;

pub use error::{Error, Result};
