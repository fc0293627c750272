//! What is linear in some values, by its form.

use std::collections::HashMap;

use crate::check::eval::Builder;
use crate::check::hir::{Binary, NodeId, Op, Unary};
use crate::span::Span;

/// A sum of products with some values, and the rest. What is not there is 0.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    /// What each of the values is multiplied by.
    pub factors: Vec<Option<NodeId>>,
    /// What none of them is in.
    pub rest: Option<NodeId>,
}

/// Takes nodes apart.
pub(super) struct Takes<'b, 'p> {
    builder: &'b mut Builder<'p>,
    values: &'b [NodeId],
    /// Whether a node depends on one of the values; those behind them all do not.
    depends: Vec<bool>,
    known: HashMap<NodeId, Linear>,
    span: Span,
}

impl<'b, 'p> Takes<'b, 'p> {
    pub fn new(builder: &'b mut Builder<'p>, values: &'b [NodeId], span: Span) -> Self {
        let mut depends: Vec<bool> = Vec::with_capacity(builder.graph.len());
        for (id, node) in builder.graph.iter() {
            let is_one = values.contains(&id);
            depends.push(is_one || node.op.operands().any(|a| depends[a.0 as usize]));
        }
        Self { builder, values, depends, known: HashMap::new(), span }
    }

    fn is_free(&self, a: NodeId) -> bool {
        !self.depends.get(a.0 as usize).copied().unwrap_or(false)
    }

    /// The node as a linear form, or the node in it that is none.
    pub fn apart(&mut self, node: NodeId) -> Result<Linear, NodeId> {
        if self.is_free(node) {
            let is_zero = self.builder.known(node) == Some(0.0);
            let rest = (!is_zero).then_some(node);
            return Ok(Linear { factors: vec![None; self.values.len()], rest });
        }
        if let Some(known) = self.known.get(&node) {
            return Ok(known.clone());
        }
        let made = self.made(node)?;
        self.known.insert(node, made.clone());
        Ok(made)
    }

    fn made(&mut self, node: NodeId) -> Result<Linear, NodeId> {
        let span = self.span;
        if let Some(place) = self.values.iter().position(|value| *value == node) {
            let one = self.builder.graph.constant(1.0, span);
            let mut factors = vec![None; self.values.len()];
            factors[place] = Some(one);
            return Ok(Linear { factors, rest: None });
        }
        match self.builder.graph.node(node).op {
            Op::Unary(Unary::Neg, a) => {
                let a = self.apart(a)?;
                Ok(self.each(a, |builder, a| builder.folded_unary(Unary::Neg, a, span)))
            }
            Op::Binary(op @ (Binary::Add | Binary::Sub), a, b) => {
                let (a, b) = (self.apart(a)?, self.apart(b)?);
                Ok(self.joined(op, a, b))
            }
            Op::Binary(Binary::Mul, a, b) => self.times(a, b).ok_or(node)?,
            Op::Binary(Binary::Div, a, b) if self.is_free(b) => {
                let a = self.apart(a)?;
                Ok(self.each(a, |builder, a| builder.folded(Binary::Div, a, b, span)))
            }
            Op::Fma(a, b, c) => {
                let product = self.times(a, b).ok_or(node)??;
                let c = self.apart(c)?;
                Ok(self.joined(Binary::Add, product, c))
            }
            Op::Select(c, a, b) if self.is_free(c) => {
                let (a, b) = (self.apart(a)?, self.apart(b)?);
                Ok(self.chosen(c, a, b))
            }
            _ => Err(node),
        }
    }

    /// A product, one side of which has none of the values.
    fn times(&mut self, a: NodeId, b: NodeId) -> Option<Result<Linear, NodeId>> {
        let (free, other) = match (self.is_free(a), self.is_free(b)) {
            (true, _) => (a, b),
            (_, true) => (b, a),
            _ => return None,
        };
        let span = self.span;
        let apart = self.apart(other);
        Some(apart.map(|a| self.each(a, |builder, a| builder.product(a, free, span))))
    }

    fn each(&mut self, a: Linear, mut f: impl FnMut(&mut Builder<'p>, NodeId) -> NodeId) -> Linear {
        let mut f = |a: Option<NodeId>| a.map(|a| f(self.builder, a));
        Linear { factors: a.factors.into_iter().map(&mut f).collect(), rest: f(a.rest) }
    }

    fn both(
        &mut self,
        a: Linear,
        b: Linear,
        mut f: impl FnMut(&mut Builder<'p>, Option<NodeId>, Option<NodeId>) -> Option<NodeId>,
    ) -> Linear {
        let pairs = a.factors.into_iter().zip(b.factors);
        let factors = pairs.map(|(a, b)| f(self.builder, a, b)).collect();
        Linear { factors, rest: f(self.builder, a.rest, b.rest) }
    }

    fn joined(&mut self, op: Binary, a: Linear, b: Linear) -> Linear {
        let span = self.span;
        self.both(a, b, |builder, a, b| match (a, b) {
            (a, None) => a,
            (None, Some(b)) if op == Binary::Sub => Some(builder.folded_unary(Unary::Neg, b, span)),
            (None, b) => b,
            (Some(a), Some(b)) => {
                let sum = builder.folded(op, a, b, span);
                (builder.known(sum) != Some(0.0)).then_some(sum)
            }
        })
    }

    fn chosen(&mut self, c: NodeId, a: Linear, b: Linear) -> Linear {
        let span = self.span;
        self.both(a, b, |builder, a, b| {
            if a.is_none() && b.is_none() {
                return None;
            }
            let zero = builder.graph.constant(0.0, span);
            let (a, b) = (a.unwrap_or(zero), b.unwrap_or(zero));
            let ty = builder.graph.node(a).ty;
            Some(builder.graph.add(Op::Select(c, a, b), ty, span))
        })
    }
}
