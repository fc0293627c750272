//! The entry `outer`: products of two sequences, added up over the lanes of a block.
//!
//! It is a product of matrices whose inner dimension, the lanes, is huge and whose outer ones are a few steps.
//! A block of threads takes the lanes of one block and a tile of the sums. It stages some lanes in shared
//! memory, those of one step apart and the steps side by side, while the next ones are on their way. Groups of
//! its threads take different lanes, each the whole tile, and are added up in the end.

use std::fmt::Write;

use super::function::WARP;
use super::inst;
use super::lines::Mark;
use super::text::{PhiId, Text, Value};
use crate::kernel::Float;

/// Threads of a block.
pub(super) const THREADS: u32 = 256;

/// Blocks of threads that run side by side on each multiprocessor: one computes while the other waits.
pub(super) const SIDE_BY_SIDE: u32 = 2;

/// Lanes whose products are added up in one number.
pub(super) const BLOCK: u32 = 2048;

/// Numbers in shared memory: those of the small tile's stage, which are the most.
const SHARED: usize = 2 * 128 * (16 + PAD);

/// Numbers between the steps of two lanes that keep four adjacent ones aligned.
const PAD: usize = 4;

/// The sums that a block of threads makes.
#[derive(Clone, Copy)]
struct Tile {
    /// Steps of either sequence.
    side: usize,
    /// Those of the left that each thread takes.
    high: usize,
    /// Those of the right.
    wide: usize,
    /// Lanes that a group of threads takes from one stage.
    staged: usize,
}

/// What is taken where there are many steps, and where there are few, in more groups of threads.
const LARGE: Tile = Tile { side: 64, high: 8, wide: 4, staged: 16 };
const SMALL: Tile = Tile { side: 16, high: 4, wide: 4, staged: 8 };

impl Tile {
    /// Threads of a group along the left's steps and along the right's.
    fn threads(self) -> (usize, usize) {
        (self.side / self.high, self.side / self.wide)
    }

    fn groups(self) -> usize {
        let (down, across) = self.threads();
        THREADS as usize / (down * across)
    }

    /// Threads that add up the plain sum of one step.
    fn parts(self) -> usize {
        THREADS as usize / self.side
    }

    /// Lanes of a stage.
    fn lanes(self) -> usize {
        self.staged * self.groups()
    }

    /// Numbers from one lane of a stage to the next.
    fn pitch(self) -> usize {
        self.side + PAD
    }

    /// Steps of a stage that a thread loads, and how far they are apart.
    fn loads(self) -> (usize, usize) {
        let apart = THREADS as usize / self.lanes();
        (self.side / apart, apart)
    }
}

/// The function and its shared memory, as LLVM IR.
///
/// Blocks of threads are numbered in one dimension, `block of lanes * tiles + tile`, where there are
/// `ceil(T / 64) * ceil((K + 1) / 64)` tiles, those of one row side by side. A launch has as many for each of
/// the `ceil(N / 2048)` blocks of lanes.
pub(super) fn function() -> String {
    let mut text = Text::new(Mark::default());
    body(&mut text);
    let mut out = format!(
        "@outer.shared = internal addrspace(3) global [{SHARED} x float] undef, align 16\n"
    );
    let read = |name| format!("ptr addrspace(1) noalias readonly align 4 %{name}");
    _ = writeln!(
        out,
        "define ptx_kernel void @outer({}, {}, ptr addrspace(1) noalias align 4 %partial, i64 %T, i64 %N, \
         i64 %K, i64 %stride_left, i64 %stride_right) {{",
        read("left"),
        read("right")
    );
    out.push_str(&text.render());
    out.push_str("}\n\n");
    out
}

