//! Whole neurons by the reference interpreter, called as the runtime calls them.

use std::collections::BTreeMap;

use snn_artifact::half::{bf16_to_f64, f16_to_f64, f64_to_bf16, f64_to_f16};
use snn_artifact::naming::{self, Operand};
use snn_compiler::check::{PortDtype, hir};
use snn_compiler::kernel::interp::{Arg, Slice, SliceMut, length, run};
use snn_compiler::kernel::{Buffer, Kernel, Role, Shape, Storage, Verified, reduce};
use snn_compiler::pipeline::{self, Options};
use snn_runtime::neuron::{Array, Arrays, Call, Forward, Gradients, Packed, Seeds};

use crate::indexed::{self, Named, expanded};
use crate::operands::{Sizes, stored};

/// A neuron's kernels, for the interpreter.
pub struct Interpreted {
    neuron: hir::Neuron,
    kernels: Vec<Verified<Kernel>>,
}

/// Buffers by their names.
type Buffers = BTreeMap<String, Vec<f32>>;

impl Interpreted {
    /// The kernels that some options give.
    pub fn new(neuron: &hir::Neuron, options: &Options) -> Self {
        Self::of(neuron, pipeline::kernels(neuron, options).unwrap())
    }

    /// Kernels that there are.
    pub fn of(neuron: &hir::Neuron, kernels: Vec<Verified<Kernel>>) -> Self {
        Self { neuron: neuron.clone(), kernels }
    }

    /// Outputs and last states.
    pub fn forward(&self, call: &Call) -> Forward {
        let (call, sizes) = (&expanded(&self.neuron, call), Sizes::of(call));
        let mut buffers = self.given(call, &sizes);
        self.launch("forward", &sizes, &mut buffers);
        self.results(&sizes, &buffers)
    }

    /// Gradients, and what forward gives.
    pub fn grad(&self, call: &Call, seeds: &Seeds) -> Gradients {
        let (call, sizes) = (&expanded(&self.neuron, call), Sizes::of(call));
        let mut buffers = self.given(call, &sizes);
        self.launch("forward_train", &sizes, &mut buffers);
        for (name, seed) in &seeds.outputs {
            buffers.insert(Operand::OutputGrad(name).to_string(), seed.data().to_vec());
        }
        for (name, seed) in &seeds.states {
            buffers.insert(Operand::NextGrad(name).to_string(), seed.data().to_vec());
        }
        self.launch("backward", &sizes, &mut buffers);
        let learnt = self.neuron.inputs.iter().filter(|input| input.has_gradient());
        let inputs = learnt.map(|input| {
            let name = Operand::InputGrad(&input.name).to_string();
            (input.name.clone(), sizes.sequence(buffers[&name].clone()))
        });
        let reals = self.neuron.states.iter().filter(|state| state.ty == hir::Type::Real);
        let states = reals.map(|state| {
            let name = Operand::StateGrad(&state.name).to_string();
            (state.name.clone(), sizes.row(buffers[&name].clone()))
        });
        let (mut inputs, mut params) = (inputs.collect(), self.sums(call, &sizes, &buffers));
        self.join(&sizes, &mut inputs, &mut params);
        let forward = self.results(&sizes, &buffers);
        Gradients { forward, inputs, params, states: states.collect() }
    }

    /// Makes of the gradients that kernels give those of indexed params, in a row.
    fn join(&self, sizes: &Sizes, inputs: &mut Arrays, params: &mut Arrays) {
        let wide = |arrays: &Arrays| {
            let wide = |array: &Array| array.data().iter().map(|g| f64::from(*g)).collect();
            arrays.iter().map(|(name, array)| (name.clone(), wide(array))).collect()
        };
        let (mut of_inputs, mut of_params): (Named, Named) = (wide(inputs), wide(params));
        indexed::join(&self.neuron, sizes, &mut of_inputs, &mut of_params);
        inputs.retain(|name, _| of_inputs.contains_key(name));
        params.retain(|name, _| of_params.contains_key(name));
        for (name, sums) in of_params {
            let row: Vec<f32> = sums.iter().map(|sum| *sum as f32).collect();
            params.entry(name).or_insert_with(|| Array::new(vec![row.len()], row).unwrap());
        }
    }

