//! The backward kernel.

use snn_artifact::naming::Operand;

use super::super::{
    BufferId, Carry, Kernel, LoopKind, Op, Order, Schedule, Shape, Stmt, Storage, ValueId,
};
use super::forward::close;
use super::keep::{Plan, plan};
use super::scan::{self, Part};
use super::trace::{Bits, Trace};
use super::writer::{Operands, Scope, Writer, of_input, of_ports, repeat, storage};
use crate::check::hir;
use crate::check::hir::{Leaf, NodeId, Sharing, Type};
use crate::diff::Adjoint;
use crate::saves::Saved;

/// Writes the backward kernel of an adjoint.
pub fn write(adjoint: &Adjoint, schedule: Schedule, saves: &[Saved], part: Part<'_>) -> Kernel {
    let neuron = &adjoint.neuron;
    let mut writer = Writer::new(super::BACKWARD, neuron, schedule);
    let mut scope = Scope::default();
    let operands = writer.operands();
    writer.params(&mut scope, &operands.params);
    let (varying, late) = (neuron.graph.varying(), late(&neuron.graph));
    writer.nodes(&mut scope, |i| !varying[i] && !late[i]);
    let first = writer.first_states(&mut scope);
    let buffers = Buffers::new(&mut writer, part);
    let traces: Vec<Trace> = saves.iter().map(|s| Trace::new(&mut writer, s, false)).collect();

    let mut chunks = first_carries(&mut writer, &mut scope, adjoint, &buffers, part);
    let mut chunk = scope.inner();
    let plan = plan(adjoint, &varying, saves);
    let starts = first.iter().map(|(value, _)| *value).zip(buffers.saved.iter().copied());
    let starts: Vec<(ValueId, BufferId)> = starts.collect();
    let again = run_again(&mut writer, &mut chunk, &operands, &starts, &traces, &plan);

    let mut steps: Vec<Carry> = chunks.iter().map(|carry| writer.carry(carry.param)).collect();
    let mut step = scope.inner();
    recall(&mut writer, &mut step, &again, &plan);
    for trace in traces.iter().filter(|trace| plan.loaded[trace.node.0 as usize]) {
        trace.load(&mut writer, &mut step);
    }
    let zero = writer.real(0.0);
    writer.leaves(&mut step, |writer, step, leaf| match leaf {
        Leaf::OutputGrad(i) => match buffers.lasts.iter().position(|last| *last == i) {
            Some(place) => Some(steps[adjoint.states.len() + adjoint.sums.len() + place].param),
            None => Some(writer.value(step, Op::LoadOr(buffers.outputs[i as usize]?, zero))),
        },
        Leaf::StateGrad(i) => Some(steps[i as usize].param),
        Leaf::Input(i) if plan.is_stateless => {
            Some(writer.value(step, operands.inputs[i as usize]))
        }
        _ => None,
    });
    writer.nodes(&mut step, |i| plan.wanted[i] && varying[i]);
    if !matches!(part, Part::Carry) {
        give_inputs(&mut writer, &mut step, adjoint, &buffers);
    }
    give_on(&mut writer, &mut step, adjoint, &mut steps);
    close(&mut chunks, &steps);
    chunk.body.push(repeat(LoopKind::Steps, Order::Reverse, steps, step.body));
    let results: Vec<ValueId> = chunks.iter().map(|carry| carry.result).collect();
    scope.body.push(repeat(LoopKind::Chunks, Order::Reverse, chunks, chunk.body));
    match part {
        Part::Carry => {
            let states = &results[..adjoint.states.len()];
            scan::leave_gradients(&mut writer, &mut scope, states);
        }
        _ => finish(&mut writer, &mut scope, adjoint, &buffers, &first, &results, part),
    }
    writer.finish(scope)
}

/// The nodes that are known only behind the last step.
pub fn late(graph: &hir::Graph) -> Vec<bool> {
    let mut late: Vec<bool> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        late.push(match node.op {
            hir::Op::Leaf(leaf) => matches!(leaf, Leaf::Sum(_) | Leaf::InitGrad(_)),
            op => op.operands().any(|operand| late[operand.0 as usize]),
        });
    }
    late
}

/// The buffers that backward has beside a neuron's operands. Ints have no gradients.
struct Buffers {
    saved: Vec<BufferId>,
    outputs: Vec<Option<BufferId>>,
    /// The outputs of which only the last value is given.
    lasts: Vec<u32>,
    last: Vec<Option<BufferId>>,
    inputs: Vec<Option<BufferId>>,
    first: Vec<Option<BufferId>>,
    partials: Vec<Option<BufferId>>,
}

