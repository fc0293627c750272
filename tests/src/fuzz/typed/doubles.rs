//! Kernels in f64 on the interpreter.

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_compiler::check::hir::{Neuron, Type};
use snn_compiler::kernel::interp::{Arg, Slice, SliceMut, length, run};
use snn_compiler::kernel::{Buffer, Kernel, Storage, Verified, reduce};
use snn_runtime::neuron::{Arrays, Call, Seeds};

use crate::fuzz::typed::gradients::{Results, wide};
use crate::indexed::{self, expanded};
use crate::operands::{Sizes, stored};

/// Elements of a buffer.
#[derive(Clone)]
enum Data {
    Reals(Vec<f64>),
    Ints(Vec<i32>),
}

type Buffers = BTreeMap<String, Data>;

/// What a neuron's kernels give, computed in f64.
pub fn grad(neuron: &Neuron, kernels: &[Verified<Kernel>], call: &Call, seeds: &Seeds) -> Results {
    let (call, sizes) = (&expanded(neuron, call), Sizes::of(call));
    let mut buffers = given(neuron, call, &sizes);
    launch(&kernels[1], &sizes, &mut buffers);
    put(&mut buffers, &seeds.outputs, |name| Operand::OutputGrad(name).to_string());
    put(&mut buffers, &seeds.states, |name| Operand::NextGrad(name).to_string());
    launch(&kernels[2], &sizes, &mut buffers);
    let get = |operand: Operand<'_>| match &buffers[&operand.to_string()] {
        Data::Reals(all) => all.clone(),
        Data::Ints(all) => all.iter().map(|int| f64::from(*int)).collect(),
    };
    let learnt = neuron.params.iter().filter(|param| param.learn);
    let sum = |param: &snn_compiler::check::hir::Param| {
        let partial = get(Operand::Partial(&param.name));
        let (members, side) = sizes.sums(param.sharing, partial.len());
        let mut grad = vec![0.0; members];
        reduce::run(&partial, &mut grad, side).unwrap();
        (param.name.clone(), grad)
    };
    let mut params = learnt.map(sum).collect();
    let inputs = neuron.inputs.iter().filter(|input| input.has_gradient());
    let mut inputs =
        inputs.map(|input| (input.name.clone(), get(Operand::InputGrad(&input.name)))).collect();
    indexed::join(neuron, &sizes, &mut inputs, &mut params);
    let reals = neuron.states.iter().filter(|state| state.ty == Type::Real);
    let outputs = neuron.outputs.iter();
    let states = neuron.states.iter();
    Results {
        outputs: outputs.map(|o| (o.name.clone(), get(Operand::Output(&o.name)))).collect(),
        last: states.map(|s| (s.name.clone(), get(Operand::Next(&s.name)))).collect(),
        inputs,
        states: reals.map(|s| (s.name.clone(), get(Operand::StateGrad(&s.name)))).collect(),
        params,
    }
}

fn put(buffers: &mut Buffers, arrays: &Arrays, name: impl Fn(&str) -> String) {
    let all = arrays.iter().map(|(own, array)| (name(own), Data::Reals(wide(array.data()))));
    buffers.extend(all);
}

fn given(neuron: &Neuron, call: &Call, sizes: &Sizes) -> Buffers {
    let mut buffers = Buffers::new();
    put(&mut buffers, &call.inputs, |name| Operand::Input(name).to_string());
    put(&mut buffers, &call.states, |name| Operand::State(name).to_string());
    for param in &neuron.params {
        let values = wide(&stored(param, call, sizes));
        buffers.insert(Operand::Param(&param.name).to_string(), Data::Reals(values));
    }
    buffers
}

fn launch(kernel: &Verified<Kernel>, sizes: &Sizes, buffers: &mut Buffers) {
    let launch = sizes.launch(kernel);
    let memory = |buffer: &Buffer| {
        let length = length(buffer.shape, launch.lanes, kernel, &launch).unwrap();
        match (buffer.written, buffer.storage == Storage::I32) {
            (true, true) => Some(Data::Ints(vec![i32::MIN; length])),
            (true, false) => Some(Data::Reals(vec![f64::NAN; length])),
            (false, is_int) => buffers.get(&buffer.name).map(|data| match data {
                Data::Reals(all) if is_int => Data::Ints(all.iter().map(|x| *x as i32).collect()),
                data => data.clone(),
            }),
        }
    };
    let mut all: Vec<Option<Data>> = kernel.buffers.iter().map(memory).collect();
    let both = all.iter_mut().zip(&kernel.buffers);
    let mut args: Vec<Arg<'_>> = both.map(|(data, buffer)| argument(data, buffer)).collect();
    run(kernel, &launch, &mut args).unwrap();
    drop(args);
    for (buffer, data) in kernel.buffers.iter().zip(all).filter(|(buffer, _)| buffer.written) {
        buffers.extend(data.map(|data| (buffer.name.clone(), data)));
    }
}

fn argument<'a>(data: &'a mut Option<Data>, buffer: &Buffer) -> Arg<'a> {
    match (data, buffer.written) {
        (None, _) => Arg::Absent,
        (Some(Data::Reals(all)), true) => Arg::Write(SliceMut::F64(all)),
        (Some(Data::Reals(all)), false) => Arg::Read(Slice::F64(all)),
        (Some(Data::Ints(all)), true) => Arg::Write(SliceMut::I32(all)),
        (Some(Data::Ints(all)), false) => Arg::Read(Slice::I32(all)),
    }
}
