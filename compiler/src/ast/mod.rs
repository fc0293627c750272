//! The syntax tree: what the text says, before any name has a meaning.
//!
//! Every node carries its span. Text that does not parse is there as `Bad`, so that the rest of the
//! file can still be checked; a [`Module`] with a `Bad` node never reaches a target.

mod build;
mod dump;
mod expr;
mod layout;
mod ode;
mod parse;
mod print;
mod syntax_error;
mod test;
#[cfg(test)]
mod tests;

use crate::span::{FileId, Span};

pub use dump::dump;
pub use ode::{Equation, Ode, OdeLine, OdeLineKind};
pub use parse::{parse, parse_expr};
pub use print::print;
pub use test::{Given, Test, TestLine, TestLineKind};

/// A name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its text.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// What a comment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentKind {
    /// `//`, for the reader of the source only.
    Plain,
    /// `///`, documents what follows.
    Doc,
    /// `//!`, documents the file.
    FileDoc,
}

/// A comment; its span covers the slashes and not the newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What it belongs to.
    pub kind: CommentKind,
    /// Where.
    pub span: Span,
}

/// One file.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// The file.
    pub file: FileId,
    /// Its items, in the order written.
    pub items: Vec<Item>,
    /// Its comments, in the order written.
    pub comments: Vec<Comment>,
    /// The pieces of text that do not parse. With any, the module means nothing to a target.
    pub bad: Vec<Span>,
    /// Whether there are brackets behind a declared name, or a unit behind a number.
    pub has_units: bool,
}

/// Something at the top of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The codes of the warnings silenced in it.
    pub allows: Vec<Name>,
    /// The text of its `///` comments, a line each.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: ItemKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `snn 1`
    Edition(Name),
    /// `import "other.snn"`; the span is that of the string with its quotes.
    Import(Name),
    /// `const c = 1`
    Const(Const),
    /// `fn f(a, b) = a + b`
    Function(Function),
    /// `surrogate triangle(width = 1) { ... }`
    Surrogate(Surrogate),
    /// `neuron N(...) { ... }`
    Neuron(Neuron),
    /// `test "..." { ... }`; the name is the string with its quotes.
    Test(Test),
    /// Text that does not parse.
    Bad,
}

/// A compile-time number.
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    /// Its name.
    pub name: Name,
    /// Its unit.
    pub dims: Vec<Dims>,
    /// Its value.
    pub value: Expr,
}

/// An argument of a function or surrogate.
#[derive(Clone, Debug, PartialEq)]
pub struct Formal {
    /// Its name.
    pub name: Name,
    /// The word `int`, if there: only a surrogate's argument has it.
    pub int: Option<Span>,
    /// Its value where the caller gives none.
    pub default: Option<Expr>,
}

/// A pure function, inlined where it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Its arguments.
    pub formals: Vec<Formal>,
    /// Its value.
    pub body: Expr,
}

/// A surrogate derivative.
#[derive(Clone, Debug, PartialEq)]
pub struct Surrogate {
    /// Its name.
    pub name: Name,
    /// Its arguments.
    pub formals: Vec<Formal>,
    /// `d` and `y`.
    pub functions: Vec<SurrogateFunction>,
}

/// `d(u) = ...` or `y(u) = ...`
#[derive(Clone, Debug, PartialEq)]
pub struct SurrogateFunction {
    /// `d` or `y`.
    pub name: Name,
    /// What it calls the distance to the threshold.
    pub argument: Name,
    /// Its value.
    pub body: Expr,
    /// All of it.
    pub span: Span,
}

/// A neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct Neuron {
    /// The word `parallel`, if there.
    pub parallel: Option<Span>,
    /// Its name.
    pub name: Name,
    /// Its compile-time options.
    pub options: Vec<OptionDecl>,
    /// Its declarations and phases, in the order written.
    pub members: Vec<Member>,
}

/// A compile-time option.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionDecl {
    /// Its name.
    pub name: Name,
    /// Its unit.
    pub dims: Vec<Dims>,
    /// What its value is.
    pub ty: OptionType,
    /// Where the type stands.
    pub ty_span: Span,
    /// Its value where the user gives none.
    pub default: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// What an option's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionType {
    /// `true` or `false`.
    Bool,
    /// An i32.
    Int,
    /// An f64.
    Float,
    /// A surrogate with its arguments.
    Surrogate,
    /// A function.
    Function,
}

/// A line of a neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The codes of the warnings silenced in it.
    pub allows: Vec<Name>,
    /// The text of its `///` comments, a line each.
    pub docs: Vec<String>,
    /// What it is.
    pub kind: MemberKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of lines in a neuron.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberKind {
    /// `input a, b`
    Input(Vec<Declared>),
    /// `state v = 0`
    State(State),
    /// `param tau = 2`
    Param(Param),
    /// `const c = 1`
    Const(Const),
    /// `let y = ...`
    Let(Let),
    /// `rand z ~ normal(0, 1)`
    Rand(Rand),
    /// `output v as trace`
    Output(Output),
    /// `charge`, `fire` or `reset`
    Phase(Phase),
    /// Text that does not parse.
    Bad,
}

/// A declared name with its shape and unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// The name.
    pub name: Name,
    /// Shape and unit.
    pub dims: Vec<Dims>,
}

/// A shape or a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Dims {
    /// What stands in the brackets.
    pub text: String,
    /// Where that stands.
    pub inner: Span,
    /// With its brackets.
    pub span: Span,
}

