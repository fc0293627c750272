//! One run of the program for all lanes of a strip, unit by unit.

use std::ops::Range;

use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

use super::form::{Form, pitch};
use super::lanes::{At, Ctx, given, repeat};
use super::memory::{Address, gather, load, shift, store};
use super::program::Run;
use super::touch::{Touched, indices, touch};
use super::{flags, ops};
use crate::kernel::{Binary, BufferId, Counter, Kernel, Op, Shape, Stmt, Storage, Type, ValueId};

/// Operations that wait for each other from which on a run is long: a processor that looks 200 to 300
/// instructions ahead then does not see enough of the lanes behind.
const LONG: u32 = 16;

/// After so many statements a value that is one load away is loaded again, instead of being in a register
/// all the time.
const FAR: usize = 12;

/// Vectors whose operations stand side by side.
///
/// Two, since with more there are no registers left for what is constant. Where a run is long and little
/// of it can be done at once, four are faster nevertheless.
fn side_by_side(run: &Run<'_>) -> u32 {
    let depth = run.depth();
    let is_narrow = run.stmts.len() <= 3 * depth as usize;
    if depth >= LONG && is_narrow { 4 } else { 2 }
}

/// A run at one unit of lanes.
struct Unit<'c, 'a> {
    ctx: &'c Ctx<'a>,
    form: Form,
    /// By buffer.
    touched: &'c [Option<Touched>],
    /// The lane in the strip that it begins with.
    lane: Value,
    /// The first lane's place in every row of the frame, as an address of the row at offset 0.
    rows: Value,
    /// The same in the rows of the step that the run is at.
    step_rows: Option<Value>,
    /// The first lane of the strip, and the step of `T`.
    place: (Value, Option<Value>),
    /// By lane of the unit: its index in buffers of shape `Channel`, and `Neuron`.
    indices: [Vec<Value>; 2],
    /// The vector of the unit that code is made for.
    vector: u32,
    /// By vector and value: its register.
    known: Vec<Option<Value>>,
    /// By vector and value: the statement that loaded it, for what is one load away.
    loaded_at: Vec<Option<usize>>,
    /// The statement at hand.
    at: usize,
    /// The shared numbers that the statement at hand has loaded, for all of its vectors.
    loaded: Vec<(ValueId, Value)>,
}

/// Carries out a run for a strip.
pub fn emit(b: &mut FunctionBuilder<'_>, ctx: &Ctx<'_>, run: &Run<'_>, at: At) {
    let touched = touch(b, ctx, run, at);
    let step_rows = at.step.map(|(_, step)| {
        let distance = b.ins().imul_imm_u(step, i64::from(ctx.frame.row));
        b.ins().iadd(ctx.stack, distance)
    });
    let vectors = if at.form.vector { ctx.vectors } else { 1 };
    let by = i64::from(vectors * at.form.width());
    repeat(b, at.lanes, by, false, |b, lane| {
        let bytes = i64::from(pitch(at.form.float).trailing_zeros());
        let distance = b.ins().ishl_imm_u(lane, bytes);
        let mut unit = Unit {
            ctx,
            form: at.form,
            touched: &touched,
            lane,
            rows: b.ins().iadd(ctx.stack, distance),
            step_rows: step_rows.map(|rows| b.ins().iadd(rows, distance)),
            place: (at.first, at.step.map(|(step, _)| step)),
            indices: indices(b, ctx, run, at, lane, by),
            vector: 0,
            known: vec![None; vectors as usize * ctx.program.kernel.values.len()],
            loaded_at: vec![None; vectors as usize * ctx.program.kernel.values.len()],
            at: 0,
            loaded: vec![],
        };
        let side_by_side = side_by_side(run);
        for first in (0..vectors).step_by(side_by_side as usize) {
            unit.run(b, run, first..vectors.min(first + side_by_side));
        }
    });
}

impl Unit<'_, '_> {
    /// Carries out a run for some vectors, statement by statement: long chains of operations that wait
    /// for each other then stand side by side.
    fn run(&mut self, b: &mut FunctionBuilder<'_>, run: &Run<'_>, vectors: Range<u32>) {
        let in_steps = self.step_rows.is_some();
        for vector in vectors.clone().filter(|_| in_steps) {
            self.vector = vector;
            // In a loop over steps the moves name the loop's params.
            run.moves.iter().for_each(|(param, _)| self.keep(b, *param));
        }
        for (at, stmt) in run.stmts.iter().enumerate() {
            self.at = at;
            self.loaded.clear();
            for vector in vectors.clone() {
                self.vector = vector;
                self.stmt(b, stmt);
            }
        }
        for vector in vectors {
            self.vector = vector;
            let values: Vec<_> = run.moves.iter().map(|(_, value)| self.get(b, *value)).collect();
            for ((param, _), value) in run.moves.iter().zip(values) {
                self.put_in_row(b, *param, value);
            }
        }
    }

