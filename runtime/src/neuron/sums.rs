//! The gradients of params: the second stage of sums over lanes.
//!
//! Where all lanes are one tile, `reduce` reads what backward wrote. Else the partial sums of the tiles
//! are laid end to end on the host and copied back for `reduce`, so that cutting changes nothing. Where
//! they would be too large for a buffer, as those of single lanes may be, or too many for the turns that
//! a loop may take, they are added on the host, in the order that `docs/kernel-ir.md` gives.

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_artifact::{Param, Sharing, group};

use super::array::{Array, Arrays};
use super::check::{BACKWARD, REDUCE};
use super::run::Run;
use super::tile::Tile;
use crate::device::{Argument, Memory};
use crate::error::{Error, Result};

/// The gradients of learnt params.
pub struct Sums {
    learnt: Vec<Learnt>,
    /// Partial sums of the tiles so far, by the names of params; empty where `reduce` reads them
    /// where they are.
    partials: BTreeMap<String, Vec<f32>>,
    /// Gradients on the device, by the names of params.
    grads: BTreeMap<String, Box<dyn Memory>>,
}

/// A param that is learnt.
struct Learnt {
    param: Param,
    /// The name of the buffer with its partial sums.
    partial: String,
}

/// What a gradient is the sum of: `grad[g]` of `partial[(o * G + g) * S + s]` over `o` and `s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sizes {
    g: usize,
    s: usize,
    o: usize,
}

impl Sizes {
    /// At most how many turns the loops of one sum take, the tests that end them among them.
    fn turns(self) -> usize {
        self.o.saturating_mul(self.s.saturating_add(2)).saturating_add(1)
    }
}

impl Sums {
    /// Those of a run's learnt params, of which nothing was taken yet.
    pub fn new(run: &Run<'_>) -> Self {
        let params = run.neuron.manifest.params.iter();
        let params = params.filter(|param| param.learn && !param.has_steps() && !param.is_matrix());
        let learnt = params.flat_map(Param::elements).map(|param| {
            let partial = Operand::Partial(&param.name).to_string();
            Learnt { param, partial }
        });
        Self { learnt: learnt.collect(), partials: BTreeMap::new(), grads: BTreeMap::new() }
    }

    /// Forgets what tiles gave before, in a launch that may have failed in the middle.
    pub fn restart(&mut self) {
        self.partials.clear();
    }

    /// Takes the partial sums of a tile, behind those of the tiles before it.
    ///
    /// # Errors
    ///
    /// Those of the device, and where tiles are too small for sums that do not depend on them.
    pub fn take(&mut self, run: &Run<'_>, tile: &Tile) -> Result<()> {
        for Learnt { param, partial } in &self.learnt {
            let Some(partial) = tile.memory(partial) else { continue };
            let n = partial.size() / 4;
            if run.tiles.is_whole() && sizes(run, param, n).turns() <= run.neuron.device.max_turns()
            {
                reduce(&mut self.grads, run, param, partial, n)?;
            } else {
                check_blocks(run, param)?;
                let so_far = self.partials.entry(param.name.clone()).or_default();
                let before = so_far.len();
                so_far.resize(before + n, 0.0);
                let bytes = bytemuck::cast_slice_mut(&mut so_far[before..]);
                run.neuron.device.read(partial, bytes)?;
            }
        }
        Ok(())
    }

    /// Adds up what the tiles gave, which all have been taken.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn finish(&mut self, run: &Run<'_>) -> Result<()> {
        for Learnt { param, .. } in &self.learnt {
            let Some(partial) = self.partials.remove(&param.name) else { continue };
            let device = &run.neuron.device;
            let sizes = sizes(run, param, partial.len());
            let fits = partial.len() * 4 <= device.max_buffer();
            if fits && sizes.turns() <= device.max_turns() {
                let memory = run.upload("partial", &partial)?;
                reduce(&mut self.grads, run, param, memory.as_ref(), partial.len())?;
            } else {
                let grad = on_host(&partial, sizes);
                let memory = run.upload("grad", &grad)?;
                self.grads.insert(param.name.clone(), memory);
            }
        }
        Ok(())
    }

    /// The gradients; zeros for a param that none of the results depend on.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn read(&self, run: &Run<'_>) -> Result<Arrays> {
        let mut arrays = Arrays::new();
        for Learnt { param, .. } in &self.learnt {
            let shape = run.shapes.get(&param.name).cloned().unwrap_or_default();
            let mut array = Array::zeros(&param.name, shape)?;
            if let Some(grad) = self.grads.get(&param.name) {
                let bytes = bytemuck::cast_slice_mut(array.data_mut());
                run.neuron.device.read(grad.as_ref(), bytes)?;
            }
            arrays.insert(param.name.clone(), array);
        }
        Ok(arrays)
    }
}

