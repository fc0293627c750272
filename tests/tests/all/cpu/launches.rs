//! Launches that are refused, and the second stage of sums.

use rand::Rng;
use snn_artifact::{Artifact, Code, Target};
use snn_compiler::kernel::{reduce, samples};
use snn_runtime::Error;
use snn_runtime::cpu::Cpu;
use snn_runtime::device::{Argument, Device};

use super::run::{self, Data};
use super::{kernel, levels};

fn copy() -> Artifact {
    run::artifact(&kernel(samples::COPY, None), levels().next().unwrap())
}

#[test]
fn the_second_stage_is_the_interpreters() {
    let cpu = Cpu::with_threads(2).unwrap();
    let module = cpu.load(&copy()).unwrap();
    let mut rng = run::generator();
    for (outer, sums, inner) in [(0, 3, 4), (1, 1, 1), (1, 1, 5000), (7, 130, 3), (2, 70_000, 1)] {
        let count = outer * sums * inner;
        let partial: Vec<f32> = (0..count).map(|_| rng.random_range(-1e3..1e3)).collect();
        let mut expected = vec![0.0_f32; sums];
        reduce::run(&partial, &mut expected, inner).unwrap();
        let partials = run::memory(&cpu, &Data::F32(partial));
        let mut grad = cpu.alloc("grad", sums * 4).unwrap();
        let mut arguments = [Argument::Read(partials.as_ref()), Argument::Write(grad.as_mut())];
        let scalars = [sums as i64, inner as i64, outer as i64];
        module.launch("reduce", 0, sums, &mut arguments, &scalars).unwrap();
        let mut bytes = vec![0; sums * 4];
        cpu.read(grad.as_ref(), &mut bytes).unwrap();
        let expected: Vec<u8> = expected.iter().flat_map(|e| e.to_le_bytes()).collect();
        assert!(bytes == expected, "O {outer} G {sums} S {inner}");
    }
}

#[test]
fn a_launch_that_does_not_fit_its_entry_is_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let module = cpu.load(&copy()).unwrap();
    let x = run::memory(&cpu, &Data::F32(vec![1.0; 6]));
    let mut y = run::memory(&cpu, &Data::F32(vec![0.0; 6]));
    let good = [3, 2, 1, 1, 2, 2, 2];
    let refusal = |entry: &str, arguments: &mut [Argument<'_>], scalars: &[i64]| {
        module.launch(entry, 0, 2, arguments, scalars).unwrap_err().to_string()
    };
    assert!(refusal("forward", &mut [], &good).contains("`forward`"));
    assert!(refusal("copy", &mut [], &good).contains("0 buffers were given for 2"));
    let mut absent = [Argument::Absent, Argument::Write(y.as_mut())];
    assert!(refusal("copy", &mut absent, &good).contains("`x` was left out"));
    let mut exchanged = [Argument::Read(x.as_ref()), Argument::Read(x.as_ref())];
    assert!(refusal("copy", &mut exchanged, &good).contains("`y` is written"));
    let mut fitting = [Argument::Read(x.as_ref()), Argument::Write(y.as_mut())];
    let mut with = |scalars: &[i64]| refusal("copy", &mut fitting, scalars);
    assert!(with(&good[1..]).contains("6 scalars were given for 7"));
    assert!(with(&[-1, 2, 1, 1, 2, 2, 2]).contains("`T` is -1"));
    assert!(with(&[3, 2, 0, 1, 2, 2, 2]).contains("`C` is 0"));
    assert!(with(&[3, 1, 1, 1, 2, 2, 2]).contains("2 lanes, but scalar `N` is 1"));
    assert!(with(&[3, 2, 1, 1, 2, 2, 1]).contains("overlap"));
    let short = with(&[4, 2, 1, 1, 2, 2, 2]);
    assert_eq!(short, "`x` must have shape [4, 2] and so 32 bytes, but has 24 bytes");
    assert!(with(&[1 << 40, 2, 1, 1, 2, 1 << 40, 2]).contains("larger than memory"));
    module.launch("copy", 0, 2, &mut fitting, &good).unwrap();
}

#[test]
fn memory_is_zero_and_has_ends() {
    let cpu = Cpu::with_threads(1).unwrap();
    for size in [0, 1, 6, 64, 1 << 19] {
        let mut memory = cpu.alloc("x", size).unwrap();
        assert_eq!(memory.size(), size);
        let mut bytes = vec![1; size];
        cpu.read(memory.as_ref(), &mut bytes).unwrap();
        assert!(bytes.iter().all(|b| *b == 0));
        assert!(cpu.write(memory.as_mut(), &vec![0; size + 1]).is_err());
        assert!(cpu.read(memory.as_ref(), &mut vec![0; size + 1]).is_err());
    }
    let huge = cpu.alloc("x", 1 << 60).err().unwrap();
    assert!(matches!(huge, Error::OutOfMemory { ref operand, .. } if operand == "x"), "{huge}");
}

#[test]
fn artifacts_for_something_else_are_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let refusal = |artifact: &Artifact| cpu.load(artifact).err().unwrap().to_string();
    let level = |level: &str| Target::Cpu { level: level.into() };
    let mut other = copy();
    other.manifest.target = level("x86-64-v9");
    assert!(refusal(&other).contains("it is for x86-64-v9, and this processor is"));
    other.manifest.target = Target::Wgsl;
    assert!(refusal(&other).contains("not for a CPU"));
    let mut other = copy();
    other.code = Code::Wgsl(String::new());
    assert!(refusal(&other).contains("not for a CPU"));
    let mut other = copy();
    other.manifest.abi += 1;
    assert!(refusal(&other).contains("kernel ABI"));
    let mut other = copy();
    other.manifest.entries.get_mut("copy").unwrap().offset = 1 << 30;
    assert!(refusal(&other).contains("`copy`"));
}
