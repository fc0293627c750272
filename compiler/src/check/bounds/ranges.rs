//! What declared ranges allow, tried at their ends.

use std::collections::HashMap;

use crate::check::hir::{Graph, Leaf, Neuron, NodeId, Op, Param, ParamDefault, Range, Unary};
use crate::check::specialize::constrain;
use crate::egraph::facts::{self, ANY, Fact};

/// A value of more params is not tried.
const MAX_PARAMS: usize = 5;

/// Stands for the end of a range that has none.
const FAR: f64 = 1e6;

/// What is known of a number of which nothing is.
const ANY_NUMBER: Range =
    Range { low: f64::NEG_INFINITY, high: f64::INFINITY, low_closed: false, high_closed: false };

/// The params of a neuron that have a range, by the node that expressions read.
pub struct Ranges<'n> {
    neuron: &'n Neuron,
    params: HashMap<NodeId, Range>,
    /// What a comparison looks at: the program may well know of it.
    asked: Vec<bool>,
}

impl<'n> Ranges<'n> {
    /// Those of a neuron.
    pub fn new(neuron: &'n Neuron) -> Self {
        Self::by(neuron, |param| param.range)
    }

    /// Those of a neuron, where learning may take a param without a range to any number.
    pub fn learnt(neuron: &'n Neuron) -> Self {
        Self::by(neuron, |param| param.range.or(param.learn.then_some(ANY_NUMBER)))
    }

    fn by(neuron: &'n Neuron, range: impl Fn(&Param) -> Option<Range>) -> Self {
        let graph = &neuron.graph;
        let (mut params, mut scratch) = (HashMap::new(), graph.clone());
        for (id, node) in graph.iter() {
            let Op::Leaf(leaf) = node.op else { continue };
            let Some(param) = param(neuron, leaf) else { continue };
            if let Some(range) = range(param) {
                // What the neuron has made of it is found again; of a param that it never reads there
                // is nothing.
                let made = constrain(&mut scratch, param, id);
                params.extend(((made.0 as usize) < graph.len()).then_some((made, range)));
            }
        }
        let compared = graph.iter().filter_map(|(_, node)| match node.op {
            Op::Compare(_, a, b) => Some([a, b]),
            _ => None,
        });
        let asked = graph.needed(compared.flatten());
        Self { neuron, params, asked }
    }

    /// What is known of each node of the neuron, with params in their ranges.
    pub fn facts(&self) -> Vec<Fact> {
        let graph = &self.neuron.graph;
        evaluated(graph, |id| self.params.get(&id).map(|range| Fact::of_range(*range)), |_| true)
    }

    /// Whether a value is 0 for some numbers of the params that it is made of, all of which have a
    /// range: those params.
    pub fn through_zero(&self, node: NodeId) -> Option<Vec<NodeId>> {
        let graph = &self.neuron.graph;
        let params = self.made_of(graph, node)?;
        if params.iter().any(|param| self.asked[param.0 as usize]) {
            return None;
        }
        let at = self.at_ends(graph, node, &params);
        let is_zero = |fact: &Fact| fact.low == 0.0 && fact.high == 0.0;
        let (below, above) = (at.iter().any(|f| f.high < 0.0), at.iter().any(|f| f.low > 0.0));
        (at.iter().any(is_zero) || below && above).then_some(params)
    }

    /// The params that a value is a continuous function of; none where it is made of anything else.
    pub fn made_of(&self, graph: &Graph, node: NodeId) -> Option<Vec<NodeId>> {
        let reached = graph.reached([node], |id| self.params.contains_key(&id));
        let mut params = Vec::new();
        for (id, node) in graph.iter().filter(|(id, _)| reached[id.0 as usize]) {
            match node.op {
                _ if self.params.contains_key(&id) => params.push(id),
                op if is_continuous(op) => {}
                _ => return None,
            }
        }
        (params.len() <= MAX_PARAMS).then_some(params)
    }

    /// What a value is at each choice of the ends of the params' ranges.
    pub fn at_ends(&self, graph: &Graph, node: NodeId, params: &[NodeId]) -> Vec<Fact> {
        let reached = graph.reached([node], |id| params.contains(&id));
        let choices = 0..1_u32 << params.len();
        let value = |choice: u32| {
            let given = |id: NodeId| {
                let i = params.iter().position(|param| *param == id)?;
                Some(end(self.params[&id], choice >> i & 1 == 1))
            };
            evaluated(graph, given, |id| reached[id.0 as usize])[node.0 as usize]
        };
        choices.map(value).collect()
    }

    /// What a value is with the params' defaults; none where one of them is drawn.
    pub fn by_default(&self, graph: &Graph, node: NodeId, params: &[NodeId]) -> Option<Fact> {
        let default = |id: &NodeId| match declaration(self.neuron, *id)?.default {
            ParamDefault::Number(number) => Some((*id, Fact::point(number))),
            ParamDefault::Drawn(_) => None,
        };
        let defaults: HashMap<NodeId, Fact> = params.iter().map(default).collect::<Option<_>>()?;
        let reached = graph.reached([node], |id| params.contains(&id));
        let given = |id: NodeId| defaults.get(&id).copied();
        Some(evaluated(graph, given, |id| reached[id.0 as usize])[node.0 as usize])
    }
}

/// The param that a node is.
pub fn declaration(neuron: &Neuron, node: NodeId) -> Option<&Param> {
    let mut reached = neuron.graph.needed([node]);
    reached.truncate(node.0 as usize + 1);
    let leaves = neuron.graph.iter().filter(|(id, _)| reached.get(id.0 as usize) == Some(&true));
    let mut params = leaves.filter_map(|(_, node)| match node.op {
        Op::Leaf(leaf) => param(neuron, leaf),
        _ => None,
    });
    params.next()
}

fn param(neuron: &Neuron, leaf: Leaf) -> Option<&Param> {
    match leaf {
        Leaf::Param(i) => neuron.params.get(i as usize),
        Leaf::Input(i) => neuron.inputs.get(i as usize)?.param(),
        _ => None,
    }
}

/// One end of a range, or what is next to it.
fn end(range: Range, upper: bool) -> Fact {
    let inside = Fact::of_range(range);
    let limited = if upper { inside.high.min(FAR) } else { inside.low.max(-FAR) };
    Fact::point(limited.clamp(inside.low, inside.high))
}

/// What is known of the nodes that are wanted, where some are given.
fn evaluated(
    graph: &Graph,
    given: impl Fn(NodeId) -> Option<Fact>,
    wanted: impl Fn(NodeId) -> bool,
) -> Vec<Fact> {
    let mut all: Vec<Fact> = Vec::with_capacity(graph.len());
    for (id, node) in graph.iter() {
        let known = |id: NodeId| all[id.0 as usize];
        let fact = match given(id) {
            Some(fact) => fact,
            None if wanted(id) => facts::of(node.op, node.ty, |_| ANY, known),
            None => ANY,
        };
        all.push(fact);
    }
    all
}

/// Whether a small change of the operands changes the value little.
fn is_continuous(op: Op) -> bool {
    match op {
        Op::Const(_) | Op::IntToReal(_) | Op::Int(_) | Op::Fma(..) | Op::Detach(_) => true,
        Op::Unary(Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign | Unary::Tan, _) => false,
        Op::Unary(..) | Op::Binary(..) => true,
        _ => false,
    }
}
