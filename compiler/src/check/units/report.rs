//! What is said of units that do not fit.

use super::{Measure, Measured, Pass, Unit, is_number, unit};
use crate::check::hir::Unary;
use crate::check::tree::{Expr, Kind, Slot};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// A unit in a sentence: in what a value is.
fn told(unit: Unit) -> String {
    if unit == Unit::NONE { "no unit".into() } else { format!("`{unit}`") }
}

/// What a label says of a value.
fn label(unit: Unit) -> String {
    if unit == Unit::NONE { "has no unit".into() } else { format!("in `{unit}`") }
}

/// A unit as it stands in brackets or behind a number; none for one that no words make.
fn written(unit: Unit) -> Option<String> {
    let text = unit.to_string();
    unit::parse(&text).is_ok_and(|same| same == unit).then_some(text)
}

/// A unit as it stands behind a number.
fn behind_number(unit: Unit) -> Option<String> {
    let text = written(unit)?;
    let is_word = text.chars().all(|c| c.is_ascii_alphabetic());
    Some(if is_word { text } else { format!("[{text}]") })
}

impl Pass<'_> {
    /// Two values that meet.
    pub(super) fn differ(
        &mut self,
        verb: &str,
        (a, first): (&Expr, Measured),
        (b, second): (&Expr, Measured),
    ) -> Measured {
        let (Measure::In(x), Measure::In(y)) = (first.measure, second.measure) else {
            return Measured::LOST;
        };
        let message = match (verb, x == Unit::NONE, y == Unit::NONE) {
            ("subtract", ..) => format!("cannot subtract {} from {}", number(y), number(x)),
            ("add", ..) => format!("cannot add {} to {}", number(y), number(x)),
            ("compare", ..) => format!("cannot compare {} with {}", number(x), number(y)),
            ("reset", ..) => format!("cannot reset {} by {}", number(x), number(y)),
            _ => format!("cannot choose between {} and {}", number(x), number(y)),
        };
        let [there, other] = [b, a].map(|e| e.span.in_program());
        let mut finding = Diagnostic::new("E0601", there, message, label(y));
        if other != there {
            finding = finding.because(other, label(x));
        }
        finding = with_origin(finding, second, there, y);
        finding = with_origin(finding, first, other, x);
        finding = self.give_unit(finding, b, x);
        finding = self.give_unit(finding, a, y);
        self.findings.push(finding);
        Measured::LOST
    }

    /// A value given to a name of another unit.
    pub(super) fn differs_from_slot(&mut self, slot: Slot, unit: Unit, e: &Expr, found: Measured) {
        let known = self.names.get(&slot).cloned();
        let declared = self.units.declared.get(&slot).map(|(_, span)| *span);
        let (name, span) = known.unwrap_or_default();
        let span = declared.or((span != Span::default()).then_some(span));
        self.differs_from_name(&name, span, unit, e, found);
    }

    /// A value given to a name of another unit, which is declared there.
    pub(super) fn differs_from_name(
        &mut self,
        name: &str,
        declared: Option<Span>,
        unit: Unit,
        e: &Expr,
        found: Measured,
    ) {
        let Measure::In(own) = found.measure else { return };
        let there = e.span.in_program();
        let message = match (unit == Unit::NONE, own == Unit::NONE) {
            (true, _) => format!("`{name}` has no unit, but its value is in {}", told(own)),
            (_, true) => format!("`{name}` is in {}, but its value has no unit", told(unit)),
            _ => format!("`{name}` is in {}, but its value in {}", told(unit), told(own)),
        };
        let mut finding = Diagnostic::new("E0601", there, message, label(own));
        finding = with_origin(finding, found, there, own);
        if let Some(declared) = declared {
            let text = match unit == Unit::NONE {
                true => "declared without a unit".to_owned(),
                false => format!("declared in `{unit}`"),
            };
            finding = finding.because(declared, text);
            if let (true, Some(text)) = (unit == Unit::NONE, written(own)) {
                let end = Span { start: declared.end, ..declared };
                finding = finding.replace("declare its unit", end, format!(" [{text}]"));
            }
        }
        finding = self.give_unit(finding, e, unit);
        self.findings.push(finding);
    }

    /// The right side of an equation in another unit than its state's by that of time.
    pub(super) fn differs_from_rate(
        &mut self,
        (name, left, rate): (&str, Span, Unit),
        time: Measured,
        e: &Expr,
        found: Measured,
    ) {
        self.differs_from_name(&format!("d{name}/dt"), None, rate, e, found);
        let Some(mut finding) = self.findings.pop() else { return };
        finding = finding.because(left, label(rate));
        if time.measure == Measure::In(Unit::NONE) {
            finding = finding
                .help("`dt`, an option or a const, is the time of a step: `dt [ms]: float = 1`");
        }
        self.findings.push(finding);
    }

    /// A value with a unit where there is to be none.
    pub(super) fn has_unit(
        &mut self,
        e: &Expr,
        unit: Unit,
        what: &str,
        from: Option<Span>,
    ) -> Measured {
        let finding = unfit(e, unit, what, from);
        self.findings.push(finding);
        Measured::LOST
    }

    /// The same, where a division helps.
    pub(super) fn must_be_plain(
        &mut self,
        e: &Expr,
        unit: Unit,
        what: &str,
        from: Option<Span>,
    ) -> Measured {
        let mut finding = unfit(e, unit, what, from);
        if let (Some(text), false) = (behind_number(unit), e.span.file.is_prelude()) {
            let help = format!("its number of `{unit}`");
            finding = finding.wrap(&help, e.span, "(", &format!(") / (1 {text})"));
        }
        self.findings.push(finding);
        Measured::LOST
    }

    /// Scales that no number of f32 brings together.
    pub(super) fn too_far(&mut self, e: &Expr, tens: i32) {
        let message = format!("units that are 10^{} apart", tens.unsigned_abs());
        let there = "no factor in f32 brings this into the other unit";
        self.findings.push(Diagnostic::new("E0003", e.span.in_program(), message, there));
    }

    /// Offers a unit behind a number that is written without one.
    fn give_unit(&self, finding: Diagnostic, e: &Expr, unit: Unit) -> Diagnostic {
        let number = match &e.kind {
            Kind::Unary(Unary::Neg, inner) if is_number(inner) => inner,
            _ => e,
        };
        if !is_number(number) || !self.units.numbers.contains(&number.span) || unit == Unit::NONE {
            return finding;
        }
        let Some(text) = behind_number(unit) else { return finding };
        let end = Span { start: number.span.end, ..number.span };
        finding.replace("give it the unit", end, format!(" {text}"))
    }
}

fn unfit(e: &Expr, unit: Unit, what: &str, from: Option<Span>) -> Diagnostic {
    let there = e.span.in_program();
    let message = format!("{what} must be without a unit, not in {}", told(unit));
    let finding = Diagnostic::new("E0603", there, message, label(unit));
    with_origin(finding, Measured { from, ..Measured::new(unit) }, there, unit)
}

/// A number in a unit, in a sentence.
fn number(unit: Unit) -> String {
    if unit == Unit::NONE { "a number without a unit".into() } else { format!("`{unit}`") }
}

/// Says where a unit comes from.
fn with_origin(finding: Diagnostic, value: Measured, there: Span, unit: Unit) -> Diagnostic {
    match value.from {
        Some(from) if from != there && from != Span::default() => {
            let text = match unit == Unit::NONE {
                true => "declared without a unit".to_owned(),
                false => "its unit comes from here".to_owned(),
            };
            finding.because(from, text)
        }
        _ => finding,
    }
}
