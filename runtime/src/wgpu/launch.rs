//! A launch: scalars into the uniform, small operands into their shared bindings, and one dispatch.

use std::borrow::Cow;
use std::sync::Arc;

use snn_artifact::{Entry, Role};

use super::clock::Clock;
use super::context::Context;
use super::memory::{self, WgpuMemory};
use super::module::{Kernel, Pipeline, Slot};
use crate::device::{Argument, Memory};
use crate::error::{Error, Result};

/// What a launch runs over.
#[derive(Clone, Copy)]
pub struct Lanes {
    /// The absolute index of the first.
    pub first: usize,
    /// How many.
    pub count: usize,
}

/// The buffer of a binding, and for a shared one what is copied into it before and out of it behind
/// the dispatch.
struct Bound<'a> {
    buffer: Cow<'a, wgpu::Buffer>,
    parts: Vec<Part<'a>>,
}

/// An operand's part of a shared binding, in bytes.
struct Part<'a> {
    operand: &'a wgpu::Buffer,
    offset: u64,
    size: u64,
}

/// Runs an entry over lanes; returns before it is done.
pub fn launch(
    context: &Arc<Context>,
    kernel: &Kernel,
    pipeline: &Pipeline,
    lanes: Lanes,
    arguments: &[Argument<'_>],
    scalars: &[i64],
) -> Result<()> {
    let entry = &kernel.entry;
    let memories = memories(context, entry, arguments)?;
    let Some(groups) = groups(context, entry, lanes.count, scalars)? else { return Ok(()) };
    let words = uniform(context, kernel, &memories, lanes, scalars)?;
    check_turns(context, entry, scalars)?;
    let bound: Vec<Bound> =
        kernel.slots.iter().map(|slot| bind(context, slot, &memories)).collect::<Result<_>>()?;
    let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let uniform = memory::create(context, "the scalars", words.len() * 4, usage)?;
    let what = format!("launching `{}`", entry.symbol);
    context.guard(&what, (&entry.symbol, 0), || {
        context.queue.write_buffer(&uniform, 0, &bytes(&words));
        let group = bind_group(context, kernel, pipeline, &uniform, &bound);
        let mut encoder = context.device.create_command_encoder(&Default::default());
        copy(&mut encoder, kernel, &bound, false);
        let timestamp_writes = context.clock.as_ref().and_then(Clock::next);
        let descriptor = wgpu::ComputePassDescriptor { label: None, timestamp_writes };
        let mut pass = encoder.begin_compute_pass(&descriptor);
        pass.set_pipeline(&pipeline.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.dispatch_workgroups(groups[0], groups[1], 1);
        drop(pass);
        copy(&mut encoder, kernel, &bound, true);
        context.queue.submit([encoder.finish()]);
    })
}

/// The memory of each argument, after a check against the signature.
fn memories<'a>(
    context: &Arc<Context>,
    entry: &Entry,
    arguments: &'a [Argument<'_>],
) -> Result<Vec<Option<&'a WgpuMemory>>> {
    if arguments.len() != entry.buffers.len() {
        let (given, wanted) = (arguments.len(), entry.buffers.len());
        return Err(wrong(context, entry, format!("{given} buffers were given for {wanted}")));
    }
    let memory = |(argument, buffer): (&'a Argument<'_>, &snn_artifact::Buffer)| {
        let wrong = |why: &str| wrong(context, entry, format!("`{}` {why}", buffer.name));
        match argument {
            Argument::Absent if buffer.optional => Ok(None),
            Argument::Absent => Err(wrong("was left out")),
            Argument::Read(_) if buffer.written => Err(wrong("is written, but was given to read")),
            Argument::Write(_) if !buffer.written => Err(wrong("is read, but was given to write")),
            Argument::Read(memory) => memory::of(context, *memory).map(Some),
            Argument::Write(memory) => memory::of(context, &**memory).map(Some),
        }
    };
    arguments.iter().zip(&entry.buffers).map(memory).collect()
}

fn wrong(context: &Context, entry: &Entry, why: String) -> Error {
    context.error(&format!("launching `{}`", entry.symbol), why)
}

/// The workgroups in two dimensions, since one has a limit; none where there are no lanes.
fn groups(
    context: &Context,
    entry: &Entry,
    lanes: usize,
    scalars: &[i64],
) -> Result<Option<[u32; 2]>> {
    if lanes == 0 {
        return Ok(None);
    }
    let most = context.limits.max_compute_workgroups_per_dimension as usize;
    let groups = lanes.div_ceil(entry.block as usize).saturating_mul(entry.segments(scalars));
    // Those of `reduce` go on to further sums.
    let groups = match outer_tiles(entry, scalars) {
        Some(tiles) => tiles.min(OUTER_GROUPS),
        None if is_reduce(entry) => groups.min(REDUCE_GROUPS),
        None => groups,
    };
    let rows = groups.div_ceil(most);
    if rows > most || lanes > u32::MAX as usize / 2 {
        return Err(wrong(context, entry, format!("{lanes} lanes are too many for one launch")));
    }
    Ok(Some([groups.min(most) as u32, rows as u32]))
}

