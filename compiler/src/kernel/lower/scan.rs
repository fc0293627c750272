//! The kernels of a scan: segments of time run side by side, each from the states that it would begin with.
//!
//! The states behind a segment are a matrix times those before it, and what comes to them on the way. A first sweep
//! finds both for every segment, from states that are 0; a second one puts those of the segments before together,
//! and then is the loop over the steps of its own. Backward is the same the other way, with the transposed matrices.
//!
//! Sums of other order round otherwise, so that a scan is no schedule that is taken by itself.

use snn_artifact::naming::{self, Operand};

use super::super::{
    Binary, BufferId, Carry, Kernel, LoopKind, Op, Order, Schedule, Shape, Stmt, Storage, ValueId,
    without_dead,
};
use super::forward::{self, close};
use super::writer::{Scope, Writer, repeat};
use super::{BACKWARD, backward, stored};
use crate::check::hir::Neuron;
use crate::diff::{Adjoint, Linear};
use crate::saves::Saved;

/// Which of its kernels is written.
#[derive(Clone, Copy)]
pub enum Part<'l> {
    /// The loop over all steps, where there is no scan.
    All,
    /// What a segment does to states.
    Carry,
    /// The loop over the steps of a segment.
    Segment(&'l Linear),
}

/// Writes the kernels of a simplified adjoint with the factors of its states, in the order they are launched: those of
/// `forward`, of `forward_train` and of `backward`.
pub fn lower(
    adjoint: &Adjoint,
    linear: &Linear,
    schedule: Schedule,
    saves: &[Saved],
) -> Vec<Kernel> {
    let backward = |part| without_dead(backward::write(adjoint, schedule, saves, part));
    let (carry, backward) = (backward(Part::Carry), backward(Part::Segment(linear)));
    let (saved, saves) = stored(&backward, saves);
    let neuron = &adjoint.neuron;
    let forward = |name: &str, saved: &[&str], saves: &[&Saved]| {
        let part = Part::Segment(linear);
        let own = forward::write(&naming::sweep(name, 1), neuron, schedule, saved, saves, part);
        [self::carry(name, neuron, linear, schedule), without_dead(own)]
    };
    let backward = [carry, Kernel { name: naming::sweep(BACKWARD, 1), ..backward.clone() }];
    let forwards = [forward("forward", &[], &[]), forward("forward_train", &saved, &saves)];
    forwards.into_iter().chain([backward]).flatten().collect()
}

/// The kernel that finds what each segment does to states.
fn carry(name: &str, neuron: &Neuron, linear: &Linear, schedule: Schedule) -> Kernel {
    let mut writer = Writer::new(name, neuron, schedule);
    let mut scope = Scope::default();
    let operands = writer.operands();
    writer.params(&mut scope, &operands.params);
    let factors = linear.factors.iter().flatten().copied().flatten();
    let roots = neuron.states.iter().map(|state| state.next).chain(factors);
    let (varying, needed) = (neuron.graph.varying(), neuron.graph.needed(roots));
    writer.nodes(&mut scope, |i| needed[i] && !varying[i]);

    let (zero, one) = (writer.real(0.0), writer.real(1.0));
    let n_states = neuron.states.len();
    let mut chunks: Vec<Carry> = (0..n_states).map(|_| writer.carry(zero)).collect();
    let reaches = linear.reaches();
    let entries = entries(&reaches);
    for &(i, j) in &entries {
        chunks.push(writer.carry(if i == j { one } else { zero }));
    }
    let mut chunk = scope.inner();
    let mut steps: Vec<Carry> = chunks.iter().map(|carry| writer.carry(carry.param)).collect();
    let mut step = chunk.inner();
    writer.step(&mut step, &operands.inputs, &steps);
    writer.nodes(&mut step, |i| needed[i]);
    writer.advance(&step, &mut steps);
    let (_, before) = steps.split_at(n_states);
    let before: Vec<ValueId> = before.iter().map(|carry| carry.param).collect();
    for (at, &(i, j)) in entries.iter().enumerate() {
        let terms = linear.factors[i].iter().enumerate().filter_map(|(k, factor)| {
            let entry = entries.iter().position(|entry| *entry == (k, j))?;
            Some(((*factor)?, before[entry]))
        });
        let terms: Vec<_> =
            terms.map(|(factor, entry)| (writer.node(&step, factor), entry)).collect();
        steps[n_states + at].next = sum(&mut writer, &mut step, &terms, None);
    }
    close(&mut chunks, &steps);
    chunk.body.push(repeat(LoopKind::Steps, Order::Forward, steps, step.body));
    let results: Vec<ValueId> = chunks.iter().map(|carry| carry.result).collect();
    scope.body.push(repeat(LoopKind::Chunks, Order::Forward, chunks, chunk.body));
    let (sums, matrix) = results.split_at(n_states);
    for (i, value) in sums.iter().enumerate() {
        let buffer = segment(&mut writer, &sum_name(neuron, i), true);
        scope.body.push(Stmt::Store(buffer, *value));
    }
    for ((i, j), value) in entries.into_iter().zip(matrix) {
        if reaches[i][j] {
            let buffer = segment(&mut writer, &entry_name(neuron, i, j), true);
            scope.body.push(Stmt::Store(buffer, *value));
        }
    }
    without_dead(writer.finish(scope))
}

