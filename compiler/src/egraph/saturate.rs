//! The e-graph: terms, what is known of each class, and the loop that applies rules.

use std::collections::HashMap;

use egg::{Analysis, DidMerge, EGraph, Id, Language, Rewrite};

use super::facts::{self, Fact};
use super::term::Term;
use crate::check::fold;
use crate::check::hir::{Binary, Graph, Leaf, Neuron, Node, NodeId, Op, Type};
use crate::span::Span;

/// The e-graph of a step.
pub type Classes = EGraph<Term, Facts>;

/// How far the search goes. There is no clock in it, so that every machine comes to the same code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How often all rules are applied.
    pub rounds: usize,
    /// No round begins with more terms than these.
    pub terms: usize,
    /// A rule is applied in so many places a round at most: where sums of many constants are one class,
    /// a sum of three is found a hundred thousand times.
    pub matches: usize,
}

impl Budget {
    /// What `snnc` searches with.
    pub const DEFAULT: Budget = Budget { rounds: 6, terms: 3_000, matches: 4_000 };
}

/// What the analysis needs beside terms.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// For leaves of which something is known, what.
    leaves: HashMap<Leaf, Fact>,
    /// Whether each node of the graph changes from step to step: a leaf may stand for one as written.
    varying: Vec<bool>,
    /// Whether constants are computed in f64, for what need not agree to the bit.
    fast: bool,
    /// The source of the next term.
    span: Span,
    /// The rule that makes the next term; none for those of the program.
    rule: Option<&'static str>,
    /// For each term, in the order in which they were made, the rule that made it.
    made_by: Vec<Option<&'static str>>,
}

impl Facts {
    /// Terms from now on come from a rule that was applied to a term of this source.
    pub fn credit(&mut self, span: Span, rule: &'static str) {
        (self.span, self.rule) = (span, Some(rule));
    }

    /// Whether a leaf is the same at every step.
    pub fn is_steady(&self, leaf: Leaf) -> bool {
        match leaf {
            Leaf::Arg(node) => !self.varying[node as usize],
            _ => leaf.is_steady(),
        }
    }

    /// The rule that made a term, by the term's own id.
    pub fn made_by(&self, id: Id) -> Option<&'static str> {
        self.made_by.get(usize::from(id)).copied().flatten()
    }
}

/// What is known of a class.
#[derive(Clone, Copy, Debug)]
pub struct Data {
    /// Of its value.
    pub fact: Fact,
    /// Its value, where it is a constant.
    pub value: Option<f64>,
    /// Whether it is the same at every step.
    pub steady: bool,
    /// Where its first term comes from.
    pub span: Span,
    /// How often `fact` became narrower.
    narrowed: u8,
}

/// A class that needs itself may have an interval that becomes narrower by a little without end: so often
/// at most.
const MAX_NARROWED: u8 = 30;

impl Analysis<Term> for Facts {
    type Data = Data;

    fn make(classes: &mut Classes, term: &Term, id: Id) -> Data {
        if usize::from(id) >= classes.analysis.made_by.len() {
            let rule = classes.analysis.rule;
            classes.analysis.made_by.resize(usize::from(id) + 1, rule);
        }
        let data = |id: NodeId| classes[Id::from(id.0 as usize)].data;
        let op = term.op(|id| NodeId(usize::from(id) as u32));
        let leaf = |leaf: Leaf| classes.analysis.leaves.get(&leaf).copied().unwrap_or(facts::ANY);
        let fact = facts::of(op, term.ty, leaf, |id| data(id).fact);
        let steady = match op {
            Op::Leaf(leaf) => classes.analysis.is_steady(leaf),
            op => op.operands().all(|operand| data(operand).steady),
        };
        let value = match op {
            Op::Const(number) => Some(number.value()),
            op if classes.analysis.fast => folded(op, |id| data(id).value),
            op => fact.value().filter(|_| term.ty == Type::Real && op.operands().next().is_some()),
        };
        Data { fact, value, steady, span: classes.analysis.span, narrowed: 0 }
    }

    fn merge(&mut self, to: &mut Data, from: Data) -> DidMerge {
        let narrowed = to.narrowed.max(from.narrowed);
        let fact = if narrowed < MAX_NARROWED { to.fact.and(from.fact) } else { to.fact };
        let merged = Data {
            fact,
            value: to.value.or(from.value),
            steady: to.steady || from.steady,
            span: to.span,
            narrowed: narrowed + u8::from(fact != to.fact && narrowed < MAX_NARROWED),
        };
        let differs = |data: &Data| {
            data.fact != merged.fact
                || data.value.is_some() != merged.value.is_some()
                || data.steady != merged.steady
        };
        let did = DidMerge(differs(to), differs(&from));
        *to = merged;
        did
    }

