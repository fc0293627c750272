//! Rules held against sampled values, and rules that were made wrong on purpose.
//!
//! A rule of [`EXACT`] has to give the same bits in f32 for all numbers of which its guards hold, and a
//! rule of [`FAST`](super::FAST) the same number but for rounding wherever its left side is a number. A
//! mutant is a rule with two operands swapped, a sign flipped, a variable taken for another or a guard
//! left out; the check has to refuse each.

use egg::{ENodeOrVar, Language, Pattern, PatternAst, Var};

use super::facts::Fact;
use super::rules::{EXACT, Guard, Rule};
use super::sample::{self, Width};
use super::term::Term;
use crate::check::hir::{Binary, NodeId, Op, Type, Unary};

/// A rule as two expressions.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The rule's name.
    pub name: &'static str,
    /// What was made wrong; empty for the rule itself.
    pub change: String,
    from: PatternAst<Term>,
    to: PatternAst<Term>,
    when: Vec<Guard>,
    is_exact: bool,
}

/// A rule as it is.
///
/// # Errors
///
/// Where its text is none.
pub fn audited(rule: &Rule) -> Result<Audited, String> {
    let read = |text: &str| -> Result<PatternAst<Term>, String> {
        let pattern: Pattern<Term> = text.parse().map_err(|error| format!("{text}: {error}"))?;
        Ok(pattern.ast)
    };
    Ok(Audited {
        name: rule.name,
        change: String::new(),
        from: read(rule.from)?,
        to: read(rule.to)?,
        when: rule.when.to_vec(),
        is_exact: EXACT.iter().any(|exact| exact.name == rule.name),
    })
}

impl Audited {
    /// Holds the rule against so many samples of which its guards hold.
    ///
    /// # Errors
    ///
    /// The first sample for which the two sides differ, or that the guards hold too seldom.
    pub fn check(&self, samples: usize) -> Result<(), String> {
        let variables = self.variables();
        let mut taken = 0;
        for seed in 0..samples as u64 * 100 {
            let values: Vec<f64> =
                (0..).zip(&variables).map(|(i, var)| self.sampled(seed, i, *var)).collect();
            let value = |name: &str| {
                let at = variables.iter().position(|(var, _)| var.to_string() == name);
                at.map_or(f64::NAN, |at| values[at])
            };
            let known = |name: &str| (Fact::point(value(name)), Some(value(name)));
            if !self.when.iter().all(|guard| guard.holds(known)) {
                continue;
            }
            let of = |side| self.value(side, &variables, &values);
            let ((left, scale), (right, _)) = (of(&self.from), of(&self.to));
            if !self.is_same(left, right, scale) {
                let shown: Vec<String> = variables
                    .iter()
                    .zip(&values)
                    .map(|((var, _), value)| format!("{var} = {value:?}"))
                    .collect();
                return Err(format!("{left:?} became {right:?} at {}", shown.join(", ")));
            }
            taken += 1;
            if taken == samples {
                return Ok(());
            }
        }
        Err(format!("the guards hold for only {taken} samples"))
    }

    fn is_same(&self, left: f64, right: f64, scale: f64) -> bool {
        if self.is_exact {
            return left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan();
        }
        !left.is_finite() || (left - right).abs() <= 1e-12 * scale
    }

    /// A side's value, and the largest number on the way to it.
    fn value(&self, side: &PatternAst<Term>, of: &[(Var, Type)], values: &[f64]) -> (f64, f64) {
        let width = if self.is_exact { Width::F32 } else { Width::F64 };
        let mut all: Vec<f64> = Vec::new();
        for node in side {
            all.push(match node {
                ENodeOrVar::Var(var) => {
                    let at = of.iter().position(|(known, _)| known == var);
                    at.map_or(f64::NAN, |at| values[at])
                }
                ENodeOrVar::ENode(term) => {
                    let op = term.op(|id| NodeId(usize::from(id) as u32));
                    sample::value(op, term.ty, width, |id| all[id.0 as usize])
                }
            });
        }
        let scale =
            all.iter().filter(|x| x.is_finite()).fold(1.0, |most: f64, x| most.max(x.abs()));
        (all.last().copied().unwrap_or(f64::NAN), scale)
    }

