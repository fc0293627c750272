//! Divisors: those that all lanes share, such as time constants, and those that are never subnormal.
//!
//! A quotient by a power of two is the product with its reciprocal, to the bit and for every numerator,
//! since both round the same number. Time constants are powers of two more often than not, 2 by default, and
//! a correctly rounded division takes ten instructions, or a slow way of its own for a numerator of 0. So
//! there is a copy of the loop over full chunks that multiplies, for where all shared divisors are such.

use std::collections::HashMap;

use super::emitter::{Emitter, Lanes, lane};
use super::inst::constant;
use super::text::{Text, Value};
use crate::error::Bug;
use crate::kernel::{Binary, Float, Kernel, Loop, Op, Stmt, ValueId};

/// The size from which on an addend keeps a sum from being subnormal, other than 0.
const LEAST_ADDEND: f64 = 1e-18;

/// The divisors of one kernel.
pub(super) struct Divisors {
    /// Those of quotients that differ between lanes, though they do not themselves.
    shared: Vec<ValueId>,
    /// By value: whether it is never subnormal.
    is_normal: Vec<bool>,
    /// The reciprocals to multiply with, in the copy where that is exact.
    reciprocals: HashMap<ValueId, Value>,
}

impl Divisors {
    /// Looks at all quotients of a kernel.
    pub(super) fn of(kernel: &Kernel, varying: &[bool]) -> Self {
        let mut shared = Vec::new();
        let mut is_constant = vec![false; kernel.values.len()];
        let mut is_normal = vec![false; kernel.values.len()];
        kernel.walk(&mut |stmt| {
            let Stmt::Let(id, op) = stmt else { return };
            let is_addend = |a: &ValueId| is_constant[a.0 as usize];
            match op {
                Op::Real(c) => is_constant[id.0 as usize] = c.abs() >= LEAST_ADDEND,
                Op::Binary(Binary::Add | Binary::Sub, a, b) => {
                    is_normal[id.0 as usize] = is_addend(a) || is_addend(b);
                }
                Op::Fma(_, _, c) => is_normal[id.0 as usize] = is_addend(c),
                Op::Binary(Binary::Div, a, b)
                    if varying[a.0 as usize]
                        && !varying[b.0 as usize]
                        && kernel.compute == Float::F32
                        && !shared.contains(b) =>
                {
                    shared.push(*b);
                }
                _ => {}
            }
        });
        Self { shared, is_normal, reciprocals: HashMap::new() }
    }
}

impl Emitter<'_> {
    /// The lanes of a quotient that takes fewer instructions than a division; none where it does not.
    pub(super) fn quotients(&mut self, id: ValueId, op: &Op) -> Result<Option<Lanes>, Bug> {
        let (Op::Binary(Binary::Div, a, b) | Op::Binary(Binary::Ratio, a, b)) = op else {
            return Ok(None);
        };
        let is_ratio = matches!(op, Op::Binary(Binary::Ratio, ..));
        let divisors = match self.divisors.reciprocals.get(b).cloned() {
            Some(reciprocal) => vec![reciprocal],
            None if is_ratio && self.is_normal(*b) => {
                self.get(*b)?.iter().map(|b| reciprocal(&mut self.text, b)).collect()
            }
            None => return Ok(None),
        };
        let (dividends, width) = (self.get(*a)?, self.width(id));
        let product = |i: usize| {
            let (a, b) = (lane(&dividends, i), lane(&divisors, i));
            self.text.value(format_args!("fmul float {a}, {b}"))
        };
        Ok(Some((0..width).map(product).collect()))
    }

    fn is_normal(&self, id: ValueId) -> bool {
        self.divisors.is_normal[id.0 as usize] && self.kernel.compute == Float::F32
    }

    /// Emits the loop over full chunks; twice, if lanes are divided by what all of them share, but once where
    /// a thread takes its lanes one after the other, which seldom happens.
    pub(super) fn full_chunks(
        &mut self,
        chunks: &Loop,
        carried: Vec<Lanes>,
    ) -> Result<Vec<Lanes>, Bug> {
        let shared = self.divisors.shared.clone();
        let is_narrow = self.place.width < self.kernel.schedule.lanes as usize;
        if shared.is_empty() || is_narrow {
            return self.chunks_in_turn(chunks, carried);
        }
        let (mut all, mut reciprocals): (Value, _) = ("true".into(), HashMap::new());
        for id in shared {
            let divisor = lane(&self.get(id)?, 0).clone();
            let is_exact = is_power_of_two(&mut self.text, &divisor);
            all = self.text.value(format_args!("and i1 {all}, {is_exact}"));
            let one = constant(1.0, Float::F32);
            reciprocals.insert(id, self.text.value(format_args!("fdiv float {one}, {divisor}")));
        }
        let text = &mut self.text;
        let (exact, other, behind) = (text.block(), text.block(), text.block());
        text.branch(&all, exact, other);
        text.enter(exact);
        self.divisors.reciprocals = reciprocals;
        let of_exact = self.chunks_in_turn(chunks, carried.clone());
        self.divisors.reciprocals.clear();
        let (of_exact, from_exact) = (of_exact?, self.text.current());
        self.text.jump(behind);
        self.text.enter(other);
        let of_other = self.chunks_in_turn(chunks, carried)?;
        let from_other = self.text.current();
        self.text.jump(behind);
        self.text.enter(behind);
        Ok(self.merge_carried(chunks, (&of_exact, from_exact), (&of_other, from_other)))
    }
}

/// Whether a number is a power of two whose reciprocal is a float, which those of all normal ones are.
fn is_power_of_two(text: &mut Text, number: &Value) -> Value {
    let bits = text.value(format_args!("bitcast float {number} to i32"));
    let significand = text.value(format_args!("and i32 {bits}, 8388607"));
    let is_power = text.value(format_args!("icmp eq i32 {significand}, 0"));
    let exponent = text.value(format_args!("and i32 {bits}, 2139095040"));
    let above = text.value(format_args!("icmp ne i32 {exponent}, 0"));
    let below = text.value(format_args!("icmp ne i32 {exponent}, 2139095040"));
    let is_normal = text.value(format_args!("and i1 {above}, {below}"));
    text.value(format_args!("and i1 {is_power}, {is_normal}"))
}

/// About one divided by a number that is not subnormal, within 1 unit in the last place. Results that would
/// be subnormal are 0.
fn reciprocal(text: &mut Text, number: &Value) -> Value {
    let rcp = "call float asm \"rcp.approx.ftz.f32 $0, $1;\", \"=f,f\"";
    text.value(format_args!("{rcp}(float {number})"))
}
