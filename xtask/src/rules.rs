//! `cargo xtask mutate-rules`: whether the rules of simplification are right.

use crate::soak::{program, succeeds};

/// Makes every rule wrong, and succeeds where all of that is found out.
pub fn mutate(options: &[&str]) -> Result<bool, String> {
    let mut command = program("mutate-rules");
    command.args(options);
    succeeds(command)
}
