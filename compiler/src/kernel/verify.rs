//! Whether a kernel keeps the rules of the IR. A failure is our bug, never the user's mistake.
//!
//! The numbers are those of `docs/kernel-ir.md`.
//!
//! Signature:
//! - K1. Names are not empty and consist of letters, digits, `_`, `.` and `@`; no two buffers share one.
//! - K2. `chunk` and `lanes` are at least 1, and `block` is a positive multiple of `lanes`, and of 16 where
//!   there are groups.
//! - K3. Role, shape and direction of a buffer go together as `allowed` says.
//! - K4. Storage: f64 only where reals are computed in f64; f16, bf16 and their bits only for sequences,
//!   checkpoints, outputs and gradients; params, gradients and partial sums are real.
//! - K5. Each value is defined exactly once.
//! - K6. A value is used only behind its definition and in the body that holds it, loops in that body
//!   included. A carried param is in scope in the loop's body, a result behind the loop.
//! - K7. Operands, carried values and stored values have the types that the operation asks for.
//! - K8. The amount of a shift is an int constant from 0 to 31.
//! - K9. Bits of reals are read and made only in kernels that compute in f32.
//! - K10. No functions of the maths library and no draws where reals are computed in f32: `legalize`
//!   wrote them out.
//! - K11. `kept` stands in a loop over steps and names a value defined in the body of an earlier loop
//!   over steps of the same chunk, its params included, or an earlier product of the chunk.
//!
//! Loops:
//! - K12. There is at most one loop over chunks, at the top; loops over steps stand directly in it and
//!   hold no loops.
//!
//! Buffers:
//! - K13. Sequences and what has a number for each step are touched only within steps, matrices only by
//!   products, checkpoints and words, of chunks or packed, only within chunks and outside of steps, all
//!   others only outside of loops. Packed words are filled by whole chunks.
//! - K14. Only read buffers are loaded, only written ones stored or reduced.
//! - K15. `load` reads a buffer that is always there: neither optional nor a checkpoint. `load_or`
//!   reads one that may not be. `given` asks only for optional buffers.
//! - K16. `reduce` takes a buffer of shape `partial` or `group`, which nothing else takes, and stands
//!   behind the loop over chunks.
//! - K17. Each written buffer is stored or reduced by exactly one statement.
//! - K18. `draw` and `counter step` stand within steps; counters are there only where reals are
//!   computed in f32.
//! - K19. A product stands within chunks and outside of steps. It takes a matrix and an f32 sequence that
//!   is read, both always there, and is fused only in backward.
//! - K20. Loops over segments stand at the top and hold no loops. Segments are read only within them and
//!   written only outside of loops, and only kernels that have such a buffer have such loops. Their chunks
//!   are whole parts of a segment.

use super::names::is_name;
use super::{
    Binary, Buffer, BufferId, Counter, Float, GROUP, Kernel, Loop, LoopKind, Op, Product, Role,
    Shape, Stmt, Storage, Type, Unary, ValueId, Verified, WORD, lower::is_backward,
};
use crate::error::Bug;

/// Whether a kernel is fit for a target.
///
/// # Errors
///
/// Names the kernel and the first rule that it breaks.
pub fn verify(kernel: Kernel) -> Result<Verified<Kernel>, Bug> {
    run(&kernel, kernel.compute == Float::F64)?;
    Ok(Verified(kernel))
}

/// Whether a kernel is fit for `legalize`: all rules but K10.
///
/// # Errors
///
/// Names the kernel and the first rule that it breaks.
pub fn verify_before_legalize(kernel: &Kernel) -> Result<(), Bug> {
    run(kernel, true)
}

type Result<T, E = String> = std::result::Result<T, E>;

fn run(kernel: &Kernel, math: bool) -> Result<(), Bug> {
    let mut verifier = Verifier::new(kernel, math);
    let result = signature(kernel).and_then(|()| verifier.kernel());
    result.map_err(|message| Bug(format!("kernel `{}`: {message}", kernel.name)))
}