fn body(text: &mut Text) {
    let side = LARGE.side.trailing_zeros();
    text.effect("%tid.32 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()");
    text.effect("%tid = zext i32 %tid.32 to i64");
    text.effect("%block.32 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()");
    text.effect("%block = zext i32 %block.32 to i64");
    // The plain sums are made beside the first column of tiles, so that one for them alone has nothing to do.
    let last = text.value(format_args!("lshr i64 %K, {side}"));
    let columns = text.value(format_args!("add i64 {last}, 1"));
    let up = text.value(format_args!("add i64 %T, {}", LARGE.side - 1));
    let rows = text.value(format_args!("lshr i64 {up}, {side}"));
    let tiles = text.value(format_args!("mul i64 {rows}, {columns}"));
    text.effect(format_args!("%p = udiv i64 %block, {tiles}"));
    let tile = text.value(format_args!("urem i64 %block, {tiles}"));
    let row = text.value(format_args!("udiv i64 {tile}, {columns}"));
    let column = text.value(format_args!("urem i64 {tile}, {columns}"));
    text.effect(format_args!("%t0 = shl i64 {row}, {side}"));
    text.effect(format_args!("%k0 = shl i64 {column}, {side}"));
    text.effect(format_args!("%base = mul i64 %p, {BLOCK}"));
    text.effect("%is.first = icmp eq i64 %k0, 0");
    let has_products = text.value("icmp ult i64 %k0, %K");
    let works = text.value(format_args!("or i1 %is.first, {has_products}"));
    let (inside, small, large, done) = (text.block(), text.block(), text.block(), text.block());
    text.branch(&works, inside, done);
    text.enter(inside);
    let few_rows = text.value(format_args!("icmp ule i64 %T, {}", SMALL.side));
    let few_columns = text.value(format_args!("icmp ule i64 %K, {}", SMALL.side));
    let is_small = text.value(format_args!("and i1 {few_rows}, {few_columns}"));
    text.branch(&is_small, small, large);
    for (label, tile) in [(small, SMALL), (large, LARGE)] {
        text.enter(label);
        Outer::new(text, tile).emit();
        text.jump(done);
    }
    text.enter(done);
    text.effect("ret void");
}

/// What a thread loads of a sequence.
struct Side {
    /// The address of the first number.
    first: Value,
    /// Numbers from there to the next.
    apart: Value,
    /// Steps that are left from the first on; none or less where there are none.
    rows: Value,
}

/// The emission of one way.
struct Outer<'t> {
    text: &'t mut Text,
    tile: Tile,
    /// The thread's place in its group along the right's steps and along the left's, and the group.
    x: Value,
    y: Value,
    group: Value,
    /// The lane of a stage that the thread loads, and the first of the steps.
    lane: Value,
    row: Value,
}

/// What a thread has added up: its products, and its part of the plain sum of one step.
struct Totals {
    products: Vec<Value>,
    plain: Value,
}

impl<'t> Outer<'t> {
    fn new(text: &'t mut Text, tile: Tile) -> Self {
        let mut apart = |of: &Value, by: usize| {
            let rest = text.value(format_args!("urem i64 {of}, {by}"));
            (rest, text.value(format_args!("udiv i64 {of}, {by}")))
        };
        let tid = "%tid".into();
        let (down, across) = tile.threads();
        let (x, above) = apart(&tid, across);
        let (y, group) = apart(&above, down);
        // A warp loads some lanes of a few steps, so that it leaves them in different banks.
        let steps = tile.loads().1.min(4);
        let wide = WARP as usize / steps;
        let (near, above) = apart(&tid, wide);
        let (low, above) = apart(&above, steps);
        let (far, high) = apart(&above, tile.lanes() / wide);
        let mut both = |low: &Value, high: &Value, by: usize| {
            let high = text.value(format_args!("mul i64 {high}, {by}"));
            text.value(format_args!("add i64 {low}, {high}"))
        };
        let (lane, row) = (both(&near, &far, wide), both(&low, &high, steps));
        Self { text, tile, x, y, group, lane, row }
    }

    fn emit(mut self) {
        let totals = self.stages();
        self.text.effect("call void @llvm.nvvm.barrier0()");
        self.leave_plain(totals.plain);
        self.add_groups(&totals.products);
        self.store();
    }

    /// The address of a number in shared memory.
    fn shared(&mut self, index: &Value) -> Value {
        let from = "getelementptr float, ptr addrspace(3) @outer.shared";
        self.text.value(format_args!("{from}, i64 {index}"))
    }

    fn beside(&mut self, pointer: &Value, numbers: usize) -> Value {
        let from = format!("getelementptr float, ptr addrspace(3) {pointer}");
        self.text.value(format_args!("{from}, i64 {numbers}"))
    }

    /// `a * by + b`.
    fn index(&mut self, a: &Value, by: usize, b: &Value) -> Value {
        let product = self.text.value(format_args!("mul i64 {a}, {by}"));
        self.text.value(format_args!("add i64 {product}, {b}"))
    }

