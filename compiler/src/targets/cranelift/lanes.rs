//! The function of a kernel: loops over blocks, strips of lanes, chunks and steps.
//!
//! A strip of `lanes` adjacent lanes goes through the whole program before the next strip begins, and
//! each run of the program through all units of the strip: a row of a sequence is then touched in pieces
//! long enough for the hardware to fetch ahead, while what is carried stays in the first cache. The
//! lanes behind the last whole unit of a block are taken one by one, by the same program in scalars.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, Function, InstBuilder, StackSlotData, StackSlotKind, Value, types,
};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::form::Form;
use super::frame::Frame;
use super::memory::{Address, load};
use super::program::{Part, Program};
use super::shelf::Shelf;
use super::{flags, ops, product, run, sums};
use crate::error::Bug;
use crate::kernel::{
    BufferId, Counter, GROUP, Kernel, LoopKind, Op, Order, SCALARS, Shape, Stmt, ValueId,
};

/// Most vectors of a unit: four of 16 bytes are a cache line.
const VECTORS: u32 = 4;

/// The bytes of a frame up to which most of it stays in the second cache. Shorter strips, of which more
/// stays in the first, cost more than they gain.
const GOOD_FRAME: u32 = 256 << 10;

/// Most bytes of stack that an entry may take; threads of some C libraries have 128 KiB in all.
const MAX_FRAME: u32 = 1 << 20;

/// What every part of the function needs.
pub struct Ctx<'a> {
    /// The kernel, cut into runs.
    pub program: &'a Program<'a>,
    /// What lies where on the stack.
    pub frame: Frame,
    /// Vectors of a unit; 0 where the schedule's lanes are no whole number of vectors.
    pub vectors: u32,
    /// Lanes of which a strip takes a whole number, but for the last strip of a block: a unit, and no part
    /// of a group where groups are summed.
    pub step: u32,
    /// The address of the frame.
    pub stack: Value,
    /// By buffer: its address.
    pub base: Vec<Value>,
    /// By buffer: whether it was given, for optional ones.
    pub given: Vec<Option<Value>>,
    /// By buffer: elements from one step to the next, for sequences.
    pub stride: Vec<Option<Value>>,
    /// `T N C S M`; the divisors among them at least 1.
    pub scalars: [Value; 5],
    /// What draws are made from, in ints: the seed's halves and the number of the first step.
    pub drawn: Option<[Value; 3]>,
    /// The segments of time, where there are such.
    pub segments: Option<Segments>,
    /// By value: what is the same for all lanes, in a scalar.
    pub uniform: Vec<Option<Value>>,
    /// By value: the same in all lanes of a vector, where it is used so.
    pub splat: Vec<Option<Value>>,
    /// Where the reals that all lanes share lie as vectors, where they are more than registers.
    pub shelf: Option<Shelf>,
}

/// The segments of time of a launch.
#[derive(Clone, Copy)]
pub struct Segments {
    /// How many there are.
    pub count: Value,
    /// The chunks of one.
    pub chunks: Value,
}

impl Ctx<'_> {
    /// What draws of all lanes and steps are made from; of a step's counter where that begins.
    pub fn counter(&self, counter: Counter) -> Value {
        let [low, high, step] = self.drawn.expect("a kernel that draws has its scalars");
        match counter {
            Counter::SeedLow => low,
            Counter::SeedHigh => high,
            Counter::Step | Counter::Lane => step,
        }
    }
}

/// Where in the program and in the lanes code is made for.
#[derive(Clone, Copy)]
pub struct At {
    /// The form of the lanes.
    pub form: Form,
    /// The first lane of the strip.
    pub first: Value,
    /// The lanes of the strip.
    pub lanes: Value,
    /// Their segment, or the one that a loop over segments is at.
    pub segment: Option<Value>,
    /// The chunk, and how many steps it has.
    pub chunk: Option<(Value, Value)>,
    /// The step of `T`, and of the chunk.
    pub step: Option<(Value, Value)>,
}

