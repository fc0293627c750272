//! Removal of what a kernel computes and nothing reads.

use super::taken::taken_by;
use super::{BufferId, Carry, Kernel, Loop, Op, Product, Stmt, ValueId};

/// The same kernel without the values, carries and loops that no store and no sum needs, and without
/// the buffers that are then no longer read. The signature keeps its order.
pub fn without_dead(kernel: Kernel) -> Kernel {
    let live = taken_by(&kernel, |stmt| matches!(stmt, Stmt::Store(..) | Stmt::Reduce(..)));
    let mut kernel = Kernel { body: sweep(&kernel.body, &live), ..kernel };
    drop_buffers(&mut kernel);
    number(&mut kernel);
    kernel
}

fn is_live(carry: &Carry, live: &[bool]) -> bool {
    live[carry.param.0 as usize] || live[carry.result.0 as usize]
}

fn sweep(body: &[Stmt], live: &[bool]) -> Vec<Stmt> {
    let keep = |stmt: &Stmt| match stmt {
        Stmt::Let(value, _) => live[value.0 as usize].then(|| stmt.clone()),
        Stmt::Store(..) | Stmt::Reduce(..) => Some(stmt.clone()),
        Stmt::Product(product) => live[product.value.0 as usize].then(|| stmt.clone()),
        Stmt::Loop(inner) => {
            let carries: Vec<Carry> =
                inner.carries.iter().filter(|carry| is_live(carry, live)).copied().collect();
            let body = sweep(&inner.body, live);
            let is_empty = carries.is_empty() && body.is_empty();
            (!is_empty).then_some(Stmt::Loop(Loop { carries, body, ..*inner }))
        }
    };
    body.iter().filter_map(keep).collect()
}

/// Takes the buffers out that no statement names.
fn drop_buffers(kernel: &mut Kernel) {
    let mut named = vec![false; kernel.buffers.len()];
    kernel.walk(&mut |stmt| {
        let buffers = match stmt {
            Stmt::Let(_, op) => [op.buffer(), None],
            Stmt::Store(buffer, _) | Stmt::Reduce(buffer, _) => [Some(*buffer), None],
            Stmt::Product(product) => [Some(product.matrix), Some(product.column)],
            Stmt::Loop(_) => [None; 2],
        };
        buffers.into_iter().flatten().for_each(|buffer| named[buffer.0 as usize] = true);
    });
    let mut places = Vec::with_capacity(named.len());
    let mut count = 0;
    for named in &named {
        places.push(BufferId(count));
        count += u32::from(*named);
    }
    let mut i = 0;
    kernel.buffers.retain(|_| {
        i += 1;
        named[i - 1]
    });
    rename_buffers(&mut kernel.body, &places);
}

fn rename_buffers(body: &mut [Stmt], places: &[BufferId]) {
    let of = |buffer: &mut BufferId| *buffer = places[buffer.0 as usize];
    for stmt in body {
        match stmt {
            Stmt::Let(_, Op::Load(buffer) | Op::LoadOr(buffer, _) | Op::Given(buffer))
            | Stmt::Store(buffer, _)
            | Stmt::Reduce(buffer, _) => of(buffer),
            Stmt::Product(product) => {
                of(&mut product.matrix);
                of(&mut product.column);
            }
            Stmt::Let(..) => {}
            Stmt::Loop(inner) => rename_buffers(&mut inner.body, places),
        }
    }
}

/// Numbers the values anew in the order of their definitions.
fn number(kernel: &mut Kernel) {
    let mut order = Vec::new();
    definitions(&kernel.body, &mut order);
    let mut places = vec![ValueId(0); kernel.values.len()];
    for (i, value) in order.iter().enumerate() {
        places[value.0 as usize] = ValueId(i as u32);
    }
    kernel.values = order.iter().map(|value| kernel.ty(*value)).collect();
    kernel.origins.number(&order);
    rename_values(&mut kernel.body, &places);
}

fn definitions(body: &[Stmt], order: &mut Vec<ValueId>) {
    for stmt in body {
        match stmt {
            Stmt::Let(value, _) | Stmt::Product(Product { value, .. }) => order.push(*value),
            Stmt::Store(..) | Stmt::Reduce(..) => {}
            Stmt::Loop(inner) => {
                order.extend(inner.carries.iter().map(|carry| carry.param));
                definitions(&inner.body, order);
                order.extend(inner.carries.iter().map(|carry| carry.result));
            }
        }
    }
}

fn rename_values(body: &mut [Stmt], places: &[ValueId]) {
    let of = |value: ValueId| places[value.0 as usize];
    for stmt in body {
        match stmt {
            Stmt::Let(value, op) => (*value, *op) = (of(*value), op.map(of)),
            Stmt::Store(_, value)
            | Stmt::Reduce(_, value)
            | Stmt::Product(Product { value, .. }) => *value = of(*value),
            Stmt::Loop(inner) => {
                for carry in &mut inner.carries {
                    let Carry { param, init, next, result } = *carry;
                    *carry = Carry {
                        param: of(param),
                        init: of(init),
                        next: of(next),
                        result: of(result),
                    };
                }
                rename_values(&mut inner.body, places);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse, print, verify};
    use super::*;

    #[test]
    fn what_nothing_reads_goes() {
        let kernel = parse(
            "kernel k f32 chunk 8 lanes 4 block 8
               in x: input f32 sequence
               in unread: input f32 sequence
               in? state.v: state_in f32 lane
               in? state.w: state_in f32 lane
               out s: output f32 sequence
               %0 = real 0.0
               %1 = load_or state.v, %0
               %2 = load_or state.w, %0
               chunks forward (%3 = %1 -> %9 => %11, %4 = %2 -> %10 => %12)
                 steps forward (%5 = %3 -> %7 => %9, %6 = %4 -> %8 => %10)
                   %13 = load unread
                   %14 = load x
                   %7 = add %5, %14
                   %8 = add %6, %13
                   store s, %7
                 end
                 steps reverse
                   %15 = kept %8
                 end
               end",
        );
        let kernel = without_dead(kernel.expect("a kernel"));
        insta::assert_snapshot!(print(&kernel));
        assert_eq!(without_dead(kernel.clone()), kernel);
        verify(kernel).expect("well formed");
    }
}
