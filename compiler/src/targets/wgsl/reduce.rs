//! The second stage of a sum, the same for every neuron: a workgroup adds up one sum, or 32 sums of one
//! number from each launch of lanes, which lie side by side.

use std::num::NonZeroU32;

use naga::{
    ArraySize, Barrier, BinaryOperator as Bin, Expression, Function, GlobalVariable, Handle,
    Module, Statement,
};
use snn_artifact::{Binding, Entry};

use super::bind::{Bindings, ZERO};
use super::build::{Builder, Expr, Scalars, Var, array, storage};
use super::lane::{Invocation, invocation};
use super::memory::{bind_global, scalar, uniform};
use super::{Launch, bound, sums};

/// Invocations of a workgroup.
const THREADS: u32 = 256;

/// Sums that a workgroup adds up at once where `S` is 1 and there are so many: neighbours then read
/// neighbours.
const COLUMNS: u32 = 32;

/// The function and its manifest. `grad[g]` is the sum of `partial[(o * G + g) * S + s]`: each invocation
/// adds what it takes with Kahan's compensation, whose barriers keep drivers from simplifying it to 0, and
/// a tree adds these. Any number of workgroups gives the same.
pub fn function(module: &mut Module) -> (Function, Entry) {
    let launch = Launch { symbol: "reduce".into(), offset: 0, threads: THREADS };
    let entry = crate::targets::reduce_entry(launch);
    let alone = |index| Binding { index, offset: None };
    let mut names = entry.scalars.clone();
    names.push(ZERO.into());
    let bindings = Bindings { buffers: vec![alone(1), alone(2)], uniform: names };

    let types = Scalars::new(&mut module.types);
    let reals = array(&mut module.types, types.real, ArraySize::Dynamic);
    let partial = bind_global(module, "reduce_partial".into(), storage(false), 1, reals);
    let grad = bind_global(module, "reduce_grad".into(), storage(true), 2, reals);
    let launch = uniform(module, "reduce", &bindings.uniform, types.index);
    let count = NonZeroU32::new(THREADS).unwrap_or(NonZeroU32::MIN);
    let shared = sums::workgroup(module, "reduce_sums".into(), count, types);

    let mut build = Builder::new();
    let Invocation { group, groups, thread } = invocation(module, &mut build, types.index);
    let groups = build.binary(Bin::Multiply, groups.0, groups.1);
    let base = build.expr(Expression::GlobalVariable(launch));
    let mut number = |i: usize| scalar(&mut build, base, i, &bindings.uniform[i]);
    let (sums, inner, outer, zero) = (number(0), number(1), number(2), number(3));

    let is_apart = is_apart(&mut build, sums, inner);
    let (one, most) = (build.index(1), build.index(COLUMNS));
    let columns = build.select(is_apart, most, one);
    let columns = build.name(columns, "columns");
    let threads = build.index(THREADS);
    let rows = build.binary(Bin::Divide, threads, columns);
    let rows = build.name(rows, "rows");
    let column = build.binary(Bin::Modulo, thread, columns);
    let row = build.binary(Bin::Divide, thread, columns);
    let row = build.name(row, "row");
    let terms = build.binary(Bin::Multiply, outer, inner);
    let turns = share(&mut build, terms, row, rows);
    let turns = build.name(turns, "turns");
    let last = build.binary(Bin::Subtract, columns, one);
    let tiles = build.binary(Bin::Add, sums, last);
    let tiles = build.binary(Bin::Divide, tiles, columns);

    let (pass, tile) = open_passes(&mut build, types, tiles, (group, groups));
    let first = build.binary(Bin::Multiply, tile, columns);
    let g = build.binary(Bin::Add, first, column);
    let g = build.name(g, "g");
    let inside = build.binary(Bin::Less, g, sums);
    let inside = build.name(inside, "inside");
    let total = Kahan {
        zero,
        sum: build.local("sum", types.real),
        error: build.local("error", types.real),
    };
    total.clear(&mut build);
    build.open();
    let counter = build.local("turn", types.index);
    let turn = build.open_loop(counter, turns);
    let term = build.binary(Bin::Multiply, turn, rows);
    let term = build.binary(Bin::Add, term, row);
    let term = build.name(term, "term");
    let o = build.binary(Bin::Divide, term, inner);
    let s = build.binary(Bin::Modulo, term, inner);
    let index = build.binary(Bin::Multiply, o, sums);
    let index = build.binary(Bin::Add, index, g);
    let index = build.binary(Bin::Multiply, index, inner);
    let index = build.binary(Bin::Add, index, s);
    let partial = build.expr(Expression::GlobalVariable(partial));
    let pointer = build.element(partial, index);
    let value = build.load(pointer);
    total.add(&mut build, value);
    build.close_loop(counter);
    build.close_if(inside);

    let own = sums::element(&mut build, shared, thread);
    let value = build.get(total.sum);
    build.push(Statement::Store { pointer: own, value });
    build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
    let tree = Tree { shared, thread, zero };
    tree.add(&mut build, THREADS / 2, COLUMNS);
    // All of a workgroup go the same way here, so that all meet at the barriers.
    let is_one = build.binary(Bin::Equal, columns, one);
    build.open();
    tree.add(&mut build, COLUMNS / 2, 1);
    build.close_if(is_one);
    let is_column = build.binary(Bin::Less, thread, columns);
    let gives = build.binary(Bin::And, is_column, inside);
    build.open();
    let grad = build.expr(Expression::GlobalVariable(grad));
    let pointer = build.element(grad, g);
    let value = build.load(own);
    build.push(Statement::Store { pointer, value });
    build.close_if(gives);
    build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
    build.close_loop(pass);
    (build.finish(), bound(entry, bindings))
}