    /// Puts a constant into the class of which it is known to be the value.
    fn modify(classes: &mut Classes, id: Id) {
        let Data { fact, value, span, .. } = classes[id].data;
        let term = match classes[id].nodes[0].ty {
            Type::Real => value.map(Term::constant),
            Type::Bool => facts::truth_of(fact).map(Term::truth),
            Type::Int => None,
        };
        let Some(term) = term else { return };
        let before = (classes.analysis.span, classes.analysis.rule);
        classes.analysis.credit(span, "constants");
        let constant = classes.add(term);
        // A rule may be in the midst of its terms.
        (classes.analysis.span, classes.analysis.rule) = before;
        classes.union(id, constant);
        // Nothing is simpler than a constant.
        classes[id].nodes.retain(Language::is_leaf);
    }
}

/// The value of an operation on constants.
fn folded(op: Op, value: impl Fn(NodeId) -> Option<f64>) -> Option<f64> {
    let value = match op {
        Op::Unary(op, a) => fold::unary(op, value(a)?),
        Op::Binary(op, a, b) => fold::binary(op, value(a)?, value(b)?),
        Op::Fma(a, b, c) => fold::fma(value(a)?, value(b)?, value(c)?),
        _ => return None,
    };
    value.is_finite().then_some(value)
}

/// An e-graph that holds the wanted nodes of a graph, and the class of each.
///
/// In a fast one what a value is compared with stays as it is written: a comparison, a rounding or a
/// spike that decided one way in forward has to decide the same way in backward, also at a tie, where the
/// last bit of an operand counts. So such an operand is a leaf of its own, `Leaf::Arg` of its node.
pub fn classes(
    neuron: &Neuron,
    graph: &Graph,
    wanted: &[bool],
    fast: bool,
) -> (Classes, Vec<Option<Id>>) {
    let leaf = |(_, node): (NodeId, &Node)| match node.op {
        Op::Leaf(leaf) => Some((leaf, facts::of_leaf(leaf, neuron))),
        _ => None,
    };
    let known = facts::facts(graph, neuron).into_iter().zip(0..);
    let written_leaves = known.map(|(fact, i)| (Leaf::Arg(i), fact));
    let leaves = graph.iter().filter_map(leaf).chain(written_leaves);
    let leaves = leaves.filter(|(_, fact)| *fact != facts::ANY).collect();
    let varying = graph.varying();
    let mut classes = Classes::new(Facts { leaves, varying, fast, ..Facts::default() });
    let mut ids: Vec<Option<Id>> = Vec::with_capacity(graph.len());
    for (id, node) in graph.iter().filter(|(id, _)| (id.0 as usize) < wanted.len()) {
        ids.push(wanted[id.0 as usize].then(|| {
            classes.analysis.span = node.span;
            let op = if fast && decides(&node.op) {
                node.op.map(|a| NodeId(a.0 | WRITTEN))
            } else {
                node.op
            };
            let term = Term::new(op, node.ty, |operand| match written(graph, operand) {
                Some(leaf) => classes.add(leaf),
                None => ids[(operand.0 & !WRITTEN) as usize].unwrap_or_default(),
            });
            classes.add(term)
        }));
    }
    classes.rebuild();
    (classes, ids)
}

/// The bit of an operand that stays as it is written.
const WRITTEN: u32 = 1 << 31;

/// The leaf for a real operand that stays as it is written. Constants and spikes are exact anyway.
fn written(graph: &Graph, operand: NodeId) -> Option<Term> {
    let node = graph.node(NodeId(operand.0 & !WRITTEN));
    let is_exact = node.ty != Type::Real || matches!(node.op, Op::Const(_) | Op::Spike(..));
    let leaf = Leaf::Arg(operand.0 & !WRITTEN);
    (operand.0 & WRITTEN != 0 && !is_exact)
        .then(|| Term::new(Op::Leaf(leaf), node.ty, |_| Id::default()))
}

/// Whether a small change of an operand may change the value by much, or a number in place of NaN may:
/// the less and the more of a NaN and a number are numbers.
pub fn decides(op: &Op) -> bool {
    use crate::check::hir::Unary::{Ceil, Floor, Round, Sign};
    let rounds = matches!(op, Op::Unary(Floor | Ceil | Round | Sign, _) | Op::RealToInt(_));
    let chooses = matches!(op, Op::Binary(Binary::Min | Binary::Max, ..));
    rounds || chooses || matches!(op, Op::Compare(..) | Op::Spike(..))
}

/// Applies rules until they find nothing new, or the budget is spent.
pub fn saturate(classes: &mut Classes, rules: &[&Rewrite<Term, Facts>], budget: Budget) {
    for _ in 0..budget.rounds {
        let before = (classes.total_size(), classes.number_of_classes());
        if before.0 > budget.terms {
            return;
        }
        let found = rules.iter().map(|rule| rule.search_with_limit(classes, budget.matches));
        let found: Vec<_> = found.collect();
        for (rule, matches) in rules.iter().zip(&found) {
            rule.apply(classes, matches);
            if classes.total_size() > 2 * budget.terms {
                break;
            }
        }
        classes.rebuild();
        if before == (classes.total_size(), classes.number_of_classes()) {
            return;
        }
    }
}
