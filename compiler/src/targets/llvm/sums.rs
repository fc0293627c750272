//! The first stage of sums: a thread's lanes, then the threads of a warp by exchange, and for the sums of
//! whole blocks the warps one after the other.
//!
//! Whichever way lanes were taken, each thread adds up the same adjacent ones, so that the order is fixed
//! by the schedule alone.

use super::emitter::{Emitter, Lanes, Pointer, lane};
use super::function::{WARP, threads, working};
use super::inst;
use super::memory::{alignment, narrowed, offset, size};
use super::text::{Label, Text, Value};
use crate::kernel::{BufferId, Float, GROUP, Kernel, Shape, Stmt, Storage};

/// The buffers that hold sums, in the order of their statements.
fn partials(kernel: &Kernel) -> impl Iterator<Item = BufferId> {
    kernel.body.iter().filter_map(|stmt| match stmt {
        Stmt::Reduce(buffer, _) => Some(*buffer),
        _ => None,
    })
}

/// Those of whole blocks.
fn of_blocks(kernel: &Kernel) -> impl Iterator<Item = BufferId> {
    partials(kernel).filter(|buffer| kernel.buffer(*buffer).shape == Shape::Partial)
}

fn storage(kernel: &Kernel) -> Storage {
    match kernel.compute {
        Float::F32 => Storage::F32,
        Float::F64 => Storage::F64,
    }
}

/// Numbers in shared memory: for each sum a slot for each lane of the block, by which lanes that were
/// taken one by one come to the thread that adds them; for each sum of the block one for each warp.
fn slots(kernel: &Kernel) -> (usize, usize) {
    let lanes = match kernel.schedule.lanes {
        1 => 0,
        _ => partials(kernel).count() * kernel.schedule.block as usize,
    };
    let warps = threads(kernel) / WARP;
    let of_warps = if warps > 1 { of_blocks(kernel).count() * warps as usize } else { 0 };
    (lanes, of_warps)
}

/// Bytes of shared memory that a block needs.
pub(super) fn shared_bytes(kernel: &Kernel) -> usize {
    let (lanes, warps) = slots(kernel);
    (lanes + warps) * size(storage(kernel))
}

/// The shared memory of a kernel.
pub(super) fn shared(kernel: &Kernel) -> String {
    let (real, name) = (inst::real(kernel.compute), &kernel.name);
    let array = |what: &str, n: usize| match n {
        0 => String::new(),
        _ => format!(
            "@{name}.{what} = internal addrspace(3) global [{n} x {real}] undef, align 16\n"
        ),
    };
    let (lanes, warps) = slots(kernel);
    array("lanes", lanes) + &array("warps", warps)
}

/// The address of a number in one of the arrays.
fn address(kernel: &Kernel, text: &mut Text, array: &str, slot: &Value) -> Value {
    let (real, name) = (inst::real(kernel.compute), &kernel.name);
    text.value(format_args!("getelementptr {real}, ptr addrspace(3) @{name}.{array}, i64 {slot}"))
}

/// What a thread's lanes contribute to each sum: what was computed on the way from one block, or 0 on
/// that from the other.
pub(super) fn contributions(e: &mut Emitter, without: Label, with: Label) -> Vec<Lanes> {
    let (kernel, width) = (e.kernel, e.place.width);
    let (real, zero) = (inst::real(kernel.compute), inst::constant(0.0, kernel.compute));
    let text = &mut e.text;
    let mut phi =
        |value: &Value| text.phi(real, &[(zero.clone(), without), (value.clone(), with)]).0;
    e.sums.iter().map(|lanes| (0..width).map(|i| phi(lane(lanes, i))).collect()).collect()
}

/// Leaves what one lane contributes at its slot.
pub(super) fn leave(e: &mut Emitter, slot: &Value, sums: &[Lanes]) {
    let (kernel, real) = (e.kernel, inst::real(e.kernel.compute));
    let text = &mut e.text;
    if sums.is_empty() {
        return;
    }
    let works = (working(kernel) != threads(kernel))
        .then(|| text.value(format_args!("icmp ult i64 %tid, {}", working(kernel))));
    text.only_where(works.as_ref(), |text| {
        for (i, lanes) in sums.iter().enumerate() {
            let sum = i * kernel.schedule.block as usize;
            let at = text.value(format_args!("add i64 {slot}, {sum}"));
            let to = address(kernel, text, "lanes", &at);
            text.effect(format_args!("store {real} {}, ptr addrspace(3) {to}", lane(lanes, 0)));
        }
    });
}

