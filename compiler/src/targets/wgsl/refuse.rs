//! What WGSL cannot do, found before anything is emitted.

use super::{MAX_THREADS, Options};
use crate::error::{Bug, EmitError, Unsupported};
use crate::kernel::{Float, Kernel, Op, Stmt, Storage};

/// Optional buffers have one bit each in a `u32`.
const MAX_OPTIONAL: usize = 32;

/// Fails on the first form of the kernel that WGSL does not have.
pub fn refuse(kernel: &Kernel, options: &Options) -> Result<(), EmitError> {
    if kernel.compute != Float::F32 {
        return Err(unsupported("computing in f64", "compute in f32, or compile for the CPU"));
    }
    for buffer in &kernel.buffers {
        refuse_storage(&buffer.name, buffer.storage)?;
    }
    if kernel.buffers.iter().filter(|b| b.optional).count() > MAX_OPTIONAL {
        let what = format!("more than {MAX_OPTIONAL} optional operands");
        return Err(unsupported(&what, "compile for the CPU or for PTX"));
    }
    let (lanes, block) = (kernel.schedule.lanes, kernel.schedule.block);
    let threads = block / lanes.max(1);
    if ![1, 4].contains(&lanes) || block % lanes != 0 || !(1..=MAX_THREADS).contains(&threads) {
        let what = format!("`{}` is scheduled for {lanes} lanes, blocks of {block}", kernel.name);
        return Err(
            Bug(format!("{what}; WGSL takes 1 or 4 lanes, {MAX_THREADS} times at most")).into()
        );
    }
    if options.strict && any_fma(&kernel.body) {
        let what = "an `fma` rounded once";
        return Err(unsupported(what, "write `a * b + c`, use fast maths, the CPU or PTX"));
    }
    Ok(())
}

fn refuse_storage(name: &str, storage: Storage) -> Result<(), EmitError> {
    let ty = match storage {
        Storage::F32 | Storage::I32 | Storage::F16Bits => return Ok(()),
        Storage::F64 => "f64",
        Storage::F16 => "f16",
        Storage::Bf16 | Storage::Bf16Bits => "bf16",
    };
    Err(unsupported(
        &format!("`{name}` stored as {ty}"),
        "store f32 or f16, or compile for the CPU or PTX",
    ))
}

fn any_fma(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Let(_, op) => matches!(op, Op::Fma(..)),
        Stmt::Loop(inner) => any_fma(&inner.body),
        Stmt::Product(product) => product.fused,
        Stmt::Store(..) | Stmt::Reduce(..) => false,
    })
}

fn unsupported(what: &str, instead: &str) -> EmitError {
    Unsupported { target: "wgsl", what: what.into(), instead: instead.into() }.into()
}
