//! Units as they are written: behind numbers, and in brackets behind names.

use super::unit::{self, Unit};
use crate::ast::{Dims, Name};
use crate::check::checker::Checker;
use crate::check::nearest::nearest;
use crate::check::tree::{Slot, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// The words that may stand behind a number.
const WORDS: [&str; 5] = ["learn", "in", "via", "per", "when"];

impl Checker<'_> {
    /// Declares the unit that stands in brackets behind a name.
    pub fn declare_unit(&mut self, name: &Name, all: &[Dims], slot: Slot, ty: Type) {
        let Some(dims) = all.first() else { return };
        if let Some(second) = all.get(1).filter(|_| !is_shape(&dims.text)) {
            let message = format!("`{}` has two units", name.text);
            let finding = Diagnostic::new("E0604", second.span, message, "the second");
            self.report(finding.because(dims.span, "the first"));
        }
        let what = match ty {
            Type::Real | Type::Unknown | Type::Whole => {
                let unit = self.declared_unit(dims);
                return self.units.set(slot, unit, name.span.to(dims.span));
            }
            ty => ty.name(),
        };
        let message = format!("`{}` is {what} and has no unit", name.text);
        let blank = Span { start: name.span.end, ..dims.span };
        let finding = Diagnostic::new("E0604", dims.span, message, "a unit");
        self.report(finding.replace("leave the unit out", blank, ""));
    }

    /// The unit in brackets.
    pub(super) fn declared_unit(&mut self, dims: &Dims) -> Option<Unit> {
        if is_shape(&dims.text) {
            self.not_yet(dims.span, "shapes but for those of params are");
            return None;
        }
        self.unit(&dims.text, dims.inner)
    }

    /// The unit that a text is.
    pub fn unit(&mut self, text: &str, span: Span) -> Option<Unit> {
        let place = match unit::parse(text) {
            Ok(unit) => return Some(unit),
            Err(place) => place,
        };
        let word = text.get(place.clone()).unwrap_or(text);
        let start = span.start + place.start as u32;
        let there = Span { start, end: start + place.len() as u32, ..span };
        let message = match word {
            "" => "a unit is missing".to_owned(),
            word => format!("`{word}` is no unit"),
        };
        let mut finding = Diagnostic::new("E0602", there, message, "not a unit");
        if let Some(other) = unit::other_way(word) {
            finding = finding.help(other);
        } else if let Some(same) = unit::same_letters(word) {
            finding = finding.replace("in a unit capitals count", there, same);
        } else if let Some(near) = nearest(word, WORDS) {
            finding = finding.replace(format!("a word with a similar name: `{near}`"), there, near);
        } else if let Some(near) = unit::similar(word) {
            finding = finding.replace(format!("a unit with a similar name: `{near}`"), there, near);
        } else if self.scope.get(word).is_some() {
            finding = finding.help(format!("a product is written with `*`: `2 * {word}`"));
        } else {
            finding = finding.help("a unit is a product of powers, `mV`, `mS/cm^2`, `1/ms`");
        }
        self.report(finding);
        None
    }
}

/// Whether what stands in brackets is a shape.
fn is_shape(text: &str) -> bool {
    let is_count = |c: char| c.is_ascii_digit();
    text == "T" || text.contains(',') || (text != "1" && text.chars().all(is_count))
}
