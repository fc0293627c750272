//! The arrays of a run, from files, numbers and generators, and its results to files.

use std::collections::BTreeSet;

use snn_artifact::{Dtype, Manifest, Port};
use snn_runtime::neuron::{Array, Arrays, Call, Forward, Seeds};

use crate::args::{GradArgs, Operands};
use crate::array::{self, Elements, Kind, Plain, generate};
use crate::report::{Failure, Result};

/// Reads or makes everything that the neuron runs over.
pub fn call(args: &Operands, manifest: &Manifest) -> Result<Call> {
    let is_alone = manifest.inputs.is_empty();
    Ok(Call {
        inputs: inputs(args, manifest)?,
        sizes: if is_alone { vec![args.steps, args.neurons] } else { Vec::new() },
        params: arrays("param", &args.params, Kind::Numbers, true)?,
        states: arrays("state", &args.states, Kind::Numbers, false)?,
        channel_axis: args.channel_axis,
        seed: args.seed,
        first_step: args.first_step,
    })
}

/// Reads the gradients to begin with.
pub fn seeds(args: &GradArgs) -> Result<Seeds> {
    let mut seeds = if args.grads.is_empty() { Seeds::ones() } else { Seeds::default() };
    seeds.outputs.extend(arrays("grad", &args.grads, Kind::Sequence, true)?);
    seeds.states.extend(arrays("grad-state", &args.grad_states, Kind::Numbers, true)?);
    Ok(seeds)
}

fn inputs(args: &Operands, manifest: &Manifest) -> Result<Arrays> {
    let mut inputs = arrays("input", &args.inputs, Kind::Sequence, false)?;
    let Some(kind) = args.generate else { return Ok(inputs) };
    // Inputs that are made have the shape of those that are given.
    let given = inputs.values().next().map(|array| array.shape().to_vec());
    let shape = given.unwrap_or_else(|| vec![args.steps, args.neurons]);
    for (i, Port { name, .. }) in manifest.inputs.iter().enumerate() {
        if !inputs.contains_key(name) {
            let made = generate::make(kind, &shape, args.seed.wrapping_add(i as u64))?;
            inputs.insert(name.clone(), array(name, made)?);
        }
    }
    Ok(inputs)
}

/// Arrays by name; with `numbers`, a number stands for itself.
fn arrays(option: &str, given: &[(String, String)], kind: Kind, numbers: bool) -> Result<Arrays> {
    let mut names = BTreeSet::new();
    let mut arrays = Arrays::new();
    for (name, place) in given {
        if !names.insert(name) {
            return Err(Failure::Message(format!("`--{option} {name}` was given twice")));
        }
        let read = match place.parse::<f32>() {
            Ok(number) if numbers => Array::scalar(number),
            _ => array(name, array::read(&format!("{option} {name}"), place, kind)?)?,
        };
        arrays.insert(name.clone(), read);
    }
    Ok(arrays)
}

fn array(name: &str, plain: Plain) -> Result<Array> {
    let array = Array::new(plain.shape, plain.data);
    array.map_err(|error| Failure::Message(format!("`{name}`: {error}")))
}

/// A result: its name, its shape, and its elements in a file.
pub type Entry<'a> = (String, &'a [usize], Elements<'a>);

/// Results of one kind. NumPy has no bfloat16: such numbers are written as f32, which has them all.
pub fn entries<'a>(kind: &str, arrays: &'a Arrays, ports: &[Port]) -> Vec<Entry<'a>> {
    let entry = |(name, array): (&String, &'a Array)| {
        let is_f16 = ports.iter().any(|port| port.name == *name && port.dtype == Dtype::F16);
        let data = array.data();
        let elements = if is_f16 { Elements::F16(data) } else { Elements::F32(data) };
        (format!("{kind}{name}"), array.shape(), elements)
    };
    arrays.iter().map(entry).collect()
}

/// Outputs by name, the words of packed ones as `packed.NAME`, and last states as `state.NAME`.
pub fn of_forward<'a>(forward: &'a Forward, manifest: &Manifest) -> Vec<Entry<'a>> {
    let mut all = entries("", &forward.outputs, &manifest.outputs);
    for (name, packed) in &forward.packed {
        all.push((format!("packed.{name}"), packed.shape(), Elements::Words(packed.words())));
    }
    all.extend(entries("state.", &forward.states, &[]));
    all
}

/// The npz of results.
pub fn pack(results: &[Entry<'_>]) -> Result<Vec<u8>> {
    Ok(array::write_npz(results)?)
}