/// A value carried from step to step.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Its name.
    pub declared: Declared,
    /// Its type, if written.
    pub ty: Option<Name>,
    /// Its value before the first step, if written.
    pub init: Option<Expr>,
}

/// A run-time number.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub declared: Declared,
    /// What is said about it, in the order written.
    pub modifiers: Vec<Modifier>,
}

/// One thing said about a param.
#[derive(Clone, Debug, PartialEq)]
pub struct Modifier {
    /// What.
    pub kind: ModifierKind,
    /// Where.
    pub span: Span,
}

/// What can be said about a param.
#[derive(Clone, Debug, PartialEq)]
pub enum ModifierKind {
    /// `= e`
    Default(Expr),
    /// `per layer`
    Per(crate::check::hir::Sharing),
    /// `in (low, high]`
    In(Range),
    /// `via sigmoid`
    Via(Name),
    /// `learn`
    Learn,
}

impl ModifierKind {
    /// Its place in the one order in which they are printed.
    pub fn rank(&self) -> u8 {
        match self {
            ModifierKind::Per(_) => 0,
            ModifierKind::Default(_) => 1,
            ModifierKind::In(_) => 2,
            ModifierKind::Via(_) => 3,
            ModifierKind::Learn => 4,
        }
    }
}

impl Param {
    /// What is said about it, in the one order in which it is printed.
    pub fn sorted(&self) -> Vec<&Modifier> {
        let mut sorted: Vec<&Modifier> = self.modifiers.iter().collect();
        sorted.sort_by_key(|modifier| modifier.kind.rank());
        sorted
    }
}

/// `(low, high)`, each end open or closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Whether the lower end belongs to it.
    pub low_closed: bool,
    /// Lower end.
    pub low: Expr,
    /// Upper end.
    pub high: Expr,
    /// Whether the upper end belongs to it.
    pub high_closed: bool,
    /// With its brackets.
    pub span: Span,
}

/// A name for a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    /// The word `mut`, if there.
    pub mutable: Option<Span>,
    /// Its name.
    pub declared: Declared,
    /// Its value.
    pub value: Expr,
}

/// A random draw.
#[derive(Clone, Debug, PartialEq)]
pub struct Rand {
    /// Its name.
    pub name: Name,
    /// The distribution.
    pub value: Expr,
}

/// What the caller gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The name inside the neuron.
    pub name: Name,
    /// The name outside, if another.
    pub rename: Option<Name>,
    /// The word `last`, if there.
    pub last: Option<Span>,
}

/// Which phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PhaseKind {
    /// Moves the states by the inputs.
    Charge,
    /// Makes the spikes.
    Fire,
    /// Puts the states back.
    Reset,
}

impl PhaseKind {
    /// The word it is written with.
    pub fn word(self) -> &'static str {
        match self {
            PhaseKind::Charge => "charge",
            PhaseKind::Fire => "fire",
            PhaseKind::Reset => "reset",
        }
    }
}

/// A phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Which.
    pub kind: PhaseKind,
    /// Where its word stands.
    pub word: Span,
    /// Whether its statements stand in braces.
    pub braces: bool,
    /// Its statements, in the order they run.
    pub statements: Vec<Statement>,
}

/// A line of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The codes of the warnings silenced in it.
    pub allows: Vec<Name>,
    /// What it is.
    pub kind: StatementKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `v = e`, `v += e`
    Assign(Assign),
    /// `let y = e`
    Let(Let),
    /// `for i in a..b { ... }`
    For(For),
    /// `ode method exact { ... }`
    Ode(Ode),
    /// Text that does not parse.
    Bad,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// What changes.
    pub target: Name,
    /// For `+=` and its like, the operator.
    pub op: Option<BinaryOp>,
    /// The new value, or the operator's right side.
    pub value: Expr,
    /// The condition behind `when`.
    pub when: Option<Expr>,
}

/// A loop with compile-time bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// The name that counts.
    pub name: Name,
    /// Its first value.
    pub low: Expr,
    /// The value behind its last.
    pub high: Expr,
    /// What is repeated.
    pub statements: Vec<Statement>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of it.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `0.5`; whether it is written without a point and an exponent.
    Number(f64, bool),
    /// `5 mV`, `5 [mV/ms]`; the unit is the word, or what stands in the brackets.
    Quantity(f64, Name),
    /// `true`
    Bool(bool),
    /// `v`
    Name(String),
    /// `(a)`
    Group(Box<Expr>),
    /// `-a`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if c { a } else { b }`
    If(Box<[Expr; 3]>),
    /// `f(a, b: c)`
    Call(Call),
    /// `v@prev`
    Previous(Box<Expr>),
    /// `c[t]`
    Index(Box<Expr>, Vec<Expr>),
    /// `[1, 2]`
    List(Vec<Expr>),
    /// `sum(i in a..b, e)`, with `a`, `b` and `e`
    Sum(Name, Box<[Expr; 3]>),
    /// Text that does not parse.
    Bad,
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub name: Name,
    /// With what.
    pub arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name, if written.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

/// Operators of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Operators of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// `@`
    MatMul,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `and`
    And,
    /// `or`
    Or,
}

impl BinaryOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Power => "^",
            BinaryOp::MatMul => "@",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
        }
    }

    /// Whether it compares two numbers.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::*;
        matches!(self, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual)
    }
}
