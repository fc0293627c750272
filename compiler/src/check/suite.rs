//! Tests in a file: what they run, what they give, and what they expect.

use crate::ast;
use crate::ast::{ExprKind, TestLineKind};
use crate::check::checker::Checker;
use crate::check::eval;
use crate::check::nearest::nearest;
use crate::check::tree::{Neuron, Type};
use crate::diagnostic::Diagnostic;
use crate::span::{Source, Span};

/// How far numbers may be from what a test expects where it does not say: relative, or absolute below 1.
pub const WITHIN: f64 = 1e-6;

/// The code of numbers that are not as a test expects.
pub const DIFFERS: &str = "E0705";

/// The code of gradients that are not the oracle's.
pub const GRADIENT: &str = "E0706";

/// A test of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// The neuron that it runs.
    pub neuron: String,
    /// The neuron's options with their values as they are written.
    pub options: Vec<(String, String)>,
    /// Its params, constrained.
    pub params: Vec<Given>,
    /// Its inputs.
    pub inputs: Vec<Given>,
    /// States before the first step.
    pub states: Vec<Given>,
    /// `T`, where it is given.
    pub steps: Option<usize>,
    /// Where random numbers start.
    pub seed: u64,
    /// What is expected, in the order written.
    pub expectations: Vec<Expectation>,
}

/// A name with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The name.
    pub name: String,
    /// Its numbers.
    pub numbers: Numbers,
    /// Where the name stands.
    pub span: Span,
}

/// Numbers as a test writes them: one, a list, or a list of lists, whose rows are as long as each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Nothing for one number, else the length of each axis.
    pub shape: Vec<usize>,
    /// The numbers, row by row, each with where it stands.
    pub values: Vec<(f64, Span)>,
    /// All of them.
    pub span: Span,
}

/// What a test expects.
#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    /// The numbers of a name.
    Values {
        /// The name.
        name: String,
        /// Whether its gradient is meant, that of the sum of all outputs.
        grad: bool,
        /// What they have to be.
        numbers: Numbers,
        /// How far off they may be; none where they have to be exactly these.
        within: Option<f64>,
        /// Where the name stands.
        span: Span,
    },
    /// That gradients are the oracle's.
    Gradients(Span),
}

/// What a name is to a test's neuron.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Input,
    State,
    Param,
    Made,
}

impl<'a> Checker<'a> {
    /// Checks a test. None comes back where it cannot be run.
    pub(super) fn test(
        &mut self,
        test: &'a ast::Test,
        neurons: &[Neuron],
        source: &Source,
    ) -> Option<Test> {
        let before = self.diagnostics.len();
        let (neuron, mut made) = self.subject(test, neurons, source)?;
        for line in &test.lines {
            match &line.kind {
                TestLineKind::Given(given) => self.given(given, neuron, &mut made),
                TestLineKind::Values { grad, name, numbers, exact, within } => {
                    let within = within.as_ref().and_then(|within| self.tolerance(within));
                    let grad = grad.is_some();
                    if self.is_known(name, neuron, grad)
                        && let Some(numbers) = self.numbers(numbers)
                    {
                        let within = (!exact).then_some(within.unwrap_or(WITHIN));
                        let (name, span) = (name.text.clone(), name.span);
                        let values = Expectation::Values { name, grad, numbers, within, span };
                        made.expectations.push(values);
                    }
                }
                TestLineKind::Gradients => {
                    made.expectations.push(Expectation::Gradients(line.span));
                }
                TestLineKind::Neuron { .. } => {}
                TestLineKind::Bad => return None,
            }
        }
        let is_right = self.diagnostics.len() == before;
        if is_right && made.expectations.is_empty() {
            let message = format!("the test {} expects nothing", test.name.text);
            let finding = Diagnostic::new("E0704", test.name.span, message, "cannot fail");
            self.report(finding.help("`expect v == [...]` or `expect gradients`"));
        }
        (self.diagnostics.len() == before).then_some(made)
    }

