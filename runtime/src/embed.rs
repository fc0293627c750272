//! Neurons that are a part of the program, compiled by `snn_compiler::build` in its `build.rs`.
//!
//! [`include_neuron!`](crate::include_neuron) brings a module with a struct made for the neuron; this is
//! what all such structs share. Neither needs the compiler.

use std::sync::Arc;

use snn_artifact::naming::Operand;
use snn_artifact::{Artifact, Axis, Manifest, Param, ParamDefault, Sharing};

use crate::device::Device;
use crate::error::{Error, Result};
use crate::neuron::{
    Array, Arrays, Call, Neuron, Seeds, check_param, default_numbers, moved_param,
};

/// Brings the module of a neuron that the package's `build.rs` compiled.
///
/// `include_neuron!("alif")` is a module `alif` with the struct of the neuron, its `Inputs`, `Outputs`,
/// `States`, `Seeds` and `Gradients`, all of them vectors and slices by name. With the feature `torch` it has a
/// module `tensors` too, in which the neuron is a differentiable operation on tensors of libtorch.
#[macro_export]
macro_rules! include_neuron {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}

/// Brings what it is given where this crate has the feature `torch`, which a `build.rs` does not know.
#[cfg(feature = "torch")]
#[doc(hidden)]
#[macro_export]
macro_rules! with_torch {
    ($($item:item)*) => { $($item)* };
}

/// Brings nothing: this crate is without the feature `torch`.
#[cfg(not(feature = "torch"))]
#[doc(hidden)]
#[macro_export]
macro_rules! with_torch {
    ($($item:item)*) => {};
}

/// A neuron out of the program's own artifacts, with its params.
#[derive(Debug)]
pub struct Embedded {
    neuron: Neuron,
    params: Arrays,
    seed: u64,
    first_step: u32,
}

