//! Nodes of a graph as statements of a kernel.

use std::collections::HashMap;

use snn_artifact::naming::Operand;

use super::super::{
    Binary, Buffer, BufferId, Carry, Compare, Float, Kernel, Loop, LoopKind, Math, Op, Order,
    Origins, Product, Role, Schedule, Shape, Stmt, Storage, Type, Unary, ValueId, draw, math,
};
use super::parallel::{column_name, given_column};
use crate::check::PortDtype;
use crate::check::hir;
use crate::check::hir::{Leaf, NodeId, Sharing};
use crate::span::Span;

/// A kernel as it is written.
pub struct Writer<'a> {
    pub kernel: Kernel,
    pub neuron: &'a hir::Neuron,
    constants: HashMap<(Type, u64), ValueId>,
    /// The definitions of the constants.
    head: Vec<Stmt>,
    /// The source of what is being written.
    span: Option<Span>,
}

/// How a neuron's inputs are read at each step, and the buffers of its params.
pub struct Operands {
    pub inputs: Vec<Op>,
    pub params: Vec<BufferId>,
    /// Products, to be written where a chunk begins.
    pub products: Vec<Stmt>,
}

/// A body with the nodes that have a value there.
#[derive(Clone, Default)]
pub struct Scope {
    pub body: Vec<Stmt>,
    known: HashMap<NodeId, ValueId>,
    /// For spikes, whether they fire.
    fires: HashMap<NodeId, ValueId>,
}

impl Scope {
    /// A body within this one.
    pub fn inner(&self) -> Scope {
        Scope { body: Vec::new(), ..self.clone() }
    }

    /// Gives a node a value.
    pub fn set(&mut self, node: NodeId, value: ValueId) {
        self.known.insert(node, value);
    }

    /// The value of a node, if it has one here.
    pub fn get(&self, node: NodeId) -> Option<ValueId> {
        self.known.get(&node).copied()
    }
}

impl<'a> Writer<'a> {
    pub fn new(name: &str, neuron: &'a hir::Neuron, schedule: Schedule) -> Self {
        let kernel = Kernel {
            name: name.into(),
            compute: Float::F32,
            schedule,
            buffers: Vec::new(),
            values: Vec::new(),
            body: Vec::new(),
            origins: Origins::new(neuron),
        };
        Self { kernel, neuron, constants: HashMap::new(), head: Vec::new(), span: None }
    }

    /// The kernel with its body.
    pub fn finish(self, scope: Scope) -> Kernel {
        let body = self.head.into_iter().chain(scope.body).collect();
        Kernel { body, ..self.kernel }
    }

    /// A buffer that is always given.
    pub fn buffer(&mut self, operand: Operand<'_>, storage: Storage, shape: Shape) -> BufferId {
        let (role, written) = role(operand);
        let name = operand.to_string();
        let buffer = Buffer { name, role, storage, shape, written, optional: false };
        self.kernel.buffers.push(buffer);
        BufferId(self.kernel.buffers.len() as u32 - 1)
    }

    /// A buffer that the caller may leave out.
    pub fn optional(&mut self, operand: Operand<'_>, storage: Storage, shape: Shape) -> BufferId {
        let id = self.buffer(operand, storage, shape);
        self.kernel.buffers[id.0 as usize].optional = true;
        id
    }

    /// How the inputs are read, and the buffers of the params. Draws have no buffer.
    pub fn operands(&mut self) -> Operands {
        let neuron = self.neuron;
        let input = |input: &hir::Input| match &input.from {
            hir::From::Draw(draw, number) => Op::Draw(*draw, *number),
            // Products are written behind all that they may take.
            hir::From::Product(_) => Op::Bool(false),
            hir::From::Param(_) if neuron.is_parallel => {
                Op::Load(self.buffer(Operand::Param(&input.name), Storage::F32, Shape::Step))
            }
            _ => {
                let storage = of_input(neuron, input);
                Op::Load(self.buffer(Operand::Input(&input.name), storage, Shape::Sequence))
            }
        };
        let mut inputs: Vec<Op> = neuron.inputs.iter().map(input).collect();
        let products = neuron.products.iter().map(|product| {
            let made = self.product(product, &inputs);
            inputs[product.input as usize] = Op::Kept(made.value);
            Stmt::Product(made)
        });
        let products = products.collect();
        let param = |param: &hir::Param| {
            self.buffer(Operand::Param(&param.name), Storage::F32, shape(param.sharing))
        };
        Operands { inputs, params: neuron.params.iter().map(param).collect(), products }
    }

