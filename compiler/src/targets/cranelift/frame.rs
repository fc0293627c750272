//! Where values lie on the stack while other runs are carried out.
//!
//! Everything lies in one slot at offsets known here, so that a run needs one register for all of it and
//! a second one for what is kept of the step it is at.

use super::form::pitch;
use super::program::Program;
use crate::kernel::{BufferId, Shape, Stmt, ValueId};

/// Bytes between two rows beyond what they hold: rows a multiple of 4 KiB apart would fall into the
/// same sets of the cache, and a load would wait for a store that it has nothing to do with.
const PAD: u32 = 64;

/// Offsets in the slot, in bytes.
pub struct Frame {
    /// By value: its row, a lane each.
    rows: Vec<Option<u32>>,
    /// By value: its first row, one for each step of a chunk.
    kept: Vec<Option<u32>>,
    /// By buffer: the sums of the lanes of a unit, then that of the lanes taken one by one.
    sums: Vec<Option<u32>>,
    /// By buffer: the row of what lanes contribute to the sums of groups.
    groups: Vec<Option<u32>>,
    /// Where accesses of buffers that were left out go: a row of 8 bytes a lane.
    pub scratch: u32,
    /// Where loads of buffers that were left out find zeros, where some ask for them: as long a row.
    pub zeros: Option<u32>,
    /// Lanes of a strip.
    pub lanes: u32,
    /// From one row to the next.
    pub row: u32,
    /// All of it.
    pub size: u32,
}

impl Frame {
    /// Lays out what a program needs for strips of `lanes` and units of `unit` lanes.
    pub fn new(program: &Program<'_>, lanes: u32, unit: u32) -> Self {
        let kernel = program.kernel;
        let n_values = kernel.values.len();
        let pitch = pitch(kernel.compute);
        let row = lanes * pitch + PAD;
        let mut frame = Frame {
            rows: vec![None; n_values],
            kept: vec![None; n_values],
            sums: vec![None; kernel.buffers.len()],
            groups: vec![None; kernel.buffers.len()],
            scratch: 0,
            zeros: None,
            lanes,
            row,
            size: lanes * 8 + PAD,
        };
        if program.has_zero_fallback() {
            frame.zeros = Some(frame.take(lanes * 8));
        }
        for value in 0..n_values {
            frame.rows[value] = program.crosses[value].then(|| frame.take(row));
        }
        for stmt in &kernel.body {
            let Stmt::Reduce(buffer, _) = stmt else { continue };
            match kernel.buffer(*buffer).shape {
                Shape::Group => frame.groups[buffer.0 as usize] = Some(frame.take(row)),
                _ => frame.sums[buffer.0 as usize] = Some(frame.take((unit + 1) * pitch)),
            }
        }
        for value in 0..n_values {
            let rows = program.kept[value].then(|| frame.take(row * kernel.schedule.chunk));
            frame.kept[value] = rows;
        }
        frame
    }

    fn take(&mut self, bytes: u32) -> u32 {
        let offset = self.size;
        self.size += bytes.next_multiple_of(PAD);
        offset
    }

    /// The row of a value, if it has one.
    pub fn row_of(&self, value: ValueId) -> Option<u32> {
        self.rows[value.0 as usize]
    }

    /// The row of a kept value at the first step of the chunk, if it is kept.
    pub fn kept_of(&self, value: ValueId) -> Option<u32> {
        self.kept[value.0 as usize]
    }

    /// The sums of a buffer that has one for each block.
    pub fn sums_of(&self, buffer: BufferId) -> Option<u32> {
        self.sums[buffer.0 as usize]
    }

    /// The row of what lanes contribute to a buffer that has a sum for each group.
    pub fn groups_of(&self, buffer: BufferId) -> Option<u32> {
        self.groups[buffer.0 as usize]
    }
}
