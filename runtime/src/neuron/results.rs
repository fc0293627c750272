//! Results back on the host, tile by tile.

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_artifact::{Dtype, Port};

use super::array::{Array, Arrays};
use super::broadcast;
use super::call::{Forward, Gradients};
use super::check::{BACKWARD, FORWARD};
use super::elements;
use super::indexed;
use super::packed::{self, Packed};
use super::run::Run;
use super::tile::Tile;
use super::tiles;
use crate::error::{Error, Result};

/// Arrays to fill, by the names of their buffers.
pub struct Results {
    arrays: BTreeMap<String, Array>,
    narrow: BTreeMap<String, Vec<usize>>,
}

impl Results {
    /// Room for what forward gives and, if `gradients`, what backward gives for each lane.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] of the host.
    pub fn new(run: &Run<'_>, gradients: bool) -> Result<Self> {
        let manifest = &run.neuron.manifest;
        let mut arrays = BTreeMap::new();
        let (sequence, state) = (&run.geometry.shape[..], run.geometry.state());
        let mut add = |operand: Operand<'_>, shape: &[usize]| {
            let buffer = operand.to_string();
            let array = Array::zeros(&buffer, shape.to_vec())?;
            arrays.insert(buffer, array);
            Ok::<(), Error>(())
        };
        let words = [&[run.geometry.shape[0].div_ceil(packed::STEPS)], state].concat();
        for port in &manifest.outputs {
            match port {
                Port { packed: true, name, .. } => add(Operand::Packed(name), &words)?,
                Port { last: true, name, .. } => add(Operand::Output(name), state)?,
                Port { name, .. } => add(Operand::Output(name), sequence)?,
            }
        }
        for port in &manifest.states {
            add(Operand::Next(&port.name), state)?;
        }
        for port in manifest.inputs.iter().filter(|_| gradients) {
            add(Operand::InputGrad(&port.name), sequence)?;
        }
        let learnt = manifest.params.iter().filter(|param| param.learn && param.has_steps());
        for param in learnt.filter(|_| gradients && !manifest.parallel) {
            add(Operand::InputGrad(&param.name), sequence)?;
        }
        let reals = manifest.states.iter().filter(|state| state.dtype == Dtype::F32);
        for port in reals.filter(|_| gradients) {
            add(Operand::StateGrad(&port.name), state)?;
        }
        Ok(Self { arrays, narrow: run.narrow.clone() })
    }

    /// Reads the lanes of a tile.
    ///
    /// # Errors
    ///
    /// Those of the device, and where nothing has written a result.
    pub fn take(&mut self, run: &Run<'_>, tile: &Tile) -> Result<()> {
        for (buffer, array) in &mut self.arrays {
            let Some(memory) = tile.memory(buffer) else {
                written_by_none(run, buffer)?;
                continue;
            };
            let parsed = Operand::parse(buffer);
            // Words are taken as they are: bits in the place of f32's.
            let is_packed = matches!(parsed, Some(Operand::Packed(_)));
            let dtype = if is_packed { Dtype::F32 } else { run.neuron.dtype(buffer) };
            let device = run.neuron.device.as_ref();
            let operand = parsed.map_or(&buffer[..], |operand| operand.name());
            if run.tiles.is_whole() {
                elements::read(device, memory, dtype, operand, array.data_mut())?;
            } else {
                let mut columns = vec![0.0_f32; memory.size() / dtype.size()];
                elements::read(device, memory, dtype, operand, &mut columns)?;
                tiles::scatter(&columns, array.data_mut(), run.geometry.lanes, tile.lanes());
            }
        }
        Ok(())
    }

    /// What forward gave.
    pub fn into_forward(self, run: &Run<'_>) -> Forward {
        self.into_gradients(run, Arrays::new()).forward
    }

    /// What forward and backward gave.
    pub fn into_gradients(self, run: &Run<'_>, params: Arrays) -> Gradients {
        let mut all = Gradients { params, ..Gradients::default() };
        for (buffer, mut array) in self.arrays {
            if let Some(own) = self.narrow.get(&buffer) {
                array = broadcast::sum(&array, own);
            }
            let (arrays, name) = match Operand::parse(&buffer) {
                Some(Operand::Packed(name)) => {
                    let packed = Packed::of_array(run.geometry.shape[0], array);
                    all.forward.packed.insert(name.into(), packed);
                    continue;
                }
                Some(Operand::Output(name)) => (&mut all.forward.outputs, name),
                Some(Operand::Next(name)) => (&mut all.forward.states, name),
                Some(Operand::InputGrad(name)) => (&mut all.inputs, name),
                Some(Operand::StateGrad(name)) => (&mut all.states, name),
                _ => continue,
            };
            arrays.insert(name.into(), array);
        }
        indexed::join(run, &mut all);
        all
    }
}

/// That a buffer without memory is one that no kernel writes: then it is the gradient of something that
/// no result depends on, which is 0.
fn written_by_none(run: &Run<'_>, buffer: &str) -> Result<()> {
    let gradient =
        matches!(Operand::parse(buffer), Some(Operand::InputGrad(_) | Operand::StateGrad(_)));
    let kernel = if gradient { BACKWARD } else { FORWARD };
    let mut entries = run.launches(kernel)?;
    let writes = entries.any(|(_, entry)| entry.buffers.iter().any(|b| b.name == buffer));
    match (gradient, writes) {
        (true, false) => Ok(()),
        (_, true) => Err(Error::Device {
            device: run.neuron.device.name(),
            what: format!("reading `{buffer}`"),
            why: "nothing was launched that writes it".into(),
        }),
        (false, false) => Err(Error::Artifact(format!("`{FORWARD}` does not write `{buffer}`"))),
    }
}
