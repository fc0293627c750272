//! What it costs to save a value and to compute one again, in one unit.

use snn_artifact::Target;

use super::Width;
use super::flow::UNCUT;
use crate::check::PortDtype;
use crate::check::hir::{Draw, Leaf, Op, Type};
use crate::kernel::{Schedule, draw_operations, operations};

/// What a bit of memory costs that is written or read once.
const BIT: u64 = 100;

/// How often a saved number counts: it is written, it is read, and it takes room until then, for which all
/// other layers of a network wait; memory that grows with T is what training runs out of first.
const SAVED: u64 = 4;

/// What an operation costs on a CPU, a quarter of a byte; `docs/saving.md` has the measurement.
const CPU_OPERATION: u64 = 2 * BIT;

/// What an operation costs on a GPU, where a multiprocessor does tens for each byte that it gets.
const GPU_OPERATION: u64 = BIT / 2;

/// The operations that put a bit into its word and take it out again.
const BIT_OPERATIONS: u64 = 7;

/// Costs for [`cut`](super::cut::cut()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// A saved bit.
    saved: u64,
    /// A state at the borders of chunks.
    border: u64,
    /// An input that is read again.
    input: u64,
    /// An operation.
    operation: u64,
    /// The steps of a chunk.
    chunk: u32,
}

impl Weights {
    /// Bytes alone, and no state at the borders of chunks.
    pub fn of_bytes(schedule: Schedule) -> Self {
        Self { saved: BIT, border: UNCUT, input: 0, operation: 0, chunk: schedule.chunk }
    }

    /// Those of a target, with inputs stored so.
    pub fn of_target(target: &Target, schedule: Schedule, dtype: PortDtype) -> Self {
        let saved = BIT * SAVED;
        // The first chunk has no border, and a run of training has few chunks.
        let border = 16 * saved / u64::from(schedule.chunk);
        let operation = match target {
            Target::Cpu { .. } => CPU_OPERATION,
            Target::Ptx { .. } | Target::Wgsl => GPU_OPERATION,
        };
        let input = u64::from(dtype.bits()) * BIT;
        Self { saved, border, input, operation, ..Self::of_bytes(schedule) }
    }

    /// The cost of a node that is computed again from its operands.
    pub fn compute(&self, op: &Op) -> u64 {
        match op {
            Op::Leaf(Leaf::State(_)) => self.border,
            Op::Leaf(Leaf::Input(_)) => self.input,
            _ => self.operation * operations(op),
        }
    }

    /// The cost of a draw that is drawn again.
    pub fn draw(&self, draw: Draw) -> u64 {
        self.operation * draw_operations(draw)
    }

    /// The cost of a node that is saved so.
    pub fn save(&self, width: Width) -> u64 {
        let operations = if width == Width::Bit { BIT_OPERATIONS } else { 0 };
        let bits = self.saved as f64 * 8.0 * bytes(width, self.chunk);
        bits as u64 + self.operation * operations
    }

    /// How a value is saved: one that is a bit as a bit, where a word holds those of a chunk.
    pub fn width(&self, op: &Op, ty: Type) -> Width {
        let is_bit = ty == Type::Bool || matches!(op, Op::Spike(..));
        if is_bit && self.chunk <= i32::BITS { Width::Bit } else { Width::Full }
    }
}

/// The bytes of a value at each step. The bits of a chunk take a word, however few they are.
pub fn bytes(width: Width, chunk: u32) -> f64 {
    match width {
        Width::Full => 4.0,
        Width::Bf16 => 2.0,
        Width::Bit => 4.0 / f64::from(chunk),
    }
}
