//! Powers: multiplications where the exponent is a small whole number known at compile time, else the
//! exponential of a product with a logarithm.

use super::{Builder, Result, Value};
use crate::check::fold;
use crate::check::hir::{self, Binary, Compare, NodeId, Op, Unary};
use crate::check::tree::Expr;
use crate::span::Span;

/// The largest power that becomes multiplications.
const MAX_POWER: f64 = 16.0;

impl Builder<'_> {
    /// `a^b`.
    pub(super) fn power(&mut self, a: &Expr, b: &Expr, span: Span) -> Result<Value> {
        let (base, exponent) = (self.eval(a)?, self.eval(b)?);
        Ok(match (base, exponent) {
            (Value::Number(base), Value::Number(exponent)) => {
                Value::Number(fold::power(base, exponent))
            }
            (_, Value::Number(0.0)) => Value::Number(1.0),
            (base, Value::Number(n)) if n.fract() == 0.0 && n.abs() <= MAX_POWER => {
                let base = self.real_node(base, a.span)?;
                Value::Node(self.repeated(base, n, span))
            }
            (Value::Number(base), exponent) if base > 0.0 => {
                let exponent = self.real_node(exponent, b.span)?;
                let log = self.graph.constant(fold::unary(Unary::Log, base), span);
                Value::Node(self.exp_of_product(exponent, log, span))
            }
            (base, exponent) => {
                let known = match exponent {
                    Value::Number(n) => Some(n),
                    _ => None,
                };
                let base = self.real_node(base, a.span)?;
                let exponent = self.real_node(exponent, b.span)?;
                Value::Node(self.by_logarithm(base, exponent, known, span))
            }
        })
    }

    fn real_node(&mut self, value: Value, span: Span) -> Result<NodeId> {
        let node = self.node(value, span)?;
        Ok(self.widened(node, span))
    }

    fn repeated(&mut self, base: NodeId, exponent: f64, span: Span) -> NodeId {
        let mut product = base;
        for _ in 1..exponent.abs() as u32 {
            product = self.graph.binary(Binary::Mul, product, base, span);
        }
        if exponent < 0.0 {
            let one = self.graph.constant(1.0, span);
            product = self.graph.binary(Binary::Div, one, product, span);
        }
        product
    }

    fn exp_of_product(&mut self, a: NodeId, b: NodeId, span: Span) -> NodeId {
        let product = self.graph.binary(Binary::Mul, a, b, span);
        self.graph.unary(Unary::Exp, product, span)
    }

    /// `e^(y log|x|)` with the sign that a whole `y` gives it; NaN for a negative `x` and another `y`.
    ///
    /// 0 has its own values, with no gradient, and its logarithm is not taken: an adjoint of 0 times an
    /// infinite slope would be NaN.
    fn by_logarithm(&mut self, x: NodeId, y: NodeId, known: Option<f64>, span: Span) -> NodeId {
        let still = self.graph.add(Op::Detach(x), hir::Type::Real, span);
        let is_positive = self.against_0(Compare::Gt, still, span);
        let is_zero = self.against_0(Compare::Eq, still, span);
        let size = self.graph.unary(Unary::Abs, x, span);
        let one = self.graph.constant(1.0, span);
        let size = self.chosen(is_zero, one, size, span);
        let log = self.graph.unary(Unary::Log, size, span);
        let power = self.exp_of_product(y, log, span);
        let at_0 = match known {
            Some(n) => self.graph.constant(fold::power(0.0, n), span),
            None => self.power_of_0(y, span),
        };
        let negative = match known {
            Some(n) => self.known_sign(power, n, span),
            None => self.with_sign(power, y, span),
        };
        let rest = self.chosen(is_zero, at_0, negative, span);
        self.chosen(is_positive, power, rest, span)
    }

    fn against_0(&mut self, compare: Compare, a: NodeId, span: Span) -> NodeId {
        let zero = self.graph.constant(0.0, span);
        self.graph.add(Op::Compare(compare, a, zero), hir::Type::Bool, span)
    }

    fn chosen(&mut self, c: NodeId, a: NodeId, b: NodeId, span: Span) -> NodeId {
        self.graph.add(Op::Select(c, a, b), hir::Type::Real, span)
    }

    /// `0^y`: 0, 1 or infinite, NaN of NaN.
    fn power_of_0(&mut self, y: NodeId, span: Span) -> NodeId {
        let mut value = self.graph.add(Op::Detach(y), hir::Type::Real, span);
        let y = value;
        for (compare, constant) in
            [(Compare::Lt, f64::INFINITY), (Compare::Eq, 1.0), (Compare::Gt, 0.0)]
        {
            let holds = self.against_0(compare, y, span);
            let constant = self.graph.constant(constant, span);
            value = self.chosen(holds, constant, value, span);
        }
        value
    }

    /// A negative number's power from that of its size.
    fn known_sign(&mut self, power: NodeId, exponent: f64, span: Span) -> NodeId {
        if exponent.fract() != 0.0 {
            return self.graph.constant(f64::NAN, span);
        }
        match (exponent / 2.0).fract() == 0.0 {
            true => power,
            false => self.graph.unary(Unary::Neg, power, span),
        }
    }

    /// The same where the exponent is known only when the kernel runs.
    fn with_sign(&mut self, power: NodeId, y: NodeId, span: Span) -> NodeId {
        let half = self.graph.constant(0.5, span);
        let half = self.graph.binary(Binary::Mul, y, half, span);
        let (is_whole, is_even) = (self.is_whole(y, span), self.is_whole(half, span));
        let negated = self.graph.unary(Unary::Neg, power, span);
        let signed = self.chosen(is_even, power, negated, span);
        let nan = self.graph.constant(f64::NAN, span);
        self.chosen(is_whole, signed, nan, span)
    }

    fn is_whole(&mut self, a: NodeId, span: Span) -> NodeId {
        let floor = self.graph.unary(Unary::Floor, a, span);
        self.graph.add(Op::Compare(Compare::Eq, floor, a), hir::Type::Bool, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::hir::Leaf;
    use crate::check::{NoImports, Specialization};
    use crate::diff::differentiate;
    use crate::diff::tests::evaluate;
    use crate::pipeline::{Source, front};

    /// A neuron whose output is an expression of its inputs `x` and `z`.
    fn neuron(expression: &str) -> hir::Neuron {
        let text = format!(
            "neuron P {{\n  input x, z\n  state v = 0\n  charge v = {expression}\n  output v\n}}"
        );
        let source = Source { name: "p.snn", text: &text };
        front(source, &Specialization::default(), &NoImports).expect("a neuron").neuron
    }

    fn value(neuron: &hir::Neuron, x: f64, z: f64) -> f64 {
        let leaf = |leaf| if leaf == Leaf::Input(0) { x } else { z };
        evaluate(&neuron.graph, leaf)[neuron.outputs[0].value.0 as usize]
    }

    fn same(found: f64, expected: f64) -> bool {
        found == expected
            || found.is_nan() && expected.is_nan()
            || (found - expected).abs() < 1e-12 * expected.abs()
    }

    #[test]
    fn a_power_is_that_of_the_maths_library() {
        let neuron = neuron("pow(x, z)");
        for x in [-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 7.0, f64::INFINITY, f64::NAN] {
            for z in [-3.0, -2.0, -0.5, 0.5, 1.0, 2.0, 2.5, 5.0] {
                let (found, expected) = (value(&neuron, x, z), libm::pow(x, z));
                assert!(same(found, expected), "{x}^{z}: {found}, not {expected}");
            }
        }
        assert_eq!([value(&neuron, 0.0, 0.0), value(&neuron, 4.0, 0.0)], [1.0, 1.0]);
        assert!(value(&neuron, 0.0, f64::NAN).is_nan());
    }

    #[test]
    fn one_of_the_two_may_be_known() {
        for (expression, x, expected) in [
            ("x^0.5", 9.0, 3.0),
            ("x^0.5", -9.0, f64::NAN),
            ("x^17", -1.5, libm::pow(-1.5, 17.0)),
            ("x^18 + z", 0.0, 0.0),
            ("2^x", -3.0, 0.125),
            ("(-2)^x", 3.0, -8.0),
            ("x^-2", 4.0, 0.0625),
        ] {
            let found = value(&neuron(expression), x, 0.0);
            assert!(same(found, expected), "{expression} at {x}: {found}");
        }
    }

    #[test]
    fn gradients_of_a_power() {
        let adjoint = differentiate(&neuron("pow(x, z)"));
        let gradient = |x: f64, z: f64| {
            let values = evaluate(&adjoint.neuron.graph, |leaf| match leaf {
                Leaf::Input(0) => x,
                Leaf::Input(_) => z,
                Leaf::OutputGrad(_) => 1.0,
                _ => 0.0,
            });
            [0, 1].map(|i| adjoint.inputs[i].map_or(0.0, |node| values[node.0 as usize]))
        };
        for (x, z) in [(2.0, 1.5), (0.3, -2.5), (5.0, 0.0)] {
            let [dx, dz] = gradient(x, z);
            assert!(same(dx, z * libm::pow(x, z - 1.0)), "{dx} at {x}^{z}");
            assert!(same(dz, libm::pow(x, z) * libm::log(x)), "{dz} at {x}^{z}");
        }
        assert!(same(gradient(-2.0, 3.0)[0], 12.0));
        assert_eq!(gradient(0.0, 2.0), [0.0, 0.0]);
    }

    #[test]
    fn the_rest_of_a_division_has_the_sign_of_what_is_divided() {
        let neuron = neuron("fmod(x, z)");
        for x in [-7.5, -2.0, -0.25, 0.0, 0.5, 3.0, 100.0, f64::INFINITY, f64::NAN] {
            for z in [-3.0, -0.5, 0.0, 0.75, 2.0, f64::INFINITY, f64::NAN] {
                let (found, expected) = (value(&neuron, x, z), libm::fmod(x, z));
                assert!(same(found, expected), "{x} by {z}: {found}, not {expected}");
            }
        }
    }
}
