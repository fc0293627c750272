//! Whole neurons by the reference interpreter, called as the runtime calls them.

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_compiler::check::hir;
use snn_compiler::kernel::interp::{Arg, Launch, Slice, SliceMut, run};
use snn_compiler::kernel::{Buffer, Kernel, Role, Shape, Storage, Verified, reduce};
use snn_compiler::pipeline::{self, Options};
use snn_runtime::neuron::{Array, Arrays, Call, Forward, Gradients, Seeds};

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

    fn launch(&self, name: &str, sizes: &Sizes, buffers: &mut Buffers) {
        let kernel = self.kernels.iter().find(|kernel| kernel.name == name).unwrap();
        let memory = |buffer: &Buffer| match buffer.written {
            // Every element has to be written.
            true => Some(vec![f32::NAN; length(buffer, kernel, sizes)]),
            false => buffers.get(&buffer.name).cloned(),
        };
        let mut memories: Vec<Option<Vec<f32>>> = kernel.buffers.iter().map(memory).collect();
        let whole = |(memory, buffer): (&Option<Vec<f32>>, &Buffer)| match (buffer.storage, memory)
        {
            (Storage::I32, Some(memory)) => memory.iter().map(|n| int(buffer, *n)).collect(),
            _ => Vec::new(),
        };
        let mut ints: Vec<Vec<i32>> = memories.iter().zip(&kernel.buffers).map(whole).collect();
        let arg = |((memory, ints), buffer)| argument(memory, ints, buffer);
        let both = memories.iter_mut().zip(ints.iter_mut().map(Vec::as_mut_slice));
        let mut args: Vec<Arg<'_>> = both.zip(&kernel.buffers).map(arg).collect();
        let launch = Launch {
            channels: sizes.channels,
            channel_stride: sizes.channel_stride,
            neurons: sizes.neurons,
            ..Launch::dense(kernel, sizes.steps, sizes.lanes)
        };
        run(kernel, &launch, &mut args).unwrap();
        drop(args);
        for ((buffer, memory), ints) in kernel.buffers.iter().zip(&mut memories).zip(ints) {
            if let (Storage::I32, Some(memory)) = (buffer.storage, memory) {
                *memory = ints.into_iter().map(|int| number(buffer, int)).collect();
            }
        }
        for (buffer, memory) in kernel.buffers.iter().zip(memories) {
            buffers.extend(memory.filter(|_| buffer.written).map(|m| (buffer.name.clone(), m)));
        }
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
        Forward { outputs: outputs.collect(), states: states.collect() }
    }

    /// The second stage of the sums, for each learnt param.
    fn sums(&self, call: &Call, sizes: &Sizes, buffers: &Buffers) -> Arrays {
        let learnt = self.neuron.params.iter().filter(|param| param.learn);
        let sum = |param: &hir::Param| {
            let partial = &buffers[&Operand::Partial(&param.name).to_string()];
            let (members, side) = match param.sharing {
                hir::Sharing::Layer => (1, partial.len()),
                hir::Sharing::Channel => (sizes.channels, sizes.channel_stride),
                hir::Sharing::Neuron => (sizes.neurons, 1),
            };
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

/// An int as it lies among numbers: one that is saved may be the bits of a chunk, and lies there as bits.
fn number(buffer: &Buffer, int: i32) -> f32 {
    if buffer.role == Role::Saved { f32::from_bits(int as u32) } else { int as f32 }
}

/// The int that [`number`] made a number of.
fn int(buffer: &Buffer, number: f32) -> i32 {
    if buffer.role == Role::Saved { number.to_bits() as i32 } else { number as i32 }
}

fn argument<'a>(memory: &'a mut Option<Vec<f32>>, ints: &'a mut [i32], buffer: &Buffer) -> Arg<'a> {
    let Some(memory) = memory else { return Arg::Absent };
    match (buffer.storage, buffer.written) {
        (Storage::I32, true) => Arg::Write(SliceMut::I32(ints)),
        (Storage::I32, false) => Arg::Read(Slice::I32(ints)),
        (_, true) => Arg::Write(SliceMut::F32(memory)),
        (_, false) => Arg::Read(Slice::F32(memory)),
    }
}

fn length(buffer: &Buffer, kernel: &Kernel, sizes: &Sizes) -> usize {
    let chunks = sizes.steps.div_ceil(kernel.schedule.chunk as usize);
    match buffer.shape {
        Shape::Sequence => sizes.steps * sizes.lanes,
        Shape::Lane => sizes.lanes,
        Shape::Layer => 1,
        Shape::Channel => sizes.channels,
        Shape::Neuron => sizes.neurons,
        Shape::Checkpoint => chunks.saturating_sub(1) * sizes.lanes,
        Shape::Chunk => chunks * sizes.lanes,
        Shape::Partial => sizes.lanes.div_ceil(kernel.schedule.block as usize),
    }
}