impl Buffers {
    fn new(writer: &mut Writer<'_>, part: Part<'_>) -> Self {
        let neuron = writer.neuron;
        let hir::Neuron { inputs, states, params, outputs, .. } = neuron;
        let real = |ty: Type| ty == Type::Real;
        let saved = states.iter().map(|state| {
            writer.buffer(Operand::Saved(&state.name), storage(state.ty), Shape::Checkpoint)
        });
        let saved = saved.collect();
        let lasts = (0..).zip(outputs).filter(|(_, output)| output.last).map(|(i, _)| i).collect();
        let outputs = output_grads(writer);
        let last = states.iter().map(|state| {
            let operand = Operand::NextGrad(&state.name);
            real(state.ty).then(|| writer.optional(operand, Storage::F32, Shape::Lane))
        });
        let last = last.collect();
        let inputs = inputs.iter().map(|input| {
            let operand = Operand::InputGrad(&input.name);
            let storage = of_input(neuron, input);
            input.has_gradient().then(|| writer.buffer(operand, storage, Shape::Sequence))
        });
        let inputs = inputs.collect();
        let first = states.iter().map(|state| {
            let operand = Operand::StateGrad(&state.name);
            real(state.ty).then(|| writer.buffer(operand, Storage::F32, Shape::Lane))
        });
        let first = first.collect();
        let partials = params.iter().map(|param| {
            let shape = match (partial_shape(param.sharing), part) {
                (Shape::Lane, Part::Segment(_)) => Shape::Segment,
                (shape, _) => shape,
            };
            let operand = Operand::Partial(&param.name);
            param.learn.then(|| writer.buffer(operand, Storage::F32, shape))
        });
        let partials = partials.collect();
        Self { saved, outputs, lasts, last, inputs, first, partials }
    }
}

/// The buffers of the gradients of the outputs. Ints have none.
pub fn output_grads(writer: &mut Writer<'_>) -> Vec<Option<BufferId>> {
    let neuron = writer.neuron;
    let mut buffers = Vec::new();
    for output in &neuron.outputs {
        let is_real = neuron.graph.node(output.value).ty == Type::Real;
        let shape = if output.last { Shape::Lane } else { Shape::Sequence };
        let operand = Operand::OutputGrad(&output.name);
        buffers.push(is_real.then(|| writer.optional(operand, of_ports(neuron.dtype), shape)));
    }
    buffers
}

/// Where the lanes' parts of a param's gradient go.
pub fn partial_shape(sharing: Sharing) -> Shape {
    match sharing {
        Sharing::Layer => Shape::Partial,
        Sharing::Channel => Shape::Group,
        Sharing::Neuron => Shape::Lane,
    }
}

/// What goes backwards through time: the adjoints of the states, then the sums, then those of outputs of
/// which only the last value is given: they count in the last step alone.
fn first_carries(
    writer: &mut Writer<'_>,
    scope: &mut Scope,
    adjoint: &Adjoint,
    buffers: &Buffers,
    part: Part<'_>,
) -> Vec<Carry> {
    let zero = writer.real(0.0);
    let mut last = Vec::new();
    let states = &writer.neuron.states;
    for (buffer, state) in buffers.last.iter().zip(states) {
        last.push(match buffer {
            Some(buffer) => writer.at(state.span, |w| w.value(scope, Op::LoadOr(*buffer, zero))),
            None => zero,
        });
    }
    match part {
        Part::All => {}
        Part::Carry => last.fill(zero),
        Part::Segment(linear) => {
            last = scan::from_others(writer, scope, linear, Order::Reverse, &last)
        }
    }
    let mut carries: Vec<Carry> = last.into_iter().map(|init| writer.carry(init)).collect();
    carries.extend(adjoint.sums.iter().map(|_| writer.carry(zero)));
    for i in &buffers.lasts {
        let mut init = match buffers.outputs[*i as usize] {
            Some(buffer) => writer.value(scope, Op::LoadOr(buffer, zero)),
            None => zero,
        };
        if !matches!(part, Part::All) {
            init = scan::only_at_end(writer, scope, Order::Reverse, init);
        }
        carries.push(writer.carry(init));
    }
    carries
}