    /// What the caller gives, as it lies in buffers.
    fn given(&self, call: &Call, sizes: &Sizes) -> Buffers {
        let mut buffers = Buffers::new();
        for (name, array) in &call.inputs {
            buffers.insert(Operand::Input(name).to_string(), array.data().to_vec());
        }
        for (name, array) in &call.states {
            buffers.insert(Operand::State(name).to_string(), array.data().to_vec());
        }
        for param in &self.neuron.params {
            let values = stored(param, call, sizes);
            buffers.insert(Operand::Param(&param.name).to_string(), values);
        }
        buffers
    }

    /// Launches a kernel, and the sweeps behind it.
    fn launch(&self, name: &str, sizes: &Sizes, buffers: &mut Buffers) {
        let sweep = |i| self.kernels.iter().find(|kernel| kernel.name == naming::sweep(name, i));
        let first = sweep(0).unwrap();
        let sweeps = std::iter::once(first).chain((1..).map_while(sweep));
        sweeps.for_each(|kernel| launch(kernel, sizes, buffers));
    }

    fn results(&self, sizes: &Sizes, buffers: &Buffers) -> Forward {
        let outputs = self.neuron.outputs.iter().map(|output| {
            let name = Operand::Output(&output.name).to_string();
            let data = buffers[&name].clone();
            (output.name.clone(), if output.last { sizes.row(data) } else { sizes.sequence(data) })
        });
        let states = self.neuron.states.iter().map(|state| {
            let name = Operand::Next(&state.name).to_string();
            (state.name.clone(), sizes.row(buffers[&name].clone()))
        });
        let packed = self.neuron.outputs.iter().filter(|output| output.packed).map(|output| {
            let bits = &buffers[&Operand::Packed(&output.name).to_string()];
            let words = bits.iter().map(|bits| bits.to_bits()).collect();
            (output.name.clone(), Packed::new(sizes.steps, &sizes.step, words).unwrap())
        });
        let (packed, states) = (packed.collect(), states.collect());
        Forward { outputs: outputs.collect(), packed, states }
    }

    /// The second stage of the sums, for each learnt param.
    fn sums(&self, call: &Call, sizes: &Sizes, buffers: &Buffers) -> Arrays {
        let learnt = self.neuron.params.iter().filter(|param| param.learn);
        let sum = |param: &hir::Param| {
            let partial = &buffers[&Operand::Partial(&param.name).to_string()];
            let (members, side) = sizes.sums(param.sharing, partial.len());
            let mut grad = vec![0.0; members];
            reduce::run(partial, &mut grad, side).unwrap();
            let given = call.params.get(&param.name).filter(|array| array.data().len() == members);
            let given = given.map(|array| array.shape().to_vec());
            let shape = given.unwrap_or_else(|| sizes.param_shape(param.sharing));
            (param.name.clone(), Array::new(shape, grad).unwrap())
        };
        learnt.map(sum).collect()
    }
}

/// Launches one kernel.
fn launch(kernel: &Verified<Kernel>, sizes: &Sizes, buffers: &mut Buffers) {
    let launch = sizes.launch(kernel);
    let memory = |buffer: &Buffer| match buffer.written {
        // Every element has to be written.
        true => length(buffer.shape, launch.lanes, kernel, &launch).map(|n| vec![f32::NAN; n]),
        false => buffers.get(&buffer.name).cloned(),
    };
    let data = |buffer: &Buffer| Data::new(memory(buffer), buffer);
    let mut all: Vec<Data> = kernel.buffers.iter().map(data).collect();
    let both = all.iter_mut().zip(&kernel.buffers);
    let mut args: Vec<Arg<'_>> = both.map(|(data, buffer)| data.argument(buffer)).collect();
    run(kernel, &launch, &mut args).unwrap();
    drop(args);
    for (buffer, data) in kernel.buffers.iter().zip(all).filter(|(buffer, _)| buffer.written) {
        buffers.insert(buffer.name.clone(), data.numbers(buffer));
    }
}