    /// A product, with the caller's input as its column or what an earlier sweep has left.
    fn product(&mut self, product: &hir::Product, inputs: &[Op]) -> Product {
        let matrix = self.matrix(product);
        let given = given_column(self.neuron, product).map(|i| inputs[i as usize]);
        let column = match given.and_then(|op| op.buffer()) {
            Some(buffer) => buffer,
            None => {
                let name = column_name(&self.neuron.inputs[product.input as usize].name);
                self.buffer(Operand::Trace(&name), Storage::F32, Shape::Sequence)
            }
        };
        let value = self.kernel.new_value(Type::Real);
        Product { value, matrix, column, transposed: false, fused: false }
    }

    /// The buffer of a product's matrix.
    pub fn matrix(&mut self, product: &hir::Product) -> BufferId {
        let name = &self.neuron.matrices[product.matrix as usize].name;
        let operand = Operand::Matrix(name);
        let text = operand.to_string();
        match self.kernel.buffers.iter().position(|buffer| buffer.name == text) {
            Some(known) => BufferId(known as u32),
            None => self.buffer(operand, Storage::F32, Shape::Matrix),
        }
    }

    /// Gives values to the leaves of the neuron for which `value` has some.
    pub fn leaves(
        &mut self,
        scope: &mut Scope,
        mut value: impl FnMut(&mut Self, &mut Scope, Leaf) -> Option<ValueId>,
    ) {
        for (id, node) in self.neuron.graph.iter() {
            if let hir::Op::Leaf(leaf) = node.op
                && let Some(value) = self.at(node.span, |writer| value(writer, scope, leaf))
            {
                scope.set(id, value);
            }
        }
    }

    /// Gives the params their values.
    pub fn params(&mut self, scope: &mut Scope, buffers: &[BufferId]) {
        self.leaves(scope, |writer, scope, leaf| match leaf {
            Leaf::Param(i) => Some(writer.value(scope, Op::Load(buffers[i as usize]))),
            _ => None,
        });
    }

    /// Gives the inputs their values at a step, and the states those that they have before it.
    pub fn step(&mut self, scope: &mut Scope, inputs: &[Op], states: &[Carry]) {
        self.leaves(scope, |writer, scope, leaf| match leaf {
            Leaf::Input(i) => Some(writer.value(scope, inputs[i as usize])),
            Leaf::State(i) => Some(states[i as usize].param),
            _ => None,
        });
    }

    /// Takes the states behind a step on to the next.
    pub fn advance(&mut self, scope: &Scope, carries: &mut [Carry]) {
        let neuron = self.neuron;
        for (carry, state) in carries.iter_mut().zip(&neuron.states) {
            carry.next = self.node(scope, state.next);
        }
    }

    /// The values of the states before the first step, and their buffers.
    pub fn first_states(&mut self, scope: &mut Scope) -> Vec<(ValueId, BufferId)> {
        let neuron = self.neuron;
        let states = neuron.states.iter().map(|state| {
            let storage = storage(state.ty);
            let buffer = self.optional(Operand::State(&state.name), storage, Shape::Lane);
            let init = self.node(scope, state.init);
            let load = |writer: &mut Self| writer.value(scope, Op::LoadOr(buffer, init));
            (self.at(state.span, load), buffer)
        });
        states.collect()
    }

    /// Writes what comes from a piece of source.
    pub fn at<T>(&mut self, span: Span, write: impl FnOnce(&mut Self) -> T) -> T {
        self.span = Some(span);
        let written = write(self);
        self.span = None;
        written
    }

