//! The generic typed program: names resolved, functions inlined, types known, options still open.
//!
//! Every value has a slot. [`Bind`]s run in order and a slot means its latest value, so that the
//! phases' order is the order here. [`crate::check::specialize`] runs the binds once, with the options'
//! values, and what it computes is the graph of the specialised neuron.

use std::sync::Arc;

use crate::check::hir::{Binary, Compare, Logic, Sharing, Unary, Via};
use crate::check::ode::Method;
use crate::check::rand::Distribution;
use crate::check::suite::Test;
use crate::check::units::Unit;
use crate::span::{FileId, Span};

/// The index of a value that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(pub u32);

/// The index of a surrogate in its [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SurrogateItem(pub u32);

/// The index of a function in its [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionItem(pub u32);

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A floating-point number.
    Real,
    /// A number written without a point: an int where one is expected, else a real.
    Whole,
    /// A 32-bit integer.
    Int,
    /// True or false.
    Bool,
    /// 0 or 1.
    Spike,
    /// -1, 0 or 1.
    Ternary,
    /// A surrogate with its arguments.
    Surrogate,
    /// A function of numbers.
    Function,
    /// What an error left; fits everything, so that one mistake is one message.
    Unknown,
}

impl Type {
    /// What the type is called in messages.
    pub fn name(self) -> &'static str {
        match self {
            Type::Real | Type::Whole => "a number",
            Type::Int => "an int",
            Type::Bool => "a bool",
            Type::Spike => "a spike",
            Type::Ternary => "a ternary spike",
            Type::Surrogate => "a surrogate",
            Type::Function => "a function",
            Type::Unknown => "unknown",
        }
    }

    /// Whether arithmetic takes it.
    pub fn is_number(self) -> bool {
        !matches!(self, Type::Bool | Type::Surrogate | Type::Function)
    }
}

/// When a value is known, the earliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// When the neuron is specialised.
    Const,
    /// When the params are given.
    Param,
    /// With the input of a step.
    Input,
    /// Within a step.
    Step,
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it computes.
    pub kind: Kind,
    /// What its value is.
    pub ty: Type,
    /// When its value is known.
    pub stage: Stage,
    /// Whether a gradient flows through it.
    pub smooth: bool,
    /// The source it came from.
    pub span: Span,
}

/// What an expression computes.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A constant, in f64 also where it is an int.
    Number(f64),
    /// A constant in a unit; the unit is gone once units are checked.
    Quantity(f64, Unit),
    /// A truth value.
    Bool(bool),
    /// The latest value of a slot.
    Slot(Slot),
    /// A function of one real.
    Unary(Unary, Box<Expr>),
    /// A function of two numbers.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// A base and an exponent.
    Power(Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(Compare, Box<Expr>, Box<Expr>),
    /// A function of two bools.
    Logic(Logic, Box<Expr>, Box<Expr>),
    /// Negation of a bool.
    Not(Box<Expr>),
    /// Condition, value if true, value if false.
    If(Box<[Expr; 3]>),
    /// `a * b + c`, rounded once.
    Fma(Box<[Expr; 3]>),
    /// The number of an indexed param at an index.
    Element(Slot, Box<Expr>),
    /// A bool as a number.
    BoolToReal(Box<Expr>),
    /// A real as an int, towards zero.
    RealToInt(Box<Expr>),
    /// The value without its gradient.
    Detach(Box<Expr>),
    /// The value, which forward saves.
    Save(Box<Expr>),
    /// A spike by a surrogate.
    Spike(Box<Expr>, Box<Expr>),
    /// Distance, threshold, surrogate.
    Ternary(Box<[Expr; 3]>),
    /// 1 where a ternary spike is not 0.
    Fired(Box<Expr>),
    /// Distance, highest level, surrogate.
    Levels(Box<[Expr; 3]>),
    /// First value, the value behind the last, and what is added up for each value of the slot.
    Sum(Slot, Box<[Expr; 3]>),
    /// A function.
    Function(FunctionItem),
    /// The function in a slot, with its arguments.
    Apply(Slot, Vec<Expr>),
    /// `(v, s, to)`
    Hard(Box<[Expr; 3]>),
    /// `(v, s, by)`
    Soft(Box<[Expr; 3]>),
    /// A surrogate with its arguments.
    Surrogate(SurrogateItem, Vec<Expr>),
    /// A matrix times a column, over time.
    Product(Box<[Expr; 2]>),
    /// The matrix of the last steps, so many.
    Band(Box<Expr>),
    /// The weights of the last steps, and what they weigh.
    Conv(Slot, Box<Expr>),
    /// The draw of a number, with the arguments of its distribution.
    Draw(u32, Distribution, Vec<Expr>),
    /// Values given to slots, and a value of them.
    Block(Vec<Bind>, Box<Expr>),
    /// What an error left.
    Unknown,
}

