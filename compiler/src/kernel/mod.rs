//! Kernel IR: what one lane does over all time steps. The specification is `docs/kernel-ir.md`.
//!
//! A lane is one neuron of one batch element, and lanes do not talk to each other. A kernel is the
//! program of one lane; how many lanes run side by side is the target's business. Time is cut into
//! chunks of `K` steps, `K` fixed in the kernel and `T` known at run time: the body has one loop over
//! chunks, whose body has loops over the steps of a chunk. The last chunk may be short: a loop over
//! steps runs for those that are there, and a target that unrolls it masks the rest.
//!
//! A segmented kernel is run by every lane once for each segment of `L` steps, side by side: its loop over
//! chunks takes those of the segment, and loops over other segments come to where it starts.
//!
//! Never here: anything of the source language (names, options, surrogates) and anything of a device.

mod buffer;
pub mod build;
pub mod count;
pub mod dead;
mod draw;
pub mod interp;
pub mod legalize;
pub mod lower;
mod math;
mod names;
mod origins;
pub mod outer;
pub mod parse;
pub mod print;
#[doc(hidden)]
pub mod random;
pub mod reduce;
pub mod relax;
#[doc(hidden)]
pub mod samples;
pub mod schedule;
mod taken;
pub mod verify;

pub use buffer::{Buffer, Role, Shape, WORD};
pub use build::Builder;
pub use count::{Count, count};
pub use dead::without_dead;
pub use interp::draw;
pub use legalize::{Capabilities, legalize};
pub use lower::{Lowered, draw_operations, lower, operations};
pub use origins::Origins;
pub use parse::{ParseError, parse};
pub use print::print;
pub use relax::relax;
pub use schedule::schedule;
pub use snn_artifact::{GROUP, group};
pub use verify::{verify, verify_before_legalize};

/// A real type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Float {
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

/// The type of a buffer's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
    /// IEEE binary16, widened on load and rounded half to even on store.
    F16,
    /// bfloat16, widened on load and rounded half to even on store.
    Bf16,
    /// binary16 whose 16 bits are loaded as an int, the others 0, and stored from an int's low ones: what
    /// `legalize` makes of `F16` for a target without halves.
    F16Bits,
    /// The same of `Bf16`.
    Bf16Bits,
    /// 32-bit two's complement integer.
    I32,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A number of the kernel's compute type.
    Real,
    /// A 32-bit integer with wrapping arithmetic.
    Int,
    /// True or false.
    Bool,
}

/// The index of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

/// The index of a buffer in its kernel's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(pub u32);

/// Operations on one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// Sign bit flipped (real); two's complement (int).
    Neg,
    /// Sign bit cleared.
    Abs,
    /// Correctly rounded square root.
    Sqrt,
    /// Largest integer not above.
    Floor,
    /// Smallest integer not below.
    Ceil,
    /// Nearest integer, half to even.
    Round,
    /// A function of the maths library; only before `legalize`.
    Math(Math),
}

/// Functions that `legalize` writes out in the other operations, so that all targets agree to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Math {
    /// `e^a`.
    Exp,
    /// `e^a - 1`, exact near 0.
    Expm1,
    /// `(e^a - 1) / a`, 1 at 0.
    Exprel,
    /// Natural logarithm.
    Log,
    /// `log(1 + a)`.
    Log1p,
    /// `1 / (1 + e^-a)`.
    Sigmoid,
    /// `2^-a / (1 + 2^-a)^2`, for backward: less exact than the others.
    SigmoidSlope,
    /// `log(1 + e^a)`.
    Softplus,
    /// Hyperbolic tangent.
    Tanh,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Arc tangent.
    Atan,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Error function.
    Erf,
    /// `1 - erf(a)`, exact where that is near 0.
    Erfc,
}

/// Operations on two values of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// Sum; real or int.
    Add,
    /// Difference; real or int.
    Sub,
    /// Product; real or int.
    Mul,
    /// Correctly rounded quotient; real.
    Div,
    /// Quotient to two units in the last place, or a correctly rounded one; real. Only in backward.
    Ratio,
    /// `select(a <= b, a, b)`; real or int.
    Min,
    /// `select(a >= b, a, b)`; real or int.
    Max,
    /// Bitwise on int, logical on bool.
    And,
    /// Bitwise on int, logical on bool.
    Or,
    /// Left shift of an int by 0 to 31.
    Shl,
    /// Arithmetic right shift of an int by 0 to 31.
    Shr,
    /// Bits of an int that are set in one of the two alone.
    Xor,
    /// The upper 32 bits of the product of two ints without signs.
    MulHigh,
}

