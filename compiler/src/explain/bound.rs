//! What to expect of a target with what a step costs.
//!
//! The model has two rates: how fast memory moves bytes, and how fast a processor does operations. What
//! takes longer decides, as though the other took no time. Latency, divisions that take longer than
//! products, and launches are not in it.

use snn_artifact::Target;

use crate::saves::Strategy;

/// How many bytes a target moves in the time of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balance(pub f64);

impl Balance {
    /// A thread of a CPU with vectors of four lanes: 17 GB/s beside 20 operations a nanosecond, as
    /// `docs/benchmarks.md` has them.
    const CPU: Balance = Balance(0.85);
    /// A GPU: 4,000 GB/s beside 32,000 operations a nanosecond, those of an H200 without fused ones.
    const GPU: Balance = Balance(0.125);

    /// That of a target.
    pub fn of(target: &Target) -> Self {
        match target {
            Target::Cpu { .. } => Self::CPU,
            Target::Ptx { .. } | Target::Wgsl => Self::GPU,
        }
    }
}

/// What decides how long training takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The bytes that are moved.
    Memory,
    /// The operations.
    Arithmetic,
}

/// The share of a copy's bandwidth that forward and backward should reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Bytes an element and step that any implementation moves: without what is saved.
    pub needed: f64,
    /// Bytes that are moved.
    pub moved: f64,
    /// Operations, functions written out.
    pub operations: u64,
    /// Bytes that could be moved in the time of an operation.
    pub balance: Balance,
    /// The share, counted by the needed bytes.
    pub share: f64,
    /// What decides.
    pub limit: Limit,
}

impl Bound {
    /// The bound of forward and backward together.
    pub fn new(strategy: &Strategy, balance: Balance) -> Self {
        let Strategy { forward, backward, .. } = strategy;
        let moved = forward.bytes + backward.bytes;
        let needed = moved - forward.saved - backward.saved;
        let operations = forward.operations + backward.operations;
        let work = operations as f64 * balance.0;
        let limit = if work > moved { Limit::Arithmetic } else { Limit::Memory };
        let most = moved.max(work);
        // A neuron without inputs and outputs moves nothing.
        let share = if most > 0.0 { needed / most } else { 1.0 };
        Self { needed, moved, operations, balance, share, limit }
    }
}