    fn stmt(&mut self, b: &mut FunctionBuilder<'_>, stmt: &Stmt) {
        match stmt {
            Stmt::Let(value, op) => self.define(b, *value, op),
            Stmt::Store(buffer, value) => self.store(b, *buffer, *value),
            Stmt::Reduce(buffer, value) => self.reduce(b, *buffer, *value),
            Stmt::Product(_) | Stmt::Loop(_) => unreachable!("runs have no products and no loops"),
        }
    }

    /// Where the register of a value for this vector is noted.
    fn slot(&self, value: ValueId) -> usize {
        self.vector as usize * self.ctx.program.kernel.values.len() + value.0 as usize
    }

    fn define(&mut self, b: &mut FunctionBuilder<'_>, value: ValueId, op: &Op) {
        if self.ctx.program.loads[value.0 as usize].is_some() {
            return;
        }
        let result = self.op(b, op);
        let slot = self.slot(value);
        self.known[slot] = Some(result);
        if self.ctx.program.place[value.0 as usize] == value {
            self.put_in_row(b, value, result);
        }
        self.keep(b, value);
    }

    fn op(&mut self, b: &mut FunctionBuilder<'_>, op: &Op) -> Value {
        match *op {
            Op::Load(buffer) => self.load(b, buffer),
            Op::LoadOr(buffer, fallback) => self.load_or(b, buffer, fallback),
            Op::Kept(value) => self.kept(b, value),
            Op::Counter(counter) => self.counter(b, counter),
            Op::Binary(op @ (Binary::Min | Binary::Max), x, y) if self.are_never_zeros(x, y) => {
                let (x, y) = (self.get(b, x), self.get(b, y));
                ops::min_or_max_but_zeros(b, self.form, op, (x, y))
            }
            Op::Select(condition, x, y) if self.is_zero(y) => {
                let (condition, x) = (self.get(b, condition), self.get(b, x));
                ops::real_or_zero(b, self.form, condition, x)
            }
            Op::Select(condition, x, y) if self.is_zero(x) => {
                let (condition, y) = (self.get(b, condition), self.get(b, y));
                ops::zero_or_real(b, self.form, condition, y)
            }
            Op::Given(buffer) => {
                let given = given(b, self.ctx, buffer);
                ops::splat(b, self.form, Type::Bool, given)
            }
            Op::Binary(Binary::Shl | Binary::Shr, a, amount) => {
                let amount = self.ctx.uniform[amount.0 as usize].expect("amounts are constants");
                let a = self.get(b, a);
                compute(b, self.form, self.ctx.program.kernel, op, &[a, amount])
            }
            _ => {
                let operands: Vec<_> = op.operands().map(|a| self.get(b, a)).collect();
                compute(b, self.form, self.ctx.program.kernel, op, &operands)
            }
        }
    }

    /// The number of the step, the same for all lanes, or of each lane.
    fn counter(&self, b: &mut FunctionBuilder<'_>, counter: Counter) -> Value {
        let (strip, step) = self.place;
        if counter == Counter::Lane {
            let lane = b.ins().iadd(strip, self.lane);
            let first = i64::from(self.vector * self.form.width());
            let lane = b.ins().iadd_imm_u(lane, first);
            let lane = b.ins().ireduce(types::I32, lane);
            return ops::adjacent(b, self.form, lane);
        }
        let step = step.expect("a step's number is asked for within steps");
        let step = b.ins().ireduce(types::I32, step);
        let step = b.ins().iadd(step, self.ctx.counter(counter));
        ops::splat(b, self.form, Type::Int, step)
    }

    fn is_zero(&self, value: ValueId) -> bool {
        self.ctx.program.is_zero(value)
    }

    /// Whether two values are never zeros of two signs.
    fn are_never_zeros(&self, x: ValueId, y: ValueId) -> bool {
        let program = self.ctx.program;
        self.form.vector && (program.is_number_but_zero(x) || program.is_number_but_zero(y))
    }

