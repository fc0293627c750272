//! What learnt params need. Warns of those whose gradient is always zero: they reach what the caller
//! gets, but only through conditions, roundings or `detach`.

use std::collections::HashSet;

use crate::check::hir::{Leaf, Neuron, NodeId, Op, Param, Product, Unary};
use crate::check::tree::{Program, Type};
use crate::check::{Specialization, specialize};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::Span;

/// The warnings about a neuron as its options are by default. A param that has a gradient when one of
/// the bool options is turned round is none of them.
pub fn warn(program: &Program, neuron: &Neuron) -> Diagnostics {
    let (needed, smooth) = (reached(neuron, false), reached(neuron, true));
    let mut dead: Vec<&Param> = params(neuron).filter(|param| param.learn).collect();
    dead.retain(|param| needed.contains(&param.span) && !smooth.contains(&param.span));
    dead.dedup_by_key(|param| param.span);
    for option in turned(program, neuron) {
        if dead.is_empty() {
            break;
        }
        let wanted = Specialization {
            neuron: Some(neuron.name.clone()),
            options: vec![option],
            ..Specialization::default()
        };
        if let Ok(other) = specialize(program, &wanted) {
            let smooth = reached(&other, true);
            dead.retain(|param| !smooth.contains(&param.span));
        }
    }
    dead.into_iter().map(warning).collect()
}

/// All params, those with a number for each step among them.
pub(super) fn params(neuron: &Neuron) -> impl Iterator<Item = &Param> {
    neuron.params.iter().chain(neuron.inputs.iter().filter_map(|input| input.param()))
}

/// Each bool option with the value that it does not have by default.
fn turned(program: &Program, neuron: &Neuron) -> Vec<(String, String)> {
    let own = program.neurons.iter().find(|own| own.name == neuron.name);
    let choices = own.into_iter().flat_map(|own| &own.options);
    let bools = choices.filter(|choice| choice.ty == Type::Bool);
    let turned = bools.filter_map(|choice| {
        let (name, value) = neuron.options.iter().find(|(name, _)| *name == choice.name)?;
        Some((name.clone(), (value != "true").to_string()))
    });
    turned.collect()
}

fn warning(param: &Param) -> Diagnostic {
    let name = param.of.as_ref().unwrap_or(&param.name);
    let message = format!("the gradient of the learnt param `{name}` is always zero");
    let there = "reaches outputs and states only where no gradient flows";
    Diagnostic::new("W0309", param.span, message, there).help(
        "conditions, roundings and `detach` have no gradient; `spike` with a surrogate has one",
    )
}

/// A learnt param as an argument of a surrogate has its gradient from the surrogate's `y`: there must be
/// one.
pub fn require_primitives(neuron: &Neuron) -> Result<(), Box<Diagnostic>> {
    let mut learnt: Vec<Option<u32>> = Vec::with_capacity(neuron.graph.len());
    for (_, node) in neuron.graph.iter() {
        if let Op::Spike(_, surrogate, arguments) = node.op {
            let surrogate = &neuron.surrogates[surrogate.0 as usize];
            let mut params = arguments.iter().flatten().filter_map(|a| learnt[a.0 as usize]);
            if let (None, Some(param)) = (&surrogate.y, params.next()) {
                return Err(Box::new(no_primitive(neuron, &surrogate.name, param, node.span)));
            }
        }
        learnt.push(match node.op {
            Op::Leaf(Leaf::Param(i)) => Some(i).filter(|i| neuron.params[*i as usize].learn),
            op => differentiated(&op).into_iter().find_map(|a| learnt[a.0 as usize]),
        });
    }
    Ok(())
}

fn no_primitive(neuron: &Neuron, surrogate: &str, param: u32, span: Span) -> Diagnostic {
    let param = &neuron.params[param as usize];
    let name = surrogate.split('(').next().unwrap_or(surrogate);
    let message = format!("the surrogate `{name}` has no `y`, from which `{}` learns", param.name);
    let there = "a learnt param is an argument of its surrogate";
    Diagnostic::new("E0311", span, message, there)
        .because(param.span, "learnt")
        .help("`y(u) = ...`, a primitive of `d`, has the gradient to the arguments")
        .help("`detach(...)` around the argument leaves its gradient out")
}

/// The declarations of the params that outputs and states depend on; with `smooth`, through operations
/// with a gradient. The numbers of an indexed param are one to the user.
fn reached(neuron: &Neuron, smooth: bool) -> HashSet<Span> {
    let mut reached = HashSet::new();
    let mut seen = vec![false; neuron.graph.len()];
    let states = neuron.states.iter().flat_map(|state| [state.init, state.next]);
    let mut rest: Vec<NodeId> = states.chain(neuron.outputs.iter().map(|o| o.value)).collect();
    while let Some(id) = rest.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        let op = neuron.graph.node(id).op;
        match op {
            Op::Leaf(leaf) => match product(neuron, leaf) {
                Some(product) => {
                    rest.push(product.column);
                    let program = &neuron.matrices[product.matrix as usize].program;
                    reached.extend(self::reached(program, smooth));
                    reached.extend(program.inputs.iter().map(|weight| weight.span));
                }
                None => reached.extend(param(neuron, leaf).map(|param| param.span)),
            },
            _ if smooth => rest.extend(differentiated(&op)),
            _ => rest.extend(op.operands()),
        }
    }
    reached
}

/// The product that a leaf is.
fn product(neuron: &Neuron, leaf: Leaf) -> Option<&Product> {
    let Leaf::Input(i) = leaf else { return None };
    let i = neuron.inputs[i as usize].product()?;
    Some(&neuron.products[i as usize])
}

/// The param that a leaf is.
fn param(neuron: &Neuron, leaf: Leaf) -> Option<&Param> {
    match leaf {
        Leaf::Param(i) => Some(&neuron.params[i as usize]),
        Leaf::Input(i) => neuron.inputs[i as usize].param(),
        _ => None,
    }
}

/// The operands that an operation has a gradient to.
fn differentiated(op: &Op) -> Vec<NodeId> {
    match *op {
        Op::Detach(_) | Op::RealToInt(_) | Op::BoolToReal(_) => Vec::new(),
        Op::Compare(..) | Op::Logic(..) | Op::Not(_) => Vec::new(),
        Op::Unary(Unary::Floor | Unary::Ceil | Unary::Round | Unary::Sign, _) => Vec::new(),
        Op::Select(_, a, b) => vec![a, b],
        _ => op.operands().collect(),
    }
}
