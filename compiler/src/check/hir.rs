//! The typed program after `check`: one specialised neuron as a pure step function.
//!
//! A [`Neuron`] has its options decided, its `fn`s inlined and its names resolved. What is left is a
//! [`Graph`] of side-effect-free nodes that maps the inputs, the state before the step and the params
//! to the outputs and the state after it. A node's operands always come before it, so one pass over
//! the arena in order evaluates everything, and equal nodes are one node.
//!
//! Reals have no width here: constants are f64 and are rounded once, where a kernel uses them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub use snn_artifact::{Distribution, ParamDefault};

use crate::check::dtype::PortDtype;
pub use crate::check::input::{Draw, From, Input};
use crate::check::ode::Solved;
use crate::check::save::Save;

use crate::span::{SourceMap, Span};

/// The index of a node in its [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// The index of a surrogate in its [`Neuron`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SurrogateId(pub u32);

/// The arguments of a surrogate that are known only when a kernel runs, from the first.
pub type Arguments = [Option<NodeId>; 2];

/// What a node's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// A floating-point number; spikes are the reals 0 and 1.
    Real,
    /// A 32-bit integer, never differentiated.
    Int,
    /// True or false.
    Bool,
}

/// An f64 constant, compared and hashed by its bits so that 0 and -0 stay apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(u64);

impl Number {
    /// The constant with this value.
    pub fn new(value: f64) -> Self {
        Self(value.to_bits())
    }

    /// Its value.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// A value that comes from outside the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leaf {
    /// Input `i` at this step.
    Input(u32),
    /// State `i` before this step.
    State(u32),
    /// Param `i` as it is stored: for a param with `via`, the unconstrained number.
    Param(u32),
    /// Argument `i` of a [`Function`].
    Arg(u32),
    /// Adjoint of output `i` at this step. Only in an [`crate::diff::Adjoint`].
    OutputGrad(u32),
    /// What product `i` gives back to its column at this step. Only in an adjoint.
    ColumnGrad(u32),
    /// Adjoint of state `i` after this step. Only in an adjoint.
    StateGrad(u32),
    /// Adjoint of state `i` before the first step, 0 where the caller gave that state. Only in an adjoint.
    InitGrad(u32),
    /// What sum `i` of an adjoint came to over all steps. Only in an adjoint.
    Sum(u32),
}

impl Leaf {
    /// Whether it is the same at every step: a param, or what is known only behind the last step.
    pub fn is_steady(self) -> bool {
        matches!(self, Leaf::Param(_) | Leaf::Sum(_) | Leaf::InitGrad(_))
    }
}

/// Functions of one real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unary {
    /// `-a`, the sign bit flipped.
    Neg,
    /// `|a|`, the sign bit cleared.
    Abs,
    /// Correctly rounded square root.
    Sqrt,
    /// Largest integer not above.
    Floor,
    /// Smallest integer not below.
    Ceil,
    /// Nearest integer, half to even.
    Round,
    /// -1, 0 or 1; NaN stays NaN.
    Sign,
    /// `e^a`.
    Exp,
    /// `e^a - 1`, exact near 0.
    Expm1,
    /// `(e^a - 1) / a`, 1 at 0.
    Exprel,
    /// Natural logarithm.
    Log,
    /// `log(1 + a)`, exact near 0.
    Log1p,
    /// `1 / (1 + e^-a)`.
    Sigmoid,
    /// `2^-a / (1 + 2^-a)^2`, the derivative of the one above at `a ln 2`. Only in an adjoint.
    SigmoidSlope,
    /// `log(1 + e^a)`.
    Softplus,
    /// Hyperbolic tangent.
    Tanh,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Arc tangent.
    Atan,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Error function.
    Erf,
    /// `1 - erf(a)`, exact where that is near 0.
    Erfc,
}

/// Functions of two reals (or two ints, for `Add`, `Sub`, `Mul`, `Min`, `Max`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binary {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// True, correctly rounded division.
    Div,
    /// `select(a <= b, a, b)`: ties take the first, a NaN on either side takes the second.
    Min,
    /// `select(a >= b, a, b)`.
    Max,
}

/// Comparisons; false when an operand is NaN, except `Ne`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compare {
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
}

