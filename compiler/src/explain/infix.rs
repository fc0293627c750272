//! An operation as people write it.

use crate::check::hir::{Binary, Compare, Leaf, Logic, Neuron, NodeId, Op, Unary};
use crate::check::{binary_word, unary_word};

/// An expression, and how tightly its last operation binds.
#[derive(Clone, Debug)]
pub struct Infix {
    /// The text.
    pub text: String,
    binds: Binds,
}

/// How tightly an operation binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    If,
    Or,
    And,
    Compare,
    Add,
    Mul,
    Neg,
    Atom,
}

impl Infix {
    /// A name.
    pub fn name(text: impl Into<String>) -> Self {
        Self { text: text.into(), binds: Binds::Atom }
    }

    /// As an operand of what binds like this, or tighter.
    fn within(&self, binds: Binds) -> String {
        if self.binds < binds { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// An operation on expressions.
pub fn infix<'a>(op: &Op, neuron: &Neuron, of: impl Fn(NodeId) -> &'a Infix) -> Infix {
    let text = |id: NodeId| of(id).text.clone();
    let call = |name: &str, operands: &[NodeId]| {
        let operands: Vec<String> = operands.iter().map(|id| text(*id)).collect();
        Infix::name(format!("{name}({})", operands.join(", ")))
    };
    // Both sides of `sign`, the right one in brackets where it is of the same kind.
    let sides = |binds: Binds, sign: &str, a: NodeId, b: NodeId| {
        let next = if binds == Binds::Add { Binds::Mul } else { Binds::Neg };
        let next = if binds < Binds::Add { binds } else { next };
        let left = of(a).within(if binds == Binds::Compare { Binds::Add } else { binds });
        let right = of(b).within(if binds == Binds::Compare { Binds::Add } else { next });
        Infix { text: format!("{left} {sign} {right}"), binds }
    };
    let choice = |c: NodeId, yes: &str, no: &str| Infix {
        text: format!("if {} {{ {yes} }} else {{ {no} }}", text(c)),
        binds: Binds::If,
    };
    match *op {
        Op::Const(value) => number(value.value()),
        Op::Int(value) => number(value.into()),
        Op::Bool(value) => Infix::name(value.to_string()),
        Op::Leaf(leaf) => Infix::name(leaf_name(leaf, neuron)),
        Op::Unary(Unary::Neg, a) => {
            Infix { text: format!("-{}", of(a).within(Binds::Neg)), binds: Binds::Neg }
        }
        Op::Unary(op, a) => call(unary_word(op), &[a]),
        Op::Binary(Binary::Add, a, b) => sides(Binds::Add, "+", a, b),
        Op::Binary(Binary::Sub, a, b) => sides(Binds::Add, "-", a, b),
        Op::Binary(Binary::Mul, a, b) => sides(Binds::Mul, "*", a, b),
        Op::Binary(Binary::Div, a, b) => sides(Binds::Mul, "/", a, b),
        Op::Binary(op, a, b) => call(binary_word(op), &[a, b]),
        Op::Compare(op, a, b) => sides(Binds::Compare, sign(op), a, b),
        Op::Logic(Logic::And, a, b) => sides(Binds::And, "and", a, b),
        Op::Logic(Logic::Or, a, b) => sides(Binds::Or, "or", a, b),
        Op::Not(a) => {
            Infix { text: format!("not {}", of(a).within(Binds::Neg)), binds: Binds::Neg }
        }
        Op::Select(c, a, b) => choice(c, &text(a), &text(b)),
        Op::Fma(a, b, c) => call("fma", &[a, b, c]),
        Op::IntToReal(a) | Op::BoolToReal(a) => call("real", &[a]),
        Op::RealToInt(a) => call("int", &[a]),
        Op::Detach(a) => call("detach", &[a]),
        Op::Spike(u, ..) => call("spike", &[u]),
        Op::Hard(v, s, to) => choice(s, &text(to), &text(v)),
        Op::Soft(v, s, by) => {
            let (v, s) = (of(v).within(Binds::Add), of(s).within(Binds::Mul));
            let text = format!("{v} - {s} * {}", of(by).within(Binds::Neg));
            Infix { text, binds: Binds::Add }
        }
    }
}

fn sign(op: Compare) -> &'static str {
    match op {
        Compare::Lt => "<",
        Compare::Le => "<=",
        Compare::Gt => ">",
        Compare::Ge => ">=",
        Compare::Eq => "==",
        Compare::Ne => "!=",
    }
}

/// A number with at most seven digits.
fn number(value: f64) -> Infix {
    let rounded = format!("{value:.6e}").parse().unwrap_or(value);
    let text = format!("{rounded:?}");
    let text = text.strip_suffix(".0").unwrap_or(&text).to_string();
    Infix { text, binds: if value.is_sign_negative() { Binds::Neg } else { Binds::Atom } }
}

/// What comes from outside, by the names that the source has for it.
fn leaf_name(leaf: Leaf, neuron: &Neuron) -> String {
    let state = |i: u32| &neuron.states[i as usize].name;
    match leaf {
        Leaf::Input(i) => neuron.inputs[i as usize].name.clone(),
        Leaf::State(i) => format!("{}@prev", state(i)),
        Leaf::Param(i) => {
            let param = &neuron.params[i as usize];
            // What is stored for it is another number than the param.
            let stored = if param.via.is_some() { ".stored" } else { "" };
            format!("{}{stored}", param.name)
        }
        Leaf::Arg(i) => format!("arg{i}"),
        Leaf::OutputGrad(i) => format!("grad {}", neuron.outputs[i as usize].name),
        Leaf::ColumnGrad(i) => {
            let product = &neuron.products[i as usize];
            let matrix = &neuron.matrices[product.matrix as usize].name;
            format!("{matrix}^T @ grad {}", neuron.inputs[product.input as usize].name)
        }
        Leaf::StateGrad(i) => format!("grad {}@next", state(i)),
        Leaf::InitGrad(i) => format!("grad {}@first", state(i)),
        Leaf::Sum(i) => format!("sum{}", i + 1),
    }
}
