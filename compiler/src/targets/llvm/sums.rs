//! The first stage of sums: lanes into shared memory, threads over what lies there, warps by exchange,
//! and the block's warps one after the other.
//!
//! Whichever way lanes were taken, each has the same slot, so the order is fixed by the schedule alone.

use super::emitter::{Emitter, Pointer, lane};
use super::function::{WARP, threads, working};
use super::inst;
use super::memory::{alignment, narrowed, offset, size};
use super::text::{Label, Text, Value};
use crate::kernel::{BufferId, Float, Kernel, Stmt, Storage};

/// The buffers that hold sums, in the order of their statements.
fn partials(kernel: &Kernel) -> impl Iterator<Item = BufferId> {
    kernel.body.iter().filter_map(|stmt| match stmt {
        Stmt::Reduce(buffer, _) => Some(*buffer),
        _ => None,
    })
}

fn storage(kernel: &Kernel) -> Storage {
    match kernel.compute {
        Float::F32 => Storage::F32,
        Float::F64 => Storage::F64,
    }
}

/// Numbers in shared memory: for each sum a slot for each lane of the block, then one for each warp.
fn slots(kernel: &Kernel) -> (usize, usize) {
    let n_sums = partials(kernel).count();
    let warps = threads(kernel) / WARP;
    (n_sums * kernel.schedule.block as usize, n_sums * warps as usize)
}

/// Bytes of shared memory that a block needs.
pub(super) fn shared_bytes(kernel: &Kernel) -> usize {
    let (lanes, warps) = slots(kernel);
    (lanes + warps) * size(storage(kernel))
}

/// The shared memory of a kernel.
pub(super) fn shared(kernel: &Kernel) -> String {
    let (real, name) = (inst::real(kernel.compute), &kernel.name);
    let array = |what: &str, n: usize| {
        format!("@{name}.{what} = internal addrspace(3) global [{n} x {real}] undef, align 16\n")
    };
    match slots(kernel) {
        (0, _) => String::new(),
        (lanes, warps) => array("lanes", lanes) + &array("warps", warps),
    }
}

/// The address of a number in one of the arrays.
fn address(kernel: &Kernel, text: &mut Text, array: &str, slot: &Value) -> Value {
    let (real, name) = (inst::real(kernel.compute), &kernel.name);
    text.value(format_args!("getelementptr {real}, ptr addrspace(3) @{name}.{array}, i64 {slot}"))
}

/// Leaves what a thread's lanes contribute at their slots: what was computed on the way from one block,
/// or 0 on that from the other.
pub(super) fn contribute(e: &mut Emitter, slot: &Value, without: Label, with: Label) {
    let (kernel, width) = (e.kernel, e.place.width);
    let (real, zero) = (inst::real(kernel.compute), inst::constant(0.0, kernel.compute));
    let text = &mut e.text;
    let mut phi =
        |value: &Value| text.phi(real, &[(zero.clone(), without), (value.clone(), with)]).0;
    let sums: Vec<Vec<Value>> =
        e.sums.iter().map(|lanes| (0..width).map(|i| phi(lane(lanes, i))).collect()).collect();
    if sums.is_empty() {
        return;
    }
    let behind = (working(kernel) != threads(kernel)).then(|| {
        let (inside, behind) = (text.block(), text.block());
        let works = text.value(format_args!("icmp ult i64 %tid, {}", working(kernel)));
        text.branch(&works, inside, behind);
        text.enter(inside);
        behind
    });
    for (i, lanes) in sums.iter().enumerate() {
        let at = text.value(format_args!("add i64 {slot}, {}", i * kernel.schedule.block as usize));
        let to = address(kernel, text, "lanes", &at);
        let (stored, ty) = inst::vector(text, real, lanes);
        let align = alignment(storage(kernel), width);
        text.effect(format_args!("store {ty} {stored}, ptr addrspace(3) {to}, align {align}"));
    }
    if let Some(behind) = behind {
        text.jump(behind);
        text.enter(behind);
    }
}

/// Adds up each sum over the block and stores it.
pub(super) fn add_block(e: &mut Emitter) {
    let kernel = e.kernel;
    let n_sums = partials(kernel).count();
    if n_sums == 0 {
        return;
    }
    let real = inst::real(kernel.compute);
    let name = match kernel.compute {
        Float::F32 => "warp.sum.f32",
        Float::F64 => "warp.sum.f64",
    };
    let text = &mut e.text;
    text.effect("call void @llvm.nvvm.barrier0()");
    let of_threads: Vec<Value> = (0..n_sums).map(|i| add_lanes(kernel, text, i)).collect();
    let of_warps: Vec<Value> = of_threads
        .iter()
        .map(|sum| text.value(format_args!("call {real} @{name}({real} {sum})")))
        .collect();
    let warps = threads(kernel) / WARP;
    if warps > 1 {
        share(kernel, text, &of_warps);
    }
    let (writes, done) = (text.block(), text.block());
    let leads = text.value("icmp eq i64 %tid, 0");
    text.branch(&leads, writes, done);
    text.enter(writes);
    for (i, (buffer, of_warp)) in partials(kernel).zip(&of_warps).enumerate() {
        let total = add_warps(kernel, text, i, warps, of_warp);
        store_partial(kernel, text, buffer, &e.pointers[buffer.0 as usize], &total);
    }
    text.jump(done);
    text.enter(done);
}

/// A thread's own part of a sum: lanes that lie a row of threads apart.
fn add_lanes(kernel: &Kernel, text: &mut Text, sum: usize) -> Value {
    let (real, working) = (inst::real(kernel.compute), working(kernel));
    let zero = inst::constant(0.0, kernel.compute);
    // The threads that only fill up the last warp read another's slots and add nothing.
    let works = (working != threads(kernel))
        .then(|| text.value(format_args!("icmp ult i64 %tid, {working}")));
    let mut total: Option<Value> = None;
    for i in 0..kernel.schedule.lanes {
        let row = sum * kernel.schedule.block as usize + (i * working) as usize;
        let slot = match &works {
            Some(works) => inst::select(text, "i64", works, &"%tid".into(), &"0".into()),
            None => "%tid".into(),
        };
        let slot = text.value(format_args!("add i64 {slot}, {row}"));
        let from = address(kernel, text, "lanes", &slot);
        let part = text.value(format_args!("load {real}, ptr addrspace(3) {from}"));
        total = Some(match total {
            Some(total) => text.value(format_args!("fadd {real} {total}, {part}")),
            None => part,
        });
    }
    let total = total.unwrap_or_else(|| zero.clone());
    match &works {
        Some(works) => inst::select(text, real, works, &total, &zero),
        None => total,
    }
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
        let to = address(kernel, text, "warps", &slot);
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
        let from = address(kernel, text, "warps", &slot.to_string().into());
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
