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

/// The kernels of the neuron and of its matrices' programs, and what they were made from.
pub(super) fn kernels(
    neuron: &Neuron,
    options: &Options,
) -> Result<(Vec<Verified<Kernel>>, Adjoint, Sweeps), EmitError> {
    let adjoint = middle(neuron, options);
    let sweeps = sweeps(&adjoint, options);
    let mut kernels = legal(sweeps.kernels.clone(), options)?;
    for (i, matrix) in programs(neuron) {
        let (lowered, _) = lowered(&middle(&matrix.program, options), options);
        let named = lowered.all().map(|kernel| {
            let name = naming::of_matrix(i) + &kernel.name;
            Kernel { name, ..kernel }
        });
        kernels.extend(legal(named, options)?);
    }
    Ok((kernels, adjoint, sweeps))
}

/// The matrices that are no params as they are, by their places.
fn programs(neuron: &Neuron) -> impl Iterator<Item = (usize, &Matrix)> {
    neuron.matrices.iter().enumerate().filter(|(_, matrix)| !matrix.is_param())
}

/// [`super::back`] of a parallel neuron.
pub(super) fn back(neuron: &Neuron, options: &Options, key: String) -> Result<Artifact, EmitError> {
    let (kernels, adjoint, sweeps) = kernels(neuron, options)?;
    let Emitted { code, entries } = emit(&kernels, &options.target)?;
    let saved = saves::report::of_saves(&adjoint, &sweeps.saves, schedule(options));
    let matrices = neuron.matrices.iter().enumerate().map(|(i, matrix)| artifact::Matrix {
        name: matrix.name.clone(),
        program: (!matrix.is_param())
            .then(|| Box::new(program(i, matrix, options, &key, &entries))),
    });
    let matrices = matrices.collect();
    let outer = sweeps.outer.into_iter().map(|outer| artifact::Outer {
        left: outer.left,
        right: outer.right,
        matrix: outer.matrix,
        params: outer.params,
    });
    let outer = outer.collect();
    let manifest = manifest(neuron, options, key, &saved, entries);
    Ok(Artifact { manifest: Manifest { matrices, outer, ..manifest }, code })
}

/// What the manifest says of a matrix's program, with its kernels under their own names.
fn program(
    i: usize,
    matrix: &Matrix,
    options: &Options,
    key: &str,
    entries: &BTreeMap<String, artifact::Entry>,
) -> Manifest {
    let prefix = naming::of_matrix(i);
    let own = entries.iter().filter_map(|(name, entry)| {
        let own = name.strip_prefix(&prefix).or((name == "reduce").then_some(name))?;
        Some((own.to_string(), entry.clone()))
    });
    let program = &matrix.program;
    let (_, saved) = lowered(&middle(program, options), options);
    manifest(program, options, key.into(), &saved, own.collect())
}
