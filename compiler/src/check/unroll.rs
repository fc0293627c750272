//! Runs the statements of the phases, loops turn by turn.

use crate::check::eval::{Builder, Result, Value};
use crate::check::hir::Binary;
use crate::check::tree::{Expr, Repeat, Slot, Step};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How many turns the loops and sums of a neuron may have in all: each is written out.
const MAX_TURNS: f64 = 1024.0;

/// How many nodes a neuron may have before a loop adds more.
const MAX_NODES: usize = 16_384;

impl Builder<'_> {
    /// Runs a statement.
    pub fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Bind(bind) => self.bind(bind),
            Step::Repeat(repeat) => self.repeat(repeat),
            Step::Ode(ode) => self.ode(ode),
        }
    }

    fn repeat(&mut self, repeat: &Repeat) -> Result<()> {
        let Repeat { counter, low, high, body } = repeat;
        let mut i = self.number(low)?;
        let end = self.number(high)?;
        while i < end {
            self.turn(*counter, i, end, low.span.to(high.span))?;
            body.iter().try_for_each(|step| self.step(step))?;
            i += 1.0;
        }
        Ok(())
    }

    /// `sum(i in a..b, e)`: from the first to the last, 0 of none.
    pub(super) fn sum(&mut self, counter: Slot, parts: &[Expr; 3], e: &Expr) -> Result<Value> {
        let [low, high, term] = parts;
        let mut i = self.number(low)?;
        let end = self.number(high)?;
        let mut sum = None;
        while i < end {
            self.turn(counter, i, end, low.span.to(high.span))?;
            let term = self.eval(term)?;
            sum = Some(match sum {
                None => term,
                Some(sum) => self.combine(Binary::Add, sum, term, e)?,
            });
            i += 1.0;
        }
        Ok(sum.unwrap_or(Value::Number(0.0)))
    }

    /// Begins a turn of a loop that goes up to `end`.
    fn turn(&mut self, counter: Slot, i: f64, end: f64, bounds: Span) -> Result<()> {
        self.count_turn(end - i, bounds)?;
        self.set(counter, Value::Number(i));
        Ok(())
    }

    /// Counts a turn, with which so many are left.
    pub(super) fn count_turn(&mut self, left: f64, bounds: Span) -> Result<()> {
        if self.turns + left > MAX_TURNS {
            let message = format!("loops of more than {MAX_TURNS} turns in all");
            let finding = Diagnostic::new("E0003", bounds, message, "each turn is written out");
            return Err(Box::new(finding));
        }
        if self.graph.len() > MAX_NODES {
            let message = format!("loops that make more than {MAX_NODES} operations");
            let finding = Diagnostic::new("E0003", bounds, message, "each turn is written out");
            return Err(Box::new(finding));
        }
        self.turns += 1.0;
        Ok(())
    }
}
