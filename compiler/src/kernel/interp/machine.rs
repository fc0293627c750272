//! Runs the statements of a verified kernel over one group of adjacent lanes after the other.

use std::ops::Range;

use super::Launch;
use super::draw::draw;
use super::memory::{Arg, Index};
use super::real::{self, Real};
use crate::kernel::{
    Binary, BufferId, Compare, Counter, Kernel, Loop, LoopKind, Op, Order, Product, Shape, Stmt,
    Type, Unary, ValueId, WORD,
};

/// Lanes that are evaluated side by side: few enough for the values to stay in a near cache, enough
/// for the dispatch on the operation not to count.
const SIDE_BY_SIDE: usize = 256;

/// Runs a kernel over arguments that were checked.
pub(super) fn run<R: Real>(kernel: &Kernel, launch: &Launch, args: &mut [Arg<'_>]) {
    let block = kernel.schedule.block as usize;
    let mut machine = Machine::<R>::new(kernel, launch, args);
    for segment in 0..machine.n_segments {
        machine.segment = segment;
        for block_start in (0..launch.lanes).step_by(block) {
            let block_end = launch.lanes.min(block_start + block);
            machine.sums.iter_mut().for_each(|sums| sums.fill(R::default()));
            for first in (block_start..block_end).step_by(SIDE_BY_SIDE) {
                machine.first = first;
                machine.width = SIDE_BY_SIDE.min(block_end - first);
                machine.body(&kernel.body);
            }
            machine.store_sums(block_start / block);
        }
    }
}

/// The values of one type that lie side by side: for each value a row of lanes, empty where the value
/// has another type.
type Rows<T> = Vec<Vec<T>>;

/// A row for each value that satisfies a condition, `len` long.
fn rows<T: Copy + Default>(n_values: usize, len: impl Fn(usize) -> usize) -> Rows<T> {
    (0..n_values).map(|value| vec![T::default(); len(value)]).collect()
}

/// The values of all types.
struct File<R> {
    reals: Rows<R>,
    ints: Rows<i32>,
    bools: Rows<bool>,
}

impl<R: Real> File<R> {
    /// Rows of `len(value)` lanes.
    fn new(kernel: &Kernel, len: impl Fn(ValueId) -> usize) -> Self {
        let n_values = kernel.values.len();
        let of = |ty: Type| {
            let len = &len;
            move |i: usize| if kernel.values[i] == ty { len(ValueId(i as u32)) } else { 0 }
        };
        let (reals, ints) = (rows(n_values, of(Type::Real)), rows(n_values, of(Type::Int)));
        Self { reals, ints, bools: rows(n_values, of(Type::Bool)) }
    }
}

/// Copies lanes from the start of a row to a place in another. A row that is empty, since the value is
/// of another type or not kept, stays so.
fn copy<T: Copy>(to: &mut [T], at: usize, from: &[T], width: usize) {
    if let (Some(to), Some(from)) = (to.get_mut(at..at + width), from.get(..width)) {
        to.copy_from_slice(from);
    }
}

struct Machine<'a, 'b, R> {
    kernel: &'a Kernel,
    launch: &'a Launch,
    args: &'a mut [Arg<'b>],
    /// The stride of each sequence.
    strides: Vec<usize>,
    /// The values of the group.
    file: File<R>,
    /// What the kept values were at each step of the chunk, step by step.
    kept: File<R>,
    /// The values that carried params take in the next turn.
    next: File<R>,
    /// For each `Partial` buffer the running sums of the block, one for each lane that a thread takes; for
    /// each `Group` buffer what each lane of the block contributes.
    sums: Vec<Vec<R>>,
    n_segments: usize,
    /// The lanes' own segment, or the one that a loop over segments is at.
    segment: usize,
    first: usize,
    width: usize,
    chunk: usize,
    step: usize,
}

