//! Statements and loops. Chunks are a loop at run time; the steps of a chunk are unrolled, so that what
//! one loop over steps keeps for another stays in registers.
//!
//! A full chunk has no masks. The last, short one runs all its unrolled steps but loads again the last
//! step that is there instead of those that are not, stores nothing for those, and hands carried values
//! on as they were.

use super::ahead::{Early, loops};
use super::emitter::{Chunk, Emitter, Lanes};
use super::inst;
use super::text::{Label, Value};
use crate::error::Bug;
use crate::kernel::lower::is_short;
use crate::kernel::{
    BufferId, Carry, Counter, Float, Loop, LoopKind, Op, Order, Shape, Stmt, ValueId,
};

/// Which side of a loop its carried values are wanted on.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Init,
    Next,
}

impl Emitter<'_> {
    /// Emits the statements at the top of the kernel.
    pub(super) fn statements(&mut self) -> Result<(), Bug> {
        let kernel = self.kernel;
        if let Some(chunks) = loops(&kernel.body).find(|inner| inner.kind == LoopKind::Chunks) {
            self.load_first(chunks)?;
        }
        self.load_states()?;
        for stmt in &kernel.body {
            match stmt {
                Stmt::Let(id, op) => self.define(*id, op, None)?,
                Stmt::Store(buffer, value) => self.store(*buffer, *value, None)?,
                Stmt::Reduce(_, value) => {
                    let lanes = self.get(*value)?;
                    self.sums.push(lanes);
                }
                Stmt::Product(_) => return Err(Bug("a product outside of chunks".into())),
                Stmt::Loop(inner) if inner.kind == LoopKind::Segments => self.segments(inner)?,
                Stmt::Loop(chunks) => self.chunks(chunks)?,
            }
            self.on_own_line();
        }
        Ok(())
    }

    /// Emits a definition outside of steps.
    fn define(&mut self, id: ValueId, op: &Op, chunk: Option<&Chunk>) -> Result<(), Bug> {
        self.on_line_of(id);
        let lanes = match op {
            Op::Load(buffer) => self.loaded(id, *buffer, chunk)?,
            Op::LoadOr(buffer, fallback) => {
                let loaded = self.loaded(id, *buffer, chunk)?;
                let in_chunk =
                    chunk.filter(|_| self.kernel.buffer(*buffer).shape == Shape::Checkpoint);
                self.or_fallback(
                    *buffer,
                    loaded,
                    *fallback,
                    in_chunk.map(|c| c.past_first.clone()),
                )?
            }
            _ => self.computed(id, op)?,
        };
        self.bind(id, lanes);
        Ok(())
    }

    /// What is loaded outside of steps.
    fn loaded(
        &mut self,
        id: ValueId,
        buffer: BufferId,
        chunk: Option<&Chunk>,
    ) -> Result<Lanes, Bug> {
        match self.states.remove(&id) {
            Some(lanes) => Ok(lanes),
            None => self.load(buffer, chunk),
        }
    }

    /// What was loaded, or the fallback where the buffer was left out or `condition` does not hold.
    pub(super) fn or_fallback(
        &mut self,
        buffer: BufferId,
        loaded: Lanes,
        fallback: ValueId,
        condition: Option<Value>,
    ) -> Result<Lanes, Bug> {
        let otherwise = self.get(fallback)?;
        let given = self.pointers[buffer.0 as usize].given.clone();
        // Where a buffer was left out, zeros were loaded.
        let given = given.filter(|_| otherwise.iter().any(|value| !is_zero(value)));
        let mut lanes = loaded;
        for condition in given.into_iter().chain(condition) {
            lanes = self.choose(self.ty(fallback), &vec![condition], &lanes, &otherwise);
        }
        Ok(lanes)
    }

    /// Emits an operation that does not load.
    pub(super) fn computed(&mut self, id: ValueId, op: &Op) -> Result<Lanes, Bug> {
        match op {
            Op::Given(buffer) => {
                let given = self.pointers[buffer.0 as usize].given.clone();
                Ok(vec![given.unwrap_or_else(|| "true".into())])
            }
            Op::Counter(counter) => self.counter(*counter),
            Op::Select(condition, a, b) => {
                let (condition, a, b) = (self.get(*condition)?, self.get(*a)?, self.get(*b)?);
                Ok(self.choose(self.ty(id), &condition, &a, &b))
            }
            _ => {
                if let Some(quotients) = self.quotients(id, op)? {
                    return Ok(quotients);
                }
                let operands: Vec<ValueId> = op.operands().collect();
                self.arithmetic(id, op, &operands)
            }
        }
    }

    /// What draws of all steps are made from.
    fn counter(&mut self, counter: Counter) -> Result<Lanes, Bug> {
        let (width, first) = (self.place.width, self.place.first.clone());
        let text = &mut self.text;
        match counter {
            Counter::SeedLow => Ok(vec![text.value("trunc i64 %seed_low to i32")]),
            Counter::SeedHigh => Ok(vec![text.value("trunc i64 %seed_high to i32")]),
            Counter::Step => Err(Bug("the number of a step outside of steps".into())),
            Counter::Lane => {
                let lane = text.value(format_args!("add i64 {first}, %first"));
                let lane = text.value(format_args!("trunc i64 {lane} to i32"));
                let beside = |i| text.value(format_args!("add i32 {lane}, {i}"));
                Ok((0..width).map(beside).collect())
            }
        }
    }

    /// Emits the loop over chunks: the full ones in a loop, the short one behind or before it.
    fn chunks(&mut self, chunks: &Loop) -> Result<(), Bug> {
        if chunks.kind != LoopKind::Chunks {
            return Err(Bug("a loop over steps stands outside of chunks".into()));
        }
        let mut carried = self.sides(&chunks.carries, Side::Init)?;
        match chunks.order {
            Order::Forward => {
                carried = self.full_chunks(chunks, carried)?;
                carried = self.short_chunk(chunks, carried)?;
            }
            Order::Reverse => {
                carried = self.short_chunk(chunks, carried)?;
                carried = self.full_chunks(chunks, carried)?;
            }
        }
        for (carry, lanes) in chunks.carries.iter().zip(carried) {
            self.bind(carry.result, lanes);
        }
        Ok(())
    }

    /// One side of each carried value, with as many lanes as its name in the body has.
    pub(super) fn sides(&self, carries: &[Carry], side: Side) -> Result<Vec<Lanes>, Bug> {
        let one = |carry: &Carry| match side {
            Side::Init => self.get_for(carry.init, carry.param),
            Side::Next => self.get_for(carry.next, carry.param),
        };
        carries.iter().map(one).collect()
    }

    /// Emits the loop over full chunks once.
    pub(super) fn chunks_in_turn(
        &mut self,
        chunks: &Loop,
        carried: Vec<Lanes>,
    ) -> Result<Vec<Lanes>, Bug> {
        let begin = self.begin.clone();
        let text = &mut self.text;
        let (head, behind) = (text.block(), text.block());
        let any = text.value(format_args!("icmp ne i64 %full, {begin}"));
        let last = text.value("sub i64 %full, 1");
        let before = text.current();
        text.branch(&any, head, behind);
        text.enter(head);
        if is_short(self.kernel) {
            let chunk = self.full_chunk(&"0".into());
            let early = self.first.clone();
            return self.once(chunks, &chunk, early, carried, (before, behind));
        }

        let (first, step): (Value, i64) = match chunks.order {
            Order::Forward => (begin.clone(), 1),
            Order::Reverse => (last.clone(), -1),
        };
        let (index, index_phi) = text.phi("i64", &[(first, before)]);
        let mut phis = Vec::new();
        for (carry, init) in chunks.carries.iter().zip(&carried) {
            let ty = self.ty(carry.param);
            let pairs: Vec<_> =
                init.iter().map(|value| self.text.phi(ty, &[(value.clone(), before)])).collect();
            self.bind(carry.param, pairs.iter().map(|(value, _)| value.clone()).collect());
            phis.push(pairs);
        }
        let chunk = self.full_chunk(&index);
        self.chunk(chunks, &chunk, None)?;
        let next = self.sides(&chunks.carries, Side::Next)?;

        let text = &mut self.text;
        let latch = text.current();
        let next_index = text.value(format_args!("add i64 {index}, {step}"));
        let ended = match chunks.order {
            Order::Forward => text.value(format_args!("icmp eq i64 {next_index}, %full")),
            Order::Reverse => text.value(format_args!("icmp eq i64 {index}, {begin}")),
        };
        text.add_incoming(index_phi, next_index, latch);
        text.branch(&ended, behind, head);
        text.enter(behind);
        for (pairs, next) in phis.iter().zip(&next) {
            for ((_, phi), next) in pairs.iter().zip(next) {
                self.text.add_incoming(*phi, next.clone(), latch);
            }
        }
        Ok(self.merge_carried(chunks, (&carried, before), (&next, latch)))
    }

    /// Emits a chunk that comes once, if it does, with what was loaded for it before.
    fn once(
        &mut self,
        chunks: &Loop,
        chunk: &Chunk,
        early: Option<Vec<Early>>,
        carried: Vec<Lanes>,
        (before, behind): (Label, Label),
    ) -> Result<Vec<Lanes>, Bug> {
        for (carry, init) in chunks.carries.iter().zip(&carried) {
            self.bind(carry.param, init.clone());
        }
        self.chunk(chunks, chunk, early)?;
        let next = self.sides(&chunks.carries, Side::Next)?;
        let latch = self.text.current();
        self.text.jump(behind);
        self.text.enter(behind);
        Ok(self.merge_carried(chunks, (&carried, before), (&next, latch)))
    }

    /// Carried values that come from one of two blocks.
    pub(super) fn merge_carried(
        &mut self,
        chunks: &Loop,
        (a, from_a): (&[Lanes], Label),
        (b, from_b): (&[Lanes], Label),
    ) -> Vec<Lanes> {
        let both = chunks.carries.iter().zip(a.iter().zip(b));
        both.map(|(carry, (a, b))| self.merge(self.ty(carry.param), a, from_a, b, from_b)).collect()
    }

    /// Values that come from one of two blocks.
    pub(super) fn merge(
        &mut self,
        ty: &'static str,
        a: &Lanes,
        from_a: Label,
        b: &Lanes,
        from_b: Label,
    ) -> Lanes {
        let text = &mut self.text;
        let one =
            |(a, b): (&Value, &Value)| text.phi(ty, &[(a.clone(), from_a), (b.clone(), from_b)]).0;
        a.iter().zip(b).map(one).collect()
    }

    pub(super) fn full_chunk(&mut self, index: &Value) -> Chunk {
        let unrolled = self.kernel.schedule.chunk;
        let text = &mut self.text;
        let first = text.value(format_args!("mul i64 {index}, {unrolled}"));
        let past_first = text.value(format_args!("icmp ne i64 {index}, 0"));
        let last = (unrolled - 1).to_string().into();
        Chunk { first, index: index.clone(), past_first, active: None, last, unrolled }
    }

    fn short_chunk(&mut self, chunks: &Loop, carried: Vec<Lanes>) -> Result<Vec<Lanes>, Bug> {
        let unrolled = self.kernel.schedule.chunk - 1;
        if unrolled == 0 {
            return Ok(carried);
        }
        let text = &mut self.text;
        let (inside, behind) = (text.block(), text.block());
        let any = text.value("icmp ne i64 %short, 0");
        let before = text.current();
        text.branch(&any, inside, behind);
        text.enter(inside);
        let first = text.value(format_args!("mul i64 %full, {}", unrolled + 1));
        let past_first = text.value("icmp ne i64 %full, 0");
        let last = text.value("sub i64 %short, 1");
        let active =
            (0..unrolled).map(|j| text.value(format_args!("icmp ugt i64 %short, {j}"))).collect();
        let chunk = Chunk {
            first,
            index: "%full".into(),
            past_first,
            active: Some(active),
            last,
            unrolled,
        };
        self.once(chunks, &chunk, None, carried, (before, behind))
    }

    /// Emits the body of the loop over chunks once, with what was loaded for it before.
    fn chunk(
        &mut self,
        chunks: &Loop,
        chunk: &Chunk,
        early: Option<Vec<Early>>,
    ) -> Result<(), Bug> {
        self.kept.clear();
        self.ahead.clear();
        let early = match early {
            None if self.fits_ahead(chunks, chunk.unrolled) => {
                self.load_chunk(chunks, chunk, None)?
            }
            early => early.unwrap_or_default(),
        };
        self.take_early(early);
        for stmt in &chunks.body {
            match stmt {
                Stmt::Let(id, op) => self.define(*id, op, Some(chunk))?,
                Stmt::Store(buffer, value) => self.store(*buffer, *value, Some(chunk))?,
                Stmt::Loop(steps) => self.steps(steps, chunk)?,
                Stmt::Product(product) => self.product(product, chunk)?,
                Stmt::Reduce(..) => return Err(Bug("a sum within the loop over chunks".into())),
            }
            self.on_own_line();
        }
        Ok(())
    }
}

/// Whether a value is the constant 0, and not -0.
fn is_zero(value: &Value) -> bool {
    **value == *"0" || *value == inst::constant(0.0, Float::F32)
}
