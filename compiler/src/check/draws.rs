//! The default of a param: a number, or a distribution that the host draws numbers from.

use crate::ast;
use crate::check::builtins;
use crate::check::checker::{Checker, unknown};
use crate::check::eval::{self, Builder};
use crate::check::hir;
use crate::check::hir::{Distribution, Range};
use crate::check::tree::{Axis, Drawn, Expr, Param, ParamDefault, Stage};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// The least share of a distribution's numbers that lies in the param's range: what does not is drawn
/// anew, which takes long where next to nothing does.
const LEAST_SHARE: f64 = 0.01;

impl<'a> Checker<'a> {
    /// The default of a param.
    pub(super) fn param_default(&mut self, value: &'a ast::Expr) -> ParamDefault {
        if let ast::ExprKind::Call(call) = &value.kind {
            let from = match call.name.text.as_str() {
                "normal" => Some(Drawn::Normal),
                "uniform" => Some(Drawn::Uniform),
                "kaiming_uniform" => Some(Drawn::KaimingUniform),
                _ => None,
            };
            if let Some(from) = from {
                return self.drawn(from, call, value.span);
            }
        }
        ParamDefault::Number(self.constant_number(value, "a param's default"))
    }

    fn drawn(&mut self, from: Drawn, call: &'a ast::Call, span: Span) -> ParamDefault {
        let what = format!("`{}`", call.name.text);
        let formals = builtins::find(&call.name.text).map_or(&[][..], |builtin| builtin.formals);
        let failed = || ParamDefault::Number(unknown(span));
        let Some(places) = self.arrange(call, &what, formals) else { return failed() };
        let mut numbers: Vec<Expr> = Vec::new();
        for (formal, place) in formals.iter().zip(places) {
            let Some(place) = place else {
                self.missing(&what, formal, span);
                return failed();
            };
            let number = self.expr(place);
            let number = self.require_number(number);
            let why = format!("the arguments of {what} must be known at compile time");
            numbers.push(self.require_stage(number, Stage::Const, &why));
        }
        ParamDefault::Drawn { from, numbers, span }
    }
}

/// The default of a param with its options decided, held against its range.
pub(super) fn decided(
    builder: &mut Builder<'_>,
    param: &Param,
    default: &ParamDefault,
    range: Option<Range>,
) -> eval::Result<hir::ParamDefault> {
    match default {
        ParamDefault::Number(written) => {
            let number = builder.number(written)?;
            if range.is_none_or(|range| range.contains(number)) {
                return Ok(hir::ParamDefault::Number(number));
            }
            let message = format!("the default of `{}` is not in its range", param.name);
            let there = format!("{number:?} is not in {}", text(range));
            Err(outside(param, written.span, message, there))
        }
        ParamDefault::Drawn { from, numbers, span } => {
            let mut known = Vec::new();
            for number in numbers {
                known.push(builder.number(number)?);
            }
            let distribution = match (from, &known[..]) {
                (Drawn::Normal, &[mean, std]) => Distribution::Normal { mean, std },
                (Drawn::Uniform, &[low, high]) => Distribution::Uniform { low, high },
                (Drawn::KaimingUniform, &[a]) => kaiming(a, param, *span)?,
                _ => return Err(eval::bug(*span, "a distribution lacks a number")),
            };
            check_distribution(distribution, *span)?;
            check_range(distribution, param, range, *span)?;
            Ok(hir::ParamDefault::Drawn(distribution))
        }
    }
}

/// That there is something to draw, in f32.
fn check_distribution(distribution: Distribution, span: Span) -> eval::Result<()> {
    let is_finite = |number: f64| (number as f32).is_finite();
    let (is_one, why) = match distribution {
        Distribution::Uniform { low, high } => (
            is_finite(low) && is_finite(high) && (low as f32) < high as f32,
            "`uniform` goes from one finite number up to another",
        ),
        Distribution::Normal { mean, std } => (
            is_finite(mean) && is_finite(std) && std > 0.0,
            "`normal` has a finite mean and a finite deviation above 0",
        ),
        Distribution::KaimingUniform { a } => {
            (is_finite(a), "`kaiming_uniform` has a finite slope")
        }
    };
    if is_one {
        return Ok(());
    }
    let there = format!("{distribution} is none");
    Err(Box::new(Diagnostic::new("E0308", span, why, there)))
}

/// That a uniform distribution lies in the range, and of a normal one enough.
fn check_range(
    distribution: Distribution,
    param: &Param,
    range: Option<Range>,
    span: Span,
) -> eval::Result<()> {
    let Some(Range { low: least, high: most, .. }) = range else { return Ok(()) };
    let name = &param.name;
    match distribution {
        Distribution::Uniform { low, high } if low < least || high > most => {
            let message = format!("the default of `{name}` is not in its range");
            let there = format!("{distribution} is not within {}", text(range));
            Err(outside(param, span, message, there))
        }
        Distribution::Normal { mean, std } => {
            let below = |end: f64| 0.5 * libm::erfc((mean - end) / std / std::f64::consts::SQRT_2);
            if below(most) - below(least) >= LEAST_SHARE {
                return Ok(());
            }
            let message = format!("the default of `{name}` is hardly ever in its range");
            let there = format!("less than one number in a hundred is in {}", text(range));
            Err(outside(param, span, message, there))
        }
        Distribution::KaimingUniform { .. } => {
            let message = format!("the default of `{name}` may leave its range");
            let there = "how far it goes is known when it is drawn";
            Err(outside(param, span, message, there.into()))
        }
        Distribution::Uniform { .. } => Ok(()),
    }
}

/// The distribution of a matrix, whose bound depends on how many columns it has.
fn kaiming(a: f64, param: &Param, span: Span) -> eval::Result<Distribution> {
    if matches!(param.axis, Some(Axis::Matrix)) {
        return Ok(Distribution::KaimingUniform { a });
    }
    let message = format!("`{}` is no matrix", param.name);
    let finding = Diagnostic::new("E0308", span, message, "for params `[T, T]`");
    Err(Box::new(finding.help("`uniform(low, high)` says the bounds itself")))
}

fn text(range: Option<Range>) -> String {
    range.map(|range| range.to_string()).unwrap_or_default()
}

fn outside(param: &Param, span: Span, message: String, there: String) -> Box<Diagnostic> {
    let finding = Diagnostic::new("E0308", span, message, there);
    Box::new(match &param.range {
        Some(written) => finding.because(written.span, "the range"),
        None => finding,
    })
}
