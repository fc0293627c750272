//! The typed program of one specialised neuron as text. The text says everything that the program
//! computes, constants by exact value, so that equal texts are equal programs.

use std::fmt::Write;

use crate::check::dtype::PortDtype;
use crate::check::hir::{
    Binary, Compare, Function, Graph, Leaf, Logic, Neuron, NodeId, Op, Param, Unary,
};
use crate::check::hir::{Draw, From, ParamDefault, Type, Via};
use crate::check::save::Save;
use crate::check::sharing_word;

/// The text of a neuron, for people, goldens and hashes.
pub fn print(neuron: &Neuron) -> String {
    let kind = if neuron.is_parallel { "parallel neuron" } else { "neuron" };
    let mut out = format!("{kind} {} {{\n", neuron.name);
    write_header(&mut out, neuron).expect("a string takes everything");
    out.push_str("}\n");
    out
}

fn write_header(out: &mut String, neuron: &Neuron) -> std::fmt::Result {
    for (name, value) in &neuron.options {
        writeln!(out, "  option {name} = {value}")?;
    }
    for (i, input) in neuron.inputs.iter().enumerate() {
        write!(out, "  input {i} {}", input.name)?;
        match &input.from {
            From::Caller => out.push('\n'),
            From::Param(param) => write_param(out, param)?,
            From::Product(i) => writeln!(out, " product {i}")?,
            From::Draw(Draw::Uniform, number) => writeln!(out, " drawn {number} uniform")?,
            From::Draw(Draw::Normal, number) => writeln!(out, " drawn {number} normal")?,
        }
    }
    for (i, param) in neuron.params.iter().enumerate() {
        write!(out, "  param {i} {}", param.name)?;
        write_param(out, param)?;
    }
    for param in &neuron.weights {
        write!(out, "  weight {}", param.name)?;
        write_param(out, param)?;
    }
    for (i, matrix) in neuron.matrices.iter().enumerate() {
        writeln!(out, "  matrix {i} {} {{", matrix.name)?;
        print(&matrix.program).lines().try_for_each(|line| writeln!(out, "    {line}"))?;
        out.push_str("  }\n");
    }
    for (i, surrogate) in neuron.surrogates.iter().enumerate() {
        writeln!(out, "  surrogate {i} {} {{", surrogate.name)?;
        write_function(out, "d", &surrogate.d)?;
        if let Some(y) = &surrogate.y {
            write_function(out, "y", y)?;
        }
        out.push_str("  }\n");
    }
    write_graph(out, "  ", &neuron.graph)?;
    for (i, state) in neuron.states.iter().enumerate() {
        let ty = type_word(state.ty);
        let (init, next) = (name(state.init), name(state.next));
        writeln!(out, "  state {i} {}: {ty} = {init} then {next}", state.name)?;
    }
    for (i, product) in neuron.products.iter().enumerate() {
        let (matrix, column) = (product.matrix, name(product.column));
        writeln!(out, "  product {i} = matrix {matrix} @ {column}")?;
    }
    for output in &neuron.outputs {
        let form = match output {
            _ if output.last => " last",
            _ if output.packed => " packed",
            _ => "",
        };
        writeln!(out, "  output {}{form} = {}", output.name, name(output.value))?;
    }
    for solved in &neuron.solved {
        writeln!(out, "  solved {solved}")?;
    }
    for named in neuron.named.iter().filter(|named| named.is_saved) {
        writeln!(out, "  saved {} = {}", named.name, name(named.node))?;
    }
    if neuron.save != Save::Auto {
        writeln!(out, "  save {}", neuron.save)?;
    }
    if neuron.dtype != PortDtype::F32 {
        writeln!(out, "  dtype {}", neuron.dtype)?;
    }
    Ok(())
}

fn write_param(out: &mut String, param: &Param) -> std::fmt::Result {
    write!(out, " per {} = ", sharing_word(param.sharing))?;
    match &param.default {
        ParamDefault::Number(number) => write!(out, "{number:?}")?,
        ParamDefault::Drawn(distribution) => write!(out, "{distribution}")?,
    }
    if let Some(range) = param.range {
        write!(out, " in {range}")?;
    }
    if let Some(via) = param.via {
        write!(out, " via {}", via_word(via))?;
    }
    out.push_str(if param.learn { " learn\n" } else { "\n" });
    Ok(())
}

fn write_function(out: &mut String, which: &str, function: &Function) -> std::fmt::Result {
    writeln!(out, "    {which} {{")?;
    write_graph(out, "      ", &function.graph)?;
    writeln!(out, "      {}\n    }}", name(function.result))
}