/// The entries of a segment's matrix that are not always 0, and those that are 1 before the first step.
fn entries(reaches: &[Vec<bool>]) -> Vec<(usize, usize)> {
    let all = (0..reaches.len()).flat_map(|i| (0..reaches.len()).map(move |j| (i, j)));
    all.filter(|&(i, j)| i == j || reaches[i][j]).collect()
}

/// The sum of products, in order, and of what comes last.
fn sum(
    writer: &mut Writer<'_>,
    scope: &mut Scope,
    terms: &[(ValueId, ValueId)],
    last: Option<ValueId>,
) -> ValueId {
    let mut products = Vec::new();
    for &(a, b) in terms {
        products.push(writer.value(scope, Op::Binary(Binary::Mul, a, b)));
    }
    let mut terms = products.into_iter().chain(last);
    let first = terms.next().unwrap_or_else(|| writer.real(0.0));
    terms.fold(first, |sum, term| writer.value(scope, Op::Binary(Binary::Add, sum, term)))
}

/// Goes over the segments before the lane's own, from the states before the first to those that it begins with; in
/// reverse over those behind it, from the gradients of the states behind the last to those of its own end.
pub fn from_others(
    writer: &mut Writer<'_>,
    scope: &mut Scope,
    linear: &Linear,
    order: Order,
    first: &[ValueId],
) -> Vec<ValueId> {
    let reaches = linear.reaches();
    let is_forward = order == Order::Forward;
    let added = if is_forward { sum_name } else { grad_name };
    // Gradients go through the transposed matrix.
    let entry = |i: usize, j: usize| if is_forward { (i, j) } else { (j, i) };
    let neuron = writer.neuron;
    let mut carries: Vec<Carry> = first.iter().map(|value| writer.carry(*value)).collect();
    let mut body = scope.inner();
    let load = |writer: &mut Writer<'_>, body: &mut Scope, name: &str| {
        let buffer = segment(writer, name, false);
        writer.value(body, Op::Load(buffer))
    };
    for i in 0..carries.len() {
        let mut terms = Vec::new();
        for (j, carry) in carries.iter().enumerate() {
            let (of, by) = entry(i, j);
            if reaches[of][by] {
                let name = entry_name(neuron, of, by);
                terms.push((load(writer, &mut body, &name), carry.param));
            }
        }
        let last = load(writer, &mut body, &added(neuron, i));
        carries[i].next = sum(writer, &mut body, &terms, Some(last));
    }
    let results = carries.iter().map(|carry| carry.result).collect();
    scope.body.push(repeat(LoopKind::Segments, order, carries, body.body));
    results
}

/// A value in the segment that has none on a side, and 0 in all others.
pub fn only_at_end(
    writer: &mut Writer<'_>,
    scope: &mut Scope,
    side: Order,
    value: ValueId,
) -> ValueId {
    let zero = writer.real(0.0);
    let carry = Carry { next: zero, ..writer.carry(value) };
    scope.body.push(repeat(LoopKind::Segments, side, vec![carry], Vec::new()));
    carry.result
}

/// Leaves what a segment gives to the gradients of the states before it.
pub fn leave_gradients(writer: &mut Writer<'_>, scope: &mut Scope, states: &[ValueId]) {
    for (i, value) in states.iter().enumerate() {
        let buffer = segment(writer, &grad_name(writer.neuron, i), true);
        scope.body.push(Stmt::Store(buffer, *value));
    }
}

/// A buffer with a number for each segment.
fn segment(writer: &mut Writer<'_>, name: &str, written: bool) -> BufferId {
    let buffer = writer.buffer(Operand::Trace(name), Storage::F32, Shape::Segment);
    writer.kernel.buffers[buffer.0 as usize].written = written;
    buffer
}

/// What a segment adds to a state. No name in a file has a dot.
fn sum_name(neuron: &Neuron, state: usize) -> String {
    format!("{}.carry", neuron.states[state].name)
}

/// What a segment adds to the gradient of a state.
fn grad_name(neuron: &Neuron, state: usize) -> String {
    format!("{}.carry.grad", neuron.states[state].name)
}

/// What a state before a segment counts in one behind it.
fn entry_name(neuron: &Neuron, of: usize, by: usize) -> String {
    format!("{}.by.{}", neuron.states[of].name, neuron.states[by].name)
}
