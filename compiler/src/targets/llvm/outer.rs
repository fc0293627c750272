//! The entry `outer`: products of two sequences, added up over the lanes of a block.
//!
//! It is a product of matrices whose inner dimension, the lanes, is huge and whose outer ones are a few steps.
//! A block of threads takes the lanes of one block and a tile of the sums. It stages some lanes in shared
//! memory, those of one step apart and the steps side by side, while the next ones are on their way. Groups of
//! its threads take different lanes, each the whole tile, and are added up in the end.

use std::fmt::Write;

use super::inst;
use super::lines::Mark;
use super::text::{PhiId, Text, Value};

/// Threads of a block.
pub(super) const THREADS: u32 = 256;

/// Lanes whose products are added up in one number.
pub(super) const BLOCK: u32 = 2048;

/// Lanes that a group of threads takes from one stage.
const STAGED: usize = 8;

/// Numbers in shared memory: those of the small tile's stage, which are the most.
const SHARED: usize = 2 * 128 * (16 + PAD);

/// Numbers between the steps of two lanes that keep four adjacent ones aligned.
const PAD: usize = 4;

/// The sums that a block of threads makes.
#[derive(Clone, Copy)]
struct Tile {
    /// Steps of either sequence.
    side: usize,
    /// Those that each thread takes.
    each: usize,
}

/// What is taken where there are many steps, and where there are few, in more groups of threads.
const LARGE: Tile = Tile { side: 64, each: 8 };
const SMALL: Tile = Tile { side: 16, each: 4 };

impl Tile {
    /// Threads of a group along either side.
    fn across(self) -> usize {
        self.side / self.each
    }

    fn groups(self) -> usize {
        THREADS as usize / (self.across() * self.across())
    }