/// What a draw is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// The lower 32 bits of the seed.
    SeedLow,
    /// The upper 32 bits of the seed.
    SeedHigh,
    /// The step, counted from the launch's first. Only within steps.
    Step,
    /// The lane, also in a launch that begins at a later one.
    Lane,
}

/// Comparisons of two reals or two ints; false when an operand is NaN, except `Ne`.
pub use crate::check::hir::Compare;
pub use crate::check::hir::Draw;

/// What a value is computed by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A real constant, rounded once to the compute type.
    Real(f64),
    /// An int constant.
    Int(i32),
    /// A bool constant.
    Bool(bool),
    /// One number.
    Unary(Unary, ValueId),
    /// Two values of one type.
    Binary(Binary, ValueId, ValueId),
    /// A comparison.
    Compare(Compare, ValueId, ValueId),
    /// `not a`, of a bool.
    Not(ValueId),
    /// The second where the first is true, else the third.
    Select(ValueId, ValueId, ValueId),
    /// `a * b + c` rounded once.
    Fma(ValueId, ValueId, ValueId),
    /// An int as a real, rounded half to even.
    IntToReal(ValueId),
    /// A real as an int, towards zero, saturating, 0 for NaN.
    RealToInt(ValueId),
    /// The bits of an f32 as an int. Only in kernels that compute in f32.
    RealBits(ValueId),
    /// The f32 with these bits. Only in kernels that compute in f32.
    BitsReal(ValueId),
    /// The lane's element of a buffer, widened to the compute type.
    Load(BufferId),
    /// The same, or the value where the buffer was left out or, for a checkpoint, in chunk 0.
    LoadOr(BufferId, ValueId),
    /// Whether an optional buffer was given; the same for all lanes.
    Given(BufferId),
    /// What a value of an earlier loop over the steps of this chunk was at the same step.
    Kept(ValueId),
    /// A draw of the step, with the number of its declaration; only before `legalize`, and within steps.
    Draw(Draw, u32),
    /// An int that a draw is made from; only in kernels that compute in f32.
    Counter(Counter),
}

/// What a loop runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoopKind {
    /// The `ceil(T / K)` chunks; of a segmented kernel those of the segment.
    Chunks,
    /// The steps of a chunk: `min(K, T - c * K)` of them.
    Steps,
    /// The segments before the lane's own where it runs forward, those behind it where it runs in reverse.
    Segments,
}

/// The way a loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// From the first to the last.
    Forward,
    /// From the last to the first.
    Reverse,
}

/// A value that goes from one turn of a loop to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Its name within the body.
    pub param: ValueId,
    /// What it is in the first turn.
    pub init: ValueId,
    /// What it is in the next turn, defined in or before the body.
    pub next: ValueId,
    /// Its name behind the loop: the last `next`, or `init` where no turn was run.
    pub result: ValueId,
}

/// A loop with its carried values.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// What it runs over.
    pub kind: LoopKind,
    /// The way it runs.
    pub order: Order,
    /// What it carries.
    pub carries: Vec<Carry>,
    /// One turn.
    pub body: Vec<Stmt>,
}

/// A matrix times the lane's column of a sequence: at step `t` the sum of `m[t, k] * u[k]` over the steps `k`, from 0 on
/// and in their order, each product and each sum rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its value at each step of the chunk.
    pub value: ValueId,
    /// A buffer of shape `Matrix`.
    pub matrix: BufferId,
    /// A `Sequence` of f32 that is read; the product takes all its `T` steps.
    pub column: BufferId,
    /// Whether it is `m[k, t]` that is taken.
    pub transposed: bool,
    /// Whether `m * u` may go into the sum without being rounded. Only in backward.
    pub fused: bool,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    /// Defines a value.
    Let(ValueId, Op),
    /// Writes the lane's element, narrowed to the storage type. Does nothing where the buffer was left
    /// out and, for a checkpoint, in chunk 0.
    Store(BufferId, ValueId),
    /// Adds the lane's value to the sum of its block of `B` lanes, or of its group of `P`. Only behind the
    /// loop over chunks.
    Reduce(BufferId, ValueId),
    /// Defines a value for each step of a chunk, which `Kept` reads. Only within chunks.
    Product(Product),
    /// A loop.
    Loop(Loop),
}

