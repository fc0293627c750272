//! Random well-formed kernels of one signature, for the tests of everything that takes kernels.

use super::{
    Binary, Buffer, BufferId, Carry, Compare, Float, Kernel, Loop, LoopKind, Op, Order, Product,
    Role, Schedule, Shape, Stmt, Storage, Type, Unary, ValueId,
};

/// What a random kernel may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Every operation that targets have but `fma`.
    Any,
    /// Only what is exact in f32 and in f64: reals are multiples of 1/16 of few bits, and no result is
    /// rounded.
    Exact,
}

const REAL_IN: BufferId = BufferId(0);
const INT_IN: BufferId = BufferId(1);
const STATE: BufferId = BufferId(2);
const PARAM: BufferId = BufferId(3);
const CHECKPOINT: BufferId = BufferId(4);
const REAL_OUT: BufferId = BufferId(5);
const INT_OUT: BufferId = BufferId(6);
const STATE_OUT: BufferId = BufferId(7);
const SUM: BufferId = BufferId(8);
const WORD: BufferId = BufferId(9);
const WORD_OUT: BufferId = BufferId(10);
const MATRIX: BufferId = BufferId(11);
const NUMBERS: BufferId = BufferId(12);
const SUM_OF_GROUPS: BufferId = BufferId(13);

/// The signature: `x` and `n` come in, `y` and `m` go out, and there is a buffer of nearly every shape.
fn signature() -> Vec<Buffer> {
    use {Shape::*, Storage::*};
    let buffer = |name: &str, role, storage, shape, written, optional| {
        let name = name.to_string();
        Buffer { name, role, storage, shape, written, optional }
    };
    vec![
        buffer("x", Role::Input, F32, Sequence, false, false),
        buffer("n", Role::Input, I32, Sequence, false, false),
        buffer("state.v", Role::StateIn, F32, Lane, false, true),
        buffer("p", Role::Param, F32, Channel, false, false),
        buffer("saved.v", Role::Saved, F32, Checkpoint, false, false),
        buffer("y", Role::Output, F32, Sequence, true, false),
        buffer("m", Role::Output, I32, Sequence, true, true),
        buffer("state_out.v", Role::StateOut, F32, Lane, true, false),
        buffer("partial.p", Role::Partial, F32, Partial, true, false),
        buffer("trace.m", Role::Saved, I32, Chunk, false, false),
        buffer("trace.n", Role::Saved, I32, Chunk, true, false),
        buffer("w", Role::Param, F32, Matrix, false, false),
        buffer("b", Role::Param, F32, Step, false, false),
        buffer("partial.g", Role::Partial, F32, Group, true, true),
    ]
}

/// A kernel that a tape of numbers decides; all tapes are good, and 0 follows their end.
pub fn random(tape: &[u32], arithmetic: Arithmetic, schedule: Schedule) -> Kernel {
    let kernel = Kernel {
        name: "random".into(),
        compute: Float::F32,
        schedule,
        buffers: signature(),
        values: Vec::new(),
        body: Vec::new(),
        origins: Default::default(),
    };
    let mut writer = Writer { tape, arithmetic, kernel, body: Vec::new(), scope: Vec::new() };
    writer.top();
    Kernel { body: writer.body, ..writer.kernel }
}

struct Writer<'a> {
    tape: &'a [u32],
    arithmetic: Arithmetic,
    kernel: Kernel,
    /// The body being written.
    body: Vec<Stmt>,
    /// The values in scope.
    scope: Vec<ValueId>,
}