    /// A value in this form, from where it is.
    fn get(&mut self, b: &mut FunctionBuilder<'_>, value: ValueId) -> Value {
        let i = value.0 as usize;
        if let Some(shared) = self.shared(b, value) {
            return shared;
        }
        let uniform = if self.form.vector { self.ctx.splat[i] } else { self.ctx.uniform[i] };
        if let Some(known) = uniform.or_else(|| self.near(value)) {
            return known;
        }
        if let Some(op) = self.ctx.program.loads[i] {
            let is_one_load = self.is_one_load(op);
            return self.know(value, is_one_load, |unit| unit.op(b, op));
        }
        let row = self.ctx.frame.row_of(self.ctx.program.place[i]);
        let row = row.expect("a value used in another run has a row");
        let ty = self.form.ty(self.ctx.program.kernel.ty(value));
        let at = self.in_row(row);
        self.know(value, true, |unit| b.ins().load(ty, flags(), unit.rows, at))
    }

    /// Whether an operation is a load of adjacent lanes and no more.
    fn is_one_load(&self, op: &Op) -> bool {
        match op {
            Op::Kept(_) => true,
            Op::Load(id) | Op::LoadOr(id, _) => {
                let buffer = self.ctx.program.kernel.buffer(*id);
                let is_gathered = matches!(buffer.shape, Shape::Channel | Shape::Neuron);
                let is_narrow = matches!(buffer.storage, Storage::F16Bits | Storage::Bf16Bits);
                !is_gathered && !is_narrow && self.touched(*id).mask.is_none()
            }
            _ => false,
        }
    }

    /// A number that all lanes share, where it lies in memory.
    fn shared(&mut self, b: &mut FunctionBuilder<'_>, value: ValueId) -> Option<Value> {
        let shelf = self.ctx.shelf.as_ref().filter(|shelf| shelf.holds(value))?;
        if let Some((_, register)) = self.loaded.iter().find(|(known, _)| *known == value) {
            return Some(*register);
        }
        let register = shelf.load(b, value, self.form.real())?;
        self.loaded.push((value, register));
        Some(register)
    }

    /// What a value of an earlier loop was at this step.
    fn kept(&mut self, b: &mut FunctionBuilder<'_>, value: ValueId) -> Value {
        if let Some(known) = self.near(value) {
            return known;
        }
        if let Some(op) = self.ctx.program.again[value.0 as usize] {
            for operand in op.operands().filter(|a| !self.ctx.program.is_uniform(*a)) {
                self.kept(b, operand);
            }
            return self.know(value, false, |unit| unit.op(b, op));
        }
        let Some((rows, first)) = self.step_rows.zip(self.ctx.frame.kept_of(value)) else {
            return self.get(b, value);
        };
        let ty = self.form.ty(self.ctx.program.kernel.ty(value));
        let at = self.in_row(first);
        self.know(value, true, |_| b.ins().load(ty, flags(), rows, at))
    }

    /// The register of a value that has one, but for one that was loaded long ago.
    fn near(&self, value: ValueId) -> Option<Value> {
        let slot = self.slot(value);
        let is_far = self.loaded_at[slot].is_some_and(|at| self.at > at + FAR);
        self.known[slot].filter(|_| !is_far)
    }

    /// Notes a value's register, so that the vector needs it once, or once in a while if it is one load
    /// away.
    fn know(
        &mut self,
        value: ValueId,
        is_one_load: bool,
        make: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let register = make(self);
        let slot = self.slot(value);
        self.known[slot] = Some(register);
        self.loaded_at[slot] = is_one_load.then_some(self.at);
        register
    }

    /// Keeps a value for a later loop over the same steps, where one asks for it.
    fn keep(&mut self, b: &mut FunctionBuilder<'_>, value: ValueId) {
        if let Some((rows, first)) = self.step_rows.zip(self.ctx.frame.kept_of(value)) {
            let register = self.get(b, value);
            b.ins().store(flags(), register, rows, self.in_row(first));
        }
    }

    fn put_in_row(&mut self, b: &mut FunctionBuilder<'_>, value: ValueId, register: Value) {
        if let Some(row) = self.ctx.frame.row_of(value) {
            b.ins().store(flags(), register, self.rows, self.in_row(row));
        }
    }

    /// The distance of this vector in a row of the frame.
    fn in_row(&self, row: u32) -> i32 {
        let lane = self.vector * self.form.width();
        (row + lane * pitch(self.form.float)) as i32
    }

