//! What holds of every neuron whatever its equations are.

use std::sync::Arc;

use snn_artifact::{Dtype, Target};
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::Options;
use snn_runtime::cpu::Cpu;
use snn_runtime::device::Device;
use snn_runtime::neuron::{Array, Arrays, Call, Neuron, Seeds};
use snn_tests::compare::{assert_bits_equal, assert_sums_close};
use snn_tests::numbers::Numbers;
use snn_tests::operands::Sizes;

use super::check::{TOLERANCE, agree, least, own_lanes, same_bits, same_lanes};
use super::variants::{Variant, all};
use super::{calls, machines};

/// A few variants, others in each run.
fn some(numbers: &mut Numbers) -> Vec<Variant> {
    let all = all();
    numbers.sample(6, all.len()).into_iter().map(|i| all[i].clone()).collect()
}

/// The steps of a range.
fn steps(array: &Array, range: std::ops::Range<usize>) -> Array {
    let row: usize = array.shape()[1..].iter().product();
    let data = array.data()[range.start * row..range.end * row].to_vec();
    Array::new([&[range.len()], &array.shape()[1..]].concat(), data).unwrap()
}

fn all_steps(arrays: &Arrays, range: &std::ops::Range<usize>) -> Arrays {
    arrays.iter().map(|(name, array)| (name.clone(), steps(array, range.clone()))).collect()
}

fn wide(data: &[f32]) -> Vec<f64> {
    data.iter().map(|value| f64::from(*value)).collect()
}

#[test]
fn pieces_are_the_whole() {
    let mut numbers = Numbers::fresh();
    for variant in some(&mut numbers) {
        let (call, seeds) = calls::random(&variant, 37, &[4, 3, 2], &mut numbers);
        for (neuron, _) in machines::load(&variant.program()) {
            let name = format!("{} on {}", variant.name(), neuron.device().name());
            in_pieces(&name, &neuron, &call, &seeds);
        }
    }
}

/// Runs a call in three pieces, forward with the states passed on, backward with their gradients.
fn in_pieces(name: &str, neuron: &Neuron, call: &Call, seeds: &Seeds) {
    let whole = neuron.grad(call, seeds).unwrap();
    let cuts = [0..8, 8..9, 9..37];
    let mut states = call.states.clone();
    let mut pieces = Vec::new();
    for range in &cuts {
        let inputs = all_steps(&call.inputs, range);
        let piece = Call { inputs, states, ..call.clone() };
        let found = neuron.forward(&piece).unwrap();
        for (output, found) in &found.outputs {
            let expected = steps(&whole.forward.outputs[output], range.clone());
            assert_bits_equal(name, found.data(), expected.data());
        }
        states = found.states;
        pieces.push(piece);
    }
    for (state, last) in &states {
        assert_bits_equal(name, last.data(), whole.forward.states[state].data());
    }
    let mut of_states = seeds.states.clone();
    for (range, piece) in cuts.iter().zip(&pieces).rev() {
        let outputs = all_steps(&seeds.outputs, range);
        let found = neuron.grad(piece, &Seeds { outputs, states: of_states }).unwrap();
        for (input, found) in &found.inputs {
            let expected = steps(&whole.inputs[input], range.clone());
            assert_sums_close(name, found.data(), &wide(expected.data()), least(seeds), TOLERANCE);
        }
        of_states = found.states;
    }
    for (state, first) in &of_states {
        let expected = wide(whole.states[state].data());
        assert_sums_close(name, first.data(), &expected, least(seeds), TOLERANCE);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut numbers = Numbers::fresh();
    for variant in some(&mut numbers) {
        let program = variant.program();
        let (call, seeds) = calls::random(&variant, 9, &[1, 20_011], &mut numbers);
        let results = [1, 2, 3, 8].map(|threads| {
            let device: Arc<dyn Device> = Arc::new(Cpu::with_threads(threads).unwrap());
            let neuron = machines::compiler().compile(device, &machines::source(&program));
            neuron.unwrap().grad(&call, &seeds).unwrap()
        });
        for other in &results[1..] {
            assert!(*other == results[0], "{}", variant.name());
        }
    }
}

#[test]
fn what_is_no_number_spreads_the_same_on_every_machine() {
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-40, -0.0, f32::MIN];
    let mut numbers = Numbers::fresh();
    for variant in all() {
        let (mut call, seeds) = calls::random(&variant, 9, &[4, 9, 2], &mut numbers);
        let sizes = Sizes::of(&call);
        let mut x = call.inputs["x"].data().to_vec();
        for place in numbers.sample(x.len() / 6, x.len()) {
            x[place] = special[numbers.below(special.len())];
        }
        call.inputs.insert("x".into(), sizes.sequence(x));
        let program = variant.program();
        let expected = machines::interpreted(&program, None).forward(&call);
        for (neuron, kernels) in machines::load(&program) {
            let name = format!("{} on {}", variant.name(), neuron.device().name());
            let found = neuron.grad(&call, &seeds).unwrap();
            same_bits(&name, &found.forward, &expected);
            own_lanes(&name, &neuron, &found, &kernels.grad(&call, &seeds));
        }
    }
}

