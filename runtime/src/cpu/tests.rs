use snn_artifact::{ABI, Artifact, Dtype, Manifest, SCHEMA};
use snn_compiler::kernel::{parse, samples, verify};
use snn_compiler::targets::cranelift::{Level, Options, emit};

use super::{Cpu, host_level};
use crate::device::{Argument, Device};

fn artifact(cpu: &Cpu, text: &str) -> Artifact {
    let kernel = verify(parse(text).unwrap()).unwrap();
    let level = Level::from_name(host_level().unwrap()).unwrap();
    let emitted = emit(&[&kernel], &Options { level }).unwrap();
    let manifest = Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: String::new(),
        key: String::new(),
        neuron: "Test".into(),
        options: vec![],
        target: cpu.target(),
        math: "strict".into(),
        compute: Dtype::F32,
        inputs: vec![],
        outputs: vec![],
        states: vec![],
        params: vec![],
        save: String::new(),
        saved: Vec::new(),
        entries: emitted.entries,
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    };
    Artifact { manifest, code: emitted.code }
}

/// The last potentials of LIF after one step from rest with `tau` 2: half of each input.
fn halves(cpu: &Cpu, x: &[f32]) -> Vec<f32> {
    let module = cpu.load(&artifact(cpu, samples::LIF_FORWARD)).unwrap();
    let memory = |values: &[f32]| {
        let mut memory = cpu.alloc("x", values.len() * 4).unwrap();
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        cpu.write(memory.as_mut(), &bytes).unwrap();
        memory
    };
    let (input, tau) = (memory(x), memory(&[2.0]));
    let (mut s, mut v) = (memory(x), memory(x));
    let n = x.len() as i64;
    let mut arguments = [
        Argument::Read(input.as_ref()),
        Argument::Absent,
        Argument::Read(tau.as_ref()),
        Argument::Write(s.as_mut()),
        Argument::Write(v.as_mut()),
    ];
    module.launch("forward", 0, x.len(), &mut arguments, &[1, n, 1, 1, 1, n, n]).unwrap();
    let mut bytes = vec![0; x.len() * 4];
    cpu.read(v.as_ref(), &mut bytes).unwrap();
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// Bits 6 and 15: denormals are zero, flush to zero.
#[cfg(target_arch = "x86_64")]
#[test]
fn subnormals_survive_a_caller_that_flushes_them() {
    fn mode(mode: u32) -> u32 {
        let mut before = 0_u32;
        // SAFETY: the bits set are those of modes that this test restores.
        unsafe {
            std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut before);
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const mode);
        }
        before
    }
    let x: Vec<f32> = (1..40).map(|i| f32::from_bits(2000 * i)).collect();
    let expected: Vec<f32> = x.iter().map(|x| f32::from_bits(x.to_bits() / 2)).collect();
    for n_threads in [1, 3] {
        let cpu = Cpu::with_threads(n_threads).unwrap();
        let before = mode(0x9fc0);
        let found = halves(&cpu, &x);
        let after = mode(before);
        assert_eq!(after & 0xffc0, 0x9fc0, "the caller's mode comes back");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.to_bits(), expected.to_bits());
        }
    }
}

#[test]
fn a_launch_at_a_later_lane_is_refused() {
    let cpu = Cpu::with_threads(1).unwrap();
    let module = cpu.load(&artifact(&cpu, samples::COPY)).unwrap();
    let error = module.launch("copy", 1, 0, &mut [], &[]).unwrap_err().to_string();
    assert!(error.contains("begins at a later lane"), "{error}");
}

#[test]
fn the_device_says_what_it_is() {
    let cpu = Cpu::with_threads(0).unwrap();
    assert_eq!((cpu.name().as_str(), cpu.n_threads(), cpu.strict()), ("cpu", 1, true));
    assert!(cpu.description().ends_with(", 1 thread"), "{}", cpu.description());
}