/// Whether sums lie side by side, and are enough for all columns.
fn is_apart(build: &mut Builder, sums: Expr, inner: Expr) -> Expr {
    let (one, most) = (build.index(1), build.index(COLUMNS));
    let is_single = build.binary(Bin::Equal, inner, one);
    let is_many = build.binary(Bin::GreaterEqual, sums, most);
    build.binary(Bin::And, is_single, is_many)
}

/// Opens the loop of a workgroup over those of `count` that fall to it; returns its counter and the present one.
pub fn open_passes(
    build: &mut Builder,
    types: Scalars,
    count: Expr,
    (group, groups): (Expr, Expr),
) -> (Var, Expr) {
    let passes = share(build, count, group, groups);
    let passes = build.name(passes, "passes");
    let counter = build.local("pass", types.index);
    let pass = build.open_loop(counter, passes);
    let before = build.binary(Bin::Multiply, pass, groups);
    (counter, build.binary(Bin::Add, before, group))
}

/// How many of `count` fall to one of `parts`, which takes its own and then every `parts`th.
fn share(build: &mut Builder, count: Expr, own: Expr, parts: Expr) -> Expr {
    let one = build.index(1);
    let last = build.binary(Bin::Subtract, parts, one);
    let up = build.binary(Bin::Add, count, last);
    let up = build.binary(Bin::Subtract, up, own);
    build.binary(Bin::Divide, up, parts)
}

/// The sums of a workgroup's invocations.
struct Tree {
    shared: Handle<GlobalVariable>,
    thread: Expr,
    zero: Expr,
}

impl Tree {
    /// Adds to each invocation the one so far behind, from `from` down to `to` in halves.
    fn add(&self, build: &mut Builder, from: u32, to: u32) {
        let mut behind = from;
        while behind >= to {
            let distance = build.index(behind);
            let adds = build.binary(Bin::Less, self.thread, distance);
            build.open();
            sums::add(build, self.shared, self.thread, behind, Some(self.zero));
            build.close_if(adds);
            build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
            behind /= 2;
        }
    }
}

/// A compensated sum: what an addition lost is taken from the next addend.
struct Kahan {
    zero: Expr,
    sum: Var,
    error: Var,
}

impl Kahan {
    fn clear(&self, build: &mut Builder) {
        let nothing = build.expr(Expression::Literal(naga::Literal::F32(0.0)));
        build.set(self.sum, nothing);
        build.set(self.error, nothing);
    }

    fn add(&self, build: &mut Builder, value: Expr) {
        let (sum, error) = (build.get(self.sum), build.get(self.error));
        let corrected = build.binary(Bin::Subtract, value, error);
        let corrected = build.barrier(corrected, self.zero);
        let next = build.binary(Bin::Add, sum, corrected);
        let next = build.barrier(next, self.zero);
        let gained = build.binary(Bin::Subtract, next, sum);
        let gained = build.barrier(gained, self.zero);
        let lost = build.binary(Bin::Subtract, gained, corrected);
        let lost = build.barrier(lost, self.zero);
        build.set(self.error, lost);
        build.set(self.sum, next);
    }
}
