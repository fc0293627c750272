//! Products of a matrix with the columns of a thread's lanes: a sum for each step of the chunk and each lane
//! in registers, and a loop at run time over the steps of the column.
//!
//! The entries of the matrix are the same for all threads, so that they come out of the nearest cache. Where
//! its rows are aligned, four of them are one access. In a short chunk the entries of steps that are not
//! there are those of its first step: what comes of them is never stored.

use super::emitter::{Chunk, Emitter, Lanes};
use super::inst;
use super::memory::{alignment, element, offset, size, widen};
use super::stream::{self, Cache};
use super::text::{Text, Value};
use crate::error::Bug;
use crate::kernel::{Float, Product, Storage};

/// Steps of the column that are taken in one turn, and entries of one access.
const SIDE_BY_SIDE: usize = 4;

/// Some steps of a column.
struct Stretch {
    /// The first, and the one behind the last.
    range: (Value, Value),
    /// How many are taken in one turn.
    each: usize,
    /// Whether four entries of the matrix are one access.
    has_quads: bool,
}

impl Emitter<'_> {
    /// Emits a product for the steps of a chunk.
    pub(super) fn product(&mut self, product: &Product, chunk: &Chunk) -> Result<(), Bug> {
        self.on_line_of(product.value);
        let zero = inst::constant(0.0, self.kernel.compute);
        let zeros = vec![vec![zero; self.place.width]; chunk.unrolled as usize];
        let sums = match self.has_quads(product) {
            Some(has_quads) => self.in_either_way(product, chunk, &zeros, &has_quads)?,
            None => self.one_by_one(product, chunk, &zeros)?,
        };
        for (step, lanes) in (0..).zip(sums) {
            self.kept.insert((product.value, step), lanes);
        }
        Ok(())
    }

    /// Whether accesses of four entries are aligned; none where they never are, and where a thread takes its
    /// lanes one after the other, which seldom happens.
    fn has_quads(&mut self, product: &Product) -> Option<Value> {
        let kernel = self.kernel;
        let is_narrow = self.place.width < kernel.schedule.lanes as usize;
        let begins_aligned = kernel.schedule.chunk.is_multiple_of(SIDE_BY_SIDE as u32);
        let is_single = kernel.buffer(product.matrix).storage == Storage::F32;
        if is_narrow || !is_single || product.transposed && !begins_aligned {
            return None;
        }
        let base = &self.pointers[product.matrix.0 as usize].base;
        let text = &mut self.text;
        let address = text.value(format_args!("ptrtoint ptr addrspace(1) {base} to i64"));
        let bytes = text.value("shl i64 %T, 2");
        let both = text.value(format_args!("or i64 {address}, {bytes}"));
        let off = text.value(format_args!("and i64 {both}, {}", 4 * SIDE_BY_SIDE - 1));
        Some(text.value(format_args!("icmp eq i64 {off}, 0")))
    }

    fn in_either_way(
        &mut self,
        product: &Product,
        chunk: &Chunk,
        zeros: &[Lanes],
        has_quads: &Value,
    ) -> Result<Vec<Lanes>, Bug> {
        let text = &mut self.text;
        let (quads, single, behind) = (text.block(), text.block(), text.block());
        text.branch(has_quads, quads, single);
        text.enter(quads);
        let all = Stretch { range: ("0".into(), "%T".into()), each: SIDE_BY_SIDE, has_quads: true };
        let of_quads = self.stretch(product, chunk, zeros, &all)?;
        let from_quads = self.text.current();
        self.text.jump(behind);
        self.text.enter(single);
        let of_single = self.one_by_one(product, chunk, zeros)?;
        let from_single = self.text.current();
        self.text.jump(behind);
        self.text.enter(behind);
        let real = inst::real(self.kernel.compute);
        let both = of_quads.iter().zip(&of_single);
        Ok(both.map(|(a, b)| self.merge(real, a, from_quads, b, from_single)).collect())
    }

    /// The sums from entries that are loaded one by one: those of a few steps in one turn, then the rest.
    fn one_by_one(
        &mut self,
        product: &Product,
        chunk: &Chunk,
        zeros: &[Lanes],
    ) -> Result<Vec<Lanes>, Bug> {
        let whole = self.text.value(format_args!("and i64 %T, -{SIDE_BY_SIDE}"));
        let stretch = |range, each| Stretch { range, each, has_quads: false };
        let turns = stretch(("0".into(), whole.clone()), SIDE_BY_SIDE);
        let sums = self.stretch(product, chunk, zeros, &turns)?;
        self.stretch(product, chunk, &sums, &stretch((whole, "%T".into()), 1))
    }

    /// Adds the products with some steps of the column to sums. Each turn loads what the next one takes.
    fn stretch(
        &mut self,
        product: &Product,
        chunk: &Chunk,
        sums: &[Lanes],
        stretch: &Stretch,
    ) -> Result<Vec<Lanes>, Bug> {
        let (first, end) = &stretch.range;
        let real = inst::real(self.kernel.compute);
        let from = self.column(product, first)?;
        let text = &mut self.text;
        let (inside, head, behind) = (text.block(), text.block(), text.block());
        let any = text.value(format_args!("icmp ult i64 {first}, {end}"));
        let before = text.current();
        text.branch(&any, inside, behind);
        text.enter(inside);
        let loaded = self.numbers(product, &from, stretch.each);
        let text = &mut self.text;
        text.jump(head);
        text.enter(head);
        let (k, k_phi) = text.phi("i64", &[(first.clone(), inside)]);
        let (at, at_phi) = text.phi("ptr addrspace(1)", &[(from, inside)]);
        let mut phis = |rows: &[Lanes], ty| -> Vec<Vec<_>> {
            let row = |row: &Lanes| {
                row.iter().map(|value| text.phi(ty, &[(value.clone(), inside)])).collect()
            };
            rows.iter().map(row).collect()
        };
        let (numbers, totals) = (phis(&loaded, "float"), phis(sums, real));
        let values = |phis: &[Vec<(Value, _)>]| -> Vec<Lanes> {
            phis.iter().map(|row| row.iter().map(|(value, _)| value.clone()).collect()).collect()
        };

        let next_k = text.value(format_args!("add i64 {k}, {}", stretch.each));
        let more = text.value(format_args!("icmp ult i64 {next_k}, {end}"));
        let next_at = self.next_turn(product, &at, stretch.each, &more);
        let next_numbers = self.numbers(product, &next_at, stretch.each);
        let mut next = values(&totals);
        self.add_turn(product, chunk, stretch, &k, &values(&numbers), &mut next);

        let text = &mut self.text;
        let latch = text.current();
        text.add_incoming(k_phi, next_k, latch);
        text.add_incoming(at_phi, next_at, latch);
        let carried = numbers.iter().zip(&next_numbers).chain(totals.iter().zip(&next));
        for ((_, phi), value) in carried.flat_map(|(phis, values)| phis.iter().zip(values)) {
            text.add_incoming(*phi, value.clone(), latch);
        }
        text.branch(&more, head, behind);
        text.enter(behind);
        let both = sums.iter().zip(&next);
        Ok(both.map(|(a, b)| self.merge(real, a, before, b, latch)).collect())
    }

    /// The address of the thread's lanes at a step of the column.
    fn column(&mut self, product: &Product, step: &Value) -> Result<Value, Bug> {
        let column = product.column;
        let base = self.pointers[column.0 as usize].base.clone();
        let (start, stride) = (self.in_row(column, &base)?, self.stride(product));
        let rows = self.text.value(format_args!("mul i64 {step}, {stride}"));
        Ok(offset(&mut self.text, &start, &rows))
    }

    /// From one step of the column to the next.
    fn stride(&self, product: &Product) -> Value {
        let stride = self.pointers[product.column.0 as usize].stride.clone();
        stride.unwrap_or_else(|| "0".into())
    }

    /// The address of the column behind those of one turn; the same one behind the last.
    fn next_turn(&mut self, product: &Product, at: &Value, each: usize, more: &Value) -> Value {
        let stride = self.stride(product);
        let text = &mut self.text;
        let by = text.value(format_args!("mul i64 {stride}, {each}"));
        let by = inst::select(text, "i64", more, &by, &"0".into());
        offset(text, at, &by)
    }

    /// Loads the lanes of a few steps of the column. LLVM would move its own loads to where the next turn begins.
    fn numbers(&mut self, product: &Product, from: &Value, each: usize) -> Vec<Lanes> {
        let stride = self.stride(product);
        let (text, width) = (&mut self.text, self.place.width);
        let mut row = from.clone();
        let load = |text: &mut Text, row: &Value| {
            stream::load(text, Storage::F32, row, width, Cache::Stay, None)
        };
        let mut numbers = vec![load(text, &row)];
        for _ in 1..each {
            row = offset(text, &row, &stride);
            numbers.push(load(text, &row));
        }
        numbers
    }

    /// Adds what one turn takes to the sums.
    fn add_turn(
        &mut self,
        product: &Product,
        chunk: &Chunk,
        stretch: &Stretch,
        k: &Value,
        numbers: &[Lanes],
        sums: &mut [Lanes],
    ) {
        let (n, steps) = (numbers.len(), sums.len());
        let starts = self.lines(product, chunk, k, if product.transposed { n } else { steps });
        let (along, width) = match (product.transposed, stretch.has_quads) {
            (true, true) => (steps, SIDE_BY_SIDE),
            (true, false) => (steps, 1),
            (false, true) => (n, SIDE_BY_SIDE),
            (false, false) => (n, 1),
        };
        for (line, start) in starts.iter().enumerate() {
            for first in (0..along).step_by(width) {
                let from = self.along(product, chunk, start, first);
                for (i, entry) in self.entries(product, &from, width).iter().enumerate() {
                    let (k, step) = match product.transposed {
                        true => (line, first + i),
                        false => (first + i, line),
                    };
                    // The last access of a short chunk may have an entry too many.
                    if let Some(sums) = sums.get_mut(step) {
                        self.add_entry(product, entry, &numbers[k], sums);
                    }
                }
            }
        }
    }

    /// Where the entries of a turn begin in so many rows of the matrix: in those of the chunk's steps, or, where it is
    /// transposed, of the column's.
    fn lines(&mut self, product: &Product, chunk: &Chunk, k: &Value, n: usize) -> Vec<Value> {
        let bytes = size(self.kernel.buffer(product.matrix).storage);
        let base = self.pointers[product.matrix.0 as usize].base.clone();
        let text = &mut self.text;
        let (row, column) = if product.transposed { (k, &chunk.first) } else { (&chunk.first, k) };
        let before = text.value(format_args!("mul i64 {row}, %T"));
        let index = text.value(format_args!("add i64 {before}, {column}"));
        let at = text.value(format_args!("mul i64 {index}, {bytes}"));
        let length = text.value(format_args!("mul i64 %T, {bytes}"));
        let mut lines = vec![offset(text, &base, &at)];
        for i in 1..n {
            let by = match &chunk.active {
                Some(active) if !product.transposed => {
                    inst::select(text, "i64", &active[i], &length, &"0".into())
                }
                _ => length.clone(),
            };
            lines.push(offset(text, &lines[i - 1], &by));
        }
        lines
    }

    /// The address of an entry in a row.
    fn along(&mut self, product: &Product, chunk: &Chunk, start: &Value, index: usize) -> Value {
        let bytes = size(self.kernel.buffer(product.matrix).storage);
        let mut at: Value = (bytes * index).to_string().into();
        if let (Some(active), true) = (&chunk.active, product.transposed) {
            at = inst::select(&mut self.text, "i64", &active[index], &at, &"0".into());
        }
        offset(&mut self.text, start, &at)
    }

    /// Loads adjacent entries.
    fn entries(&mut self, product: &Product, from: &Value, n: usize) -> Lanes {
        let storage = self.kernel.buffer(product.matrix).storage;
        let loaded = load(&mut self.text, storage, from, n);
        self.widened_each(storage, &loaded)
    }

    /// Adds the products of an entry with the lanes of a step of the column.
    fn add_entry(&mut self, product: &Product, entry: &Value, numbers: &Lanes, sums: &mut Lanes) {
        let compute = self.kernel.compute;
        let real = inst::real(compute);
        let text = &mut self.text;
        for (sum, number) in sums.iter_mut().zip(numbers) {
            let number = widen(text, Storage::F32, compute, number);
            *sum = if product.fused {
                let fma = if compute == Float::F32 { "@llvm.fma.f32" } else { "@llvm.fma.f64" };
                let operands = format!("{real} {entry}, {real} {number}, {real} {sum}");
                text.value(format_args!("call {real} {fma}({operands})"))
            } else {
                let term = text.value(format_args!("fmul {real} {entry}, {number}"));
                text.value(format_args!("fadd {real} {sum}, {term}"))
            };
        }
    }
}

/// Loads adjacent entries that all threads read.
fn load(text: &mut Text, storage: Storage, from: &Value, n: usize) -> Lanes {
    let (ty, align) = (element(storage), alignment(storage, n));
    let load =
        |ty: &str| format!("load {ty}, ptr addrspace(1) {from}, align {align}, !invariant.load !0");
    if n == 1 {
        return vec![text.value(load(ty))];
    }
    let vector = format!("<{n} x {ty}>");
    let all = text.value(load(&vector));
    let one = |i| text.value(format_args!("extractelement {vector} {all}, i32 {i}"));
    (0..n).map(one).collect()
}
