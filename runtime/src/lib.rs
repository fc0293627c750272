//! Loads compiled neurons and launches them.

pub mod cache;
#[cfg(feature = "cpu")]
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
pub mod device;
pub mod devices;
pub mod embed;
pub mod error;
#[cfg(feature = "jit")]
pub mod jit;
pub mod neuron;
pub mod shape;
#[cfg(feature = "jit")]
pub mod suite;
#[cfg(feature = "torch")]
pub mod torch;
#[cfg(feature = "jit")]
mod tune;
#[cfg(feature = "wgpu")]
pub mod wgpu;

pub use error::{Error, Result};