    /// Takes the block's lanes, those of a stage in each turn.
    fn stages(&mut self) -> Totals {
        let lanes = self.tile.lanes();
        let sides = [
            self.side("%left", "%stride_left", "%t0", "%T"),
            self.side("%right", "%stride_right", "%k0", "%K"),
        ];
        let lane = self.lane.clone();
        let own = self.left("%N", "%base", &lane, BLOCK as usize);
        let all = self.left("%N", "%base", &"0".into(), BLOCK as usize);
        let loaded = self.load(&"0".into(), &sides, &own);
        let text = &mut *self.text;
        let (head, behind) = (text.block(), text.block());
        let before = text.current();
        text.jump(head);
        text.enter(head);
        let (s, s_phi) = text.phi("i32", &[("0".into(), before)]);
        let mut phi = |first: &Value| text.phi("float", &[(first.clone(), before)]);
        let zero = inst::constant(0.0, Float::F32);
        let count = self.tile.high * self.tile.wide;
        let mut floats =
            |first: &[Value]| -> (Vec<Value>, Vec<PhiId>) { first.iter().map(&mut phi).unzip() };
        let (loaded, loaded_phis) = floats(&loaded);
        let (products, product_phis) = floats(&vec![zero.clone(); count]);
        let (plain, plain_phi) = phi(&zero);

        self.text.effect("call void @llvm.nvvm.barrier0()");
        self.stage(&loaded);
        self.text.effect("call void @llvm.nvvm.barrier0()");
        let next_s = self.text.value(format_args!("add i32 {s}, {lanes}"));
        let next_loaded = self.load(&next_s, &sides, &own);
        let totals = self.add_stage(Totals { products, plain });

        let more = self.text.value(format_args!("icmp slt i32 {next_s}, {all}"));
        let text = &mut *self.text;
        let latch = text.current();
        let phis = [s_phi].into_iter().chain(loaded_phis);
        let phis = phis.chain(product_phis).chain([plain_phi]);
        let values = [next_s].into_iter().chain(next_loaded);
        let values = values.chain(totals.products.clone()).chain([totals.plain.clone()]);
        phis.zip(values).for_each(|(phi, value)| text.add_incoming(phi, value, latch));
        text.branch(&more, head, behind);
        text.enter(behind);
        totals
    }

    /// What the thread loads of a sequence.
    fn side(&mut self, sequence: &str, stride: &str, step: &str, steps: &str) -> Side {
        let row = self.row.clone();
        let rows = self.left(steps, step, &row, self.tile.side);
        let text = &mut *self.text;
        let row = text.value(format_args!("add i64 {step}, {row}"));
        let before = text.value(format_args!("mul i64 {row}, {stride}"));
        let lane = text.value(format_args!("add i64 %base, {}", self.lane));
        let index = text.value(format_args!("add i64 {before}, {lane}"));
        let first = format!("getelementptr float, ptr addrspace(1) {sequence}, i64 {index}");
        let first = text.value(first);
        let apart = text.value(format_args!("mul i64 {stride}, {}", self.tile.loads().1));
        Side { first, apart, rows }
    }

    /// How many numbers are left behind one, of those that count.
    fn left(&mut self, all: &str, first: &str, own: &Value, most: usize) -> Value {
        let text = &mut *self.text;
        let rest = text.value(format_args!("sub i64 {all}, {first}"));
        let is_over = text.value(format_args!("icmp sgt i64 {rest}, {most}"));
        let rest = inst::select(text, "i64", &is_over, &most.to_string().into(), &rest);
        let rest = text.value(format_args!("sub i64 {rest}, {own}"));
        text.value(format_args!("trunc i64 {rest} to i32"))
    }

    /// Loads what the thread stages of both sequences from the lane `s` of the block on; 0 where there is nothing.
    fn load(&mut self, s: &Value, sides: &[Side; 2], lanes: &Value) -> Vec<Value> {
        let (n, apart) = self.tile.loads();
        let text = &mut *self.text;
        let is_lane = text.value(format_args!("icmp slt i32 {s}, {lanes}"));
        let s = text.value(format_args!("zext i32 {s} to i64"));
        let mut loaded = Vec::new();
        for side in sides {
            let from = format!("getelementptr float, ptr addrspace(1) {}, i64 {s}", side.first);
            let mut from = text.value(from);
            for i in 0..n {
                let is_row = text.value(format_args!("icmp slt i32 {}, {}", i * apart, side.rows));
                let is_there = text.value(format_args!("and i1 {is_lane}, {is_row}"));
                loaded.push(load_where(text, &is_there, &from));
                let next = "getelementptr float, ptr addrspace(1)";
                from = text.value(format_args!("{next} {from}, i64 {}", side.apart));
            }
        }
        loaded
    }

