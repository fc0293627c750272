//! The choice of what is saved, with its reasons: for people and for the manifest.

use std::fmt;

use snn_artifact::Target;
use snn_artifact::naming::is_sweep;

use super::{Saved, Width, bytes, choose_as};
use crate::check::Save;
use crate::diff::Adjoint;
use crate::kernel::lower::Sweeps;
use crate::kernel::{Count, Lowered, Role, Schedule, Shape, count, lower};
use crate::span::Span;

/// Why a value is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The program has `save` around it.
    Program,
    /// The user names it.
    Name,
    /// It is among the fewest bytes from which backward needs no state before the step.
    Bytes,
    /// Computing it again, and what leads to it, costs more on the target than its bytes do.
    Cost,
    /// It is a product over time, which takes all steps.
    Product,
    /// It decides by a number that is saved rounded, and could decide otherwise in backward.
    Decides,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Program => "the program says so",
            Why::Name => "it was asked for by name",
            Why::Bytes => "the fewest bytes from which no chunk has to be run again",
            Why::Product => "to multiply again costs more than its bytes",
            Why::Cost => "to compute it again costs more than its bytes",
            Why::Decides => "it decides by what is saved rounded, and has to decide the same again",
        })
    }
}

/// A value that is saved at each step.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name; that of its buffer is `trace.` and this.
    pub name: String,
    /// How it is stored.
    pub width: Width,
    /// Its bytes an element and step.
    pub bytes: f64,
    /// Why it is saved.
    pub why: Why,
    /// The source that it came from.
    pub span: Span,
}

/// What training costs an element and step under a strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// What was to be saved, as `--save` takes it.
    pub save: Save,
    /// What `forward_train` does.
    pub forward: Count,
    /// What `backward` does.
    pub backward: Count,
}

/// What is saved for backward, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was asked for, and what it costs.
    pub chosen: Strategy,
    /// The values that are saved at each step.
    pub saved: Vec<Entry>,
    /// The states of which a copy is saved at the start of each chunk but the first.
    pub borders: Vec<String>,
    /// The steps of a chunk.
    pub chunk: u32,
    /// The other strategies.
    pub alternatives: Vec<Strategy>,
}

/// The strategies that a report compares.
const COMPARED: [Save; 3] =
    [Save::Inputs, Save::States { narrow: false }, Save::States { narrow: true }];

/// Reports on the choice for an adjoint.
pub fn report(adjoint: &Adjoint, target: &Target, schedule: Schedule) -> Report {
    let asked = &adjoint.neuron.save;
    let saves = choose_as(adjoint, asked, target, schedule);
    let lowered = lower(adjoint, schedule, &saves);
    let alternatives = COMPARED.into_iter().filter(|save| save != asked).map(|save| {
        let saves = choose_as(adjoint, &save, target, schedule);
        strategy(save, &lower(adjoint, schedule, &saves))
    });
    Report {
        saved: entries(adjoint, &saves, &lowered),
        borders: borders(&lowered),
        chunk: schedule.chunk,
        alternatives: alternatives.collect(),
        chosen: strategy(asked.clone(), &lowered),
    }
}

/// Reports on the kernels of a parallel neuron, which have no other strategies.
pub fn of_sweeps(adjoint: &Adjoint, sweeps: &Sweeps, schedule: Schedule) -> Report {
    let total = |name: &str| {
        let own = sweeps.kernels.iter().filter(|kernel| {
            let ending = kernel.name.strip_prefix(name);
            ending.is_some_and(|ending| ending.is_empty() || is_sweep(ending))
        });
        own.map(count).fold(Count::default(), Count::plus)
    };
    Report {
        saved: of_saves(adjoint, &sweeps.saves, schedule),
        borders: Vec::new(),
        chunk: schedule.chunk,
        alternatives: Vec::new(),
        chosen: Strategy {
            save: adjoint.neuron.save.clone(),
            forward: total("forward_train"),
            backward: total("backward"),
        },
    }
}

/// What is saved, as reports have it.
pub fn of_saves(adjoint: &Adjoint, saves: &[Saved], schedule: Schedule) -> Vec<Entry> {
    let entry = |saved: &Saved| Entry {
        name: saved.name.clone(),
        width: saved.width,
        bytes: bytes(saved.width, schedule.chunk),
        why: saved.why,
        span: adjoint.neuron.graph.node(saved.node).span,
    };
    saves.iter().map(entry).collect()
}

fn strategy(save: Save, lowered: &Lowered) -> Strategy {
    let Lowered { forward_train, backward, .. } = lowered;
    Strategy { save, forward: count(forward_train), backward: count(backward) }
}

/// The chosen values that backward came to read.
pub fn entries(adjoint: &Adjoint, saves: &[Saved], lowered: &Lowered) -> Vec<Entry> {
    let buffers = &lowered.forward_train.buffers;
    let is_read = |saved: &&Saved| {
        let name = snn_artifact::naming::Operand::Trace(&saved.name).to_string();
        buffers.iter().any(|buffer| buffer.name == name)
    };
    let read: Vec<Saved> = saves.iter().filter(is_read).cloned().collect();
    of_saves(adjoint, &read, lowered.forward_train.schedule)
}

/// The names of the states that are saved at the borders of chunks.
fn borders(lowered: &Lowered) -> Vec<String> {
    let buffers = lowered.forward_train.buffers.iter();
    let borders = buffers.filter(|b| b.role == Role::Saved && b.shape == Shape::Checkpoint);
    let name = |name: &str| name.strip_prefix("saved.").unwrap_or(name).to_string();
    borders.map(|buffer| name(&buffer.name)).collect()
}