    /// The neuron that a test runs, with its options and params.
    fn subject<'n>(
        &mut self,
        test: &'a ast::Test,
        neurons: &'n [Neuron],
        source: &Source,
    ) -> Option<(&'n Neuron, Test)> {
        let mut subjects = test.lines.iter().filter_map(|line| match &line.kind {
            TestLineKind::Neuron { name, options, params } => Some((name, options, params)),
            _ => None,
        });
        let Some((name, options, params)) = subjects.next() else {
            let message = format!("the test {} names no neuron", test.name.text);
            let finding = Diagnostic::new("E0701", test.name.span, message, "runs what");
            self.report(finding.help("begin with `neuron NAME`"));
            return None;
        };
        if let Some((second, ..)) = subjects.next() {
            let message = "a test runs one neuron";
            let finding = Diagnostic::new("E0701", second.span, message, "a second one");
            self.report(finding.because(name.span, "the first"));
            return None;
        }
        let Some(neuron) = neurons.iter().find(|neuron| neuron.name == name.text) else {
            let message = format!("cannot find the neuron `{}`", name.text);
            let finding = Diagnostic::new("E0701", name.span, message, "not a neuron known here");
            let known = neurons.iter().map(|neuron| neuron.name.as_str());
            if !self.is_poisoned(&name.text) {
                self.report(match nearest(&name.text, known) {
                    Some(near) => finding.replace("one with a similar name", name.span, near),
                    None => finding.help("a test runs a neuron of its file, or of an import"),
                });
            }
            return None;
        };
        let text = |given: &ast::Given| {
            let value = source.text[given.value.span.range()].to_owned();
            (given.name.text.clone(), value)
        };
        let mut made = Test {
            name: test.name.text.trim_matches('"').into(),
            span: test.name.span,
            neuron: neuron.name.clone(),
            options: options.iter().map(text).collect(),
            params: Vec::new(),
            inputs: Vec::new(),
            states: Vec::new(),
            steps: None,
            seed: 0,
            expectations: Vec::new(),
        };
        for option in options {
            let known: Vec<&str> = neuron.options.iter().map(|o| o.name.as_str()).collect();
            self.require_known(&option.name, &known, "option", neuron);
        }
        for param in params {
            let known: Vec<&str> = neuron.params.iter().map(|p| p.name.as_str()).collect();
            if self.require_known(&param.name, &known, "param", neuron) {
                made.params.extend(self.named(param));
            }
        }
        Some((neuron, made))
    }

    /// Puts what a line gives where it belongs.
    fn given(&mut self, given: &'a ast::Given, neuron: &Neuron, made: &mut Test) {
        let name = given.name.text.as_str();
        match kind(neuron, name) {
            Some(Kind::Input) => made.inputs.extend(self.named(given)),
            Some(Kind::State) => made.states.extend(self.named(given)),
            Some(Kind::Param) => made.params.extend(self.named(given)),
            None if name == "T" || name == "seed" => {
                let Some(number) = self.whole(&given.value) else { return };
                match name {
                    "T" => made.steps = Some(number as usize),
                    _ => made.seed = number,
                }
            }
            _ => {
                let mut known = names(neuron, |kind| kind != Kind::Made);
                known.extend(["T", "seed"]);
                self.require_known(&given.name, &known, "input, state or param", neuron);
            }
        }
    }

    /// Whether a test may look at a name, or at its gradient.
    fn is_known(&mut self, name: &ast::Name, neuron: &Neuron, grad: bool) -> bool {
        let (known, what) = match grad {
            true => (names(neuron, |kind| kind != Kind::Made), "input, state or param"),
            false => (names(neuron, |kind| kind != Kind::Param), "state, input or name"),
        };
        let outputs = neuron.outputs.iter().map(|output| output.name.as_str());
        let known: Vec<&str> = known.into_iter().chain(outputs.filter(|_| !grad)).collect();
        self.require_known(name, &known, what, neuron)
    }

    fn require_known(
        &mut self,
        name: &ast::Name,
        known: &[&str],
        what: &str,
        neuron: &Neuron,
    ) -> bool {
        if known.contains(&name.text.as_str()) {
            return true;
        }
        let message = format!("`{}` has no {what} `{}`", neuron.name, name.text);
        let finding = Diagnostic::new("E0702", name.span, message, "not known");
        let finding = finding.because(neuron.span, "the neuron");
        self.report(match nearest(&name.text, known.iter().copied()) {
            Some(near) => finding.replace("one with a similar name", name.span, near),
            None => finding,
        });
        false
    }

    fn named(&mut self, given: &'a ast::Given) -> Option<Given> {
        let numbers = self.numbers(&given.value)?;
        Some(Given { name: given.name.text.clone(), numbers, span: given.name.span })
    }

    /// One number, a list, or a list of lists.
    fn numbers(&mut self, value: &'a ast::Expr) -> Option<Numbers> {
        let ExprKind::List(rows) = &value.kind else {
            let number = self.test_number(value)?;
            return Some(Numbers {
                shape: Vec::new(),
                values: vec![(number, value.span)],
                span: value.span,
            });
        };
        let is_list = |row: &ast::Expr| matches!(row.kind, ExprKind::List(_));
        let is_deep = rows.first().is_some_and(is_list);
        let mut numbers = Numbers { shape: vec![rows.len()], values: Vec::new(), span: value.span };
        for row in rows {
            let ExprKind::List(columns) = &row.kind else {
                if is_deep {
                    return self.ragged(row, "a row is a list, as the first one is");
                }
                numbers.values.push((self.test_number(row)?, row.span));
                continue;
            };
            if !is_deep {
                return self.ragged(row, "a number stands for each step, as the first one does");
            }
            if numbers.shape.len() == 1 {
                numbers.shape.push(columns.len());
            }
            if numbers.shape[1] != columns.len() {
                return self.ragged(row, "all rows are as long as the first one");
            }
            for number in columns {
                numbers.values.push((self.test_number(number)?, number.span));
            }
        }
        Some(numbers)
    }

    fn ragged(&mut self, row: &ast::Expr, why: &str) -> Option<Numbers> {
        let message = "the numbers are no rows of one length";
        self.report(Diagnostic::new("E0703", row.span, message, "another length").help(why));
        None
    }

    /// A number that is known at compile time.
    fn test_number(&mut self, value: &'a ast::Expr) -> Option<f64> {
        let before = self.diagnostics.len();
        let mut number = self.constant_number(value, "a number of a test");
        // It is in the unit that its name is declared in.
        self.measure_plain("a number of a test", &mut number);
        if self.diagnostics.len() > before || number.ty == Type::Unknown {
            return None;
        }
        match eval::constant(&number) {
            Ok(number) => Some(number),
            Err(findings) => {
                findings.into_iter().for_each(|finding| self.report(finding));
                None
            }
        }
    }

    fn whole(&mut self, value: &'a ast::Expr) -> Option<u64> {
        let number = self.test_number(value)?;
        if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
            return Some(number as u64);
        }
        let message = format!("expected a whole number, found {number}");
        self.report(Diagnostic::new("E0703", value.span, message, "0 or more, and no fraction"));
        None
    }

    fn tolerance(&mut self, value: &'a ast::Expr) -> Option<f64> {
        let number = self.test_number(value)?;
        if number >= 0.0 {
            return Some(number);
        }
        let message = format!("nothing is within {number}");
        self.report(Diagnostic::new("E0703", value.span, message, "0 or more"));
        None
    }
}

fn kind(neuron: &Neuron, name: &str) -> Option<Kind> {
    all_names(neuron).find(|(known, _)| *known == name).map(|(_, kind)| kind)
}

fn names(neuron: &Neuron, wanted: impl Fn(Kind) -> bool) -> Vec<&str> {
    all_names(neuron).filter(|(_, kind)| wanted(*kind)).map(|(name, _)| name).collect()
}

/// The names of a neuron that a test may use.
fn all_names(neuron: &Neuron) -> impl Iterator<Item = (&str, Kind)> {
    let inputs = neuron.inputs.iter().map(|input| (input.name.as_str(), Kind::Input));
    let states = neuron.states.iter().map(|state| (state.name.as_str(), Kind::State));
    let params = neuron.params.iter().map(|param| (param.name.as_str(), Kind::Param));
    let draws = neuron.draws.iter().map(|draw| (draw.name.as_str(), Kind::Made));
    let made = neuron.names.iter().map(|(name, _)| (name.as_str(), Kind::Made));
    inputs.chain(states).chain(params).chain(draws).chain(made)
}
