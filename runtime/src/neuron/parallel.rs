//! Parallel neurons: matrices that are computed before a launch, and the gradients of matrices and of params with a
//! number for each step, which `outer` adds up over lanes.

use std::collections::BTreeMap;
use std::sync::Arc;

use snn_artifact::naming::{LAG, of_matrix};
use snn_artifact::{Axis, Manifest, Matrix, Outer};

use super::array::{Array, Arrays};
use super::check::{OUTER, REDUCE};
use super::params::Stored;
use super::run::Run;
use super::tile::Tile;
use super::{Call, Gradients, Neuron, Seeds};
use crate::device::{Argument, Device, Memory, Module};
use crate::error::{Error, Result};

/// The output of a matrix's program.
pub const OUTPUT: &str = "m";

/// The kernels of one matrix's program among those of a neuron.
struct Own {
    module: Arc<dyn Module>,
    prefix: String,
}

impl Module for Own {
    fn launch(
        &self,
        entry: &str,
        first_lane: usize,
        lanes: usize,
        buffers: &mut [Argument<'_>],
        scalars: &[i64],
    ) -> Result<()> {
        let name = if entry == REDUCE { entry.into() } else { format!("{}{entry}", self.prefix) };
        self.module.launch(&name, first_lane, lanes, buffers, scalars)
    }

    fn spills(&self, entry: &str) -> bool {
        self.module.spills(&format!("{}{entry}", self.prefix))
    }
}

/// The kernels of the program of a matrix, under their own names.
pub fn of_program(module: &Arc<dyn Module>, matrix: usize) -> Arc<dyn Module> {
    Arc::new(Own { module: Arc::clone(module), prefix: of_matrix(matrix) })
}

/// The programs of a neuron's matrices; none for one that is a param.
pub fn programs(
    device: &Arc<dyn Device>,
    module: &Arc<dyn Module>,
    manifest: &Manifest,
) -> Vec<Option<Neuron>> {
    let program = |(i, matrix): (usize, &Matrix)| {
        let manifest = matrix.program.as_deref()?.clone();
        let module = of_program(module, i);
        Some(Neuron { device: Arc::clone(device), module, manifest, programs: Vec::new() })
    };
    manifest.matrices.iter().enumerate().map(program).collect()
}

/// The calls of the programs of matrices, where a neuron is called so, with its params as they are stored.
pub fn calls(
    manifest: &Manifest,
    call: &Call,
    stored: &[(String, Stored)],
    steps: usize,
) -> Result<Vec<Option<Call>>> {
    let of_program = |program: &Manifest| {
        let mut own = Call { seed: call.seed, sizes: vec![steps; 2], ..Call::default() };
        for input in &program.inputs {
            let weight = stored.iter().find(|(name, _)| *name == input.name);
            let numbers = match weight {
                Some((_, weight)) if input.name != LAG => weight.values.clone(),
                _ => lags(steps),
            };
            own.inputs.insert(input.name.clone(), Array::new(vec![steps; 2], numbers)?);
        }
        let params = call.params.iter();
        let params = params.filter(|(name, _)| program.params.iter().any(|p| p.name == **name));
        own.params = params.map(|(name, array)| (name.clone(), array.clone())).collect();
        Ok(own)
    };
    let matrices = manifest.matrices.iter().map(|matrix| matrix.program.as_deref());
    matrices.map(|program| program.map(of_program).transpose()).collect()
}

/// The row's number less the column's, for each row and column.
pub fn lags(steps: usize) -> Vec<f32> {
    (0..steps * steps).map(|i| (i / steps) as f32 - (i % steps) as f32).collect()
}

/// A matrix whose program is called so.
pub fn matrix(program: &Neuron, call: &Call) -> Result<Vec<f32>> {
    let mut forward = program.forward(call)?;
    let lacks = || Error::Artifact(format!("a matrix has no output `{OUTPUT}`"));
    Ok(forward.outputs.remove(OUTPUT).ok_or_else(lacks)?.into_data())
}

/// What `outer` added up over the lanes of a run.
#[derive(Default)]
pub struct Products {
    /// For each tile, and for each of what is added up.
    parts: Vec<Part>,
    /// How many of them were taken since the last start.
    taken: usize,
}

/// Sums over the lanes of a tile.
struct Part {
    /// By blocks of lanes.
    partial: Box<dyn Memory>,
    /// Over all of them.
    sums: Box<dyn Memory>,
}

/// The columns of what `outer` gives.
fn columns(outer: &Outer, steps: usize) -> usize {
    if outer.right.is_some() { steps + 1 } else { 1 }
}

impl Products {
    /// Forgets what tiles gave before.
    pub fn restart(&mut self) {
        self.taken = 0;
    }

    /// Starts `outer` over what backward left in a tile, and `reduce` behind it.
    ///
    /// # Errors
    ///
    /// Those of the device.
    pub fn take(&mut self, run: &Run<'_>, tile: &Tile) -> Result<()> {
        let (steps, lanes) = (run.geometry.steps, tile.lanes().len());
        for outer in &run.neuron.manifest.outer {
            let lacks = |name: &String| Error::Artifact(format!("nothing has written `{name}`"));
            let left = tile.memory(&outer.left).ok_or_else(|| lacks(&outer.left))?;
            let right = match &outer.right {
                Some(name) => tile.memory(name).ok_or_else(|| lacks(name))?,
                None => left,
            };
            let columns = columns(outer, steps);
            let block = run.entry(OUTER)?.1.block.max(1) as usize;
            let (rows, row) = (lanes.div_ceil(block), steps * columns);
            let part = self.part(run, rows, row)?;
            let module = &run.neuron.module;
            if rows * row > 0 {
                let sizes = [steps, lanes, columns - 1, lanes, lanes];
                let mut arguments = [
                    Argument::Read(left),
                    Argument::Read(right),
                    Argument::Write(part.partial.as_mut()),
                ];
                let scalars = sizes.map(|size| size as i64);
                module.launch(OUTER, 0, lanes, &mut arguments, &scalars)?;
            }
            if rows * row > 0 && is_on_device(run, rows) {
                let mut arguments =
                    [Argument::Read(part.partial.as_ref()), Argument::Write(part.sums.as_mut())];
                module.launch(REDUCE, 0, row, &mut arguments, &[row as i64, 1, rows as i64])?;
            }
        }
        Ok(())
    }

