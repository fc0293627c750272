//! Operations of the kernel IR as LLVM instructions, for one lane.
//!
//! Never here: fast-math flags, calls other than intrinsics, memory.

use super::text::{Text, Value};
use crate::error::Bug;
use crate::kernel::{Binary, Compare, Float, Math, Op, Type, Unary};

/// The LLVM type of the reals of a kernel.
pub(super) fn real(compute: Float) -> &'static str {
    match compute {
        Float::F32 => "float",
        Float::F64 => "double",
    }
}

/// The LLVM type of a value.
pub(super) fn llvm_type(ty: Type, compute: Float) -> &'static str {
    match ty {
        Type::Real => real(compute),
        Type::Int => "i32",
        Type::Bool => "i1",
    }
}

/// A real constant. LLVM writes floats by the bits of the double of the same value.
pub(super) fn constant(value: f64, compute: Float) -> Value {
    let rounded = match compute {
        Float::F32 => f64::from(value as f32),
        Float::F64 => value,
    };
    format!("0x{:016X}", rounded.to_bits()).into()
}

/// The suffix of overloaded intrinsics.
fn suffix(compute: Float) -> &'static str {
    match compute {
        Float::F32 => "f32",
        Float::F64 => "f64",
    }
}

/// Adds the instructions of an operation without memory; `ty` is the type of its first operand and
/// `args` are its operands, in order.
///
/// # Errors
///
/// A [`Bug`] where the operation should have been legalized or is emitted elsewhere.
pub(super) fn compute(
    text: &mut Text,
    op: &Op,
    ty: Type,
    compute: Float,
    args: &[Value],
) -> Result<Value, Bug> {
    let real = real(compute);
    Ok(match (op, args) {
        (Op::Real(value), []) => constant(*value, compute),
        (Op::Int(value), []) => value.to_string().into(),
        (Op::Bool(value), []) => value.to_string().into(),
        (Op::Unary(op, _), [a]) => unary(text, *op, ty, compute, a)?,
        (Op::Binary(op, ..), [a, b]) => binary(text, *op, ty, compute, a, b),
        (Op::Compare(op, ..), [a, b]) => compare(text, *op, ty, compute, a, b),
        (Op::Not(_), [a]) => text.value(format_args!("xor i1 {a}, true")),
        (Op::Fma(..), [a, b, c]) => {
            let suffix = suffix(compute);
            text.value(format_args!(
                "call {real} @llvm.fma.{suffix}({real} {a}, {real} {b}, {real} {c})"
            ))
        }
        (Op::IntToReal(_), [a]) => text.value(format_args!("sitofp i32 {a} to {real}")),
        (Op::RealToInt(_), [a]) => {
            let suffix = suffix(compute);
            text.value(format_args!("call i32 @llvm.fptosi.sat.i32.{suffix}({real} {a})"))
        }
        (Op::RealBits(_), [a]) => text.value(format_args!("bitcast float {a} to i32")),
        (Op::BitsReal(_), [a]) => text.value(format_args!("bitcast i32 {a} to float")),
        _ => return Err(Bug(format!("{op:?} is not an arithmetic operation"))),
    })
}

/// `condition ? a : b`.
pub(super) fn select(text: &mut Text, ty: &str, condition: &Value, a: &Value, b: &Value) -> Value {
    text.value(format_args!("select i1 {condition}, {ty} {a}, {ty} {b}"))
}

fn unary(text: &mut Text, op: Unary, ty: Type, compute: Float, a: &Value) -> Result<Value, Bug> {
    if ty == Type::Int {
        return match op {
            Unary::Neg => Ok(text.value(format_args!("sub i32 0, {a}"))),
            _ => Err(Bug(format!("{op:?} of an int"))),
        };
    }
    let (real, suffix) = (real(compute), suffix(compute));
    let intrinsic = match op {
        Unary::Neg => return Ok(text.value(format_args!("fneg {real} {a}"))),
        Unary::Abs => "fabs",
        Unary::Sqrt => "sqrt",
        Unary::Floor => "floor",
        Unary::Ceil => "ceil",
        Unary::Round => "roundeven",
        Unary::Math(math) => return Err(unlegalized(math)),
    };
    Ok(text.value(format_args!("call {real} @llvm.{intrinsic}.{suffix}({real} {a})")))
}

fn unlegalized(math: Math) -> Bug {
    Bug(format!("{math:?} reached a target without being legalized"))
}

fn binary(text: &mut Text, op: Binary, ty: Type, compute: Float, a: &Value, b: &Value) -> Value {
    let name = llvm_type(ty, compute);
    let by_type = |real: &'static str, int: &'static str| if ty == Type::Real { real } else { int };
    let instruction = match op {
        Binary::Add => by_type("fadd", "add"),
        Binary::Sub => by_type("fsub", "sub"),
        Binary::Mul => by_type("fmul", "mul"),
        Binary::Div => "fdiv",
        Binary::Ratio if compute == Float::F32 => {
            let ratio = "call float asm \"div.full.f32 $0, $1, $2;\", \"=f,f,f\"";
            return text.value(format_args!("{ratio}(float {a}, float {b})"));
        }
        Binary::Ratio => "fdiv",
        Binary::And => "and",
        Binary::Or => "or",
        Binary::Shl => "shl",
        Binary::Shr => "ashr",
        Binary::Xor => "xor",
        Binary::MulHigh => return mul_high(text, a, b),
        Binary::Min | Binary::Max => {
            let order = if op == Binary::Min { Compare::Le } else { Compare::Ge };
            let first = compare(text, order, ty, compute, a, b);
            return select(text, name, &first, a, b);
        }
    };
    text.value(format_args!("{instruction} {name} {a}, {b}"))
}

/// The upper half of a product without signs, for which PTX has one instruction.
fn mul_high(text: &mut Text, a: &Value, b: &Value) -> Value {
    let a = text.value(format_args!("zext i32 {a} to i64"));
    let b = text.value(format_args!("zext i32 {b} to i64"));
    let product = text.value(format_args!("mul nuw i64 {a}, {b}"));
    let upper = text.value(format_args!("lshr i64 {product}, 32"));
    text.value(format_args!("trunc i64 {upper} to i32"))
}

fn compare(text: &mut Text, op: Compare, ty: Type, compute: Float, a: &Value, b: &Value) -> Value {
    let name = llvm_type(ty, compute);
    let (real, int) = match op {
        Compare::Lt => ("olt", "slt"),
        Compare::Le => ("ole", "sle"),
        Compare::Gt => ("ogt", "sgt"),
        Compare::Ge => ("oge", "sge"),
        Compare::Eq => ("oeq", "eq"),
        Compare::Ne => ("une", "ne"),
    };
    match ty {
        Type::Real => text.value(format_args!("fcmp {real} {name} {a}, {b}")),
        Type::Int | Type::Bool => text.value(format_args!("icmp {int} {name} {a}, {b}")),
    }
}