/// Functions of two bools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Logic {
    /// Both.
    And,
    /// Either.
    Or,
}

/// What a node computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A real constant.
    Const(Number),
    /// An int constant.
    Int(i32),
    /// A bool constant.
    Bool(bool),
    /// A value from outside.
    Leaf(Leaf),
    /// A function of one real.
    Unary(Unary, NodeId),
    /// A function of two numbers of one type.
    Binary(Binary, NodeId, NodeId),
    /// A comparison of two numbers of one type.
    Compare(Compare, NodeId, NodeId),
    /// A function of two bools.
    Logic(Logic, NodeId, NodeId),
    /// `not a`.
    Not(NodeId),
    /// The second operand where the first is true, else the third.
    Select(NodeId, NodeId, NodeId),
    /// `a * b + c`, rounded once.
    Fma(NodeId, NodeId, NodeId),
    /// An int as a real.
    IntToReal(NodeId),
    /// A real as an int, towards zero.
    RealToInt(NodeId),
    /// False as 0, true as 1.
    BoolToReal(NodeId),
    /// The value, with no gradient.
    Detach(NodeId),
    /// 1 where the operand is `>= 0`, else 0 (NaN gives 0); the surrogate's `d` is its derivative. What
    /// follows are the surrogate's arguments, to which its `y` has the derivatives.
    Spike(NodeId, SurrogateId, Arguments),
    /// `select(s, to, v)` of `(v, s, to)`, with the gradient of `s * to + (1 - s) * v`.
    Hard(NodeId, NodeId, NodeId),
    /// `v - s * by` of `(v, s, by)`.
    Soft(NodeId, NodeId, NodeId),
}

impl Op {
    /// The operands, in order.
    pub fn operands(&self) -> impl Iterator<Item = NodeId> + use<> {
        let list = match *self {
            Op::Const(_) | Op::Int(_) | Op::Bool(_) | Op::Leaf(_) => [None; 3],
            Op::Unary(_, a)
            | Op::Not(a)
            | Op::IntToReal(a)
            | Op::RealToInt(a)
            | Op::BoolToReal(a)
            | Op::Detach(a) => [Some(a), None, None],
            Op::Spike(a, _, [b, c]) => [Some(a), b, c],
            Op::Binary(_, a, b) | Op::Compare(_, a, b) | Op::Logic(_, a, b) => {
                [Some(a), Some(b), None]
            }
            Op::Select(a, b, c) | Op::Fma(a, b, c) | Op::Hard(a, b, c) | Op::Soft(a, b, c) => {
                [Some(a), Some(b), Some(c)]
            }
        };
        list.into_iter().flatten()
    }

    /// The same operation on other operands.
    pub fn map(self, mut f: impl FnMut(NodeId) -> NodeId) -> Op {
        match self {
            Op::Const(_) | Op::Int(_) | Op::Bool(_) | Op::Leaf(_) => self,
            Op::Unary(op, a) => Op::Unary(op, f(a)),
            Op::Not(a) => Op::Not(f(a)),
            Op::IntToReal(a) => Op::IntToReal(f(a)),
            Op::RealToInt(a) => Op::RealToInt(f(a)),
            Op::BoolToReal(a) => Op::BoolToReal(f(a)),
            Op::Detach(a) => Op::Detach(f(a)),
            Op::Spike(a, s, arguments) => Op::Spike(f(a), s, arguments.map(|a| a.map(&mut f))),
            Op::Binary(op, a, b) => Op::Binary(op, f(a), f(b)),
            Op::Compare(op, a, b) => Op::Compare(op, f(a), f(b)),
            Op::Logic(op, a, b) => Op::Logic(op, f(a), f(b)),
            Op::Select(a, b, c) => Op::Select(f(a), f(b), f(c)),
            Op::Fma(a, b, c) => Op::Fma(f(a), f(b), f(c)),
            Op::Hard(a, b, c) => Op::Hard(f(a), f(b), f(c)),
            Op::Soft(a, b, c) => Op::Soft(f(a), f(b), f(c)),
        }
    }
}

/// One node: what it computes, what its value is, and the source it came from.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// What its value is.
    pub ty: Type,
    /// The source it came from.
    pub span: Span,
}

/// Side-effect-free nodes, each after its operands, no two alike.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Op, NodeId>,
}

