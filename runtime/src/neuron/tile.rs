//! Some lanes of a run: their buffers on the device, and launches over them.

use std::collections::BTreeMap;
use std::ops::Range;

use snn_artifact::{Buffer, Entry, Role};

use super::operands::Source;
use super::run::Run;
use super::tiles;
use crate::device::{Argument, Memory};
use crate::error::{Error, Result};

/// The buffers of some lanes: what one entry writes another one reads.
pub struct Tile {
    lanes: Range<usize>,
    /// With their names in the entries.
    memories: Vec<(String, Box<dyn Memory>)>,
    /// How kernels that were launched are launched again, by their names; the buffers are those there are.
    plans: BTreeMap<String, Plan>,
}

/// What a launch is given.
struct Plan {
    /// The entry.
    entry: String,
    /// Where its buffers come from, in order.
    buffers: Vec<Given>,
    scalars: Vec<i64>,
}

/// Where a launch gets a buffer from.
enum Given {
    /// It reads one of the tile's own.
    Read(usize),
    /// It writes one of the tile's own.
    Write(usize),
    /// It reads a param, of the buffer's name.
    Param(String),
    /// It is left out.
    Absent,
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
        let mut tile = Self { lanes, memories: Vec::new(), plans: BTreeMap::new() };
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
            self.forget(buffer);
            self.memories.push((buffer.clone(), memory));
        }
        Ok(())
    }

    /// Forgets a buffer, so that later launches are without it.
    pub fn forget(&mut self, buffer: &str) {
        self.memories.retain(|(name, _)| name != buffer);
        self.plans.clear();
    }

    /// Starts a kernel, and the sweeps behind it. What it writes is made where it is not there yet.
    ///
    /// # Errors
    ///
    /// Those of the device, and [`Error::Artifact`] where no entry before has written what it reads.
    pub fn launch(&mut self, run: &Run<'_>, kernel: &str) -> Result<()> {
        for (entry, signature) in run.launches(kernel)? {
            self.launch_entry(run, entry, signature)?;
        }
        Ok(())
    }

    fn launch_entry(&mut self, run: &Run<'_>, kernel: &str, signature: &Entry) -> Result<()> {
        if !self.plans.contains_key(kernel) {
            let plan = self.plan(run, kernel, signature)?;
            self.plans.insert(kernel.into(), plan);
        }
        let plan = &self.plans[kernel];
        let mut own: Vec<_> = self.memories.iter_mut().map(|(_, memory)| Some(memory)).collect();
        let mut own = |i: &usize| own[*i].take();
        let argument = |given: &Given| match given {
            Given::Read(i) => own(i).map(|memory| Argument::Read(&**memory)),
            Given::Write(i) => own(i).map(|memory| Argument::Write(memory.as_mut())),
            Given::Param(name) => run.params.get(name).map(|memory| Argument::Read(&**memory)),
            Given::Absent => Some(Argument::Absent),
        };
        let arguments: Option<Vec<_>> = plan.buffers.iter().map(argument).collect();
        let twice = || Error::Artifact(format!("`{}` has two buffers of one name", plan.entry));
        let (module, lanes) = (&run.neuron.module, &self.lanes);
        let mut arguments = arguments.ok_or_else(twice)?;
        module.launch(&plan.entry, lanes.start, lanes.len(), &mut arguments, &plan.scalars)
    }

    /// Finds what a launch is given, and makes what it writes.
    fn plan(&mut self, run: &Run<'_>, entry: &str, signature: &Entry) -> Result<Plan> {
        let lanes = self.lanes.len();
        let scalars = run.scalars(signature, lanes)?;
        // Of packed outputs the reals are left out.
        let is_left_out = |buffer: &Buffer| buffer.optional && buffer.role == Role::Output;
        for buffer in signature.buffers.iter().filter(|buffer| buffer.written) {
            if !is_left_out(buffer) && self.memory(&buffer.name).is_none() {
                let bytes = tiles::bytes(entry, buffer, &run.geometry, lanes)?;
                let memory = run.neuron.device.alloc(&buffer.name, bytes)?;
                self.memories.push((buffer.name.clone(), memory));
                self.plans.clear();
            }
        }
        let from = |buffer: &Buffer| {
            let own = self.memories.iter().position(|(name, _)| *name == buffer.name);
            match own {
                Some(i) if buffer.written => Some(Given::Write(i)),
                Some(i) => Some(Given::Read(i)),
                None if run.params.contains_key(&buffer.name) => {
                    Some(Given::Param(buffer.name.clone()))
                }
                None => buffer.optional.then_some(Given::Absent),
            }
        };
        let from = |buffer| from(buffer).ok_or_else(|| absent(entry, buffer));
        let buffers = signature.buffers.iter().map(from).collect::<Result<_>>()?;
        Ok(Plan { entry: entry.into(), buffers, scalars })
    }

    /// The lanes.
    pub fn lanes(&self) -> &Range<usize> {
        &self.lanes
    }

    /// A buffer; none where nothing has made it.
    pub fn memory(&self, buffer: &str) -> Option<&dyn Memory> {
        let found = self.memories.iter().find(|(name, _)| name == buffer);
        found.map(|(_, memory)| &**memory)
    }
}

fn absent(entry: &str, buffer: &Buffer) -> Error {
    Error::Artifact(format!("`{entry}` reads `{}`, which nothing has written", buffer.name))
}
