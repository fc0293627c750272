//! `cargo xtask gpu`: the matrix of neurons and sizes on an NVIDIA GPU; with `--pack`, what it takes to
//! run it on a machine that has the GPU but neither Rust nor LLVM.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::need;
use crate::process::{self, cargo};
use crate::test::features;

/// The tests that a GPU is for.
const TESTS: [&str; 2] = ["parity", "reference"];

/// The test that fills the cache, and finds whether it is full.
const FILL: &str = "parity::ptx_is_in_the_cache";

/// Files that go with the programs, by what they are called there.
const FILES: [(&str, &str); 4] = [
    ("compiler/cli/src/bench/reference/lif.cu", "lif.cu"),
    ("stdlib/neurons/lif.snn", "lif.snn"),
    ("stdlib/neurons/if.snn", "if.snn"),
    ("stdlib/neurons/plif.snn", "plif.snn"),
];

/// Folders that go with the programs.
const FOLDERS: [(&str, &str); 1] = [("tests/corpus", "corpus")];

/// Runs the tests here.
pub fn run() -> Result<bool, String> {
    let mut command = cargo(&["test", "--release", "--package", "snn-tests", "--test", "all"]);
    command.args(["--features", "snn-tests/cuda,snn-tests/llvm", "--"]).args(TESTS);
    command.env("SNNC_REQUIRE_CUDA", "1").env("SNN_DEVICES", "cpu,cuda:0").env("SNN_SOAK", "1");
    succeeds(command)
}

/// Makes a folder with the programs, their PTX and a script.
pub fn pack(folder: &Path) -> Result<bool, String> {
    let found = need::find(false);
    if !found.llvm {
        return Err("packing compiles PTX, which needs LLVM 19".into());
    }
    let folder = std::path::absolute(folder).map_err(|why| failed(folder, &why))?;
    let cache = folder.join("cache");
    if cache.exists() {
        fs::remove_dir_all(&cache).map_err(|why| failed(&cache, &why))?;
    }
    fs::create_dir_all(&folder).map_err(|why| failed(&folder, &why))?;
    let mut fill = cargo(&["test", "--package", "snn-tests", "--package", "snnc"]);
    fill.args(["--test", "all", "--features", &features(&found)]);
    fill.args(["--", "--ignored", "--exact", FILL]).env("SNNC_CACHE", &cache);
    if !succeeds(fill)? {
        return Ok(false);
    }
    let (tests, program) = (folder.join("tests"), folder.join("snnc"));
    let bench = ["--package", "snn-tests", "--bin", "gpu-bench"];
    copy(&built(&bench, "snn-tests/cuda")?, &folder.join("gpu-bench"))?;
    copy(&built(&["--package", "snn-tests", "--test", "all"], "snn-tests/cuda")?, &tests)?;
    copy(&built(&["--package", "snnc", "--bin", "snnc"], "snnc/cuda")?, &program)?;
    for (from, to) in FILES {
        copy(&process::root().join(from), &folder.join(to))?;
    }
    for (from, to) in FOLDERS {
        copy_folder(&process::root().join(from), &folder.join(to))?;
    }
    let script = folder.join("run");
    fs::write(&script, include_str!("gpu.sh")).map_err(|why| failed(&script, &why))?;
    // What was compiled here has to be what the build without LLVM asks for.
    let mut check = Command::new(&tests);
    check.args(["--ignored", "--exact", FILL]).env("SNNC_CACHE", &cache);
    let is_full = succeeds(check)?;
    // PTX is long and says little: a fifteenth is left of it.
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(&folder).args(["-czf"]).arg(folder.join("cache.tar.gz")).arg("cache");
    let is_packed = succeeds(tar)?;
    fs::remove_dir_all(&cache).map_err(|why| failed(&cache, &why))?;
    println!("\nCarry {} over, and there: sh run tests", folder.display());
    Ok(is_full && is_packed)
}

/// Builds one program in release, without LLVM and without symbols, and says where it is.
fn built(what: &[&str], features: &str) -> Result<PathBuf, String> {
    let mut command = cargo(&["build", "--release", "--message-format=json-render-diagnostics"]);
    command.args(["--features", features]).args(what);
    command.stderr(std::process::Stdio::inherit());
    let line = process::line(&command);
    let output = command.output().map_err(|why| format!("cannot run `{line}`: {why}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let paths = text.split("\"executable\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let last = paths.last().filter(|_| output.status.success());
    last.map(PathBuf::from).ok_or_else(|| format!("`{line}` built nothing"))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|why| failed(from, &why))
}

/// Copies the files of a folder into a new one.
fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(|why| failed(to, &why))?;
    }
    fs::create_dir_all(to).map_err(|why| failed(to, &why))?;
    for entry in fs::read_dir(from).map_err(|why| failed(from, &why))? {
        let entry = entry.map_err(|why| failed(from, &why))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn failed(path: &Path, why: &std::io::Error) -> String {
    format!("{}: {why}", path.display())
}

fn succeeds(mut command: Command) -> Result<bool, String> {
    let line = process::line(&command);
    println!("$ {line}");
    let status = command.status().map_err(|why| format!("cannot run `{line}`: {why}"))?;
    Ok(status.success())
}