/// Starts `reduce` over so many partial sums, into the gradient of the param's name.
fn reduce(
    grads: &mut BTreeMap<String, Box<dyn Memory>>,
    run: &Run<'_>,
    param: &Param,
    partial: &dyn Memory,
    n: usize,
) -> Result<()> {
    let Sizes { g, s, o } = sizes(run, param, n);
    let device = &run.neuron.device;
    if !grads.contains_key(&param.name) {
        let memory = device.alloc("grad", g * 4)?;
        grads.insert(param.name.clone(), memory);
    }
    let Some(grad) = grads.get_mut(&param.name) else { return Ok(()) };
    if g * s * o == 0 {
        return device.write(grad.as_mut(), &vec![0; g * 4]);
    }
    let scalars = [g as i64, s as i64, o as i64];
    let mut arguments = [Argument::Read(partial), Argument::Write(grad.as_mut())];
    run.entry(REDUCE)?;
    run.neuron.module.launch(REDUCE, 0, g, &mut arguments, &scalars)
}

/// The sums of a param with so many partial ones.
fn sizes(run: &Run<'_>, param: &Param, n: usize) -> Sizes {
    let [g, s, o] = run.geometry.sums(param.sharing, n);
    Sizes { g, s, o }
}

/// Sums of blocks that begin elsewhere would be rounded otherwise, and groups would hold two channels.
fn check_blocks(run: &Run<'_>, param: &Param) -> Result<()> {
    let is_added = match param.sharing {
        Sharing::Layer => true,
        Sharing::Channel => group(run.geometry.inner) > 1,
        Sharing::Neuron => false,
    };
    if !is_added || run.tiles.whole_blocks {
        return Ok(());
    }
    let block = run.entry(BACKWARD)?.1.block;
    let device = run.neuron.device.name();
    let steps = run.geometry.steps;
    Err(Error::Unsupported {
        what: format!(
            "the gradient of `{}` over {steps} steps, of which a buffer does not hold {block} lanes",
            param.name
        ),
        instead: "run fewer steps at once, or run it on a device with larger buffers".into(),
        device,
    })
}

/// What `reduce` computes, with Kahan's compensation.
fn on_host(partial: &[f32], sizes: Sizes) -> Vec<f32> {
    let Sizes { g, s, .. } = sizes;
    let grad = |i: usize| {
        let rows = partial.chunks_exact((g * s).max(1));
        let (mut sum, mut lost) = (0.0_f32, 0.0_f32);
        for number in rows.flat_map(|row| &row[i * s..(i + 1) * s]) {
            let corrected = number - lost;
            let next = sum + corrected;
            lost = (next - sum) - corrected;
            sum = next;
        }
        sum
    };
    (0..g).map(grad).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_on_the_host_go_by_channel() {
        let partial: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let grad = on_host(&partial, Sizes { g: 3, s: 2, o: 2 });
        assert_eq!(grad, [14.0, 22.0, 30.0]);
        assert_eq!(on_host(&[], Sizes { g: 2, s: 0, o: 0 }), [0.0, 0.0]);
    }

    #[test]
    fn sums_on_the_host_keep_what_is_small() {
        let grad = on_host(&vec![0.1; 1_000_000], Sizes { g: 1, s: 1, o: 1_000_000 });
        assert_eq!(grad, [(f64::from(0.1_f32) * 1e6) as f32]);
    }
}
