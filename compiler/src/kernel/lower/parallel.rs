//! The kernels of a parallel neuron: as many sweeps over time as products stand behind each other.
//!
//! A product takes a whole column, so what is made of it comes in a later sweep, a kernel of its own, which reads the
//! column where the one before wrote it, or where the caller has it. Backward goes the other way: the gradient of a
//! product is a column, of which a later sweep makes that of the product's own column. Forward leaves the products for
//! backward, which multiplies nothing again.

use snn_artifact::Outer;
use snn_artifact::naming::{self, Operand};

use super::super::{BufferId, Carry, Kernel, LoopKind, Op, Order, Product, Schedule, Shape, Stmt};
use super::super::{Storage, ValueId, without_dead};
use super::BACKWARD;
use super::backward::{late, output_grads, partial_shape};
use super::forward::{self, close};
use super::scan::Part;
use super::trace::Trace;
use super::writer::{Scope, Writer, of_ports, repeat};
use crate::check::hir::{self, Graph, Leaf, Neuron, NodeId};
use crate::check::{PortDtype, hir::From};
use crate::diff::Adjoint;
use crate::saves::{Saved, Why, Width};

/// The kernels of a parallel neuron, before they are legal for a target.
#[derive(Clone, Debug)]
pub struct Sweeps {
    /// Those of `forward`, of `forward_train` and of `backward`, each in the order they are launched.
    pub kernels: Vec<Kernel>,
    /// What forward saves.
    pub saves: Vec<Saved>,
    /// What is added up over lanes behind backward.
    pub outer: Vec<Outer>,
}

/// Writes the kernels of a simplified adjoint.
pub fn lower(adjoint: &Adjoint, schedule: Schedule) -> Sweeps {
    let neuron = &adjoint.neuron;
    let (mut backward, outer) = Backward::new(adjoint, schedule).kernels();
    let is_read = |saved: &Saved| {
        let name = Operand::Trace(&saved.name).to_string();
        backward.iter().flat_map(|kernel| &kernel.buffers).any(|buffer| buffer.name == name)
    };
    let saves: Vec<Saved> = neuron
        .products
        .iter()
        .map(|product| whole(leaf(&neuron.graph, product.input), product_name(neuron, product)))
        .filter(is_read)
        .collect();
    let mut kernels = forward(neuron, schedule, "forward", &[]);
    kernels.append(&mut forward(neuron, schedule, "forward_train", &saves));
    kernels.append(&mut backward);
    Sweeps { kernels, saves, outer }
}

/// A value of each step that is stored as it is.
fn whole(node: NodeId, name: &str) -> Saved {
    Saved { node, name: name.into(), width: Width::Full, why: Why::Product }
}

/// The name of a product.
fn product_name<'n>(neuron: &'n Neuron, product: &hir::Product) -> &'n str {
    &neuron.inputs[product.input as usize].name
}

/// The node of an input that some node reads.
fn leaf(graph: &Graph, input: u32) -> NodeId {
    let op = hir::Op::Leaf(Leaf::Input(input));
    let found = graph.iter().find(|(_, node)| node.op == op);
    found.map_or(NodeId(0), |(id, _)| id)
}

/// The input of the caller's that a product's column is, where products can read it as it is.
pub(super) fn given_column(neuron: &Neuron, product: &hir::Product) -> Option<u32> {
    match neuron.graph.node(product.column).op {
        hir::Op::Leaf(Leaf::Input(i)) if neuron.inputs[i as usize].is_given() => {
            Some(i).filter(|_| neuron.dtype == PortDtype::F32)
        }
        _ => None,
    }
}

/// The buffer of a product's column.
fn column_buffer(neuron: &Neuron, product: &hir::Product) -> String {
    match given_column(neuron, product) {
        Some(i) => Operand::Input(&neuron.inputs[i as usize].name).to_string(),
        None => Operand::Trace(&column_name(product_name(neuron, product))).to_string(),
    }
}

/// The name of a product's column as a trace. No name in a file has a dot.
pub(super) fn column_name(product: &str) -> String {
    format!("{product}.column")
}

/// The name of the gradient of a product, or of a param with a number for each step, as a trace.
fn grad_name(of: &str) -> String {
    format!("{of}.grad")
}

/// How many products stand behind each other before a node, by what that is for leaves.
fn levels(graph: &Graph, of: impl Fn(Leaf) -> usize) -> Vec<usize> {
    let mut levels: Vec<usize> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        levels.push(match node.op {
            hir::Op::Leaf(leaf) => of(leaf),
            op => op.operands().map(|operand| levels[operand.0 as usize]).max().unwrap_or(0),
        });
    }
    levels
}

