//! Surrogates: the values of `d` and `y`, and how those change with an argument, by dual numbers.

use super::partials::partials;
use super::real::{Block, LANES, evaluate, map};
use super::tape::{operands, pushed, reached};
use super::{rounded, smooth};
use crate::check::hir::{Arguments, Function, Leaf, Op, Surrogate};

/// The partial derivatives of a spike by the distance and by the arguments of its surrogate.
pub(super) fn spike_partials(
    surrogate: &Surrogate,
    of: [&Block; 3],
    arguments: Arguments,
) -> [Block; 3] {
    let mut partials = [apply(&surrogate.d, of), [0.0; LANES], [0.0; LANES]];
    for (i, _) in arguments.iter().flatten().enumerate() {
        partials[i + 1] = primitive_slope(surrogate, of, i as u32 + 1);
    }
    partials
}

/// The primitive of a surrogate's `d`: as the source gives it, or `1/2` and an integral from 0.
pub(super) fn primitive(surrogate: &Surrogate, of: [&Block; 3]) -> Block {
    match &surrogate.y {
        Some(y) => apply(y, of),
        None => map(&integral(of, |of| apply(&surrogate.d, of)), |sum| 0.5 + sum),
    }
}

/// How fast the primitive changes with argument `i`.
fn primitive_slope(surrogate: &Surrogate, of: [&Block; 3], i: u32) -> Block {
    match &surrogate.y {
        Some(y) => slope(y, of, i),
        None => integral(of, |of| slope(&surrogate.d, of, i)),
    }
}

/// The integral of a function from 0 to the first argument.
fn integral(of: [&Block; 3], f: impl Fn([&Block; 3]) -> Block) -> Block {
    let [u, a, b] = of;
    std::array::from_fn(|lane| {
        let at = |x: f64| f([&[x; LANES], a, b])[lane];
        smooth::integral(&at, u[lane])
    })
}

/// A function of its arguments, in f64.
fn apply(function: &Function, of: [&Block; 3]) -> Block {
    values(function, of)[function.result.0 as usize]
}

/// The values of a function's nodes.
fn values(function: &Function, of: [&Block; 3]) -> Vec<Block> {
    let mut values: Vec<Block> = Vec::with_capacity(function.graph.len());
    for (_, node) in function.graph.iter() {
        let value = match node.op {
            Op::Leaf(Leaf::Arg(i)) => *of[i as usize],
            _ if values.is_empty() => evaluate::<f64>(&node.op, node.ty, of, &rounded),
            _ => evaluate::<f64>(&node.op, node.ty, operands(&node.op, &values), &rounded),
        };
        values.push(value);
    }
    values
}

/// The derivative of a function by argument `i`.
fn slope(function: &Function, of: [&Block; 3], i: u32) -> Block {
    let active = reached(&function.graph, |leaf| leaf == Leaf::Arg(i));
    let values = values(function, of);
    let mut tangents = vec![[0.0; LANES]; values.len()];
    for (id, node) in function.graph.iter() {
        let place = id.0 as usize;
        tangents[place] = match node.op {
            _ if !active[place] => continue,
            Op::Leaf(_) => [1.0; LANES],
            op => {
                let partials = partials(&op, operands(&op, &values), &values[place]);
                pushed(&op, &partials, &tangents, &active)
            }
        };
    }
    tangents[function.result.0 as usize]
}
