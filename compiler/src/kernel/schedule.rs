//! How kernels are run on each target: the one place where these numbers are chosen.

use snn_artifact::Target;

use super::Schedule;

/// The schedule of a target's kernels. `docs/benchmarks.md` has the measurements behind the numbers.
pub fn schedule(target: &Target) -> Schedule {
    match target {
        // A strip of 1024 lanes is a piece of a row that is long enough for the hardware to fetch ahead.
        Target::Cpu { .. } => Schedule { chunk: 16, lanes: 1024, block: 1024 },
        // 4 lanes of f32 are one 128-bit access; 128 threads a block.
        Target::Ptx { .. } => Schedule { chunk: 8, lanes: 4, block: 512 },
        Target::Wgsl => Schedule { chunk: 8, lanes: 1, block: 64 },
    }
}
