//! Runs a typed expression once: what is known folds in f64, the rest becomes nodes.

mod power;

use std::collections::HashMap;

use crate::check::fold;
use crate::check::hir;
use crate::check::hir::{Arguments, Binary, Graph, Leaf, NodeId, Op, SurrogateId, Unary};
use crate::check::ode::Solved;
use crate::check::shapes::Written;
use crate::check::tree::{
    Bind, Expr, Formal, Function, FunctionItem, Kind, Slot, Stage, Surrogate, SurrogateItem, Type,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::Span;

/// What an expression comes to.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number known at compile time.
    Number(f64),
    /// A truth value known at compile time.
    Bool(bool),
    /// A value known only when the kernel runs.
    Node(NodeId),
    /// The numbers of an indexed param.
    Elements(Vec<NodeId>),
    /// A surrogate with its arguments.
    Surrogate(SurrogateItem, Vec<Value>),
    /// A function.
    Function(FunctionItem),
}

/// Boxed, since it is large and rare.
pub type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// A graph under construction.
pub struct Builder<'p> {
    /// The surrogates that may be named.
    pub items: &'p [Surrogate],
    /// The functions that options name.
    pub functions: &'p [Function],
    /// The nodes so far.
    pub graph: Graph,
    /// The surrogates that spikes name.
    pub surrogates: Vec<hir::Surrogate>,
    known: HashMap<(SurrogateItem, Vec<Option<u64>>), SurrogateId>,
    pub(super) slots: Vec<Option<Value>>,
    /// How many turns of loops have been run.
    pub(super) turns: f64,
    /// The values that `save` is written around.
    pub(super) saved: Vec<NodeId>,
    /// What is drawn, by the numbers of the draws.
    pub(super) drawn: Vec<NodeId>,
    /// How equations were solved.
    pub(super) solved: Vec<Solved>,
    /// Products over time.
    pub(super) products: Vec<Written>,
}

impl<'p> Builder<'p> {
    /// An empty graph.
    pub fn new(items: &'p [Surrogate], n_slots: u32) -> Self {
        Self {
            items,
            functions: &[],
            graph: Graph::default(),
            surrogates: Vec::new(),
            known: HashMap::new(),
            slots: vec![None; n_slots as usize],
            turns: 0.0,
            saved: Vec::new(),
            drawn: Vec::new(),
            solved: Vec::new(),
            products: Vec::new(),
        }
    }

    /// Gives a slot its latest value.
    pub fn set(&mut self, slot: Slot, value: Value) {
        let place = slot.0 as usize;
        if place >= self.slots.len() {
            self.slots.resize(place + 1, None);
        }
        self.slots[place] = Some(value);
    }

    /// Runs a bind.
    pub fn bind(&mut self, bind: &Bind) -> Result<()> {
        let value = self.eval(&bind.value)?;
        self.set(bind.slot, value);
        Ok(())
    }

    /// The latest value of a slot as a real node.
    pub fn slot_real(&mut self, slot: Slot, span: Span) -> Result<NodeId> {
        let value = self.slot(slot, span)?;
        let node = self.node(value, span)?;
        Ok(self.widened(node, span))
    }

    /// The latest value of a slot as an int node.
    pub fn slot_int(&mut self, slot: Slot, span: Span) -> Result<NodeId> {
        let value = self.slot(slot, span)?;
        self.int(value, span)
    }

    pub(super) fn slot(&self, slot: Slot, span: Span) -> Result<Value> {
        let value = self.slots.get(slot.0 as usize).cloned().flatten();
        value.ok_or_else(|| bug(span, "a value is used before it is made"))
    }

