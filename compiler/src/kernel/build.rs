//! Straight-line statements as they are written out, operation by operation.

use std::collections::HashMap;

use super::{Binary, Compare, Op, Stmt, Type, Unary, ValueId};

/// Appends operations to a body. Constants are kept apart: each is one value, defined once at the head
/// of the kernel, so that those of a loop over steps are not computed again and again.
pub struct Builder<'a> {
    values: &'a mut Vec<Type>,
    constants: HashMap<(Type, u64), ValueId>,
    /// The definitions of the constants.
    pub head: Vec<Stmt>,
    /// What was written since it was last taken.
    pub body: Vec<Stmt>,
}

impl<'a> Builder<'a> {
    /// A builder that appends its values to those of a kernel.
    pub fn new(values: &'a mut Vec<Type>) -> Self {
        Self { values, constants: HashMap::new(), head: Vec::new(), body: Vec::new() }
    }

    fn fresh(&mut self, ty: Type) -> ValueId {
        self.values.push(ty);
        ValueId(self.values.len() as u32 - 1)
    }

    fn constant(&mut self, ty: Type, bits: u64, op: Op) -> ValueId {
        if let Some(&value) = self.constants.get(&(ty, bits)) {
            return value;
        }
        let value = self.fresh(ty);
        self.head.push(Stmt::Let(value, op));
        self.constants.insert((ty, bits), value);
        value
    }

    /// A real constant.
    pub fn real(&mut self, number: f64) -> ValueId {
        self.constant(Type::Real, number.to_bits(), Op::Real(number))
    }

    /// An int constant.
    pub fn int(&mut self, number: i32) -> ValueId {
        self.constant(Type::Int, number as u32 as u64, Op::Int(number))
    }

    /// The value of an operation that touches no buffer.
    pub fn value(&mut self, op: Op) -> ValueId {
        let values = &self.values;
        let ty = op.ty(|value| values[value.0 as usize], |_| Type::Real);
        let value = self.fresh(ty);
        self.body.push(Stmt::Let(value, op));
        value
    }

    /// The value of an operation of a type, which may touch a buffer.
    pub fn typed(&mut self, op: Op, ty: Type) -> ValueId {
        let value = self.fresh(ty);
        self.body.push(Stmt::Let(value, op));
        value
    }

    /// A function of one number.
    pub fn unary(&mut self, op: Unary, a: ValueId) -> ValueId {
        self.value(Op::Unary(op, a))
    }

    /// A function of two values of one type.
    pub fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        self.value(Op::Binary(op, a, b))
    }

    /// `a + b`.
    pub fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.binary(Binary::Add, a, b)
    }

    /// `a - b`.
    pub fn sub(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.binary(Binary::Sub, a, b)
    }

    /// `a * b`.
    pub fn mul(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.binary(Binary::Mul, a, b)
    }

    /// A comparison.
    pub fn compare(&mut self, op: Compare, a: ValueId, b: ValueId) -> ValueId {
        self.value(Op::Compare(op, a, b))
    }

    /// `b` where `a` is true, else `c`.
    pub fn select(&mut self, a: ValueId, b: ValueId, c: ValueId) -> ValueId {
        self.value(Op::Select(a, b, c))
    }

    /// A polynomial in `x` by Horner's rule, the coefficient of `x^0` first; none is 0.
    pub fn polynomial(&mut self, coefficients: &[f64], x: ValueId) -> ValueId {
        let mut higher = coefficients.iter().rev();
        let mut sum = self.real(higher.next().copied().unwrap_or(0.0));
        for &coefficient in higher {
            let coefficient = self.real(coefficient);
            let product = self.mul(sum, x);
            sum = self.add(product, coefficient);
        }
        sum
    }
}
