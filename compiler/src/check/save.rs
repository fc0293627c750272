//! What a user asks to be saved for backward, and the values of a step by their names.

use std::fmt;
use std::str::FromStr;

use crate::check::eval::{Builder, Result, Value};
use crate::check::hir;
use crate::check::hir::{Leaf, Named, NodeId, Op};
use crate::check::nearest::nearest;
use crate::check::tree::{Neuron, State};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{FileId, Span};

/// What forward is to save for backward.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Save {
    /// What costs least on the target.
    #[default]
    Auto,
    /// Nothing beside the states at the borders of chunks: the rest is computed again from the inputs.
    Inputs,
    /// As few bytes as the gradient can be computed from without running a chunk again.
    States {
        /// Whether reals are saved in bfloat16.
        narrow: bool,
    },
    /// These, by the names of states and of values of the step, and whether in bfloat16.
    Names(Vec<(String, bool)>),
}

/// What stands behind the name of a value that is saved in bfloat16.
const NARROW: &str = "bf16";

impl FromStr for Save {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let one = |part: &str| {
            let (name, narrow) = match part.trim().split_once(':') {
                Some((name, NARROW)) => (name, true),
                Some((name, width)) => {
                    return Err(format!(
                        "`{name}` is saved as it is or in {NARROW}, not `{width}`"
                    ));
                }
                None => (part.trim(), false),
            };
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@');
            if name.is_empty() || !name.chars().all(is_name) {
                return Err(format!("`{name}` is none of auto, inputs, states, and no name"));
            }
            Ok((name.to_string(), narrow))
        };
        let parts: Vec<(String, bool)> =
            text.split(',').map(one).collect::<std::result::Result<_, String>>()?;
        match parts.as_slice() {
            [(word, narrow)] if word == "states" => Ok(Self::States { narrow: *narrow }),
            [(word, false)] if word == "auto" => Ok(Self::Auto),
            [(word, false)] if word == "inputs" => Ok(Self::Inputs),
            _ => Ok(Self::Names(parts)),
        }
    }
}

impl fmt::Display for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let narrow = |narrow: bool| if narrow { format!(":{NARROW}") } else { String::new() };
        match self {
            Save::Auto => write!(f, "auto"),
            Save::Inputs => write!(f, "inputs"),
            Save::States { narrow: is_narrow } => write!(f, "states{}", narrow(*is_narrow)),
            Save::Names(names) => {
                let each = names.iter().map(|(name, is_narrow)| name.clone() + &narrow(*is_narrow));
                write!(f, "{}", each.collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl Save {
    /// That all names are of values that can be saved.
    pub(super) fn check(
        &self,
        neuron: &hir::Neuron,
        source: FileId,
    ) -> std::result::Result<(), Diagnostics> {
        let Save::Names(names) = self else { return Ok(()) };
        let known: Vec<&str> = neuron.named.iter().map(|named| named.name.as_str()).collect();
        let mut diagnostics = Vec::new();
        let mut at = 0;
        for (name, narrow) in names {
            let span = Span::new(source, at, at + name.len());
            at = span.end as usize + 1 + if *narrow { 1 + NARROW.len() } else { 0 };
            if !known.contains(&name.as_str()) {
                diagnostics.push(unknown(neuron, name, &known, span));
            }
        }
        if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
    }
}

fn unknown(neuron: &hir::Neuron, name: &str, known: &[&str], span: Span) -> Diagnostic {
    let message = format!("the neuron `{}` computes no `{name}` at its steps", neuron.name);
    let finding = Diagnostic::new("E0405", span, message, "not a value of the step");
    match nearest(name, known.iter().copied()) {
        Some(near) => finding.replace(format!("a similar name: `{near}`"), span, near),
        None if known.is_empty() => finding.help("it computes nothing that can be saved"),
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            finding.help(format!("the values are {}", known.join(", ")))
        }
    }
}

/// The values of the states where `fire` reads them.
pub(super) fn charged(builder: &Builder<'_>, states: &[State]) -> Vec<(String, NodeId)> {
    let shown = states.iter().filter(|state| !state.hidden);
    let value = |state: &State| node(builder.slot(state.slot, state.span));
    shown.filter_map(|state| Some((state.name.clone(), value(state)?))).collect()
}

/// All values of the step that have a name, and those that `save` is written around.
pub(super) fn named(
    builder: &mut Builder<'_>,
    neuron: &Neuron,
    charged: Vec<(String, NodeId)>,
) -> Vec<Named> {
    let span = neuron.span;
    let others = neuron.names.iter();
    let others =
        others.filter_map(|(name, slot)| Some((name.clone(), node(builder.slot(*slot, span))?)));
    let mut named: Vec<Named> = Vec::new();
    for (name, node) in charged.into_iter().chain(others.collect::<Vec<_>>()) {
        if named.iter().all(|known| known.name != name) {
            named.push(Named { name, node, is_saved: false });
        }
    }
    let mut number = 0;
    for node in std::mem::take(&mut builder.saved) {
        match named.iter_mut().find(|named| named.node == node) {
            Some(named) => named.is_saved = true,
            None => {
                number += 1;
                named.push(Named { name: format!("save@{number}"), node, is_saved: true });
            }
        }
    }
    named
}

fn node(value: Result<Value>) -> Option<NodeId> {
    match value {
        Ok(Value::Node(node)) => Some(node),
        _ => None,
    }
}

/// Leaves out what is not computed at each step, and what nothing needs.
pub(super) fn retain(neuron: &mut hir::Neuron, needed: &[bool]) {
    let varying = neuron.graph.varying();
    let graph = &neuron.graph;
    neuron.named.retain(|named| {
        let i = named.node.0 as usize;
        needed[i] && varying[i] && !matches!(graph.node(named.node).op, Op::Leaf(Leaf::Input(_)))
    });
}
