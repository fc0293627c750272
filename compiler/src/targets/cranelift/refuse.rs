//! What this target does not do.

use super::Level;
use super::sums::has_groups;
use crate::error::Unsupported;
use crate::kernel::{Float, GROUP, Kernel, Op, Stmt, Storage, Unary};

/// Fails for the first form of a kernel that the target lacks.
pub fn refuse(kernel: &Kernel, level: Level) -> Result<(), Unsupported> {
    for buffer in &kernel.buffers {
        let is_double = kernel.compute == Float::F64 && is_bits(buffer.storage);
        if is_double || matches!(buffer.storage, Storage::F16 | Storage::Bf16) {
            let what = format!("16-bit storage of `{}`", buffer.name);
            return Err(unsupported(what, "store it in f32, or take a GPU target"));
        }
    }
    let lanes = kernel.schedule.lanes;
    if has_groups(kernel) && !lanes.is_multiple_of(GROUP) {
        let what = format!("sums of groups in strips of {lanes} lanes");
        return Err(unsupported(what, "take strips of a multiple of 16 lanes"));
    }
    let mut result = Ok(());
    kernel.walk(&mut |stmt| {
        result = match (&result, stmt) {
            (Ok(()), Stmt::Let(_, op)) => refuse_op(op, level),
            (Ok(()), Stmt::Product(product)) if product.fused => refuse_fma(level),
            _ => return,
        };
    });
    result
}

fn is_bits(storage: Storage) -> bool {
    matches!(storage, Storage::F16Bits | Storage::Bf16Bits)
}

fn refuse_op(op: &Op, level: Level) -> Result<(), Unsupported> {
    match op {
        Op::Fma(..) => refuse_fma(level),
        Op::Unary(Unary::Math(math), _) => {
            let what = format!("{math:?} in f64");
            Err(unsupported(what, "compute in f32, or in f64 with the interpreter"))
        }
        _ => Ok(()),
    }
}

fn refuse_fma(level: Level) -> Result<(), Unsupported> {
    if level.has_fma() {
        return Ok(());
    }
    let what = format!("`fma` at level {}", level.name());
    Err(unsupported(what, "take level x86-64-v3 or aarch64"))
}

fn unsupported(what: String, instead: &str) -> Unsupported {
    Unsupported { target: "cpu", what, instead: instead.into() }
}
