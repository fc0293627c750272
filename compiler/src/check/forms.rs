//! Runs the forms that are made of several primitives: ternary spikes, levels, functions of options.

use crate::check::eval::{Builder, Result, Value, bug};
use crate::check::hir;
use crate::check::hir::{Binary, NodeId, Number, Op, Unary};
use crate::check::tree::{Expr, Slot};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl Builder<'_> {
    /// `spike(u - th, S) - spike(-u - th, S)`.
    pub(super) fn ternary(&mut self, [u, th, surrogate]: &[Expr; 3], span: Span) -> Result<Value> {
        let (u, th) = (self.real(u)?, self.real(th)?);
        let (surrogate, arguments) = self.spike_surrogate(surrogate)?;
        let graph = &mut self.graph;
        let above = graph.binary(Binary::Sub, u, th, span);
        let mirrored = graph.unary(Unary::Neg, u, span);
        let below = graph.binary(Binary::Sub, mirrored, th, span);
        let up = graph.add(Op::Spike(above, surrogate, arguments), hir::Type::Real, span);
        let down = graph.add(Op::Spike(below, surrogate, arguments), hir::Type::Real, span);
        Ok(Value::Node(graph.binary(Binary::Sub, up, down, span)))
    }

    /// The sum of the two spikes whose difference a ternary spike is.
    pub(super) fn fired(&mut self, z: &Expr, span: Span) -> Result<Value> {
        let z = self.real(z)?;
        Ok(Value::Node(self.fired_node(z, span)?))
    }

    fn fired_node(&mut self, z: NodeId, span: Span) -> Result<NodeId> {
        let op = match self.graph.node(z).op {
            Op::Binary(Binary::Sub, up, down) => Op::Binary(Binary::Add, up, down),
            Op::Detach(z) => Op::Detach(self.fired_node(z, span)?),
            Op::Select(c, a, b) => {
                Op::Select(c, self.fired_node(a, span)?, self.fired_node(b, span)?)
            }
            Op::Const(number) => Op::Const(Number::new(number.value().abs())),
            _ => return Err(bug(span, "a ternary spike is made of no two spikes")),
        };
        Ok(self.graph.add(op, hir::Type::Real, span))
    }

    /// `round(clamp(u, 0, depth))` with the gradient of a spike: the level is detached, and a spike is
    /// added and, detached, taken away, which leaves the level as it is to the bit.
    pub(super) fn levels(
        &mut self,
        [u, depth, surrogate]: &[Expr; 3],
        span: Span,
    ) -> Result<Value> {
        let (u, depth) = (self.real(u)?, self.real(depth)?);
        let (surrogate, arguments) = self.spike_surrogate(surrogate)?;
        let real = hir::Type::Real;
        let graph = &mut self.graph;
        let zero = graph.constant(0.0, span);
        let raised = graph.binary(Binary::Max, u, zero, span);
        let capped = graph.binary(Binary::Min, raised, depth, span);
        let level = graph.unary(Unary::Round, capped, span);
        let held = graph.add(Op::Detach(level), real, span);
        let spike = graph.add(Op::Spike(u, surrogate, arguments), real, span);
        let still = graph.add(Op::Detach(spike), real, span);
        let nothing = graph.binary(Binary::Sub, spike, still, span);
        Ok(Value::Node(graph.binary(Binary::Add, held, nothing, span)))
    }

    /// The function in a slot, run with slots of its own.
    pub(super) fn apply(&mut self, slot: Slot, arguments: &[Expr], span: Span) -> Result<Value> {
        let Value::Function(item) = self.slot(slot, span)? else {
            return Err(bug(span, "an option's function is none"));
        };
        let functions = self.functions;
        let Some(function) = functions.get(item.0 as usize) else {
            return Err(bug(span, "a function is missing"));
        };
        let needed = function.formals.iter().filter(|(_, default)| default.is_none()).count();
        let (given, most) = (arguments.len(), function.formals.len());
        if given < needed || given > most {
            let takes = crate::check::call::count(if given > most { most } else { needed });
            let are = if given == 1 { "is" } else { "are" };
            let message = format!("`{}` takes {takes}, {given} {are} given", function.name);
            return Err(Box::new(Diagnostic::new("E0202", span, message, "called here")));
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(match self.eval(argument)? {
                Value::Node(node) => Value::Node(self.widened(node, span)),
                value => value,
            });
        }
        let outer = std::mem::replace(&mut self.slots, vec![None; function.n_slots as usize]);
        for (i, (_, default)) in function.formals.iter().enumerate() {
            let value = match (values.get(i), default) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => self.eval(default)?,
                (None, None) => continue,
            };
            self.set(Slot(i as u32), value);
        }
        let value = self.eval(&function.body)?;
        self.slots = outer;
        Ok(match value {
            Value::Node(node) => Value::Node(self.widened(node, span)),
            value => value,
        })
    }
}