/// Fails with a rule and the message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $rule:literal, $($message:tt)+) => {
        if !$condition {
            return Err(format!("{}: {}", $rule, format_args!($($message)+)));
        }
    };
}

fn signature(kernel: &Kernel) -> Result<()> {
    ensure!(is_name(&kernel.name), "K1", "this is no name");
    let schedule = kernel.schedule;
    ensure!(schedule.chunk >= 1 && schedule.lanes >= 1, "K2", "chunk and lanes are at least 1");
    let whole = schedule.block >= 1 && schedule.block.is_multiple_of(schedule.lanes);
    ensure!(whole, "K2", "block {} is no multiple of lanes {}", schedule.block, schedule.lanes);
    let cuts = kernel.is_segmented() && !WORD.is_multiple_of(schedule.chunk);
    ensure!(!cuts, "K20", "a segment has no whole number of chunks of {} steps", schedule.chunk);
    for (i, buffer) in kernel.buffers.iter().enumerate() {
        let name = &buffer.name;
        ensure!(is_name(name), "K1", "`{name}` is no name");
        let known = kernel.buffers[..i].iter().any(|b| b.name == *name);
        ensure!(!known, "K1", "two buffers are named `{name}`");
        ensure!(allowed(buffer), "K3", "role, shape and direction of `{name}` do not go together");
        let cuts = buffer.shape == Shape::Group && !schedule.block.is_multiple_of(GROUP);
        ensure!(!cuts, "K2", "block {} cuts the groups of `{name}`", schedule.block);
        storage(buffer, kernel.compute)?;
    }
    Ok(())
}

/// The shapes that a buffer of some role may have, read or written.
fn allowed(buffer: &Buffer) -> bool {
    use Shape::*;
    let shapes: &[Shape] = match (buffer.role, buffer.written) {
        (Role::Input, false) => &[Sequence],
        (Role::Output, true) => &[Sequence, Lane, Packed],
        (Role::Output | Role::Grad, _) => &[Sequence, Lane],
        (Role::StateIn, false) | (Role::StateOut, true) => &[Lane],
        (Role::Param, false) => &[Layer, Channel, Neuron, Step, Matrix],
        (Role::Saved, _) => &[Sequence, Lane, Checkpoint, Chunk, Segment],
        (Role::Partial, true) => &[Lane, Segment, Partial, Group],
        _ => &[],
    };
    shapes.contains(&buffer.shape)
}

fn storage(buffer: &Buffer, compute: Float) -> Result<()> {
    let Buffer { name, storage, shape, role, .. } = buffer;
    match storage {
        Storage::F32 => {}
        Storage::F64 => ensure!(compute == Float::F64, "K4", "`{name}` is wider than the kernel"),
        Storage::F16 | Storage::Bf16 | Storage::F16Bits | Storage::Bf16Bits => {
            let is_last = matches!((role, shape), (Role::Output | Role::Grad, Shape::Lane));
            let streamed = is_last || matches!(shape, Shape::Sequence | Shape::Checkpoint);
            ensure!(streamed, "K4", "`{name}` is read once a lane and stored in half precision");
        }
        Storage::I32 => {
            let real = matches!(role, Role::Param | Role::Grad | Role::Partial);
            ensure!(!real, "K4", "`{name}` is a param, gradient or sum of ints");
        }
    }
    Ok(())
}

/// How deep a statement stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Chunk,
    Step,
    Segment,
}

struct Verifier<'a> {
    kernel: &'a Kernel,
    /// Whether functions of the maths library may stand here.
    math: bool,
    place: Place,
    defined: Vec<bool>,
    /// Values in scope, the innermost last, and the same by value.
    scope: Vec<ValueId>,
    in_scope: Vec<bool>,
    /// Values of earlier loops over steps of this chunk.
    keepable: Vec<bool>,
    /// Int constants by value.
    ints: Vec<Option<i32>>,
    seen_chunks: bool,
    stored: Vec<bool>,
}

