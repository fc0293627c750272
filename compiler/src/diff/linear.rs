//! Neurons whose states after a step are sums of those before it, each times a factor that no state decides. Steps of
//! these may be put together before the states are known: that is what a scan over time does.
//!
//! A factor may change from step to step, with inputs and draws. What the states decide otherwise, a spike and what it
//! gives, may be anything, as long as it does not come back to the states: a reset does.

use crate::check::hir::{Binary, Graph, Leaf, Neuron, NodeId, Op, Type, Unary};
use crate::span::Span;

/// How states after a step come from those before it.
#[derive(Clone, Debug)]
pub struct Linear {
    /// By state after the step, by state before it: the factor; none where it is 0.
    pub factors: Vec<Vec<Option<NodeId>>>,
}

impl Linear {
    /// The factors of a neuron, as nodes that are added to its graph, of which the first `n` are its own. What is
    /// detached is no sum, since its gradient is another: simplified graphs no longer tell.
    ///
    /// # Errors
    ///
    /// The index of a state that is no such sum.
    pub fn of(neuron: &mut Neuron, n: usize) -> Result<Self, usize> {
        let Neuron { graph, states, .. } = neuron;
        let mut factors = Factors { graph, n_states: states.len() };
        let rows = factors.rows(n);
        let row = |(i, next): (usize, NodeId)| match (&rows[next.0 as usize], states[i].ty) {
            (Some(row), Type::Real) => Ok(row.clone()),
            _ => Err(i),
        };
        let nexts = states.iter().map(|state| state.next).enumerate();
        Ok(Self { factors: nexts.map(row).collect::<Result<_, _>>()? })
    }

    /// Whether a state before some steps counts in one behind them.
    pub fn reaches(&self) -> Vec<Vec<bool>> {
        let mut reaches: Vec<Vec<bool>> =
            self.factors.iter().map(|row| row.iter().map(Option::is_some).collect()).collect();
        for through in 0..reaches.len() {
            let last = reaches[through].clone();
            for row in reaches.iter_mut().filter(|row| row[through]) {
                row.iter_mut().zip(&last).for_each(|(own, more)| *own |= more);
            }
        }
        reaches
    }
}

/// The factors of the states in a node; none where it is no sum of them.
type Row = Option<Vec<Option<NodeId>>>;

struct Factors<'g> {
    graph: &'g mut Graph,
    n_states: usize,
}

impl Factors<'_> {
    /// Those of the first nodes of the graph.
    fn rows(&mut self, n: usize) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::with_capacity(n);
        for i in 0..n {
            let node = *self.graph.node(NodeId(i as u32));
            let row = self.row(node.op, &rows, node.span);
            rows.push(row);
        }
        rows
    }

    fn row(&mut self, op: Op, rows: &[Row], span: Span) -> Row {
        let none = || vec![None; self.n_states];
        let of = |node: NodeId| rows[node.0 as usize].clone();
        let is_free = |node: NodeId| of(node).is_some_and(|row| row.iter().all(Option::is_none));
        if op.operands().all(is_free) {
            return match op {
                Op::Leaf(Leaf::State(state)) => {
                    let mut row = none();
                    row[state as usize] = Some(self.graph.constant(1.0, span));
                    Some(row)
                }
                _ => Some(none()),
            };
        }
        match op {
            Op::Unary(Unary::Neg, a) => self.scaled(of(a)?, |f, x| f.negated(x, span)),
            Op::Binary(Binary::Add, a, b) => self.sum(of(a)?, of(b)?, Binary::Add, span),
            Op::Binary(Binary::Sub, a, b) => self.sum(of(a)?, of(b)?, Binary::Sub, span),
            Op::Binary(Binary::Mul, a, b) if is_free(a) => {
                self.scaled(of(b)?, |f, x| f.times(x, a, span))
            }
            Op::Binary(Binary::Mul, a, b) if is_free(b) => {
                self.scaled(of(a)?, |f, x| f.times(x, b, span))
            }
            Op::Binary(Binary::Div, a, b) if is_free(b) => {
                self.scaled(of(a)?, |f, x| f.graph.binary(Binary::Div, x, b, span))
            }
            Op::Fma(a, b, c) => {
                let (free, bound) = if is_free(a) { (a, b) } else { (b, a) };
                let product = match is_free(free) {
                    true => self.scaled(of(bound)?, |f, x| f.times(x, free, span))?,
                    false => return None,
                };
                self.sum(product, of(c)?, Binary::Add, span)
            }
            Op::Select(condition, a, b) if is_free(condition) => {
                let zero = self.graph.constant(0.0, span);
                let both = of(a)?.into_iter().zip(of(b)?);
                let choose = |(a, b): (Option<NodeId>, Option<NodeId>)| {
                    a.or(b)?;
                    let op = Op::Select(condition, a.unwrap_or(zero), b.unwrap_or(zero));
                    Some(self.graph.add(op, Type::Real, span))
                };
                Some(both.map(choose).collect())
            }
            _ => None,
        }
    }

    fn scaled(
        &mut self,
        row: Vec<Option<NodeId>>,
        mut by: impl FnMut(&mut Self, NodeId) -> NodeId,
    ) -> Row {
        Some(row.into_iter().map(|factor| factor.map(|factor| by(self, factor))).collect())
    }

    fn sum(
        &mut self,
        a: Vec<Option<NodeId>>,
        b: Vec<Option<NodeId>>,
        op: Binary,
        span: Span,
    ) -> Row {
        let one = |(a, b): (Option<NodeId>, Option<NodeId>)| match (a, b, op) {
            (Some(a), Some(b), op) => Some(self.graph.binary(op, a, b, span)),
            (None, Some(b), Binary::Sub) => Some(self.negated(b, span)),
            (a, b, _) => a.or(b),
        };
        Some(a.into_iter().zip(b).map(one).collect())
    }

    /// A factor times a node, which it is itself where it is 1.
    fn times(&mut self, factor: NodeId, node: NodeId, span: Span) -> NodeId {
        match self.graph.node(factor).op {
            Op::Const(number) if number.value() == 1.0 => node,
            _ => self.graph.binary(Binary::Mul, factor, node, span),
        }
    }

    fn negated(&mut self, factor: NodeId, span: Span) -> NodeId {
        match self.graph.node(factor).op {
            Op::Const(number) => self.graph.constant(-number.value(), span),
            _ => self.graph.unary(Unary::Neg, factor, span),
        }
    }
}