    /// The variables of the left side with their types.
    fn variables(&self) -> Vec<(Var, Type)> {
        let mut found: Vec<(Var, Type)> = Vec::new();
        for node in &self.from {
            if let ENodeOrVar::Var(var) = node {
                let ty = if is_bool(&self.from, *var) { Type::Bool } else { Type::Real };
                found.push((*var, ty));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A number for a variable: often a special one.
    fn sampled(&self, seed: u64, i: u64, (var, ty): (Var, Type)) -> f64 {
        let unit = |at: u64| sample::unit(seed, i * 8 + at);
        let among = |all: &[f64], at: u64| all[(unit(at) * all.len() as f64) as usize];
        let name = var.to_string();
        let is = |guard: fn(&'static str) -> Guard| {
            self.when.iter().any(|known| {
                known.variables().contains(&name.as_str()) && *known == guard(known.variables()[0])
            })
        };
        if ty == Type::Bool || is(Guard::Bit) && unit(0) < 0.9 {
            return f64::from(u8::from(unit(1) < 0.5));
        }
        if is(Guard::PowerOfTwo) && unit(0) < 0.9 {
            return libm::ldexp(
                if unit(1) < 0.5 { 1.0 } else { -1.0 },
                (unit(2) * 252.0) as i32 - 126,
            );
        }
        if is(Guard::Whole) && unit(0) < 0.7 {
            return (unit(1) * 9.0 - 4.0).round();
        }
        match (unit(3), self.is_exact) {
            (..0.4, true) => among(&SPECIAL, 4),
            (..0.3, false) => among(&PLAIN_SPECIAL, 4),
            (..0.6, true) => f64::from(f32::from_bits((unit(5) * f64::from(u32::MAX)) as u32)),
            (_, true) => f64::from((unit(6) * 8.0 - 4.0) as f32),
            (_, false) => unit(6) * 8.0 - 4.0,
        }
    }

    /// The rule made wrong in every way that is known.
    pub fn mutants(&self) -> Vec<Audited> {
        let mut all = Vec::new();
        let mut changed = |change: String, to: PatternAst<Term>, when: Vec<Guard>| {
            all.push(Audited { change, to, when, ..self.clone() });
        };
        for (i, guard) in self.when.iter().enumerate() {
            let mut when = self.when.clone();
            when.remove(i);
            changed(format!("without {guard:?}"), self.to.clone(), when);
        }
        let last = self.to.len() - 1;
        let is_zero = matches!(&self.to[last.into()], ENodeOrVar::ENode(term) if *term == Term::constant(0.0));
        for (i, node) in self.to.iter().enumerate() {
            for (change, to) in self.wrong(i, node) {
                changed(change, to, self.when.clone());
            }
        }
        let (op, ty) = match self.type_of_result() {
            Type::Bool => (Op::Not(NodeId(0)), Type::Bool),
            _ => (Op::Unary(Unary::Neg, NodeId(0)), Type::Real),
        };
        // Where only the number counts, the opposite of 0 is 0.
        if is_zero && !self.is_exact {
            return all;
        }
        let mut to = self.to.clone();
        to.add(ENodeOrVar::ENode(Term::new(op, ty, |_| last.into())));
        changed("the opposite".into(), to, self.when.clone());
        all
    }

    /// The ways in which one term of the right side can be wrong.
    fn wrong(&self, i: usize, node: &ENodeOrVar<Term>) -> Vec<(String, PatternAst<Term>)> {
        let with = |node: ENodeOrVar<Term>| {
            let nodes = self.to.iter().enumerate();
            nodes.map(|(k, old)| if k == i { node.clone() } else { old.clone() }).collect()
        };
        let variables = self.variables();
        match node {
            ENodeOrVar::Var(var) => {
                let ty = variables.iter().find(|(known, _)| known == var).map(|(_, ty)| *ty);
                let others = variables.iter().filter(|(other, of)| other != var && Some(*of) == ty);
                others
                    .map(|(other, _)| (format!("{other} for {var}"), with(ENodeOrVar::Var(*other))))
                    .collect()
            }
            ENodeOrVar::ENode(term) => {
                let mut all = Vec::new();
                if let Op::Const(number) = term.head() {
                    let wrong =
                        Term::constant(other(number.value(), self.is_exact && self.to.len() == 1));
                    all.push((format!("not {}", number.value()), with(ENodeOrVar::ENode(wrong))));
                }
                if let Op::Bool(value) = term.head() {
                    all.push((
                        format!("not {value}"),
                        with(ENodeOrVar::ENode(Term::truth(!value))),
                    ));
                }
                let count = term.children().len();
                if count >= 2 && !is_commutative(&term.head()) {
                    let mut swapped = term.clone();
                    swapped.children_mut().swap(count - 2, count - 1);
                    if swapped != *term {
                        all.push((
                            format!("operands swapped in {:?}", term.head()),
                            with(ENodeOrVar::ENode(swapped)),
                        ));
                    }
                }
                all
            }
        }
    }

    fn type_of_result(&self) -> Type {
        match self.from.iter().last() {
            Some(ENodeOrVar::ENode(term)) => term.ty,
            _ => Type::Real,
        }
    }
}

/// A number that is not this one: the other 0 where the sign of 0 counts.
fn other(value: f64, has_sign: bool) -> f64 {
    match value {
        0.0 if has_sign => -value,
        0.0 => 1.0,
        1.0 | -1.0 => -value,
        value => value + 1.0,
    }
}

fn is_commutative(op: &Op) -> bool {
    use crate::check::hir::Compare::{Eq, Ne};
    matches!(
        op,
        Op::Binary(Binary::Add | Binary::Mul, ..) | Op::Logic(..) | Op::Compare(Eq | Ne, ..)
    )
}

/// Whether a variable stands where a bool does.
fn is_bool(side: &PatternAst<Term>, var: Var) -> bool {
    let is_it = |id: egg::Id| side[id] == ENodeOrVar::Var(var);
    side.iter().any(|node| match node {
        ENodeOrVar::Var(_) => false,
        ENodeOrVar::ENode(term) => match term.head() {
            Op::Select(..) => is_it(term.children()[0]),
            Op::Logic(..) | Op::Not(_) | Op::BoolToReal(_) => {
                term.children().iter().any(|id| is_it(*id))
            }
            _ => false,
        },
    })
}

/// What rounding, overflow and the signs of 0 turn on.
const SPECIAL: [f64; 20] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    3.0,
    -7.0,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    f32::MAX as f64,
    f32::MIN as f64,
    f32::MIN_POSITIVE as f64,
    1.401298464324817e-45,
    -1.401298464324817e-45,
    16_777_216.0,
    16_777_215.0,
    0.10000000149011612,
    -1.0000001192092896,
];

/// The same without what overflows in one of two forms.
const PLAIN_SPECIAL: [f64; 8] =
    [0.0, -0.0, 1.0, -1.0, 2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