#[test]
fn the_length_of_a_chunk_changes_rounding_only() {
    let mut numbers = Numbers::fresh();
    for variant in all() {
        let program = variant.program();
        for steps in [1, 4, 16, 37] {
            let (call, seeds) = calls::random(&variant, steps, &[3, 5, 2], &mut numbers);
            let run = |chunk| machines::interpreted(&program, chunk).grad(&call, &seeds);
            let expected = run(None);
            for chunk in [4, 8, 16] {
                agree(
                    &format!("{}, K {chunk}", variant.name()),
                    &run(Some(chunk)),
                    &expected,
                    &seeds,
                );
            }
        }
    }
}

#[test]
fn chunks_of_all_lengths_run_on_the_cpu() {
    let mut numbers = Numbers::fresh();
    let cpu: Arc<dyn Device> = Arc::new(Cpu::with_threads(2).unwrap());
    let Target::Cpu { level } = cpu.target() else { panic!("not a CPU") };
    for variant in some(&mut numbers) {
        let (call, seeds) = calls::random(&variant, 37, &[3, 5, 2], &mut numbers);
        let neuron = variant.program().neuron();
        let results = [4, 8, 16].map(|chunk| {
            let target = Target::Cpu { level: level.clone() };
            let options = Options { tuning: Tuning::of_chunk(chunk), ..Options::new(target) };
            let artifact = snn_compiler::pipeline::back(&neuron, &options, "0".into()).unwrap();
            assert!(artifact.manifest.entries["backward"].chunk == chunk);
            assert_eq!(artifact.manifest.compute, Dtype::F32);
            Neuron::load(Arc::clone(&cpu), artifact).unwrap().grad(&call, &seeds).unwrap()
        });
        agree(&variant.name(), &results[1], &results[0], &seeds);
        agree(&variant.name(), &results[2], &results[0], &seeds);
    }
}

#[test]
fn what_is_saved_in_chunks_of_all_lengths_changes_no_bit() {
    let mut numbers = Numbers::fresh();
    for variant in some(&mut numbers) {
        let (call, seeds) = calls::random(&variant, 67, &[7], &mut numbers);
        for chunk in [1, 5, 32, 33] {
            let run = |save: &str| {
                let program = variant.program().save(save);
                machines::interpreted(&program, Some(chunk)).grad(&call, &seeds)
            };
            let expected = run("inputs");
            // Past 32 steps in a chunk a spike takes a number.
            for save in ["s", "v", "v,s", "states"] {
                same_lanes(
                    &format!("{save} of {}, K {chunk}", variant.name()),
                    &run(save),
                    &expected,
                );
            }
            let name = format!("bf16 of {}, K {chunk}", variant.name());
            same_bits(&name, &run("states:bf16").forward, &expected.forward);
        }
    }
}
