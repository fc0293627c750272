//! Machine code on this processor against the interpreter.

mod bytes;
mod kernels;
mod launches;
pub mod products;
mod random;
mod run;
pub mod segments;

use snn_compiler::kernel::{Kernel, Verified, parse, verify};
use snn_compiler::targets::cranelift::Level;
use snn_runtime::cpu::supports;

/// Lanes between two channels, with groups of all sizes.
pub const STRIDES: [usize; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 48];

/// The levels that this processor has.
fn levels() -> impl Iterator<Item = Level> {
    let all = [Level::X86_64V2, Level::X86_64V3, Level::Aarch64];
    all.into_iter().filter(|level| supports(level.name()))
}

/// A kernel from its text, with `chunk`, `lanes` and `block` in place of its own.
fn kernel(text: &str, schedule: Option<[u32; 3]>) -> Verified<Kernel> {
    let mut kernel = parse(text).unwrap();
    if let Some([chunk, lanes, block]) = schedule {
        (kernel.schedule.chunk, kernel.schedule.lanes, kernel.schedule.block) =
            (chunk, lanes, block);
    }
    verify(kernel).unwrap()
}
