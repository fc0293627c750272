//! Products of two sequences added up over lanes, the same for every neuron.

use std::array;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, InstBuilder, Value, types};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};

use super::form::Form;
use super::lanes::{repeat, stack};
use super::memory::{Address, load};
use super::reduce::{common, element};
use super::{add_product, flags, variable};
use crate::kernel::{Float, Storage};

/// Lanes of a block.
pub const BLOCK: u32 = 1024;

/// Rows of `left` and of `right` side by side, whose sums are registers.
const LEFT: usize = 4;
const RIGHT: usize = 2;

const VECTOR: Form = Form { vector: true, float: Float::F32 };
const WIDTH: i64 = 4;

/// The operands.
struct Outer {
    left: Value,
    right: Value,
    partial: Value,
    steps: Value,
    lanes: Value,
    rows: Value,
    left_stride: Value,
    right_stride: Value,
    /// A row of ones, which stands behind those of `right`.
    ones: Value,
    /// Whether products and sums are one operation.
    fused: bool,
}

/// Builds `outer`: for each block `p` from `begin` to `end`, `partial[p, t, k]` is the sum of
/// `left[t, n] * right[k, n]` over its lanes, and of `left[t, n]` at `k = K`.
pub fn function(
    function: Function,
    shared: &mut FunctionBuilderContext,
    isa: &OwnedTargetIsa,
    fused: bool,
) -> Function {
    common(function, shared, isa, |b, [buffers, scalars, begin, end]| {
        let mut word = |base, i: i32| b.ins().load(types::I64, flags(), base, 8 * i);
        let [left, right, partial] = [0, 1, 2].map(|i| word(buffers, i));
        let [steps, lanes, rows] = [0, 1, 2].map(|i| word(scalars, i));
        let [left_stride, right_stride] = [3, 4].map(|i| word(scalars, i));
        let outer = Outer {
            left,
            right,
            partial,
            steps,
            lanes,
            rows,
            left_stride,
            right_stride,
            ones: ones(b),
            fused,
        };
        let count = b.ins().isub(end, begin);
        repeat(b, count, 1, true, |b, i| {
            let block = b.ins().iadd(begin, i);
            outer.block(b, block);
        });
    })
}

/// A one for each lane of a block.
fn ones(b: &mut FunctionBuilder<'_>) -> Value {
    let ones = stack(b, 4 * BLOCK);
    let one = b.ins().f32const(1.0);
    let one = b.ins().splat(types::F32X4, one);
    let bytes = b.ins().iconst(types::I64, i64::from(4 * BLOCK));
    repeat(b, bytes, 16, false, |b, i| {
        let at = b.ins().iadd(ones, i);
        b.ins().store(flags(), one, at, 0);
    });
    ones
}

impl Outer {
    /// All sums of a block, a tile of them at a time.
    fn block(&self, b: &mut FunctionBuilder<'_>, block: Value) {
        let first = b.ins().imul_imm_u(block, i64::from(BLOCK));
        let most = b.ins().iconst(types::I64, i64::from(BLOCK));
        let lanes = b.ins().isub(self.lanes, first);
        let lanes = b.ins().umin(lanes, most);
        let columns = b.ins().iadd_imm_u(self.rows, 1);
        let row = b.ins().imul(block, self.steps);
        repeat(b, self.steps, LEFT as i64, true, |b, t| {
            let last = b.ins().iadd_imm_s(self.steps, -1);
            let ts: [Value; LEFT] = up_to(b, t, last);
            let left = ts.map(|t| {
                let row = b.ins().imul(t, self.left_stride);
                let index = b.ins().iadd(row, first);
                element(b, self.left, index)
            });
            repeat(b, columns, RIGHT as i64, false, |b, k| {
                let ks: [Value; RIGHT] = up_to(b, k, self.rows);
                let right = ks.map(|k| self.right(b, k, first));
                let sums = self.tile(b, lanes, &left, &right);
                for (t, sums) in ts.iter().zip(sums) {
                    let row = b.ins().iadd(row, *t);
                    let row = b.ins().imul(row, columns);
                    for (k, sum) in ks.iter().zip(sums) {
                        let index = b.ins().iadd(row, *k);
                        let at = element(b, self.partial, index);
                        b.ins().store(flags(), sum, at, 0);
                    }
                }
            });
        });
    }

    /// The block's part of a row of `right`, or of the ones behind the last.
    fn right(&self, b: &mut FunctionBuilder<'_>, k: Value, first: Value) -> Value {
        let row = b.ins().imul(k, self.right_stride);
        let index = b.ins().iadd(row, first);
        let row = element(b, self.right, index);
        let is_last = b.ins().icmp(IntCC::Equal, k, self.rows);
        b.ins().select(is_last, self.ones, row)
    }

    /// The sums over lanes of the products of some rows: those of whole vectors, and then of the lanes behind them.
    fn tile(
        &self,
        b: &mut FunctionBuilder<'_>,
        lanes: Value,
        left: &[Value; LEFT],
        right: &[Value; RIGHT],
    ) -> [[Value; RIGHT]; LEFT] {
        let zero = b.ins().f32const(0.0);
        let zeros = b.ins().splat(types::F32X4, zero);
        let sums = [[(); RIGHT]; LEFT].map(|row| row.map(|()| variable(b, types::F32X4, zeros)));
        let whole = b.ins().band_imm_s(lanes, -WIDTH);
        repeat(b, whole, WIDTH, true, |b, lane| self.add(b, VECTOR, &sums, left, right, lane));
        let sums = sums.map(|row| {
            row.map(|sum| {
                let sum = b.use_var(sum);
                let [x, y, z, w] = [0, 1, 2, 3].map(|lane| b.ins().extractlane(sum, lane));
                let (low, high) = (b.ins().fadd(x, y), b.ins().fadd(z, w));
                let sum = b.ins().fadd(low, high);
                variable(b, types::F32, sum)
            })
        });
        let rest = b.ins().isub(lanes, whole);
        repeat(b, rest, 1, true, |b, i| {
            let lane = b.ins().iadd(whole, i);
            self.add(b, VECTOR.scalar(), &sums, left, right, lane);
        });
        sums.map(|row| row.map(|sum| b.use_var(sum)))
    }

    /// Adds the products at a lane, or at a vector of lanes.
    fn add(
        &self,
        b: &mut FunctionBuilder<'_>,
        form: Form,
        sums: &[[Variable; RIGHT]; LEFT],
        left: &[Value; LEFT],
        right: &[Value; RIGHT],
        lane: Value,
    ) {
        let distance = b.ins().ishl_imm_u(lane, 2);
        let factor = |b: &mut FunctionBuilder<'_>, row: Value| {
            let base = b.ins().iadd(row, distance);
            load(b, form, Storage::F32, Address { base, offset: 0 })
        };
        let right = right.map(|row| factor(b, row));
        for (row, sums) in left.iter().zip(sums) {
            let left = factor(b, *row);
            for (&right, &variable) in right.iter().zip(sums) {
                add_product(b, self.fused, variable, (left, right));
            }
        }
    }
}

/// Adjacent indices, none of them beyond the last.
fn up_to<const COUNT: usize>(
    b: &mut FunctionBuilder<'_>,
    first: Value,
    last: Value,
) -> [Value; COUNT] {
    array::from_fn(|i| {
        let index = b.ins().iadd_imm_u(first, i as i64);
        b.ins().umin(index, last)
    })
}
