//! What is timed on a GPU: neurons, sizes, and launches whose operands lie on the device.

pub mod beside;
pub mod cases;
#[cfg(feature = "cuda")]
pub mod latency;
#[cfg(feature = "cuda")]
pub mod launch;

/// Launches before those that count, and those, whose median counts.
pub const WARM_UP: usize = 5;
/// See [`WARM_UP`].
pub const RUNS: usize = 25;
