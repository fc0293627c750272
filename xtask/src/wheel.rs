//! Wheels of PyPI: each is pinned, and pip checks its hash.

use std::path::Path;
use std::process::{Command, Stdio};

/// A wheel.
pub struct Wheel {
    /// Name and version, as `pip` takes them.
    pub name: &'static str,
    /// Its SHA-256.
    pub hash: &'static str,
}

/// Downloads wheels into a folder, without what they need.
pub fn download(wheels: &[Wheel], folder: &Path) -> Result<(), String> {
    download_for(wheels, folder, &[])
}

/// The same for a platform, given as pip's options.
pub fn download_for(wheels: &[Wheel], folder: &Path, platform: &[&str]) -> Result<(), String> {
    let failed = |path: &Path, why: std::io::Error| format!("{}: {why}", path.display());
    std::fs::create_dir_all(folder).map_err(|why| failed(folder, why))?;
    let line = |wheel: &Wheel| format!("{} --hash=sha256:{}\n", wheel.name, wheel.hash);
    let list = folder.join("requirements.txt");
    let lines: String = wheels.iter().map(line).collect();
    std::fs::write(&list, lines).map_err(|why| failed(&list, why))?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary=:all:", "--require-hashes"]).args(platform).arg("--dest").arg(folder);
    pip.arg("--requirement").arg(&list);
    run(pip).ok_or("`python3 -m pip download` failed")?;
    std::fs::remove_file(&list).map_err(|why| failed(&list, why))
}

/// Runs lines of Python over the one wheel in a folder, which they find as `wheel`, and what they are to
/// write, `sys.argv[2]`.
pub fn unpack(folder: &Path, lines: &str, to: &Path) -> Result<(), String> {
    unpack_all(
        folder,
        &format!("wheel, = glob.glob(os.path.join(sys.argv[1], '*.whl'))\n{lines}"),
        to,
    )
}

/// The same over all wheels in a folder, `sys.argv[1]`.
pub fn unpack_all(folder: &Path, lines: &str, to: &Path) -> Result<(), String> {
    let mut python = Command::new("python3");
    python.args(["-c", &format!("import glob, os, sys, zipfile\n{lines}")]).arg(folder).arg(to);
    run(python).ok_or_else(|| "unpacking the wheel failed".into())
}

fn run(mut command: Command) -> Option<()> {
    command.stdin(Stdio::null());
    command.status().ok().filter(std::process::ExitStatus::success).map(|_| ())
}
