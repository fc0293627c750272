//! The forward kernels.

use snn_artifact::naming::Operand;

use super::super::{BufferId, Carry, Kernel, LoopKind, Order, Schedule, Shape, Stmt, ValueId};
use super::packed::Packed;
use super::scan::{self, Part};
use super::trace::{Bits, Trace};
use super::writer::{Scope, Writer, of_ports, repeat, storage};
use crate::check::hir::{Neuron, NodeId, Type};
use crate::saves::Saved;

/// Writes a forward kernel that leaves the states in `saved`, by the names of their buffers, and the
/// values in `saves`.
pub fn write(
    name: &str,
    neuron: &Neuron,
    schedule: Schedule,
    saved: &[&str],
    saves: &[&Saved],
    part: Part<'_>,
) -> Kernel {
    let mut writer = Writer::new(name, neuron, schedule);
    let mut scope = Scope::default();
    let operands = writer.operands();
    writer.params(&mut scope, &operands.params);
    let (varying, needed) = (neuron.graph.varying(), neuron.graph.needed(roots(neuron, saves)));
    writer.nodes(&mut scope, |i| needed[i] && !varying[i]);
    let first = writer.first_states(&mut scope);
    let mut first: Vec<ValueId> = first.into_iter().map(|(value, _)| value).collect();
    if let Part::Segment(linear) = part {
        first = scan::from_others(&mut writer, &mut scope, linear, Order::Forward, &first);
    }
    let buffers = buffers(&mut writer);
    let mut packed = Packed::new(&mut writer);
    let saved = saved_buffers(&mut writer, saved);
    let traces: Vec<Trace> = saves.iter().map(|s| Trace::new(&mut writer, s, true)).collect();
    let mut bits = Bits::new(&traces);

    let mut chunks: Vec<Carry> = first.iter().map(|value| writer.carry(*value)).collect();
    // Outputs of which only the last value is given go through the steps like states.
    for _ in neuron.outputs.iter().filter(|output| output.last) {
        let zero = writer.real(0.0);
        chunks.push(writer.carry(zero));
    }
    let n_reals = chunks.len();
    packed.begin(&mut writer, &mut chunks);
    let mut chunk = scope.inner();
    chunk.body.extend(operands.products.iter().cloned());
    for (buffer, carry) in saved.into_iter().zip(&chunks) {
        chunk.body.extend(buffer.map(|buffer| Stmt::Store(buffer, carry.param)));
    }
    let reals = chunks[..n_reals].iter();
    let mut steps: Vec<Carry> = reals.map(|carry| writer.carry(carry.param)).collect();
    packed.open(&mut writer, &mut chunk, &chunks, &mut steps);
    bits.fill(&mut writer, &mut steps);
    let mut step = chunk.inner();
    writer.step(&mut step, &operands.inputs, &steps);
    writer.nodes(&mut step, |i| needed[i]);
    let mut lasts = steps[neuron.states.len()..].iter_mut();
    let mut held = Vec::new();
    for (buffer, output) in buffers.outputs.iter().zip(&neuron.outputs) {
        let value = writer.node(&step, output.value);
        match output.last.then(|| lasts.next()).flatten() {
            Some(carry) => {
                carry.next = value;
                held.push(*buffer);
            }
            None => step.body.push(Stmt::Store(*buffer, value)),
        }
    }
    for trace in traces.iter().filter(|trace| !trace.is_bits()) {
        trace.store(&mut writer, &mut step);
    }
    packed.put(&mut writer, &mut step, &mut steps);
    bits.put(&mut writer, &mut step, &mut steps);
    writer.advance(&step, &mut steps);
    close(&mut chunks, &steps);
    chunk.body.push(repeat(LoopKind::Steps, Order::Forward, steps.clone(), step.body));
    packed.store(&mut chunk, &steps);
    bits.store(&mut chunk, &steps);
    let last: Vec<ValueId> = chunks.iter().map(|carry| carry.result).collect();
    scope.body.push(repeat(LoopKind::Chunks, Order::Forward, chunks, chunk.body));
    for (buffer, value) in buffers.last.iter().chain(&held).zip(last) {
        scope.body.push(Stmt::Store(*buffer, value));
    }
    writer.finish(scope)
}

/// What a loop over steps came to is what the loop over chunks goes on with.
pub fn close(chunks: &mut [Carry], steps: &[Carry]) {
    for (chunk, steps) in chunks.iter_mut().zip(steps) {
        chunk.next = steps.result;
    }
}

/// What a neuron gives, its states before and behind a step, and what is saved.
fn roots(neuron: &Neuron, saves: &[&Saved]) -> impl Iterator<Item = NodeId> {
    let states = neuron.states.iter().flat_map(|state| [state.init, state.next]);
    let outputs = neuron.outputs.iter().map(|output| output.value);
    states.chain(outputs).chain(saves.iter().map(|saved| saved.node))
}

/// What forward writes.
struct Written {
    outputs: Vec<BufferId>,
    last: Vec<BufferId>,
}

fn buffers(writer: &mut Writer<'_>) -> Written {
    let neuron = writer.neuron;
    let mut outputs = Vec::new();
    for output in &neuron.outputs {
        let storage = match neuron.graph.node(output.value).ty {
            Type::Real => of_ports(neuron.dtype),
            ty => storage(ty),
        };
        let shape = if output.last { Shape::Lane } else { Shape::Sequence };
        let buffer = writer.buffer(Operand::Output(&output.name), storage, shape);
        // Of packed spikes most callers want nothing else.
        writer.kernel.buffers[buffer.0 as usize].optional = output.packed;
        outputs.push(buffer);
    }
    let mut last = Vec::new();
    for state in &neuron.states {
        last.push(writer.buffer(Operand::Next(&state.name), storage(state.ty), Shape::Lane));
    }
    Written { outputs, last }
}

/// For each state its checkpoint, where it is saved.
fn saved_buffers(writer: &mut Writer<'_>, saved: &[&str]) -> Vec<Option<BufferId>> {
    let neuron = writer.neuron;
    let mut buffers = Vec::new();
    for state in &neuron.states {
        let operand = Operand::Saved(&state.name);
        let is_saved = saved.contains(&operand.to_string().as_str());
        buffers.push(is_saved.then(|| {
            let buffer = writer.buffer(operand, storage(state.ty), Shape::Checkpoint);
            writer.kernel.buffers[buffer.0 as usize].written = true;
            buffer
        }));
    }
    buffers
}