/// The sweeps of a forward kernel.
fn forward(neuron: &Neuron, schedule: Schedule, name: &str, saves: &[Saved]) -> Vec<Kernel> {
    let graph = &neuron.graph;
    let mut of_products: Vec<usize> = Vec::new();
    let of_leaf = |known: &[usize], leaf| match leaf {
        Leaf::Input(i) => {
            let product = neuron.inputs[i as usize].product();
            product.map_or(0, |i| known.get(i as usize).copied().unwrap_or(0))
        }
        _ => 0,
    };
    for product in &neuron.products {
        let levels = levels(graph, |leaf| of_leaf(&of_products, leaf));
        of_products.push(levels[product.column.0 as usize] + 1);
    }
    let levels = levels(graph, |leaf| of_leaf(&of_products, leaf));
    let last = levels.iter().chain(&of_products).copied().max().unwrap_or(0);
    let mut sweeps = Vec::new();
    for level in 0..=last {
        let is_here = |node: NodeId| levels[node.0 as usize] == level;
        let outputs = neuron.outputs.iter().filter(|output| is_here(output.value)).cloned();
        let own = Neuron { outputs: outputs.collect(), ..neuron.clone() };
        let columns = neuron
            .products
            .iter()
            .filter(|product| is_here(product.column) && given_column(neuron, product).is_none());
        let columns = columns
            .map(|product| whole(product.column, &column_name(product_name(neuron, product))));
        let columns: Vec<Saved> = columns.collect();
        let saved = saves.iter().filter(|saved| is_here(saved.node)).chain(&columns);
        let saved: Vec<&Saved> = saved.collect();
        if own.outputs.is_empty() && saved.is_empty() {
            continue;
        }
        let name = naming::sweep(name, sweeps.len());
        sweeps.push(without_dead(forward::write(&name, &own, schedule, &[], &saved, Part::All)));
    }
    sweeps
}

/// What a sweep of backward gives.
#[derive(Default)]
struct Roots {
    /// Inputs of the caller's, with their gradients.
    inputs: Vec<(u32, Option<NodeId>)>,
    /// Columns that are stored, and gradients of products and of params with a number for each step.
    traces: Vec<Saved>,
    /// Learnt params.
    params: Vec<usize>,
}

struct Backward<'a> {
    adjoint: &'a Adjoint,
    schedule: Schedule,
    levels: Vec<usize>,
}

impl<'a> Backward<'a> {
    fn new(adjoint: &'a Adjoint, schedule: Schedule) -> Self {
        let Adjoint { neuron, .. } = adjoint;
        let mut of_columns = vec![0; neuron.products.len()];
        let of_leaf = |known: &[usize], leaf| match leaf {
            Leaf::ColumnGrad(i) => known[i as usize],
            _ => 0,
        };
        for (i, product) in neuron.products.iter().enumerate().rev() {
            let levels = levels(&neuron.graph, |leaf| of_leaf(&of_columns, leaf));
            let grad = adjoint.inputs[product.input as usize];
            of_columns[i] = grad.map_or(0, |grad| levels[grad.0 as usize] + 1);
        }
        let levels = levels(&neuron.graph, |leaf| of_leaf(&of_columns, leaf));
        Self { adjoint, schedule, levels }
    }

    fn level(&self, node: NodeId) -> usize {
        self.levels[node.0 as usize]
    }

    /// The kernels in their order, and what is added up behind them.
    fn kernels(&self) -> (Vec<Kernel>, Vec<Outer>) {
        let (roots, outer) = self.roots();
        let mut kernels = Vec::new();
        for roots in &roots {
            let name = naming::sweep(BACKWARD, kernels.len());
            let kernel = without_dead(self.kernel(&name, roots));
            if kernel.buffers.iter().any(|buffer| buffer.written) {
                kernels.push(kernel);
            }
        }
        (kernels, outer)
    }

