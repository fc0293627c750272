//! Numbers that came out against those that a test expects.

use std::fmt::Write;

use snn_compiler::check::{DIFFERS, Numbers};
use snn_compiler::diagnostic::Diagnostic;
use snn_compiler::span::Span;

use crate::neuron::Array;

/// Numbers up to which a finding offers what came out in place of what was expected.
const FEW: usize = 64;

/// The first number that is not what it has to be.
pub fn compare(
    name: &str,
    found: &Array,
    expected: &Numbers,
    within: Option<f64>,
    span: Span,
) -> Option<Diagnostic> {
    let (data, n) = (found.data(), expected.values.len());
    let is_one = expected.shape.is_empty();
    if !is_one && n != data.len() {
        let message = format!("`{name}` has {} numbers, {n} are expected", data.len());
        let finding = Diagnostic::new(DIFFERS, expected.span, message, "of another length");
        return Some(offer(finding.because(span, "looked at here"), found, expected));
    }
    let at = |i: usize| expected.values[if is_one { 0 } else { i }];
    let holds = |i: &usize| is_near(f64::from(data[*i]), at(*i).0, within);
    let wrong: Vec<usize> = (0..data.len()).filter(|i| !holds(i)).collect();
    let first = *wrong.first()?;
    let (number, there) = at(first);
    let message = format!("`{name}` is {}, not {number}{}", data[first], place(found, first));
    let told = match within {
        Some(within) => {
            let off = (f64::from(data[first]) - number).abs();
            format!("off by {off:.3e}, more than {within:?}")
        }
        None => "expected exactly this".into(),
    };
    let mut finding = Diagnostic::new(DIFFERS, there, message, told);
    if wrong.len() > 1 {
        finding =
            finding.because(span, format!("{} of {} numbers differ", wrong.len(), data.len()));
    }
    Some(offer(finding, found, expected))
}

/// Whether a number is another, or near it: relative to it, or to 1 where it is smaller.
pub fn is_near(found: f64, expected: f64, within: Option<f64>) -> bool {
    let Some(within) = within else {
        return found == f64::from(expected as f32) || found.is_nan() && expected.is_nan();
    };
    let is_same = found == expected || found.is_nan() && expected.is_nan();
    is_same || (found - expected).abs() <= within * expected.abs().max(1.0)
}

fn place(found: &Array, at: usize) -> String {
    match found.shape() {
        [_, 1] => format!(" at step {at}"),
        [_, n] => format!(" at step {}, neuron {}", at / n, at % n),
        [_] if found.data().len() > 1 => format!(" at {at}"),
        _ => String::new(),
    }
}

/// Offers what came out.
fn offer(finding: Diagnostic, found: &Array, expected: &Numbers) -> Diagnostic {
    if found.data().len() > FEW {
        return finding;
    }
    let row = |numbers: &[f32]| {
        let each: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("[{}]", each.join(", "))
    };
    let mut text = String::new();
    match found.shape() {
        [_, n] if *n > 1 => {
            let rows: Vec<String> = found.data().chunks(*n).map(row).collect();
            _ = write!(text, "[{}]", rows.join(", "));
        }
        [] => _ = write!(text, "{}", found.data()[0]),
        _ => text = row(found.data()),
    }
    finding.replace("what came out", expected.span, text)
}