/// How a kernel is to be run; changes no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    /// `K`, the steps of a chunk.
    pub chunk: u32,
    /// Adjacent lanes that a thread takes side by side.
    pub lanes: u32,
    /// `B`, the lanes whose contributions to a sum are added in the first stage; a multiple of `lanes`.
    pub block: u32,
}

/// The program of one lane over all time steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Its name, `forward`, `forward_train` or `backward`.
    pub name: String,
    /// The type that reals are computed in.
    pub compute: Float,
    /// How it is to be run.
    pub schedule: Schedule,
    /// The signature, in the order of the launch arguments.
    pub buffers: Vec<Buffer>,
    /// The type of each value.
    pub values: Vec<Type>,
    /// The statements.
    pub body: Vec<Stmt>,
    /// Which text the values come from.
    pub origins: Origins,
}

/// The launch scalars that every kernel takes first; a stride for each `Sequence` buffer follows, in the
/// order of the signature, and then [`DRAWN`] where the kernel draws.
pub const SCALARS: [&str; 5] = ["T", "N", "C", "S", "M"];

/// The launch scalars behind the strides, of a kernel that draws: the halves of the seed and the number of the first
/// step, each of 32 bits.
pub const DRAWN: [&str; 3] = ["seed.low", "seed.high", "first_step"];

/// The last launch scalar of a segmented kernel: `L`, the steps of a segment, a multiple of [`WORD`].
pub const SEGMENT: &str = "L";

impl Kernel {
    /// The type of a value.
    pub fn ty(&self, value: ValueId) -> Type {
        self.values[value.0 as usize]
    }

    /// A buffer of the signature.
    pub fn buffer(&self, buffer: BufferId) -> &Buffer {
        &self.buffers[buffer.0 as usize]
    }

    /// A new value of a type, to be defined once.
    pub fn new_value(&mut self, ty: Type) -> ValueId {
        self.values.push(ty);
        ValueId(self.values.len() as u32 - 1)
    }

    /// The type of what an operation computes.
    pub fn op_type(&self, op: &Op) -> Type {
        op.ty(|value| self.ty(value), |buffer| self.buffer(buffer).storage.ty())
    }

    /// The values that some `Kept` reads, each once, in order.
    pub fn kept_values(&self) -> Vec<ValueId> {
        let mut kept = Vec::new();
        self.walk(&mut |stmt| {
            if let Stmt::Let(_, Op::Kept(value)) = stmt {
                kept.push(*value);
            }
        });
        kept.sort_unstable();
        kept.dedup();
        kept
    }

    /// Calls `f` for every statement, a loop before those of its body.
    pub fn walk<'a>(&'a self, f: &mut impl FnMut(&'a Stmt)) {
        self.body.iter().for_each(|stmt| stmt.walk(f));
    }

    /// Whether every lane runs it once for each segment.
    pub fn is_segmented(&self) -> bool {
        self.buffers.iter().any(|buffer| buffer.shape == Shape::Segment)
    }

    /// Whether it goes through time from the last step to the first.
    pub fn is_reversed(&self) -> bool {
        self.body.iter().any(|stmt| match stmt {
            Stmt::Loop(inner) => inner.kind == LoopKind::Chunks && inner.order == Order::Reverse,
            _ => false,
        })
    }

    /// The names of the launch scalars, in order: [`SCALARS`], `stride.NAME` for each sequence, [`DRAWN`],
    /// [`SEGMENT`].
    pub fn scalars(&self) -> Vec<String> {
        let strides = self.buffers.iter().filter(|b| b.shape == Shape::Sequence);
        let strides = strides.map(|b| format!("stride.{}", b.name));
        let drawn = if self.draws() { &DRAWN[..] } else { &[] };
        let segment = self.is_segmented().then_some(SEGMENT);
        let all = SCALARS.iter().map(|s| s.to_string()).chain(strides);
        all.chain(drawn.iter().copied().chain(segment).map(String::from)).collect()
    }

    /// Whether something is drawn.
    pub fn draws(&self) -> bool {
        let mut draws = false;
        self.walk(&mut |stmt| draws |= matches!(stmt, Stmt::Let(_, Op::Draw(..) | Op::Counter(_))));
        draws
    }
}