/// What a thread's adjacent lanes have left, once all threads are through. The threads that only fill up
/// the last warp get numbers of others, which count for nothing.
pub(super) fn collect(e: &mut Emitter) -> Vec<Lanes> {
    let (kernel, real) = (e.kernel, inst::real(e.kernel.compute));
    let (n_sums, width) = (partials(kernel).count(), kernel.schedule.lanes as usize);
    let text = &mut e.text;
    if n_sums == 0 {
        return Vec::new();
    }
    text.effect("call void @llvm.nvvm.barrier0()");
    let mine = text.value(format_args!("mul i64 %tid, {width}"));
    let mine = only_working(kernel, text, "i64", &mine, &"0".into());
    let align = alignment(storage(kernel), width);
    let of_sum = |i: usize| {
        let at = text.value(format_args!("add i64 {mine}, {}", i * kernel.schedule.block as usize));
        let from = address(kernel, text, "lanes", &at);
        let ty = format!("<{width} x {real}>");
        let all = text.value(format_args!("load {ty}, ptr addrspace(3) {from}, align {align}"));
        let one = |i| text.value(format_args!("extractelement {ty} {all}, i32 {i}"));
        (0..width).map(one).collect()
    };
    (0..n_sums).map(of_sum).collect()
}

/// A value for threads that have lanes, and another for those that fill up the last warp.
fn only_working(kernel: &Kernel, text: &mut Text, ty: &str, value: &Value, other: &Value) -> Value {
    if working(kernel) == threads(kernel) {
        return value.clone();
    }
    let works = text.value(format_args!("icmp ult i64 %tid, {}", working(kernel)));
    inst::select(text, ty, &works, value, other)
}

/// Adds up what the thread's lanes contribute to each sum, and stores the sums.
pub(super) fn add(e: &mut Emitter, sums: &[Lanes]) {
    let kernel = e.kernel;
    let mut threads_sums = Vec::new();
    for (buffer, lanes) in partials(kernel).zip(sums) {
        match kernel.buffer(buffer).shape {
            Shape::Partial => threads_sums.push((buffer, add_lanes(kernel, &mut e.text, lanes))),
            _ => add_groups(e, buffer, lanes),
        }
    }
    add_block(e, &threads_sums);
}

/// A thread's own part of a sum: neighbours first.
fn add_lanes(kernel: &Kernel, text: &mut Text, lanes: &Lanes) -> Value {
    let (real, zero) = (inst::real(kernel.compute), inst::constant(0.0, kernel.compute));
    let mut terms = lanes.clone();
    while terms.len() > 1 {
        let add = |pair: &[Value]| text.value(format_args!("fadd {real} {}, {}", pair[0], pair[1]));
        terms = terms.chunks_exact(2).map(add).collect();
    }
    only_working(kernel, text, real, &terms[0], &zero)
}

/// Adds the sums of a block's threads and stores them.
fn add_block(e: &mut Emitter, of_threads: &[(BufferId, Value)]) {
    if of_threads.is_empty() {
        return;
    }
    let kernel = e.kernel;
    let real = inst::real(kernel.compute);
    let name = of_warps(kernel, "sum");
    let text = &mut e.text;
    let sums = of_threads.iter();
    let of_warps: Vec<Value> =
        sums.map(|(_, sum)| text.value(format_args!("call {real} {name}({real} {sum})"))).collect();
    let warps = threads(kernel) / WARP;
    if warps > 1 {
        share(kernel, text, &of_warps);
    }
    let leads = text.value("icmp eq i64 %tid, 0");
    text.only_where(Some(&leads), |text| {
        for (i, ((buffer, _), of_warp)) in of_threads.iter().zip(&of_warps).enumerate() {
            let total = add_warps(kernel, text, i, warps, of_warp);
            let pointer = &e.pointers[buffer.0 as usize];
            store_sum(kernel, text, *buffer, pointer, &"%block".into(), &total);
        }
    });
}

/// A function of `device.ll` that exchanges reals within a warp.
fn of_warps(kernel: &Kernel, what: &str) -> String {
    let real = match kernel.compute {
        Float::F32 => "f32",
        Float::F64 => "f64",
    };
    format!("@warp.{what}.{real}")
}

