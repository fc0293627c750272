//! What is timed on a GPU: neurons, sizes, and launches whose operands lie on the device.

pub mod beside;
pub mod cases;
#[cfg(feature = "cuda")]
pub mod latency;
#[cfg(feature = "cuda")]
pub mod launch;