    /// What each sweep gives.
    fn roots(&self) -> (Vec<Roots>, Vec<Outer>) {
        let Adjoint { neuron, inputs, params, .. } = self.adjoint;
        let last = self.levels.iter().copied().max().unwrap_or(0);
        let mut roots: Vec<Roots> = (0..=last).map(|_| Roots::default()).collect();
        let mut outer: Vec<(NodeId, Outer)> = Vec::new();
        for ((i, input), grad) in (0..).zip(&neuron.inputs).zip(inputs) {
            match (&input.from, grad) {
                (From::Caller, grad) => {
                    let level = grad.map_or(last, |grad| self.level(grad));
                    roots[level].inputs.push((i, *grad));
                }
                (From::Product(product), Some(grad)) => {
                    let product = &neuron.products[*product as usize];
                    let trace = whole(*grad, &grad_name(&input.name));
                    let left = Operand::Trace(&trace.name).to_string();
                    roots[self.level(*grad)].traces.push(trace);
                    if given_column(neuron, product).is_none() {
                        let name = column_name(&input.name);
                        roots[0].traces.push(whole(product.column, &name));
                    }
                    let right = Some(column_buffer(neuron, product));
                    let matrix = neuron.matrices[product.matrix as usize].name.clone();
                    let made = Outer { left, right, matrix: Some(matrix), params: Vec::new() };
                    outer.push((*grad, made));
                }
                _ => {}
            }
        }
        for (input, grad) in neuron.inputs.iter().zip(inputs) {
            let (From::Param(param), Some(grad)) = (&input.from, grad) else { continue };
            if !param.learn {
                continue;
            }
            if let Some((_, outer)) = outer.iter_mut().find(|(left, _)| left == grad) {
                outer.params.push(param.name.clone());
                continue;
            }
            let trace = whole(*grad, &grad_name(&param.name));
            let left = Operand::Trace(&trace.name).to_string();
            roots[self.level(*grad)].traces.push(trace);
            let params = vec![param.name.clone()];
            outer.push((*grad, Outer { left, right: None, matrix: None, params }));
        }
        for (i, param) in neuron.params.iter().enumerate().filter(|(_, param)| param.learn) {
            let level = params[i].map_or(last, |node| {
                let sums = self.sums([node]).into_iter();
                sums.map(|i| self.level(sums_at(self.adjoint, i))).max().unwrap_or(0)
            });
            // What only matrices have is learnt from theirs.
            let mut programs = neuron.matrices.iter().flat_map(|m| &m.program.params);
            if params[i].is_some() || !programs.any(|other| other.name == param.name) {
                roots[level].params.push(i);
            }
        }
        (roots, outer.into_iter().map(|(_, outer)| outer).collect())
    }

    fn kernel(&self, name: &str, roots: &Roots) -> Kernel {
        let (adjoint, neuron) = (self.adjoint, &self.adjoint.neuron);
        let mut writer = Writer::new(name, neuron, self.schedule);
        let mut scope = Scope::default();
        let operands = writer.operands();
        writer.params(&mut scope, &operands.params);
        let (varying, late) = (neuron.graph.varying(), late(&neuron.graph));
        writer.nodes(&mut scope, |i| !varying[i] && !late[i]);
        let grads = output_grads(&mut writer);
        let traces: Vec<Trace> =
            roots.traces.iter().map(|saved| Trace::new(&mut writer, saved, true)).collect();
        let inputs: Vec<BufferId> = roots
            .inputs
            .iter()
            .map(|(i, _)| {
                let input = &neuron.inputs[*i as usize];
                writer.buffer(
                    Operand::InputGrad(&input.name),
                    of_ports(neuron.dtype),
                    Shape::Sequence,
                )
            })
            .collect();

        let sums = self.sums(roots.params.iter().filter_map(|i| adjoint.params[*i]));
        let zero = writer.real(0.0);
        let mut chunks: Vec<Carry> = sums.iter().map(|_| writer.carry(zero)).collect();
        let lasts: Vec<usize> =
            (0..).zip(&neuron.outputs).filter(|(_, o)| o.last).map(|(i, _)| i).collect();
        for i in &lasts {
            let given = grads[*i].map(|buffer| writer.value(&mut scope, Op::LoadOr(buffer, zero)));
            chunks.push(writer.carry(given.unwrap_or(zero)));
        }
        let mut chunk = scope.inner();
        let columns = self.columns(&mut writer, &mut chunk);
        let mut steps: Vec<Carry> = chunks.iter().map(|carry| writer.carry(carry.param)).collect();
        let mut step = chunk.inner();
        let products = self.products(&mut writer);
        writer.leaves(&mut step, |writer, step, leaf| match leaf {
            Leaf::Input(i) => Some(match products[i as usize] {
                Some(trace) => writer.value(step, Op::Load(trace)),
                None => writer.value(step, operands.inputs[i as usize]),
            }),
            Leaf::OutputGrad(i) => match lasts.iter().position(|last| *last == i as usize) {
                Some(place) => Some(steps[sums.len() + place].param),
                None => Some(writer.value(step, Op::LoadOr(grads[i as usize]?, zero))),
            },
            Leaf::ColumnGrad(i) => Some(match columns[i as usize] {
                Some(value) => writer.value(step, Op::Kept(value)),
                None => zero,
            }),
            _ => None,
        });
        let stored = roots.traces.iter().map(|saved| saved.node);
        let given = roots.inputs.iter().filter_map(|(_, grad)| *grad);
        let summed = sums.iter().map(|i| sums_at(adjoint, *i));
        let wanted = neuron.graph.needed(stored.chain(given).chain(summed));
        writer.nodes(&mut step, |i| wanted[i] && varying[i]);
        for trace in &traces {
            trace.store(&mut writer, &mut step);
        }
        for (buffer, (_, grad)) in inputs.into_iter().zip(&roots.inputs) {
            let value = grad.map_or(zero, |grad| writer.node(&step, grad));
            step.body.push(Stmt::Store(buffer, value));
        }
        let (of_sums, of_lasts) = steps.split_at_mut(sums.len());
        of_lasts.iter_mut().for_each(|carry| carry.next = zero);
        for (carry, i) in of_sums.iter_mut().zip(&sums) {
            let term = writer.node(&step, sums_at(adjoint, *i));
            let sum = Op::Binary(super::super::Binary::Add, carry.param, term);
            carry.next = writer.value(&mut step, sum);
        }
        close(&mut chunks, &steps);
        chunk.body.push(repeat(LoopKind::Steps, Order::Reverse, steps, step.body));
        let results: Vec<ValueId> = chunks.iter().map(|carry| carry.result).collect();
        scope.body.push(repeat(LoopKind::Chunks, Order::Reverse, chunks, chunk.body));
        self.finish(&mut writer, &mut scope, roots, &sums, &results);
        writer.finish(scope)
    }

