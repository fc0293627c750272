//! A run: its sizes, and what all its tiles share.

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_artifact::{Entry, Role};

use super::check::FORWARD_TRAIN;
use super::elements;
use super::geometry::Geometry;
use super::operands::Operands;
use super::parallel;
use super::tiles::{self, Tiles};
use super::{Call, Neuron};
use crate::device::Memory;
use crate::error::{Error, Result};

/// A neuron with the sizes of a run and its params on the device.
pub struct Run<'n> {
    /// Whose kernels are launched.
    pub neuron: &'n Neuron,
    /// The sizes.
    pub geometry: Geometry,
    /// How its lanes are cut.
    pub tiles: Tiles,
    /// Params by the names of their buffers.
    pub params: BTreeMap<String, Box<dyn Memory>>,
    /// The shapes of params' gradients, by the params' names.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// The shapes of inputs that are repeated, by the names of their gradients' buffers.
    pub narrow: BTreeMap<String, Vec<usize>>,
    /// The calls of the programs of matrices.
    pub calls: Vec<Option<Call>>,
}

impl<'n> Run<'n> {
    /// Copies the params of a call to the device.
    ///
    /// # Errors
    ///
    /// Those of the device, and where its buffers cannot hold a single lane.
    pub fn new(neuron: &'n Neuron, operands: &Operands<'_>) -> Result<Self> {
        let geometry = operands.geometry.clone();
        let (name, most) = (neuron.device.name(), neuron.device.max_buffer());
        let tiles = Tiles::new(&neuron.manifest, &geometry, &name, most)?;
        let is_scan = |entry: &Entry| entry.scalars.iter().any(|scalar| scalar == "L");
        if !tiles.is_whole() && neuron.manifest.entries.values().any(is_scan) {
            return Err(Error::Unsupported {
                device: name,
                what: format!("a scan over {} lanes, more than its buffers hold", geometry.lanes),
                instead: "compile it with the schedule `loop`, which is no slower for so many"
                    .into(),
            });
        }
        let (params, shapes) = (BTreeMap::new(), BTreeMap::new());
        let narrow = operands.narrow.clone();
        let calls = operands.calls.clone();
        let mut run = Self { neuron, geometry, tiles, params, shapes, narrow, calls };
        for (name, stored) in &operands.params {
            let is_matrix = neuron.manifest.matrices.iter().any(|matrix| matrix.name == *name);
            let operand = if is_matrix { Operand::Matrix(name) } else { Operand::Param(name) };
            let buffer = operand.to_string();
            if neuron.takes(&buffer) {
                // `C` and `M` are at least 1 in launches, also of no lanes.
                let values = if stored.values.is_empty() { &[0.0] } else { &stored.values[..] };
                let memory = run.upload(&buffer, values)?;
                run.params.insert(buffer, memory);
            }
            run.shapes.insert(name.clone(), stored.shape.clone());
        }
        for (i, program) in neuron.programs.iter().enumerate() {
            if let (Some(program), Some(call)) = (program, &run.calls[i]) {
                let buffer = Operand::Matrix(&neuron.manifest.matrices[i].name).to_string();
                let memory = run.upload(&buffer, &parallel::matrix(program, call)?)?;
                run.params.insert(buffer, memory);
            }
        }
        let stepped = operands.stepped.iter();
        run.shapes.extend(stepped.map(|(name, stepped)| (name.clone(), stepped.shape.clone())));
        Ok(run)
    }

    /// New memory with these numbers, as elements of the operand's type.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn upload(&self, operand: &str, numbers: &[f32]) -> Result<Box<dyn Memory>> {
        let bytes = elements::bytes(self.neuron.dtype(operand), numbers);
        let mut memory = self.neuron.device.alloc(operand, bytes.len())?;
        self.neuron.device.write(memory.as_mut(), &bytes)?;
        Ok(memory)
    }

    /// The entry to launch for the steps of the run, with its name.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where there is none.
    pub fn entry(&self, name: &str) -> Result<(&'n str, &'n Entry)> {
        let found = self.neuron.manifest.entry_for(name, self.geometry.steps);
        found.ok_or_else(|| lacks(name))
    }

    /// The entries to launch for the steps of the run, one after the other, with their names.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where there is none.
    pub fn launches(&self, name: &str) -> Result<impl Iterator<Item = (&'n str, &'n Entry)>> {
        let found = self.neuron.manifest.launches(name, self.geometry.steps);
        found.ok_or_else(|| lacks(name))
    }

    /// The scalars of a launch over so many lanes, whose rows lie side by side.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] for a scalar that is not known.
    pub fn scalars(&self, entry: &Entry, lanes: usize) -> Result<Vec<i64>> {
        let value = |name: &String| {
            let name = if name.starts_with("stride.") { "N" } else { name };
            let unknown = || Error::Artifact(format!("scalar `{name}` is not known"));
            self.geometry.scalar(name, lanes).ok_or_else(unknown)
        };
        entry.scalars.iter().map(value).collect()
    }

    /// The bytes that `forward_train` saves, over all tiles.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where the shape of what is saved has no value.
    pub fn saved_bytes(&self) -> Result<usize> {
        let mut bytes = 0;
        let entries = self.neuron.manifest.launches(FORWARD_TRAIN, self.geometry.steps);
        for buffer in entries.into_iter().flatten().flat_map(|(_, entry)| &entry.buffers) {
            let is_saved = buffer.role == Role::Saved && buffer.written;
            for lanes in self.tiles.ranges().filter(|_| is_saved) {
                bytes += tiles::bytes(FORWARD_TRAIN, buffer, &self.geometry, lanes.len())?;
            }
        }
        Ok(bytes)
    }
}

fn lacks(name: &str) -> Error {
    Error::Artifact(format!("it has no entry `{name}`"))
}
