//! Some lanes of a run: their buffers on the device, and launches over them.

use std::collections::BTreeMap;
use std::ops::Range;

use snn_artifact::{Buffer, Role};

use super::operands::Source;
use super::run::Run;
use super::tiles;
use crate::device::{Argument, Memory};
use crate::error::{Error, Result};

/// The buffers of some lanes, by their names in the entries: what one entry writes another one reads.
pub struct Tile {
    lanes: Range<usize>,
    memories: BTreeMap<String, Box<dyn Memory>>,
}

impl Tile {
    /// Copies the operands of these lanes to the device.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn new(
        run: &Run<'_>,
        lanes: Range<usize>,
        operands: &[(String, Source<'_>)],
    ) -> Result<Self> {
        let mut tile = Self { lanes, memories: BTreeMap::new() };
        tile.write(run, operands)?;
        Ok(tile)
    }

    /// Copies more operands of these lanes to the device.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn write(&mut self, run: &Run<'_>, operands: &[(String, Source<'_>)]) -> Result<()> {
        for (buffer, source) in operands.iter().filter(|(buffer, _)| run.neuron.takes(buffer)) {
            let memory = match source {
                Source::Rows(rows) => {
                    let columns = tiles::gather(rows, run.geometry.lanes, &self.lanes);
                    run.upload(buffer, &columns)?
                }
                Source::Full { rows, number } => {
                    run.upload(buffer, &vec![*number; rows * self.lanes.len()])?
                }
            };
            self.memories.insert(buffer.clone(), memory);
        }
        Ok(())
    }

    /// Forgets a buffer, so that later launches are without it.
    pub fn forget(&mut self, buffer: &str) {
        self.memories.remove(buffer);
    }

    /// Starts an entry. What it writes is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// Those of the device, and [`Error::Artifact`] where no entry before has written what it reads.
    pub fn launch(&mut self, run: &Run<'_>, entry: &str) -> Result<()> {
        let (entry, signature) = run.entry(entry)?;
        let lanes = self.lanes.len();
        // Of packed outputs the reals are left out.
        let is_left_out = |buffer: &Buffer| buffer.optional && buffer.role == Role::Output;
        for buffer in signature.buffers.iter().filter(|buffer| buffer.written) {
            if !is_left_out(buffer) && !self.memories.contains_key(&buffer.name) {
                let bytes = tiles::bytes(entry, buffer, &run.geometry, lanes)?;
                let memory = run.neuron.device.alloc(&buffer.name, bytes)?;
                self.memories.insert(buffer.name.clone(), memory);
            }
        }
        let scalars = run.scalars(signature, lanes)?;
        let mut own: BTreeMap<&str, &mut Box<dyn Memory>> =
            self.memories.iter_mut().map(|(name, memory)| (name.as_str(), memory)).collect();
        let mut arguments = Vec::new();
        for buffer in &signature.buffers {
            let found = match own.remove(buffer.name.as_str()) {
                Some(memory) if buffer.written => Some(Argument::Write(memory.as_mut())),
                Some(memory) => Some(Argument::Read(&**memory)),
                None => shared(run, buffer),
            };
            arguments.push(found.ok_or_else(|| absent(entry, buffer))?);
        }
        run.neuron.module.launch(entry, self.lanes.start, lanes, &mut arguments, &scalars)
    }

    /// The lanes.
    pub fn lanes(&self) -> &Range<usize> {
        &self.lanes
    }

    /// A buffer; none where nothing has made it.
    pub fn memory(&self, buffer: &str) -> Option<&dyn Memory> {
        self.memories.get(buffer).map(|memory| &**memory)
    }
}

/// What a tile does not have itself: params, and what may be left out.
fn shared<'a>(run: &'a Run<'_>, buffer: &Buffer) -> Option<Argument<'a>> {
    let param = run.params.get(&buffer.name).map(|memory| Argument::Read(&**memory));
    param.or(buffer.optional.then_some(Argument::Absent))
}

fn absent(entry: &str, buffer: &Buffer) -> Error {
    Error::Artifact(format!("`{entry}` reads `{}`, which nothing has written", buffer.name))
}
