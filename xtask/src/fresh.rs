//! A crate that `snnc new --crate` writes, built and run as its user would, with the packages of this
//! workspace in the place of the published ones.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process;

/// The packages that the crate asks for, and those that these ask for, with their folders.
const PACKAGES: [(&str, &str); 3] = [
    ("snn-artifact", "compiler/artifact"),
    ("snn-compiler", "compiler"),
    ("snn-runtime", "runtime"),
];

/// The end of a training that found what it looked for.
const FOUND: &str = "step 60: tau 6.0";

/// Makes the crate with the `snnc` of the debug build, runs it, and returns whether it learnt.
pub fn run() -> Result<bool, String> {
    let folder = process::target().join("new-crate");
    let crate_folder = folder.join("alif");
    if crate_folder.exists() {
        fs::remove_dir_all(&crate_folder).map_err(|why| failed(&crate_folder, &why))?;
    }
    fs::create_dir_all(&folder).map_err(|why| failed(&folder, &why))?;
    let mut new = Command::new(process::built("debug", "snnc"));
    new.current_dir(&folder).args(["new", "Alif", "--crate"]);
    if !process::tee(new, |_| false)?.0 {
        return Ok(false);
    }
    patch(&crate_folder)?;
    let mut cargo = process::cargo(&["run", "--quiet"]);
    cargo.current_dir(&crate_folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let (passed, found) = process::tee(cargo, |line| line.starts_with(FOUND))?;
    Ok(passed && !found.is_empty())
}

/// Puts the workspace's packages and versions in the place of those of a registry.
fn patch(folder: &Path) -> Result<(), String> {
    let mut config = String::from("[patch.crates-io]\n");
    for (name, path) in PACKAGES {
        let _ = writeln!(config, "{name} = {{ path = {:?} }}", process::root().join(path));
    }
    let path = folder.join(".cargo/config.toml");
    fs::create_dir_all(folder.join(".cargo")).map_err(|why| failed(&path, &why))?;
    fs::write(&path, config).map_err(|why| failed(&path, &why))?;
    // The folder lies in this workspace, but the crate is none of its members.
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|why| failed(&manifest, &why))?;
    fs::write(&manifest, text + "\n[workspace]\n").map_err(|why| failed(&manifest, &why))?;
    let lock = folder.join("Cargo.lock");
    fs::copy(process::root().join("Cargo.lock"), &lock).map_err(|why| failed(&lock, &why))?;
    Ok(())
}

fn failed(path: &Path, why: &std::io::Error) -> String {
    format!("{}: {why}", path.display())
}