/// Builds the function of a kernel.
///
/// # Errors
///
/// A bug where the schedule asks for a frame that no stack has.
pub fn function(
    kernel: &Kernel,
    mut function: Function,
    shared: &mut FunctionBuilderContext,
    isa: &OwnedTargetIsa,
) -> Result<Function, Bug> {
    let program = Program::new(kernel);
    let vectors = vectors(kernel);
    let form = Form { vector: vectors > 0, float: kernel.compute };
    let unit = vectors.max(1) * form.width();
    let step = if sums::has_groups(kernel) { unit.max(GROUP) } else { unit };
    let frame = fitting_frame(&program, unit, step);
    if frame.size > MAX_FRAME {
        let message = format!("`{}` takes {} bytes of stack", kernel.name, frame.size);
        return Err(Bug(message));
    }
    let mut b = FunctionBuilder::new(&mut function, shared);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let (ctx, begin, end) = prologue(&mut b, entry, &program, frame, (vectors, step));
    let n_blocks = b.ins().isub(end, begin);
    repeat(&mut b, n_blocks, 1, true, |b, i| {
        let index = b.ins().iadd(begin, i);
        block(b, &ctx, index);
    });
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(isa.frontend_config());
    Ok(function)
}

/// The frame for strips of the schedule's lanes, or of fewer where it would be too large, but always of a
/// multiple of `step`.
fn fitting_frame(program: &Program<'_>, unit: u32, step: u32) -> Frame {
    let mut lanes = program.kernel.schedule.lanes;
    loop {
        let frame = Frame::new(program, lanes, unit);
        if frame.size <= GOOD_FRAME || !lanes.is_multiple_of(2 * step) {
            return frame;
        }
        lanes /= 2;
    }
}

/// As many vectors as divide the schedule's lanes, at most [`VECTORS`].
fn vectors(kernel: &Kernel) -> u32 {
    let width = Form { vector: true, float: kernel.compute }.width();
    let fits = |n: &u32| kernel.schedule.lanes.is_multiple_of(n * width);
    [VECTORS, 2, 1].into_iter().find(fits).unwrap_or(0)
}

/// Everything that comes before the first lane.
fn prologue<'a>(
    b: &mut FunctionBuilder<'_>,
    entry: Block,
    program: &'a Program<'a>,
    frame: Frame,
    (vectors, step): (u32, u32),
) -> (Ctx<'a>, Value, Value) {
    let kernel = program.kernel;
    let [buffers, scalars, begin, end] = *b.block_params(entry) else {
        unreachable!("the signature has four parameters")
    };
    let word = |b: &mut FunctionBuilder<'_>, base, i: usize| {
        b.ins().load(types::I64, flags(), base, 8 * i as i32)
    };
    let base: Vec<_> = (0..kernel.buffers.len()).map(|i| word(b, buffers, i)).collect();
    let mut sequences = SCALARS.len()..;
    let mut stride = Vec::new();
    for buffer in &kernel.buffers {
        let index = if buffer.shape == Shape::Sequence { sequences.next() } else { None };
        stride.push(index.map(|i| word(b, scalars, i)));
    }
    let mut values = [begin; 5];
    let one = b.ins().iconst(types::I64, 1);
    for (i, value) in values.iter_mut().enumerate() {
        *value = word(b, scalars, i);
        if matches!(SCALARS[i], "C" | "S" | "M") {
            *value = b.ins().umax(*value, one);
        }
    }
    let drawn = kernel.draws().then(|| {
        [0; 3].map(|_| {
            let scalar = word(b, scalars, sequences.next().unwrap_or_default());
            b.ins().ireduce(types::I32, scalar)
        })
    });
    let segments = kernel.is_segmented().then(|| {
        let length = word(b, scalars, sequences.next().unwrap_or_default());
        segments(b, kernel, values[0], length)
    });
    let given = kernel.buffers.iter().zip(&base).map(|(buffer, &base)| {
        buffer.optional.then(|| b.ins().icmp_imm_u(IntCC::NotEqual, base, 0))
    });
    let given = given.collect();
    let stack = stack(b, frame.size);
    let none = vec![None; kernel.values.len()];
    let (uniform, splat) = (none.clone(), none);
    let mut ctx = Ctx {
        program,
        frame,
        vectors,
        step,
        stack,
        base,
        given,
        stride,
        scalars: values,
        drawn,
        segments,
        uniform,
        splat,
        shelf: Shelf::new(b, program),
    };
    clear_zeros(b, &ctx);
    compute_uniform(b, &mut ctx);
    spread_uniform(b, &mut ctx);
    (ctx, begin, end)
}

