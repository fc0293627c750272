//! Products of two sequences added up over lanes, the same for every neuron: a workgroup adds up a tile of
//! the sums of a block, a few lanes at a time in workgroup memory.

use std::num::NonZeroU32;

use naga::{
    ArraySize, Barrier, BinaryOperator as Bin, Expression, Function, GlobalVariable, Handle,
    Literal, MathFunction, Module, Statement,
};
use snn_artifact::{Binding, Entry};

use super::bind::Bindings;
use super::build::{Builder, Expr, Scalars, Var, array, storage};
use super::lane::{Invocation, invocation};
use super::memory::{bind_global, scalar, uniform};
use super::reduce::open_passes;
use super::{Launch, bound, sums};

/// Lanes of a block.
const BLOCK: u32 = 1024;
/// The invocations of a workgroup on either side of its tile, and the sums of each on either side.
const SIDE: u32 = 8;
const EACH: u32 = 4;
/// The sums of a tile on either side.
const TILE: u32 = SIDE * EACH;
/// Lanes in workgroup memory at a time, and the numbers from one to the next: one more than are needed, so that
/// neighbours lie in different banks.
const LANES: u32 = 16;
const PITCH: u32 = TILE + 1;

/// The function and its manifest. Any number of workgroups gives the same; a good one is that of the tiles,
/// `ceil(N / block) * ceil(T / 32) * ceil((K + 1) / 32)`.
pub fn function(module: &mut Module) -> (Function, Entry) {
    let launch = Launch { symbol: "outer".into(), offset: 0, threads: SIDE * SIDE };
    let entry = crate::targets::outer_entry(launch, BLOCK);
    let alone = |index| Binding { index, offset: None };
    let buffers = [1, 2, 3].map(alone).to_vec();
    let bindings = Bindings { buffers, uniform: entry.scalars.clone() };

    let types = Scalars::new(&mut module.types);
    let reals = array(&mut module.types, types.real, ArraySize::Dynamic);
    let mut bind = |name: &str, written, index| {
        bind_global(module, format!("outer_{name}"), storage(written), index, reals)
    };
    let (left, right) = (bind("left", false, 1), bind("right", false, 2));
    let partial = bind("partial", true, 3);
    let launch = uniform(module, "outer", &bindings.uniform, types.index);
    let count = NonZeroU32::new(LANES * PITCH).unwrap_or(NonZeroU32::MIN);
    let shared = ["outer_left_tile", "outer_right_tile"]
        .map(|name| sums::workgroup(module, name.into(), count, types));

    let mut build = Builder::new();
    let Invocation { group, groups, thread } = invocation(module, &mut build, types.index);
    let groups = build.binary(Bin::Multiply, groups.0, groups.1);
    let base = build.expr(Expression::GlobalVariable(launch));
    let mut number = |i: usize| scalar(&mut build, base, i, &bindings.uniform[i]);
    let [steps, lanes, rows, left_stride, right_stride] = [0, 1, 2, 3, 4].map(&mut number);
    let one = build.index(1);
    let columns = build.binary(Bin::Add, rows, one);
    let columns = build.name(columns, "columns");
    let (tiles_down, tiles_across) =
        (parts(&mut build, steps, TILE), parts(&mut build, columns, TILE));
    let tiles = build.binary(Bin::Multiply, tiles_down, tiles_across);
    let tiles = build.name(tiles, "tiles");
    let blocks = parts(&mut build, lanes, BLOCK);
    let all = build.binary(Bin::Multiply, blocks, tiles);

    let (counter, pass) = open_passes(&mut build, types, all, (group, groups));
    let p = build.binary(Bin::Divide, pass, tiles);
    let p = build.name(p, "p");
    let tile = build.binary(Bin::Modulo, pass, tiles);
    let down = build.binary(Bin::Divide, tile, tiles_across);
    let across = build.binary(Bin::Modulo, tile, tiles_across);
    let (size, block) = (build.index(TILE), build.index(BLOCK));
    let first = build.binary(Bin::Multiply, p, block);
    let end = build.binary(Bin::Add, first, block);
    let left = Side {
        rows: left,
        shared: shared[0],
        first: build.binary(Bin::Multiply, down, size),
        count: steps,
        stride: left_stride,
        behind: 0.0,
        value: build.local("left_value", types.real),
    };
    let right = Side {
        rows: right,
        shared: shared[1],
        first: build.binary(Bin::Multiply, across, size),
        count: rows,
        stride: right_stride,
        behind: 1.0,
        value: build.local("right_value", types.real),
    };
    let end = build.math(MathFunction::Min, &[end, lanes]);
    let tile = Tile { thread, types, sums: sums_of(&mut build, types), sides: [left, right] };
    tile.add_block(&mut build, first, end);
    let row = build.binary(Bin::Multiply, p, steps);
    tile.store(&mut build, partial, row, columns);
    build.close_loop(counter);
    (build.finish(), bound(entry, bindings))
}

