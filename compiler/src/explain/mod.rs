//! What `snnc explain FILE` says: the gradient of a step line by line, what is saved for backward and
//! why, and what a step costs.

mod bound;
mod infix;
mod terms;
#[cfg(test)]
mod tests;
mod text;

use crate::check::Solved;
use crate::check::hir::Neuron;
use crate::pipeline::{self, Options};
use crate::saves::{Report, Strategy};
use crate::span::{SourceMap, Span};

pub use bound::{Balance, Bound, Limit};

/// What there is to say about a neuron.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Its name.
    pub neuron: String,
    /// Its options and their values.
    pub options: Vec<(String, String)>,
    /// How the equations of states are solved.
    pub solved: Vec<Solved>,
    /// The lines of the source that backward computes something for, in the order of the source.
    pub lines: Vec<Line>,
    /// What is saved, and what training costs.
    pub saves: Report,
    /// What it would cost without simplification.
    pub plain: Strategy,
    /// Products over time: how many forward and backward make, each of as many multiplications a step as there are steps.
    pub products: [usize; 2],
    /// Whether segments of time may run side by side, with the schedule `scan`.
    pub can_scan: bool,
    /// What to expect of the target.
    pub bound: Bound,
}

/// A line of the source with what backward computes for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub file: String,
    /// The line's number, from 1.
    pub number: usize,
    /// The line.
    pub text: String,
    /// What is computed, each behind what it needs of this line.
    pub terms: Vec<Term>,
}

/// A value of backward with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its name: `grad x` for what backward gives, `t1` for what is used more than once.
    pub name: String,
    /// What it is.
    pub value: String,
    /// The rules of simplification that made it.
    pub rules: Vec<&'static str>,
}

/// Explains a neuron.
pub fn explain(neuron: &Neuron, sources: &SourceMap, options: &Options) -> Explanation {
    let plain = Options { simplify: false, ..options.clone() };
    let simplified = pipeline::middle_and_tell(neuron, options);
    let saves = pipeline::saves(neuron, options);
    let products = &neuron.products;
    let learnt = |i: &u32| simplified.adjoint.inputs[*i as usize].is_some();
    let back = products.iter().filter(|product| learnt(&product.input)).count();
    Explanation {
        products: [products.len(), 2 * back],
        can_scan: pipeline::can_scan(neuron, options),
        neuron: neuron.name.clone(),
        options: neuron.options.clone(),
        solved: neuron.solved.clone(),
        lines: by_line(terms::terms(&simplified), sources),
        bound: Bound::new(&saves.chosen, Balance::of(&options.target)),
        plain: pipeline::saves(neuron, &plain).chosen,
        saves,
    }
}

/// Terms under the lines that they come from.
fn by_line(terms: Vec<(Span, Term)>, sources: &SourceMap) -> Vec<Line> {
    let mut lines: Vec<(Span, Line)> = Vec::new();
    for (span, term) in terms {
        let Some(source) = sources.get(span.file) else { continue };
        let start = (span.start as usize).min(source.text.len());
        let before = source.text.get(..start).unwrap_or_default();
        let number = before.matches('\n').count() + 1;
        let known =
            lines.iter_mut().find(|(known, line)| known.file == span.file && line.number == number);
        match known {
            Some((_, line)) => line.terms.push(term),
            None => {
                let text = source.text.lines().nth(number - 1).unwrap_or_default().trim().into();
                let file = source.name.clone();
                lines.push((span, Line { file, number, text, terms: vec![term] }));
            }
        }
    }
    lines.sort_by_key(|(span, line)| (span.file, line.number));
    lines.into_iter().map(|(_, line)| line).collect()
}
