//! Which places of which buffers a run touches.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

use super::lanes::{At, Ctx, in_frame};
use super::memory::shift;
use super::ops;
use super::program::Run;
use crate::kernel::{BufferId, Op, Shape, Stmt, Type, WORD};

/// A buffer that a run touches.
#[derive(Clone, Copy)]
pub struct Touched {
    /// The address of the strip's first element, of the step's, or of the buffer where lanes share elements.
    pub base: Value,
    /// Whether there is something to touch, where that is known at run time only.
    pub valid: Option<Value>,
    /// The same in the form of the lanes, where a load has to tell.
    pub mask: Option<Value>,
}

/// The buffers that a run touches, by buffer.
pub fn touch(
    b: &mut FunctionBuilder<'_>,
    ctx: &Ctx<'_>,
    run: &Run<'_>,
    at: At,
) -> Vec<Option<Touched>> {
    let mut touched = vec![None; ctx.program.kernel.buffers.len()];
    for stmt in &run.stmts {
        let buffer = match stmt {
            Stmt::Let(_, Op::Load(buffer) | Op::LoadOr(buffer, _)) | Stmt::Store(buffer, _) => {
                buffer
            }
            _ => continue,
        };
        let entry = &mut touched[buffer.0 as usize];
        if entry.is_none() {
            let is_zero = is_zero_where_left_out(ctx, run, *buffer);
            *entry = Some(touch_one(b, ctx, *buffer, is_zero, at));
        }
    }
    touched
}

/// Whether all that a run does with a buffer is to load it, or 0 where it was left out.
fn is_zero_where_left_out(ctx: &Ctx<'_>, run: &Run<'_>, id: BufferId) -> bool {
    run.stmts.iter().all(|stmt| match stmt {
        Stmt::Let(_, Op::Load(buffer)) | Stmt::Store(buffer, _) => *buffer != id,
        Stmt::Let(_, Op::LoadOr(buffer, other)) => *buffer != id || ctx.program.is_zero(*other),
        _ => true,
    })
}

fn touch_one(
    b: &mut FunctionBuilder<'_>,
    ctx: &Ctx<'_>,
    id: BufferId,
    is_zero: bool,
    at: At,
) -> Touched {
    let buffer = ctx.program.kernel.buffer(id);
    let [_, n, ..] = ctx.scalars;
    let mut valid = ctx.given[id.0 as usize];
    let row = match (buffer.shape, at.step, at.chunk) {
        (Shape::Sequence, Some((t, _)), _) => {
            ctx.stride[id.0 as usize].map(|stride| b.ins().imul(t, stride))
        }
        (Shape::Step, Some((t, _)), _) => Some(t),
        (Shape::Checkpoint, _, Some((chunk, _))) => {
            let later = b.ins().icmp_imm_u(IntCC::NotEqual, chunk, 0);
            valid = Some(valid.map_or(later, |valid| b.ins().band(valid, later)));
            let before = b.ins().iadd_imm_s(chunk, -1);
            Some(b.ins().imul(before, n))
        }
        (Shape::Chunk, _, Some((chunk, _))) => Some(b.ins().imul(chunk, n)),
        (Shape::Segment, ..) => at.segment.map(|segment| b.ins().imul(segment, n)),
        (Shape::Lane, ..) if buffer.written => {
            if let Some(is_last) = is_last(b, ctx, at) {
                valid = Some(valid.map_or(is_last, |valid| b.ins().band(valid, is_last)));
            }
            None
        }
        (Shape::Packed, _, Some((chunk, _))) => {
            let chunks = WORD / ctx.program.kernel.schedule.chunk;
            let word = b.ins().ushr_imm_u(chunk, i64::from(chunks.trailing_zeros()));
            Some(b.ins().imul(word, n))
        }
        _ => None,
    };
    let mut base = ctx.base[id.0 as usize];
    let index = match (buffer.shape, row) {
        (Shape::Channel | Shape::Neuron, _) => None,
        (Shape::Step, row) => row,
        (_, None) => Some(at.first),
        (_, Some(row)) => Some(b.ins().iadd(row, at.first)),
    };
    if let Some(index) = index {
        let distance = b.ins().ishl_imm_u(index, i64::from(shift(buffer.storage)));
        base = b.ins().iadd(base, distance);
    }
    let zeros = ctx.frame.zeros.filter(|_| is_zero);
    if let Some(valid) = valid {
        let other = in_frame(b, ctx, zeros.unwrap_or(ctx.frame.scratch));
        base = b.ins().select(valid, base, other);
    }
    let mask = valid.filter(|_| zeros.is_none());
    let mask = mask.map(|valid| ops::splat(b, at.form, Type::Bool, valid));
    Touched { base, valid, mask }
}

/// Whether the lanes' segment is the one that comes last, where there are segments.
fn is_last(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, at: At) -> Option<Value> {
    let (segments, segment) = ctx.segments.zip(at.segment)?;
    let last = match ctx.program.kernel.is_reversed() {
        true => b.ins().iconst(types::I64, 0),
        false => b.ins().iadd_imm_s(segments.count, -1),
    };
    Some(b.ins().icmp(IntCC::Equal, segment, last))
}

/// The index of each of a unit's lanes in buffers that lanes share, where the run loads such buffers.
///
/// Two divisions for the first lane; the others count on from there.
pub fn indices(
    b: &mut FunctionBuilder<'_>,
    ctx: &Ctx<'_>,
    run: &Run<'_>,
    at: At,
    lane: Value,
    count: i64,
) -> [Vec<Value>; 2] {
    let loads = |shape| {
        run.stmts.iter().any(|stmt| match stmt {
            Stmt::Let(_, Op::Load(id) | Op::LoadOr(id, _)) => {
                ctx.program.kernel.buffer(*id).shape == shape
            }
            _ => false,
        })
    };
    let [_, _, channels, apart, neurons] = ctx.scalars;
    let first = b.ins().iadd(at.first, lane);
    let mut result = [Vec::new(), Vec::new()];
    if loads(Shape::Channel) {
        let neighbours = b.ins().udiv(first, apart);
        let mut within = b.ins().urem(first, apart);
        let mut channel = b.ins().urem(neighbours, channels);
        for _ in 0..count {
            result[0].push(channel);
            let (next, wrapped) = count_on(b, within, apart);
            let (following, _) = count_on(b, channel, channels);
            channel = b.ins().select(wrapped, following, channel);
            within = next;
        }
    }
    if loads(Shape::Neuron) {
        let mut neuron = b.ins().urem(first, neurons);
        for _ in 0..count {
            result[1].push(neuron);
            neuron = count_on(b, neuron, neurons).0;
        }
    }
    result
}

/// `(i + 1) % n`, and whether that is 0.
fn count_on(b: &mut FunctionBuilder<'_>, i: Value, n: Value) -> (Value, Value) {
    let next = b.ins().iadd_imm_u(i, 1);
    let wrapped = b.ins().icmp(IntCC::Equal, next, n);
    let zero = b.ins().iconst(types::I64, 0);
    (b.ins().select(wrapped, zero, next), wrapped)
}