    /// The memory of what is taken next.
    fn part(&mut self, run: &Run<'_>, rows: usize, row: usize) -> Result<&mut Part> {
        let device = &run.neuron.device;
        if self.taken == self.parts.len() {
            let partial = device.alloc("partial", 4 * rows * row)?;
            self.parts.push(Part { partial, sums: device.alloc("grad", 4 * row)? });
        }
        self.taken += 1;
        Ok(&mut self.parts[self.taken - 1])
    }

    /// The gradients of matrices, by their names, and of params `[T]`, which are put with the others.
    ///
    /// # Errors
    ///
    /// Those of the device.
    fn read(&self, run: &Run<'_>, params: &mut Arrays) -> Result<BTreeMap<String, Vec<f32>>> {
        let steps = run.geometry.steps;
        let mut matrices: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        let all = &run.neuron.manifest.outer;
        for (i, part) in self.parts[..self.taken].iter().enumerate() {
            let outer = &all[i % all.len()];
            let columns = columns(outer, steps);
            let sums = read(run, part, steps * columns)?;
            let rows = || sums.chunks_exact(columns);
            if let Some(name) = &outer.matrix {
                let products = rows().flat_map(|row| &row[..columns - 1]);
                add(matrices.entry(name.clone()).or_default(), products.copied());
            }
            for name in &outer.params {
                let mut total = params.remove(name).map_or_else(Vec::new, Array::into_data);
                add(&mut total, rows().map(|row| row[columns - 1]));
                params.insert(name.clone(), Array::new(vec![steps], total)?);
            }
        }
        Ok(matrices)
    }
}

/// Whether a device may take as many turns as there are blocks.
fn is_on_device(run: &Run<'_>, rows: usize) -> bool {
    rows.saturating_mul(3) < run.neuron.device.max_turns()
}

/// Sums that are on the device, or partial ones added up here; zeros where there are no lanes.
fn read(run: &Run<'_>, part: &Part, row: usize) -> Result<Vec<f32>> {
    let device = &run.neuron.device;
    let mut sums = vec![0.0_f32; row];
    let rows = (part.partial.size() / 4).checked_div(row).unwrap_or(0);
    if rows == 0 {
        return Ok(sums);
    }
    if is_on_device(run, rows) {
        device.read(part.sums.as_ref(), bytemuck::cast_slice_mut(&mut sums))?;
        return Ok(sums);
    }
    let mut all = vec![0.0_f32; rows * row];
    device.read(part.partial.as_ref(), bytemuck::cast_slice_mut(&mut all))?;
    all.chunks_exact(row).for_each(|own| add(&mut sums, own.iter().copied()));
    Ok(sums)
}

/// Adds numbers to those that there are.
fn add(sums: &mut Vec<f32>, terms: impl Iterator<Item = f32>) {
    for (i, term) in terms.enumerate() {
        match sums.get_mut(i) {
            Some(sum) => *sum += term,
            None => sums.push(term),
        }
    }
}

/// Adds the gradients of matrices and of params with a number for each step to those of a run.
///
/// # Errors
///
/// Those of the device.
pub fn finish(run: &Run<'_>, products: &Products, gradients: &mut Gradients) -> Result<()> {
    let manifest = &run.neuron.manifest;
    let steps = run.geometry.steps;
    let params = &mut gradients.params;
    let matrices = products.read(run, params)?;
    let learnt = manifest.params.iter().filter(|param| param.learn);
    for param in learnt.filter(|_| manifest.parallel) {
        let shape = match param.axis {
            Some(Axis::Matrix) => vec![steps; 2],
            Some(Axis::Steps) => vec![steps],
            _ => continue,
        };
        if !params.contains_key(&param.name) {
            params.insert(param.name.clone(), Array::zeros(&param.name, shape)?);
        }
    }
    for (i, matrix) in manifest.matrices.iter().enumerate() {
        let Some(grad) = matrices.get(&matrix.name) else { continue };
        let (Some(program), Some(call)) = (&run.neuron.programs[i], &run.calls[i]) else {
            add_to(params, &matrix.name, grad);
            continue;
        };
        let grad = Array::new(vec![steps; 2], grad.clone())?;
        let outputs = Arrays::from([(OUTPUT.to_string(), grad)]);
        let own = program.grad(call, &Seeds { outputs, ..Seeds::default() })?;
        own.inputs.iter().for_each(|(name, grad)| add_to(params, name, grad.data()));
        own.params.iter().for_each(|(name, grad)| add_to(params, name, grad.data()));
    }
    Ok(())
}

/// Adds to the gradient of a param, where it is learnt.
fn add_to(params: &mut Arrays, name: &str, grad: &[f32]) {
    if let Some(array) = params.get_mut(name) {
        array.data_mut().iter_mut().zip(grad).for_each(|(sum, term)| *sum += term);
    }
}
