//! One step of a block of lanes: values of all nodes, their partial derivatives, and tangents pushed
//! through them.

use super::partials::partials;
use super::real::{Block, LANES, evaluate, map, truth, zip, zip3};
use super::surrogate::{primitive, spike_partials};
use super::{Mode, rounded};
use crate::check::hir::{Binary, Graph, Leaf, Neuron, Node, NodeId, Op, Type, Unary};

/// What a step reads.
pub(super) struct Leaves<'a> {
    /// For each input its value.
    pub inputs: &'a [Block],
    /// For each state its value before the step.
    pub states: &'a [Block],
}

/// The nodes of a neuron, evaluated for one block of lanes.
pub(super) struct Tape<'n> {
    neuron: &'n Neuron,
    mode: Mode<'n>,
    /// Nodes of params and constants alone; they are evaluated once a block.
    invariant: Vec<bool>,
    /// What the program computes: f32 in [`Mode::Single`], else f64.
    values: Vec<Block>,
    /// The same in f64 where `values` are f32, taken from f32 leaves and with f32's decisions.
    wide: Vec<Block>,
    partials: Vec<[Block; 3]>,
    tangents: Vec<Block>,
}

impl<'n> Tape<'n> {
    /// A tape with room for all nodes.
    pub fn new(neuron: &'n Neuron, mode: Mode<'n>) -> Self {
        let count = neuron.graph.len();
        Self {
            neuron,
            mode,
            invariant: invariants(&neuron.graph),
            values: vec![[0.0; LANES]; count],
            wide: vec![[0.0; LANES]; count],
            partials: vec![[[0.0; LANES]; 3]; count],
            tangents: vec![[0.0; LANES]; count],
        }
    }

    /// Takes the params of a block and evaluates what depends on them alone.
    ///
    /// `guide`, here and in [`step`](Self::step), holds the values of a base run: bools, ints, rounded
    /// and detached values are taken from there, so that the program is smooth around that run.
    pub fn fix(&mut self, params: &[Block], guide: Option<&[Block]>) {
        self.evaluate(true, guide, |leaf| match leaf {
            Leaf::Param(i) => params[i as usize],
            _ => [f64::NAN; LANES],
        });
    }

    /// Evaluates a step.
    pub fn step(&mut self, leaves: &Leaves<'_>, guide: Option<&[Block]>) {
        self.evaluate(false, guide, |leaf| match leaf {
            Leaf::Input(i) => leaves.inputs[i as usize],
            Leaf::State(i) => leaves.states[i as usize],
            _ => [f64::NAN; LANES],
        });
    }

    /// The value of a node, as the program computes it.
    pub fn value(&self, node: NodeId) -> &Block {
        &self.values[node.0 as usize]
    }

    /// The values of all nodes.
    pub fn values(&self) -> &[Block] {
        &self.values
    }

    fn evaluate(&mut self, invariant: bool, guide: Option<&[Block]>, leaf: impl Fn(Leaf) -> Block) {
        for (id, node) in self.neuron.graph.iter() {
            let i = id.0 as usize;
            if self.invariant[i] != invariant {
                continue;
            }
            self.values[i] = match node.op {
                Op::Leaf(from) => leaf(from),
                _ if matches!(self.mode, Mode::Single(_)) => self.single(node),
                _ => double(self.neuron, node, i, &self.values, guide, self.mode),
            };
        }
    }

    /// The value of a node in f32.
    fn single(&self, node: &Node) -> Block {
        let of = operands(&node.op, &self.values);
        match (node.op, self.mode) {
            (Op::Spike(..), _) => map(of[0], |u| truth(u >= 0.0)),
            (_, Mode::Single(math)) => evaluate::<f32>(&node.op, node.ty, of, math),
            _ => evaluate::<f32>(&node.op, node.ty, of, &rounded),
        }
    }

    /// Takes the partial derivatives of all nodes at the values of the last step.
    pub fn linearise(&mut self) {
        if matches!(self.mode, Mode::Single(_)) {
            for (id, node) in self.neuron.graph.iter() {
                let i = id.0 as usize;
                self.wide[i] = match node.op {
                    Op::Leaf(_) => self.values[i],
                    _ => {
                        let guide = Some(self.values.as_slice());
                        double(self.neuron, node, i, &self.wide, guide, self.mode)
                    }
                };
            }
        }
        let wide = if matches!(self.mode, Mode::Single(_)) { &self.wide } else { &self.values };
        for (id, node) in self.neuron.graph.iter() {
            let i = id.0 as usize;
            self.partials[i] = match node.op {
                Op::Spike(_, surrogate, arguments) => {
                    let surrogate = &self.neuron.surrogates[surrogate.0 as usize];
                    spike_partials(surrogate, operands(&node.op, wide), arguments)
                }
                // Which side of a kink it is, the program decides.
                Op::Binary(Binary::Min | Binary::Max, ..) | Op::Unary(Unary::Abs, _) => {
                    let of = operands(&node.op, &self.values);
                    partials(&node.op, of, &self.values[i])
                }
                _ => partials(&node.op, operands(&node.op, wide), &wide[i]),
            };
        }
    }

