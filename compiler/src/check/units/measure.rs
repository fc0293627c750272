//! The units of expressions, from what they are made of.

use super::{Measure, Measured, Pass, Unit};
use crate::check::checker::leaf;
use crate::check::hir::{Binary, Unary};
use crate::check::rand::Distribution;
use crate::check::tree::{Expr, Kind, Slot, Stage, Type};

/// The largest power of a value in a unit.
const MAX_POWER: f64 = 64.0;

/// Beyond this power of ten a factor is no number in f32.
const MAX_TENS: u32 = 36;

impl Pass<'_> {
    /// The unit of a value. Units within it are gone then, and scales that meet are one.
    pub(super) fn measure(&mut self, e: &mut Expr) -> Measured {
        match &mut e.kind {
            Kind::Number(number) if *number == 0.0 || !number.is_finite() => Measured::ANY,
            Kind::Quantity(number, unit) => {
                let unit = Measured::new(*unit);
                e.kind = Kind::Number(*number);
                unit
            }
            Kind::Number(_) | Kind::Bool(_) | Kind::Function(_) => Measured::PLAIN,
            Kind::Unknown => Measured::LOST,
            Kind::Slot(slot) => self.slot(*slot),
            Kind::Element(slot, index) => {
                self.plain(index, "an index");
                self.slot(*slot)
            }
            Kind::Unary(op, a) => self.unary(*op, a),
            Kind::Binary(op, a, b) => {
                let is_one = matches!(b.kind, Kind::Quantity(1.0, _)) && a.ty == Type::Real;
                let unit = self.binary(*op, a, b);
                if is_one && matches!(op, Binary::Mul | Binary::Div) {
                    // Only the unit of `x / (1 mV)` means something.
                    let a = std::mem::replace(a.as_mut(), leaf(Kind::Unknown, Type::Real, e.span));
                    e.kind = a.kind;
                }
                unit
            }
            Kind::Power(a, b) => self.power(a, b),
            Kind::Compare(_, a, b) => {
                self.alike(a, b, "compare");
                Measured::PLAIN
            }
            Kind::If(parts) => {
                let [c, a, b] = parts.as_mut();
                self.measure(c);
                self.alike(a, b, "choose between")
            }
            Kind::Fma(parts) => {
                let [a, b, c] = parts.as_mut();
                let product = product(self.measure(a), self.measure(b), Unit::times);
                // The product is no value of its own that could be brought into another scale.
                let mut held = Expr { stage: Stage::Step, ..leaf(Kind::Unknown, a.ty, a.span) };
                self.alike_measured((&mut held, product), c, "add")
            }
            Kind::Logic(_, a, b) => {
                self.measure(a);
                self.measure(b);
                Measured::PLAIN
            }
            Kind::Not(a) | Kind::BoolToReal(a) => {
                self.measure(a);
                Measured::PLAIN
            }
            Kind::RealToInt(a) => self.plain(a, "the argument of `int`"),
            Kind::Fired(a) => self.plain(a, "the argument of `fired`"),
            Kind::Detach(a) | Kind::Save(a) => self.measure(a),
            Kind::Spike(u, surrogate) => {
                self.plain(u, "the argument of `spike`");
                self.measure(surrogate);
                Measured::PLAIN
            }
            Kind::Ternary(parts) => self.all_plain(parts.as_mut(), "an argument of `ternary`"),
            Kind::Levels(parts) => self.all_plain(parts.as_mut(), "an argument of `levels`"),
            Kind::Sum(_, parts) => {
                let [low, high, term] = parts.as_mut();
                self.plain(low, "the bound of a sum");
                self.plain(high, "the bound of a sum");
                self.measure(term)
            }
            Kind::Apply(_, arguments) => self.all_plain(arguments, "an argument of an option"),
            Kind::Surrogate(_, arguments) => {
                self.all_plain(arguments, "an argument of a surrogate")
            }
            Kind::Hard(parts) | Kind::Soft(parts) => {
                let [v, s, e] = parts.as_mut();
                self.plain(s, "a spike");
                self.alike(v, e, "reset")
            }
            Kind::Product(sides) => {
                let [a, b] = sides.as_mut();
                product(self.measure(a), self.measure(b), Unit::times)
            }
            Kind::Band(width) => self.plain(width, "the width of a band"),
            Kind::Conv(weights, x) => product(self.slot(*weights), self.measure(x), Unit::times),
            Kind::Draw(_, distribution, arguments) => self.draw(*distribution, arguments),
            Kind::Block(binds, body) => {
                binds.iter_mut().for_each(|bind| self.bind(bind));
                self.measure(body)
            }
        }
    }

    /// A slot that was given no unit has none.
    pub(super) fn slot(&self, slot: Slot) -> Measured {
        self.slots.get(&slot).copied().unwrap_or(Measured::PLAIN)
    }

    fn unary(&mut self, op: Unary, a: &mut Expr) -> Measured {
        match op {
            Unary::Neg | Unary::Abs => self.measure(a),
            Unary::Sign => {
                self.measure(a);
                Measured::PLAIN
            }
            Unary::Sqrt => {
                let unit = self.measure(a);
                self.root(a, unit)
            }
            op => {
                let word = crate::check::unary_word(op);
                self.plain(a, &format!("the argument of `{word}`"))
            }
        }
    }

    fn binary(&mut self, op: Binary, a: &mut Expr, b: &mut Expr) -> Measured {
        match op {
            Binary::Mul => product(self.measure(a), self.measure(b), Unit::times),
            Binary::Div => product(self.measure(a), self.measure(b), Unit::over),
            Binary::Add => self.alike(a, b, "add"),
            Binary::Sub => self.alike(a, b, "subtract"),
            Binary::Min | Binary::Max => self.alike(a, b, "compare"),
        }
    }

    /// A draw has the unit of its ends or of its mean; that of a rate is the other way round.
    fn draw(&mut self, distribution: Distribution, arguments: &mut [Expr]) -> Measured {
        match (distribution, arguments) {
            (Distribution::Uniform | Distribution::Normal, [a, b]) => self.alike(a, b, "draw from"),
            (Distribution::Exponential, [rate]) => {
                product(Measured::PLAIN, self.measure(rate), Unit::over)
            }
            (_, arguments) => self.all_plain(arguments, "a probability"),
        }
    }

    fn root(&mut self, a: &mut Expr, unit: Measured) -> Measured {
        let Measure::In(known) = unit.measure else { return unit };
        let Some(root) = known.even().root() else {
            return self.has_unit(a, known, "a root of a root", unit.from);
        };
        self.scale(a, known.tens_to(known.even()));
        Measured { measure: Measure::In(root), from: None }
    }

    fn power(&mut self, a: &mut Expr, b: &mut Expr) -> Measured {
        self.plain(b, "an exponent");
        let unit = self.measure(a);
        let Measure::In(known) = unit.measure else { return unit };
        if known.is_plain() {
            return self.plain_measured(a, unit, "the base of a power");
        }
        let n = self.constants.number(b).ok().filter(|n| n.abs() <= MAX_POWER);
        match n {
            Some(n) if n.fract() == 0.0 => Measured::new(known.power(n as i32)),
            Some(n) if (2.0 * n).fract() == 0.0 => {
                let root = self.root(a, unit);
                match root.measure {
                    Measure::In(root) => Measured::new(root.power((2.0 * n) as i32)),
                    _ => root,
                }
            }
            _ => self.has_unit(a, known, "the base of a power that is not known", unit.from),
        }
    }

    fn all_plain(&mut self, all: &mut [Expr], what: &str) -> Measured {
        for e in all {
            match e.ty {
                Type::Surrogate | Type::Function => drop(self.measure(e)),
                _ => drop(self.plain(e, what)),
            }
        }
        Measured::PLAIN
    }

    /// Requires that a value has no unit.
    pub(super) fn plain(&mut self, e: &mut Expr, what: &str) -> Measured {
        let unit = self.measure(e);
        self.plain_measured(e, unit, what)
    }

    fn plain_measured(&mut self, e: &mut Expr, unit: Measured, what: &str) -> Measured {
        match unit.measure {
            Measure::In(unit) if unit.is_plain() => self.scale(e, unit.tens_to(Unit::NONE)),
            Measure::In(known) => return self.must_be_plain(e, known, what, unit.from),
            Measure::Any | Measure::Lost => {}
        }
        Measured::PLAIN
    }

    /// Brings two values into one scale: that of the first, unless it is a constant, which costs nothing to
    /// convert.
    fn alike(&mut self, a: &mut Expr, b: &mut Expr, verb: &str) -> Measured {
        let first = self.measure(a);
        self.alike_measured((a, first), b, verb)
    }

    fn alike_measured(
        &mut self,
        (a, first): (&mut Expr, Measured),
        b: &mut Expr,
        verb: &str,
    ) -> Measured {
        let second = self.measure(b);
        match (first.measure, second.measure) {
            (Measure::In(x), Measure::In(y)) if x.is_like(y) => {
                if a.stage == Stage::Const && b.stage != Stage::Const {
                    self.scale(a, x.tens_to(y));
                    return second;
                }
                self.scale(b, y.tens_to(x));
                first
            }
            (Measure::In(_), Measure::In(_)) => self.differ(verb, (a, first), (b, second)),
            (Measure::In(_), _) => first,
            (Measure::Any, _) => second,
            (Measure::Lost, Measure::In(_)) => second,
            (Measure::Lost, _) => first,
        }
    }

    /// Requires that a value is in the unit of a slot, and brings it into its scale.
    pub(super) fn fit(&mut self, slot: Slot, e: &mut Expr) {
        let found = self.measure(e);
        let (Measure::In(unit), Measure::In(known)) = (found.measure, self.slot(slot).measure)
        else {
            return;
        };
        match unit.is_like(known) {
            true => self.scale(e, unit.tens_to(known)),
            false => self.differs_from_slot(slot, known, e, found),
        }
    }

    /// Multiplies a value by a power of ten. A constant is divided by one that is a whole number, which is
    /// rounded once.
    pub(super) fn scale(&mut self, e: &mut Expr, tens: i32) {
        if tens == 0 {
            return;
        }
        if tens.unsigned_abs() > MAX_TENS {
            return self.too_far(e, tens);
        }
        let is_divided = tens < 0 && e.stage == Stage::Const;
        let factor = power_of_ten(if is_divided { -tens } else { tens });
        let op = if is_divided { Binary::Div } else { Binary::Mul };
        let Expr { stage, smooth, span, .. } = *e;
        let value = std::mem::replace(e, leaf(Kind::Unknown, Type::Real, span));
        let factor = leaf(Kind::Number(factor), Type::Real, span);
        let kind = Kind::Binary(op, Box::new(value), Box::new(factor));
        *e = Expr { kind, ty: Type::Real, stage, smooth, span };
    }
}

/// A power of ten, rounded once.
fn power_of_ten(n: i32) -> f64 {
    format!("1e{n}").parse().unwrap_or(f64::NAN)
}

/// The unit of a product or a quotient; a 0 has none there.
pub(super) fn product(a: Measured, b: Measured, of: fn(Unit, Unit) -> Unit) -> Measured {
    let unit = |measured: Measured| match measured.measure {
        Measure::In(unit) => Some(unit),
        Measure::Any => Some(Unit::NONE),
        Measure::Lost => None,
    };
    if a.measure == Measure::Any && b.measure == Measure::Any {
        return Measured::ANY;
    }
    let (Some(x), Some(y)) = (unit(a), unit(b)) else { return Measured::LOST };
    let from = if y == Unit::NONE { a.from } else { b.from.filter(|_| x == Unit::NONE) };
    Measured { measure: Measure::In(of(x, y)), from }
}
