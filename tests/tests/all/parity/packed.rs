//! Packed spikes are the bits of the dense ones, on every machine, in chunks of every length.

use snn_artifact::{Artifact, Target};
use snn_compiler::check::hir;
use snn_compiler::error::EmitError;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::{self, Options};
use snn_runtime::neuron::{Array, Call, Forward, Neuron, Seeds};
use snn_tests::interpret::Interpreted;
use snn_tests::numbers::Numbers;
use snn_tests::program::Program;

use super::check::same_bits;
use super::machines::{self, devices};

/// Two outputs of spikes, and one that is no spike.
const TWO: &str = "neuron Two {
  input  x
  param  k = 0.5 in (0, 1) via sigmoid learn
  state  v = 0
  charge v = k * v + x
  fire {
    s = spike(v - 1, sigmoid(alpha: 4.0))
    z = spike(0.25 - v, atan(alpha: 2.0))
  }
  reset  v -= s
  output s
  output z
  output v
}
";

/// The lengths of chunks that are run.
const CHUNKS: [Option<u32>; 5] = [None, Some(1), Some(2), Some(4), Some(32)];

fn packed(pack: &[&str]) -> Program {
    let mut program = Program::new(TWO);
    program.specialization.pack = pack.iter().map(|name| (*name).to_string()).collect();
    program
}

fn neuron(pack: &[&str]) -> hir::Neuron {
    packed(pack).neuron()
}

fn tuning(chunk: Option<u32>) -> Tuning {
    Tuning { chunk, ..Tuning::default() }
}

/// What is run here, in chunks of every length.
pub fn artifacts(target: &Target) -> Vec<Artifact> {
    let artifact = |chunk| {
        machines::tuned(tuning(chunk)).artifact(target, &machines::source(&packed(&["s", "z"])))
    };
    CHUNKS.map(|chunk| artifact(chunk).unwrap()).into()
}

fn call(steps: usize, step: &[usize], numbers: &mut Numbers) -> Call {
    let shape = [&[steps], step].concat();
    let x = numbers.uniform(shape.iter().product(), -0.5, 1.5);
    let x = Array::new(shape, x).unwrap();
    Call { inputs: [("x".into(), x)].into(), ..Call::default() }
}

/// The packed outputs are those that there are without packing.
fn same_spikes(what: &str, found: &Forward, dense: &Forward, packed: &[&str]) {
    assert!(found.packed.keys().map(String::as_str).eq(packed.iter().copied()), "{what}");
    for (name, words) in &found.packed {
        assert_eq!(words.unpacked(), dense.outputs[name], "{what}: {name}");
        let spikes = dense.outputs[name].data();
        assert_eq!(words.count(), spikes.iter().filter(|s| **s == 1.0).count(), "{what}: {name}");
    }
    let rest = Forward { packed: Default::default(), ..found.clone() };
    let mut others = dense.clone();
    others.outputs.retain(|name, _| rest.outputs.contains_key(name));
    same_bits(what, &rest, &others);
}

#[test]
fn packed_spikes_are_the_dense_ones_on_every_machine() {
    let (dense, packed) = (neuron(&[]), neuron(&["s", "z"]));
    let mut numbers = Numbers::fresh();
    for device in devices() {
        for (chunk, artifact) in CHUNKS.into_iter().zip(artifacts(&device.target())) {
            let options = Options { tuning: tuning(chunk), ..Options::new(device.target()) };
            let reference = Interpreted::new(&dense, &options);
            let interpreted = Interpreted::new(&packed, &options);
            let loaded = Neuron::load(device.clone(), artifact).unwrap();
            for (steps, step) in
                [(0, &[3][..]), (1, &[1]), (31, &[2, 5]), (32, &[37]), (33, &[4]), (70, &[3, 11])]
            {
                let call = call(steps, step, &mut numbers);
                let what = format!("{}, T {steps}, chunk {chunk:?}", device.name());
                let expected = reference.grad(&call, &Seeds::ones());
                // The interpreter's kernels are given both forms.
                let both = interpreted.grad(&call, &Seeds::ones());
                same_spikes(&what, &both.forward, &expected.forward, &["s", "z"]);
                assert_eq!(both.inputs, expected.inputs, "{what}");
                let found = loaded.forward(&call).unwrap();
                same_spikes(&what, &found, &expected.forward, &["s", "z"]);
                assert!(found.outputs.keys().eq(["v"]), "{what}");
                let found = loaded.grad(&call, &Seeds::ones()).unwrap();
                same_spikes(&what, &found.forward, &expected.forward, &["s", "z"]);
                for (name, words) in &found.forward.packed {
                    assert_eq!(words.words(), both.forward.packed[name].words(), "{what}");
                    assert_eq!(words.shape()[0], steps.div_ceil(32));
                }
            }
        }
    }
}

#[test]
fn what_is_packed_moves_a_bit_for_each_spike() {
    let bytes = |pack: &[&str]| {
        let options = Options::new(Target::Wgsl);
        pipeline::saves(&neuron(pack), &options).chosen.forward.bytes
    };
    assert_eq!(bytes(&[]) - bytes(&["s", "z"]), 2.0 * (4.0 - 1.0 / 8.0));
}

#[test]
fn words_of_no_whole_chunks_are_refused() {
    let packed = neuron(&["s"]);
    for device in devices() {
        for chunk in [3, 64] {
            let options =
                Options { tuning: Tuning::of_chunk(chunk), ..Options::new(device.target()) };
            let refused = pipeline::back(&packed, &options, "packed".into());
            let Err(EmitError::Unsupported(why)) = refused else { panic!("{refused:?}") };
            assert!(why.to_string().contains(&format!("chunks of {chunk} steps")), "{why}");
        }
    }
}
