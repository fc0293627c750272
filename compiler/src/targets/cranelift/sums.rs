//! Sums over lanes, of blocks and of groups.
//!
//! The sums of a block are kept while its strips are taken, a number for each lane of a unit. For groups
//! each lane leaves its number in a row of the frame, and neighbours are added when a strip is through.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

use super::form::{Form, pitch};
use super::lanes::{At, Ctx, in_frame, repeat};
use super::memory::{Address, shift, store};
use super::{flags, ops};
use crate::kernel::{BufferId, GROUP, Kernel, Shape};

/// Whether a kernel sums groups of lanes.
pub fn has_groups(kernel: &Kernel) -> bool {
    kernel.buffers.iter().any(|buffer| buffer.shape == Shape::Group)
}

/// The buffers with a sum for each block, with their sums in the frame.
fn blocks<'c>(ctx: &'c Ctx<'_>) -> impl Iterator<Item = (BufferId, i32)> + use<'c> {
    let all = (0..ctx.program.kernel.buffers.len() as u32).map(BufferId);
    all.filter_map(|buffer| Some((buffer, ctx.frame.sums_of(buffer)? as i32)))
}

/// Clears the sums of a block.
pub fn clear(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>) {
    let float = ctx.program.kernel.compute;
    let vector = Form { vector: true, float };
    for (_, offset) in blocks(ctx) {
        let zero = ops::real(b, float, 0.0);
        let zeros = ops::splat(b, vector, crate::kernel::Type::Real, zero);
        for i in 0..ctx.vectors as i32 {
            b.ins().store(flags(), zeros, ctx.stack, offset + 16 * i);
        }
        b.ins().store(flags(), zero, ctx.stack, offset + 16 * ctx.vectors as i32);
    }
}

/// Adds up a block's sums as a tree, first vectors and then lanes, and then the lanes taken one by one.
pub fn finish(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, index: Value) {
    let kernel = ctx.program.kernel;
    let form = Form { vector: false, float: kernel.compute };
    let pitch = pitch(kernel.compute) as i32;
    let unit = 16 / pitch * ctx.vectors as i32;
    for (buffer, offset) in blocks(ctx) {
        let mut terms: Vec<_> = (0..unit)
            .map(|i| b.ins().load(form.real(), flags(), ctx.stack, offset + i * pitch))
            .collect();
        while terms.len() > 1 {
            let (low, high) = terms.split_at(terms.len() / 2);
            terms = low.iter().zip(high).map(|(&x, &y)| b.ins().fadd(x, y)).collect();
        }
        let rest = b.ins().load(form.real(), flags(), ctx.stack, offset + unit * pitch);
        let sum = terms.first().map_or(rest, |&sum| b.ins().fadd(sum, rest));
        let base = place(b, ctx, buffer, index);
        store(b, form, kernel.buffer(buffer).storage, Address { base, offset: 0 }, sum);
    }
}

/// Adds up the groups of a strip, which begins with a group.
pub fn finish_groups(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, at: At) {
    let kernel = ctx.program.kernel;
    if !has_groups(kernel) {
        return;
    }
    let form = Form { vector: false, float: kernel.compute };
    // The lanes of a group are two to the power of this: those of `S` that divide `GROUP` too.
    let [.., apart, _] = ctx.scalars;
    let apart = b.ins().bor_imm_u(apart, i64::from(GROUP));
    let power = b.ins().ctz(apart);
    let one = b.ins().iconst(types::I64, 1);
    let group = b.ins().ishl(one, power);
    let all = b.ins().iadd_imm_u(at.lanes, i64::from(GROUP - 1));
    let all = b.ins().band_imm_s(all, -i64::from(GROUP));
    let before = b.ins().iadd_imm_s(group, -1);
    let n_groups = b.ins().iadd(at.lanes, before);
    let n_groups = b.ins().ushr(n_groups, power);
    let mut first = b.ins().ushr(at.first, power);
    if let Some(segment) = at.segment {
        let [_, n, ..] = ctx.scalars;
        let all = b.ins().iadd(n, before);
        let all = b.ins().ushr(all, power);
        let others = b.ins().imul(segment, all);
        first = b.ins().iadd(first, others);
    }
    let buffers = (0..kernel.buffers.len() as u32).map(BufferId);
    for (buffer, row) in buffers.filter_map(|id| Some((id, ctx.frame.groups_of(id)?))) {
        let row = Row { start: in_frame(b, ctx, row), form };
        row.clear(b, at.lanes, all);
        row.add_neighbours(b, group, all);
        let base = place(b, ctx, buffer, first);
        let storage = kernel.buffer(buffer).storage;
        repeat(b, n_groups, 1, false, |b, i| {
            let lane = b.ins().ishl(i, power);
            let sum = row.load(b, lane, 0);
            let distance = b.ins().ishl_imm_u(i, i64::from(shift(storage)));
            let base = b.ins().iadd(base, distance);
            store(b, form, storage, Address { base, offset: 0 }, sum);
        });
    }
}

/// What the lanes of a strip contribute.
struct Row {
    start: Value,
    form: Form,
}

impl Row {
    /// The address of a lane's number.
    fn address(&self, b: &mut FunctionBuilder<'_>, lane: Value) -> Value {
        let bytes = pitch(self.form.float).trailing_zeros();
        let distance = b.ins().ishl_imm_u(lane, i64::from(bytes));
        b.ins().iadd(self.start, distance)
    }

    /// The number of the lane so far behind another.
    fn load(&self, b: &mut FunctionBuilder<'_>, lane: Value, behind: u32) -> Value {
        let address = self.address(b, lane);
        let offset = (behind * pitch(self.form.float)) as i32;
        b.ins().load(self.form.real(), flags(), address, offset)
    }

    /// Lets lanes that are not there contribute nothing.
    fn clear(&self, b: &mut FunctionBuilder<'_>, lanes: Value, all: Value) {
        let behind = b.ins().isub(all, lanes);
        let zero = ops::real(b, self.form.float, 0.0);
        repeat(b, behind, 1, true, |b, i| {
            let lane = b.ins().iadd(lanes, i);
            let address = self.address(b, lane);
            b.ins().store(flags(), zero, address, 0);
        });
    }

    /// Leaves the sum of each group in the place of its first lane.
    fn add_neighbours(&self, b: &mut FunctionBuilder<'_>, group: Value, all: Value) {
        let mut apart = 1;
        while apart < GROUP {
            let is_within = b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, group, i64::from(apart));
            let none = b.ins().iconst(types::I64, 0);
            let lanes = b.ins().select(is_within, all, none);
            repeat(b, lanes, i64::from(2 * apart), true, |b, lane| {
                let (x, y) = (self.load(b, lane, 0), self.load(b, lane, apart));
                let sum = b.ins().fadd(x, y);
                let address = self.address(b, lane);
                b.ins().store(flags(), sum, address, 0);
            });
            apart *= 2;
        }
    }
}

/// The address of a sum, or scratch where its buffer was left out.
fn place(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, buffer: BufferId, index: Value) -> Value {
    let storage = ctx.program.kernel.buffer(buffer).storage;
    let distance = b.ins().ishl_imm_u(index, i64::from(shift(storage)));
    let base = b.ins().iadd(ctx.base[buffer.0 as usize], distance);
    let Some(given) = ctx.given[buffer.0 as usize] else { return base };
    let scratch = in_frame(b, ctx, ctx.frame.scratch);
    b.ins().select(given, base, scratch)
}