fn write_graph(out: &mut String, indent: &str, graph: &Graph) -> std::fmt::Result {
    for (id, node) in graph.iter() {
        writeln!(out, "{indent}{}: {} = {}", name(id), type_word(node.ty), op(&node.op))?;
    }
    Ok(())
}

fn name(id: NodeId) -> String {
    format!("%{}", id.0)
}

fn op(op: &Op) -> String {
    let word = match *op {
        Op::Const(number) if number.value().is_nan() => {
            return format!("const nan:{:016x}", number.value().to_bits());
        }
        Op::Const(number) => return format!("const {:?}", number.value()),
        Op::Int(value) => return format!("int {value}"),
        Op::Bool(value) => return format!("bool {value}"),
        Op::Leaf(leaf) => return leaf_text(leaf),
        Op::Spike(u, surrogate, arguments) => {
            let arguments = arguments.into_iter().flatten().map(|a| format!(" {}", name(a)));
            return format!("spike {} {}{}", name(u), surrogate.0, arguments.collect::<String>());
        }
        Op::Unary(op, _) => unary_word(op),
        Op::Binary(op, ..) => binary_word(op),
        Op::Compare(op, ..) => compare_word(op),
        Op::Logic(Logic::And, ..) => "and",
        Op::Logic(Logic::Or, ..) => "or",
        Op::Not(_) => "not",
        Op::Select(..) => "select",
        Op::Fma(..) => "fma",
        Op::IntToReal(_) => "int_to_real",
        Op::RealToInt(_) => "real_to_int",
        Op::BoolToReal(_) => "bool_to_real",
        Op::Detach(_) => "detach",
        Op::Hard(..) => "hard",
        Op::Soft(..) => "soft",
    };
    let mut text = word.to_owned();
    for operand in op.operands() {
        text.push(' ');
        text.push_str(&name(operand));
    }
    text
}

fn leaf_text(leaf: Leaf) -> String {
    let (word, i) = match leaf {
        Leaf::Input(i) => ("input", i),
        Leaf::State(i) => ("state", i),
        Leaf::Param(i) => ("param", i),
        Leaf::Arg(i) => ("arg", i),
        Leaf::OutputGrad(i) => ("output_grad", i),
        Leaf::ColumnGrad(i) => ("column_grad", i),
        Leaf::StateGrad(i) => ("state_grad", i),
        Leaf::InitGrad(i) => ("init_grad", i),
        Leaf::Sum(i) => ("sum", i),
    };
    format!("{word} {i}")
}

fn type_word(ty: Type) -> &'static str {
    match ty {
        Type::Real => "real",
        Type::Int => "int",
        Type::Bool => "bool",
    }
}

/// The word a map of a param is written with.
pub fn via_word(via: Via) -> &'static str {
    match via {
        Via::Sigmoid => "sigmoid",
        Via::Softplus => "softplus",
        Via::Exp => "exp",
    }
}

/// The word of a function of one real.
pub fn unary_word(op: Unary) -> &'static str {
    match op {
        Unary::Neg => "neg",
        Unary::Abs => "abs",
        Unary::Sqrt => "sqrt",
        Unary::Floor => "floor",
        Unary::Ceil => "ceil",
        Unary::Round => "round",
        Unary::Sign => "sign",
        Unary::Exp => "exp",
        Unary::Expm1 => "expm1",
        Unary::Exprel => "exprel",
        Unary::Log => "log",
        Unary::Log1p => "log1p",
        Unary::Sigmoid => "sigmoid",
        Unary::SigmoidSlope => "sigmoid_slope",
        Unary::Softplus => "softplus",
        Unary::Tanh => "tanh",
        Unary::Sinh => "sinh",
        Unary::Cosh => "cosh",
        Unary::Atan => "atan",
        Unary::Sin => "sin",
        Unary::Cos => "cos",
        Unary::Tan => "tan",
        Unary::Erf => "erf",
        Unary::Erfc => "erfc",
    }
}

/// The word of a function of two numbers.
pub fn binary_word(op: Binary) -> &'static str {
    match op {
        Binary::Add => "add",
        Binary::Sub => "sub",
        Binary::Mul => "mul",
        Binary::Div => "div",
        Binary::Min => "min",
        Binary::Max => "max",
    }
}

fn compare_word(op: Compare) -> &'static str {
    match op {
        Compare::Lt => "lt",
        Compare::Le => "le",
        Compare::Gt => "gt",
        Compare::Ge => "ge",
        Compare::Eq => "eq",
        Compare::Ne => "ne",
    }
}