    /// The value of an expression.
    pub fn eval(&mut self, e: &Expr) -> Result<Value> {
        let span = e.span;
        match &e.kind {
            Kind::Number(value) | Kind::Quantity(value, _) => Ok(Value::Number(*value)),
            Kind::Bool(value) => Ok(Value::Bool(*value)),
            Kind::Slot(slot) => self.slot(*slot, span),
            Kind::Unary(op, a) => self.unary(*op, a, e),
            Kind::Binary(op, a, b) => self.binary(*op, a, b, e),
            Kind::Power(a, b) => self.power(a, b, span),
            Kind::Compare(op, a, b) => match (self.eval(a)?, self.eval(b)?) {
                (Value::Number(a), Value::Number(b)) => Ok(Value::Bool(fold::compare(*op, a, b))),
                (x, y) => {
                    let (x, y) = self.alike(x, y, span)?;
                    Ok(self.add(Op::Compare(*op, x, y), hir::Type::Bool, span))
                }
            },
            Kind::Logic(op, a, b) => self.logic(*op, a, b, span),
            Kind::Not(a) => match self.eval(a)? {
                Value::Bool(a) => Ok(Value::Bool(!a)),
                a => {
                    let a = self.node(a, span)?;
                    Ok(self.add(Op::Not(a), hir::Type::Bool, span))
                }
            },
            Kind::If(parts) => self.conditional(parts, e),
            Kind::Fma(parts) => self.fma(parts, span),
            Kind::Element(slot, index) => self.element(*slot, index, span),
            Kind::BoolToReal(a) => match self.eval(a)? {
                Value::Bool(a) => Ok(Value::Number(f64::from(u8::from(a)))),
                a => {
                    let a = self.node(a, span)?;
                    Ok(self.add(Op::BoolToReal(a), hir::Type::Real, span))
                }
            },
            Kind::RealToInt(a) => self.real_to_int(a, span),
            Kind::Detach(a) => match self.eval(a)? {
                Value::Node(a) if self.graph.node(a).ty == hir::Type::Real => {
                    Ok(self.add(Op::Detach(a), hir::Type::Real, span))
                }
                known => Ok(known),
            },
            Kind::Save(a) => {
                let value = self.eval(a)?;
                if let Value::Node(node) = value {
                    self.saved.push(node);
                }
                Ok(value)
            }
            Kind::Spike(u, surrogate) => self.spike(u, surrogate, span),
            Kind::Ternary(parts) => self.ternary(parts, span),
            Kind::Fired(z) => self.fired(z, span),
            Kind::Levels(parts) => self.levels(parts, span),
            Kind::Sum(counter, parts) => self.sum(*counter, parts, e),
            Kind::Function(item) => Ok(Value::Function(*item)),
            Kind::Apply(slot, arguments) => self.apply(*slot, arguments, span),
            Kind::Hard(parts) => self.reset(Op::Hard, parts, span),
            Kind::Soft(parts) => self.reset(Op::Soft, parts, span),
            Kind::Surrogate(item, arguments) => {
                let values = arguments.iter().map(|a| self.eval(a)).collect::<Result<_>>()?;
                Ok(Value::Surrogate(*item, values))
            }
            Kind::Draw(number, distribution, arguments) => {
                self.draw(*number, *distribution, arguments, span)
            }
            Kind::Block(binds, body) => {
                binds.iter().try_for_each(|bind| self.bind(bind))?;
                self.eval(body)
            }
            Kind::Product(sides) => self.over_time(&sides[0], &sides[1], span),
            Kind::Band(width) => self.band(width, span),
            Kind::Conv(weights, x) => self.conv(*weights, x, span),
            Kind::Unknown => Err(bug(span, "an expression with an error is run")),
        }
    }

    /// The value of an expression that is known at compile time.
    pub fn number(&mut self, e: &Expr) -> Result<f64> {
        match self.eval(e)? {
            Value::Number(value) => Ok(value),
            _ => Err(bug(e.span, "a value known at compile time is not")),
        }
    }

    /// The value of an expression as a real node.
    pub fn real(&mut self, e: &Expr) -> Result<NodeId> {
        let value = self.eval(e)?;
        let node = self.node(value, e.span)?;
        Ok(self.widened(node, e.span))
    }

    /// The value of an expression as an int node.
    pub fn whole(&mut self, e: &Expr) -> Result<NodeId> {
        let value = self.eval(e)?;
        self.int(value, e.span)
    }

    fn add(&mut self, op: Op, ty: hir::Type, span: Span) -> Value {
        Value::Node(self.graph.add(op, ty, span))
    }

    pub(super) fn node(&mut self, value: Value, span: Span) -> Result<NodeId> {
        match value {
            Value::Number(value) => Ok(self.graph.constant(value, span)),
            Value::Bool(value) => Ok(self.graph.add(Op::Bool(value), hir::Type::Bool, span)),
            Value::Node(node) => Ok(node),
            Value::Surrogate(..) | Value::Function(_) | Value::Elements(_) => {
                Err(bug(span, "what is no number stands for one"))
            }
        }
    }

    /// A number as a real.
    pub(super) fn widened(&mut self, node: NodeId, span: Span) -> NodeId {
        match self.graph.node(node).ty {
            hir::Type::Int => self.graph.add(Op::IntToReal(node), hir::Type::Real, span),
            _ => node,
        }
    }

