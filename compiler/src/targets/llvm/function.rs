//! One kernel as an LLVM function: its arguments, which lanes a thread takes, and the first stage of sums.
//!
//! A block of threads takes `B` adjacent lanes. Where every row begins at an aligned address, each thread
//! takes its lanes side by side, as vectors; otherwise it takes them one after the other, a block's width
//! apart, so that the threads of a warp touch adjacent elements either way.

use std::fmt::Write;

use super::emitter::{Emitter, Lanes, Place, Pointer};
use super::inst;
use super::lines::Marks;
use super::memory::{alignment, is_per_lane, size};
use super::sums::{add, collect, contributions, leave, shared, shared_bytes};
use super::text::{Text, Value};
use crate::error::{Bug, EmitError, Unsupported};
use crate::kernel::{BufferId, Kernel, SCALARS, Shape};

/// Threads of a warp.
pub(super) const WARP: u32 = 32;

/// Most threads of a block.
const MOST_THREADS: u32 = 1024;

/// Most bytes of shared memory of a block.
const MOST_SHARED: usize = 48 << 10;

/// Threads that take lanes in each block.
pub(super) fn working(kernel: &Kernel) -> u32 {
    kernel.schedule.block / kernel.schedule.lanes
}

/// Threads of a block: whole warps, since the first stage of sums exchanges values within them.
pub(super) fn threads(kernel: &Kernel) -> u32 {
    working(kernel).next_multiple_of(WARP)
}

/// The function of a kernel for a compute capability, and the shared memory it needs, as LLVM IR.
///
/// # Errors
///
/// [`Unsupported`] for a schedule that does not fit a block of threads; a [`Bug`] for a kernel that
/// breaks the rules of the IR.
pub(super) fn function(kernel: &Kernel, marks: Marks, sm: u32) -> Result<String, EmitError> {
    check_schedule(kernel)?;
    let head = marks.head.clone();
    let mut emitter = Emitter::new(kernel, marks, sm);
    let aligned = prologue(&mut emitter);
    let contributed = paths(&mut emitter, aligned.as_ref())?;
    add(&mut emitter, &contributed);
    emitter.text.effect("ret void");

    let mut out = shared(kernel);
    let (name, parameters) = (&kernel.name, parameters(kernel));
    _ = writeln!(out, "define ptx_kernel void @{name}({parameters}){head} {{");
    out.push_str(&emitter.text.render());
    out.push_str("}\n\n");
    Ok(out)
}

fn check_schedule(kernel: &Kernel) -> Result<(), EmitError> {
    let schedule = kernel.schedule;
    let unsupported = |what: String| Unsupported {
        target: "ptx",
        what,
        instead: "choose another schedule, or the targets cpu or wgsl".into(),
    };
    if !matches!(schedule.lanes, 1 | 2 | 4 | 8) {
        return Err(
            unsupported(format!("{} lanes a thread, only 1, 2, 4 or 8", schedule.lanes)).into()
        );
    }
    if threads(kernel) > MOST_THREADS {
        let what = format!("{} threads a block, only up to {MOST_THREADS}", threads(kernel));
        return Err(unsupported(what).into());
    }
    if shared_bytes(kernel) > MOST_SHARED {
        let what = format!("{} bytes of shared memory for sums", shared_bytes(kernel));
        return Err(unsupported(what).into());
    }
    Ok(())
}

/// The parameters: pointers, then the launch scalars, then the first lane's absolute number.
fn parameters(kernel: &Kernel) -> String {
    let mut list = Vec::new();
    for (i, buffer) in kernel.buffers.iter().enumerate() {
        let align = size(buffer.storage);
        let readonly = if buffer.written { "" } else { "readonly " };
        list.push(format!("ptr addrspace(1) noalias {readonly}align {align} %p{i}"));
    }
    list.extend(SCALARS.iter().map(|name| format!("i64 %{name}")));
    let sequences = kernel.buffers.iter().enumerate().filter(|(_, b)| b.shape == Shape::Sequence);
    list.extend(sequences.map(|(i, _)| format!("i64 %stride{i}")));
    if kernel.draws() {
        list.extend(["i64 %seed_low", "i64 %seed_high", "i64 %first_step"].map(String::from));
    }
    list.extend(kernel.is_segmented().then(|| "i64 %L".to_string()));
    list.push("i64 %first".into());
    list.join(", ")
}

