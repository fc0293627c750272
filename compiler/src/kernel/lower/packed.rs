//! Spikes of outputs as bits, 32 steps to a word, beside their reals.
//!
//! A word is longer than a chunk of most schedules, so it goes from chunk to chunk like a state, and with
//! it the bit of the next step; each chunk stores what it came to.

use snn_artifact::naming::Operand;

use super::super::{Binary, BufferId, Carry, Compare, Op, Shape, Stmt, Storage};
use super::trace::with_bit;
use super::writer::{Scope, Writer};
use crate::check::hir::NodeId;

/// The words that a kernel fills.
pub struct Packed {
    all: Vec<(NodeId, BufferId)>,
    /// Where their words stand among the carries, with the bit of the step behind them.
    first: usize,
}

impl Packed {
    /// Declares the buffers of packed outputs.
    pub fn new(writer: &mut Writer<'_>) -> Self {
        let outputs = writer.neuron.outputs.iter().filter(|output| output.packed);
        let all = outputs.map(|output| {
            let operand = Operand::Packed(&output.name);
            (output.value, writer.buffer(operand, Storage::I32, Shape::Packed))
        });
        Self { all: all.collect(), first: 0 }
    }

    /// Carries words through the chunks. No bit is left in the word before the first.
    pub fn begin(&mut self, writer: &mut Writer<'_>, chunks: &mut Vec<Carry>) {
        self.first = chunks.len();
        if !self.all.is_empty() {
            let zero = writer.int(0);
            chunks.extend(self.all.iter().map(|_| writer.carry(zero)));
            chunks.push(writer.carry(zero));
        }
    }

    /// Carries the words through the steps of a chunk: empty ones where those before are full.
    pub fn open(
        &self,
        writer: &mut Writer<'_>,
        chunk: &mut Scope,
        chunks: &[Carry],
        steps: &mut Vec<Carry>,
    ) {
        let Some((bit, words)) = chunks[self.first..].split_last() else { return };
        let (zero, one) = (writer.int(0), writer.int(1));
        let is_full = writer.value(chunk, Op::Compare(Compare::Eq, bit.param, zero));
        for (carry, fresh) in words.iter().map(|word| (word, zero)).chain([(bit, one)]) {
            let value = writer.value(chunk, Op::Select(is_full, fresh, carry.param));
            steps.push(writer.carry(value));
        }
    }

    /// Puts the spikes of a step into their words.
    pub fn put(&self, writer: &mut Writer<'_>, step: &mut Scope, steps: &mut [Carry]) {
        let end = self.first + self.all.len();
        for ((node, _), i) in self.all.iter().zip(self.first..) {
            let fires = writer.fires(step, *node);
            steps[i].next = with_bit(writer, step, fires, steps[i].param, steps[end].param);
        }
        if !self.all.is_empty() {
            let one = writer.int(1);
            steps[end].next = writer.value(step, Op::Binary(Binary::Shl, steps[end].param, one));
        }
    }

    /// Stores the words behind the steps of a chunk.
    pub fn store(&self, chunk: &mut Scope, steps: &[Carry]) {
        for ((_, buffer), carry) in self.all.iter().zip(&steps[self.first..]) {
            chunk.body.push(Stmt::Store(*buffer, carry.result));
        }
    }
}
