//! `cargo xtask demo`: a LIF layer over the recorded input, its picture and its gradient.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, cargo};

/// Builds `snnc` in release, runs it, and returns whether everything it ran succeeded.
pub fn run() -> Result<bool, String> {
    println!("building snnc in release (some minutes the first time)");
    if !succeeds(cargo(&["build", "--release", "--package", "snnc"]))? {
        return Ok(false);
    }
    run_built("release")
}

/// Runs the `snnc` that a profile has built, and returns whether everything it ran succeeded.
pub fn run_built(profile: &str) -> Result<bool, String> {
    let out = process::target().join("demo");
    fs::create_dir_all(&out).map_err(|why| format!("{}: {why}", out.display()))?;
    let shown = relative(&out);
    let at = |name: &str| shown.join(name).to_string_lossy().into_owned();

    // A cache of its own, empty: the times shown are those of a first run.
    let cache = out.join("cache");
    let _ = fs::remove_dir_all(&cache);
    let snnc = |command: &str, args: &[String]| snnc(profile, command, args, &cache);

    let forward = ["--out".into(), at("out.npz"), "--plot".into(), at("lif.svg")];
    let picture = ["--plot".into(), at("lif.png")];
    let backward = ["--learn", "tau", "--grad", "s=1", "--out"].map(String::from);
    let backward = [&backward[..], &[at("grads.npz")]].concat();
    let curve = ["--plot".into(), at("gradient.svg"), "--plot".into(), at("gradient.png")];
    let passed = snnc("run", &[&forward[..], &picture[..]].concat())?
        && snnc("grad", &[&backward[..], &curve[..]].concat())?
        && ["lif.svg", "lif.png", "gradient.svg", "gradient.png", "out.npz", "grads.npz"]
            .iter()
            .all(|name| is_written(&out.join(name)));
    if passed {
        println!("\nThe pictures and the arrays are in {}", shown.display());
    }
    Ok(passed)
}

/// Runs one of snnc's commands over the recorded input and shows the line that was typed.
fn snnc(profile: &str, command: &str, args: &[String], cache: &Path) -> Result<bool, String> {
    let mut process = Command::new(process::built(profile, "snnc"));
    process.current_dir(process::root());
    process.args([command, "examples/demo/lif.snn", "--input", "x=examples/demo/input.npy"]);
    process.args(args).env("SNNC_CACHE", cache);
    println!("\n$ {}", process::line(&process));
    succeeds(process)
}

fn succeeds(mut command: Command) -> Result<bool, String> {
    let status = command.status();
    let status = status.map_err(|why| format!("cannot run {}: {why}", process::line(&command)))?;
    Ok(status.success())
}

fn is_written(path: &Path) -> bool {
    let written = fs::metadata(path).is_ok_and(|data| data.len() > 0);
    if !written {
        eprintln!("error: {} was not written", path.display());
    }
    written
}

/// The path as seen from the workspace's root, where it lies in it.
fn relative(path: &Path) -> PathBuf {
    path.strip_prefix(process::root()).unwrap_or(path).to_path_buf()
}