impl Graph {
    /// The node that computes `op`: the one that is there already, or a new one.
    pub fn add(&mut self, op: Op, ty: Type, span: Span) -> NodeId {
        if let Some(&id) = self.known.get(&op) {
            return id;
        }
        debug_assert!(op.operands().all(|a| (a.0 as usize) < self.nodes.len()));
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { op, ty, span });
        self.known.insert(op, id);
        id
    }

    /// A real constant.
    pub fn constant(&mut self, value: f64, span: Span) -> NodeId {
        self.add(Op::Const(Number::new(value)), Type::Real, span)
    }

    /// A function of one real.
    pub fn unary(&mut self, op: Unary, a: NodeId, span: Span) -> NodeId {
        self.add(Op::Unary(op, a), Type::Real, span)
    }

    /// A function of two numbers of one type.
    pub fn binary(&mut self, op: Binary, a: NodeId, b: NodeId, span: Span) -> NodeId {
        let ty = self.node(a).ty;
        self.add(Op::Binary(op, a, b), ty, span)
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// All nodes with their ids, operands first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (NodeId, &Node)> + ExactSizeIterator {
        self.nodes.iter().enumerate().map(|(i, node)| (NodeId(i as u32), node))
    }

    /// For each node whether it changes from step to step: whether it depends on more than params and
    /// constants.
    pub fn varying(&self) -> Vec<bool> {
        let mut varying: Vec<bool> = Vec::with_capacity(self.len());
        for (_, node) in self.iter() {
            varying.push(match node.op {
                Op::Leaf(leaf) => !leaf.is_steady(),
                op => op.operands().any(|operand| varying[operand.0 as usize]),
            });
        }
        varying
    }

    /// For each node whether one of the roots needs it.
    pub fn needed(&self, roots: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        self.reached(roots, |_| false)
    }

    /// For each node whether one of the roots needs it, and not only through one where `stops`.
    pub fn reached(
        &self,
        roots: impl IntoIterator<Item = NodeId>,
        stops: impl Fn(NodeId) -> bool,
    ) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        roots.into_iter().for_each(|root| reached[root.0 as usize] = true);
        for (id, node) in self.iter().rev() {
            if reached[id.0 as usize] && !stops(id) {
                node.op.operands().for_each(|operand| reached[operand.0 as usize] = true);
            }
        }
        reached
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// An expression of its own arguments (`Leaf::Arg`).
#[derive(Clone, Debug)]
pub struct Function {
    /// Its nodes; the only leaves are args.
    pub graph: Graph,
    /// The value.
    pub result: NodeId,
}

/// A surrogate with the arguments put in that are known: functions of the distance to the threshold,
/// `Arg(0)`, and of the other arguments, `Arg(1)` and `Arg(2)`.
#[derive(Clone, Debug)]
pub struct Surrogate {
    /// Name and arguments as written, `atan(alpha: 2)`; one that is not known is `arg 1`.
    pub name: String,
    /// The derivative used in backward, by the distance.
    pub d: Function,
    /// The primitive of `d`, where the source gives one.
    pub y: Option<Function>,
}

impl Surrogate {
    /// Whether it has arguments that are known only when a kernel runs.
    pub fn has_arguments(&self) -> bool {
        self.d.graph.iter().any(|(_, node)| matches!(node.op, Op::Leaf(Leaf::Arg(1..))))
    }
}

/// Who shares one number of a param.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// One for all.
    Layer,
    /// One for each index of the channel axis.
    Channel,
    /// One for each neuron of a batch element.
    Neuron,
}

/// The map from the stored, unconstrained number to the param.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// `low + (high - low) * sigmoid(w)`.
    Sigmoid,
    /// `low + softplus(w)`.
    Softplus,
    /// `low + exp(w)`.
    Exp,
}

/// The numbers a param may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lower end, may be `-inf`.
    pub low: f64,
    /// Upper end, may be `inf`.
    pub high: f64,
    /// Whether the lower end itself is allowed.
    pub low_closed: bool,
    /// Whether the upper end itself is allowed.
    pub high_closed: bool,
}