    /// Leaves what was loaded in shared memory: all of the left, behind it all of the right.
    fn stage(&mut self, loaded: &[Value]) {
        let (pitch, lanes) = (self.tile.pitch(), self.tile.lanes());
        let (n, apart) = self.tile.loads();
        let index = self.index(&self.lane.clone(), pitch, &self.row.clone());
        let to = self.shared(&index);
        for (i, value) in loaded.iter().enumerate() {
            let to = self.beside(&to, i / n * lanes * pitch + i % n * apart);
            self.text.effect(format_args!("store float {value}, ptr addrspace(3) {to}, align 4"));
        }
    }

    /// Adds the products of the lanes that the thread's group takes of a stage. Of the plain sum of
    /// a step, some threads side by side add other lanes each.
    fn add_stage(&mut self, mut totals: Totals) -> Totals {
        let Tile { high, wide, staged, .. } = self.tile;
        let (pitch, groups) = (self.tile.pitch(), self.tile.groups());
        let (x, y, group) = (self.x.clone(), self.y.clone(), self.group.clone());
        let lane = self.text.value(format_args!("mul i64 {group}, {pitch}"));
        let (left, right) = (self.index(&y, high, &lane), self.index(&x, wide, &lane));
        let (left, right) = (self.shared(&left), self.shared(&right));
        let right = self.beside(&right, self.tile.lanes() * pitch);
        for j in 0..staged {
            let [a, b] = [(&left, high), (&right, wide)].map(|(from, n)| {
                let from = self.beside(from, j * groups * pitch);
                self.adjacent(&from, n)
            });
            for (i, total) in totals.products.iter_mut().enumerate() {
                let (a, b) = (&a[i / wide], &b[i % wide]);
                let operands = format!("float {a}, float {b}, float {total}");
                *total = self.text.value(format_args!("call float @llvm.fma.f32({operands})"));
            }
        }
        let (row, part) = self.of_plain();
        let index = self.index(&part, pitch, &row);
        let from = self.shared(&index);
        for j in 0..self.tile.lanes() / self.tile.parts() {
            let from = self.beside(&from, j * self.tile.parts() * pitch);
            let value =
                self.text.value(format_args!("load float, ptr addrspace(3) {from}, align 4"));
            totals.plain = self.text.value(format_args!("fadd float {}, {value}", totals.plain));
        }
        totals
    }

    /// Loads the steps that the thread takes of a lane.
    fn adjacent(&mut self, from: &Value, n: usize) -> Vec<Value> {
        let mut values = Vec::new();
        for first in (0..n).step_by(4) {
            let from = self.beside(from, first);
            let four = "load <4 x float>, ptr addrspace(3)";
            let four = self.text.value(format_args!("{four} {from}, align 16"));
            for i in 0..4 {
                let one = format!("extractelement <4 x float> {four}, i32 {i}");
                values.push(self.text.value(one));
            }
        }
        values
    }

    /// The step whose plain sum the thread adds to, and its number among those that do.
    fn of_plain(&mut self) -> (Value, Value) {
        let parts = self.tile.parts();
        let row = self.text.value(format_args!("udiv i64 %tid, {parts}"));
        (row, self.text.value(format_args!("urem i64 %tid, {parts}")))
    }

    /// Adds up the parts of each plain sum, and leaves it behind the products of its step.
    fn leave_plain(&mut self, mut sum: Value) {
        let (row, part) = self.of_plain();
        let side = self.tile.side;
        let index = self.index(&row, side + 1, &side.to_string().into());
        let to = self.shared(&index);
        let text = &mut *self.text;
        let distances = std::iter::successors(Some(self.tile.parts() / 2), |d| Some(d / 2));
        for distance in distances.take_while(|distance| *distance > 0) {
            let bits = text.value(format_args!("bitcast float {sum} to i32"));
            let exchange = "call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1";
            let bits = text.value(format_args!("{exchange}, i32 {bits}, i32 {distance}, i32 31)"));
            let other = text.value(format_args!("bitcast i32 {bits} to float"));
            sum = text.value(format_args!("fadd float {sum}, {other}"));
        }
        let leads = text.value(format_args!("icmp eq i64 {part}, 0"));
        text.only_where(Some(&leads), |text| {
            text.effect(format_args!("store float {sum}, ptr addrspace(3) {to}, align 4"));
        });
    }

