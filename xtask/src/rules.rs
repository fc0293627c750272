//! `cargo xtask mutate-rules`, `simplification` and `emission`: whether the rules of simplification are right, what they
//! are good for, and how long the compiler takes.

use crate::process;
use crate::soak::{program, succeeds};

/// Makes every rule wrong, and succeeds where all of that is found out.
pub fn mutate(options: &[&str]) -> Result<bool, String> {
    let mut command = program("mutate-rules");
    command.args(options);
    succeeds(command)
}

/// Prints what simplification takes away, as it stands in `docs/benchmarks.md`.
pub fn simplification() -> Result<bool, String> {
    succeeds(program("simplification"))
}

/// Prints how long the neurons of the library take to compile, in release and with LLVM.
pub fn emission() -> Result<bool, String> {
    succeeds(process::cargo(&[
        "run",
        "--quiet",
        "--release",
        "--package",
        "snn-tests",
        "--features",
        "llvm",
        "--bin",
        "emission",
    ]))
}