impl<'a> Verifier<'a> {
    fn new(kernel: &'a Kernel, math: bool) -> Self {
        let n_values = kernel.values.len();
        Self {
            kernel,
            math,
            place: Place::Top,
            defined: vec![false; n_values],
            scope: Vec::new(),
            in_scope: vec![false; n_values],
            keepable: vec![false; n_values],
            ints: vec![None; n_values],
            seen_chunks: false,
            stored: vec![false; kernel.buffers.len()],
        }
    }

    fn kernel(&mut self) -> Result<()> {
        self.body(&self.kernel.body)?;
        let undefined = self.defined.iter().position(|defined| !defined);
        ensure!(undefined.is_none(), "K5", "%{} is defined nowhere", undefined.unwrap_or(0));
        for (buffer, stored) in self.kernel.buffers.iter().zip(&self.stored) {
            ensure!(*stored || !buffer.written, "K17", "`{}` is never written", buffer.name);
        }
        Ok(())
    }

    fn body(&mut self, body: &[Stmt]) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<()> {
        match stmt {
            Stmt::Let(value, op) => {
                self.op(op).map_err(|message| format!("{value}: {message}"))?;
                let (found, ty) = (self.kernel.op_type(op), self.declared(*value)?);
                ensure!(found == ty, "K7", "{value} is {ty:?} and computed as {found:?}");
                self.define(*value)?;
                if let Op::Int(number) = op {
                    self.ints[value.0 as usize] = Some(*number);
                }
                Ok(())
            }
            Stmt::Store(buffer, value) => self.store(*buffer, *value),
            Stmt::Reduce(buffer, value) => self.reduce(*buffer, *value),
            Stmt::Product(product) => self.product(product),
            Stmt::Loop(inner) => self.inner_loop(inner),
        }
    }

    /// A product is never in scope: its values are those of steps that are kept.
    fn product(&mut self, product: &Product) -> Result<()> {
        let Product { value, matrix, column, fused, .. } = *product;
        ensure!(self.place == Place::Chunk, "K19", "{value} is a product outside of chunks");
        let (matrix, column) = (self.buffer(matrix)?, self.buffer(column)?);
        let is_there =
            |buffer: &Buffer, shape| buffer.shape == shape && !buffer.written && !buffer.optional;
        let fits = is_there(matrix, Shape::Matrix)
            && is_there(column, Shape::Sequence)
            && column.storage == Storage::F32;
        ensure!(fits, "K19", "{value} multiplies `{}` with `{}`", matrix.name, column.name);
        let may_fuse = !fused || is_backward(self.kernel);
        ensure!(may_fuse, "K19", "{value} is a fused product outside of backward");
        ensure!(self.declared(value)? == Type::Real, "K7", "{value} is a product and no real");
        ensure!(!self.defined[value.0 as usize], "K5", "{value} is defined twice");
        self.defined[value.0 as usize] = true;
        self.keepable[value.0 as usize] = true;
        Ok(())
    }

    fn inner_loop(&mut self, inner: &Loop) -> Result<()> {
        let outer = self.place;
        self.place = match (inner.kind, outer) {
            (LoopKind::Chunks, Place::Top) => Place::Chunk,
            (LoopKind::Steps, Place::Chunk) => Place::Step,
            (LoopKind::Segments, Place::Top) => Place::Segment,
            _ => return Err("K12: a loop stands where none may".into()),
        };
        let has_some = inner.kind != LoopKind::Segments || self.kernel.is_segmented();
        ensure!(has_some, "K20", "a loop over segments, of which there are none");
        if inner.kind == LoopKind::Chunks {
            ensure!(!self.seen_chunks, "K12", "a second loop over chunks");
            self.seen_chunks = true;
        }
        for carry in &inner.carries {
            self.used(carry.init)?;
        }
        let mark = self.scope.len();
        for carry in &inner.carries {
            self.same(carry.param, carry.init)?;
            self.define(carry.param)?;
        }
        self.body(&inner.body)?;
        for carry in &inner.carries {
            self.used(carry.next)?;
            self.same(carry.next, carry.init)?;
            self.same(carry.result, carry.init)?;
        }
        self.leave(mark);
        self.place = outer;
        inner.carries.iter().try_for_each(|carry| self.define(carry.result))
    }

