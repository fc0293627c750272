//! The rules, as two tables.
//!
//! A rule is text: what it looks for, what that is the same as, and what has to be known of the values.
//! How to add one is in `docs/egraph.md`. [`super::audit`] holds each rule against sampled values, and
//! each of its guards must be needed there.

use std::sync::LazyLock;

use egg::{Applier, Id, Pattern, PatternAst, Rewrite, Searcher, Subst, Symbol, Var};

use super::facts::Fact;
use super::saturate::{Classes, Facts};
use super::term::Term;

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it says, for people.
    pub name: &'static str,
    /// The form that it looks for.
    pub from: &'static str,
    /// What that is the same as.
    pub to: &'static str,
    /// What has to be known.
    pub when: &'static [Guard],
}

/// A condition on the values that a rule's variables stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// It is not NaN.
    Number(&'static str),
    /// It is neither NaN nor infinite.
    Finite(&'static str),
    /// It is never -0.
    NoMinusZero(&'static str),
    /// It is NaN, or not below 0 and not -0.
    Positive(&'static str),
    /// It is NaN or below 0.
    Negative(&'static str),
    /// It is never 0 of either sign.
    NonZero(&'static str),
    /// It is NaN, infinite or an integer.
    Whole(&'static str),
    /// It is 0 or 1.
    Bit(&'static str),
    /// It is a constant power of two whose reciprocal is a normal f32.
    PowerOfTwo(&'static str),
    /// The first is at most the second, and neither is NaN.
    AtMost(&'static str, &'static str),
    /// No number that the first can be is as large as one that the second can be.
    Below(&'static str, &'static str),
}

use Guard::*;

/// Changes no number: NaN stays NaN, infinities and the sign of 0 stay.
pub const EXACT: &[Rule] = &[
    rule("a + b = b + a", "(+ ?a ?b)", "(+ ?b ?a)", &[]),
    rule("a * b = b * a", "(* ?a ?b)", "(* ?b ?a)", &[]),
    rule("x * 1 = x", "(* ?x 1)", "?x", &[]),
    rule("x / 1 = x", "(/ ?x 1)", "?x", &[]),
    rule("x * -1 = -x", "(* ?x -1)", "(neg ?x)", &[]),
    rule("x / -1 = -x", "(/ ?x -1)", "(neg ?x)", &[]),
    rule("x / c = x * (1 / c), c = 2^n", "(/ ?x ?c)", "(* ?x (/ 1 ?c))", &[PowerOfTwo("?c")]),
    rule("x - 0 = x", "(- ?x 0)", "?x", &[]),
    rule("x + -0 = x", "(+ ?x -0)", "?x", &[]),
    rule("x + 0 = x, x not -0", "(+ ?x 0)", "?x", &[NoMinusZero("?x")]),
    rule("a + -b = a - b", "(+ ?a (neg ?b))", "(- ?a ?b)", &[]),
    rule("a - -b = a + b", "(- ?a (neg ?b))", "(+ ?a ?b)", &[]),
    rule("--x = x", "(neg (neg ?x))", "?x", &[]),
    rule("-a * b = -(a * b)", "(* (neg ?a) ?b)", "(neg (* ?a ?b))", &[]),
    rule("-(a * b) = a * -b", "(neg (* ?a ?b))", "(* ?a (neg ?b))", &[]),
    rule("-a / b = -(a / b)", "(/ (neg ?a) ?b)", "(neg (/ ?a ?b))", &[]),
    rule("a / -b = -(a / b)", "(/ ?a (neg ?b))", "(neg (/ ?a ?b))", &[]),
    rule("x - x = 0, x finite", "(- ?x ?x)", "0", &[Finite("?x")]),
    rule("x / x = 1, x finite and not 0", "(/ ?x ?x)", "1", &[Finite("?x"), NonZero("?x")]),
    rule("x * 0 = 0, x finite and positive", "(* ?x 0)", "0", &[Finite("?x"), Positive("?x")]),
    rule("|-x| = |x|", "(abs (neg ?x))", "(abs ?x)", &[]),
    rule("|x| = x, x positive", "(abs ?x)", "?x", &[Positive("?x")]),
    rule("|x| = -x, x negative", "(abs ?x)", "(neg ?x)", &[Negative("?x")]),
    rule("|x| * |x| = x * x", "(* (abs ?x) (abs ?x))", "(* ?x ?x)", &[]),
    rule("min(x, x) = x", "(min ?x ?x)", "?x", &[]),
    rule("max(x, x) = x", "(max ?x ?x)", "?x", &[]),
    rule("min(a, b) = a, a <= b", "(min ?a ?b)", "?a", &[AtMost("?a", "?b")]),
    rule("min(a, b) = b, b < a", "(min ?a ?b)", "?b", &[Below("?b", "?a")]),
    rule("max(a, b) = a, b <= a", "(max ?a ?b)", "?a", &[AtMost("?b", "?a")]),
    rule("max(a, b) = b, a < b", "(max ?a ?b)", "?b", &[Below("?a", "?b")]),
    rule("floor(x) = x, x whole", "(floor ?x)", "?x", &[Whole("?x")]),
    rule("ceil(x) = x, x whole", "(ceil ?x)", "?x", &[Whole("?x")]),
    rule("round(x) = x, x whole", "(round ?x)", "?x", &[Whole("?x")]),
    rule("fma(1, b, c) = b + c", "(fma 1 ?b ?c)", "(+ ?b ?c)", &[]),
    rule("fma(a, 1, c) = a + c", "(fma ?a 1 ?c)", "(+ ?a ?c)", &[]),
    rule("fma(a, b, -0) = a * b", "(fma ?a ?b -0)", "(* ?a ?b)", &[]),
    rule("a > b = b < a", "(> ?a ?b)", "(< ?b ?a)", &[]),
    rule("a >= b = b <= a", "(>= ?a ?b)", "(<= ?b ?a)", &[]),
    rule(
        "not a < b = b <= a, numbers",
        "(not (< ?a ?b))",
        "(<= ?b ?a)",
        &[Number("?a"), Number("?b")],
    ),
    rule(
        "not a <= b = b < a, numbers",
        "(not (<= ?a ?b))",
        "(< ?b ?a)",
        &[Number("?a"), Number("?b")],
    ),
    rule("not a == b = a != b", "(not (== ?a ?b))", "(!= ?a ?b)", &[]),
    rule("not a != b = a == b", "(not (!= ?a ?b))", "(== ?a ?b)", &[]),
    rule("not not c = c", "(not (not ?c))", "?c", &[]),
    rule("a and b = b and a", "(and ?a ?b)", "(and ?b ?a)", &[]),
    rule("a or b = b or a", "(or ?a ?b)", "(or ?b ?a)", &[]),
    rule("c and c = c", "(and ?c ?c)", "?c", &[]),
    rule("c or c = c", "(or ?c ?c)", "?c", &[]),
    rule("c and true = c", "(and ?c true)", "?c", &[]),
    rule("c and false = false", "(and ?c false)", "false", &[]),
    rule("c or false = c", "(or ?c false)", "?c", &[]),
    rule("c or true = true", "(or ?c true)", "true", &[]),
    rule("c and not c = false", "(and ?c (not ?c))", "false", &[]),
    rule("c or not c = true", "(or ?c (not ?c))", "true", &[]),
    rule("a and (a or b) = a", "(and ?a (or ?a ?b))", "?a", &[]),
    rule("a or (a and b) = a", "(or ?a (and ?a ?b))", "?a", &[]),
    rule("select(true, a, b) = a", "(select true ?a ?b)", "?a", &[]),
    rule("select(false, a, b) = b", "(select false ?a ?b)", "?b", &[]),
    rule("select(c, a, a) = a", "(select ?c ?a ?a)", "?a", &[]),
    rule(
        "select(not c, a, b) = select(c, b, a)",
        "(select (not ?c) ?a ?b)",
        "(select ?c ?b ?a)",
        &[],
    ),
    rule(
        "select(c, select(c, a, x), b)",
        "(select ?c (select ?c ?a ?x) ?b)",
        "(select ?c ?a ?b)",
        &[],
    ),
    rule(
        "select(c, a, select(c, x, b))",
        "(select ?c ?a (select ?c ?x ?b))",
        "(select ?c ?a ?b)",
        &[],
    ),
    rule(
        "select(c, -a, -b) = -select",
        "(select ?c (neg ?a) (neg ?b))",
        "(neg (select ?c ?a ?b))",
        &[],
    ),
    rule(
        "select(c, a + x, b + x)",
        "(select ?c (+ ?a ?x) (+ ?b ?x))",
        "(+ (select ?c ?a ?b) ?x)",
        &[],
    ),
    rule(
        "select(c, a * x, b * x)",
        "(select ?c (* ?a ?x) (* ?b ?x))",
        "(* (select ?c ?a ?b) ?x)",
        &[],
    ),
    rule("select(c, 1, 0) != 0 = c", "(!= (select ?c 1 0) 0)", "?c", &[]),
    rule("select(c, 1, 0) == 0 = not c", "(== (select ?c 1 0) 0)", "(not ?c)", &[]),
    rule("real(c) = select(c, 1, 0)", "(bool_to_real ?c)", "(select ?c 1 0)", &[]),
    rule("detach(x) = x", "(detach ?x)", "?x", &[]),
    rule("hard(v, s, to)", "(hard ?v ?s ?to)", "(select (!= ?s 0) ?to ?v)", &[]),
    rule("soft(v, s, by)", "(soft ?v ?s ?by)", "(- ?v (* ?s ?by))", &[]),
    rule("s * s = s of a spike", "(* ?s ?s)", "?s", &[Bit("?s")]),
    rule("1 - (1 - s) = s of a spike", "(- 1 (- 1 ?s))", "?s", &[Bit("?s")]),
    rule(
        "s * g = select(s, g, 0), g finite",
        "(* ?s ?g)",
        "(select (!= ?s 0) ?g 0)",
        &[Bit("?s"), Finite("?g"), Positive("?g")],
    ),
];

/// Holds for real numbers: may round or overflow otherwise, or make a number of what was NaN. Where no
/// form overflows it is never the other way: where one is a number, so is the other.
pub const FAST: &[Rule] = &[
    rule("x + 0 = x", "(+ ?x 0)", "?x", &[]),
    rule("x - x = 0", "(- ?x ?x)", "0", &[]),
    rule("0 - x = -x", "(- 0 ?x)", "(neg ?x)", &[]),
    rule("x * 0 = 0", "(* ?x 0)", "0", &[]),
    rule("0 / x = 0", "(/ 0 ?x)", "0", &[]),
    rule("x + x = 2 * x", "(+ ?x ?x)", "(* 2 ?x)", &[]),
    rule("-(a - b) = b - a", "(neg (- ?a ?b))", "(- ?b ?a)", &[]),
    rule("-a - b = -(a + b)", "(- (neg ?a) ?b)", "(neg (+ ?a ?b))", &[]),
    rule("(a + b) + c = a + (b + c)", "(+ (+ ?a ?b) ?c)", "(+ ?a (+ ?b ?c))", &[]),
    rule("(a + b) - c = a + (b - c)", "(- (+ ?a ?b) ?c)", "(+ ?a (- ?b ?c))", &[]),
    rule("a + (b - c) = (a + b) - c", "(+ ?a (- ?b ?c))", "(- (+ ?a ?b) ?c)", &[]),
    rule("a - (b - c) = (a - b) + c", "(- ?a (- ?b ?c))", "(+ (- ?a ?b) ?c)", &[]),
    rule("(a * b) * c = a * (b * c)", "(* (* ?a ?b) ?c)", "(* ?a (* ?b ?c))", &[]),
    rule("a * b + a * c = a * (b + c)", "(+ (* ?a ?b) (* ?a ?c))", "(* ?a (+ ?b ?c))", &[]),
    rule("a * b - a * c = a * (b - c)", "(- (* ?a ?b) (* ?a ?c))", "(* ?a (- ?b ?c))", &[]),
    rule("a + a * b = a * (1 + b)", "(+ ?a (* ?a ?b))", "(* ?a (+ 1 ?b))", &[]),
    rule("a - a * b = a * (1 - b)", "(- ?a (* ?a ?b))", "(* ?a (- 1 ?b))", &[]),
    rule("a * b - a = a * (b - 1)", "(- (* ?a ?b) ?a)", "(* ?a (- ?b 1))", &[]),
    rule("x / c = x * (1 / c)", "(/ ?x ?c)", "(* ?x (/ 1 ?c))", &[]),
    rule("x * (1 / c) = x / c", "(* ?x (/ 1 ?c))", "(/ ?x ?c)", &[]),
    rule("a * (b / c) = (a * b) / c", "(* ?a (/ ?b ?c))", "(/ (* ?a ?b) ?c)", &[]),
    rule("(a * b) / c = a * (b / c)", "(/ (* ?a ?b) ?c)", "(* ?a (/ ?b ?c))", &[]),
    rule("(a / b) / c = a / (b * c)", "(/ (/ ?a ?b) ?c)", "(/ ?a (* ?b ?c))", &[]),
    rule("a / (b / c) = (a * c) / b", "(/ ?a (/ ?b ?c))", "(/ (* ?a ?c) ?b)", &[]),
    rule("a / c + b / c = (a + b) / c", "(+ (/ ?a ?c) (/ ?b ?c))", "(/ (+ ?a ?b) ?c)", &[]),
    rule(
        "sigmoid(x) (1 - sigmoid(x))",
        "(* (sigmoid ?x) (- 1 (sigmoid ?x)))",
        "(sigmoid_slope (* ?x log2_e))",
        &[],
    ),
    rule(
        "g sigmoid(x) (1 - sigmoid(x))",
        "(* (sigmoid ?x) (* ?g (- 1 (sigmoid ?x))))",
        "(* ?g (sigmoid_slope (* ?x log2_e)))",
        &[],
    ),
    rule("1 - sigmoid(x) = sigmoid(-x)", "(- 1 (sigmoid ?x))", "(sigmoid (neg ?x))", &[]),
    rule("sigmoid_slope(-x)", "(sigmoid_slope (neg ?x))", "(sigmoid_slope ?x)", &[]),
    rule("e^a * e^b = e^(a + b)", "(* (exp ?a) (exp ?b))", "(exp (+ ?a ?b))", &[]),
    rule("1 / e^x = e^-x", "(/ 1 (exp ?x))", "(exp (neg ?x))", &[]),
    rule("a / e^x = a * e^-x", "(/ ?a (exp ?x))", "(* ?a (exp (neg ?x)))", &[]),
    rule("select(c, a, 0) * x", "(* (select ?c ?a 0) ?x)", "(select ?c (* ?a ?x) 0)", &[]),
    rule("select(c, 0, a) * x", "(* (select ?c 0 ?a) ?x)", "(select ?c 0 (* ?a ?x))", &[]),
    rule("-select(c, a, 0)", "(neg (select ?c ?a 0))", "(select ?c (neg ?a) 0)", &[]),
    rule("-select(c, 0, a)", "(neg (select ?c 0 ?a))", "(select ?c 0 (neg ?a))", &[]),
    rule(
        "select(c, a, 0) + select(c, b, 0)",
        "(+ (select ?c ?a 0) (select ?c ?b 0))",
        "(select ?c (+ ?a ?b) 0)",
        &[],
    ),
    rule(
        "select(c, 0, a) + select(c, 0, b)",
        "(+ (select ?c 0 ?a) (select ?c 0 ?b))",
        "(select ?c 0 (+ ?a ?b))",
        &[],
    ),
    rule(
        "select(c, a, 0) + select(c, 0, b)",
        "(+ (select ?c ?a 0) (select ?c 0 ?b))",
        "(select ?c ?a ?b)",
        &[],
    ),
    rule(
        "select(c, a, 0) - select(c, 0, b)",
        "(- (select ?c ?a 0) (select ?c 0 ?b))",
        "(select ?c ?a (neg ?b))",
        &[],
    ),
    rule("g * s of a spike", "(* ?g ?s)", "(select (!= ?s 0) ?g 0)", &[Bit("?s")]),
    rule("g * (1 - s) of a spike", "(* ?g (- 1 ?s))", "(select (!= ?s 0) 0 ?g)", &[Bit("?s")]),
    rule("g - g * s of a spike", "(- ?g (* ?g ?s))", "(select (!= ?s 0) 0 ?g)", &[Bit("?s")]),
];

/// The rules that every compiler has: with constants and unused nodes gone, they are what simplification
/// is measured against.
pub const PLAIN: &[&str] = &[
    "x * 1 = x",
    "x / 1 = x",
    "x - 0 = x",
    "x + -0 = x",
    "x + 0 = x",
    "x * 0 = 0",
    "0 / x = 0",
    "0 - x = -x",
    "--x = x",
    "a + b = b + a",
    "a * b = b * a",
    "select(true, a, b) = a",
    "select(false, a, b) = b",
    "detach(x) = x",
];

const fn rule(
    name: &'static str,
    from: &'static str,
    to: &'static str,
    when: &'static [Guard],
) -> Rule {
    Rule { name, from, to, when }
}

impl Guard {
    /// The variables it speaks of.
    pub fn variables(&self) -> Vec<&'static str> {
        match *self {
            Number(x) | Finite(x) | NoMinusZero(x) | Positive(x) | Negative(x) | NonZero(x)
            | Whole(x) | Bit(x) | PowerOfTwo(x) => vec![x],
            AtMost(a, b) | Below(a, b) => vec![a, b],
        }
    }

    /// Whether it follows from what is known of the variables; a constant has a value.
    pub fn holds(&self, known: impl Fn(&str) -> (Fact, Option<f64>)) -> bool {
        let fact = |x: &str| known(x).0;
        match *self {
            Number(x) => !fact(x).nan,
            Finite(x) => fact(x).is_finite(),
            NoMinusZero(x) => !fact(x).minus_zero,
            Positive(x) => fact(x).low >= 0.0 && !fact(x).minus_zero,
            Negative(x) => fact(x).high < 0.0,
            NonZero(x) => !fact(x).may_be_zero(),
            Whole(x) => fact(x).whole,
            Bit(x) => fact(x).is_bit(),
            PowerOfTwo(x) => known(x).1.is_some_and(is_power_of_two),
            AtMost(a, b) => fact(a).high <= fact(b).low && !fact(a).nan && !fact(b).nan,
            Below(a, b) => fact(a).high < fact(b).low,
        }
    }
}

/// Whether a number and its reciprocal are normal in f32 and both exact.
fn is_power_of_two(value: f64) -> bool {
    let exponent = libm::ilogb(value);
    (-126..=126).contains(&exponent) && value.abs() == libm::ldexp(1.0, exponent)
}

/// A rule as the e-graph applies it.
pub type Rewriting = Rewrite<Term, Facts>;

/// The rules of a table for the e-graph.
pub struct Table(Vec<Rewriting>);

impl Table {
    /// Its rules.
    pub fn rules(&self) -> impl Iterator<Item = &Rewriting> {
        self.0.iter()
    }
}

/// [`EXACT`], read once.
pub static EXACT_TABLE: LazyLock<Table> = LazyLock::new(|| table(EXACT));
/// [`FAST`], read once.
pub static FAST_TABLE: LazyLock<Table> = LazyLock::new(|| table(FAST));

fn table(rules: &[Rule]) -> Table {
    Table(rules.iter().map(rewrite).collect())
}

/// A rule for the e-graph.
///
/// # Panics
///
/// Where the rule's text is none: the tables are constants, and a test reads them all.
pub fn rewrite(rule: &Rule) -> Rewriting {
    let pattern = |text: &str| -> Pattern<Term> {
        text.parse().unwrap_or_else(|error| panic!("{}: {text}: {error}", rule.name))
    };
    let (from, to) = (pattern(rule.from), pattern(rule.to));
    let applier = Guarded { name: rule.name, to, when: rule.when };
    Rewrite::new(rule.name, from, applier).unwrap_or_else(|error| panic!("{}: {error}", rule.name))
}

/// Writes a rule's right side where its guards hold.
struct Guarded {
    name: &'static str,
    to: Pattern<Term>,
    when: &'static [Guard],
}

impl Applier<Term, Facts> for Guarded {
    fn apply_one(
        &self,
        classes: &mut Classes,
        class: Id,
        subst: &Subst,
        searcher: Option<&PatternAst<Term>>,
        name: Symbol,
    ) -> Vec<Id> {
        let known = |name: &str| {
            let data =
                name.parse().ok().and_then(|var: Var| subst.get(var)).map(|id| &classes[*id].data);
            data.map_or((super::facts::ANY, None), |data| (data.fact, data.value))
        };
        if !self.when.iter().all(|guard| guard.holds(known)) {
            return vec![];
        }
        classes.analysis.credit(classes[class].data.span, self.name);
        self.to.apply_one(classes, class, subst, searcher, name)
    }

    fn vars(&self) -> Vec<Var> {
        Searcher::<Term, Facts>::vars(&self.to)
    }
}