    /// A new value. One that no piece of source is said of comes from where its operands do.
    pub fn value(&mut self, scope: &mut Scope, op: Op) -> ValueId {
        let ty = self.kernel.op_type(&op);
        let value = self.kernel.new_value(ty);
        let origins = &mut self.kernel.origins;
        match self.span {
            Some(span) => origins.set(value, span),
            None => op.operands().for_each(|operand| origins.copy(operand, value)),
        }
        scope.body.push(Stmt::Let(value, op));
        value
    }

    /// A real constant, defined once at the head of the kernel.
    pub fn real(&mut self, number: f64) -> ValueId {
        self.constant(Type::Real, number.to_bits(), Op::Real(number))
    }

    /// An int constant, defined once at the head of the kernel.
    pub fn int(&mut self, number: i32) -> ValueId {
        self.constant(Type::Int, u64::from(number as u32), Op::Int(number))
    }

    fn constant(&mut self, ty: Type, bits: u64, op: Op) -> ValueId {
        if let Some(&value) = self.constants.get(&(ty, bits)) {
            return value;
        }
        let value = self.kernel.new_value(ty);
        self.head.push(Stmt::Let(value, op));
        self.constants.insert((ty, bits), value);
        value
    }

    /// A carry over a loop that is opened next; `next` is filled in behind its body.
    pub fn carry(&mut self, init: ValueId) -> Carry {
        let ty = self.kernel.ty(init);
        let (param, result) = (self.kernel.new_value(ty), self.kernel.new_value(ty));
        for value in [param, result] {
            self.kernel.origins.copy(init, value);
        }
        Carry { param, init, next: param, result }
    }

    /// Writes the wanted nodes that have no value yet. Those that they need are wanted too or have one.
    pub fn nodes(&mut self, scope: &mut Scope, wanted: impl Fn(usize) -> bool) {
        for (id, node) in self.neuron.graph.iter() {
            if wanted(id.0 as usize) && scope.get(id).is_none() {
                let value = self.at(node.span, |writer| writer.write(scope, id, node.op));
                scope.set(id, value);
            }
        }
    }

    /// The value of a node that was written.
    pub fn node(&mut self, scope: &Scope, id: NodeId) -> ValueId {
        match (scope.get(id), self.neuron.graph.node(id).op) {
            (Some(value), _) => value,
            (None, hir::Op::Const(number)) => self.real(number.value()),
            (None, op) => unreachable!("{op:?} was not written before it was used"),
        }
    }

    fn write(&mut self, scope: &mut Scope, id: NodeId, op: hir::Op) -> ValueId {
        let graph = &self.neuron.graph;
        let mut of = |node: NodeId| self.node(scope, node);
        let op = match op {
            hir::Op::Const(number) => return self.real(number.value()),
            hir::Op::Int(value) => Op::Int(value),
            hir::Op::Bool(value) => Op::Bool(value),
            hir::Op::Leaf(leaf) => unreachable!("{leaf:?} has no value in this body"),
            hir::Op::Unary(hir::Unary::Sign, a) => return self.sign(scope, a),
            hir::Op::Unary(op, a) => Op::Unary(unary(op), of(a)),
            hir::Op::Binary(op, a, b) => Op::Binary(binary(op), of(a), of(b)),
            hir::Op::Compare(Compare::Ne, s, zero) if is_fired(graph, s, zero) => {
                return self.fires(scope, s);
            }
            hir::Op::Compare(op, a, b) => Op::Compare(op, of(a), of(b)),
            hir::Op::Logic(hir::Logic::And, a, b) => Op::Binary(Binary::And, of(a), of(b)),
            hir::Op::Logic(hir::Logic::Or, a, b) => Op::Binary(Binary::Or, of(a), of(b)),
            hir::Op::Not(a) => Op::Not(of(a)),
            hir::Op::Select(c, a, b) => Op::Select(of(c), of(a), of(b)),
            hir::Op::Fma(a, b, c) => Op::Fma(of(a), of(b), of(c)),
            hir::Op::IntToReal(a) => Op::IntToReal(of(a)),
            hir::Op::RealToInt(a) => Op::RealToInt(of(a)),
            hir::Op::Detach(a) => return of(a),
            hir::Op::BoolToReal(a) => {
                let condition = of(a);
                Op::Select(condition, self.real(1.0), self.real(0.0))
            }
            hir::Op::Spike(u, ..) => {
                let (u, zero) = (of(u), self.real(0.0));
                let fires = self.value(scope, Op::Compare(Compare::Ge, u, zero));
                scope.fires.insert(id, fires);
                Op::Select(fires, self.real(1.0), zero)
            }
            hir::Op::Hard(v, s, to) => {
                let (v, to) = (of(v), of(to));
                Op::Select(self.fires(scope, s), to, v)
            }
            hir::Op::Soft(v, s, by) => {
                let (v, s, by) = (of(v), of(s), of(by));
                let step = self.value(scope, Op::Binary(Binary::Mul, s, by));
                Op::Binary(Binary::Sub, v, step)
            }
        };
        self.value(scope, op)
    }