/// Emits what all lanes share, and whether vector accesses are possible; none where a thread has one
/// lane only.
fn prologue(e: &mut Emitter) -> Option<Value> {
    let kernel = e.kernel;
    let text = &mut e.text;
    let (block, chunk) = (kernel.schedule.block, kernel.schedule.chunk);
    text.effect("%tid.32 = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()");
    text.effect("%tid = zext i32 %tid.32 to i64");
    text.effect("%block.32 = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()");
    text.effect("%block = zext i32 %block.32 to i64");
    if kernel.is_segmented() {
        e.begin = segment(kernel, text);
    } else {
        text.effect(format_args!("%base = mul i64 %block, {block}"));
        text.effect(format_args!("%full = udiv i64 %T, {chunk}"));
        text.effect(format_args!("%short = urem i64 %T, {chunk}"));
    }
    let aligned = aligned(kernel, text);
    for i in 0..kernel.buffers.len() {
        let pointer = pointer(kernel, BufferId(i as u32), text);
        e.pointers.push(pointer);
    }
    aligned
}

/// Emits which segment of time a block takes, and what of it: `%base`, the chunks `%full` ends, `%short`, and `%ends`,
/// whether it is the segment that comes last. Returned is its first chunk.
fn segment(kernel: &Kernel, text: &mut Text) -> Value {
    let (block, chunk) = (kernel.schedule.block, kernel.schedule.chunk);
    let up = text.value(format_args!("add i64 %N, {}", block - 1));
    let blocks = text.value(format_args!("udiv i64 {up}, {block}"));
    text.effect(format_args!("%segment = udiv i64 %block, {blocks}"));
    let row = text.value(format_args!("urem i64 %block, {blocks}"));
    text.effect(format_args!("%base = mul i64 {row}, {block}"));
    let none = text.value("icmp eq i64 %T, 0");
    let steps = inst::select(text, "i64", &none, &"1".into(), &"%T".into());
    let length = text.value("sub i64 %L, 1");
    let up = text.value(format_args!("add i64 {steps}, {length}"));
    text.effect(format_args!("%segments = udiv i64 {up}, %L"));
    text.effect("%segment.last = sub i64 %segments, 1");
    let is_last = text.value("icmp eq i64 %segment, %segment.last");
    let each = text.value(format_args!("udiv i64 %L, {chunk}"));
    let begin = text.value(format_args!("mul i64 %segment, {each}"));
    let end = text.value(format_args!("add i64 {begin}, {each}"));
    let all = text.value(format_args!("udiv i64 %T, {chunk}"));
    let full = inst::select(text, "i64", &is_last, &all, &end);
    text.effect(format_args!("%full = add i64 {full}, 0"));
    let rest = text.value(format_args!("urem i64 %T, {chunk}"));
    let short = inst::select(text, "i64", &is_last, &rest, &"0".into());
    text.effect(format_args!("%short = add i64 {short}, 0"));
    let ends = match kernel.is_reversed() {
        true => text.value("icmp eq i64 %segment, 0"),
        false => is_last,
    };
    text.effect(format_args!("%ends = or i1 {ends}, false"));
    begin
}

/// Whether each thread's lanes lie side by side at aligned addresses in every row of every buffer.
fn aligned(kernel: &Kernel, text: &mut Text) -> Option<Value> {
    let lanes = kernel.schedule.lanes;
    if lanes == 1 {
        return None;
    }
    let per_lane = kernel.buffers.iter().enumerate().filter(|(_, b)| is_per_lane(b.shape));
    let mut off = text.value(format_args!("and i64 %N, {}", lanes - 1));
    for (i, buffer) in per_lane {
        let mask = alignment(buffer.storage, lanes as usize) - 1;
        let address = text.value(format_args!("ptrtoint ptr addrspace(1) %p{i} to i64"));
        let part = text.value(format_args!("and i64 {address}, {mask}"));
        off = text.value(format_args!("or i64 {off}, {part}"));
        if buffer.shape == Shape::Sequence {
            let part = text.value(format_args!("and i64 %stride{i}, {}", lanes - 1));
            off = text.value(format_args!("or i64 {off}, {part}"));
        }
    }
    Some(text.value(format_args!("icmp eq i64 {off}, 0")))
}

fn pointer(kernel: &Kernel, id: BufferId, text: &mut Text) -> Pointer {
    let (i, buffer) = (id.0, kernel.buffer(id));
    let mut base: Value = format!("%p{i}").into();
    let given =
        buffer.optional.then(|| text.value(format_args!("icmp ne ptr addrspace(1) {base}, null")));
    let mut stride = (buffer.shape == Shape::Sequence)
        .then(|| text.value(format_args!("mul i64 %stride{i}, {}", size(buffer.storage))));
    if let (Some(given), false) = (&given, buffer.written) {
        base = inst::select(text, "ptr addrspace(1)", given, &base, &"@absent".into());
        stride = stride.map(|stride| inst::select(text, "i64", given, &stride, &"0".into()));
    }
    Pointer { base, given, stride }
}

