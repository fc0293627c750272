//! A C program linked with the object file of a neuron computes the same bits as the runtime.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use snn_artifact::{Artifact, Target};
use snn_compiler::link::{self, Format};
use snn_compiler::pipeline::{self, Options};
use snn_runtime::cpu::host_level;
use snn_runtime::devices;
use snn_runtime::neuron::{Array, Call, Neuron, Seeds};
use snn_tests::program::Program;

const MAIN: &str = include_str!("lif.c");

/// The forms that linkers of this system take.
const FORMAT: Format = match cfg!(target_vendor = "apple") {
    true => Format::MachO,
    false => Format::Elf,
};

fn artifact() -> Artifact {
    let neuron = Program::new(snn::neuron::source("lif").unwrap()).learn("tau").neuron();
    let level = host_level().unwrap().to_string();
    pipeline::back(&neuron, &Options::new(Target::Cpu { level }), "0".into()).unwrap()
}

/// Whether there is a program of this name; where there is none, that is said.
fn exists(compiler: &str) -> bool {
    let version = Command::new(compiler).arg("--version").output();
    let exists = version.is_ok_and(|output| output.status.success());
    if !exists {
        println!("skipped: there is no `{compiler}`");
    }
    exists
}

/// Compiles and links the program in a folder of the test's own.
fn linked(test: &str, compiler: &str, flags: &[&str], artifact: &Artifact) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("lif.c"), MAIN).unwrap();
    fs::write(folder.join("Lif.h"), link::header(artifact).unwrap()).unwrap();
    fs::write(folder.join("Lif.o"), link::object(artifact, FORMAT).unwrap()).unwrap();
    let mut command = Command::new(compiler);
    command.args(flags).args(["lif.c", "-x", "none", "Lif.o", "-o", "lif"]).current_dir(&folder);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    folder.join("lif")
}

fn run(program: &Path, input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // The program reads everything before it writes.
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    output.stdout
}

/// Two blocks and a tail, two chunks and a tail.
const T: usize = 37;
const N: usize = 2 * 1024 + 5;

/// Numbers that neither repeat nor need a generator.
fn numbers(scale: f32, shift: f32) -> Vec<f32> {
    (0..T * N).map(|i| ((i as f32 * 0.618_034).fract() - shift) * scale).collect()
}

/// What the runtime computes, in the order in which the program writes it.
fn expected(artifact: Artifact, x: Vec<f32>, gs: Vec<f32>) -> Vec<f32> {
    let lif = Neuron::load(devices::open("cpu").unwrap(), artifact).unwrap();
    let sequence = |data| Array::new(vec![T, N], data).unwrap();
    let call = Call {
        inputs: [("x".into(), sequence(x))].into(),
        params: [("tau".into(), Array::scalar(3.0))].into(),
        ..Call::default()
    };
    let seeds = Seeds { outputs: [("s".into(), sequence(gs))].into(), ..Seeds::default() };
    let all = lif.grad(&call, &seeds).unwrap();
    let parts = [
        &all.forward.outputs["s"],
        &all.forward.states["v"],
        &all.inputs["x"],
        &all.states["v"],
        &all.params["tau"],
    ];
    parts.iter().flat_map(|array| array.data()).copied().collect()
}

fn check(test: &str, compiler: &str, flags: &[&str]) {
    if !exists(compiler) {
        return;
    }
    let artifact = artifact();
    assert_eq!(artifact.manifest.entries["backward"].block, 1024);
    let program = linked(test, compiler, flags, &artifact);
    let (x, gs) = (numbers(6.0, 0.2), numbers(1.0, 0.5));
    let sizes = [T as i64, N as i64].into_iter().flat_map(i64::to_ne_bytes);
    let input = sizes.chain(x.iter().chain(&gs).flat_map(|number| number.to_ne_bytes()));
    let found = run(&program, &input.collect::<Vec<u8>>());
    let expected = expected(artifact, x, gs);
    let n_spikes = expected[..T * N].iter().filter(|s| **s == 1.0).count();
    assert!(n_spikes > N, "{n_spikes} spikes");
    let expected: Vec<u8> = expected.iter().flat_map(|number| number.to_ne_bytes()).collect();
    assert!(found == expected, "{test}: other bits");
}

const C: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];
const CPP: [&str; 6] = ["-x", "c++", "-Wall", "-Wextra", "-Werror", "-pedantic"];

#[test]
fn a_c_program_computes_the_same_bits() {
    check("link_c", "cc", &C);
}

#[test]
fn the_header_is_cpp_too() {
    check("link_cpp", "c++", &CPP);
}
