//! Which values differ between the lanes of a thread. The others are computed once a thread.

use crate::kernel::{BufferId, Carry, Counter, Kernel, Op, Shape, Stmt, ValueId};

/// For each value of the kernel, whether its lanes may differ.
///
/// Carried values go round, so the facts are grown until nothing changes; each turn but the last
/// settles at least one value.
pub(super) fn varying(kernel: &Kernel) -> Vec<bool> {
    let mut varying = vec![false; kernel.values.len()];
    while grow(kernel, &kernel.body, &mut varying) {}
    varying
}

fn grow(kernel: &Kernel, body: &[Stmt], varying: &mut [bool]) -> bool {
    let mut changed = false;
    for stmt in body {
        changed |= match stmt {
            Stmt::Let(id, op) => {
                let differs = differs(kernel, op, varying);
                raise(varying, *id, differs)
            }
            Stmt::Loop(inner) => {
                let body = grow(kernel, &inner.body, varying);
                let carries =
                    inner.carries.iter().fold(false, |any, carry| grow_carry(carry, varying) | any);
                body | carries
            }
            Stmt::Product(product) => raise(varying, product.value, true),
            Stmt::Store(..) | Stmt::Reduce(..) => false,
        };
    }
    changed
}

fn grow_carry(carry: &Carry, varying: &mut [bool]) -> bool {
    let differs = varying[carry.init.0 as usize] || varying[carry.next.0 as usize];
    raise(varying, carry.param, differs) | raise(varying, carry.result, differs)
}

fn raise(varying: &mut [bool], id: ValueId, differs: bool) -> bool {
    let known = &mut varying[id.0 as usize];
    let changed = differs && !*known;
    *known |= differs;
    changed
}

fn differs(kernel: &Kernel, op: &Op, varying: &[bool]) -> bool {
    let of = |id: &ValueId| varying[id.0 as usize];
    match op {
        Op::Real(_) | Op::Int(_) | Op::Bool(_) | Op::Given(_) => false,
        Op::Draw(..) => true,
        Op::Counter(counter) => *counter == Counter::Lane,
        Op::Unary(_, a)
        | Op::Not(a)
        | Op::IntToReal(a)
        | Op::RealToInt(a)
        | Op::RealBits(a)
        | Op::BitsReal(a)
        | Op::Kept(a) => of(a),
        Op::Binary(_, a, b) | Op::Compare(_, a, b) => of(a) || of(b),
        Op::Select(a, b, c) | Op::Fma(a, b, c) => of(a) || of(b) || of(c),
        Op::Load(buffer) => !is_shared(kernel, *buffer),
        Op::LoadOr(buffer, fallback) => !is_shared(kernel, *buffer) || of(fallback),
    }
}

/// Whether all lanes load the same.
fn is_shared(kernel: &Kernel, buffer: BufferId) -> bool {
    matches!(kernel.buffer(buffer).shape, Shape::Layer | Shape::Step)
}