impl<'a, 'b, R: Real> Machine<'a, 'b, R> {
    fn new(kernel: &'a Kernel, launch: &'a Launch, args: &'a mut [Arg<'b>]) -> Self {
        let kept = kernel.kept_values();
        let chunk = launch.steps.min(kernel.schedule.chunk as usize);
        let kept_len = |value| if kept.contains(&value) { chunk * SIDE_BY_SIDE } else { 0 };
        let mut carried = vec![false; kernel.values.len()];
        kernel.walk(&mut |stmt| {
            if let Stmt::Loop(inner) = stmt {
                inner.carries.iter().for_each(|carry| carried[carry.param.0 as usize] = true);
            }
        });
        let carried_len = |value: ValueId| if carried[value.0 as usize] { SIDE_BY_SIDE } else { 0 };
        let lanes = launch.lanes.min(kernel.schedule.lanes as usize);
        let sum = |shape| match shape {
            Shape::Partial => vec![R::default(); lanes],
            Shape::Group => vec![R::default(); kernel.schedule.block as usize],
            _ => vec![],
        };
        let mut given = launch.strides.iter().copied();
        let stride = |shape| if shape == Shape::Sequence { given.next().unwrap_or(0) } else { 0 };
        Self {
            kernel,
            launch,
            args,
            strides: kernel.buffers.iter().map(|b| b.shape).map(stride).collect(),
            file: File::new(kernel, |_| SIDE_BY_SIDE),
            kept: File::new(kernel, kept_len),
            next: File::new(kernel, carried_len),
            sums: kernel.buffers.iter().map(|b| sum(b.shape)).collect(),
            n_segments: launch.segments(kernel),
            segment: 0,
            first: 0,
            width: 0,
            chunk: 0,
            step: 0,
        }
    }

    fn body(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::Let(value, op) => {
                    self.define(*value, op);
                    self.keep(*value);
                }
                Stmt::Store(buffer, value) => self.store(*buffer, *value),
                Stmt::Reduce(buffer, value) => self.reduce(*buffer, *value),
                Stmt::Product(product) => self.product(product),
                Stmt::Loop(inner) => self.inner_loop(inner),
            }
        }
    }

    fn inner_loop(&mut self, inner: &Loop) {
        let own = self.segment;
        let turns = self.turns(inner);
        inner.carries.iter().for_each(|carry| self.copy(carry.param, carry.init));
        for i in 0..turns.len() {
            let index = match inner.order {
                Order::Forward => turns.start + i,
                Order::Reverse => turns.end - 1 - i,
            };
            match inner.kind {
                LoopKind::Chunks => self.chunk = index,
                LoopKind::Steps => self.step = index,
                LoopKind::Segments => self.segment = index,
            }
            inner.carries.iter().for_each(|carry| self.keep(carry.param));
            self.body(&inner.body);
            self.turn(inner);
        }
        self.segment = own;
        inner.carries.iter().for_each(|carry| self.copy(carry.result, carry.param));
    }

    /// What a loop runs over, from the first on.
    fn turns(&self, inner: &Loop) -> Range<usize> {
        let chunk = self.kernel.schedule.chunk as usize;
        let n_chunks = self.launch.steps.div_ceil(chunk);
        match (inner.kind, inner.order) {
            (LoopKind::Steps, _) => 0..chunk.min(self.launch.steps - self.chunk * chunk),
            (LoopKind::Segments, Order::Forward) => 0..self.segment,
            (LoopKind::Segments, Order::Reverse) => self.segment + 1..self.n_segments,
            (LoopKind::Chunks, _) if self.n_segments == 1 => 0..n_chunks,
            (LoopKind::Chunks, _) => {
                let each = self.launch.segment / chunk;
                let first = self.segment * each;
                first..n_chunks.min(first + each)
            }
        }
    }

    /// Keeps the product of a matrix and the column of each lane for the steps of the chunk.
    fn product(&mut self, product: &Product) {
        let Product { value, matrix, column, transposed, fused } = *product;
        let (i, width, steps) = (value.0 as usize, self.width, self.launch.steps);
        let first = self.chunk * self.kernel.schedule.chunk as usize;
        let stride = self.strides[column.0 as usize];
        let mut row = vec![R::default(); width];
        let mut entry = [R::default()];
        for t in first..steps.min(first + self.kernel.schedule.chunk as usize) {
            let mut sum = vec![R::default(); width];
            for k in 0..steps {
                let at = if transposed { k * steps + t } else { t * steps + k };
                self.args[matrix.0 as usize].load_real(&mut entry, &Index::Run(at));
                let start = k * stride + self.first;
                self.args[column.0 as usize].load_real(&mut row, &Index::Run(start));
                for (sum, &u) in sum.iter_mut().zip(&row) {
                    *sum = if fused { entry[0].fma(u, *sum) } else { *sum + entry[0] * u };
                }
            }
            copy(&mut self.kept.reals[i], (t - first) * SIDE_BY_SIDE, &sum, width);
        }
    }

    /// Gives the carried params their next values, all at once: one may be another's next.
    fn turn(&mut self, inner: &Loop) {
        let width = self.width;
        for carry in &inner.carries {
            let (to, from) = (carry.param.0 as usize, carry.next.0 as usize);
            copy(&mut self.next.reals[to], 0, &self.file.reals[from], width);
            copy(&mut self.next.ints[to], 0, &self.file.ints[from], width);
            copy(&mut self.next.bools[to], 0, &self.file.bools[from], width);
        }
        for i in inner.carries.iter().map(|carry| carry.param.0 as usize) {
            std::mem::swap(&mut self.next.reals[i], &mut self.file.reals[i]);
            std::mem::swap(&mut self.next.ints[i], &mut self.file.ints[i]);
            std::mem::swap(&mut self.next.bools[i], &mut self.file.bools[i]);
        }
    }

    fn copy(&mut self, to: ValueId, from: ValueId) {
        fn row<T: Copy>(rows: &mut Rows<T>, to: usize, from: usize, width: usize) {
            if to != from {
                let mut row = std::mem::take(&mut rows[to]);
                copy(&mut row, 0, &rows[from], width);
                rows[to] = row;
            }
        }
        let (to, from) = (to.0 as usize, from.0 as usize);
        row(&mut self.file.reals, to, from, self.width);
        row(&mut self.file.ints, to, from, self.width);
        row(&mut self.file.bools, to, from, self.width);
    }

    /// Writes down what a kept value is at this step.
    fn keep(&mut self, value: ValueId) {
        let (i, at, width) = (value.0 as usize, self.step * SIDE_BY_SIDE, self.width);
        copy(&mut self.kept.reals[i], at, &self.file.reals[i], width);
        copy(&mut self.kept.ints[i], at, &self.file.ints[i], width);
        copy(&mut self.kept.bools[i], at, &self.file.bools[i], width);
    }

    /// Evaluates an operation into its row, which is taken out of the file for as long.
    fn define(&mut self, value: ValueId, op: &Op) {
        let (i, width) = (value.0 as usize, self.width);
        match self.kernel.ty(value) {
            Type::Real => {
                let mut row = std::mem::take(&mut self.file.reals[i]);
                self.real(&mut row[..width], op);
                self.file.reals[i] = row;
            }
            Type::Int => {
                let mut row = std::mem::take(&mut self.file.ints[i]);
                self.int(&mut row[..width], op);
                self.file.ints[i] = row;
            }
            Type::Bool => {
                let mut row = std::mem::take(&mut self.file.bools[i]);
                self.bool(&mut row[..width], op);
                self.file.bools[i] = row;
            }
        }
    }

    fn real(&self, out: &mut [R], op: &Op) {
        let row = |value: ValueId| &self.file.reals[value.0 as usize][..];
        match *op {
            Op::Real(number) => out.fill(R::of(number)),
            Op::Unary(op, a) => real_unary(out, op, row(a)),
            Op::Binary(op, a, b) => real_binary(out, op, row(a), row(b)),
            Op::Select(c, a, b) => select(out, self.truths(c), row(a), row(b)),
            Op::Fma(a, b, c) => {
                for (((out, &a), &b), &c) in out.iter_mut().zip(row(a)).zip(row(b)).zip(row(c)) {
                    *out = a.fma(b, c);
                }
            }
            Op::IntToReal(a) => map(out, &self.file.ints[a.0 as usize], R::of_int),
            Op::BitsReal(a) => map(out, &self.file.ints[a.0 as usize], R::of_bits),
            Op::Draw(kind, number) => {
                let (seed, step) = (self.launch.seed, self.absolute_step());
                for (out, lane) in out.iter_mut().zip(self.first as u32..) {
                    *out = R::of(draw(kind, number, seed, step, lane));
                }
            }
            Op::Load(buffer) => self.load_real(out, buffer),
            Op::LoadOr(buffer, _) if self.present(buffer) => self.load_real(out, buffer),
            Op::LoadOr(_, fallback) => map(out, row(fallback), |x| x),
            Op::Kept(a) => {
                map(out, &self.kept.reals[a.0 as usize][self.step * SIDE_BY_SIDE..], |x| x)
            }
            _ => {}
        }
    }

    fn int(&self, out: &mut [i32], op: &Op) {
        let row = |value: ValueId| &self.file.ints[value.0 as usize][..];
        match *op {
            Op::Int(number) => out.fill(number),
            Op::Unary(_, a) => map(out, row(a), i32::wrapping_neg),
            Op::Binary(op, a, b) => int_binary(out, op, row(a), row(b)),
            Op::Select(c, a, b) => select(out, self.truths(c), row(a), row(b)),
            Op::RealToInt(a) => map(out, &self.file.reals[a.0 as usize], R::to_int),
            Op::RealBits(a) => map(out, &self.file.reals[a.0 as usize], R::bits),
            Op::Counter(counter) => self.count(out, counter),
            Op::Load(buffer) => self.load_int(out, buffer),
            Op::LoadOr(buffer, _) if self.present(buffer) => self.load_int(out, buffer),
            Op::LoadOr(_, fallback) => map(out, row(fallback), |x| x),
            Op::Kept(a) => {
                map(out, &self.kept.ints[a.0 as usize][self.step * SIDE_BY_SIDE..], |x| x)
            }
            _ => {}
        }
    }

    fn bool(&self, out: &mut [bool], op: &Op) {
        match *op {
            Op::Bool(truth) => out.fill(truth),
            Op::Binary(Binary::And, a, b) => {
                zip(out, self.truths(a), self.truths(b), |a, b| a & b);
            }
            Op::Binary(_, a, b) => zip(out, self.truths(a), self.truths(b), |a, b| a | b),
            Op::Compare(op, a, b) if self.kernel.ty(a) == Type::Real => {
                compare(out, op, &self.file.reals[a.0 as usize], &self.file.reals[b.0 as usize]);
            }
            Op::Compare(op, a, b) => {
                compare(out, op, &self.file.ints[a.0 as usize], &self.file.ints[b.0 as usize]);
            }
            Op::Not(a) => map(out, self.truths(a), |a| !a),
            Op::Select(c, a, b) => select(out, self.truths(c), self.truths(a), self.truths(b)),
            Op::Given(buffer) => {
                out.fill(!matches!(self.args[buffer.0 as usize], Arg::Absent));
            }
            Op::Kept(a) => {
                map(out, &self.kept.bools[a.0 as usize][self.step * SIDE_BY_SIDE..], |x| x)
            }
            _ => {}
        }
    }

    fn truths(&self, value: ValueId) -> &[bool] {
        &self.file.bools[value.0 as usize]
    }

    /// Whether a buffer has an element here: not where it was left out, before the first checkpoint, or where
    /// another segment writes it.
    fn present(&self, buffer: BufferId) -> bool {
        let given = !matches!(self.args[buffer.0 as usize], Arg::Absent);
        let info = self.kernel.buffer(buffer);
        given
            && match info.shape {
                Shape::Checkpoint => self.chunk > 0,
                Shape::Lane if info.written && self.kernel.is_reversed() => self.segment == 0,
                Shape::Lane if info.written => self.segment + 1 == self.n_segments,
                _ => true,
            }
    }

    fn load_real(&self, out: &mut [R], buffer: BufferId) {
        self.args[buffer.0 as usize].load_real(out, &self.index(buffer));
    }

    /// The number of the step, counted from the launch's first.
    fn absolute_step(&self) -> u32 {
        let step = self.chunk * self.kernel.schedule.chunk as usize + self.step;
        self.launch.first_step.wrapping_add(step as u32)
    }

    fn count(&self, out: &mut [i32], counter: Counter) {
        match counter {
            Counter::SeedLow => out.fill(self.launch.seed as i32),
            Counter::SeedHigh => out.fill((self.launch.seed >> 32) as i32),
            Counter::Step => out.fill(self.absolute_step() as i32),
            Counter::Lane => {
                out.iter_mut().zip(self.first as i32..).for_each(|(out, lane)| *out = lane);
            }
        }
    }

    fn load_int(&self, out: &mut [i32], buffer: BufferId) {
        self.args[buffer.0 as usize].load_int(out, &self.index(buffer));
    }

    fn index(&self, buffer: BufferId) -> Index {
        let Launch { channels, channel_stride, neurons, .. } = *self.launch;
        let first = self.first;
        match self.kernel.buffer(buffer).shape {
            Shape::Layer => Index::All(0),
            Shape::Channel => Index::Channel { first, stride: channel_stride, channels },
            Shape::Neuron => Index::Channel { first, stride: 1, channels: neurons },
            Shape::Step => Index::All(self.chunk * self.kernel.schedule.chunk as usize + self.step),
            _ => Index::Run(self.start(buffer)),
        }
    }

    /// The element of the group's first lane in a buffer of adjacent lanes.
    fn start(&self, buffer: BufferId) -> usize {
        let row = match self.kernel.buffer(buffer).shape {
            Shape::Sequence => {
                let step = self.chunk * self.kernel.schedule.chunk as usize + self.step;
                step * self.strides[buffer.0 as usize]
            }
            Shape::Checkpoint => (self.chunk - 1) * self.launch.lanes,
            Shape::Chunk => self.chunk * self.launch.lanes,
            Shape::Segment => self.segment * self.launch.lanes,
            Shape::Packed => {
                let word = self.chunk * self.kernel.schedule.chunk as usize / WORD as usize;
                word * self.launch.lanes
            }
            _ => 0,
        };
        row + self.first
    }

    fn store(&mut self, buffer: BufferId, value: ValueId) {
        if !self.present(buffer) {
            return;
        }
        let (start, width, i) = (self.start(buffer), self.width, value.0 as usize);
        let arg = &mut self.args[buffer.0 as usize];
        match self.kernel.ty(value) {
            Type::Real => arg.store_real(&self.file.reals[i][..width], start),
            Type::Int => arg.store_int(&self.file.ints[i][..width], start),
            Type::Bool => {}
        }
    }

    /// Adds the lanes of the group to the running sums: lane `n` to number `n % lanes`.
    fn reduce(&mut self, buffer: BufferId, value: ValueId) {
        if self.kernel.buffer(buffer).shape == Shape::Group {
            let at = self.first % self.kernel.schedule.block as usize;
            let lanes = &self.file.reals[value.0 as usize][..self.width];
            self.sums[buffer.0 as usize][at..at + self.width].copy_from_slice(lanes);
            return;
        }
        let sums = &mut self.sums[buffer.0 as usize];
        let mut at = self.first % self.kernel.schedule.lanes as usize;
        for &x in &self.file.reals[value.0 as usize][..self.width] {
            sums[at] = sums[at] + x;
            at = if at + 1 == self.kernel.schedule.lanes as usize { 0 } else { at + 1 };
        }
    }

    fn store_sums(&mut self, block: usize) {
        let Self { kernel, launch, sums, args, segment, .. } = self;
        let lanes = launch.lanes;
        for ((buffer, sums), arg) in kernel.buffers.iter().zip(sums).zip(args.iter_mut()) {
            if buffer.shape == Shape::Group {
                let (group, first) =
                    (super::super::group(launch.channel_stride), block * sums.len());
                let before = *segment * lanes.div_ceil(group);
                let there = sums.len().min(lanes - first);
                sums[there..].fill(R::default());
                add_neighbours(sums, group);
                let of_groups: Vec<R> = sums[..there].iter().copied().step_by(group).collect();
                arg.store_real(&of_groups, before + first / group);
            } else if let Some(sum) = add_halves(sums, kernel.schedule.lanes as usize) {
                let before = *segment * lanes.div_ceil(kernel.schedule.block as usize);
                arg.store_real(&[sum], before + block);
            }
        }
    }
}

