//! The methods that evaluate the right sides, and what all methods share.

use crate::check::eval::{Builder, Result, Value};
use crate::check::fold;
use crate::check::hir::{Binary, NodeId, Op, Unary};
use crate::check::ode::{Method, Solved};
use crate::check::tree::Ode;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl Builder<'_> {
    /// Moves the states of a block over a step.
    pub(in crate::check) fn ode(&mut self, ode: &Ode) -> Result<()> {
        let dt = self.time_of(ode)?;
        let start = self.states(ode)?;
        let method = match ode.method {
            Method::Auto => self.first_that_fits(ode, &start)?,
            method => method,
        };
        let end = match method {
            Method::Exact => self.exact(ode, &start, dt)?,
            Method::ExpEuler => self.exp_euler(ode, &start, dt)?,
            method => self.in_parts(ode, start, dt, method)?,
        };
        self.at(ode, &end);
        let states = ode.equations.iter().map(|equation| equation.name.clone()).collect();
        self.solved.push(Solved { states, method });
        Ok(())
    }

    fn time_of(&mut self, ode: &Ode) -> Result<f64> {
        let dt = self.number(&ode.dt)?;
        if dt.is_finite() && dt > 0.0 {
            return Ok(dt);
        }
        let message = format!("a step takes the time {dt}");
        let there = "`dt` must be above 0 and finite";
        Err(Box::new(Diagnostic::new("E0503", ode.span, message, there)))
    }

    fn states(&mut self, ode: &Ode) -> Result<Vec<NodeId>> {
        ode.equations.iter().map(|own| self.slot_real(own.slot, own.span)).collect()
    }

    /// Puts the states where they are at some time.
    pub(super) fn at(&mut self, ode: &Ode, states: &[NodeId]) {
        for (equation, state) in ode.equations.iter().zip(states) {
            self.set(equation.slot, Value::Node(*state));
        }
    }

    /// The right sides at some states.
    pub(super) fn slopes(&mut self, ode: &Ode, states: &[NodeId]) -> Result<Vec<NodeId>> {
        self.at(ode, states);
        ode.binds.iter().try_for_each(|bind| self.bind(bind))?;
        ode.equations.iter().map(|equation| self.real(&equation.value)).collect()
    }

    fn in_parts(
        &mut self,
        ode: &Ode,
        start: Vec<NodeId>,
        dt: f64,
        method: Method,
    ) -> Result<Vec<NodeId>> {
        let n = match &ode.steps {
            Some(steps) => self.number(steps)?,
            None => 1.0,
        };
        let there = ode.steps.as_ref().map_or(ode.span, |steps| steps.span);
        if n < 1.0 {
            let message = format!("a step in {n} parts");
            return Err(Box::new(Diagnostic::new("E0503", there, message, "at least 1")));
        }
        let (mut states, h) = (start, dt / n);
        for i in 0..n as u32 {
            self.count_turn(n - f64::from(i), there)?;
            states = match method {
                Method::Euler => {
                    let slopes = self.slopes(ode, &states)?;
                    self.along(ode, &states, &slopes, h)
                }
                Method::Rk2 => self.rk2(ode, &states, h)?,
                _ => self.rk4(ode, &states, h)?,
            };
        }
        Ok(states)
    }

    /// The midpoint method: the slope is that of half a step later.
    fn rk2(&mut self, ode: &Ode, start: &[NodeId], h: f64) -> Result<Vec<NodeId>> {
        let first = self.slopes(ode, start)?;
        let middle = self.along(ode, start, &first, h / 2.0);
        let slopes = self.slopes(ode, &middle)?;
        Ok(self.along(ode, start, &slopes, h))
    }

    fn rk4(&mut self, ode: &Ode, start: &[NodeId], h: f64) -> Result<Vec<NodeId>> {
        let mut slopes = self.slopes(ode, start)?;
        let mut sum = slopes.clone();
        for (part, weight) in [(h / 2.0, 2.0), (h / 2.0, 2.0), (h, 1.0)] {
            let states = self.along(ode, start, &slopes, part);
            slopes = self.slopes(ode, &states)?;
            for ((sum, slope), own) in sum.iter_mut().zip(&slopes).zip(&ode.equations) {
                let weighted = self.scaled(*slope, weight, own.span);
                *sum = self.graph.binary(Binary::Add, *sum, weighted, own.span);
            }
        }
        Ok(self.along(ode, start, &sum, h / 6.0))
    }

    /// States and so much of their slopes.
    fn along(&mut self, ode: &Ode, from: &[NodeId], slopes: &[NodeId], h: f64) -> Vec<NodeId> {
        let each = from.iter().zip(slopes).zip(&ode.equations);
        each.map(|((state, slope), own)| {
            let change = self.scaled(*slope, h, own.span);
            self.graph.binary(Binary::Add, *state, change, own.span)
        })
        .collect()
    }

    fn scaled(&mut self, a: NodeId, factor: f64, span: Span) -> NodeId {
        let factor = self.graph.constant(factor, span);
        self.product(a, factor, span)
    }

    /// The number of a node that is one.
    pub(super) fn known(&self, a: NodeId) -> Option<f64> {
        match self.graph.node(a).op {
            Op::Const(number) => Some(number.value()),
            _ => None,
        }
    }

    /// A function of two, folded in f64 where both are known.
    pub(super) fn folded(&mut self, op: Binary, a: NodeId, b: NodeId, span: Span) -> NodeId {
        match (self.known(a), self.known(b)) {
            (Some(a), Some(b)) => self.graph.constant(fold::binary(op, a, b), span),
            _ => self.graph.binary(op, a, b, span),
        }
    }

    /// The same of one.
    pub(super) fn folded_unary(&mut self, op: Unary, a: NodeId, span: Span) -> NodeId {
        match self.known(a) {
            Some(a) => self.graph.constant(fold::unary(op, a), span),
            None => self.graph.unary(op, a, span),
        }
    }

    /// A product, without an operation for a factor of 1.
    pub(super) fn product(&mut self, a: NodeId, b: NodeId, span: Span) -> NodeId {
        match (self.known(a), self.known(b)) {
            (Some(1.0), _) => b,
            (_, Some(1.0)) => a,
            _ => self.folded(Binary::Mul, a, b, span),
        }
    }
}