impl Range {
    /// Whether a number lies in the range. NaN lies in none.
    pub fn contains(&self, value: f64) -> bool {
        let above = if self.low_closed { value >= self.low } else { value > self.low };
        let below = if self.high_closed { value <= self.high } else { value < self.high };
        above && below
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.low_closed { '[' } else { '(' };
        let close = if self.high_closed { ']' } else { ')' };
        write!(f, "{open}{}, {}{close}", self.low, self.high)
    }
}

/// A value carried from step to step.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// `Real` or `Int`.
    pub ty: Type,
    /// Its value before the first step where the caller gives none; depends on params only.
    pub init: NodeId,
    /// Its value after the step.
    pub next: NodeId,
    /// Its declaration.
    pub span: Span,
}

/// A run-time number.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// The param that it is an element of to the caller; it stands behind the element before it.
    pub of: Option<String>,
    /// Who shares one number.
    pub sharing: Sharing,
    /// Whether backward returns its gradient.
    pub learn: bool,
    /// The constrained numbers where the caller gives none.
    pub default: ParamDefault,
    /// The numbers allowed, of the constrained value.
    pub range: Option<Range>,
    /// How the constrained value comes from the stored one; with it, `range` is set.
    pub via: Option<Via>,
    /// Its declaration.
    pub span: Span,
}

/// What the caller gets.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its value at each step.
    pub value: NodeId,
    /// Whether only the value after the last step is given; 0 where there was no step.
    pub last: bool,
    /// Whether its spikes are given packed: as the bits of 32 steps in a word.
    pub packed: bool,
    /// Its declaration.
    pub span: Span,
}

/// A value of the step that has a name: a state as `fire` reads it, a `let`, a name made in `fire`, or
/// what `save` is written around.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its value.
    pub node: NodeId,
    /// Whether the program says that it is saved.
    pub is_saved: bool,
}

/// A matrix `[T, T]` that columns are multiplied with over time.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Its name: that of the param that it is, or one that no param has.
    pub name: String,
    /// The neuron that computes it: its steps are the rows, its lanes the columns. Its inputs are params `[T, T]`, and
    /// [`LAG`] where it reads that; its params are params of the neuron that the matrix is of.
    pub program: Neuron,
}

pub use snn_artifact::naming::LAG;

impl Matrix {
    /// Whether it is the param as it is.
    pub fn is_param(&self) -> bool {
        let value =
            self.program.outputs.first().map(|output| self.program.graph.node(output.value).op);
        matches!(value, Some(Op::Leaf(Leaf::Input(_))))
    }
}

/// A matrix times a column: at step `t` the sum over all steps `k`, in their order, of the matrix's number in row `t` and
/// column `k` times the column's at step `k`.
#[derive(Clone, Debug)]
pub struct Product {
    /// The input that it is to the graph.
    pub input: u32,
    /// The index of the matrix.
    pub matrix: u32,
    /// The value at each step that the matrix is multiplied with. It is made of inputs and of products before this one.
    pub column: NodeId,
}

/// One specialised neuron as a pure step function.
#[derive(Clone, Debug)]
pub struct Neuron {
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// What the spans point into; nothing where the neuron was not read from a file.
    pub sources: Arc<SourceMap>,
    /// Its options and their values in canonical text, in the order declared.
    pub options: Vec<(String, String)>,
    /// Inputs, in the order declared.
    pub inputs: Vec<Input>,
    /// States, in the order declared.
    pub states: Vec<State>,
    /// Params, in the order declared.
    pub params: Vec<Param>,
    /// Outputs, in the order declared.
    pub outputs: Vec<Output>,
    /// The surrogates that spikes name.
    pub surrogates: Vec<Surrogate>,
    /// The nodes.
    pub graph: Graph,
    /// What changes from step to step and has a name.
    pub named: Vec<Named>,
    /// How the equations of states are solved.
    pub solved: Vec<Solved>,
    /// Whether it sees the whole time axis: it has no states, and steps know each other through products.
    pub is_parallel: bool,
    /// Params `[T, T]`, in the order declared.
    pub weights: Vec<Param>,
    /// The matrices of products.
    pub matrices: Vec<Matrix>,
    /// Products, those that a column is made of before it. Each is an input as well.
    pub products: Vec<Product>,
    /// What forward is to save for backward.
    pub save: Save,
    /// What inputs, outputs and their gradients are stored as.
    pub dtype: PortDtype,
}
