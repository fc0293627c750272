//! Warnings about what a neuron does whatever its inputs are, by what declared ranges and constants say.
//!
//! What is not declared is not known, and nothing is said of it. A warning about ranges has a witness:
//! numbers that the ranges allow and that do what it says.

mod decays;
mod ranges;

use std::collections::{HashMap, HashSet};

use crate::check::PortDtype;
use crate::check::hir::{Binary, Neuron, NodeId, Op, Output};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::egraph::facts::Fact;
use crate::span::Span;
use ranges::Ranges;

/// The warnings about a neuron with its options decided.
pub fn warn(neuron: &Neuron) -> Diagnostics {
    let ranges = Ranges::new(neuron);
    let mut found = thresholds(neuron, &ranges);
    found.extend(divisions(neuron, &ranges));
    found.extend(decays::warn(neuron));
    found
}

/// The greatest number of binary16; what rounds to more is stored as infinity.
const F16_MAX: f64 = 65_504.0;

/// The warnings about what a neuron is stored as: outputs that limits and bounded functions let become
/// larger than any number of it.
pub fn warn_stored(neuron: &Neuron) -> Diagnostics {
    if neuron.dtype != PortDtype::F16 {
        return Vec::new();
    }
    let facts = Ranges::new(neuron).facts();
    let size = |output: &Output| {
        let fact = facts[output.value.0 as usize];
        // Of a number without a limit nothing is known.
        let ends = [fact.low.abs(), fact.high.abs()].into_iter().filter(|end| end.is_finite());
        ends.fold(0.0, f64::max)
    };
    let large = neuron.outputs.iter().map(|output| (output, size(output)));
    large
        .filter(|(_, size)| *size > F16_MAX)
        .map(|(output, size)| too_large(output, size))
        .collect()
}

fn too_large(output: &Output, size: f64) -> Diagnostic {
    let message = format!("the output `{}` may be too large for f16", output.name);
    let there = format!("may be as large as {size}");
    Diagnostic::new("W0405", output.span, message, there)
        .help(format!("f16 stores what is above {F16_MAX} as infinity; bf16 has the range of f32"))
}

/// Spikes of a distance that is always on one side of 0. Of a place that is written out several times,
/// as in a loop, all must be so.
fn thresholds(neuron: &Neuron, ranges: &Ranges<'_>) -> Diagnostics {
    let facts = ranges.facts();
    let mut places: HashMap<Span, Option<bool>> = HashMap::new();
    for (_, node) in neuron.graph.iter() {
        if let Op::Spike(distance, ..) = node.op {
            let side = side(facts[distance.0 as usize]);
            let known = places.entry(node.span).or_insert(side);
            *known = known.filter(|_| *known == side);
        }
    }
    let decided = places.into_iter().filter_map(|(span, side)| Some((span, side?)));
    decided.map(|(span, fires)| unreachable(span, fires)).collect()
}

/// Whether a spike of this distance always fires, or never; none where it depends.
fn side(distance: Fact) -> Option<bool> {
    let always = distance.low >= 0.0 && !distance.nan;
    // NaN does not fire either.
    if always { Some(true) } else { (distance.high < 0.0).then_some(false) }
}

fn unreachable(span: Span, fires: bool) -> Diagnostic {
    let (when, side) = if fires { ("always", "never below") } else { ("never", "always below") };
    let there = format!("its distance is {side} 0");
    Diagnostic::new("W0403", span, format!("this spike {when} fires"), there)
        .help("ranges, limits and bounded functions leave only one side of the threshold")
}

/// Divisions by what constants and declared ranges allow to be 0.
fn divisions(neuron: &Neuron, ranges: &Ranges<'_>) -> Diagnostics {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (_, node) in neuron.graph.iter() {
        let Op::Binary(Binary::Div, _, divisor) = node.op else { continue };
        if node.span.file.is_prelude() || !seen.insert((node.span, divisor)) {
            continue;
        }
        found
            .extend(ranges.through_zero(divisor).map(|params| by_zero(neuron, node.span, &params)));
    }
    found.dedup_by_key(|finding: &mut Diagnostic| finding.primary.span);
    found
}

fn by_zero(neuron: &Neuron, span: Span, params: &[NodeId]) -> Diagnostic {
    if params.is_empty() {
        return Diagnostic::new("W0404", span, "a division by 0", "the divisor is 0");
    }
    let message = "ranges allow a division by 0";
    let finding = Diagnostic::new("W0404", span, message, "the divisor may be 0");
    declared(finding, neuron, params).help("a range may leave 0 out, as `in (0, inf)` does")
}

/// Shows the ranges that allow what a finding says.
fn declared(mut finding: Diagnostic, neuron: &Neuron, params: &[NodeId]) -> Diagnostic {
    let mut spans: Vec<Span> = Vec::new();
    for param in params.iter().filter_map(|node| ranges::declaration(neuron, *node)) {
        if !spans.contains(&param.span) {
            spans.push(param.span);
            let learnt = if param.learn { "learnt, and " } else { "" };
            let place = param.range.map(|range| format!(" in {range}")).unwrap_or_default();
            finding = finding.because(param.span, format!("{learnt}may be any number{place}"));
        }
    }
    finding
}
