//! Operations on values in registers, in either form.
//!
//! Nothing is contracted, reassociated or canonicalised: each is the IEEE operation of its name.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

use super::form::Form;
use crate::kernel::{Binary, Compare, Float, Type, Unary};

/// A constant, or a bool known only at run time, in all lanes.
pub fn splat(b: &mut FunctionBuilder<'_>, form: Form, ty: Type, scalar: Value) -> Value {
    if !form.vector {
        return scalar;
    }
    let scalar = match ty {
        Type::Real | Type::Int => scalar,
        Type::Bool => b.ins().bmask(form.mask().lane_type(), scalar),
    };
    b.ins().splat(form.ty(ty), scalar)
}

/// A real constant, rounded once, in a scalar.
pub fn real(b: &mut FunctionBuilder<'_>, float: Float, value: f64) -> Value {
    match float {
        Float::F32 => b.ins().f32const(value as f32),
        Float::F64 => b.ins().f64const(value),
    }
}

/// An int constant in a scalar.
pub fn int(b: &mut FunctionBuilder<'_>, value: i32) -> Value {
    b.ins().iconst(types::I32, i64::from(value.cast_unsigned()))
}

/// An operation on one number; `None` for a function of the maths library.
pub fn unary(b: &mut FunctionBuilder<'_>, op: Unary, ty: Type, a: Value) -> Option<Value> {
    Some(match (op, ty) {
        (Unary::Neg, Type::Int) => b.ins().ineg(a),
        (Unary::Neg, _) => b.ins().fneg(a),
        (Unary::Abs, _) => b.ins().fabs(a),
        (Unary::Sqrt, _) => b.ins().sqrt(a),
        (Unary::Floor, _) => b.ins().floor(a),
        (Unary::Ceil, _) => b.ins().ceil(a),
        (Unary::Round, _) => b.ins().nearest(a),
        (Unary::Math(_), _) => return None,
    })
}

/// An operation on two values of type `ty`. The amount of a shift is a scalar in either form.
pub fn binary(
    b: &mut FunctionBuilder<'_>,
    form: Form,
    op: Binary,
    ty: Type,
    (x, y): (Value, Value),
) -> Value {
    match (op, ty) {
        (Binary::Add, Type::Real) => b.ins().fadd(x, y),
        (Binary::Sub, Type::Real) => b.ins().fsub(x, y),
        (Binary::Mul, Type::Real) => b.ins().fmul(x, y),
        (Binary::Div | Binary::Ratio, _) => b.ins().fdiv(x, y),
        (Binary::Add, _) => b.ins().iadd(x, y),
        (Binary::Sub, _) => b.ins().isub(x, y),
        (Binary::Mul, _) => b.ins().imul(x, y),
        (Binary::Min, Type::Real) => choose(b, form, Compare::Le, (x, y)),
        (Binary::Max, Type::Real) => choose(b, form, Compare::Ge, (x, y)),
        (Binary::Min, _) => b.ins().smin(x, y),
        (Binary::Max, _) => b.ins().smax(x, y),
        (Binary::And, _) => b.ins().band(x, y),
        (Binary::Or, _) => b.ins().bor(x, y),
        (Binary::Shl, _) => b.ins().ishl(x, y),
        (Binary::Shr, _) => b.ins().sshr(x, y),
        (Binary::Xor, _) => b.ins().bxor(x, y),
        (Binary::MulHigh, _) => mul_high(b, form, (x, y)),
    }
}

/// The upper half of a product without signs. Vectors have products of two halves of the lanes, of which the upper
/// words are put together.
fn mul_high(b: &mut FunctionBuilder<'_>, form: Form, (x, y): (Value, Value)) -> Value {
    if !form.vector {
        return b.ins().umulhi(x, y);
    }
    let (a, c) = (b.ins().uwiden_low(x), b.ins().uwiden_low(y));
    let low = b.ins().imul(a, c);
    let (a, c) = (b.ins().uwiden_high(x), b.ins().uwiden_high(y));
    let high = b.ins().imul(a, c);
    let (low, high) = (cast(b, types::I8X16, low), cast(b, types::I8X16, high));
    let upper = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];
    let upper = b.func.dfg.immediates.push(upper.as_slice().into());
    let words = b.ins().shuffle(low, high, upper);
    cast(b, types::I32X4, words)
}

/// The numbers of adjacent lanes, of which the first is given.
pub fn adjacent(b: &mut FunctionBuilder<'_>, form: Form, first: Value) -> Value {
    if !form.vector {
        return first;
    }
    let first = b.ins().splat(types::I32X4, first);
    let beside: Vec<u8> = (0..4_i32).flat_map(i32::to_le_bytes).collect();
    let beside = b.func.dfg.constants.insert(beside.into());
    let beside = b.ins().vconst(types::I32X4, beside);
    b.ins().iadd(first, beside)
}

/// `x` where the comparison holds, else `y`: the machine's own minimum treats zeros and NaN otherwise.
fn choose(b: &mut FunctionBuilder<'_>, form: Form, op: Compare, (x, y): (Value, Value)) -> Value {
    let condition = compare(b, form, op, Type::Real, (x, y));
    select(b, form, Type::Real, condition, (x, y))
}