/// The segments of so many steps, of `length` each.
fn segments(b: &mut FunctionBuilder<'_>, kernel: &Kernel, steps: Value, length: Value) -> Segments {
    let one = b.ins().iconst(types::I64, 1);
    let length = b.ins().umax(length, one);
    let up = b.ins().iadd(steps, length);
    let up = b.ins().iadd_imm_s(up, -1);
    let count = b.ins().udiv(up, length);
    let count = b.ins().umax(count, one);
    let chunks = b.ins().udiv_imm_u(length, i64::from(kernel.schedule.chunk));
    Segments { count, chunks }
}

/// A frame of its own that begins at a cache line.
pub fn stack(b: &mut FunctionBuilder<'_>, size: u32) -> Value {
    let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size + 64, 4);
    let slot = b.create_sized_stack_slot(data);
    let address = b.ins().stack_addr(types::I64, slot, 0);
    let end = b.ins().iadd_imm_u(address, 63);
    b.ins().band_imm_s(end, -64)
}

/// Computes what is the same for all lanes, in scalars.
fn compute_uniform(b: &mut FunctionBuilder<'_>, ctx: &mut Ctx<'_>) {
    let kernel = ctx.program.kernel;
    let form = Form { vector: false, float: kernel.compute };
    kernel.walk(&mut |stmt| {
        let Stmt::Let(value, op) = stmt else { return };
        if !ctx.program.is_uniform(*value) {
            return;
        }
        let of = |a: ValueId| ctx.uniform[a.0 as usize].expect("operands come first");
        let result = match *op {
            Op::Real(number) => ops::real(b, form.float, number),
            Op::Int(number) => ops::int(b, number),
            Op::Bool(bool) => b.ins().iconst(types::I8, i64::from(bool)),
            Op::Load(buffer) => layer(b, ctx, form, buffer),
            Op::LoadOr(buffer, fallback) => {
                let loaded = layer(b, ctx, form, buffer);
                match ctx.given[buffer.0 as usize] {
                    Some(given) => b.ins().select(given, loaded, of(fallback)),
                    None => loaded,
                }
            }
            Op::Given(buffer) => given(b, ctx, buffer),
            Op::Kept(a) => of(a),
            Op::Counter(counter) => ctx.counter(counter),
            _ => {
                let operands: Vec<_> = op.operands().map(of).collect();
                run::compute(b, form, kernel, op, &operands)
            }
        };
        ctx.uniform[value.0 as usize] = Some(result);
        if let Some(shelf) = &ctx.shelf {
            shelf.store(b, kernel, *value, result);
        }
    });
}

/// The number that all lanes share; nothing in particular where its buffer was left out.
fn layer(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, form: Form, buffer: BufferId) -> Value {
    let mut base = ctx.base[buffer.0 as usize];
    if let Some(given) = ctx.given[buffer.0 as usize] {
        let scratch = in_frame(b, ctx, ctx.frame.scratch);
        base = b.ins().select(given, base, scratch);
    }
    let storage = ctx.program.kernel.buffer(buffer).storage;
    load(b, form, storage, Address { base, offset: 0 })
}