impl From<Storage> for snn_artifact::Dtype {
    fn from(storage: Storage) -> Self {
        match storage {
            Storage::F32 => Self::F32,
            Storage::F64 => Self::F64,
            Storage::F16 | Storage::F16Bits => Self::F16,
            Storage::Bf16 | Storage::Bf16Bits => Self::Bf16,
            Storage::I32 => Self::I32,
        }
    }
}

impl Storage {
    /// The type of a value loaded from it or stored to it.
    pub fn ty(self) -> Type {
        match self {
            Storage::F32 | Storage::F64 | Storage::F16 | Storage::Bf16 => Type::Real,
            Storage::F16Bits | Storage::Bf16Bits | Storage::I32 => Type::Int,
        }
    }
}

impl Op {
    /// The values it reads, in order; that of `Kept`, which reads another loop's, is among them.
    pub fn operands(&self) -> impl Iterator<Item = ValueId> + use<> {
        let (mut list, mut n) = ([None; 3], 0);
        self.map(|a| {
            list[n] = Some(a);
            n += 1;
            a
        });
        list.into_iter().flatten()
    }

    /// The same operation on other values.
    pub fn map(self, mut f: impl FnMut(ValueId) -> ValueId) -> Op {
        match self {
            Op::Real(_)
            | Op::Int(_)
            | Op::Bool(_)
            | Op::Load(_)
            | Op::Given(_)
            | Op::Draw(..)
            | Op::Counter(_) => self,
            Op::Unary(op, a) => Op::Unary(op, f(a)),
            Op::Binary(op, a, b) => Op::Binary(op, f(a), f(b)),
            Op::Compare(op, a, b) => Op::Compare(op, f(a), f(b)),
            Op::Not(a) => Op::Not(f(a)),
            Op::Select(a, b, c) => Op::Select(f(a), f(b), f(c)),
            Op::Fma(a, b, c) => Op::Fma(f(a), f(b), f(c)),
            Op::IntToReal(a) => Op::IntToReal(f(a)),
            Op::RealToInt(a) => Op::RealToInt(f(a)),
            Op::RealBits(a) => Op::RealBits(f(a)),
            Op::BitsReal(a) => Op::BitsReal(f(a)),
            Op::LoadOr(buffer, a) => Op::LoadOr(buffer, f(a)),
            Op::Kept(a) => Op::Kept(f(a)),
        }
    }

    /// The buffer it names.
    pub fn buffer(&self) -> Option<BufferId> {
        match *self {
            Op::Load(buffer) | Op::LoadOr(buffer, _) | Op::Given(buffer) => Some(buffer),
            _ => None,
        }
    }

    /// The type of its value, from the types of values and buffers; an operand of the wrong type is
    /// for [`verify()`] to find.
    pub fn ty(&self, value: impl Fn(ValueId) -> Type, buffer: impl Fn(BufferId) -> Type) -> Type {
        match *self {
            Op::Real(_) | Op::Fma(..) | Op::IntToReal(_) | Op::BitsReal(_) | Op::Draw(..) => {
                Type::Real
            }
            Op::Int(_) | Op::RealToInt(_) | Op::RealBits(_) | Op::Counter(_) => Type::Int,
            Op::Bool(_) | Op::Compare(..) | Op::Not(_) | Op::Given(_) => Type::Bool,
            Op::Unary(_, a) | Op::Binary(_, a, _) | Op::Select(_, a, _) | Op::Kept(a) => value(a),
            Op::Load(b) | Op::LoadOr(b, _) => buffer(b),
        }
    }
}

impl Stmt {
    /// Calls `f` for it and, where it is a loop, for all statements of the loop's body after it.
    pub fn walk<'a>(&'a self, f: &mut impl FnMut(&'a Stmt)) {
        f(self);
        if let Stmt::Loop(inner) = self {
            inner.body.iter().for_each(|stmt| stmt.walk(f));
        }
    }
}

/// A kernel that [`verify()`] found well formed; the only thing that targets accept.
#[derive(Clone, Debug)]
pub struct Verified<K>(K);

impl<K> std::ops::Deref for Verified<K> {
    type Target = K;
    fn deref(&self) -> &K {
        &self.0
    }
}