/// Leaves the sum of each group at its first place: neighbours are added, then neighbouring sums.
fn add_neighbours<R: Real>(sums: &mut [R], group: usize) {
    let mut apart = 1;
    while apart < group {
        for i in (0..sums.len()).step_by(2 * apart) {
            sums[i] = sums[i] + sums[i + apart];
        }
        apart *= 2;
    }
}

/// The sum of `len` running sums, of which those behind the given ones are 0: the upper half is added to
/// the lower until one is left, where of an odd number the middle one stays.
fn add_halves<R: Real>(sums: &mut [R], mut len: usize) -> Option<R> {
    while len > 1 {
        let half = len.div_ceil(2);
        let (low, high) = sums.split_at_mut(half.min(sums.len()));
        for (low, &high) in low.iter_mut().zip(&high[..high.len().min(len - half)]) {
            *low = *low + high;
        }
        len = half;
    }
    sums.first().copied()
}

fn map<A: Copy, O>(out: &mut [O], a: &[A], f: impl Fn(A) -> O) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = f(a);
    }
}

fn zip<A: Copy, O>(out: &mut [O], a: &[A], b: &[A], f: impl Fn(A, A) -> O) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = f(a, b);
    }
}

fn select<T: Copy>(out: &mut [T], truths: &[bool], a: &[T], b: &[T]) {
    for (((out, &truth), &a), &b) in out.iter_mut().zip(truths).zip(a).zip(b) {
        *out = if truth { a } else { b };
    }
}

