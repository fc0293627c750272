//! `cargo xtask soak`: the full counts of what `cargo xtask test` runs a few of.

use std::process::Command;

use crate::process::{self, cargo};

/// Tests that take all there is instead of some, by what cargo is told, each with what asks for it.
const SWEEPS: [(&[&str], &str, &str); 3] = [
    (&["--package", "snn-tests", "--", "parity", "oracle::neurons", "library"], "SNN_SOAK", "1"),
    (&["--package", "snn-compiler", "errors_keep_their_bounds"], "SNN_MATH_STEP", "1"),
    (&["--package", "snn", "--features", "torch,data", "--test", "killed"], "SNN_SOAK", "1"),
];

/// Runs the soak with these options, and behind it, with `--all`, the sweeps.
pub fn run(options: &[&str]) -> Result<bool, String> {
    let options: Vec<&str> = options.to_vec();
    let is_all = options.contains(&"--all");
    let rest = options.into_iter().filter(|option| *option != "--all");
    // Optimized as tests are not, with their checks of overflow left in.
    let mut soak = program("soak");
    soak.env("CARGO_PROFILE_DEV_OPT_LEVEL", "2");
    soak.args(["--commit", &commit()]).args(rest);
    let passed = succeeds(soak)?;
    if !is_all {
        return Ok(passed);
    }
    let sweeps = SWEEPS.map(|(test, variable, value)| {
        let mut command = cargo(&["test", "--release"]);
        command.args(test).env(variable, value);
        succeeds(command)
    });
    let passed =
        sweeps.into_iter().try_fold(passed, |passed, done| Ok::<_, String>(passed && done?))?;
    let alone = ["--package", "snn-runtime", "--no-default-features", "--features", "torch"];
    let mut command = cargo(&["check"]);
    command.args(alone);
    Ok(succeeds(command)? && passed)
}

/// A program of the tests, to be run with what is added.
pub fn program(name: &str) -> Command {
    cargo(&["run", "--quiet", "--package", "snn-tests", "--bin", name, "--"])
}

fn commit() -> String {
    process::output("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".into())
}

/// Runs a command; whether it succeeded.
pub fn succeeds(mut command: Command) -> Result<bool, String> {
    let line = process::line(&command);
    println!("$ {line}");
    let status = command.status().map_err(|why| format!("cannot run `{line}`: {why}"))?;
    Ok(status.success())
}