    pub(super) fn int(&mut self, value: Value, span: Span) -> Result<NodeId> {
        match value {
            Value::Number(value) => {
                let value = in_range(value, span)?;
                Ok(self.graph.add(Op::Int(value), hir::Type::Int, span))
            }
            value => {
                let node = self.node(value, span)?;
                self.narrowed(node, span)
            }
        }
    }

    /// A node as an int: whole numbers between which a condition chooses were reals until now.
    fn narrowed(&mut self, node: NodeId, span: Span) -> Result<NodeId> {
        let hir::Node { op, ty, .. } = *self.graph.node(node);
        if ty != hir::Type::Real {
            return Ok(node);
        }
        let op = match op {
            Op::Const(number) => Op::Int(in_range(number.value(), span)?),
            Op::Select(c, a, b) => Op::Select(c, self.narrowed(a, span)?, self.narrowed(b, span)?),
            Op::Binary(op, a, b) => {
                Op::Binary(op, self.narrowed(a, span)?, self.narrowed(b, span)?)
            }
            Op::Unary(Unary::Neg, a) => {
                let zero = self.graph.add(Op::Int(0), hir::Type::Int, span);
                Op::Binary(Binary::Sub, zero, self.narrowed(a, span)?)
            }
            _ => Op::RealToInt(node),
        };
        Ok(self.graph.add(op, hir::Type::Int, span))
    }

    fn is_int(&self, value: &Value) -> bool {
        match value {
            Value::Node(node) => self.graph.node(*node).ty == hir::Type::Int,
            Value::Number(value) => value.fract() == 0.0 && value.abs() <= f64::from(i32::MAX),
            _ => false,
        }
    }

    /// Two numbers as nodes of one type: ints if both are, else reals.
    fn alike(&mut self, a: Value, b: Value, span: Span) -> Result<(NodeId, NodeId)> {
        if self.is_int(&a) && self.is_int(&b) {
            return Ok((self.int(a, span)?, self.int(b, span)?));
        }
        let (a, b) = (self.node(a, span)?, self.node(b, span)?);
        Ok((self.widened(a, span), self.widened(b, span)))
    }

    fn unary(&mut self, op: Unary, a: &Expr, e: &Expr) -> Result<Value> {
        let value = self.eval(a)?;
        match value {
            Value::Number(a) => known(fold::unary(op, a), e),
            Value::Node(a) if op == Unary::Neg && self.graph.node(a).ty == hir::Type::Int => {
                let zero = self.graph.add(Op::Int(0), hir::Type::Int, e.span);
                Ok(self.add(Op::Binary(Binary::Sub, zero, a), hir::Type::Int, e.span))
            }
            value => {
                let a = self.node(value, e.span)?;
                let a = self.widened(a, e.span);
                Ok(self.add(Op::Unary(op, a), hir::Type::Real, e.span))
            }
        }
    }

    fn binary(&mut self, op: Binary, a: &Expr, b: &Expr, e: &Expr) -> Result<Value> {
        let (a, b) = (self.eval(a)?, self.eval(b)?);
        self.combine(op, a, b, e)
    }

