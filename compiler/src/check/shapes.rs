//! What of a parallel neuron is a matrix, and the matrices taken out as programs of their own.

use crate::check::eval;
use crate::check::hir::{
    Graph, Input, LAG, Leaf, Matrix, Named, Neuron, NodeId, Op, Output, Param, Product, Sharing,
};
use crate::check::parallel::Part;
use crate::check::save::Save;
use crate::check::{PortDtype, hir};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How many numbers a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// One for all steps.
    One,
    /// One for each step.
    Steps,
    /// One for each pair of steps.
    Matrix,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Shape::One => "one number",
            Shape::Steps => "a number for each step, `[T]`",
            Shape::Matrix => "a matrix, `[T, T]`",
        }
    }
}

/// A product as it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Matrix and column.
    pub sides: [NodeId; 2],
    /// Where each of them stands.
    pub places: [Span; 2],
    /// All of it.
    pub span: Span,
}

/// Takes the matrices of products out of a neuron.
///
/// # Errors
///
/// Where shapes do not go together, or a matrix is not the same for all neurons.
pub(super) fn take_apart(neuron: &mut Neuron, written: Vec<Written>) -> eval::Result<()> {
    let shapes = shapes(&neuron.graph)?;
    let of = |node: NodeId| shapes[node.0 as usize];
    if let Some(output) = neuron.outputs.iter().find(|o| of(o.value) == Shape::Matrix) {
        let message = format!("the output `{}` is a matrix", output.name);
        let finding = Diagnostic::new("E0803", output.span, message, Shape::Matrix.name());
        return Err(Box::new(finding.help("an output is a number for each step")));
    }
    let is_needed = needed(neuron, &written);
    let mut places: Vec<NodeId> = Vec::new();
    let mut inputs = vec![0; written.len()];
    for (i, product) in written.into_iter().enumerate() {
        check_sides(&product, product.sides.map(of))?;
        let [matrix, column] = product.sides;
        if !is_needed[i] {
            continue;
        }
        let place = match places.iter().position(|known| *known == matrix) {
            Some(place) => place,
            None => {
                let made = self::matrix(neuron, &product, places.len())?;
                neuron.matrices.push(made);
                places.push(matrix);
                places.len() - 1
            }
        };
        let leaf = Op::Leaf(Part::Product(i as u32).leaf());
        let named = |named: &&Named| neuron.graph.node(named.node).op == leaf;
        let name = neuron.named.iter().find(named).map(|named| named.name.clone());
        let name = name.unwrap_or_else(|| format!("product@{i}"));
        inputs[i] = neuron.inputs.len() as u32;
        let from = hir::From::Product(neuron.products.len() as u32);
        neuron.inputs.push(Input { name, from, span: product.span });
        neuron.products.push(Product { input: inputs[i], matrix: place as u32, column });
    }
    relabel(neuron, |leaf| match Part::of(leaf) {
        Some(Part::Product(i)) if is_needed[i as usize] => Leaf::Input(inputs[i as usize]),
        _ => leaf,
    });
    Ok(())
}

fn check_sides(product: &Written, sides: [Shape; 2]) -> eval::Result<()> {
    let expected = [Shape::Matrix, Shape::Steps];
    let Some(i) = (0..2).find(|i| sides[*i] != expected[*i]) else { return Ok(()) };
    let message = format!("a product needs {} here", expected[i].name());
    let finding = Diagnostic::new("E0803", product.places[i], message, sides[i].name());
    Err(Box::new(finding.help("`w @ x` multiplies a matrix with a number for each step")))
}

/// Which products outputs are made of.
fn needed(neuron: &Neuron, written: &[Written]) -> Vec<bool> {
    let mut products = vec![false; written.len()];
    let mut roots: Vec<NodeId> = neuron.outputs.iter().map(|output| output.value).collect();
    while let Some(root) = roots.pop() {
        let reached = neuron.graph.needed([root]);
        for (_, node) in neuron.graph.iter().filter(|(id, _)| reached[id.0 as usize]) {
            let Op::Leaf(leaf) = node.op else { continue };
            if let Some(Part::Product(i)) = Part::of(leaf)
                && !std::mem::replace(&mut products[i as usize], true)
            {
                roots.push(written[i as usize].sides[1]);
            }
        }
    }
    products
}

