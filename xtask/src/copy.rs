//! `cargo xtask copy`: files that a package needs inside of itself, since `cargo package` takes nothing
//! from outside, copied from where they are edited. A test compares them.

use std::fs;

use crate::process;

/// What is copied, and to where.
const COPIES: [(&str, &str); 1] = [("grammars/snn.pest", "compiler/src/ast/snn.pest")];

/// Copies what differs, and says so.
pub fn run() -> Result<bool, String> {
    for (from, to) in COPIES {
        let read = |path: &str| {
            fs::read(process::root().join(path)).map_err(|why| format!("cannot read {path}: {why}"))
        };
        let text = read(from)?;
        if read(to).is_ok_and(|old| old == text) {
            continue;
        }
        let written = fs::write(process::root().join(to), text);
        written.map_err(|why| format!("cannot write {to}: {why}"))?;
        println!("{from} -> {to}");
    }
    Ok(true)
}
