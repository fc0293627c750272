//! `cargo xtask test`: every check of the project, with what it took.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::demo;
use crate::fresh;
use crate::libtorch;
use crate::need::{self, Found};
use crate::outcome::Steps;
use crate::process::{self, cargo};

/// What the command line asked for.
pub struct Config {
    install: bool,
    require_all: bool,
}

impl Config {
    /// Reads the flags behind `test`; the error is the flag that is not known.
    pub fn parse(flags: &[&str]) -> Result<Self, String> {
        let mut config = Config { install: true, require_all: false };
        for &flag in flags {
            match flag {
                "--no-install" => config.install = false,
                "--require-all" => config.require_all = true,
                _ => return Err(flag.into()),
            }
        }
        Ok(config)
    }
}

/// Runs everything, prints the table, and returns whether all passed.
pub fn run(config: Config) -> Result<bool, String> {
    let mut steps = Steps::default();
    let start = Instant::now();
    let found = need::find(config.install);
    steps.note("find or install what is needed", true, start.elapsed());
    skip_missing(&mut steps, &found);

    let features = features(&found);
    let all = ["--workspace", "--all-targets", "--features", features.as_str()];
    steps.run("format", cargo(&["fmt", "--all", "--check"]));
    steps.run("clippy", with(cargo(&["clippy"]), &all, &["--", "-D", "warnings"]));
    if steps.run("build", with(cargo(&["build"]), &all, &[])) {
        test(&mut steps, &found, &features)?;
    }
    // With libtorch in the soak: other features of its dependencies have its C++ compiled anew, for minutes.
    let alone = ["--package", "snn-runtime", "--no-default-features", "--features", "cpu"];
    steps.run("the runtime without the compiler", with(cargo(&["check"]), &alone, &[]));
    // Not built here: that takes all dependencies once more, for minutes, and cargo keeps what it
    // unpacked of a version and would build the old text again. What a package could lack is a file
    // outside of it, and a test looks for those.
    let package = cargo(&["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"]);
    steps.run("packages", package);
    document(&mut steps, &features);
    if found.libtorch.is_ok() {
        own(&mut steps, "a crate of `snnc new`", fresh::run);
    }
    // With what the build step made: a release build takes as long again.
    own(&mut steps, "demo", || demo::run_built("debug"));

    print!("{}", steps.report());
    Ok(steps.passed(config.require_all))
}

/// The features of the whole run: one set, so that nothing is built twice.
pub fn features(found: &Found) -> String {
    let mut features =
        vec!["snn/data", "snnc/data", "snnc/wgpu", "snnc/cuda", "snn-tests/wgpu", "snn-tests/cuda"];
    if found.llvm {
        features.extend(["snnc/llvm", "snn-tests/llvm"]);
    }
    if found.libtorch.is_ok() {
        features.extend(["snn/torch", "snn-examples/torch", "snn-examples/cuda"]);
    }
    features.join(",")
}

/// Runs a step that is a command of ours.
fn own(steps: &mut Steps, name: &str, run: fn() -> Result<bool, String>) {
    let start = Instant::now();
    let passed = run().unwrap_or_else(|why| {
        eprintln!("error: {why}");
        false
    });
    steps.note(name, passed, start.elapsed());
}

fn skip_missing(steps: &mut Steps, found: &Found) {
    if !found.llvm {
        steps.skip("the PTX target", "no LLVM 19");
    }
    if !found.vulkan {
        steps.skip("WGSL kernels on a device", "no Vulkan driver");
    }
    if !found.chromium {
        steps.skip("the page in a browser", "no Chromium");
    }
    if let Err(why) = &found.libtorch {
        steps.skip("networks on libtorch", why.clone());
    }
    match &found.ptxas {
        Err(why) => steps.skip("PTX through ptxas", why.clone()),
        Ok(ptxas) if !need::is_tabled(ptxas) => {
            steps.skip("the table of registers", "it is of another ptxas than the one found");
        }
        Ok(_) => {}
    }
}

fn with(mut command: Command, first: &[&str], last: &[&str]) -> Command {
    command.args(first).args(last);
    command
}

/// Tests and examples. Goldens are compared and never written, and what a test may skip for want of a
/// tool it must not skip where the tool was found.
fn test(steps: &mut Steps, found: &Found, features: &str) -> Result<(), String> {
    let prepared = |mut command: Command| {
        command.env("INSTA_UPDATE", "no");
        if found.vulkan && cfg!(target_os = "linux") {
            command.env("SNNC_REQUIRE_WGPU", "1");
        }
        if found.chromium {
            command.env("SNNC_REQUIRE_CHROMIUM", "1");
        }
        if let Ok(ptxas) = &found.ptxas {
            command.env("SNNC_PTXAS", ptxas);
        }
        command
    };
    let some = ["--workspace", "--features", features];
    if process::output("cargo-nextest", &["nextest", "--version"]).is_some() {
        let args = ["nextest", "run", "--all-targets", "--no-fail-fast"];
        steps.run("tests", prepared(with(cargo(&args), &some, &[])));
    } else {
        let args = ["test", "--all-targets", "--no-fail-fast"];
        steps.run("tests", prepared(with(cargo(&args), &some, &[])));
    }
    let mut doc = prepared(with(cargo(&["test", "--doc"]), &some, &[]));
    if found.libtorch.is_ok() {
        // Build scripts can tell the other programs where it is, but not these.
        doc.env("LD_LIBRARY_PATH", libtorch::libraries());
    }
    steps.run("doc tests", doc);
    for example in examples()? {
        // The build step made it; cargo run would choose other features and build all again.
        let path = process::built("debug/examples", &example);
        let mut command = Command::new(path);
        command.current_dir(process::root());
        // What they prepare stays out of the user's own folder.
        command.env("SNN_DATA", process::root().join("target/data"));
        if TRAINING.contains(&example.as_str()) {
            if found.libtorch.is_err() {
                continue;
            }
            command.arg("--small");
        }
        steps.run(&format!("example {example}"), prepared(command));
    }
    Ok(())
}

/// Examples that train a network on libtorch, which they do in a small form here.
const TRAINING: [&str; 5] = [
    "classify_gestures",
    "custom_neuron",
    "fashion_mnist_conv",
    "lif_fc_mnist",
    "sequential_recurrent",
];

/// The names of the programs in `examples/`.
fn examples() -> Result<Vec<String>, String> {
    let folder = process::root().join("examples");
    let entries = folder.read_dir().map_err(|why| format!("{}: {why}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let rust = paths.filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_string());
    // The package's build script lies beside them.
    let mut names: Vec<String> = rust.filter_map(stem).filter(|name| name != "build").collect();
    names.sort();
    Ok(names)
}

/// The interface's documentation, where a broken link is a failure, and the book where there is mdBook.
fn document(steps: &mut Steps, features: &str) {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--features", features]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    steps.run("documentation", command);
    if process::output("mdbook", &["--version"]).is_some() {
        let mut book = Command::new("mdbook");
        book.current_dir(process::root()).args(["build", "docs"]);
        steps.run("book", book);
    }
}