    /// Lanes of a stage.
    fn lanes(self) -> usize {
        STAGED * self.groups()
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
/// Blocks of threads are numbered in one dimension: `block of lanes * tiles + tile`, where there are
/// `ceil(T / 64) * ceil((K + 1) / 64)` tiles, those of one row of tiles side by side. A launch has as many for each of the
/// `ceil(N / 2048)` blocks of lanes.
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

/// The products and plain sums of a thread.
#[derive(Clone)]
struct Totals {
    products: Vec<Value>,
    plain: Vec<Value>,
}

impl<'t> Outer<'t> {
    fn new(text: &'t mut Text, tile: Tile) -> Self {
        let mut apart = |of: &str, by: usize| {
            let rest = text.value(format_args!("urem i64 {of}, {by}"));
            (rest, text.value(format_args!("udiv i64 {of}, {by}")))
        };
        let (x, above) = apart("%tid", tile.across());
        let (y, group) = apart(&above, tile.across());
        let (lane, row) = apart("%tid", tile.lanes());
        Self { text, tile, x, y, group, lane, row }
    }

    fn emit(mut self) {
        let totals = self.stages();
        let totals = self.plain_of_all(totals);
        self.add_groups(&totals);
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
        let left = self.first("%left", "%stride_left", "%t0");
        let right = self.first("%right", "%stride_right", "%k0");
        let loaded = self.load(&"0".into(), &left, &right);
        let rest = self.text.value("sub i64 %N, %base");
        let is_last = self.text.value(format_args!("icmp ult i64 {rest}, {BLOCK}"));
        let end = inst::select(self.text, "i64", &is_last, &rest, &BLOCK.to_string().into());
        let text = &mut *self.text;
        let (head, behind) = (text.block(), text.block());
        let before = text.current();
        text.jump(head);
        text.enter(head);
        let (s, s_phi) = text.phi("i64", &[("0".into(), before)]);
        let mut phi = |ty, first: &Value| text.phi(ty, &[(first.clone(), before)]);
        let (left, left_phi) = phi("ptr addrspace(1)", &left);
        let (right, right_phi) = phi("ptr addrspace(1)", &right);
        let mut floats = |first: &[Value]| -> (Vec<Value>, Vec<PhiId>) {
            first.iter().map(|value| phi("float", value)).unzip()
        };
        let zero = inst::constant(0.0, crate::kernel::Float::F32);
        let each = self.tile.each;
        let (loaded, loaded_phis) = floats(&loaded);
        let (products, product_phis) = floats(&vec![zero.clone(); each * each]);
        let (plain, plain_phis) = floats(&vec![zero; each]);

        self.text.effect("call void @llvm.nvvm.barrier0()");
        self.stage(&loaded);
        self.text.effect("call void @llvm.nvvm.barrier0()");
        let next_s = self.text.value(format_args!("add i64 {s}, {lanes}"));
        let next = |text: &mut Text, pointer: &Value| {
            let next = format!("getelementptr float, ptr addrspace(1) {pointer}, i64 {lanes}");
            text.value(next)
        };
        let (next_left, next_right) = (next(self.text, &left), next(self.text, &right));
        let next_loaded = self.load(&next_s, &next_left, &next_right);
        let totals = self.add_stage(Totals { products, plain });

        let more = self.text.value(format_args!("icmp ult i64 {next_s}, {end}"));
        let text = &mut *self.text;
        let latch = text.current();
        let phis = [s_phi, left_phi, right_phi].into_iter().chain(loaded_phis);
        let phis = phis.chain(product_phis).chain(plain_phis);
        let values = [next_s, next_left, next_right].into_iter().chain(next_loaded);
        let values = values.chain(totals.products.clone()).chain(totals.plain.clone());
        phis.zip(values).for_each(|(phi, value)| text.add_incoming(phi, value, latch));
        text.branch(&more, head, behind);
        text.enter(behind);
        totals
    }

    /// The address of the first number that the thread loads of a sequence.
    fn first(&mut self, sequence: &str, stride: &str, step: &str) -> Value {
        let text = &mut *self.text;
        let row = text.value(format_args!("add i64 {step}, {}", self.row));
        let before = text.value(format_args!("mul i64 {row}, {stride}"));
        let lane = text.value(format_args!("add i64 %base, {}", self.lane));
        let index = text.value(format_args!("add i64 {before}, {lane}"));
        text.value(format_args!("getelementptr float, ptr addrspace(1) {sequence}, i64 {index}"))
    }

    /// Loads what the thread stages of both sequences from the lane `s` of the block on; 0 where there is nothing.
    fn load(&mut self, s: &Value, left: &Value, right: &Value) -> Vec<Value> {
        let (n, apart) = self.tile.loads();
        let text = &mut *self.text;
        let lane = text.value(format_args!("add i64 {s}, {}", self.lane));
        let lane = text.value(format_args!("add i64 {lane}, %base"));
        let in_block = text.value(format_args!("icmp ult i64 {s}, {BLOCK}"));
        let is_lane = text.value(format_args!("icmp ult i64 {lane}, %N"));
        let is_lane = text.value(format_args!("and i1 {in_block}, {is_lane}"));
        let mut loaded = Vec::new();
        for (first, stride, step, end) in
            [(left, "%stride_left", "%t0", "%T"), (right, "%stride_right", "%k0", "%K")]
        {
            let by = text.value(format_args!("mul i64 {stride}, {apart}"));
            let row = text.value(format_args!("add i64 {step}, {}", self.row));
            let mut from = first.clone();
            for i in 0..n {
                let row = text.value(format_args!("add i64 {row}, {}", i * apart));
                let is_row = text.value(format_args!("icmp ult i64 {row}, {end}"));
                let is_there = text.value(format_args!("and i1 {is_lane}, {is_row}"));
                let absent = "@absent".into();
                let there = inst::select(text, "ptr addrspace(1)", &is_there, &from, &absent);
                let load = "load float, ptr addrspace(1)";
                loaded
                    .push(text.value(format_args!("{load} {there}, align 4, !invariant.load !0")));
                let next = format!("getelementptr float, ptr addrspace(1) {from}, i64 {by}");
                from = text.value(next);
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

    /// Adds the products of the lanes that the thread's group takes of a stage. Of the plain sums, each thread of a row
    /// adds other lanes.
    fn add_stage(&mut self, mut totals: Totals) -> Totals {
        let Tile { each, .. } = self.tile;
        let (pitch, groups, across) = (self.tile.pitch(), self.tile.groups(), self.tile.across());
        let (x, y, group) = (self.x.clone(), self.y.clone(), self.group.clone());
        let lane = self.text.value(format_args!("mul i64 {group}, {pitch}"));
        let (left, right) = (self.index(&y, each, &lane), self.index(&x, each, &lane));
        let (left, right) = (self.shared(&left), self.shared(&right));
        let right = self.beside(&right, self.tile.lanes() * pitch);
        for j in 0..STAGED {
            let [a, b] = [&left, &right].map(|from| {
                let from = self.beside(from, j * groups * pitch);
                self.adjacent(&from)
            });
            for (i, total) in totals.products.iter_mut().enumerate() {
                let (a, b) = (&a[i / each], &b[i % each]);
                let operands = format!("float {a}, float {b}, float {total}");
                *total = self.text.value(format_args!("call float @llvm.fma.f32({operands})"));
            }
        }
        let apart = groups * pitch;
        let own = self.text.value(format_args!("mul i64 {x}, {apart}"));
        let own = format!("getelementptr float, ptr addrspace(3) {left}, i64 {own}");
        let own = self.text.value(own);
        for j in (0..STAGED).step_by(across) {
            let from = self.beside(&own, j * apart);
            for (total, value) in totals.plain.iter_mut().zip(self.adjacent(&from)) {
                *total = self.text.value(format_args!("fadd float {total}, {value}"));
            }
        }
        totals
    }

    /// Loads the steps that the thread takes of a lane.
    fn adjacent(&mut self, from: &Value) -> Vec<Value> {
        let mut values = Vec::new();
        for first in (0..self.tile.each).step_by(4) {
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

    /// Adds up the plain sums of the threads of a row.
    fn plain_of_all(&mut self, totals: Totals) -> Totals {
        let distances = std::iter::successors(Some(self.tile.across() / 2), |d| Some(d / 2));
        let distances: Vec<usize> = distances.take_while(|distance| *distance > 0).collect();
        let text = &mut *self.text;
        let mut of_all = |mut sum: Value| {
            for distance in &distances {
                let bits = text.value(format_args!("bitcast float {sum} to i32"));
                let exchange = "call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1";
                let bits =
                    text.value(format_args!("{exchange}, i32 {bits}, i32 {distance}, i32 31)"));
                let other = text.value(format_args!("bitcast i32 {bits} to float"));
                sum = text.value(format_args!("fadd float {sum}, {other}"));
            }
            sum
        };
        Totals { plain: totals.plain.into_iter().map(&mut of_all).collect(), ..totals }
    }

    /// Adds up the groups in shared memory, one after the other: the products of a row, and its plain sum.
    fn add_groups(&mut self, totals: &Totals) {
        let Tile { side, each } = self.tile;
        let (y, x) = (self.y.clone(), self.x.clone());
        let column = self.text.value(format_args!("mul i64 {x}, {each}"));
        let index = self.index(&y, each * (side + 1), &column);
        let at = self.shared(&index);
        let index = self.index(&y, each * (side + 1), &side.to_string().into());
        let plain_at = self.shared(&index);
        let text = &mut *self.text;
        let (head, behind) = (text.block(), text.block());
        let before = text.current();
        text.jump(head);
        text.enter(head);
        let (turn, phi) = text.phi("i64", &[("0".into(), before)]);
        text.effect("call void @llvm.nvvm.barrier0()");
        let is_first = text.value(format_args!("icmp eq i64 {turn}, 0"));
        let is_own = text.value(format_args!("icmp eq i64 {turn}, {}", self.group));
        let leads = text.value(format_args!("icmp eq i64 {x}, 0"));
        text.only_where(Some(&is_own), |text| {
            for (i, total) in totals.products.iter().enumerate() {
                add_to(text, &at, i / each * (side + 1) + i % each, total, &is_first);
            }
            text.only_where(Some(&leads), |text| {
                for (i, total) in totals.plain.iter().enumerate() {
                    add_to(text, &plain_at, i * (side + 1), total, &is_first);
                }
            });
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

/// Adds to a number in shared memory, which the first to come sets.
fn add_to(text: &mut Text, from: &Value, at: usize, value: &Value, is_first: &Value) {
    let to = text.value(format_args!("getelementptr float, ptr addrspace(3) {from}, i64 {at}"));
    let before = text.value(format_args!("load float, ptr addrspace(3) {to}, align 4"));
    let sum = text.value(format_args!("fadd float {before}, {value}"));
    let sum = inst::select(text, "float", is_first, value, &sum);
    text.effect(format_args!("store float {sum}, ptr addrspace(3) {to}, align 4"));
}