fn compare<T: Copy + PartialOrd>(out: &mut [bool], op: Compare, a: &[T], b: &[T]) {
    match op {
        Compare::Lt => zip(out, a, b, |a, b| a < b),
        Compare::Le => zip(out, a, b, |a, b| a <= b),
        Compare::Gt => zip(out, a, b, |a, b| a > b),
        Compare::Ge => zip(out, a, b, |a, b| a >= b),
        Compare::Eq => zip(out, a, b, |a, b| a == b),
        Compare::Ne => zip(out, a, b, |a, b| a != b),
    }
}

fn real_unary<R: Real>(out: &mut [R], op: Unary, a: &[R]) {
    match op {
        Unary::Neg => map(out, a, |a| -a),
        Unary::Abs => map(out, a, R::abs),
        Unary::Sqrt => map(out, a, R::sqrt),
        Unary::Floor => map(out, a, R::floor),
        Unary::Ceil => map(out, a, R::ceil),
        Unary::Round => map(out, a, R::round),
        Unary::Math(function) => map(out, a, |a| R::of(real::math(function, a.wide()))),
    }
}

fn real_binary<R: Real>(out: &mut [R], op: Binary, a: &[R], b: &[R]) {
    match op {
        Binary::Add => zip(out, a, b, |a, b| a + b),
        Binary::Sub => zip(out, a, b, |a, b| a - b),
        Binary::Mul => zip(out, a, b, |a, b| a * b),
        Binary::Div | Binary::Ratio => zip(out, a, b, |a, b| a / b),
        Binary::Min => zip(out, a, b, |a, b| if a <= b { a } else { b }),
        Binary::Max => zip(out, a, b, |a, b| if a >= b { a } else { b }),
        Binary::And | Binary::Or | Binary::Shl | Binary::Shr | Binary::Xor | Binary::MulHigh => {}
    }
}

fn int_binary(out: &mut [i32], op: Binary, a: &[i32], b: &[i32]) {
    match op {
        Binary::Add => zip(out, a, b, i32::wrapping_add),
        Binary::Sub => zip(out, a, b, i32::wrapping_sub),
        Binary::Mul => zip(out, a, b, i32::wrapping_mul),
        Binary::Min => zip(out, a, b, |a, b| if a <= b { a } else { b }),
        Binary::Max => zip(out, a, b, |a, b| if a >= b { a } else { b }),
        Binary::And => zip(out, a, b, |a, b| a & b),
        Binary::Or => zip(out, a, b, |a, b| a | b),
        Binary::Shl => zip(out, a, b, |a, b| a.wrapping_shl(b as u32)),
        Binary::Shr => zip(out, a, b, |a, b| a.wrapping_shr(b as u32)),
        Binary::Xor => zip(out, a, b, |a, b| a ^ b),
        Binary::MulHigh => zip(out, a, b, mul_high),
        Binary::Div | Binary::Ratio => {}
    }
}

/// The upper 32 bits of a product without signs.
fn mul_high(a: i32, b: i32) -> i32 {
    ((u64::from(a as u32) * u64::from(b as u32)) >> 32) as i32
}