/// The first thread of each warp leaves the warp's sums in shared memory.
fn share(kernel: &Kernel, text: &mut Text, of_warps: &[Value]) {
    let real = inst::real(kernel.compute);
    let warps = threads(kernel) / WARP;
    let lane = text.value(format_args!("and i64 %tid, {}", WARP - 1));
    let warp = text.value(format_args!("udiv i64 %tid, {WARP}"));
    let is_first = text.value(format_args!("icmp eq i64 {lane}, 0"));
    text.only_where(Some(&is_first), |text| {
        for (i, value) in of_warps.iter().enumerate() {
            let slot = text.value(format_args!("add i64 {warp}, {}", i * warps as usize));
            let to = address(kernel, text, "warps", &slot);
            text.effect(format_args!("store {real} {value}, ptr addrspace(3) {to}"));
        }
    });
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

/// Adds neighbours while they share a channel, and stores the sums of groups.
fn add_groups(e: &mut Emitter, buffer: BufferId, lanes: &Lanes) {
    let kernel = e.kernel;
    let (real, down) = (inst::real(kernel.compute), of_warps(kernel, "down"));
    let text = &mut e.text;
    let width = lanes.len() as u32;
    let shift = text.value(format_args!("or i64 %S, {GROUP}"));
    let shift = text.value(format_args!("call i64 @llvm.cttz.i64(i64 {shift}, i1 true)"));
    let none = text.value("icmp eq i64 %S, 0");
    let shift = inst::select(text, "i64", &none, &"0".into(), &shift);
    let mut sums = lanes.clone();
    for level in 0..GROUP.trailing_zeros() {
        let apart = 1 << level;
        let adds = text.value(format_args!("icmp ugt i64 {shift}, {level}"));
        if apart < width {
            for i in (0..width as usize).step_by(2 * apart as usize) {
                let (a, b) = (&sums[i], &sums[i + apart as usize]);
                let sum = text.value(format_args!("fadd {real} {a}, {b}"));
                sums[i] = inst::select(text, real, &adds, &sum, a);
            }
        } else {
            let (a, threads) = (&sums[0], apart / width);
            let b = text.value(format_args!("call {real} {down}({real} {a}, i32 {threads})"));
            let sum = text.value(format_args!("fadd {real} {a}, {b}"));
            sums[0] = inst::select(text, real, &adds, &sum, a);
        }
    }
    let group = text.value(format_args!("shl i64 1, {shift}"));
    let within = text.value(format_args!("sub i64 {group}, 1"));
    let first = text.value(format_args!("mul i64 %tid, {width}"));
    for (i, sum) in sums.iter().enumerate() {
        let in_block = text.value(format_args!("add i64 {first}, {i}"));
        let n = text.value(format_args!("add i64 %base, {in_block}"));
        let place = text.value(format_args!("and i64 {n}, {within}"));
        let begins = text.value(format_args!("icmp eq i64 {place}, 0"));
        let inside = text.value(format_args!("icmp ult i64 {n}, %N"));
        let stores = text.value(format_args!("and i1 {begins}, {inside}"));
        let stores = only_working(kernel, text, "i1", &stores, &"false".into());
        text.only_where(Some(&stores), |text| {
            let mut index = text.value(format_args!("lshr i64 {n}, {shift}"));
            if kernel.is_segmented() {
                let up = text.value(format_args!("add i64 %N, {within}"));
                let row = text.value(format_args!("lshr i64 {up}, {shift}"));
                let before = text.value(format_args!("mul i64 %segment, {row}"));
                index = text.value(format_args!("add i64 {before}, {index}"));
            }
            store_sum(kernel, text, buffer, &e.pointers[buffer.0 as usize], &index, sum);
        });
    }
}

/// Stores a sum, where its buffer was given.
fn store_sum(
    kernel: &Kernel,
    text: &mut Text,
    buffer: BufferId,
    pointer: &Pointer,
    index: &Value,
    sum: &Value,
) {
    let storage = kernel.buffer(buffer).storage;
    let at = text.value(format_args!("mul i64 {index}, {}", size(storage)));
    let to = offset(text, &pointer.base, &at);
    let (stored, ty) = narrowed(text, storage, kernel.compute, sum);
    let store = format!("store {ty} {stored}, ptr addrspace(1) {to}, align {}", size(storage));
    text.only_where(pointer.given.as_ref(), |text| text.effect(store));
}