/// The elements of a buffer as the interpreter takes them.
enum Data {
    Absent,
    Reals(Vec<f32>),
    Halves(Vec<u16>),
    Ints(Vec<i32>),
}

impl Data {
    /// What is saved or packed lies among numbers as its bits, for it may be no number; ints of states do
    /// as numbers.
    fn new(memory: Option<Vec<f32>>, buffer: &Buffer) -> Self {
        let Some(memory) = memory else { return Data::Absent };
        let is_saved = has_bits(buffer);
        let int = |n: &f32| if is_saved { n.to_bits() as i32 } else { *n as i32 };
        match buffer.storage {
            Storage::I32 => Data::Ints(memory.iter().map(int).collect()),
            Storage::F16 | Storage::F16Bits | Storage::Bf16 | Storage::Bf16Bits => {
                let bits = |n: &f32| match is_saved {
                    true => n.to_bits() as u16,
                    false => narrow(is_f16(buffer), *n),
                };
                Data::Halves(memory.iter().map(bits).collect())
            }
            _ => Data::Reals(memory),
        }
    }

    fn argument(&mut self, buffer: &Buffer) -> Arg<'_> {
        let is_f16 = is_f16(buffer);
        match (self, buffer.written) {
            (Data::Absent, _) => Arg::Absent,
            (Data::Reals(all), true) => Arg::Write(SliceMut::F32(all)),
            (Data::Reals(all), false) => Arg::Read(Slice::F32(all)),
            (Data::Halves(all), true) => {
                Arg::Write(if is_f16 { SliceMut::F16(all) } else { SliceMut::Bf16(all) })
            }
            (Data::Halves(all), false) => {
                Arg::Read(if is_f16 { Slice::F16(all) } else { Slice::Bf16(all) })
            }
            (Data::Ints(all), true) => Arg::Write(SliceMut::I32(all)),
            (Data::Ints(all), false) => Arg::Read(Slice::I32(all)),
        }
    }

    /// What [`Data::new`] was made of.
    fn numbers(self, buffer: &Buffer) -> Vec<f32> {
        let is_saved = has_bits(buffer);
        let number = |int: i32| if is_saved { f32::from_bits(int as u32) } else { int as f32 };
        match self {
            Data::Absent => Vec::new(),
            Data::Reals(all) => all,
            Data::Halves(all) if is_saved => {
                all.into_iter().map(|bits| f32::from_bits(u32::from(bits))).collect()
            }
            Data::Halves(all) => all.into_iter().map(|bits| widen(is_f16(buffer), bits)).collect(),
            Data::Ints(all) => all.into_iter().map(number).collect(),
        }
    }
}

/// Whether bits of a buffer's elements count, and no numbers.
fn has_bits(buffer: &Buffer) -> bool {
    buffer.role == Role::Saved || buffer.shape == Shape::Packed
}

fn is_f16(buffer: &Buffer) -> bool {
    matches!(buffer.storage, Storage::F16 | Storage::F16Bits)
}

/// A number as 16 bits of binary16, or of bfloat16.
fn narrow(is_f16: bool, number: f32) -> u16 {
    if is_f16 { f64_to_f16(number.into()) } else { f64_to_bf16(number.into()) }
}

fn widen(is_f16: bool, bits: u16) -> f32 {
    (if is_f16 { f16_to_f64(bits) } else { bf16_to_f64(bits) }) as f32
}

/// A number as inputs and outputs are stored.
pub fn rounded(dtype: PortDtype, number: f32) -> f32 {
    match dtype {
        PortDtype::F32 => number,
        PortDtype::F16 => widen(true, narrow(true, number)),
        PortDtype::Bf16 => widen(false, narrow(false, number)),
    }
}
