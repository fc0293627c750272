//! The second stage of a sum, the same for every neuron: one invocation adds up one sum.

use naga::{ArraySize, BinaryOperator as Bin, Expression, Function, Module, ScalarKind, Statement};
use snn_artifact::{Binding, Entry};

use super::bind::{Bindings, ZERO};
use super::build::{Builder, Expr, Scalars, Var, array, storage};
use super::lane::invocation;
use super::memory::{bind_global, scalar, uniform};
use super::{Launch, bound};

/// Invocations of a workgroup; a neuron with channels has as many sums.
const THREADS: u32 = 64;

/// The function and its manifest. `grad[g]` is the sum of `partial[(o * G + g) * S + s]`, compensated
/// after Kahan; the barriers keep drivers from simplifying the compensation to 0.
pub fn function(module: &mut Module) -> (Function, Entry) {
    let launch = Launch { symbol: "reduce".into(), offset: 0, threads: THREADS };
    let entry = crate::targets::reduce_entry(launch);
    let alone = |index| Binding { index, offset: None };
    let mut names = entry.scalars.clone();
    names.push(ZERO.into());
    let bindings = Bindings { buffers: vec![alone(1), alone(2)], uniform: names };

    let types = Scalars::new(&mut module.types);
    let reals = array(&mut module.types, types.real, ArraySize::Dynamic);
    let partial = bind_global(module, "reduce_partial".into(), storage(false), 1, reals);
    let grad = bind_global(module, "reduce_grad".into(), storage(true), 2, reals);
    let launch = uniform(module, "reduce", &bindings.uniform, types.index);

    let mut build = Builder::new();
    let (group, thread) = invocation(module, &mut build, types.index);
    let base = build.expr(Expression::GlobalVariable(launch));
    let mut number = |i: usize| scalar(&mut build, base, i, &bindings.uniform[i]);
    let (sums, inner, outer, zero) = (number(0), number(1), number(2), number(3));
    let threads = build.index(THREADS);
    let first = build.binary(Bin::Multiply, group, threads);
    let g = build.binary(Bin::Add, first, thread);
    let g = build.name(g, "g");
    let inside = build.binary(Bin::Less, g, sums);
    build.open();
    let partial = build.expr(Expression::GlobalVariable(partial));
    let total = Kahan {
        zero,
        sum: build.local("sum", types.real),
        error: build.local("error", types.real),
    };
    let (outer_turn, inner_turn) = (build.local("o", types.index), build.local("s", types.index));
    let o = build.open_loop(outer_turn, outer);
    let row = build.binary(Bin::Multiply, o, sums);
    let row = build.binary(Bin::Add, row, g);
    let row = build.binary(Bin::Multiply, row, inner);
    let s = build.open_loop(inner_turn, inner);
    let index = build.binary(Bin::Add, row, s);
    let pointer = build.element(partial, index);
    let value = build.load(pointer);
    total.add(&mut build, value);
    build.close_loop(inner_turn);
    build.close_loop(outer_turn);
    let grad = build.expr(Expression::GlobalVariable(grad));
    let pointer = build.element(grad, g);
    let value = build.get(total.sum);
    build.push(Statement::Store { pointer, value });
    build.close_if(inside);
    (build.finish(), bound(entry, bindings))
}

/// A compensated sum: what an addition lost is taken from the next addend.
struct Kahan {
    zero: Expr,
    sum: Var,
    error: Var,
}

impl Kahan {
    fn add(&self, build: &mut Builder, value: Expr) {
        let (sum, error) = (build.get(self.sum), build.get(self.error));
        let value = self.subtract(build, value, error);
        let next = build.binary(Bin::Add, sum, value);
        let next = self.hide(build, next);
        let gained = self.subtract(build, next, sum);
        let error = self.subtract(build, gained, value);
        build.set(self.error, error);
        build.set(self.sum, next);
    }

    fn subtract(&self, build: &mut Builder, a: Expr, b: Expr) -> Expr {
        let difference = build.binary(Bin::Subtract, a, b);
        self.hide(build, difference)
    }

    fn hide(&self, build: &mut Builder, real: Expr) -> Expr {
        let bits = build.bitcast(real, ScalarKind::Uint);
        let bits = build.binary(Bin::ExclusiveOr, bits, self.zero);
        build.bitcast(bits, ScalarKind::Float)
    }
}