/// Most workgroups that `outer` is launched with, which go on to further tiles.
const OUTER_GROUPS: usize = 65_535;
/// Steps of either sequence of a tile of `outer`.
const OUTER_TILE: usize = 32;
/// At most how many turns its loops take for a tile.
const OUTER_TURNS: usize = 1200;

/// How many tiles the sums of `outer` are; none for another entry.
fn outer_tiles(entry: &Entry, scalars: &[i64]) -> Option<usize> {
    let tiles = |name: &str, more: usize| {
        let size = scalar(entry, scalars, name).saturating_add(more);
        size.div_ceil(OUTER_TILE).max(1)
    };
    let blocks = scalar(entry, scalars, "N").div_ceil(entry.block.max(1) as usize);
    let is_outer = entry.scalars.iter().any(|name| name == "K");
    is_outer.then(|| blocks.saturating_mul(tiles("T", 0)).saturating_mul(tiles("K", 1)))
}

/// A scalar by its name; 0 for one that the entry does not take.
fn scalar(entry: &Entry, scalars: &[i64], name: &str) -> usize {
    let value = entry.scalars.iter().position(|s| s == name).and_then(|i| scalars.get(i));
    value.map_or(0, |&value| usize::try_from(value).unwrap_or(0))
}

/// Most workgroups that `reduce` is launched with.
const REDUCE_GROUPS: usize = 4096;

fn is_reduce(entry: &Entry) -> bool {
    entry.buffers.iter().any(|buffer| buffer.role == Role::Partial && !buffer.written)
}

/// A driver that ends loops early would give wrong results without a word.
fn check_turns(context: &Context, entry: &Entry, scalars: &[i64]) -> Result<()> {
    let most = context.max_turns();
    if turns(entry, scalars) <= most {
        return Ok(());
    }
    Err(Error::Unsupported {
        device: context.name.clone(),
        what: format!("`{}` at this size: its driver ends loops after {most} turns", entry.symbol),
        instead: "run fewer steps at once, or run it on the CPU or CUDA".into(),
    })
}

/// At most how many turns the loops of a lane, or of one sum of `reduce`, take in all; the test that ends
/// a loop counts as one.
fn turns(entry: &Entry, scalars: &[i64]) -> usize {
    if let Some(tiles) = outer_tiles(entry, scalars) {
        return tiles.div_ceil(OUTER_GROUPS).saturating_mul(OUTER_TURNS);
    }
    let scalar = |name: &str| scalar(entry, scalars, name);
    let chunk = entry.chunk.max(1) as usize;
    // Backward goes through a chunk twice: forward again, then in reverse.
    let loops = if entry.buffers.iter().any(|b| b.role == Role::Grad) { 2 } else { 1 };
    // A lane of a scan takes one segment, beside loops over those before it and behind it.
    let (steps, others) = match scalar("L") {
        0 => (scalar("T"), 0),
        segment => (scalar("T").min(segment), entry.segments(scalars).saturating_mul(2)),
    };
    let chunks = steps.div_ceil(chunk).saturating_mul(loops * (chunk + 1) + 1);
    // A product goes through all steps in each chunk; few programs multiply twice with one matrix.
    let matrices = entry.buffers.iter().filter(|buffer| buffer.shape == ["T", "T"]).count();
    let each = scalar("T").saturating_add(2).saturating_mul(2 * matrices);
    let chunks = chunks.saturating_add(scalar("T").div_ceil(chunk).saturating_mul(each));
    let terms = scalar("O").saturating_mul(scalar("S").saturating_add(2));
    chunks.saturating_add(terms).saturating_add(others).saturating_add(1)
}

/// The words of the uniform, by their names.
fn uniform(
    context: &Context,
    kernel: &Kernel,
    memories: &[Option<&WgpuMemory>],
    lanes: Lanes,
    scalars: &[i64],
) -> Result<Vec<u32>> {
    let entry = &kernel.entry;
    if scalars.len() != entry.scalars.len() {
        let (given, wanted) = (scalars.len(), entry.scalars.len());
        return Err(wrong(context, entry, format!("{given} scalars were given for {wanted}")));
    }
    let offsets = offsets(kernel, memories);
    let value = |name: &str| -> Option<i64> {
        let known = entry.scalars.iter().position(|s| s == name);
        known.map(|i| scalars[i]).or_else(|| match name {
            "given" => Some(i64::from(given(entry, memories))),
            "first_lane" => i64::try_from(lanes.first).ok(),
            "zero" => Some(0),
            _ => offsets.iter().find(|(n, _)| *n == name).map(|(_, words)| *words as i64),
        })
    };
    let word = |name: &String| {
        let value = value(name);
        let value = value.ok_or_else(|| wrong(context, entry, format!("no scalar is `{name}`")))?;
        let why = || wrong(context, entry, format!("scalar `{name}` is {value}, out of 0 to 2^32"));
        u32::try_from(value).map_err(|_| why())
    };
    entry.uniform.iter().map(word).collect()
}