/// Whether a buffer was given.
pub fn given(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, buffer: BufferId) -> Value {
    let given = ctx.given[buffer.0 as usize];
    given.unwrap_or_else(|| b.ins().iconst(types::I8, 1))
}

/// A place in the frame.
pub fn in_frame(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, offset: u32) -> Value {
    b.ins().iadd_imm_u(ctx.stack, i64::from(offset))
}

/// Makes the row of zeros what its name says.
fn clear_zeros(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>) {
    let Some(at) = ctx.frame.zeros else { return };
    let row = in_frame(b, ctx, at);
    let words = b.ins().iconst(types::I64, i64::from(8 * ctx.frame.lanes));
    let zero = b.ins().iconst(types::I64, 0);
    repeat(b, words, 8, false, |b, i| {
        let at = b.ins().iadd(row, i);
        b.ins().store(flags(), zero, at, 0);
    });
}

/// Spreads what is the same for all lanes over a vector where an operation on lanes takes it.
fn spread_uniform(b: &mut FunctionBuilder<'_>, ctx: &mut Ctx<'_>) {
    let kernel = ctx.program.kernel;
    let form = Form { vector: true, float: kernel.compute };
    if ctx.vectors == 0 {
        return;
    }
    let mut spread = |value: ValueId| {
        let i = value.0 as usize;
        let is_shelved = ctx.shelf.as_ref().is_some_and(|shelf| shelf.holds(value));
        if let (Some(scalar), None, false) = (ctx.uniform[i], ctx.splat[i], is_shelved) {
            ctx.splat[i] = Some(ops::splat(b, form, kernel.ty(value), scalar));
        }
    };
    ctx.program.walk_lane_operands(&mut spread);
}

/// One block of lanes.
fn block(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, index: Value) {
    let kernel = ctx.program.kernel;
    let schedule = kernel.schedule;
    let vector = Form { vector: true, float: kernel.compute };
    let [_, n, ..] = ctx.scalars;
    let size = i64::from(schedule.block);
    let (segment, row) = match ctx.segments {
        None => (None, index),
        Some(_) => {
            let up = b.ins().iadd_imm_u(n, size - 1);
            let row = b.ins().udiv_imm_u(up, size);
            (Some(b.ins().udiv(index, row)), b.ins().urem(index, row))
        }
    };
    let begin = b.ins().imul_imm_u(row, size);
    let end = b.ins().iadd_imm_u(begin, i64::from(schedule.block));
    let end = b.ins().umin(end, n);
    sums::clear(b, ctx);
    let mut middle = begin;
    if ctx.vectors > 0 {
        let lanes = b.ins().isub(end, begin);
        let whole = b.ins().band_imm_s(lanes, -i64::from(ctx.step));
        middle = b.ins().iadd(begin, whole);
        strips(b, ctx, vector, (begin, middle), segment);
    }
    strips(b, ctx, vector.scalar(), (middle, end), segment);
    sums::finish(b, ctx, index);
}

/// All strips between two lanes.
fn strips(
    b: &mut FunctionBuilder<'_>,
    ctx: &Ctx<'_>,
    form: Form,
    (begin, end): (Value, Value),
    segment: Option<Value>,
) {
    let most = i64::from(ctx.frame.lanes);
    let all = b.ins().isub(end, begin);
    repeat(b, all, most, true, |b, i| {
        let first = b.ins().iadd(begin, i);
        let rest = b.ins().isub(all, i);
        let most = b.ins().iconst(types::I64, most);
        let lanes = b.ins().umin(rest, most);
        let at = At { form, first, lanes, segment, chunk: None, step: None };
        parts(b, ctx, &ctx.program.parts, at);
        sums::finish_groups(b, ctx, at);
    });
}