    /// The place of this vector in a buffer with an element for each lane.
    fn address(&self, b: &mut FunctionBuilder<'_>, id: BufferId, touched: Touched) -> Address {
        let shift = shift(self.ctx.program.kernel.buffer(id).storage);
        let distance = b.ins().ishl_imm_u(self.lane, i64::from(shift));
        let base = b.ins().iadd(touched.base, distance);
        let offset = (self.vector * self.form.width()) << shift;
        Address { base, offset: offset as i32 }
    }

    fn touched(&self, id: BufferId) -> Touched {
        self.touched[id.0 as usize].expect("a run's buffers are found before its lanes")
    }

    fn load(&mut self, b: &mut FunctionBuilder<'_>, id: BufferId) -> Value {
        let touched = self.touched(id);
        let buffer = self.ctx.program.kernel.buffer(id);
        let shared = match buffer.shape {
            Shape::Channel => 0,
            Shape::Neuron => 1,
            Shape::Step => {
                let at = Address { base: touched.base, offset: 0 };
                let element = load(b, self.form.scalar(), buffer.storage, at);
                return ops::splat(b, self.form, buffer.storage.ty(), element);
            }
            _ => {
                let at = self.address(b, id, touched);
                return load(b, self.form, buffer.storage, at);
            }
        };
        let width = self.form.width() as usize;
        let first = self.vector as usize * width;
        let mut indices = self.indices[shared][first..first + width].to_vec();
        if let Some(valid) = touched.valid {
            let zero = b.ins().iconst(types::I64, 0);
            indices.iter_mut().for_each(|index| *index = b.ins().select(valid, *index, zero));
        }
        gather(b, self.form, buffer.storage, touched.base, &indices)
    }

    fn load_or(&mut self, b: &mut FunctionBuilder<'_>, id: BufferId, fallback: ValueId) -> Value {
        let loaded = self.load(b, id);
        let Some(mask) = self.touched(id).mask else { return loaded };
        if self.is_zero(fallback) {
            return ops::real_or_zero(b, self.form, mask, loaded);
        }
        let other = self.get(b, fallback);
        let ty = self.ctx.program.kernel.ty(fallback);
        ops::select(b, self.form, ty, mask, (loaded, other))
    }

    fn store(&mut self, b: &mut FunctionBuilder<'_>, id: BufferId, value: ValueId) {
        let register = self.get(b, value);
        let at = self.address(b, id, self.touched(id));
        store(b, self.form, self.ctx.program.kernel.buffer(id).storage, at, register);
    }

    fn reduce(&mut self, b: &mut FunctionBuilder<'_>, id: BufferId, value: ValueId) {
        let register = self.get(b, value);
        if let Some(row) = self.ctx.frame.groups_of(id) {
            b.ins().store(flags(), register, self.rows, self.in_row(row));
            return;
        }
        let sums = self.ctx.frame.sums_of(id).expect("a buffer that is reduced into has sums");
        // The lanes taken one by one have their sum behind those of the vectors.
        let index = if self.form.vector { self.vector } else { self.ctx.vectors };
        let offset = (sums + 16 * index) as i32;
        let sum = b.ins().load(self.form.real(), flags(), self.ctx.stack, offset);
        let sum = b.ins().fadd(sum, register);
        b.ins().store(flags(), sum, self.ctx.stack, offset);
    }
}

/// What follows from registers alone: all but constants, loads, `given` and `kept`.
pub fn compute(
    b: &mut FunctionBuilder<'_>,
    form: Form,
    kernel: &Kernel,
    op: &Op,
    operands: &[Value],
) -> Value {
    match (*op, operands) {
        (Op::Unary(op, a), [x]) => {
            ops::unary(b, op, kernel.ty(a), *x).expect("refused before code is made")
        }
        (Op::Binary(op, a, _), [x, y]) => ops::binary(b, form, op, kernel.ty(a), (*x, *y)),
        (Op::Compare(op, a, _), [x, y]) => ops::compare(b, form, op, kernel.ty(a), (*x, *y)),
        (Op::Not(_), [x]) => ops::not(b, form, *x),
        (Op::Select(_, a, _), [c, x, y]) => ops::select(b, form, kernel.ty(a), *c, (*x, *y)),
        (Op::Fma(..), [x, y, z]) => b.ins().fma(*x, *y, *z),
        (Op::IntToReal(_), [x]) => ops::int_to_real(b, form, *x),
        (Op::RealToInt(_), [x]) => ops::real_to_int(b, form, *x),
        (Op::RealBits(_), [x]) => ops::cast(b, form.ty(Type::Int), *x),
        (Op::BitsReal(_), [x]) => ops::cast(b, form.real(), *x),
        _ => unreachable!("{op:?} is no operation on registers"),
    }
}