/// The minimum or maximum of two reals that are not zeros of two signs: then what is equal is the same, and
/// x86 has one instruction for it.
pub fn min_or_max_but_zeros(
    b: &mut FunctionBuilder<'_>,
    form: Form,
    op: Binary,
    (x, y): (Value, Value),
) -> Value {
    let (low, high) = if op == Binary::Max { (y, x) } else { (x, y) };
    let condition = compare(b, form, Compare::Lt, Type::Real, (low, high));
    select(b, form, Type::Real, condition, (x, y))
}

/// A comparison of two numbers of type `ty`.
pub fn compare(
    b: &mut FunctionBuilder<'_>,
    form: Form,
    op: Compare,
    ty: Type,
    (x, y): (Value, Value),
) -> Value {
    if ty == Type::Real {
        return b.ins().fcmp(float_cc(op), x, y);
    }
    let mask = b.ins().icmp(int_cc(op), x, y);
    match (form.vector, form.float) {
        (true, Float::F64) => b.ins().swiden_low(mask),
        _ => mask,
    }
}

/// Ordered, so that NaN compares false, but for `Ne`.
fn float_cc(op: Compare) -> FloatCC {
    match op {
        Compare::Lt => FloatCC::LessThan,
        Compare::Le => FloatCC::LessThanOrEqual,
        Compare::Gt => FloatCC::GreaterThan,
        Compare::Ge => FloatCC::GreaterThanOrEqual,
        Compare::Eq => FloatCC::Equal,
        Compare::Ne => FloatCC::NotEqual,
    }
}

fn int_cc(op: Compare) -> IntCC {
    match op {
        Compare::Lt => IntCC::SignedLessThan,
        Compare::Le => IntCC::SignedLessThanOrEqual,
        Compare::Gt => IntCC::SignedGreaterThan,
        Compare::Ge => IntCC::SignedGreaterThanOrEqual,
        Compare::Eq => IntCC::Equal,
        Compare::Ne => IntCC::NotEqual,
    }
}

/// `not a` of a bool.
pub fn not(b: &mut FunctionBuilder<'_>, form: Form, a: Value) -> Value {
    if form.vector { b.ins().bnot(a) } else { b.ins().bxor_imm_u(a, 1) }
}

/// `x` where the condition is true, else `y`, both of type `ty`.
pub fn select(
    b: &mut FunctionBuilder<'_>,
    form: Form,
    ty: Type,
    condition: Value,
    (x, y): (Value, Value),
) -> Value {
    if !form.vector {
        return b.ins().select(condition, x, y);
    }
    let mask = mask_for(b, form, ty, condition);
    b.ins().bitselect(mask, x, y)
}

/// `x` where the condition is true, else the real 0: in vectors one operation less than `select`.
pub fn real_or_zero(b: &mut FunctionBuilder<'_>, form: Form, condition: Value, x: Value) -> Value {
    if !form.vector {
        let zero = real(b, form.float, 0.0);
        return b.ins().select(condition, x, zero);
    }
    let mask = mask_for(b, form, Type::Real, condition);
    b.ins().band(mask, x)
}

/// 0 where the condition is true, else the real `x`.
pub fn zero_or_real(b: &mut FunctionBuilder<'_>, form: Form, condition: Value, x: Value) -> Value {
    if !form.vector {
        let zero = real(b, form.float, 0.0);
        return b.ins().select(condition, zero, x);
    }
    let mask = mask_for(b, form, Type::Real, condition);
    b.ins().band_not(x, mask)
}

/// A lane mask in the register type of what it selects.
fn mask_for(b: &mut FunctionBuilder<'_>, form: Form, ty: Type, mask: Value) -> Value {
    match (ty, form.float) {
        (Type::Bool, _) | (Type::Int, Float::F32) => mask,
        (Type::Real, _) => cast(b, form.real(), mask),
        (Type::Int, Float::F64) => {
            // Ints take the low half: words 0 and 2 of the mask go there.
            let words = cast(b, types::I32X4, mask);
            let bytes = cast(b, types::I8X16, words);
            let order = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
            let order = b.func.dfg.immediates.push(order.as_slice().into());
            let bytes = b.ins().shuffle(bytes, bytes, order);
            cast(b, types::I32X4, bytes)
        }
    }
}

/// An int as a real.
pub fn int_to_real(b: &mut FunctionBuilder<'_>, form: Form, a: Value) -> Value {
    let a = match (form.vector, form.float) {
        (true, Float::F64) => b.ins().swiden_low(a),
        _ => a,
    };
    b.ins().fcvt_from_sint(form.real(), a)
}

/// A real as an int, saturating, 0 for NaN.
pub fn real_to_int(b: &mut FunctionBuilder<'_>, form: Form, a: Value) -> Value {
    match (form.vector, form.float) {
        (false, _) => b.ins().fcvt_to_sint_sat(types::I32, a),
        (true, Float::F32) => b.ins().fcvt_to_sint_sat(types::I32X4, a),
        (true, Float::F64) => {
            let wide = b.ins().fcvt_to_sint_sat(types::I64X2, a);
            let zero = b.func.dfg.constants.insert(vec![0; 16].into());
            let zero = b.ins().vconst(types::I64X2, zero);
            b.ins().snarrow(wide, zero)
        }
    }
}

/// The same bits in a register of another type.
pub fn cast(b: &mut FunctionBuilder<'_>, ty: ir::Type, a: Value) -> Value {
    if b.func.dfg.value_type(a) == ty {
        return a;
    }
    let little = ir::MemFlagsData::new().with_endianness(ir::Endianness::Little);
    b.ins().bitcast(ty, little, a)
}