    /// A function of two values, of the type and at the place of `e`.
    pub(super) fn combine(&mut self, op: Binary, a: Value, b: Value, e: &Expr) -> Result<Value> {
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => known(fold::binary(op, a, b), e),
            (a, b) if e.ty == Type::Int => {
                let (a, b) = (self.int(a, e.span)?, self.int(b, e.span)?);
                Ok(self.add(Op::Binary(op, a, b), hir::Type::Int, e.span))
            }
            (a, b) => {
                let (a, b) = (self.node(a, e.span)?, self.node(b, e.span)?);
                let (a, b) = (self.widened(a, e.span), self.widened(b, e.span));
                Ok(self.add(Op::Binary(op, a, b), hir::Type::Real, e.span))
            }
        }
    }

    fn logic(&mut self, op: hir::Logic, a: &Expr, b: &Expr, span: Span) -> Result<Value> {
        let (a, b) = (self.eval(a)?, self.eval(b)?);
        let decides = |known: bool| known == (op == hir::Logic::Or);
        match (a, b) {
            (Value::Bool(a), Value::Bool(b)) => Ok(Value::Bool(fold::logic(op, a, b))),
            (Value::Bool(known), other) | (other, Value::Bool(known)) => {
                Ok(if decides(known) { Value::Bool(known) } else { other })
            }
            (a, b) => {
                let (a, b) = (self.node(a, span)?, self.node(b, span)?);
                Ok(self.add(Op::Logic(op, a, b), hir::Type::Bool, span))
            }
        }
    }

    fn conditional(&mut self, [c, a, b]: &[Expr; 3], e: &Expr) -> Result<Value> {
        let condition = match self.eval(c)? {
            Value::Bool(true) => return self.eval(a),
            Value::Bool(false) => return self.eval(b),
            condition => self.node(condition, c.span)?,
        };
        let (x, y) = (self.eval(a)?, self.eval(b)?);
        let (x, y) = match e.ty {
            Type::Int => (self.int(x, a.span)?, self.int(y, b.span)?),
            Type::Bool => (self.node(x, a.span)?, self.node(y, b.span)?),
            _ => {
                let (x, y) = (self.node(x, a.span)?, self.node(y, b.span)?);
                (self.widened(x, a.span), self.widened(y, b.span))
            }
        };
        let ty = self.graph.node(x).ty;
        Ok(self.add(Op::Select(condition, x, y), ty, e.span))
    }

    fn fma(&mut self, [a, b, c]: &[Expr; 3], span: Span) -> Result<Value> {
        let values = (self.eval(a)?, self.eval(b)?, self.eval(c)?);
        if let (Value::Number(a), Value::Number(b), Value::Number(c)) = values {
            return Ok(Value::Number(fold::fma(a, b, c)));
        }
        let (a, b, c) = (self.real(a)?, self.real(b)?, self.real(c)?);
        Ok(self.add(Op::Fma(a, b, c), hir::Type::Real, span))
    }

    fn real_to_int(&mut self, a: &Expr, span: Span) -> Result<Value> {
        match self.eval(a)? {
            Value::Number(a) => Ok(Value::Number(f64::from(in_range(a.trunc(), span)?))),
            Value::Node(a) if self.graph.node(a).ty == hir::Type::Real => {
                Ok(self.add(Op::RealToInt(a), hir::Type::Int, span))
            }
            known => Ok(known),
        }
    }

    fn spike(&mut self, u: &Expr, surrogate: &Expr, span: Span) -> Result<Value> {
        let u = self.real(u)?;
        let (surrogate, arguments) = self.spike_surrogate(surrogate)?;
        Ok(self.add(Op::Spike(u, surrogate, arguments), hir::Type::Real, span))
    }

    /// The surrogate that a spike names, and those of its arguments that are not known.
    pub(super) fn spike_surrogate(&mut self, surrogate: &Expr) -> Result<(SurrogateId, Arguments)> {
        let Value::Surrogate(item, values) = self.eval(surrogate)? else {
            return Err(bug(surrogate.span, "a spike's surrogate is none"));
        };
        let id = self.surrogate(item, &values, surrogate.span)?;
        let mut arguments = Arguments::default();
        let mut places = arguments.iter_mut();
        for value in values {
            let Value::Node(node) = value else { continue };
            let Some(place) = places.next() else {
                let what = "more than two params as arguments of a surrogate are not supported yet";
                let there = "not supported yet";
                return Err(Box::new(Diagnostic::new("E0900", surrogate.span, what, there)));
            };
            *place = Some(self.widened(node, surrogate.span));
        }
        Ok((id, arguments))
    }

    fn reset(
        &mut self,
        op: fn(NodeId, NodeId, NodeId) -> Op,
        [v, s, e]: &[Expr; 3],
        span: Span,
    ) -> Result<Value> {
        let (v, s, e) = (self.real(v)?, self.real(s)?, self.real(e)?);
        Ok(self.add(op(v, s, e), hir::Type::Real, span))
    }

    fn surrogate(
        &mut self,
        item: SurrogateItem,
        arguments: &[Value],
        span: Span,
    ) -> Result<SurrogateId> {
        let bits = |value: &Value| match value {
            Value::Number(number) => Some(number.to_bits()),
            _ => None,
        };
        let key = (item, arguments.iter().map(bits).collect());
        if let Some(&id) = self.known.get(&key) {
            return Ok(id);
        }
        let surrogate = self.item(item, span)?;
        let named = |finding: Box<Diagnostic>| {
            Box::new(finding.because(span, format!("`{}` is named here", surrogate.name)))
        };
        let mut function = |body| self.function(body, surrogate, arguments).map_err(named);
        let d = function(&surrogate.d)?;
        let y = surrogate.y.as_ref().map(function).transpose()?;
        let id = SurrogateId(self.surrogates.len() as u32);
        let name = surrogate_text(surrogate, arguments);
        self.surrogates.push(hir::Surrogate { name, d, y });
        self.known.insert(key, id);
        Ok(id)
    }

    /// A surrogate's `d` or `y` with the arguments put in that are known. Its turns count with those of
    /// the neuron.
    fn function(
        &mut self,
        body: &Expr,
        surrogate: &Surrogate,
        arguments: &[Value],
    ) -> Result<hir::Function> {
        let mut builder = Builder::new(&[], surrogate.n_slots);
        builder.turns = self.turns;
        let mut args = (0..).map(|i| Op::Leaf(Leaf::Arg(i)));
        let mut next = |builder: &mut Builder<'_>| {
            args.next().map(|arg| builder.add(arg, hir::Type::Real, body.span))
        };
        builder.slots[0] = next(&mut builder);
        for (i, argument) in arguments.iter().enumerate() {
            builder.slots[i + 1] = match argument {
                Value::Node(_) => next(&mut builder),
                known => Some(known.clone()),
            };
        }
        let result = builder.real(body)?;
        self.turns = builder.turns;
        Ok(hir::Function { graph: builder.graph, result })
    }

    /// A surrogate by its index.
    pub fn item(&self, item: SurrogateItem, span: Span) -> Result<&'p Surrogate> {
        self.items.get(item.0 as usize).ok_or_else(|| bug(span, "a surrogate is missing"))
    }
}