    /// Ends the scope of the values behind a mark. Those of steps may be kept while the chunk lasts.
    fn leave(&mut self, mark: usize) {
        for value in self.scope.drain(mark..) {
            self.in_scope[value.0 as usize] = false;
            self.keepable[value.0 as usize] = self.place == Place::Step;
        }
        if self.place == Place::Chunk {
            self.keepable.fill(false);
        }
    }

    fn define(&mut self, value: ValueId) -> Result<()> {
        self.declared(value)?;
        let defined = &mut self.defined[value.0 as usize];
        ensure!(!*defined, "K5", "{value} is defined twice");
        *defined = true;
        self.in_scope[value.0 as usize] = true;
        self.scope.push(value);
        Ok(())
    }

    fn declared(&self, value: ValueId) -> Result<Type> {
        let ty = self.kernel.values.get(value.0 as usize);
        ty.copied().ok_or_else(|| format!("K5: {value} has no type"))
    }

    /// The type of a value that is used here.
    fn used(&self, value: ValueId) -> Result<Type> {
        let ty = self.declared(value)?;
        ensure!(self.in_scope[value.0 as usize], "K6", "{value} is not in scope");
        Ok(ty)
    }

    fn same(&self, value: ValueId, other: ValueId) -> Result<()> {
        let (found, ty) = (self.declared(value)?, self.declared(other)?);
        ensure!(found == ty, "K7", "{value} is {found:?} and carries {ty:?}");
        Ok(())
    }

    fn op(&self, op: &Op) -> Result<()> {
        if let Op::Kept(value) = op {
            ensure!(self.place == Place::Step, "K11", "`kept` stands outside of steps");
            self.declared(*value)?;
            let keepable = self.keepable[value.0 as usize];
            ensure!(keepable, "K11", "{value} is of no earlier loop over steps of this chunk");
            return Ok(());
        }
        let types = op.operands().map(|value| self.used(value)).collect::<Result<Vec<_>>>()?;
        ensure!(self.takes(op, &types)?, "K7", "{op:?} does not take {types:?}");
        self.only_where_allowed(op)
    }