/// A value given to a slot.
#[derive(Clone, Debug)]
pub struct Bind {
    /// The slot.
    pub slot: Slot,
    /// Its value from here on.
    pub value: Expr,
}

/// A statement of the phases.
#[derive(Clone, Debug)]
pub enum Step {
    /// A value given to a slot.
    Bind(Bind),
    /// A loop with compile-time bounds.
    Repeat(Repeat),
    /// Equations that move states over a step.
    Ode(Ode),
}

/// Equations of how states change with time, solved when the neuron is specialised.
#[derive(Clone, Debug)]
pub struct Ode {
    /// How they are solved.
    pub method: Method,
    /// Where the method stands.
    pub span: Span,
    /// In how many parts of a step.
    pub steps: Option<Expr>,
    /// The time of a step.
    pub dt: Expr,
    /// Names for values that change with the states.
    pub binds: Vec<Bind>,
    /// The equations, in the order written.
    pub equations: Vec<Equation>,
}

/// How a state changes with time.
#[derive(Clone, Debug)]
pub struct Equation {
    /// The state's name.
    pub name: String,
    /// Its slot.
    pub slot: Slot,
    /// Its derivative by time.
    pub value: Expr,
    /// The left side.
    pub span: Span,
}

/// A loop with compile-time bounds, unrolled when the neuron is specialised.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The slot that counts.
    pub counter: Slot,
    /// Its first value.
    pub low: Expr,
    /// The value behind its last.
    pub high: Expr,
    /// One turn.
    pub body: Vec<Step>,
}

/// A function of numbers that an option may name; its arguments are the first slots.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its arguments, with the values where none are given.
    pub formals: Vec<(String, Option<Expr>)>,
    /// Its value.
    pub body: Expr,
    /// How many slots it has.
    pub n_slots: u32,
}

/// An argument of a surrogate.
#[derive(Clone, Debug)]
pub struct Formal {
    /// Its name.
    pub name: String,
    /// Whether it is an int, known at compile time.
    pub is_int: bool,
    /// Its value where none is given.
    pub default: Option<f64>,
}

/// A surrogate; slot 0 is the distance to the threshold, the arguments follow.
#[derive(Clone, Debug)]
pub struct Surrogate {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub formals: Vec<Formal>,
    /// The derivative.
    pub d: Expr,
    /// Its primitive.
    pub y: Option<Expr>,
    /// How many slots it has.
    pub n_slots: u32,
}

/// A compile-time option.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// `Bool`, `Int`, `Real`, `Surrogate` or `Function`.
    pub ty: Type,
    /// Its value where none is given.
    pub default: Option<Expr>,
    /// Its slot.
    pub slot: Slot,
    /// The unit of the number that is given.
    pub unit: Option<Unit>,
    /// Its declaration.
    pub span: Span,
}

/// An input.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its slot.
    pub slot: Slot,
    /// Its declaration.
    pub span: Span,
}

/// A draw.
#[derive(Clone, Debug)]
pub struct Draw {
    /// Its name.
    pub name: String,
    /// Its slot.
    pub slot: Slot,
    /// What it is drawn from; none where that is wrong.
    pub distribution: Option<Distribution>,
    /// Where the distribution stands.
    pub value: Span,
    /// Its declaration.
    pub span: Span,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// `Real` or `Int`.
    pub ty: Type,
    /// The slot of its latest value.
    pub slot: Slot,
    /// The slot of its value at the start of the step, where `@prev` reads that.
    pub before: Option<Slot>,
    /// Whether it keeps a name made in `fire`: it has no latest value before that.
    pub hidden: bool,
    /// Its value before the first step.
    pub init: Expr,
    /// Its declaration.
    pub span: Span,
}

/// A range with constant ends.
#[derive(Clone, Debug)]
pub struct Range {
    /// Lower end.
    pub low: Expr,
    /// Upper end.
    pub high: Expr,
    /// Whether the lower end belongs to it.
    pub low_closed: bool,
    /// Whether the upper end belongs to it.
    pub high_closed: bool,
    /// With its brackets.
    pub span: Span,
}

