//! Values of each step that forward stores and backward loads.

use snn_artifact::naming::Operand;

use super::super::{Binary, BufferId, Carry, Compare, Op, Shape, Stmt, Storage, ValueId};
use super::writer::{Scope, Writer};
use crate::check::hir::{NodeId, Type};
use crate::saves::{Saved, Width};

/// A saved value with its buffer.
#[derive(Clone, Copy)]
pub struct Trace {
    pub node: NodeId,
    width: Width,
    buffer: BufferId,
}

impl Trace {
    /// Declares the buffer of a saved value.
    pub fn new(writer: &mut Writer<'_>, saved: &Saved, written: bool) -> Self {
        let Saved { node, name, width, .. } = saved;
        let (storage, shape) = match (width, writer.neuron.graph.node(*node).ty) {
            (Width::Bit, _) => (Storage::I32, Shape::Chunk),
            (_, Type::Int | Type::Bool) => (Storage::I32, Shape::Sequence),
            (Width::Bf16, _) => (Storage::Bf16, Shape::Sequence),
            (Width::Full, _) => (Storage::F32, Shape::Sequence),
        };
        let buffer = writer.buffer(Operand::Trace(name), storage, shape);
        writer.kernel.buffers[buffer.0 as usize].written = written;
        Self { node: *node, width: *width, buffer }
    }

    /// Whether it is stored as bits.
    pub fn is_bits(&self) -> bool {
        self.width == Width::Bit
    }

    /// Stores the value of a step.
    pub fn store(&self, writer: &mut Writer<'_>, step: &mut Scope) {
        let mut value = writer.node(step, self.node);
        if writer.neuron.graph.node(self.node).ty == Type::Bool {
            let (one, zero) = (writer.int(1), writer.int(0));
            value = writer.value(step, Op::Select(value, one, zero));
        }
        step.body.push(Stmt::Store(self.buffer, value));
    }

    /// Gives the node the value that was stored at this step.
    pub fn load(&self, writer: &mut Writer<'_>, step: &mut Scope) {
        let node = writer.neuron.graph.node(self.node);
        let mut value = writer.at(node.span, |w| w.value(step, Op::Load(self.buffer)));
        if node.ty == Type::Bool {
            value = is_set(writer, step, value);
        }
        step.set(self.node, value);
    }
}

/// The words of bits that a loop over the steps of a chunk goes through.
pub struct Bits {
    all: Vec<Trace>,
    /// Where their words stand among the carries.
    first: usize,
}

impl Bits {
    /// Those of a chunk's traces that are bits.
    pub fn new(traces: &[Trace]) -> Self {
        let all = traces.iter().filter(|trace| trace.is_bits()).copied().collect();
        Self { all, first: 0 }
    }

    /// Carries empty words through the steps, and behind them the bit of the step.
    pub fn fill(&mut self, writer: &mut Writer<'_>, carries: &mut Vec<Carry>) {
        self.first = carries.len();
        if !self.all.is_empty() {
            let (zero, one) = (writer.int(0), writer.int(1));
            carries.extend(self.all.iter().map(|_| writer.carry(zero)));
            carries.push(writer.carry(one));
        }
    }

    /// Puts the bits of a step into their words.
    pub fn put(&self, writer: &mut Writer<'_>, step: &mut Scope, carries: &mut [Carry]) {
        let Some((mask, words)) = carries[self.first..].split_last_mut() else { return };
        for (trace, word) in self.all.iter().zip(words) {
            let is_set = match writer.neuron.graph.node(trace.node).ty {
                Type::Bool => writer.node(step, trace.node),
                _ => writer.fires(step, trace.node),
            };
            word.next = with_bit(writer, step, is_set, word.param, mask.param);
        }
        let one = writer.int(1);
        mask.next = writer.value(step, Op::Binary(Binary::Shl, mask.param, one));
    }

    /// Stores the words behind the steps of a chunk.
    pub fn store(&self, chunk: &mut Scope, carries: &[Carry]) {
        for (trace, carry) in self.all.iter().zip(&carries[self.first..]) {
            chunk.body.push(Stmt::Store(trace.buffer, carry.result));
        }
    }

    /// Carries the stored words through the steps.
    pub fn load(&mut self, writer: &mut Writer<'_>, chunk: &mut Scope, carries: &mut Vec<Carry>) {
        self.first = carries.len();
        for trace in &self.all {
            let span = writer.neuron.graph.node(trace.node).span;
            let word = writer.at(span, |w| w.value(chunk, Op::Load(trace.buffer)));
            carries.push(writer.carry(word));
        }
    }

    /// Takes the bits of a step from their words.
    pub fn take(&self, writer: &mut Writer<'_>, step: &mut Scope, carries: &mut [Carry]) {
        for (trace, word) in self.all.iter().zip(&mut carries[self.first..]) {
            let one = writer.int(1);
            let bit = writer.value(step, Op::Binary(Binary::And, word.param, one));
            let is_set = is_set(writer, step, bit);
            match writer.neuron.graph.node(trace.node).ty {
                Type::Bool => step.set(trace.node, is_set),
                _ => writer.spike(step, trace.node, is_set),
            }
            word.next = writer.value(step, Op::Binary(Binary::Shr, word.param, one));
        }
    }
}

/// A word with a bit put in where a condition holds.
pub fn with_bit(
    writer: &mut Writer<'_>,
    step: &mut Scope,
    is_set: ValueId,
    word: ValueId,
    bit: ValueId,
) -> ValueId {
    let zero = writer.int(0);
    let bit = writer.value(step, Op::Select(is_set, bit, zero));
    writer.value(step, Op::Binary(Binary::Or, word, bit))
}

/// Whether an int is not 0.
fn is_set(writer: &mut Writer<'_>, step: &mut Scope, int: ValueId) -> ValueId {
    let zero = writer.int(0);
    writer.value(step, Op::Compare(Compare::Ne, int, zero))
}
