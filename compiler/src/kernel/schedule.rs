//! How kernels are run on each target: the one place where these numbers are chosen.

use snn_artifact::Target;

use super::Schedule;

/// The schedule of a target's kernels. `docs/benchmarks.md` has the measurements behind the numbers.
pub fn schedule(target: &Target) -> Schedule {
    match target {
        // 16 lanes of f32 are a cache line; a block is small enough for its chunk to stay in the
        // first-level cache, and large enough to be worth a call.
        Target::Cpu { .. } => Schedule { chunk: 16, lanes: 16, block: 1024 },
        // 4 lanes of f32 are one 128-bit access; 128 threads a block.
        Target::Ptx { .. } => Schedule { chunk: 8, lanes: 4, block: 512 },
        Target::Wgsl => Schedule { chunk: 8, lanes: 1, block: 64 },
    }
}