/// What the host draws from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// `uniform(a, b)`
    Uniform,
    /// `normal(mean, std)`
    Normal,
    /// `kaiming_uniform(a)`
    KaimingUniform,
}

/// What a param is where nothing is given.
#[derive(Clone, Debug)]
pub enum ParamDefault {
    /// One number for all.
    Number(Expr),
    /// The host draws each number.
    Drawn {
        /// What from.
        from: Drawn,
        /// Its arguments.
        numbers: Vec<Expr>,
        /// All of it.
        span: Span,
    },
}

/// What an indexed param has a number for each of.
#[derive(Clone, Debug)]
pub enum Axis {
    /// `[T]`: each step.
    Steps,
    /// `[T, T]`: each pair of steps.
    Matrix,
    /// `[K]`: each index from 0 to below a length.
    Elements(Expr),
}

/// What a param is where nothing is given, by its indices.
#[derive(Clone, Debug)]
pub enum Initial {
    /// The same for all.
    One(ParamDefault),
    /// One for each index, and where they stand.
    List(Vec<ParamDefault>, Span),
}

/// A param.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its slot.
    pub slot: Slot,
    /// Who shares one number, unless the user of the neuron says otherwise.
    pub sharing: Sharing,
    /// Whether it is learnt, unless the user of the neuron says otherwise.
    pub learn: bool,
    /// What it is indexed by.
    pub axis: Option<Axis>,
    /// Its number where none is given.
    pub default: Initial,
    /// The numbers allowed.
    pub range: Option<Range>,
    /// The map from the stored number.
    pub via: Option<(Via, Span)>,
    /// Its declaration.
    pub span: Span,
}

/// An output.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name outside.
    pub name: String,
    /// The slot whose last value it is.
    pub slot: Slot,
    /// Whether only the value after the last step is given.
    pub last: bool,
    /// Its declaration.
    pub span: Span,
}

/// A neuron with its options open.
#[derive(Clone, Debug)]
pub struct Neuron {
    /// Whether it sees the whole time axis.
    pub is_parallel: bool,
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub span: Span,
    /// Its options, in the order declared.
    pub options: Vec<Choice>,
    /// Its inputs, in the order declared.
    pub inputs: Vec<Input>,
    /// Its draws, in the order declared.
    pub draws: Vec<Draw>,
    /// Its states, in the order declared.
    pub states: Vec<State>,
    /// Its params, in the order declared.
    pub params: Vec<Param>,
    /// Its outputs, in the order declared.
    pub outputs: Vec<Output>,
    /// `const` and `let` outside the phases, each behind what it uses.
    pub outer: Vec<Bind>,
    /// The statements of the phases, in the order they run.
    pub steps: Vec<Step>,
    /// How many of them `charge` has.
    pub n_charged: usize,
    /// The names that `let` and `fire` make.
    pub names: Vec<(String, Slot)>,
    /// How many slots it has.
    pub n_slots: u32,
}

/// All neurons of a file, and the surrogates they may name.
#[derive(Clone, Debug)]
pub struct Program {
    /// The neurons, in the order written; those of imports behind.
    pub(crate) neurons: Vec<Neuron>,
    /// The surrogates of the prelude and of the file.
    pub(crate) surrogates: Arc<Vec<Surrogate>>,
    /// The functions that options may name.
    pub(crate) functions: Vec<Function>,
    /// Their names in the file, where a neuron has such an option.
    pub(crate) function_names: Vec<(String, FunctionItem)>,
    /// The constants of the file, each in its unit.
    pub(crate) constants: Vec<(String, f64, Unit)>,
    /// The tests of the file.
    pub(crate) tests: Vec<Test>,
    /// The file itself.
    pub(crate) file: FileId,
}

impl Program {
    /// The neurons that the file itself has, each with the first of its options that has no default.
    pub fn own(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let own = self.neurons.iter().filter(|neuron| neuron.span.file == self.file);
        own.map(|neuron| {
            let open = neuron.options.iter().find(|option| option.default.is_none());
            (neuron.name.as_str(), open.map(|option| option.name.as_str()))
        })
    }

    /// The tests of the file, in the order written.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// The names of the neurons.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.neurons.iter().map(|neuron| neuron.name.as_str())
    }
}