fn parts(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, list: &[Part<'_>], at: At) {
    for part in list {
        match part {
            Part::Run(run) => run::emit(b, ctx, run, at),
            Part::Product(product) => product::emit(b, ctx, product, at),
            Part::Loop(inner, body) => match (inner.kind, at.chunk) {
                (LoopKind::Steps, Some((chunk, n_steps))) => {
                    repeat(b, n_steps, 1, false, |b, i| {
                        let step = ordered(b, inner.order, i, n_steps);
                        let begin = first_step(b, ctx, chunk);
                        let step = Some((b.ins().iadd(begin, step), step));
                        parts(b, ctx, body, At { step, ..at });
                    });
                }
                (LoopKind::Segments, _) => others(b, ctx, inner.order, body, at),
                _ => chunks(b, ctx, inner.order, body, at),
            },
        }
    }
}

/// The segments before the lanes' own, or those behind it.
fn others(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, order: Order, body: &[Part<'_>], at: At) {
    let (Some(Segments { count, .. }), Some(own)) = (ctx.segments, at.segment) else { return };
    let last = b.ins().iadd_imm_s(count, -1);
    let n = match order {
        Order::Forward => own,
        Order::Reverse => b.ins().isub(last, own),
    };
    repeat(b, n, 1, true, |b, i| {
        let segment = Some(ordered(b, order, i, count));
        parts(b, ctx, body, At { segment, ..at });
    });
}

fn chunks(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, order: Order, body: &[Part<'_>], at: At) {
    let k = i64::from(ctx.program.kernel.schedule.chunk);
    let [t, ..] = ctx.scalars;
    let end = b.ins().iadd_imm_u(t, k - 1);
    let mut n_chunks = b.ins().udiv_imm_u(end, k);
    let first = ctx.segments.zip(at.segment).map(|(segments, segment)| {
        let first = b.ins().imul(segment, segments.chunks);
        let rest = b.ins().isub(n_chunks, first);
        n_chunks = b.ins().smin(rest, segments.chunks);
        first
    });
    repeat(b, n_chunks, 1, true, |b, i| {
        let mut chunk = ordered(b, order, i, n_chunks);
        if let Some(first) = first {
            chunk = b.ins().iadd(chunk, first);
        }
        let begin = first_step(b, ctx, chunk);
        let rest = b.ins().isub(t, begin);
        let k = b.ins().iconst(types::I64, k);
        let n_steps = b.ins().umin(rest, k);
        parts(b, ctx, body, At { chunk: Some((chunk, n_steps)), ..at });
    });
}

/// The first step of a chunk.
pub fn first_step(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, chunk: Value) -> Value {
    b.ins().imul_imm_u(chunk, i64::from(ctx.program.kernel.schedule.chunk))
}

/// The `i`-th of `n` in an order.
fn ordered(b: &mut FunctionBuilder<'_>, order: Order, i: Value, n: Value) -> Value {
    match order {
        Order::Forward => i,
        Order::Reverse => {
            let last = b.ins().iadd_imm_s(n, -1);
            b.ins().isub(last, i)
        }
    }
}

/// A loop with `i` from 0 in steps of `by` while it is below `n`; without `guard`, `n` is not 0.
pub fn repeat<'f>(
    b: &mut FunctionBuilder<'f>,
    n: Value,
    by: i64,
    guard: bool,
    body: impl FnOnce(&mut FunctionBuilder<'f>, Value),
) {
    let (turn, done) = (b.create_block(), b.create_block());
    let i = b.append_block_param(turn, types::I64);
    let zero = b.ins().iconst(types::I64, 0);
    if guard {
        let any = b.ins().icmp(IntCC::SignedGreaterThan, n, zero);
        b.ins().brif(any, turn, &[zero.into()], done, &[]);
    } else {
        b.ins().jump(turn, &[zero.into()]);
    }
    b.switch_to_block(turn);
    body(b, i);
    let next = b.ins().iadd_imm_u(i, by);
    let more = b.ins().icmp(IntCC::SignedLessThan, next, n);
    b.ins().brif(more, turn, &[next.into()], done, &[]);
    b.switch_to_block(done);
}