impl Writer<'_> {
    /// A choice below `n`.
    fn below(&mut self, n: usize) -> usize {
        let Some((&first, rest)) = self.tape.split_first() else { return 0 };
        self.tape = rest;
        first as usize % n
    }

    fn write(&mut self, op: Op) -> ValueId {
        let value = self.kernel.new_value(self.kernel.op_type(&op));
        self.body.push(Stmt::Let(value, op));
        value
    }

    /// Writes an operation whose value later ones may take.
    fn offer(&mut self, op: Op) -> ValueId {
        let value = self.write(op);
        self.scope.push(value);
        value
    }

    /// A value in scope of some type; there is one from the start of the kernel on.
    fn any(&mut self, ty: Type) -> ValueId {
        let fitting: Vec<_> =
            self.scope.iter().copied().filter(|&value| self.kernel.ty(value) == ty).collect();
        fitting[self.below(fitting.len())]
    }

    fn top(&mut self) {
        for op in [Op::Real(0.5), Op::Real(-3.0), Op::Int(-7), Op::Int(2), Op::Bool(true)] {
            self.offer(op);
        }
        let start = self.any(Type::Real);
        let state = self.offer(Op::LoadOr(STATE, start));
        self.offer(Op::Given(STATE));
        self.offer(Op::Load(PARAM));
        self.operations();
        let int = self.any(Type::Int);
        let (real, _) = self.inner_loop(LoopKind::Chunks, (state, int), Self::chunk);
        self.operations();
        self.body.push(Stmt::Store(STATE_OUT, real));
        let sum = self.any(Type::Real);
        self.body.push(Stmt::Reduce(SUM, sum));
        let sum = self.any(Type::Real);
        self.body.push(Stmt::Reduce(SUM_OF_GROUPS, sum));
    }

    fn chunk(&mut self) -> (ValueId, ValueId) {
        let fallback = self.any(Type::Real);
        self.offer(Op::LoadOr(CHECKPOINT, fallback));
        self.offer(Op::Load(WORD));
        self.operations();
        let product = self.below(3) == 1;
        let product = product.then(|| self.product());
        let mut kept = Vec::new();
        let carried = (self.any(Type::Real), self.any(Type::Int));
        let first = self.inner_loop(LoopKind::Steps, carried, |writer| {
            let outer = writer.kernel.values.len() as u32 - 2;
            writer.offer(Op::Load(REAL_IN));
            writer.offer(Op::Load(INT_IN));
            writer.operations();
            kept = writer.scope.iter().copied().filter(|value| value.0 >= outer).collect();
            (writer.any(Type::Real), writer.any(Type::Int))
        });
        let last = self.inner_loop(LoopKind::Steps, first, |writer| {
            if let Some(product) = product {
                writer.bounded(Op::Kept(product));
            }
            for &value in &kept {
                if writer.below(2) == 0 {
                    writer.offer(Op::Kept(value));
                }
            }
            writer.offer(Op::Load(REAL_IN));
            if writer.below(3) == 1 {
                writer.offer(Op::Load(NUMBERS));
            }
            writer.operations();
            let next = (writer.any(Type::Real), writer.any(Type::Int));
            writer.body.push(Stmt::Store(REAL_OUT, next.0));
            writer.body.push(Stmt::Store(INT_OUT, next.1));
            next
        });
        self.body.push(Stmt::Store(WORD_OUT, last.1));
        last
    }

    /// A product of the matrix and what comes in.
    fn product(&mut self) -> ValueId {
        let value = self.kernel.new_value(Type::Real);
        let transposed = self.below(2) == 1;
        let (matrix, column, fused) = (MATRIX, REAL_IN, false);
        self.body.push(Stmt::Product(Product { value, matrix, column, transposed, fused }));
        value
    }

    /// A loop that carries a real and an int; returns their last values.
    fn inner_loop(
        &mut self,
        kind: LoopKind,
        init: (ValueId, ValueId),
        body: impl FnOnce(&mut Self) -> (ValueId, ValueId),
    ) -> (ValueId, ValueId) {
        let order = if self.below(2) == 0 { Order::Forward } else { Order::Reverse };
        let mark = self.scope.len();
        let params = (self.kernel.new_value(Type::Real), self.kernel.new_value(Type::Int));
        self.scope.extend([params.0, params.1]);
        let outside = std::mem::take(&mut self.body);
        let next = body(self);
        let body = std::mem::replace(&mut self.body, outside);
        self.scope.truncate(mark);
        let results = (self.kernel.new_value(Type::Real), self.kernel.new_value(Type::Int));
        self.scope.extend([results.0, results.1]);
        let carries = vec![
            Carry { param: params.0, init: init.0, next: next.0, result: results.0 },
            Carry { param: params.1, init: init.1, next: next.1, result: results.1 },
        ];
        self.body.push(Stmt::Loop(Loop { kind, order, carries, body }));
        results
    }

    fn operations(&mut self) {
        for _ in 0..self.below(8) {
            self.operation();
        }
    }

    fn operation(&mut self) {
        let exact = self.arithmetic == Arithmetic::Exact;
        match self.below(if exact { 5 } else { 7 }) {
            0 => self.real_operation(),
            1 => self.int_operation(),
            2 => self.bool_operation(),
            3 => {
                let truth = self.any(Type::Bool);
                let ty = [Type::Real, Type::Int, Type::Bool][self.below(3)];
                let (a, b) = (self.any(ty), self.any(ty));
                self.offer(Op::Select(truth, a, b));
            }
            4 => self.conversion(),
            5 => {
                let (a, b) = (self.any(Type::Real), self.any(Type::Real));
                let root = self.offer(Op::Unary(Unary::Sqrt, a));
                self.offer(Op::Binary(Binary::Div, root, b));
            }
            _ => {
                let a = self.any(Type::Real);
                let bits = self.offer(Op::RealBits(a));
                let mask = self.write(Op::Int(0x3fff_ffff));
                let bits = self.write(Op::Binary(Binary::And, bits, mask));
                self.offer(Op::BitsReal(bits));
            }
        }
    }

    fn real_operation(&mut self) {
        use Unary::{Abs, Ceil, Floor, Neg, Round};
        let (a, b) = (self.any(Type::Real), self.any(Type::Real));
        let unary = [Neg, Abs, Floor, Ceil, Round];
        let binary = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Min, Binary::Max];
        let op = match self.below(unary.len() + binary.len()) {
            i if i < unary.len() => Op::Unary(unary[i], a),
            i => Op::Binary(binary[i - unary.len()], a, b),
        };
        self.bounded(op);
    }

    /// An operation whose value later ones may take where it has few bits.
    fn bounded(&mut self, op: Op) {
        match self.arithmetic {
            Arithmetic::Any => self.offer(op),
            Arithmetic::Exact => self.tamed(op),
        };
    }

    /// A real rounded to quarters and clamped to 64, so that a product has 16 bits at most.
    fn tamed(&mut self, op: Op) -> ValueId {
        let value = self.write(op);
        let (quarter, four) = (self.write(Op::Real(0.25)), self.write(Op::Real(4.0)));
        let (low, high) = (self.write(Op::Real(-64.0)), self.write(Op::Real(64.0)));
        let value = self.write(Op::Binary(Binary::Mul, value, four));
        let value = self.write(Op::Unary(Unary::Round, value));
        let value = self.write(Op::Binary(Binary::Mul, value, quarter));
        let value = self.write(Op::Binary(Binary::Max, low, value));
        self.offer(Op::Binary(Binary::Min, high, value))
    }

    fn int_operation(&mut self) {
        use Binary::{Add, And, Max, Min, Mul, Or, Shl, Shr, Sub};
        let (a, b) = (self.any(Type::Int), self.any(Type::Int));
        let binary = [Add, Sub, Mul, Min, Max, And, Or];
        match self.below(binary.len() + 3) {
            i if i < binary.len() => self.offer(Op::Binary(binary[i], a, b)),
            7 => self.offer(Op::Unary(Unary::Neg, a)),
            i => {
                let amount = self.below(32) as i32;
                let amount = self.write(Op::Int(amount));
                self.offer(Op::Binary(if i == 8 { Shl } else { Shr }, a, amount))
            }
        };
    }

    fn bool_operation(&mut self) {
        use Compare::{Eq, Ge, Gt, Le, Lt, Ne};
        let (a, b) = (self.any(Type::Bool), self.any(Type::Bool));
        let ty = [Type::Real, Type::Int][self.below(2)];
        let (left, right) = (self.any(ty), self.any(ty));
        let op = match self.below(9) {
            0 => Op::Not(a),
            1 => Op::Binary(Binary::And, a, b),
            2 => Op::Binary(Binary::Or, a, b),
            i => Op::Compare([Lt, Le, Gt, Ge, Eq, Ne][i - 3], left, right),
        };
        self.offer(op);
    }

    /// To int, or the low bits of an int to a real, which are exact.
    fn conversion(&mut self) {
        if self.below(2) == 0 {
            let a = self.any(Type::Real);
            self.offer(Op::RealToInt(a));
        } else {
            let a = self.any(Type::Int);
            let mask = self.write(Op::Int(63));
            let low = self.write(Op::Binary(Binary::And, a, mask));
            self.offer(Op::IntToReal(low));
        }
    }
}

#[cfg(test)]
mod tests;
