//! A loaded neuron: arrays in, arrays out, on any device.

mod array;
mod broadcast;
mod call;
mod check;
mod draw;
mod elements;
mod geometry;
mod indexed;
mod ints;
mod operands;
mod packed;
mod parallel;
mod params;
mod prepared;
mod results;
mod run;
mod sums;
mod tile;
mod tiles;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use snn_artifact::{Artifact, Dtype, Manifest};

use crate::device::{Device, Module};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;

pub use array::{Array, Arrays};
pub use call::{ALL, CHANNEL_AXIS, Call, Forward, Gradients, Seeds};
pub use packed::Packed;
pub use params::{default_numbers, stored_numbers};
pub use prepared::Prepared;

#[cfg(feature = "torch")]
pub(crate) use check::manifest as check_manifest;
#[cfg(feature = "torch")]
pub(crate) use geometry::{Draws, Geometry};
#[cfg(feature = "torch")]
pub(crate) use operands::{known, list, names};
#[cfg(feature = "torch")]
pub(crate) use parallel::{OUTPUT, lags, of_program};
pub(crate) use params::{check as check_param, moved as moved_param};

use check::{BACKWARD, FORWARD, FORWARD_TRAIN};
use operands::Operands;
use parallel::Products;
use results::Results;
use run::Run;
use sums::Sums;
use tile::Tile;

/// A neuron's kernels on a device.
pub struct Neuron {
    device: Arc<dyn Device>,
    module: Arc<dyn Module>,
    manifest: Manifest,
    /// Those of matrices that are no params.
    programs: Vec<Option<Neuron>>,
}

impl Neuron {
    /// Loads an artifact.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where it is of another version, for another device, or asks for what this
    /// runtime does not know; those of the device.
    pub fn load(device: Arc<dyn Device>, artifact: Artifact) -> Result<Self> {
        check::manifest(&artifact.manifest, device.as_ref())?;
        let module: Arc<dyn Module> = device.load(&artifact)?.into();
        let programs = parallel::programs(&device, &module, &artifact.manifest);
        Ok(Self { device, module, manifest: artifact.manifest, programs })
    }

    /// What the artifact says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it runs on.
    pub fn device(&self) -> &Arc<dyn Device> {
        &self.device
    }

    /// Outputs and last states.
    ///
    /// # Errors
    ///
    /// Names the operand that is missing, unknown, of the wrong shape, out of its range or without room.
    pub fn forward(&self, call: &Call) -> Result<Forward> {
        let operands = self.operands(call)?;
        let (run, sources) = (Run::new(self, &operands)?, operands.sources());
        let mut results = Results::new(&run, false)?;
        for lanes in run.tiles.ranges() {
            let mut tile = Tile::new(&run, lanes, &sources)?;
            tile.launch(&run, FORWARD)?;
            results.take(&run, &tile)?;
        }
        Ok(results.into_forward(&run))
    }

    /// The gradients of what `seeds` weigh, and what forward gives.
    ///
    /// # Errors
    ///
    /// As [`Neuron::forward`].
    pub fn grad(&self, call: &Call, seeds: &Seeds) -> Result<Gradients> {
        let operands = self.operands(call)?;
        let seeds = operands::seeds(&self.manifest, &operands.geometry, seeds)?;
        let (run, sources) = (Run::new(self, &operands)?, operands.sources());
        let mut results = Results::new(&run, true)?;
        let (mut sums, mut products) = (Sums::new(&run), Products::default());
        for lanes in run.tiles.ranges() {
            let mut tile = Tile::new(&run, lanes, &sources)?;
            tile.write(&run, &seeds)?;
            tile.launch(&run, FORWARD_TRAIN)?;
            tile.launch(&run, BACKWARD)?;
            results.take(&run, &tile)?;
            sums.take(&run, &tile)?;
            products.take(&run, &tile)?;
        }
        sums.finish(&run)?;
        let mut gradients = results.into_gradients(&run, sums.read(&run)?);
        parallel::finish(&run, &products, &mut gradients)?;
        Ok(gradients)
    }

    /// Copies the operands to the device, to be launched on any number of times.
    ///
    /// # Errors
    ///
    /// As [`Neuron::forward`].
    pub fn prepare(&self, call: &Call) -> Result<Prepared<'_>> {
        Prepared::new(self, &self.operands(call)?)
    }

    /// Whether an entry, as it is chosen for so many steps, needs memory beside its registers.
    #[cfg(feature = "jit")]
    pub(crate) fn spills(&self, entry: &str, steps: usize) -> bool {
        let found = self.manifest.entry_for(entry, steps);
        found.is_some_and(|(name, _)| self.module.spills(name))
    }

    fn operands<'a>(&self, call: &'a Call) -> Result<Operands<'a>> {
        Operands::new(&self.manifest, call)
    }

    /// The type of a buffer's elements.
    fn dtype(&self, buffer: &str) -> Dtype {
        check::dtype(&self.manifest, buffer)
    }

    /// Whether any entry takes a buffer of this name.
    fn takes(&self, buffer: &str) -> bool {
        self.manifest.entries.values().flat_map(|e| &e.buffers).any(|b| b.name == buffer)
    }
}

impl std::fmt::Debug for Neuron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.manifest.neuron, self.device.name())
    }
}