    /// Adds up the groups in shared memory, one after the other.
    fn add_groups(&mut self, products: &[Value]) {
        let Tile { side, high, wide, .. } = self.tile;
        let (y, x) = (self.y.clone(), self.x.clone());
        let column = self.text.value(format_args!("mul i64 {x}, {wide}"));
        let index = self.index(&y, high * (side + 1), &column);
        let at = self.shared(&index);
        let text = &mut *self.text;
        let (head, behind) = (text.block(), text.block());
        let before = text.current();
        text.jump(head);
        text.enter(head);
        let (turn, phi) = text.phi("i64", &[("0".into(), before)]);
        text.effect("call void @llvm.nvvm.barrier0()");
        let is_first = text.value(format_args!("icmp eq i64 {turn}, 0"));
        let is_own = text.value(format_args!("icmp eq i64 {turn}, {}", self.group));
        text.only_where(Some(&is_own), |text| {
            for (i, total) in products.iter().enumerate() {
                add_to(text, &at, i / wide * (side + 1) + i % wide, total, &is_first);
            }
        });
        let next = text.value(format_args!("add i64 {turn}, 1"));
        text.add_incoming(phi, next.clone(), text.current());
        let more = text.value(format_args!("icmp ult i64 {next}, {}", self.tile.groups()));
        text.branch(&more, head, behind);
        text.enter(behind);
        text.effect("call void @llvm.nvvm.barrier0()");
    }

    /// Stores the sums of the tile that are there.
    fn store(&mut self) {
        let side = self.tile.side;
        let text = &mut *self.text;
        let (head, behind) = (text.block(), text.block());
        let before = text.current();
        text.jump(head);
        text.enter(head);
        let (i, phi) = text.phi("i64", &[("%tid".into(), before)]);
        let row = text.value(format_args!("udiv i64 {i}, {}", side + 1));
        let column = text.value(format_args!("urem i64 {i}, {}", side + 1));
        let t = text.value(format_args!("add i64 %t0, {row}"));
        let k = text.value(format_args!("add i64 %k0, {column}"));
        let is_plain = text.value(format_args!("icmp eq i64 {column}, {side}"));
        let is_product = text.value(format_args!("icmp ult i64 {k}, %K"));
        let is_column = inst::select(text, "i1", &is_plain, &"%is.first".into(), &is_product);
        let k = inst::select(text, "i64", &is_plain, &"%K".into(), &k);
        let is_row = text.value(format_args!("icmp ult i64 {t}, %T"));
        let is_there = text.value(format_args!("and i1 {is_row}, {is_column}"));
        text.only_where(Some(&is_there), |text| {
            let from = "getelementptr float, ptr addrspace(3) @outer.shared";
            let from = text.value(format_args!("{from}, i64 {i}"));
            let sum = text.value(format_args!("load float, ptr addrspace(3) {from}, align 4"));
            let before = text.value("mul i64 %p, %T");
            let row = text.value(format_args!("add i64 {before}, {t}"));
            let columns = text.value("add i64 %K, 1");
            let start = text.value(format_args!("mul i64 {row}, {columns}"));
            let index = text.value(format_args!("add i64 {start}, {k}"));
            let to = format!("getelementptr float, ptr addrspace(1) %partial, i64 {index}");
            let to = text.value(to);
            text.effect(format_args!("store float {sum}, ptr addrspace(1) {to}, align 4"));
        });
        let next = text.value(format_args!("add i64 {i}, {THREADS}"));
        text.add_incoming(phi, next.clone(), text.current());
        let more = text.value(format_args!("icmp ult i64 {next}, {}", side * (side + 1)));
        text.branch(&more, head, behind);
        text.enter(behind);
    }
}

/// Loads a number where there is one, else 0. LLVM would move its own loads to where the next turn begins.
fn load_where(text: &mut Text, is_there: &Value, from: &Value) -> Value {
    let is_there = text.value(format_args!("zext i1 {is_there} to i32"));
    let address = text.value(format_args!("ptrtoint ptr addrspace(1) {from} to i64"));
    let load =
        "{ .reg .pred p; setp.ne.b32 p, $2, 0; mov.b32 $0, 0; @p ld.global.nc.f32 $0, [$1]; }";
    let load = format!("call float asm \"{load}\", \"=f,l,r\"");
    text.value(format_args!("{load}(i64 {address}, i32 {is_there})"))
}

/// Adds to a number in shared memory, which the first to come sets.
fn add_to(text: &mut Text, from: &Value, at: usize, value: &Value, is_first: &Value) {
    let to = text.value(format_args!("getelementptr float, ptr addrspace(3) {from}, i64 {at}"));
    let before = text.value(format_args!("load float, ptr addrspace(3) {to}, align 4"));
    let sum = text.value(format_args!("fadd float {before}, {value}"));
    let sum = inst::select(text, "float", is_first, value, &sum);
    text.effect(format_args!("store float {sum}, ptr addrspace(3) {to}, align 4"));
}
