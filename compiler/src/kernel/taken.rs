//! What some statements of a kernel take, and all that this is made of.

use super::{Carry, Kernel, Stmt, ValueId};

/// By value: whether it is taken by a statement that `starts` chooses, or by one that makes such a value,
/// in the same step or through what loops carry and keep.
pub(super) fn taken_by(kernel: &Kernel, starts: impl Fn(&Stmt) -> bool) -> Vec<bool> {
    let mut marks = Marks { taken: vec![false; kernel.values.len()], changed: true, starts };
    while std::mem::take(&mut marks.changed) {
        marks.body(&kernel.body);
    }
    marks.taken
}

struct Marks<F> {
    taken: Vec<bool>,
    changed: bool,
    starts: F,
}

impl<F: Fn(&Stmt) -> bool> Marks<F> {
    fn mark(&mut self, value: ValueId) {
        self.changed |= !std::mem::replace(&mut self.taken[value.0 as usize], true);
    }

    /// One pass from the last statement to the first; what is carried and kept may need another.
    fn body(&mut self, body: &[Stmt]) {
        for stmt in body.iter().rev() {
            match stmt {
                Stmt::Let(value, op) if self.taken[value.0 as usize] || (self.starts)(stmt) => {
                    op.operands().for_each(|operand| self.mark(operand));
                }
                Stmt::Store(_, value) | Stmt::Reduce(_, value) if (self.starts)(stmt) => {
                    self.mark(*value);
                }
                Stmt::Let(..) | Stmt::Store(..) | Stmt::Reduce(..) | Stmt::Product(_) => {}
                Stmt::Loop(inner) => {
                    self.carries(&inner.carries);
                    self.body(&inner.body);
                    self.carries(&inner.carries);
                }
            }
        }
    }

    fn carries(&mut self, carries: &[Carry]) {
        for Carry { param, init, next, result } in carries {
            if self.taken[param.0 as usize] || self.taken[result.0 as usize] {
                [param, init, next, result].into_iter().for_each(|value| self.mark(*value));
            }
        }
    }
}
