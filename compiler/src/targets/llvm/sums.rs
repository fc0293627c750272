//! The first stage of sums: over the threads of a warp by exchange, over the warps of a block through shared memory.
//!
//! The order is fixed by the schedule alone, so that a sum is the same in every run.

use super::emitter::{Emitter, Pointer};
use super::function::{WARP, threads};
use super::inst;
use super::memory::{narrowed, offset, size};
use super::text::{Text, Value};
use crate::kernel::{BufferId, Float, Kernel, Stmt};

/// Adds up each sum over the block in a fixed order and stores it; the shared memory this needs.
pub(super) fn block_sums(e: &mut Emitter, sums: &[Value]) -> String {
    let kernel = e.kernel;
    let real = inst::real(kernel.compute);
    let warps = threads(kernel) / WARP;
    if sums.is_empty() {
        return String::new();
    }
    let name = match kernel.compute {
        Float::F32 => "warp.sum.f32",
        Float::F64 => "warp.sum.f64",
    };
    let text = &mut e.text;
    let of_warps: Vec<Value> = sums
        .iter()
        .map(|sum| text.value(format_args!("call {real} @{name}({real} {sum})")))
        .collect();
    if warps > 1 {
        share(kernel, text, &of_warps);
    }
    let (writes, done) = (text.block(), text.block());
    let leads = text.value("icmp eq i64 %tid, 0");
    text.branch(&leads, writes, done);
    text.enter(writes);
    let partials = kernel.body.iter().filter_map(|stmt| match stmt {
        Stmt::Reduce(buffer, _) => Some(*buffer),
        _ => None,
    });
    for (i, (buffer, of_warp)) in partials.zip(&of_warps).enumerate() {
        let total = add_warps(kernel, text, i, warps, of_warp);
        store_partial(kernel, text, buffer, &e.pointers[buffer.0 as usize], &total);
    }
    text.jump(done);
    text.enter(done);
    if warps == 1 {
        return String::new();
    }
    let slots = warps as usize * sums.len();
    let align = match kernel.compute {
        Float::F32 => 4,
        Float::F64 => 8,
    };
    format!(
        "@{}.sums = internal addrspace(3) global [{slots} x {real}] undef, align {align}\n",
        kernel.name
    )
}

/// The first thread of each warp leaves the warp's sums in shared memory.
fn share(kernel: &Kernel, text: &mut Text, of_warps: &[Value]) {
    let real = inst::real(kernel.compute);
    let warps = threads(kernel) / WARP;
    let (leads, all) = (text.block(), text.block());
    let lane = text.value(format_args!("and i64 %tid, {}", WARP - 1));
    let warp = text.value(format_args!("udiv i64 %tid, {WARP}"));
    let is_first = text.value(format_args!("icmp eq i64 {lane}, 0"));
    text.branch(&is_first, leads, all);
    text.enter(leads);
    for (i, value) in of_warps.iter().enumerate() {
        let slot = text.value(format_args!("add i64 {warp}, {}", i * warps as usize));
        let to = text.value(format_args!(
            "getelementptr {real}, ptr addrspace(3) @{}.sums, i64 {slot}",
            kernel.name
        ));
        text.effect(format_args!("store {real} {value}, ptr addrspace(3) {to}"));
    }
    text.jump(all);
    text.enter(all);
    text.effect("call void @llvm.nvvm.barrier0()");
}

/// The sum over the warps of a block, in their order.
fn add_warps(kernel: &Kernel, text: &mut Text, sum: usize, warps: u32, own: &Value) -> Value {
    let real = inst::real(kernel.compute);
    let mut total = own.clone();
    for warp in 1..warps {
        let slot = sum * warps as usize + warp as usize;
        let from = text.value(format_args!(
            "getelementptr {real}, ptr addrspace(3) @{}.sums, i64 {slot}",
            kernel.name
        ));
        let part = text.value(format_args!("load {real}, ptr addrspace(3) {from}"));
        total = text.value(format_args!("fadd {real} {total}, {part}"));
    }
    total
}

fn store_partial(
    kernel: &Kernel,
    text: &mut Text,
    buffer: BufferId,
    pointer: &Pointer,
    total: &Value,
) {
    let storage = kernel.buffer(buffer).storage;
    let at = text.value(format_args!("mul i64 %block, {}", size(storage)));
    let to = offset(text, &pointer.base, &at);
    let (stored, ty) = narrowed(text, storage, kernel.compute, total);
    let store = format!("store {ty} {stored}, ptr addrspace(1) {to}, align {}", size(storage));
    let Some(given) = &pointer.given else { return text.effect(store) };
    let (inside, behind) = (text.block(), text.block());
    text.branch(given, inside, behind);
    text.enter(inside);
    text.effect(store);
    text.jump(behind);
    text.enter(behind);
}