/// In how many parts of a size something falls.
fn parts(build: &mut Builder, count: Expr, size: u32) -> Expr {
    let (size, last) = (build.index(size), build.index(size - 1));
    let up = build.binary(Bin::Add, count, last);
    build.binary(Bin::Divide, up, size)
}

/// The sums of an invocation, row by row.
fn sums_of(build: &mut Builder, types: Scalars) -> Vec<Var> {
    let sum = |i| build.local(&format!("sum_{}_{}", i / EACH, i % EACH), types.real);
    (0..EACH * EACH).map(sum).collect()
}

fn real(build: &mut Builder, number: f32) -> Expr {
    build.expr(Expression::Literal(Literal::F32(number)))
}

/// A sequence whose rows stand on one side of the tile.
struct Side {
    rows: Handle<GlobalVariable>,
    /// Some lanes of those of its rows that the tile takes.
    shared: Handle<GlobalVariable>,
    /// The first of these, how many there are in all, and the elements from one to the next.
    first: Expr,
    count: Expr,
    stride: Expr,
    /// What stands behind the last row.
    behind: f32,
    value: Var,
}

impl Side {
    /// Puts some lanes of the tile's rows into workgroup memory, where neighbours take neighbouring lanes; what lies
    /// behind the last lane is 0.
    fn fetch(&self, build: &mut Builder, thread: Expr, lane: Expr, end: Expr) {
        let (lanes, threads, pitch) =
            (build.index(LANES), build.index(SIDE * SIDE), build.index(PITCH));
        let mut place = thread;
        for _ in 0..LANES * TILE / (SIDE * SIDE) {
            let within = build.binary(Bin::Modulo, place, lanes);
            let beside = build.binary(Bin::Divide, place, lanes);
            let n = build.binary(Bin::Add, lane, within);
            let row = build.binary(Bin::Add, self.first, beside);
            self.load(build, row, n, end);
            let value = build.get(self.value);
            let index = build.binary(Bin::Multiply, within, pitch);
            let index = build.binary(Bin::Add, index, beside);
            let pointer = sums::element(build, self.shared, index);
            build.push(Statement::Store { pointer, value });
            place = build.binary(Bin::Add, place, threads);
        }
    }

    /// Sets `value` to an element.
    fn load(&self, build: &mut Builder, row: Expr, n: Expr, end: Expr) {
        let nothing = real(build, 0.0);
        build.set(self.value, nothing);
        let is_lane = build.binary(Bin::Less, n, end);
        build.open();
        let behind = real(build, self.behind);
        build.set(self.value, behind);
        let is_row = build.binary(Bin::Less, row, self.count);
        build.open();
        let start = build.binary(Bin::Multiply, row, self.stride);
        let index = build.binary(Bin::Add, start, n);
        let pointer = sums::element(build, self.rows, index);
        let element = build.load(pointer);
        build.set(self.value, element);
        build.close_if(is_row);
        build.close_if(is_lane);
    }

