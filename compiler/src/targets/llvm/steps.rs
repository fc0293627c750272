//! The steps of a chunk, unrolled, and the addresses they touch.

use super::body::Side;
use super::emitter::{Chunk, Emitter, Lanes};
use super::inst;
use super::memory::offset;
use super::text::Value;
use crate::error::Bug;
use crate::kernel::{BufferId, Counter, Loop, Op, Order, Shape, Stmt, ValueId};

/// The steps of a loop in the order they run, and a pointer for each sequence it touches.
pub(super) struct Walk {
    pub(super) steps: Vec<u32>,
    order: Order,
    pub(super) pointers: Vec<(BufferId, Value)>,
}

impl Emitter<'_> {
    /// Begins to walk over the steps of a chunk.
    pub(super) fn walk(&mut self, order: Order, buffers: Vec<BufferId>, chunk: &Chunk) -> Walk {
        let mut steps: Vec<u32> = (0..chunk.unrolled).collect();
        if order == Order::Reverse {
            steps.reverse();
        }
        let pointers =
            buffers.into_iter().map(|buffer| (buffer, self.first_pointer(order, buffer, chunk)));
        let pointers = pointers.collect();
        Walk { steps, order, pointers }
    }

    /// The address of the block's elements in the first step that is there, in the loop's order.
    fn first_pointer(&mut self, order: Order, buffer: BufferId, chunk: &Chunk) -> Value {
        let pointer = self.pointers[buffer.0 as usize].clone();
        let stride = pointer.stride.unwrap_or_else(|| "0".into());
        let block = self.place.blocks[buffer.0 as usize].clone().unwrap_or_else(|| "0".into());
        let text = &mut self.text;
        let step = match order {
            Order::Forward => chunk.first.clone(),
            Order::Reverse => text.value(format_args!("add i64 {}, {}", chunk.first, chunk.last)),
        };
        let rows = text.value(format_args!("mul i64 {step}, {stride}"));
        let start = offset(text, &pointer.base, &block);
        offset(text, &start, &rows)
    }

    /// Moves the pointers from one step to the next. In a short chunk they stay on the last step that
    /// is there while those behind it go by.
    pub(super) fn advance(&mut self, walk: &mut Walk, position: usize, chunk: &Chunk) {
        let Some(&next) = walk.steps.get(position + 1) else { return };
        // Going back, the step that is left must be there; going on, the one that comes.
        let checked = match walk.order {
            Order::Forward => next,
            Order::Reverse => next + 1,
        };
        for (buffer, pointer) in &mut walk.pointers {
            let stride =
                self.pointers[buffer.0 as usize].stride.clone().unwrap_or_else(|| "0".into());
            let text = &mut self.text;
            let mut by = stride;
            if walk.order == Order::Reverse {
                by = text.value(format_args!("sub i64 0, {by}"));
            }
            if let Some(active) = &chunk.active {
                by = inst::select(text, "i64", &active[checked as usize], &by, &"0".into());
            }
            *pointer = offset(text, pointer, &by);
        }
    }

    /// Emits a loop over the steps of a chunk.
    pub(super) fn steps(&mut self, steps: &Loop, chunk: &Chunk) -> Result<(), Bug> {
        self.load_loop(steps, chunk)?;
        let stores = steps.body.iter().filter_map(|stmt| match stmt {
            Stmt::Store(buffer, _) => Some(*buffer),
            _ => None,
        });
        let mut walk = self.walk(steps.order, stores.collect(), chunk);
        let kept = self.kernel.kept_values();
        let mut carried = self.sides(&steps.carries, Side::Init)?;
        for position in 0..walk.steps.len() {
            let step = walk.steps[position];
            for (carry, lanes) in steps.carries.iter().zip(&carried) {
                self.bind(carry.param, lanes.clone());
            }
            self.step(steps, chunk, step, &walk)?;
            self.keep(steps, &kept, step)?;
            let next = self.sides(&steps.carries, Side::Next)?;
            let active = chunk.active.as_ref().map(|active| vec![active[step as usize].clone()]);
            for (i, (carry, next)) in steps.carries.iter().zip(next).enumerate() {
                carried[i] = match &active {
                    Some(active) => self.choose(self.ty(carry.param), active, &next, &carried[i]),
                    None => next,
                };
            }
            self.advance(&mut walk, position, chunk);
        }
        for (carry, lanes) in steps.carries.iter().zip(carried) {
            self.bind(carry.result, lanes);
        }
        Ok(())
    }

    /// Emits one step.
    fn step(&mut self, steps: &Loop, chunk: &Chunk, step: u32, walk: &Walk) -> Result<(), Bug> {
        for stmt in &steps.body {
            match stmt {
                Stmt::Let(id, op) => {
                    self.on_line_of(*id);
                    let lanes = self.step_value(*id, op, step, chunk)?;
                    self.bind(*id, lanes);
                }
                Stmt::Store(buffer, value) => {
                    self.on_line_of(*value);
                    let active = chunk.active.as_ref().map(|active| active[step as usize].clone());
                    let pointer = walk.pointers.iter().find(|(of, _)| of == buffer);
                    let (_, to) = pointer.ok_or_else(|| Bug("a store without a pointer".into()))?;
                    let to = self.of_thread(*buffer, to)?;
                    self.store_adjacent(*buffer, *value, &to, active.as_slice())?;
                }
                Stmt::Loop(_) | Stmt::Reduce(..) | Stmt::Product(_) => {
                    return Err(Bug("a loop, a sum or a product within a step".into()));
                }
            }
        }
        self.on_own_line();
        Ok(())
    }

    fn step_value(&mut self, id: ValueId, op: &Op, step: u32, chunk: &Chunk) -> Result<Lanes, Bug> {
        let ahead = match op.buffer() {
            Some(buffer) if self.kernel.buffer(buffer).shape == Shape::Step => {
                Some(self.load_step(buffer, step, chunk))
            }
            _ => self.loaded_ahead(id, step),
        };
        match (op, ahead) {
            (Op::Kept(value), _) => {
                if let Some(lanes) = self.kept_packed(*value, step) {
                    return Ok(lanes);
                }
                let kept = self.kept.get(&(*value, step)).cloned();
                kept.ok_or_else(|| Bug(format!("value {} was not kept", value.0)))
            }
            (Op::Counter(Counter::Step), _) => {
                let text = &mut self.text;
                let first = text.value(format_args!("add i64 {}, %first_step", chunk.first));
                let first = text.value(format_args!("trunc i64 {first} to i32"));
                Ok(vec![text.value(format_args!("add i32 {first}, {step}"))])
            }
            (Op::Load(_), Some(lanes)) => Ok(lanes),
            (Op::LoadOr(buffer, fallback), Some(lanes)) => {
                self.or_fallback(*buffer, lanes, *fallback, None)
            }
            (Op::Load(_) | Op::LoadOr(..), None) => {
                Err(Bug("a step loads what it has no element of".into()))
            }
            _ => self.computed(id, op),
        }
    }

    /// Notes what later loops of this chunk read of this step.
    fn keep(&mut self, steps: &Loop, kept: &[ValueId], step: u32) -> Result<(), Bug> {
        let params = steps.carries.iter().map(|carry| carry.param);
        let defined = steps.body.iter().filter_map(|stmt| match stmt {
            Stmt::Let(id, _) => Some(*id),
            _ => None,
        });
        for id in params.chain(defined).filter(|id| kept.contains(id)) {
            let lanes = self.get(id)?;
            self.kept.insert((id, step), lanes);
        }
        Ok(())
    }
}
