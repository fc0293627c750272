//! Loads that are issued ahead of the steps that use them: those of a whole chunk before its first step, and
//! those of the first chunk before anything else, so that params arrive and are computed with meanwhile.

use super::emitter::{Chunk, Emitter, Lanes};
use super::memory::size;
use super::stream;
use super::text::Value;
use crate::error::Bug;
use crate::kernel::lower::is_short;
use crate::kernel::{BufferId, Kernel, Loop, Op, Shape, Stmt, ValueId};

/// Loads of all loops of a chunk are issued before its first step while they and what is kept fit into
/// this many registers; otherwise each loop's before its own first step.
const REGISTERS_AHEAD: usize = 160;

/// A value that was loaded ahead.
#[derive(Clone)]
pub(super) struct Early {
    value: ValueId,
    step: u32,
    buffer: BufferId,
    /// Its lanes, as they lie in memory.
    registers: Lanes,
}

impl Emitter<'_> {
    /// Whether the loads of all loops of a chunk fit into registers.
    pub(super) fn fits_ahead(&self, chunks: &Loop, unrolled: u32) -> bool {
        // A product needs the registers before the first step does.
        if chunks.body.iter().any(|stmt| matches!(stmt, Stmt::Product(_))) {
            return false;
        }
        let loads = loops(&chunks.body).map(|steps| sequence_loads(self.kernel, steps).count());
        let loads: usize = loads.sum();
        let kept = self.kernel.kept_values().len();
        (loads + kept) * unrolled as usize * self.place.width <= REGISTERS_AHEAD
    }

    /// Issues the loads of all loops of a chunk, where a condition holds.
    pub(super) fn load_chunk(
        &mut self,
        chunks: &Loop,
        chunk: &Chunk,
        condition: Option<&Value>,
    ) -> Result<Vec<Early>, Bug> {
        let mut early = Vec::new();
        for steps in loops(&chunks.body) {
            self.load_steps(steps, chunk, condition, &mut early)?;
        }
        self.hold();
        Ok(early)
    }

    /// Issues the loads of all steps of a loop, unless they were issued with those of the chunk.
    pub(super) fn load_loop(&mut self, steps: &Loop, chunk: &Chunk) -> Result<(), Bug> {
        let mut loads = sequence_loads(self.kernel, steps);
        if loads.all(|(value, _)| self.ahead.contains_key(&(value, 0))) {
            return Ok(());
        }
        let mut early = Vec::new();
        self.load_steps(steps, chunk, None, &mut early)?;
        self.hold();
        self.take_early(early);
        Ok(())
    }

    fn load_steps(
        &mut self,
        steps: &Loop,
        chunk: &Chunk,
        condition: Option<&Value>,
        early: &mut Vec<Early>,
    ) -> Result<(), Bug> {
        let loads: Vec<(ValueId, BufferId)> = sequence_loads(self.kernel, steps).collect();
        let buffers = loads.iter().map(|(_, buffer)| *buffer).collect();
        let mut walk = self.walk(steps.order, buffers, chunk);
        for position in 0..walk.steps.len() {
            let step = walk.steps[position];
            for (i, &(value, buffer)) in loads.iter().enumerate() {
                self.on_line_of(value);
                let from = self.of_thread(buffer, &walk.pointers[i].1)?;
                let registers = self.load_registers(buffer, &from, condition);
                early.push(Early { value, step, buffer, registers });
            }
            self.on_own_line();
            self.advance(&mut walk, position, chunk);
        }
        Ok(())
    }

    /// Makes loads known to the steps that use them.
    pub(super) fn take_early(&mut self, early: Vec<Early>) {
        let of = |early: Early| ((early.value, early.step), (early.buffer, early.registers));
        self.ahead.extend(early.into_iter().map(of));
    }

    /// What was loaded for a value of a step.
    pub(super) fn loaded_ahead(&mut self, value: ValueId, step: u32) -> Option<Lanes> {
        let (buffer, registers) = self.ahead.get(&(value, step))?.clone();
        Some(self.widened(buffer, &registers))
    }

    /// The same once more, where elements of 16 bits stay in registers as they were loaded: two in one.
    pub(super) fn kept_packed(&mut self, value: ValueId, step: u32) -> Option<Lanes> {
        let (buffer, registers) = self.ahead.get(&(value, step))?.clone();
        let storage = self.kernel.buffer(buffer).storage;
        if size(storage) > 2 || self.place.width == 1 {
            return None;
        }
        let text = &mut self.text;
        let apart = registers.iter().flat_map(|both| stream::apart(text, storage, both));
        let apart: Lanes = apart.collect();
        Some(self.widened_each(storage, &apart))
    }

    /// Issues the loads of the full chunk where no more than one can come, if it does. There is no branch, so
    /// that the assembler puts params and what is computed of them behind these loads.
    pub(super) fn load_first(&mut self, chunks: &Loop) -> Result<(), Bug> {
        self.first = None;
        let is_wide = self.place.width == self.kernel.schedule.lanes as usize;
        if is_short(self.kernel) && is_wide && self.fits_ahead(chunks, self.kernel.schedule.chunk) {
            let comes = self.text.value("icmp ne i64 %full, 0");
            let comes = self.text.value(format_args!("zext i1 {comes} to i32"));
            let chunk = self.full_chunk(&"0".into());
            self.first = Some(self.load_chunk(chunks, &chunk, Some(&comes))?);
        }
        Ok(())
    }

    /// Issues the loads of what each lane has of its own before the first step.
    pub(super) fn load_states(&mut self) -> Result<(), Bug> {
        let kernel = self.kernel;
        self.states.clear();
        for stmt in &kernel.body {
            if let Stmt::Let(id, Op::Load(buffer) | Op::LoadOr(buffer, _)) = stmt
                && kernel.buffer(*buffer).shape == Shape::Lane
            {
                self.on_line_of(*id);
                let lanes = self.load(*buffer, None)?;
                self.states.insert(*id, lanes);
            }
        }
        self.on_own_line();
        Ok(())
    }

    /// Keeps the assembler from moving loads that were issued ahead to where they are used.
    fn hold(&mut self) {
        let warp = &self.place.warp;
        let hold = "call void asm sideeffect \"bar.warp.sync $0;\", \"r\"";
        self.text.effect(format_args!("{hold}(i32 {warp})"));
    }
}

/// The loops that stand in a body.
pub(super) fn loops(body: &[Stmt]) -> impl Iterator<Item = &Loop> {
    body.iter().filter_map(|stmt| match stmt {
        Stmt::Loop(inner) => Some(inner),
        _ => None,
    })
}

/// The loads of sequences in a loop over steps.
fn sequence_loads<'k>(
    kernel: &'k Kernel,
    steps: &'k Loop,
) -> impl Iterator<Item = (ValueId, BufferId)> + use<'k> {
    let loads = steps.body.iter().filter_map(|stmt| match stmt {
        Stmt::Let(id, Op::Load(buffer) | Op::LoadOr(buffer, _)) => Some((*id, *buffer)),
        _ => None,
    });
    loads.filter(|(_, buffer)| kernel.buffer(*buffer).shape == Shape::Sequence)
}