/// A surrogate with its arguments as it is written.
pub fn surrogate_text(surrogate: &Surrogate, arguments: &[Value]) -> String {
    let mut args = 1..;
    let mut text = |formal: &Formal, value: &Value| match value {
        Value::Number(value) if formal.is_int => format!("{value}"),
        Value::Number(value) => format!("{value:?}"),
        _ => format!("arg {}", args.next().unwrap_or(0)),
    };
    let each = surrogate.formals.iter().zip(arguments);
    let list: Vec<_> =
        each.map(|(formal, value)| format!("{}: {}", formal.name, text(formal, value))).collect();
    if list.is_empty() {
        surrogate.name.clone()
    } else {
        format!("{}({})", surrogate.name, list.join(", "))
    }
}

/// The value of an expression without slots.
pub fn constant(e: &Expr) -> std::result::Result<f64, Diagnostics> {
    let mut builder = Builder::new(&[], 0);
    builder.number(e).map_err(|finding| vec![*finding])
}

/// The part of an expression that makes it known later than `latest`.
pub fn offender(e: &Expr, latest: Stage) -> &Expr {
    let late = |part: &&Expr| part.stage > latest;
    let part = match &e.kind {
        Kind::Unary(_, a)
        | Kind::Not(a)
        | Kind::BoolToReal(a)
        | Kind::RealToInt(a)
        | Kind::Detach(a)
        | Kind::Save(a)
        | Kind::Fired(a) => Some(a.as_ref()).filter(late),
        Kind::Binary(_, a, b)
        | Kind::Power(a, b)
        | Kind::Compare(_, a, b)
        | Kind::Logic(_, a, b)
        | Kind::Spike(a, b) => [a.as_ref(), b.as_ref()].into_iter().find(late),
        Kind::If(parts)
        | Kind::Fma(parts)
        | Kind::Hard(parts)
        | Kind::Soft(parts)
        | Kind::Ternary(parts)
        | Kind::Levels(parts)
        | Kind::Sum(_, parts) => parts.iter().find(late),
        Kind::Apply(_, arguments) | Kind::Surrogate(_, arguments) | Kind::Draw(_, _, arguments) => {
            arguments.iter().find(late)
        }
        Kind::Block(binds, _) => binds.iter().map(|bind| &bind.value).find(late),
        _ => None,
    };
    part.map_or(e, |part| offender(part, latest))
}

/// A folded number; an int has to stay one.
fn known(value: f64, e: &Expr) -> Result<Value> {
    if e.ty == Type::Int {
        in_range(value, e.span)?;
    }
    Ok(Value::Number(value))
}

/// A whole number as an i32.
pub fn in_range(value: f64, span: Span) -> Result<i32> {
    if value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX) {
        return Ok(value as i32);
    }
    let message = format!("{value} does not fit an int");
    let there = "an int lies between -2147483648 and 2147483647";
    Err(Box::new(Diagnostic::new("E0208", span, message, there)))
}

/// A finding about ourselves, where checking should have left nothing to find.
pub(super) fn bug(span: Span, what: &str) -> Box<Diagnostic> {
    let message = format!("bug in snnc, please report it: {what}");
    Box::new(Diagnostic::new("E0999", span, message, "while compiling this"))
}
