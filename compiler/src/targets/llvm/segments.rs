//! Loops over the segments before a block's own, or behind it.
//!
//! What is loaded does not wait for what is carried, so a few turns load before the first of them computes. The last
//! of these turns may not be there: they load again what the last one does, and hand carried values on.

use super::body::Side;
use super::emitter::{Emitter, Lanes};
use super::inst;
use super::text::Value;
use crate::error::Bug;
use crate::kernel::{Loop, Op, Order, Stmt};

/// Turns that load side by side.
const SIDE_BY_SIDE: u32 = 8;

impl Emitter<'_> {
    /// Emits a loop over segments.
    pub(super) fn segments(&mut self, inner: &Loop) -> Result<(), Bug> {
        let init = self.sides(&inner.carries, Side::Init)?;
        let text = &mut self.text;
        let n: Value = match inner.order {
            Order::Forward => "%segment".into(),
            Order::Reverse => text.value("sub i64 %segment.last, %segment"),
        };
        let (head, behind) = (text.block(), text.block());
        let any = text.value(format_args!("icmp ne i64 {n}, 0"));
        let last = text.value(format_args!("sub i64 {n}, 1"));
        let before = text.current();
        text.branch(&any, head, behind);
        text.enter(head);
        let (turn, turn_phi) = text.phi("i64", &[("0".into(), before)]);
        let mut phis = Vec::new();
        let mut carried = Vec::new();
        for (carry, init) in inner.carries.iter().zip(&init) {
            let ty = self.ty(carry.param);
            let phi = |value: &Value| self.text.phi(ty, &[(value.clone(), before)]);
            let pairs: Vec<_> = init.iter().map(phi).collect();
            carried.push(pairs.iter().map(|(value, _)| value.clone()).collect::<Lanes>());
            phis.push(pairs);
        }
        let mut turns = Vec::new();
        for i in 0..SIDE_BY_SIDE {
            turns.push(self.turn(inner, &turn, &last, i)?);
        }
        for (is_there, loaded) in turns {
            for (carry, lanes) in inner.carries.iter().zip(&carried) {
                self.bind(carry.param, lanes.clone());
            }
            self.compute_turn(inner, loaded)?;
            let next = self.sides(&inner.carries, Side::Next)?;
            for (i, (carry, next)) in inner.carries.iter().zip(next).enumerate() {
                let ty = self.ty(carry.param);
                carried[i] = self.choose(ty, &vec![is_there.clone()], &next, &carried[i]);
            }
        }
        let text = &mut self.text;
        let latch = text.current();
        let next = text.value(format_args!("add i64 {turn}, {SIDE_BY_SIDE}"));
        let more = text.value(format_args!("icmp ult i64 {next}, {n}"));
        text.add_incoming(turn_phi, next, latch);
        text.branch(&more, head, behind);
        text.enter(behind);
        for (pairs, next) in phis.iter().zip(&carried) {
            for ((_, phi), next) in pairs.iter().zip(next) {
                self.text.add_incoming(*phi, next.clone(), latch);
            }
        }
        let merged = self.merge_carried(inner, (&init, before), (&carried, latch));
        for (carry, lanes) in inner.carries.iter().zip(merged) {
            self.bind(carry.result, lanes);
        }
        Ok(())
    }

    /// Issues the loads of a turn; whether it is there, and what was loaded.
    fn turn(
        &mut self,
        inner: &Loop,
        first: &Value,
        last: &Value,
        i: u32,
    ) -> Result<(Value, Vec<Lanes>), Bug> {
        let text = &mut self.text;
        let turn = text.value(format_args!("add i64 {first}, {i}"));
        let is_there = text.value(format_args!("icmp ule i64 {turn}, {last}"));
        let turn = inst::select(text, "i64", &is_there, &turn, last);
        let segment = match inner.order {
            Order::Forward => turn,
            Order::Reverse => text.value(format_args!("sub i64 %segment.last, {turn}")),
        };
        let mut loaded = Vec::new();
        for stmt in &inner.body {
            if let Stmt::Let(_, Op::Load(buffer)) = stmt {
                loaded.push(self.load_segment(*buffer, &segment)?);
            }
        }
        Ok((is_there, loaded))
    }

    /// Emits what a turn makes of what was loaded for it.
    fn compute_turn(&mut self, inner: &Loop, loaded: Vec<Lanes>) -> Result<(), Bug> {
        let mut loaded = loaded.into_iter();
        for stmt in &inner.body {
            let Stmt::Let(id, op) = stmt else {
                return Err(Bug("a loop over segments does more than compute".into()));
            };
            self.on_line_of(*id);
            let lanes = match op {
                Op::Load(_) => loaded.next().unwrap_or_default(),
                _ => self.computed(*id, op)?,
            };
            self.bind(*id, lanes);
        }
        self.on_own_line();
        Ok(())
    }
}
