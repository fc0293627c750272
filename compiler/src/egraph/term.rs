//! Nodes as terms of the e-graph, and the names that rules write them with.

use egg::{FromOp, Id, Language};

use crate::check::hir::{Binary, Compare, Logic, NodeId, Number, Op, Type, Unary};

/// An operation on classes of terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The operation, with 0 for each operand.
    head: Op,
    /// What its value is. Rules are about reals and bools, so that none of them takes an int for a real.
    pub ty: Type,
    operands: [Id; 3],
    count: u8,
}

impl Term {
    /// The term of an operation, by the class of each operand.
    pub fn new(op: Op, ty: Type, mut class: impl FnMut(NodeId) -> Id) -> Self {
        let mut operands = [Id::default(); 3];
        let mut count = 0;
        let head = op.map(|operand| {
            operands[usize::from(count)] = class(operand);
            count += 1;
            NodeId(0)
        });
        Self { head, ty, operands, count }
    }

    /// A real constant.
    pub fn constant(value: f64) -> Self {
        Self::new(Op::Const(Number::new(value)), Type::Real, |_| Id::default())
    }

    /// A bool constant.
    pub fn truth(value: bool) -> Self {
        Self::new(Op::Bool(value), Type::Bool, |_| Id::default())
    }

    /// Its operation, by the node of each operand's class.
    pub fn op(&self, mut node: impl FnMut(Id) -> NodeId) -> Op {
        let mut operands = self.children().iter();
        self.head.map(|_| operands.next().map_or(NodeId(0), |id| node(*id)))
    }

    /// Its operation with nothing said of the operands.
    pub fn head(&self) -> Op {
        self.head
    }
}

impl Language for Term {
    type Discriminant = (Op, Type);

    fn discriminant(&self) -> (Op, Type) {
        (self.head, self.ty)
    }

    fn matches(&self, other: &Self) -> bool {
        self.head == other.head && self.ty == other.ty
    }

    fn children(&self) -> &[Id] {
        &self.operands[..usize::from(self.count)]
    }

    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.operands[..usize::from(self.count)]
    }
}

/// What a rule's text may not hold.
#[derive(Debug, thiserror::Error)]
#[error("no operation `{name}` of {count} operands")]
pub struct NoSuchTerm {
    name: String,
    count: usize,
}

impl FromOp for Term {
    type Error = NoSuchTerm;

    fn from_op(name: &str, children: Vec<Id>) -> Result<Self, NoSuchTerm> {
        let count = children.len();
        let (op, ty) = named(name, count).ok_or(NoSuchTerm { name: name.into(), count })?;
        let mut children = children.into_iter();
        Ok(Self::new(op, ty, |_| children.next().unwrap_or_default()))
    }
}

const X: NodeId = NodeId(0);

/// The operation that a name stands for.
fn named(name: &str, count: usize) -> Option<(Op, Type)> {
    Some(match count {
        0 => constant(name)?,
        1 => match name {
            "not" => (Op::Not(X), Type::Bool),
            "bool_to_real" => (Op::BoolToReal(X), Type::Real),
            "detach" => (Op::Detach(X), Type::Real),
            name => (Op::Unary(of(&UNARY, name)?, X), Type::Real),
        },
        2 => match name {
            "and" => (Op::Logic(Logic::And, X, X), Type::Bool),
            "or" => (Op::Logic(Logic::Or, X, X), Type::Bool),
            name => match of(&BINARY, name) {
                Some(op) => (Op::Binary(op, X, X), Type::Real),
                None => (Op::Compare(of(&COMPARE, name)?, X, X), Type::Bool),
            },
        },
        3 => match name {
            "select" => (Op::Select(X, X, X), Type::Real),
            "fma" => (Op::Fma(X, X, X), Type::Real),
            "hard" => (Op::Hard(X, X, X), Type::Real),
            "soft" => (Op::Soft(X, X, X), Type::Real),
            _ => return None,
        },
        _ => return None,
    })
}

fn constant(name: &str) -> Option<(Op, Type)> {
    let value = match name {
        "true" => return Some((Op::Bool(true), Type::Bool)),
        "false" => return Some((Op::Bool(false), Type::Bool)),
        "log2_e" => std::f64::consts::LOG2_E,
        name => name.parse().ok()?,
    };
    Some((Op::Const(Number::new(value)), Type::Real))
}

fn of<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
}

const UNARY: [(&str, Unary); 24] = [
    ("neg", Unary::Neg),
    ("abs", Unary::Abs),
    ("sqrt", Unary::Sqrt),
    ("floor", Unary::Floor),
    ("ceil", Unary::Ceil),
    ("round", Unary::Round),
    ("sign", Unary::Sign),
    ("exp", Unary::Exp),
    ("expm1", Unary::Expm1),
    ("exprel", Unary::Exprel),
    ("log", Unary::Log),
    ("log1p", Unary::Log1p),
    ("sigmoid", Unary::Sigmoid),
    ("sigmoid_slope", Unary::SigmoidSlope),
    ("softplus", Unary::Softplus),
    ("tanh", Unary::Tanh),
    ("sinh", Unary::Sinh),
    ("cosh", Unary::Cosh),
    ("atan", Unary::Atan),
    ("sin", Unary::Sin),
    ("cos", Unary::Cos),
    ("tan", Unary::Tan),
    ("erf", Unary::Erf),
    ("erfc", Unary::Erfc),
];

const BINARY: [(&str, Binary); 6] = [
    ("+", Binary::Add),
    ("-", Binary::Sub),
    ("*", Binary::Mul),
    ("/", Binary::Div),
    ("min", Binary::Min),
    ("max", Binary::Max),
];

const COMPARE: [(&str, Compare); 6] = [
    ("<", Compare::Lt),
    ("<=", Compare::Le),
    (">", Compare::Gt),
    (">=", Compare::Ge),
    ("==", Compare::Eq),
    ("!=", Compare::Ne),
];