    fn only_where_allowed(&self, op: &Op) -> Result<()> {
        match op {
            Op::Unary(Unary::Math(math), _) => {
                ensure!(self.math, "K10", "{math:?} was not written out");
            }
            Op::RealBits(_) | Op::BitsReal(_) => {
                let single = self.kernel.compute == Float::F32;
                ensure!(single, "K9", "the bits of a real that is no f32");
            }
            Op::Binary(Binary::Shl | Binary::Shr, _, amount) => {
                let constant = self.ints[amount.0 as usize];
                let fits = constant.is_some_and(|n| (0..32).contains(&n));
                ensure!(fits, "K8", "{amount} is no int constant from 0 to 31");
            }
            Op::Draw(..) => {
                ensure!(self.math, "K10", "a draw was not written out");
                ensure!(self.place == Place::Step, "K18", "a draw stands outside of steps");
            }
            Op::Counter(counter) => {
                let single = self.kernel.compute == Float::F32;
                ensure!(single, "K18", "what a draw is made from, where reals are no f32");
                let is_there = *counter != Counter::Step || self.place == Place::Step;
                ensure!(is_there, "K18", "a step's number stands outside of steps");
            }
            Op::Load(buffer) => self.load(*buffer, false)?,
            Op::LoadOr(buffer, _) => self.load(*buffer, true)?,
            Op::Given(buffer) => {
                let buffer = self.buffer(*buffer)?;
                ensure!(buffer.optional, "K15", "`{}` is always given", buffer.name);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether an operation takes operands of these types.
    fn takes(&self, op: &Op, types: &[Type]) -> Result<bool> {
        use Type::{Bool, Int, Real};
        Ok(match (op, types) {
            (Op::Real(_) | Op::Int(_) | Op::Bool(_) | Op::Load(_), _) => true,
            (Op::Given(_) | Op::Draw(..) | Op::Counter(_), _) => true,
            (Op::Unary(Unary::Neg, _), [a]) => *a != Bool,
            (Op::Unary(..) | Op::RealToInt(_) | Op::RealBits(_), [a]) => *a == Real,
            (Op::IntToReal(_) | Op::BitsReal(_), [a]) => *a == Int,
            (Op::Not(_), [a]) => *a == Bool,
            (Op::Binary(op, ..), [a, b]) => {
                let fits = match op {
                    Binary::Add | Binary::Sub | Binary::Mul => *a != Bool,
                    Binary::Min | Binary::Max => *a != Bool,
                    Binary::Div | Binary::Ratio => *a == Real,
                    Binary::And | Binary::Or => *a != Real,
                    Binary::Shl | Binary::Shr | Binary::Xor | Binary::MulHigh => *a == Int,
                };
                fits && a == b
            }
            (Op::Compare(..), [a, b]) => *a != Bool && a == b,
            (Op::Select(..), [a, b, c]) => *a == Bool && b == c,
            (Op::Fma(..), [a, b, c]) => [*a, *b, *c] == [Real; 3],
            (Op::LoadOr(buffer, _), [a]) => *a == self.buffer(*buffer)?.storage.ty(),
            _ => false,
        })
    }

    fn buffer(&self, buffer: BufferId) -> Result<&'a Buffer> {
        let found = self.kernel.buffers.get(buffer.0 as usize);
        found.ok_or_else(|| format!("there is no buffer {}", buffer.0))
    }

    fn load(&self, buffer: BufferId, fallback: bool) -> Result<()> {
        let buffer = self.buffer(buffer)?;
        self.touch(buffer)?;
        let name = &buffer.name;
        ensure!(!buffer.written, "K14", "`{name}` is written and loaded");
        let missing = buffer.optional || buffer.shape == Shape::Checkpoint;
        ensure!(missing == fallback, "K15", "`{name}` takes the other form of load");
        Ok(())
    }

    fn store(&mut self, id: BufferId, value: ValueId) -> Result<()> {
        let buffer = self.buffer(id)?;
        self.touch(buffer)?;
        ensure!(!buffer.shape.is_sums(), "K16", "`{}` is stored", buffer.name);
        self.write(id, value)
    }

    fn reduce(&mut self, id: BufferId, value: ValueId) -> Result<()> {
        let buffer = self.buffer(id)?;
        self.touch(buffer)?;
        ensure!(buffer.shape.is_sums(), "K16", "`{}` holds no sums", buffer.name);
        ensure!(self.seen_chunks, "K16", "`{}` is reduced before the loop", buffer.name);
        self.write(id, value)
    }

    fn write(&mut self, id: BufferId, value: ValueId) -> Result<()> {
        let Buffer { name, storage, written, .. } = self.buffer(id)?;
        ensure!(*written, "K14", "`{name}` is read and stored");
        let (found, ty) = (self.used(value)?, storage.ty());
        ensure!(found == ty, "K7", "`{name}` holds {ty:?}, {value} is {found:?}");
        let stored = &mut self.stored[id.0 as usize];
        ensure!(!*stored, "K17", "`{name}` is written twice");
        *stored = true;
        Ok(())
    }

    /// Whether a buffer of its shape may be touched here.
    fn touch(&self, buffer: &Buffer) -> Result<()> {
        let place = match buffer.shape {
            Shape::Sequence | Shape::Step => Place::Step,
            Shape::Checkpoint | Shape::Chunk | Shape::Packed => Place::Chunk,
            Shape::Segment if !buffer.written => Place::Segment,
            _ => Place::Top,
        };
        ensure!(buffer.shape != Shape::Matrix, "K13", "`{}` is touched", buffer.name);
        let chunk = self.kernel.schedule.chunk;
        let has_words = buffer.shape != Shape::Packed || chunk > 0 && WORD.is_multiple_of(chunk);
        ensure!(has_words, "K13", "`{}` has words of no whole chunks", buffer.name);
        ensure!(self.place == place, "K13", "`{}` is touched in the wrong place", buffer.name);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
