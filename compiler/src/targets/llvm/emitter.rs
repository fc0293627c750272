//! What the emission of one kernel carries along: the kernel, the text, and the value of each name.

use std::collections::HashMap;

use super::ahead::Early;
use super::divisors::Divisors;
use super::inst;
use super::lines::Marks;
use super::text::{Text, Value};
use super::varying::varying;
use crate::error::Bug;
use crate::kernel::{BufferId, Kernel, Op, Type, ValueId};

/// One value for each lane of a thread, or a single one where all lanes have the same.
pub(super) type Lanes = Vec<Value>;

/// The value of a lane.
pub(super) fn lane(lanes: &Lanes, index: usize) -> &Value {
    &lanes[index % lanes.len()]
}

/// A buffer argument as loads, or stores where it is written, use it.
#[derive(Clone)]
pub(super) struct Pointer {
    /// The address of element 0; that of some zeros where a buffer to load from was left out.
    pub(super) base: Value,
    /// Whether it was given; none where it always is.
    pub(super) given: Option<Value>,
    /// Sequences only: bytes from one step to the next.
    pub(super) stride: Option<Value>,
}

/// The lanes that a thread takes in the code being emitted.
pub(super) struct Place {
    /// The first of them, within the buffers.
    pub(super) first: Value,
    /// How many stand side by side.
    pub(super) width: usize,
    /// The threads of the warp that have lanes here, as bits.
    pub(super) warp: Value,
    /// For each buffer, the bytes from a row's start to the block's first lane, the same for all threads
    /// of the block; none where lanes share elements.
    pub(super) blocks: Vec<Option<Value>>,
    /// For each buffer, the bytes from there to the thread's first lane, less than 2^32.
    pub(super) offsets: Vec<Option<Value>>,
}

/// The chunk that is being emitted.
pub(super) struct Chunk {
    /// The number of its first step.
    pub(super) first: Value,
    /// Its own number.
    pub(super) index: Value,
    /// Whether it is not chunk 0.
    pub(super) past_first: Value,
    /// In a short chunk, for each unrolled step whether it is there; none in a full one.
    pub(super) active: Option<Vec<Value>>,
    /// How many steps are there, less one.
    pub(super) last: Value,
    /// How many steps are unrolled.
    pub(super) unrolled: u32,
}

/// The emission of one kernel.
pub(super) struct Emitter<'k> {
    /// What is emitted.
    pub(super) kernel: &'k Kernel,
    /// Whether there are instructions that round to 16 bits.
    pub(super) has_narrow: bool,
    /// The function so far.
    pub(super) text: Text,
    /// The first chunk.
    pub(super) begin: Value,
    /// For each buffer its argument.
    pub(super) pointers: Vec<Pointer>,
    /// The lanes of the path being emitted.
    pub(super) place: Place,
    /// What loops over the steps of the current chunk computed, by value and step.
    pub(super) kept: HashMap<(ValueId, u32), Lanes>,
    /// What was loaded ahead of its step in the current chunk, as it lies in memory.
    pub(super) ahead: HashMap<(ValueId, u32), (BufferId, Lanes)>,
    /// What was loaded of each lane before the first step.
    pub(super) states: HashMap<ValueId, Lanes>,
    /// What was loaded ahead for the full chunk that comes first.
    pub(super) first: Option<Vec<Early>>,
    /// What the thread's lanes contribute to each sum, in the order of the statements.
    pub(super) sums: Vec<Lanes>,
    /// What lanes are divided by.
    pub(super) divisors: Divisors,
    marks: Marks,
    varying: Vec<bool>,
    known: Vec<Option<Lanes>>,
}

impl<'k> Emitter<'k> {
    /// An emission that has not begun.
    pub(super) fn new(kernel: &'k Kernel, marks: Marks, sm: u32) -> Self {
        let varying = varying(kernel);
        Self {
            kernel,
            has_narrow: sm >= 80,
            text: Text::new(marks.neuron.clone()),
            begin: "0".into(),
            pointers: Vec::new(),
            place: Place {
                first: "0".into(),
                width: 1,
                warp: "-1".into(),
                blocks: Vec::new(),
                offsets: Vec::new(),
            },
            kept: HashMap::new(),
            ahead: HashMap::new(),
            first: None,
            states: HashMap::new(),
            sums: Vec::new(),
            divisors: Divisors::of(kernel, &varying),
            marks,
            varying,
            known: vec![None; kernel.values.len()],
        }
    }

    /// Forgets all values, to emit the kernel once more for other lanes.
    pub(super) fn restart(&mut self, place: Place) {
        self.place = place;
        self.known.iter_mut().for_each(|lanes| *lanes = None);
        self.sums.clear();
    }

    /// What is emitted from here on is for the line that a value comes from.
    pub(super) fn on_line_of(&mut self, id: ValueId) {
        self.text.mark = self.marks.of(id);
    }

    /// What is emitted from here on is for no line but the neuron's own.
    pub(super) fn on_own_line(&mut self) {
        self.text.mark = self.marks.neuron.clone();
    }

    /// The LLVM type of a value.
    pub(super) fn ty(&self, id: ValueId) -> &'static str {
        inst::llvm_type(self.kernel.ty(id), self.kernel.compute)
    }

    /// How many values stand for this one: one a lane, or one for all.
    pub(super) fn width(&self, id: ValueId) -> usize {
        if self.varying[id.0 as usize] { self.place.width } else { 1 }
    }

    /// Says what a value is.
    pub(super) fn bind(&mut self, id: ValueId, lanes: Lanes) {
        self.known[id.0 as usize] = Some(lanes);
    }

    /// What a value is.
    pub(super) fn get(&self, id: ValueId) -> Result<Lanes, Bug> {
        let known = &self.known[id.0 as usize];
        known.clone().ok_or_else(|| Bug(format!("value {} is used where it is not defined", id.0)))
    }

    /// What a value is, with as many lanes as another one has.
    pub(super) fn get_for(&self, id: ValueId, other: ValueId) -> Result<Lanes, Bug> {
        let lanes = self.get(id)?;
        Ok((0..self.width(other)).map(|i| lane(&lanes, i).clone()).collect())
    }

    /// Emits an arithmetic operation on each lane.
    pub(super) fn arithmetic(
        &mut self,
        id: ValueId,
        op: &Op,
        operands: &[ValueId],
    ) -> Result<Lanes, Bug> {
        let args = operands.iter().map(|o| self.get(*o)).collect::<Result<Vec<Lanes>, Bug>>()?;
        let ty = operands.first().map_or(Type::Real, |o| self.kernel.ty(*o));
        let compute = self.kernel.compute;
        let lane_of = |i: usize| args.iter().map(|a| lane(a, i).clone()).collect::<Vec<Value>>();
        (0..self.width(id))
            .map(|i| inst::compute(&mut self.text, op, ty, compute, &lane_of(i)))
            .collect()
    }

    /// Emits a choice on each lane.
    pub(super) fn choose(&mut self, ty: &str, condition: &Lanes, a: &Lanes, b: &Lanes) -> Lanes {
        let width = condition.len().max(a.len()).max(b.len());
        let mut one = |i: usize| {
            let (a, b) = (lane(a, i), lane(b, i));
            if a == b {
                a.clone()
            } else {
                inst::select(&mut self.text, ty, lane(condition, i), a, b)
            }
        };
        (0..width).map(&mut one).collect()
    }
}