    /// Whether a spike is not 0.
    pub fn fires(&mut self, scope: &mut Scope, s: NodeId) -> ValueId {
        if let Some(&fires) = scope.fires.get(&s) {
            return fires;
        }
        let (value, zero) = (self.node(scope, s), self.real(0.0));
        let fires = self.value(scope, Op::Compare(Compare::Ne, value, zero));
        scope.fires.insert(s, fires);
        fires
    }

    /// Gives a spike its value by whether it fires.
    pub fn spike(&mut self, scope: &mut Scope, s: NodeId, fires: ValueId) {
        scope.fires.insert(s, fires);
        let (one, zero) = (self.real(1.0), self.real(0.0));
        let value = self.value(scope, Op::Select(fires, one, zero));
        scope.set(s, value);
    }

    /// -1, 0 or 1, and NaN of NaN.
    fn sign(&mut self, scope: &mut Scope, a: NodeId) -> ValueId {
        let (a, zero) = (self.node(scope, a), self.real(0.0));
        let below = self.value(scope, Op::Compare(Compare::Lt, a, zero));
        let above = self.value(scope, Op::Compare(Compare::Gt, a, zero));
        let equal = self.value(scope, Op::Compare(Compare::Eq, a, zero));
        let rest = self.value(scope, Op::Select(equal, zero, a));
        let (one, minus) = (self.real(1.0), self.real(-1.0));
        let rest = self.value(scope, Op::Select(below, minus, rest));
        self.value(scope, Op::Select(above, one, rest))
    }
}

/// A loop as a statement.
pub fn repeat(kind: LoopKind, order: Order, carries: Vec<Carry>, body: Vec<Stmt>) -> Stmt {
    Stmt::Loop(Loop { kind, order, carries, body })
}

/// Which element of a param a lane reads.
fn shape(sharing: Sharing) -> Shape {
    match sharing {
        Sharing::Layer => Shape::Layer,
        Sharing::Channel => Shape::Channel,
        Sharing::Neuron => Shape::Neuron,
    }
}

/// What a real or int state is stored as.
pub fn storage(ty: hir::Type) -> Storage {
    match ty {
        hir::Type::Real => Storage::F32,
        hir::Type::Int | hir::Type::Bool => Storage::I32,
    }
}

/// What the numbers of outputs, inputs and their gradients are stored as.
pub fn of_ports(dtype: PortDtype) -> Storage {
    match dtype {
        PortDtype::F32 => Storage::F32,
        PortDtype::F16 => Storage::F16,
        PortDtype::Bf16 => Storage::Bf16,
    }
}

/// The same of an input, where it is none that stands for a param.
pub fn of_input(neuron: &hir::Neuron, input: &hir::Input) -> Storage {
    if input.param().is_some() { Storage::F32 } else { of_ports(neuron.dtype) }
}

