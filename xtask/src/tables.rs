//! Tables of `docs/benchmarks.md` that take a processor alone.

use crate::process;
use crate::soak::{program, succeeds};

/// Prints what simplification takes away.
pub fn simplification() -> Result<bool, String> {
    succeeds(program("simplification"))
}

/// Prints how long the neurons of the library take to compile, with LLVM.
pub fn emission() -> Result<bool, String> {
    in_release(&["--features", "llvm", "--bin", "emission"])
}

/// Prints how fast events are read and prepared. What is read stays in the folder, where one is named.
pub fn events(folder: &[&str]) -> Result<bool, String> {
    in_release(&[&["--bin", "events-bench", "--"], folder].concat())
}

/// Runs a program of the tests in release.
fn in_release(arguments: &[&str]) -> Result<bool, String> {
    let mut command = process::cargo(&["run", "--quiet", "--release", "--package", "snn-tests"]);
    command.args(arguments);
    succeeds(command)
}