/// Emits the kernel for lanes side by side, where those are possible, and for one lane after the other;
/// goes on where both ways meet, with what the thread's lanes contribute to each sum.
fn paths(e: &mut Emitter, aligned: Option<&Value>) -> Result<Vec<Lanes>, Bug> {
    let Some(aligned) = aligned else {
        return lanes_at(e, &"%tid.32".into(), 1);
    };
    let (wide, narrow, join) = (e.text.block(), e.text.block(), e.text.block());
    e.text.branch(aligned, wide, narrow);
    e.text.enter(wide);
    let lanes = e.kernel.schedule.lanes;
    let slot = e.text.value(format_args!("mul i32 %tid.32, {lanes}"));
    let from_wide = lanes_at(e, &slot, lanes as usize)?;
    let behind_wide = e.text.current();
    e.text.jump(join);
    e.text.enter(narrow);
    let from_narrow = narrow_path(e)?;
    let behind_narrow = e.text.current();
    e.text.jump(join);
    e.text.enter(join);
    let real = inst::real(e.kernel.compute);
    let mut phi = |(a, b): (&Value, &Value)| {
        e.text.phi(real, &[(a.clone(), behind_wide), (b.clone(), behind_narrow)]).0
    };
    let sums = from_wide.iter().zip(&from_narrow);
    Ok(sums.map(|(a, b)| a.iter().zip(b).map(&mut phi).collect()).collect())
}

/// A loop over the thread's lanes.
fn narrow_path(e: &mut Emitter) -> Result<Vec<Lanes>, Bug> {
    let (block, working) = (e.kernel.schedule.block, working(e.kernel));
    let text = &mut e.text;
    let (head, done) = (text.block(), text.block());
    let before = text.current();
    text.jump(head);
    text.enter(head);
    let (slot, phi) = text.phi("i32", &[("%tid.32".into(), before)]);
    let sums = lanes_at(e, &slot, 1)?;
    let text = &mut e.text;
    let wide = text.value(format_args!("zext i32 {slot} to i64"));
    leave(e, &wide, &sums);
    let text = &mut e.text;
    let next = text.value(format_args!("add i32 {slot}, {working}"));
    text.add_incoming(phi, next.clone(), text.current());
    let more = text.value(format_args!("icmp ult i32 {next}, {block}"));
    text.branch(&more, head, done);
    text.enter(done);
    Ok(collect(e))
}

/// Emits the kernel for the block's adjacent lanes from `slot` on, if there are such; what they contribute
/// to sums, 0 where there are none.
fn lanes_at(e: &mut Emitter, slot: &Value, width: usize) -> Result<Vec<Lanes>, Bug> {
    let (inside, behind) = (e.text.block(), e.text.block());
    let place = place(e, slot, width);
    let takes = takes_lanes(e.kernel, &mut e.text, &place.first);
    let before = e.text.current();
    e.text.branch(&takes, inside, behind);
    e.text.enter(inside);
    let warp = e.text.value("call i32 asm sideeffect \"activemask.b32 $0;\", \"=r\"()");
    e.restart(Place { warp, ..place });
    e.statements()?;
    let from = e.text.current();
    e.text.jump(behind);
    e.text.enter(behind);
    Ok(contributions(e, before, from))
}

/// Whether a thread has a lane that begins here.
fn takes_lanes(kernel: &Kernel, text: &mut Text, first: &Value) -> Value {
    let inside = text.value(format_args!("icmp ult i64 {first}, %N"));
    if working(kernel) == threads(kernel) {
        return inside;
    }
    let works = text.value(format_args!("icmp ult i64 %tid, {}", working(kernel)));
    text.value(format_args!("and i1 {works}, {inside}"))
}

/// Where lanes lie in each buffer: the block's part of an address is apart from the thread's, so that the
/// rows of a step are found once for all threads of a warp.
fn place(e: &mut Emitter, slot: &Value, width: usize) -> Place {
    let kernel = e.kernel;
    let text = &mut e.text;
    let wide = text.value(format_args!("zext i32 {slot} to i64"));
    let first = text.value(format_args!("add i64 %base, {wide}"));
    let (mut blocks, mut offsets) = (Vec::new(), Vec::new());
    for (buffer, pointer) in kernel.buffers.iter().zip(&e.pointers) {
        if !is_per_lane(buffer.shape) {
            blocks.push(None);
            offsets.push(None);
            continue;
        }
        let bytes = size(buffer.storage);
        let mut block = text.value(format_args!("mul i64 %base, {bytes}"));
        let at = text.value(format_args!("mul i32 {slot}, {bytes}"));
        let mut at = text.value(format_args!("zext i32 {at} to i64"));
        if let (Some(given), false) = (&pointer.given, buffer.written) {
            block = inst::select(text, "i64", given, &block, &"0".into());
            at = inst::select(text, "i64", given, &at, &"0".into());
        }
        blocks.push(Some(block));
        offsets.push(Some(at));
    }
    Place { first, width, warp: "-1".into(), blocks, offsets }
}
