//! A crate that `snnc new --crate` writes, built and run by the commands that it prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process;

/// The end of a line that says how many images of a test are told apart.
const RIGHT: &str = " % of the test images are right";

/// The share of images, in percent, that a network has to tell apart to have learnt; guessing tells 10.
const LEARNT: f64 = 50.0;

/// The crate compiles its neuron once, and the compiler that it is built for does nothing: what takes longest to
/// build need not be fast.
const UNHURRIED: &str = "[profile.dev.package.snn-compiler]\nopt-level = 0\n";

/// Makes the crate with the `snnc` of the debug build, runs it, and returns whether it learnt, and whether what it
/// wrote is as good when it is loaded.
pub fn run() -> Result<bool, String> {
    let folder = process::target().join("new-crate");
    let made = folder.join("alif");
    if made.exists() {
        fs::remove_dir_all(&made).map_err(|why| failed(&made, &why))?;
    }
    fs::create_dir_all(folder.join(".cargo")).map_err(|why| failed(&folder, &why))?;
    let config = folder.join(".cargo/config.toml");
    fs::write(&config, UNHURRIED).map_err(|why| failed(&config, &why))?;
    let mut new = Command::new(process::built("debug", "snnc"));
    new.current_dir(&folder).args(["new", "Alif", "--crate", "--source"]).arg(process::root());
    let (passed, printed) = process::tee(new, |_| true)?;
    // The versions are those of the workspace, and so is what is built of them already.
    let lock = made.join("Cargo.lock");
    fs::copy(process::root().join("Cargo.lock"), &lock).map_err(|why| failed(&lock, &why))?;
    let commands: Vec<&str> = printed.iter().filter_map(|line| line.strip_prefix("  ")).collect();
    Ok(passed && learns(&folder, &commands.join(" && "))? && learns(&made, "cargo run -- --test")?)
}

/// Whether the last test that a command reports went well.
fn learns(folder: &Path, command: &str) -> Result<bool, String> {
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-c", command]).env("CARGO_TARGET_DIR", process::target());
    let (passed, tests) = process::tee(shell, |line| line.ends_with(RIGHT))?;
    let share =
        tests.last().and_then(|line| line.strip_suffix(RIGHT)?.rsplit(' ').next()?.parse().ok());
    Ok(passed && share.is_some_and(|share: f64| share >= LEARNT))
}

fn failed(path: &Path, why: &std::io::Error) -> String {
    format!("{}: {why}", path.display())
}
