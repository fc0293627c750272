//! `cargo xtask mutate-rules` and `cargo xtask simplification`: whether the rules of simplification are
//! right, and what they are good for.

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