/// A bit for each optional buffer, in their order.
fn given(entry: &Entry, memories: &[Option<&WgpuMemory>]) -> u32 {
    let optional = entry.buffers.iter().zip(memories).filter(|(b, _)| b.optional);
    let bits = optional.enumerate().filter(|(_, (_, memory))| memory.is_some());
    bits.fold(0, |mask, (i, _)| mask | 1_u32.checked_shl(i as u32).unwrap_or(0))
}

/// The offsets of the buffers that share bindings, in words.
fn offsets<'a>(kernel: &'a Kernel, memories: &[Option<&WgpuMemory>]) -> Vec<(&'a str, u64)> {
    let mut offsets = Vec::new();
    for slot in kernel.slots.iter().filter(|s| s.packed) {
        let mut bytes = 0;
        for &member in &slot.members {
            let binding = kernel.entry.buffers[member].binding.as_ref();
            if let Some(name) = binding.and_then(|b| b.offset.as_deref()) {
                offsets.push((name, bytes / 4));
            }
            bytes += memories[member].map_or(0, words);
        }
    }
    offsets
}

/// The bytes of a memory in whole words.
fn words(memory: &WgpuMemory) -> u64 {
    memory.size().next_multiple_of(4) as u64
}

/// The buffer of a binding: that of its operand, or a fresh one that several share or that stands in for
/// an operand left out.
fn bind<'a>(
    context: &Context,
    slot: &Slot,
    memories: &[Option<&'a WgpuMemory>],
) -> Result<Bound<'a>> {
    if let ([member], false) = (&slot.members[..], slot.packed)
        && let Some(memory) = memories[*member]
    {
        return Ok(Bound { buffer: Cow::Borrowed(&memory.buffer), parts: vec![] });
    }
    let mut parts = Vec::new();
    let mut offset = 0;
    for memory in slot.members.iter().filter_map(|&member| memories[member]) {
        let size = words(memory);
        parts.push(Part { operand: &memory.buffer, offset, size });
        offset += size;
    }
    let usage =
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = memory::create(context, "small operands", offset as usize, usage)?;
    Ok(Bound { buffer: Cow::Owned(buffer), parts })
}

fn bind_group(
    context: &Context,
    kernel: &Kernel,
    pipeline: &Pipeline,
    uniform: &wgpu::Buffer,
    bound: &[Bound<'_>],
) -> wgpu::BindGroup {
    let mut entries =
        vec![wgpu::BindGroupEntry { binding: 0, resource: uniform.as_entire_binding() }];
    entries.extend(kernel.slots.iter().zip(bound).map(|(slot, bound)| wgpu::BindGroupEntry {
        binding: slot.index,
        resource: bound.buffer.as_entire_binding(),
    }));
    context.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(&kernel.entry.symbol),
        layout: &pipeline.layout,
        entries: &entries,
    })
}

/// Copies what shares a binding: what is read in before the dispatch, what is written out behind it.
fn copy(encoder: &mut wgpu::CommandEncoder, kernel: &Kernel, bound: &[Bound<'_>], written: bool) {
    for (slot, bound) in kernel.slots.iter().zip(bound).filter(|(s, _)| s.written == written) {
        for part in bound.parts.iter().filter(|part| part.size > 0) {
            let shared = &*bound.buffer;
            let ((from, at), (to, to_at)) = match slot.written {
                false => ((part.operand, 0), (shared, part.offset)),
                true => ((shared, part.offset), (part.operand, 0)),
            };
            encoder.copy_buffer_to_buffer(from, at, to, to_at, part.size);
        }
    }
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::probe;
    use super::*;

    /// The sizes that llvmpipe, which ends loops after 65,535 turns, computes and does not.
    #[test]
    fn turns_of_loops_are_counted_with_their_last_tests() {
        let mut entry = Entry { chunk: 8, ..probe::entry() };
        assert_eq!(turns(&entry, &[16, 1, 1, 1, 1]), 2 * (9 + 1) + 1);
        entry.buffers[0].role = Role::Grad;
        assert!(turns(&entry, &[27_500, 1, 1, 1, 1]) < 65_535);
        assert!(turns(&entry, &[28_000, 1, 1, 1, 1]) > 65_535);
        let sums = Entry { scalars: ["G", "S", "O"].map(String::from).into(), ..entry };
        assert_eq!(turns(&sums, &[3, 10, 2]), 2 * 12 + 1);
    }
}
