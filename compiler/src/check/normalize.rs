//! Inputs that are normalised where they are read: a channel's mean is taken away, its scale multiplied, its shift
//! added. The three are params with a number for each channel, so that a batch normalisation before a neuron needs
//! no tensor of its own, and the sums by channel that its gradient is made of are theirs.

use snn_artifact::naming::{self, Moment};

use crate::check::eval::Value;
use crate::check::hir::{Binary, Leaf, NodeId, Param, ParamDefault, Sharing};
use crate::check::specialize::{Special, Specialization, suggest};
use crate::check::tree::Neuron;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::Span;

/// The params, in the order declared: what each is, what it is where the caller gives none, and whether backward
/// gives its gradient. A mean needs none: it is the negative of the shift's, times the scale.
const MOMENTS: [(Moment, f64, bool); 3] =
    [(Moment::Mean, 0.0, false), (Moment::Scale, 1.0, true), (Moment::Shift, 0.0, true)];

/// That the neuron has the inputs that are to be normalised.
pub(super) fn check(neuron: &Neuron, wanted: &Specialization) -> Diagnostics {
    let known: Vec<&str> = neuron.inputs.iter().map(|input| input.name.as_str()).collect();
    let given = wanted.normalize.iter().zip(wanted.normalize_spans());
    let unknown = given.filter(|(name, _)| !known.contains(&name.as_str()));
    unknown.map(|(name, span)| refused(neuron, name, &known, span)).collect()
}

fn refused(neuron: &Neuron, name: &str, known: &[&str], span: Span) -> Diagnostic {
    let message = format!("the neuron `{}` has no input `{name}`", neuron.name);
    let finding = Diagnostic::new("E0408", span, message, "not an input");
    suggest(finding, name, known, span, "input")
}

impl Special<'_> {
    /// Gives the expressions that read normalised inputs what is made of these, and adds the params.
    pub(super) fn normalize(&mut self, params: &mut Vec<Param>) {
        for (i, input) in self.neuron.inputs.iter().enumerate() {
            if !self.wanted.normalize.contains(&input.name) {
                continue;
            }
            let span = input.span;
            let [mean, scale, shift] = MOMENTS.map(|(moment, number, learn)| {
                let node = self.leaf(Leaf::Param(params.len() as u32), span);
                params.push(Param {
                    name: naming::moment(&input.name, moment),
                    of: None,
                    sharing: Sharing::Channel,
                    learn,
                    default: ParamDefault::Number(number),
                    range: None,
                    via: None,
                    span,
                });
                node
            });
            let read = self.leaf(Leaf::Input(i as u32), span);
            let graph = &mut self.builder.graph;
            let mut made = |op, a: NodeId, b: NodeId| graph.binary(op, a, b, span);
            let centred = made(Binary::Sub, read, mean);
            let scaled = made(Binary::Mul, centred, scale);
            let value = made(Binary::Add, scaled, shift);
            self.builder.set(input.slot, Value::Node(value));
        }
    }
}