/// The loop that runs a chunk again from its first states; returned is its body's scope. What was saved
/// is taken as it was.
fn run_again(
    writer: &mut Writer<'_>,
    chunk: &mut Scope,
    operands: &Operands,
    starts: &[(ValueId, BufferId)],
    traces: &[Trace],
    plan: &Plan,
) -> Scope {
    let mut carries = Vec::new();
    for (start, buffer) in starts {
        let start = writer.value(chunk, Op::LoadOr(*buffer, *start));
        carries.push(writer.carry(start));
    }
    let mut bits = Bits::new(traces);
    bits.load(writer, chunk, &mut carries);
    let mut step = chunk.inner();
    writer.step(&mut step, &operands.inputs, &carries);
    bits.take(writer, &mut step, &mut carries);
    for trace in traces.iter().filter(|trace| !trace.is_bits()) {
        trace.load(writer, &mut step);
    }
    let graph = &writer.neuron.graph;
    let kept = (0..graph.len()).filter(|&i| plan.kept[i]).map(|i| NodeId(i as u32));
    let needed = graph.needed(writer.neuron.states.iter().map(|state| state.next).chain(kept));
    writer.nodes(&mut step, |i| needed[i]);
    writer.advance(&step, &mut carries);
    let body = std::mem::take(&mut step.body);
    chunk.body.push(repeat(LoopKind::Steps, Order::Forward, carries, body));
    step
}

/// Gives the nodes that are kept the values that they had.
fn recall(writer: &mut Writer<'_>, step: &mut Scope, again: &Scope, plan: &Plan) {
    for (i, _) in plan.kept.iter().enumerate().filter(|(_, kept)| **kept) {
        let node = NodeId(i as u32);
        if let Some(value) = again.get(node) {
            let kept = writer.value(step, Op::Kept(value));
            step.set(node, kept);
        }
    }
}

/// Stores the gradients of the inputs at a step.
fn give_inputs(writer: &mut Writer<'_>, step: &mut Scope, adjoint: &Adjoint, buffers: &Buffers) {
    let zero = writer.real(0.0);
    for (buffer, node) in buffers.inputs.iter().zip(&adjoint.inputs) {
        let Some(buffer) = *buffer else { continue };
        let value = node.map_or(zero, |node| writer.node(step, node));
        step.body.push(Stmt::Store(buffer, value));
    }
}

/// Takes the gradients of the states at a step, and the sums, on.
fn give_on(writer: &mut Writer<'_>, step: &mut Scope, adjoint: &Adjoint, carries: &mut [Carry]) {
    let zero = writer.real(0.0);
    let (states, sums) = carries.split_at_mut(adjoint.states.len());
    let (sums, lasts) = sums.split_at_mut(adjoint.sums.len());
    lasts.iter_mut().for_each(|carry| carry.next = zero);
    for (carry, node) in states.iter_mut().zip(&adjoint.states) {
        carry.next = node.map_or(zero, |node| writer.node(step, node));
    }
    for (carry, node) in sums.iter_mut().zip(&adjoint.sums) {
        let term = writer.node(step, *node);
        let sum = Op::Binary(super::super::Binary::Add, carry.param, term);
        carry.next = writer.value(step, sum);
    }
}

/// What is left to do behind the last step: the gradients of first states and of params.
fn finish(
    writer: &mut Writer<'_>,
    scope: &mut Scope,
    adjoint: &Adjoint,
    buffers: &Buffers,
    first: &[(ValueId, BufferId)],
    results: &[ValueId],
    part: Part<'_>,
) {
    let (states, sums) = results.split_at(adjoint.states.len());
    for (buffer, value) in buffers.first.iter().zip(states) {
        scope.body.extend(buffer.map(|buffer| Stmt::Store(buffer, *value)));
    }
    let zero = writer.real(0.0);
    writer.leaves(scope, |writer, scope, leaf| match leaf {
        Leaf::InitGrad(i) => {
            let mut state = states[i as usize];
            if matches!(part, Part::Segment(_)) {
                state = scan::only_at_end(writer, scope, Order::Forward, state);
            }
            let given = writer.value(scope, Op::Given(first[i as usize].1));
            Some(writer.value(scope, Op::Select(given, zero, state)))
        }
        Leaf::Sum(i) => Some(sums[i as usize]),
        _ => None,
    });
    let roots = adjoint.params.iter().copied().flatten();
    let needed = adjoint.neuron.graph.needed(roots);
    writer.nodes(scope, |i| needed[i]);
    for (buffer, node) in buffers.partials.iter().zip(&adjoint.params) {
        let Some(buffer) = *buffer else { continue };
        let value = node.map_or(zero, |node| writer.node(scope, node));
        let is_summed = writer.kernel.buffer(buffer).shape.is_sums();
        let stmt = if is_summed { Stmt::Reduce } else { Stmt::Store };
        scope.body.push(stmt(buffer, value));
    }
}