    /// The sums that the gradients of params are made of.
    fn sums(&self, params: impl IntoIterator<Item = NodeId>) -> Vec<u32> {
        let graph = &self.adjoint.neuron.graph;
        let needed = graph.needed(params);
        let nodes = graph.iter().filter(|(id, _)| needed[id.0 as usize]);
        let of_sum = |op| if let hir::Op::Leaf(Leaf::Sum(i)) = op { Some(i) } else { None };
        nodes.filter_map(|(_, node)| of_sum(node.op)).collect()
    }

    /// What products give back to their columns: products with the transposed matrices.
    fn columns(&self, writer: &mut Writer<'_>, chunk: &mut Scope) -> Vec<Option<ValueId>> {
        let neuron = &self.adjoint.neuron;
        let mut columns = Vec::new();
        for product in &neuron.products {
            let has_grad = self.adjoint.inputs[product.input as usize].is_some();
            columns.push(has_grad.then(|| {
                let matrix = writer.matrix(product);
                let name = grad_name(product_name(neuron, product));
                let column = writer.buffer(Operand::Trace(&name), Storage::F32, Shape::Sequence);
                let value = writer.kernel.new_value(super::super::Type::Real);
                let product = Product { value, matrix, column, transposed: true, fused: false };
                chunk.body.push(Stmt::Product(product));
                value
            }));
        }
        columns
    }

    /// For each input that is a product the buffer that forward left it in.
    fn products(&self, writer: &mut Writer<'_>) -> Vec<Option<BufferId>> {
        let inputs = self.adjoint.neuron.inputs.iter();
        inputs
            .map(|input| {
                let trace = Operand::Trace(&input.name);
                input.product().map(|_| writer.buffer(trace, Storage::F32, Shape::Sequence))
            })
            .collect()
    }

    /// What is left to do behind the last step: the gradients of params.
    fn finish(
        &self,
        writer: &mut Writer<'_>,
        scope: &mut Scope,
        roots: &Roots,
        sums: &[u32],
        results: &[ValueId],
    ) {
        let neuron = &self.adjoint.neuron;
        let zero = writer.real(0.0);
        writer.leaves(scope, |_, _, leaf| match leaf {
            Leaf::Sum(i) => sums.iter().position(|sum| *sum == i).map(|place| results[place]),
            _ => None,
        });
        let nodes = roots.params.iter().filter_map(|i| self.adjoint.params[*i]);
        let needed = neuron.graph.needed(nodes);
        writer.nodes(scope, |i| needed[i]);
        for i in &roots.params {
            let param = &neuron.params[*i];
            let shape = partial_shape(param.sharing);
            let buffer = writer.buffer(Operand::Partial(&param.name), Storage::F32, shape);
            let value = self.adjoint.params[*i].map_or(zero, |node| writer.node(scope, node));
            let stmt = if shape.is_sums() { Stmt::Reduce } else { Stmt::Store };
            scope.body.push(stmt(buffer, value));
        }
    }
}

/// The node that a sum adds up.
fn sums_at(adjoint: &Adjoint, sum: u32) -> NodeId {
    adjoint.sums[sum as usize]
}