    /// The numbers of an invocation at a lane in workgroup memory, `SIDE` apart.
    fn factors(&self, build: &mut Builder, start: Expr, own: Expr) -> [Expr; EACH as usize] {
        [0, 1, 2, 3].map(|i| {
            let row = apart(build, own, i);
            let index = build.binary(Bin::Add, start, row);
            let pointer = sums::element(build, self.shared, index);
            build.load(pointer)
        })
    }
}

/// The `i`th row or column of an invocation.
fn apart(build: &mut Builder, own: Expr, i: u32) -> Expr {
    let distance = build.index(i * SIDE);
    build.binary(Bin::Add, own, distance)
}

/// A workgroup's sums.
struct Tile {
    thread: Expr,
    types: Scalars,
    sums: Vec<Var>,
    sides: [Side; 2],
}

impl Tile {
    /// The place of an invocation on either side.
    fn own(&self, build: &mut Builder) -> [Expr; 2] {
        let side = build.index(SIDE);
        let down = build.binary(Bin::Divide, self.thread, side);
        [down, build.binary(Bin::Modulo, self.thread, side)]
    }

    /// Adds up the products of a block's lanes.
    fn add_block(&self, build: &mut Builder, first: Expr, end: Expr) {
        let nothing = real(build, 0.0);
        self.sums.iter().for_each(|&sum| build.set(sum, nothing));
        let lanes = build.binary(Bin::Subtract, end, first);
        let turns = parts(build, lanes, LANES);
        let counter = build.local("turn", self.types.index);
        let turn = build.open_loop(counter, turns);
        let size = build.index(LANES);
        let lane = build.binary(Bin::Multiply, turn, size);
        let lane = build.binary(Bin::Add, first, lane);
        for side in &self.sides {
            side.fetch(build, self.thread, lane, end);
        }
        build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        let inner = build.local("lane", self.types.index);
        let lane = build.open_loop(inner, size);
        self.add_lane(build, lane);
        build.close_loop(inner);
        build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        build.close_loop(counter);
    }

    /// Adds the products of a lane in workgroup memory.
    fn add_lane(&self, build: &mut Builder, lane: Expr) {
        let pitch = build.index(PITCH);
        let start = build.binary(Bin::Multiply, lane, pitch);
        let own = self.own(build);
        let [left, right] = [0, 1].map(|i| self.sides[i].factors(build, start, own[i]));
        let pairs = left.iter().flat_map(|l| right.iter().map(move |r| (*l, *r)));
        for ((left, right), &var) in pairs.zip(&self.sums) {
            let term = build.binary(Bin::Multiply, left, right);
            let sum = build.get(var);
            let sum = build.binary(Bin::Add, sum, term);
            build.set(var, sum);
        }
    }

    /// Writes the sums that there are, from a row of `partial` on.
    fn store(&self, build: &mut Builder, partial: Handle<GlobalVariable>, row: Expr, width: Expr) {
        let own = self.own(build);
        let [t, k] = [0, 1].map(|i| build.binary(Bin::Add, self.sides[i].first, own[i]));
        for (i, &sum) in (0..).zip(&self.sums) {
            let (t, k) = (apart(build, t, i / EACH), apart(build, k, i % EACH));
            let is_row = build.binary(Bin::Less, t, self.sides[0].count);
            let is_column = build.binary(Bin::Less, k, width);
            let is_there = build.binary(Bin::And, is_row, is_column);
            build.open();
            let row = build.binary(Bin::Add, row, t);
            let start = build.binary(Bin::Multiply, row, width);
            let index = build.binary(Bin::Add, start, k);
            let pointer = sums::element(build, partial, index);
            let value = build.get(sum);
            build.push(Statement::Store { pointer, value });
            build.close_if(is_there);
        }
    }
}
