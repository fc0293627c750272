//! Operands on the device, and launches without copies.

use super::check::{BACKWARD, FORWARD, FORWARD_TRAIN};
use super::operands::{self, Operands};
use super::parallel::{self, Products};
use super::results::Results;
use super::run::Run;
use super::sums::Sums;
use super::tile::Tile;
use super::{Forward, Gradients, Neuron, Seeds};
use crate::error::Result;

/// A call whose operands are on the device, for any number of launches.
///
/// Buffers that launches write are made at the first launch that does. Only where a device's largest
/// buffer is too small for all lanes do the params' gradients pass through the host.
pub struct Prepared<'n> {
    run: Run<'n>,
    tiles: Vec<Tile>,
    sums: Sums,
    products: Products,
    saved_bytes: usize,
    is_trained: bool,
    seeded: Vec<String>,
}

impl<'n> Prepared<'n> {
    pub(super) fn new(neuron: &'n Neuron, operands: &Operands<'_>) -> Result<Self> {
        let run = Run::new(neuron, operands)?;
        let (mut tiles, sources) = (Vec::new(), operands.sources());
        for lanes in run.tiles.ranges() {
            tiles.push(Tile::new(&run, lanes, &sources)?);
        }
        let saved_bytes = run.saved_bytes()?;
        let sums = Sums::new(&run);
        let products = Products::default();
        Ok(Self { run, tiles, sums, products, saved_bytes, is_trained: false, seeded: Vec::new() })
    }

    /// Sets the gradients that backward begins with, in place of all set before; without any, they are
    /// 0.
    ///
    /// # Errors
    ///
    /// Names the seed that is unknown or of the wrong shape.
    pub fn seed(&mut self, seeds: &Seeds) -> Result<()> {
        let run = &self.run;
        let seeds = operands::seeds(&run.neuron.manifest, &run.geometry, seeds)?;
        for tile in &mut self.tiles {
            self.seeded.iter().for_each(|buffer| tile.forget(buffer));
            tile.write(run, &seeds)?;
        }
        self.seeded = seeds.into_iter().map(|(buffer, _)| buffer).collect();
        Ok(())
    }

    /// Starts `forward`.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn launch_forward(&mut self) -> Result<()> {
        self.tiles.iter_mut().try_for_each(|tile| tile.launch(&self.run, FORWARD))
    }

    /// Starts `forward_train`, which leaves what backward needs.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn launch_forward_train(&mut self) -> Result<()> {
        self.tiles.iter_mut().try_for_each(|tile| tile.launch(&self.run, FORWARD_TRAIN))?;
        self.is_trained = true;
        Ok(())
    }

    /// Starts `backward` and the sums of the params' gradients; before it `forward_train`, where that
    /// was not launched yet.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn launch_backward(&mut self) -> Result<()> {
        if !self.is_trained {
            self.launch_forward_train()?;
        }
        self.sums.restart();
        self.products.restart();
        for tile in &mut self.tiles {
            tile.launch(&self.run, BACKWARD)?;
            self.sums.take(&self.run, tile)?;
            self.products.take(&self.run, tile)?;
        }
        self.sums.finish(&self.run)
    }

    /// Waits for all launches.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn synchronize(&self) -> Result<()> {
        self.run.neuron.device.synchronize()
    }

    /// The bytes that `forward_train` saves for backward.
    pub fn saved_bytes(&self) -> usize {
        self.saved_bytes
    }

    /// What the last forward gave.
    ///
    /// # Errors
    ///
    /// Those of the device, and where nothing was launched.
    pub fn read_forward(&self) -> Result<Forward> {
        Ok(self.results(false)?.into_forward(&self.run))
    }

    /// What the last forward and backward gave.
    ///
    /// # Errors
    ///
    /// Those of the device, and where nothing was launched.
    pub fn read_gradients(&self) -> Result<Gradients> {
        let results = self.results(true)?;
        let mut gradients = results.into_gradients(&self.run, self.sums.read(&self.run)?);
        parallel::finish(&self.run, &self.products, &mut gradients)?;
        Ok(gradients)
    }

    fn results(&self, gradients: bool) -> Result<Results> {
        let mut results = Results::new(&self.run, gradients)?;
        self.tiles.iter().try_for_each(|tile| results.take(&self.run, tile))?;
        Ok(results)
    }
}
