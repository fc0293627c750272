//! The gradient of a step as named expressions.

use std::collections::HashMap;

use super::Term;
use super::infix::{Infix, infix};
use crate::check::hir::{NodeId, Op};
use crate::diff::Adjoint;
use crate::egraph::Simplified;
use crate::span::Span;

/// An expression that is longer gets a name.
const LONG: usize = 60;

/// What is known of a node.
struct Written {
    infix: Infix,
    /// The rules that made it and what is written out within it.
    rules: Vec<&'static str>,
}

/// The values that backward gives, and those that it uses more than once, each behind what it needs.
pub fn terms(simplified: &Simplified) -> Vec<(Span, Term)> {
    let adjoint = &simplified.adjoint;
    let (graph, given) = (&adjoint.neuron.graph, given(adjoint));
    let roots = roots(adjoint);
    let is_known = |id: NodeId| given.contains_key(&id);
    let needed = graph.reached(roots.iter().map(|(_, id)| *id), is_known);
    let mut uses = vec![0; graph.len()];
    for (_, node) in graph.iter().filter(|(id, _)| needed[id.0 as usize] && !is_known(*id)) {
        node.op.operands().for_each(|operand| uses[operand.0 as usize] += 1);
    }
    let mut terms = Vec::new();
    let mut written: HashMap<NodeId, Written> = HashMap::new();
    let mut count = 0;
    for (id, node) in graph.iter().filter(|(id, _)| needed[id.0 as usize]) {
        let mut own = match given.get(&id) {
            Some(name) => Written { infix: Infix::name(name.clone()), rules: vec![] },
            None => write(simplified, id, &written),
        };
        let mut names = roots.iter().filter(|(_, root)| *root == id).map(|(name, _)| name.clone());
        let is_leaf = node.op.operands().next().is_none() || is_known(id);
        let is_shared = uses[id.0 as usize] > 1 || own.infix.text.len() > LONG;
        let first = names.next().or_else(|| {
            (is_shared && !is_leaf).then(|| {
                count += 1;
                format!("t{count}")
            })
        });
        if let Some(name) = first {
            let value = std::mem::replace(&mut own.infix, Infix::name(name.clone())).text;
            let rules = std::mem::take(&mut own.rules);
            terms.push((node.span, Term { name: name.clone(), value, rules }));
            let same = |other: String| Term { name: other, value: name.clone(), rules: vec![] };
            terms.extend(names.map(|other| (node.span, same(other))));
        }
        written.insert(id, own);
    }
    terms
}

/// A node in the words of its operands.
fn write(simplified: &Simplified, id: NodeId, written: &HashMap<NodeId, Written>) -> Written {
    let neuron = &simplified.adjoint.neuron;
    let op = neuron.graph.node(id).op;
    let operands = op.operands().flat_map(|operand| written[&operand].rules.iter().copied());
    let own = simplified.made_by[id.0 as usize].into_iter();
    let mut rules: Vec<&'static str> = own.chain(operands).collect();
    let mut seen = Vec::new();
    rules.retain(|rule| {
        !seen.contains(rule) && {
            seen.push(*rule);
            true
        }
    });
    Written { infix: infix(&op, neuron, |operand| &written[&operand].infix), rules }
}

/// The values of the step that have a name in the source.
fn given(adjoint: &Adjoint) -> HashMap<NodeId, String> {
    let neuron = &adjoint.neuron;
    let outputs = neuron.outputs.iter().map(|output| (output.value, &output.name));
    let named = neuron.named.iter().map(|named| (named.node, &named.name));
    let own = |id: &NodeId| {
        let node = neuron.graph.node(*id);
        (id.0 as usize) < adjoint.n_primal && !matches!(node.op, Op::Leaf(_) | Op::Const(_))
    };
    let mut given = HashMap::new();
    for (node, name) in named.chain(outputs).filter(|(node, _)| own(node)) {
        given.entry(node).or_insert_with(|| name.clone());
    }
    given
}

/// What backward gives, with names.
fn roots(adjoint: &Adjoint) -> Vec<(String, NodeId)> {
    let neuron = &adjoint.neuron;
    let grad = |name: &str, node: &Option<NodeId>| Some((format!("grad {name}"), (*node)?));
    let inputs = neuron.inputs.iter().zip(&adjoint.inputs);
    let inputs = inputs.filter_map(|(input, node)| grad(&input.name, node));
    let states = neuron.states.iter().zip(&adjoint.states);
    let states = states.filter_map(|(state, node)| grad(&format!("{}@prev", state.name), node));
    let sums = adjoint.sums.iter().enumerate();
    let sums = sums.map(|(i, node)| (format!("step of sum{}", i + 1), *node));
    let params = neuron.params.iter().zip(&adjoint.params);
    let stored = |param: &crate::check::hir::Param| match param.via {
        Some(_) => format!("{}.stored", param.name),
        None => param.name.clone(),
    };
    let params = params.filter_map(|(param, node)| grad(&stored(param), node));
    inputs.chain(states).chain(sums).chain(params).collect()
}
