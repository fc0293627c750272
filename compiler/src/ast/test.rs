//! Tests in a file: the tree, how it is built, and how it is printed.

use pest::iterators::Pair;

use super::build::{Builder, all, first};
use super::parse::Rule;
use super::{Expr, Name};
use crate::span::Span;

/// `test "name" { ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Its name, in quotes.
    pub name: Name,
    /// Its lines, in the order written.
    pub lines: Vec<TestLine>,
}

/// A line of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestLine {
    /// What it is.
    pub kind: TestLineKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of lines in a test.
#[derive(Clone, Debug, PartialEq)]
pub enum TestLineKind {
    /// `neuron Lif(option: value) { tau = 2 }`
    Neuron {
        /// The neuron's name.
        name: Name,
        /// Its options.
        options: Vec<Given>,
        /// Its params.
        params: Vec<Given>,
    },
    /// `x = [1, 2]`: an input, the first value of a state, `T`, or the `seed`.
    Given(Given),
    /// `expect v == [1, 2]`, or `~=` with how far off the numbers may be.
    Values {
        /// The word `grad`, if the gradient is looked at.
        grad: Option<Span>,
        /// What is looked at.
        name: Name,
        /// What it has to be.
        numbers: Expr,
        /// Whether it has to be exactly that.
        exact: bool,
        /// How far off it may be.
        within: Option<Expr>,
    },
    /// `expect gradients`
    Gradients,
    /// What does not parse.
    Bad,
}

/// A name with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Expr,
}

impl Builder<'_> {
    /// A test.
    pub(super) fn test(&mut self, pair: &Pair<'_, Rule>) -> Option<Test> {
        let name = self.word(pair, Rule::string)?;
        let mut lines = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::test_line => lines.push(self.test_line(&inner)),
                Rule::bad_statement => {
                    let span = self.span(&inner);
                    self.refuse_piece(&inner, Rule::lone_test_line);
                    lines.push(TestLine { kind: TestLineKind::Bad, span });
                }
                _ => {}
            }
        }
        Some(Test { name, lines })
    }

    fn test_line(&mut self, pair: &Pair<'_, Rule>) -> TestLine {
        let span = self.span(pair);
        let inner = pair.clone().into_inner().next();
        let kind = inner.and_then(|inner| match inner.as_rule() {
            Rule::subject => Some(self.subject(&inner)),
            Rule::given => Some(TestLineKind::Given(self.given(&inner))),
            Rule::values => self.values(&inner),
            Rule::gradients => Some(TestLineKind::Gradients),
            _ => None,
        });
        TestLine { kind: kind.unwrap_or(TestLineKind::Bad), span }
    }

    fn subject(&mut self, pair: &Pair<'_, Rule>) -> TestLineKind {
        let mut given = |within, rule| {
            let inner = first(pair, within).into_iter().flat_map(move |list| all(&list, rule));
            inner.map(|one| self.given(&one)).collect()
        };
        let options = given(Rule::choices, Rule::choice);
        let params = given(Rule::numbers, Rule::given);
        TestLineKind::Neuron { name: self.name(pair), options, params }
    }

    fn given(&mut self, pair: &Pair<'_, Rule>) -> Given {
        Given { name: self.name(pair), value: self.expr_in(pair) }
    }

    fn values(&mut self, pair: &Pair<'_, Rule>) -> Option<TestLineKind> {
        let grad = first(pair, Rule::kw_grad).map(|word| self.span(&word));
        let mut numbers = all(pair, Rule::expr);
        let (value, within) = (numbers.next()?, numbers.next());
        Some(TestLineKind::Values {
            grad,
            name: self.name(pair),
            numbers: self.expr(value),
            exact: first(pair, Rule::exactly).is_some(),
            within: within.map(|within| self.expr(within)),
        })
    }
}