impl Embedded {
    /// Loads the first artifact that the device takes.
    ///
    /// # Errors
    ///
    /// Why it does not take the last one; [`Error::Artifact`] where one is damaged or there is none.
    pub fn load(device: Arc<dyn Device>, artifacts: &[&[u8]]) -> Result<Self> {
        let mut failed = Error::Artifact("the program has none".into());
        for bytes in artifacts {
            match Neuron::load(device.clone(), artifact(bytes)?) {
                Ok(neuron) => {
                    return Ok(Self { neuron, params: Arrays::new(), seed: 0, first_step: 0 });
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// The neuron, to run with arrays by name.
    pub fn neuron(&self) -> &Neuron {
        &self.neuron
    }

    fn manifest(&self) -> &Manifest {
        self.neuron.manifest()
    }

    fn param(&self, name: &str) -> Result<&Param> {
        let Manifest { params, neuron, .. } = self.manifest();
        params.iter().find(|param| param.name == name).ok_or_else(|| Error::Unknown {
            neuron: neuron.clone(),
            kind: "param",
            operand: name.into(),
            known: params.iter().map(|p| format!("`{}`", p.name)).collect::<Vec<_>>().join(", "),
        })
    }

    /// Sets the numbers of a param, the constrained ones: one for all, or one for each channel or each
    /// neuron of a batch element, the last axis fastest. A param with an index has these for each index or
    /// step, one behind the other.
    ///
    /// # Errors
    ///
    /// [`Error::Range`], and [`Error::Unknown`] where there is no such param. How many numbers there
    /// have to be is known when it runs.
    pub fn set(&mut self, name: &str, numbers: &[f32]) -> Result<()> {
        check_param(self.param(name)?, numbers)?;
        let array = Array::new(vec![numbers.len()], numbers.to_vec())?;
        self.params.insert(name.into(), array);
        Ok(())
    }

    /// Where random numbers start: those of params that are drawn and were not set, and those that the neuron draws
    /// at each step; 0 without it.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// The number of the next run's first step, for what the neuron draws: 0 without it, in every run.
    pub fn set_first_step(&mut self, step: u32) {
        self.first_step = step;
    }

    /// The numbers of a param; one where it has its declared number, none where there is no such param
    /// or where a run's shape decides how many are drawn.
    pub fn get(&self, name: &str) -> Vec<f32> {
        self.numbers(name, 0).unwrap_or_default()
    }

    /// The numbers of a param, of which there are `n` where a run's shape decides it.
    fn numbers(&self, name: &str, n: usize) -> Result<Vec<f32>> {
        if let Some(array) = self.params.get(name) {
            return Ok(array.data().to_vec());
        }
        let param = self.param(name)?;
        let is_drawn = matches!(param.default, ParamDefault::Drawn(_));
        let elements = param.elements();
        let each = match n / elements.len().max(1) {
            _ if param.is_one() => 1,
            each if is_drawn => each,
            each if elements.len() > 1 => each.max(1),
            _ => 1,
        };
        let mut numbers = Vec::new();
        for element in &elements {
            let own = default_numbers(element, each, self.seed)?;
            numbers.extend(own.into_iter().map(|number| number as f32));
        }
        Ok(numbers)
    }

    /// Adds to the stored numbers of a param, those that its `via` maps to the constrained ones; its
    /// gradients are theirs. One number is repeated for all changes.
    ///
    /// # Errors
    ///
    /// As [`Embedded::set`], and [`Error::Shape`] where there are more or fewer changes than numbers.
    pub fn add(&mut self, name: &str, change: &[f32]) -> Result<()> {
        let param = self.param(name)?;
        let now = self.numbers(name, change.len())?;
        let number = |i: usize| now.get(if now.len() == 1 { 0 } else { i }).copied();
        let wrong = || length(name, &[now.len()], change.len());
        if now.len() > change.len() {
            return Err(wrong());
        }
        let moved = change.iter().enumerate();
        let moved = moved.map(|(i, &by)| moved_param(param, number(i).ok_or_else(wrong)?, by));
        let moved: Vec<f32> = moved.collect::<Result<_>>()?;
        self.set(name, &moved)
    }

    /// A call of a shape, `[T, N, *]`, with inputs of it and states of its steps; a state of no numbers is
    /// left out.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where there are more or fewer numbers than the shape has places.
    pub fn call(
        &self,
        shape: &[usize],
        inputs: &[(&str, &[f32])],
        states: &[(&str, &Vec<f32>)],
    ) -> Result<Call> {
        let inputs = inputs.iter().map(|(name, numbers)| named(name, shape, numbers));
        let params = self.params.iter().map(|(name, array)| {
            let shape = self.shape_of(name, array, shape)?;
            named(name, &shape, array.data())
        });
        Ok(Call {
            inputs: inputs.collect::<Result<_>>()?,
            sizes: shape.to_vec(),
            params: params.collect::<Result<_>>()?,
            states: some(shape.get(1..).unwrap_or_default(), states)?,
            seed: self.seed,
            first_step: self.first_step,
            ..Call::default()
        })
    }

    /// Seeds of outputs and of states after the last step; one of no numbers is left out.
    ///
    /// # Errors
    ///
    /// As [`Embedded::call`].
    pub fn seeds(
        &self,
        shape: &[usize],
        outputs: &[(&str, &Vec<f32>)],
        states: &[(&str, &Vec<f32>)],
    ) -> Result<Seeds> {
        let step = shape.get(1..).unwrap_or_default();
        let is_given = |(_, numbers): &&(&str, &Vec<f32>)| !numbers.is_empty();
        let outputs = outputs.iter().filter(is_given).map(|(name, numbers)| {
            named(name, if self.has_steps(name) { shape } else { step }, numbers)
        });
        Ok(Seeds { outputs: outputs.collect::<Result<_>>()?, states: some(step, states)? })
    }

    /// Whether an output is given for every step, and not for the last one alone.
    fn has_steps(&self, output: &str) -> bool {
        let buffer = Operand::Output(output).to_string();
        let forward = self.manifest().launches("forward", 1);
        let mut buffers = forward.into_iter().flatten().flat_map(|(_, entry)| &entry.buffers);
        let found = buffers.find(|known| known.name == buffer);
        found.is_none_or(|buffer| buffer.shape.first().is_some_and(|size| size == "T"))
    }

    /// The shape of a param whose numbers are given in a row.
    fn shape_of(&self, name: &str, array: &Array, shape: &[usize]) -> Result<Vec<usize>> {
        let (param, n) = (self.param(name)?, array.data().len());
        let step = if shape.len() == 2 { &shape[1..] } else { shape.get(2..).unwrap_or_default() };
        let axis = match &param.axis {
            Some(Axis::Elements(defaults)) => Some(defaults.len()),
            Some(Axis::Steps) => shape.first().copied(),
            Some(Axis::Matrix) if n == 1 => None,
            Some(Axis::Matrix) => return Ok(vec![shape.first().copied().unwrap_or(0); 2]),
            None => None,
        };
        let each = match (param.sharing, axis) {
            _ if n == 1 => return Ok(array.shape().to_vec()),
            (Sharing::Neuron, _) => step.to_vec(),
            (Sharing::Layer, Some(_)) => Vec::new(),
            (_, axis) => vec![n.checked_div(axis.unwrap_or(1)).unwrap_or(0)],
        };
        Ok(axis.into_iter().chain(each).collect())
    }
}

/// An artifact of the program.
pub(crate) fn artifact(bytes: &[u8]) -> Result<Artifact> {
    let damaged = || Error::Artifact("it is damaged or of another version".into());
    Artifact::from_bytes(bytes).ok_or_else(damaged)
}

/// The numbers of an array out of many.
pub fn take(arrays: &mut Arrays, name: &str) -> Vec<f32> {
    arrays.remove(name).map(Array::into_data).unwrap_or_default()
}

fn named(name: &str, shape: &[usize], numbers: &[f32]) -> Result<(String, Array)> {
    let array = Array::new(shape.to_vec(), numbers.to_vec());
    Ok((name.into(), array.map_err(|_| length(name, shape, numbers.len()))?))
}

fn some(shape: &[usize], given: &[(&str, &Vec<f32>)]) -> Result<Arrays> {
    let given = given.iter().filter(|(_, numbers)| !numbers.is_empty());
    given.map(|(name, numbers)| named(name, shape, numbers)).collect()
}

fn length(name: &str, shape: &[usize], n: usize) -> Error {
    let (operand, given) = (name.into(), format!("{n} numbers"));
    Error::Shape { operand, expected: format!("{shape:?}"), given }
}

#[cfg(all(feature = "cpu", feature = "jit"))]
#[cfg(test)]
mod tests;