    /// Pushes tangents of leaves through the active nodes.
    pub fn push(&mut self, active: &[bool], leaf: impl Fn(Leaf) -> Block) {
        for (id, node) in self.neuron.graph.iter() {
            let i = id.0 as usize;
            if !active[i] {
                continue;
            }
            if let Op::Leaf(from) = node.op {
                self.tangents[i] = leaf(from);
                continue;
            }
            self.tangents[i] = pushed(&node.op, &self.partials[i], &self.tangents, active);
        }
    }

    /// The tangent of a node, 0 where it is not active.
    pub fn tangent(&self, active: &[bool], node: NodeId) -> Block {
        if active[node.0 as usize] { self.tangents[node.0 as usize] } else { [0.0; LANES] }
    }
}

/// The tangent of a node from those of its operands that are active.
pub(super) fn pushed(op: &Op, partials: &[Block; 3], tangents: &[Block], active: &[bool]) -> Block {
    let mut sum = [0.0; LANES];
    for (operand, partial) in op.operands().zip(partials) {
        if active[operand.0 as usize] {
            // A branch that is not taken gives nothing even where its tangent is infinite.
            let tangent = &tangents[operand.0 as usize];
            let term = zip(partial, tangent, |p, t| if p == 0.0 { 0.0 } else { p * t });
            sum = zip(&sum, &term, |a, b| a + b);
        }
    }
    sum
}

/// The nodes that a tangent of one of these leaves can reach.
pub(super) fn reached(graph: &Graph, from: impl Fn(Leaf) -> bool) -> Vec<bool> {
    let mut active: Vec<bool> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let reaches = match node.op {
            Op::Leaf(leaf) => from(leaf),
            Op::Detach(_) => false,
            _ => node.op.operands().any(|operand| active[operand.0 as usize]),
        };
        active.push(reaches && node.ty == Type::Real);
    }
    active
}

/// The value of a node in f64. `guide` holds the values that decide: those of the f32 run, or of the
/// base run of a smooth program.
fn double(
    neuron: &Neuron,
    node: &Node,
    index: usize,
    values: &[Block],
    guide: Option<&[Block]>,
    mode: Mode<'_>,
) -> Block {
    let of = operands(&node.op, values);
    let smoothed = matches!(mode, Mode::Smooth);
    match (node.op, guide) {
        (Op::Spike(_, surrogate, _), _) if smoothed => {
            primitive(&neuron.surrogates[surrogate.0 as usize], of)
        }
        (Op::Spike(..), Some(guide)) => guide[index],
        (Op::Spike(..), None) => map(of[0], |u| truth(u >= 0.0)),
        (Op::Hard(..), _) if smoothed => {
            zip3(of[0], of[1], of[2], |v, s, to| s * to + (1.0 - s) * v)
        }
        (Op::Detach(_), Some(guide)) if smoothed => guide[index],
        (op, Some(guide)) if node.ty != Type::Real || jumps(&op) => guide[index],
        (op @ Op::Binary(Binary::Min | Binary::Max, ..), Some(guide)) => {
            let first = partials(&op, operands(&op, guide), &guide[index])[0];
            zip3(&first, of[0], of[1], |first, a, b| if first != 0.0 { a } else { b })
        }
        (op, _) => evaluate::<f64>(&op, node.ty, of, &rounded),
    }
}

/// Whether a real function of reals is constant but for jumps.
fn jumps(op: &Op) -> bool {
    matches!(op, Op::Unary(Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign, _))
}

/// The values of a node's operands; the first node's stand in for those it does not have.
pub(super) fn operands<'v>(op: &Op, values: &'v [Block]) -> [&'v Block; 3] {
    let mut of = [&values[0]; 3];
    for (slot, operand) in of.iter_mut().zip(op.operands()) {
        *slot = &values[operand.0 as usize];
    }
    of
}

/// The nodes that depend on nothing but params and constants.
fn invariants(graph: &Graph) -> Vec<bool> {
    let mut fixed: Vec<bool> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        fixed.push(match node.op {
            Op::Leaf(leaf) => matches!(leaf, Leaf::Param(_)),
            _ => node.op.operands().all(|operand| fixed[operand.0 as usize]),
        });
    }
    fixed
}
