//! What of the options a target, or this build, does not have.

use snn_artifact::Target;

use super::Options;
use crate::check::Save;
use crate::check::hir::Neuron;
use crate::error::Unsupported;
use crate::kernel;
use crate::kernel::schedule::Tuning;

/// Checks the options for a target and a neuron.
pub(super) fn check_options(neuron: &Neuron, options: &Options) -> Result<(), Unsupported> {
    check_schedule(options)?;
    check_scan(neuron, options)?;
    check_save(neuron, options)?;
    check_words(neuron, options)?;
    check_lines(options)
}

/// Lanes are spread over threads where the schedule says so in PTX alone.
fn check_schedule(options: &Options) -> Result<(), Unsupported> {
    let Tuning { forward, backward, .. } = options.tuning;
    let is_ptx = matches!(options.target, Target::Ptx { .. });
    if is_ptx || (forward, backward) == (None, None) {
        return Ok(());
    }
    Err(Unsupported {
        target: target_word(&options.target),
        what: format!("lanes spread over threads, as in the schedule {}", options.tuning),
        instead: "give chunk=STEPS alone, or choose the target ptx".into(),
    })
}

/// A parallel neuron has no states to find.
fn check_scan(neuron: &Neuron, options: &Options) -> Result<(), Unsupported> {
    if !neuron.is_parallel || !options.tuning.scan {
        return Ok(());
    }
    Err(Unsupported {
        target: target_word(&options.target),
        what: format!("a scan of `{}`, which is parallel as it is", neuron.name),
        instead: "leave `--schedule scan` out".into(),
    })
}

/// A parallel neuron leaves its products for backward, and nothing else.
fn check_save(neuron: &Neuron, options: &Options) -> Result<(), Unsupported> {
    let is_asked = neuron.save != Save::Auto || neuron.named.iter().any(|named| named.is_saved);
    if !neuron.is_parallel || !is_asked {
        return Ok(());
    }
    Err(Unsupported {
        target: target_word(&options.target),
        what: "a choice of what a parallel neuron saves".into(),
        instead: "leave it out: products are saved, and all else is computed again".into(),
    })
}

/// A word of packed spikes is filled by whole chunks.
fn check_words(neuron: &Neuron, options: &Options) -> Result<(), Unsupported> {
    let chunk = options.schedule().chunk;
    if kernel::WORD.is_multiple_of(chunk) || !neuron.outputs.iter().any(|output| output.packed) {
        return Ok(());
    }
    Err(Unsupported {
        target: target_word(&options.target),
        what: format!("packed spikes in chunks of {chunk} steps"),
        instead: "a chunk of 1, 2, 4, 8, 16 or 32 steps".into(),
    })
}

/// Only PTX has a place for lines.
fn check_lines(options: &Options) -> Result<(), Unsupported> {
    if !options.line_info || matches!(options.target, Target::Ptx { .. }) {
        return Ok(());
    }
    Err(Unsupported {
        target: target_word(&options.target),
        what: "line info".into(),
        instead: "leave it out, or choose the target ptx".into(),
    })
}

/// What a target is called on the command line.
pub(super) fn target_word(target: &Target) -> &'static str {
    match target {
        Target::Cpu { .. } => "cpu",
        Target::Ptx { .. } => "ptx",
        Target::Wgsl => "wgsl",
    }
}

/// Checks that this build has the back end of a target.
///
/// # Errors
///
/// [`Unsupported`] with the feature that has it.
pub fn check_built(target: &Target) -> Result<(), Unsupported> {
    let is_built = match target {
        Target::Cpu { .. } => cfg!(feature = "cranelift"),
        Target::Ptx { .. } => cfg!(feature = "llvm"),
        Target::Wgsl => cfg!(feature = "wgsl"),
    };
    if is_built { Ok(()) } else { Err(not_built(target)) }
}

/// The error of a target whose back end was left out of this build.
pub(super) fn not_built(target: &Target) -> Unsupported {
    let feature = match target {
        Target::Cpu { .. } => "cranelift",
        Target::Ptx { .. } => "llvm",
        Target::Wgsl => "wgsl",
    };
    Unsupported {
        target: target_word(target),
        what: "anything in this build".into(),
        instead: format!("build with the feature `{feature}`, or choose another target"),
    }
}