/// What an operand's buffer is for, and whether kernels write it; what is saved they read, but for the
/// one that saves it.
fn role(operand: Operand<'_>) -> (Role, bool) {
    match operand {
        Operand::Input(_) => (Role::Input, false),
        Operand::Param(_) | Operand::Matrix(_) => (Role::Param, false),
        Operand::State(_) => (Role::StateIn, false),
        Operand::Output(_) | Operand::Packed(_) => (Role::Output, true),
        Operand::Next(_) => (Role::StateOut, true),
        Operand::Saved(_) | Operand::Trace(_) => (Role::Saved, false),
        Operand::OutputGrad(_) | Operand::NextGrad(_) => (Role::Grad, false),
        Operand::InputGrad(_) | Operand::StateGrad(_) => (Role::Grad, true),
        Operand::Partial(_) => (Role::Partial, true),
    }
}

/// Whether `s != zero` asks if a spike fired.
fn is_fired(graph: &hir::Graph, s: NodeId, zero: NodeId) -> bool {
    let is_zero = matches!(graph.node(zero).op, hir::Op::Const(number) if number.value() == 0.0);
    is_zero && matches!(graph.node(s).op, hir::Op::Spike(..))
}

/// How many operations of kernels a node's operation is, with functions written out.
pub fn operations(op: &hir::Op) -> u64 {
    match op {
        hir::Op::Const(_) | hir::Op::Int(_) | hir::Op::Bool(_) => 0,
        hir::Op::Leaf(_) | hir::Op::Detach(_) => 0,
        hir::Op::Unary(hir::Unary::Sign, _) => 6,
        hir::Op::Unary(op, _) => match unary(*op) {
            Unary::Math(function) => math::operations(function),
            _ => 1,
        },
        hir::Op::Spike(..) | hir::Op::Soft(..) => 2,
        _ => 1,
    }
}

/// How many operations of kernels a draw is, with functions written out.
pub fn draw_operations(draw: hir::Draw) -> u64 {
    draw::operations(draw)
}

fn unary(op: hir::Unary) -> Unary {
    match op {
        hir::Unary::Neg => Unary::Neg,
        hir::Unary::Abs => Unary::Abs,
        hir::Unary::Sqrt => Unary::Sqrt,
        hir::Unary::Floor => Unary::Floor,
        hir::Unary::Ceil => Unary::Ceil,
        hir::Unary::Round => Unary::Round,
        hir::Unary::Sign => unreachable!("the sign is written as selections"),
        hir::Unary::Exp => Unary::Math(Math::Exp),
        hir::Unary::Expm1 => Unary::Math(Math::Expm1),
        hir::Unary::Exprel => Unary::Math(Math::Exprel),
        hir::Unary::Log => Unary::Math(Math::Log),
        hir::Unary::Log1p => Unary::Math(Math::Log1p),
        hir::Unary::Sigmoid => Unary::Math(Math::Sigmoid),
        hir::Unary::SigmoidSlope => Unary::Math(Math::SigmoidSlope),
        hir::Unary::Softplus => Unary::Math(Math::Softplus),
        hir::Unary::Tanh => Unary::Math(Math::Tanh),
        hir::Unary::Sinh => Unary::Math(Math::Sinh),
        hir::Unary::Cosh => Unary::Math(Math::Cosh),
        hir::Unary::Atan => Unary::Math(Math::Atan),
        hir::Unary::Sin => Unary::Math(Math::Sin),
        hir::Unary::Cos => Unary::Math(Math::Cos),
        hir::Unary::Tan => Unary::Math(Math::Tan),
        hir::Unary::Erf => Unary::Math(Math::Erf),
        hir::Unary::Erfc => Unary::Math(Math::Erfc),
    }
}

fn binary(op: hir::Binary) -> Binary {
    match op {
        hir::Binary::Add => Binary::Add,
        hir::Binary::Sub => Binary::Sub,
        hir::Binary::Mul => Binary::Mul,
        hir::Binary::Div => Binary::Div,
        hir::Binary::Min => Binary::Min,
        hir::Binary::Max => Binary::Max,
    }
}