/// Gives the leaves of a neuron's graph other names, none of them to two.
fn relabel(neuron: &mut Neuron, name: impl Fn(Leaf) -> Leaf) {
    let mut graph = Graph::default();
    for (_, node) in neuron.graph.iter() {
        let op = if let Op::Leaf(leaf) = node.op { Op::Leaf(name(leaf)) } else { node.op };
        graph.add(op, node.ty, node.span);
    }
    neuron.graph = graph;
}

/// The shape of each node.
fn shapes(graph: &Graph) -> eval::Result<Vec<Shape>> {
    let mut shapes: Vec<Shape> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let mut shape = match node.op {
            Op::Leaf(Leaf::Input(_)) => Shape::Steps,
            Op::Leaf(leaf) => match Part::of(leaf) {
                Some(Part::Weight(_) | Part::Lag) => Shape::Matrix,
                Some(Part::Product(_)) => Shape::Steps,
                None => Shape::One,
            },
            _ => Shape::One,
        };
        for operand in node.op.operands() {
            let other = shapes[operand.0 as usize];
            let (low, high) = (shape.min(other), shape.max(other));
            if (low, high) == (Shape::Steps, Shape::Matrix) {
                let message = "a matrix and a number for each step do not go together";
                let there = graph.node(operand).span;
                let finding = Diagnostic::new("E0803", node.span, message, "one with the other")
                    .because(there, other.name())
                    .help("`w @ x` multiplies a matrix with a number for each step");
                return Err(Box::new(finding));
            }
            shape = high;
        }
        shapes.push(shape);
    }
    Ok(shapes)
}

/// The program of a matrix.
fn matrix(neuron: &Neuron, product: &Written, i: usize) -> eval::Result<Matrix> {
    let (mut inputs, mut params): (Vec<Input>, Vec<Param>) = (Vec::new(), Vec::new());
    let root = product.sides[0];
    let needed = neuron.graph.needed([root]);
    let mut graph = Graph::default();
    let mut places = vec![NodeId(0); needed.len()];
    for (id, node) in neuron.graph.iter().filter(|(id, _)| needed[id.0 as usize]) {
        let op = match node.op {
            Op::Leaf(Leaf::Param(i)) => {
                let param = &neuron.params[i as usize];
                same_for_all(param, product.places[0])?;
                params.push(param.clone());
                Op::Leaf(Leaf::Param(params.len() as u32 - 1))
            }
            Op::Leaf(leaf @ Leaf::Arg(_)) => {
                let (name, span) = match Part::of(leaf) {
                    Some(Part::Weight(i)) => {
                        let weight = &neuron.weights[i as usize];
                        (weight.name.clone(), weight.span)
                    }
                    _ => (LAG.to_owned(), node.span),
                };
                inputs.push(Input { name, from: hir::From::Caller, span });
                Op::Leaf(Leaf::Input(inputs.len() as u32 - 1))
            }
            op => op.map(|operand| places[operand.0 as usize]),
        };
        places[id.0 as usize] = graph.add(op, node.ty, node.span);
    }
    let value = places[root.0 as usize];
    let span = neuron.graph.node(root).span;
    let name = match graph.node(value).op {
        Op::Leaf(Leaf::Input(i)) => inputs[i as usize].name.clone(),
        _ => format!("matrix@{i}"),
    };
    let output = Output { name: "m".into(), value, last: false, packed: false, span };
    let program = Neuron {
        name: name.clone(),
        inputs,
        params,
        outputs: vec![output],
        graph,
        states: Vec::new(),
        named: Vec::new(),
        solved: Vec::new(),
        options: Vec::new(),
        save: Save::Auto,
        dtype: PortDtype::F32,
        is_parallel: false,
        weights: Vec::new(),
        matrices: Vec::new(),
        products: Vec::new(),
        span: neuron.span,
        sources: neuron.sources.clone(),
        surrogates: neuron.surrogates.clone(),
    };
    Ok(Matrix { name, program })
}

/// That a param of a matrix has one number.
fn same_for_all(param: &Param, span: Span) -> eval::Result<()> {
    if param.sharing == Sharing::Layer {
        return Ok(());
    }
    let word = crate::check::sharing_word(param.sharing);
    let message = format!("a matrix is the same for all neurons, and `{}` is not", param.name);
    let finding = Diagnostic::new("E0803", span, message, "a matrix");
    Err(Box::new(finding.because(param.span, format!("one number per {word}"))))
}
