//! The passes of a parallel neuron: its own kernels, those of its matrices, and what is added up over lanes.

use std::collections::BTreeMap;

use snn_artifact::{self as artifact, Artifact, Manifest, Target, naming};

use super::{Options, emit, legal, lowered, manifest, middle};
use crate::check::hir::{Matrix, Neuron};
use crate::diff::Adjoint;
use crate::error::EmitError;
use crate::kernel::lower::{Sweeps, parallel};
use crate::kernel::{Kernel, Schedule, Verified};
use crate::saves;
use crate::targets::Emitted;

/// The steps of a chunk of a parallel neuron on NVIDIA GPUs, where each is a sum in a register.
const CHUNK: u32 = 16;

fn schedule(options: &Options) -> Schedule {
    let own = options.schedule();
    let is_free = options.tuning.chunk.is_none() && matches!(options.target, Target::Ptx { .. });
    Schedule { chunk: if is_free { CHUNK } else { own.chunk }, ..own }
}

fn sweeps(adjoint: &Adjoint, options: &Options) -> Sweeps {
    parallel::lower(adjoint, schedule(options))
}

/// What is saved for backward.
pub(super) fn saves(adjoint: &Adjoint, options: &Options) -> saves::Report {
    saves::report::of_sweeps(adjoint, &sweeps(adjoint, options), schedule(options))
}

/// The kernels of a neuron and of its matrices' programs, and what they were made from.
pub(super) struct Made {
    pub kernels: Vec<Verified<Kernel>>,
    adjoint: Adjoint,
    sweeps: Sweeps,
    /// What the program of each matrix saves; none for one that is a param.
    programs: Vec<Option<Vec<saves::Entry>>>,
}

/// Makes all kernels of a neuron.
pub(super) fn kernels(neuron: &Neuron, options: &Options) -> Result<Made, EmitError> {
    let adjoint = middle(neuron, options);
    let sweeps = sweeps(&adjoint, options);
    let mut kernels = legal(sweeps.kernels.clone(), options)?;
    let mut programs = Vec::new();
    for (i, matrix) in neuron.matrices.iter().enumerate() {
        if matrix.is_param() {
            programs.push(None);
            continue;
        }
        let (lowered, saved) = lowered(&middle(&matrix.program, options), options);
        programs.push(Some(saved));
        let named = lowered.all().map(|kernel| {
            let name = naming::of_matrix(i) + &kernel.name;
            Kernel { name, ..kernel }
        });
        kernels.extend(legal(named, options)?);
    }
    Ok(Made { kernels, adjoint, sweeps, programs })
}

/// [`super::back`] of a parallel neuron.
pub(super) fn back(neuron: &Neuron, options: &Options, key: String) -> Result<Artifact, EmitError> {
    let Made { kernels, adjoint, sweeps, programs } = kernels(neuron, options)?;
    let Emitted { code, entries } = emit(&kernels, &options.target)?;
    let saved = saves::report::of_saves(&adjoint, &sweeps.saves, schedule(options));
    let matrix = |(i, (matrix, saved)): (usize, (&Matrix, Option<Vec<saves::Entry>>))| {
        let program = saved.map(|saved| {
            let own = of_program(i, &entries);
            Box::new(manifest(&matrix.program, options, key.clone(), &saved, own))
        });
        artifact::Matrix { name: matrix.name.clone(), program }
    };
    let matrices = neuron.matrices.iter().zip(programs).enumerate().map(matrix).collect();
    let manifest = manifest(neuron, options, key, &saved, entries);
    Ok(Artifact { manifest: Manifest { matrices, outer: sweeps.outer, ..manifest }, code })
}

/// The entries of the program of a matrix, under their own names.
fn of_program(
    i: usize,
    entries: &BTreeMap<String, artifact::Entry>,
) -> BTreeMap<String, artifact::Entry> {
    let prefix = naming::of_matrix(i);
    let own = entries.iter().filter_map(|(name, entry)| {
        let own = name.strip_prefix(&prefix).or((name == "reduce").then_some(name))?;
        Some((own.to_string(), entry.clone()))
    });
    own.collect()
}
