//! The methods that know the solution of linear equations.
//!
//! With `dy/dt = A y + b` and `S = h phi(A h)`, where `phi(z) = (e^z - 1) / z`, a step of `h` leads to
//! `(1 + A S) y + S b`. Of one state `S` is `h exprel(a h)`. Of several it is a series for a step of
//! [`PARTS`] less, which is doubled: `S(2 h) = S(h) (2 + A S(h))`. In this form nothing cancels, however near
//! time constants are to each other, and where a step is long beside a time constant it is Newton's
//! iteration for `-1 / A`, which mends what the series lacks.

use super::linear::{Linear, Takes};
use crate::check::eval::{Builder, Result, Value};
use crate::check::hir;
use crate::check::hir::{Binary, Leaf, NodeId, Op, Unary};
use crate::check::ode::Method;
use crate::check::tree::Ode;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How many times a step is halved before the series is taken: 1024 parts.
const DOUBLINGS: u32 = 10;

/// How many terms the series has: for a step of 128 time constants it is exact to 1e-9.
const TERMS: u32 = 6;

/// The same where it is computed by the compiler, in f64.
const KNOWN_TERMS: u32 = 14;

/// Most states that depend on each other.
const MAX_STATES: usize = 4;

/// Why a method does not fit: the place, and what is there.
pub(super) struct Misfit {
    span: Span,
    text: String,
}

/// Something of equations of the form that a method takes.
type Fit<T> = std::result::Result<T, Misfit>;

/// A square matrix; what is not there is 0.
type Matrix = Vec<Vec<Option<NodeId>>>;

/// What a right side has beside its row of the matrix: a factor that is the same at every step, and the rest.
struct Rest {
    scale: Option<NodeId>,
    rest: Option<NodeId>,
}

/// Linear equations.
struct System {
    matrix: Matrix,
    rest: Vec<Rest>,
}

impl<'p> Builder<'p> {
    /// The method that `auto` takes.
    pub(super) fn first_that_fits(&mut self, ode: &Ode, start: &[NodeId]) -> Result<Method> {
        if self.system(ode)?.is_ok() {
            return Ok(Method::Exact);
        }
        let fits = self.rates(ode, start)?.is_ok();
        Ok(if fits { Method::ExpEuler } else { Method::Rk4 })
    }

    /// `e^(A h) y` and the rest.
    pub(super) fn exact(&mut self, ode: &Ode, start: &[NodeId], dt: f64) -> Result<Vec<NodeId>> {
        let system = match self.system(ode)? {
            Ok(system) => system,
            Err(misfit) => return Err(self.misfit(ode, start, misfit)?),
        };
        let n = start.len();
        let (grown, spread) = self.propagator(&system.matrix, dt, ode.span);
        let mut end = Vec::with_capacity(n);
        for i in 0..n {
            let span = ode.equations[i].span;
            let mut sum = None;
            for j in (i..n).chain(0..i) {
                let term = grown[i][j].map(|factor| self.product(factor, start[j], span));
                sum = self.added(sum, term, span);
            }
            for j in (i..n).chain(0..i) {
                let Rest { scale, rest } = system.rest[j];
                let (Some(factor), Some(rest)) = (spread[i][j], rest) else { continue };
                let factor = scale.map_or(factor, |scale| self.product(factor, scale, span));
                let term = self.product(factor, rest, span);
                sum = self.added(sum, Some(term), span);
            }
            let zero = self.graph.constant(0.0, span);
            end.push(sum.unwrap_or(zero));
        }
        Ok(end)
    }

    /// Each state by its own equation, the others held: `y + f h exprel(a h)`.
    pub(super) fn exp_euler(
        &mut self,
        ode: &Ode,
        start: &[NodeId],
        dt: f64,
    ) -> Result<Vec<NodeId>> {
        let rates = match self.rates(ode, start)? {
            Ok(rates) => rates,
            Err(misfit) => return Err(self.misfit(ode, start, misfit)?),
        };
        let slopes = self.slopes(ode, start)?;
        let mut end = Vec::with_capacity(start.len());
        for (i, own) in ode.equations.iter().enumerate() {
            let length = self.length(rates[i], dt, own.span);
            let change = self.product(slopes[i], length, own.span);
            end.push(self.graph.binary(Binary::Add, start[i], change, own.span));
        }
        Ok(end)
    }

    /// `h exprel(a h)`, which `h` is where there is no `a`.
    fn length(&mut self, a: Option<NodeId>, h: f64, span: Span) -> NodeId {
        let h = self.graph.constant(h, span);
        let Some(a) = a else { return h };
        let z = self.product(a, h, span);
        let exprel = self.folded_unary(Unary::Exprel, z, span);
        self.product(exprel, h, span)
    }

    /// What each right side multiplies its own state by, as long as it is linear in it.
    fn rates(&mut self, ode: &Ode, start: &[NodeId]) -> Result<Fit<Vec<Option<NodeId>>>> {
        let mut rates = Vec::with_capacity(start.len());
        for (i, own) in ode.equations.iter().enumerate() {
            let place = self.place(i, own.span);
            let mut states = start.to_vec();
            states[i] = place;
            let slope = self.without_saving(|builder| builder.slopes(ode, &states))?[i];
            let taken = Takes::new(self, &[place], own.span).apart(slope);
            match taken {
                Ok(linear) => rates.push(linear.factors[0]),
                Err(node) => {
                    let span = self.graph.node(node).span.in_program();
                    let text = format!("not linear in `{}`", own.name);
                    self.at(ode, start);
                    return Ok(Err(Misfit { span, text }));
                }
            }
        }
        self.at(ode, start);
        Ok(Ok(rates))
    }

    /// The equations as a linear system with coefficients that are the same at every step.
    fn system(&mut self, ode: &Ode) -> Result<Fit<System>> {
        let start: Vec<Option<Value>> =
            ode.equations.iter().map(|own| self.slot(own.slot, own.span).ok()).collect();
        let spans = ode.equations.iter().map(|own| own.span);
        let places: Vec<NodeId> = spans.enumerate().map(|(i, span)| self.place(i, span)).collect();
        let slopes = self.without_saving(|builder| builder.slopes(ode, &places));
        for (own, value) in ode.equations.iter().zip(start) {
            value.into_iter().for_each(|value| self.set(own.slot, value));
        }
        let slopes = slopes?;
        let mut system = System { matrix: Vec::new(), rest: Vec::new() };
        for (slope, own) in slopes.into_iter().zip(&ode.equations) {
            match self.row(slope, &places, own.span) {
                Ok((row, rest)) => {
                    system.matrix.push(row);
                    system.rest.push(rest);
                }
                Err(misfit) => return Ok(Err(misfit)),
            }
        }
        Ok(match largest_group(&system.matrix) {
            n if n > MAX_STATES => {
                let text = format!("{n} states depend on each other, more than {MAX_STATES}");
                Err(Misfit { span: ode.equations[0].span, text })
            }
            _ => Ok(system),
        })
    }

    /// A row of the matrix, and the rest of the right side with a factor.
    fn row(
        &mut self,
        slope: NodeId,
        places: &[NodeId],
        span: Span,
    ) -> Fit<(Vec<Option<NodeId>>, Rest)> {
        let (inner, scale) = self.peeled(slope, places, span);
        let linear = Takes::new(self, places, span).apart(inner);
        let Linear { factors, rest } = linear.map_err(|node| {
            let span = self.graph.node(node).span.in_program();
            Misfit { span, text: "not linear in the states".into() }
        })?;
        let varying = self.graph.varying();
        let changing = factors.iter().flatten().find(|factor| varying[factor.0 as usize]);
        if let Some(factor) = changing {
            let span = self.graph.node(*factor).span.in_program();
            let text = "a state is multiplied by what changes from step to step".into();
            return Err(Misfit { span, text });
        }
        let scaled = |builder: &mut Self, factor: Option<NodeId>| {
            let factor = factor?;
            Some(scale.map_or(factor, |scale| builder.product(factor, scale, span)))
        };
        let row = factors.into_iter().map(|factor| scaled(self, factor)).collect();
        Ok((row, Rest { scale, rest }))
    }

    /// A node without the divisors and factors around it that are the same at every step, and these.
    fn peeled(
        &mut self,
        mut node: NodeId,
        places: &[NodeId],
        span: Span,
    ) -> (NodeId, Option<NodeId>) {
        let mut scale = None;
        let varying = self.graph.varying();
        let is_steady =
            |a: NodeId| varying.get(a.0 as usize) == Some(&false) && !places.contains(&a);
        loop {
            let (inner, factor) = match self.graph.node(node).op {
                Op::Binary(Binary::Div, a, b) if is_steady(b) => {
                    let one = self.graph.constant(1.0, span);
                    (a, self.folded(Binary::Div, one, b, span))
                }
                Op::Binary(Binary::Mul, a, b) if is_steady(b) => (a, b),
                Op::Binary(Binary::Mul, a, b) if is_steady(a) => (b, a),
                _ => return (node, scale),
            };
            scale = Some(scale.map_or(factor, |scale| self.product(scale, factor, span)));
            node = inner;
        }
    }

    /// What a state is taken for while its equation is looked at: nothing else is that argument.
    fn place(&mut self, i: usize, span: Span) -> NodeId {
        self.graph.add(Op::Leaf(Leaf::Arg(i as u32)), hir::Type::Real, span)
    }

    /// Runs something of which nothing is kept.
    fn without_saving<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let n = self.saved.len();
        let made = run(self);
        self.saved.truncate(n);
        made
    }

    fn misfit(&mut self, ode: &Ode, start: &[NodeId], misfit: Misfit) -> Result<Box<Diagnostic>> {
        let word = ode.method.word();
        let message = format!("`{word}` does not fit these equations");
        let finding = Diagnostic::new("E0502", ode.span, message, "of another form")
            .because(misfit.span, misfit.text);
        let fits = self.first_that_fits(ode, start)?;
        let others = match fits {
            Method::ExpEuler => "`exp_euler`, `euler`, `rk2` and `rk4`",
            _ => "`euler`, `rk2` and `rk4`",
        };
        let help = format!("those that fit are {others}");
        Ok(Box::new(finding.replace(help, ode.span, fits.word())))
    }

    fn added(&mut self, a: Option<NodeId>, b: Option<NodeId>, span: Span) -> Option<NodeId> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.folded(Binary::Add, a, b, span)),
            (a, b) => a.or(b),
        }
    }

    fn matrix_product(&mut self, a: &Matrix, b: &Matrix, span: Span) -> Matrix {
        let n = a.len();
        let mut made = vec![vec![None; n]; n];
        for (i, row) in made.iter_mut().enumerate() {
            for (j, place) in row.iter_mut().enumerate() {
                for k in 0..n {
                    let (Some(x), Some(y)) = (a[i][k], b[k][j]) else { continue };
                    let term = self.product(x, y, span);
                    *place = self.added(*place, Some(term), span);
                }
            }
        }
        made
    }

    fn scaled_matrix(&mut self, a: &Matrix, by: f64, span: Span) -> Matrix {
        let by = self.graph.constant(by, span);
        let mut each = |a: &Option<NodeId>| a.map(|a| self.product(a, by, span));
        a.iter().map(|row| row.iter().map(&mut each).collect()).collect()
    }

    /// A number added to the diagonal.
    fn plus(&mut self, a: &mut Matrix, number: f64, span: Span) {
        let number = self.graph.constant(number, span);
        for (i, row) in a.iter_mut().enumerate() {
            row[i] = self.added(Some(number), row[i], span);
        }
    }

    /// `e^(A h)` and `S`.
    fn propagator(&mut self, a: &Matrix, dt: f64, span: Span) -> (Matrix, Matrix) {
        let n = a.len();
        let is_diagonal = (0..n).all(|i| (0..n).all(|j| i == j || a[i][j].is_none()));
        let mut spread = match is_diagonal {
            true => vec![vec![None; n]; n],
            false => self.doubled(a, dt, span),
        };
        let mut grown = self.matrix_product(a, &spread, span);
        self.plus(&mut grown, 1.0, span);
        for i in (0..n).filter(|i| !is_in_cycle(a, *i)) {
            spread[i][i] = Some(self.length(a[i][i], dt, span));
            let h = self.graph.constant(dt, span);
            let z = a[i][i].map(|a| self.product(a, h, span));
            let one = self.graph.constant(1.0, span);
            grown[i][i] = Some(z.map_or(one, |z| self.folded_unary(Unary::Exp, z, span)));
        }
        (grown, spread)
    }

    /// `S` by a series and doublings.
    fn doubled(&mut self, a: &Matrix, dt: f64, span: Span) -> Matrix {
        let is_known = a.iter().flatten().flatten().all(|factor| self.known(*factor).is_some());
        let terms = if is_known { KNOWN_TERMS } else { TERMS };
        let h = dt / f64::from(1_u32 << DOUBLINGS);
        let z = self.scaled_matrix(a, h, span);
        let mut series = vec![vec![None; a.len()]; a.len()];
        self.plus(&mut series, 1.0, span);
        for k in (2..=terms).rev() {
            let product = self.matrix_product(&z, &series, span);
            series = self.scaled_matrix(&product, 1.0 / f64::from(k), span);
            self.plus(&mut series, 1.0, span);
        }
        let mut spread = self.scaled_matrix(&series, h, span);
        for _ in 0..DOUBLINGS {
            let mut factor = self.matrix_product(a, &spread, span);
            self.plus(&mut factor, 2.0, span);
            spread = self.matrix_product(&spread, &factor, span);
        }
        spread
    }
}

/// The states that state `i` reaches through the matrix.
fn reached(a: &Matrix, i: usize, both_ways: bool) -> Vec<bool> {
    let mut reached = vec![false; a.len()];
    let mut waiting = vec![i];
    while let Some(k) = waiting.pop() {
        for j in (0..a.len()).filter(|j| *j != k) {
            let is_next = a[k][j].is_some() || both_ways && a[j][k].is_some();
            if is_next && !std::mem::replace(&mut reached[j], true) {
                waiting.push(j);
            }
        }
    }
    reached
}

/// Whether a state depends on itself through others.
fn is_in_cycle(a: &Matrix, i: usize) -> bool {
    reached(a, i, false)[i]
}

/// How many states the largest group has that have to do with each other.
fn largest_group(a: &Matrix) -> usize {
    let sizes = (0..a.len()).map(|i| {
        let mut group = reached(a, i, true);
        group[i] = true;
        group.into_iter().filter(|is_in| *is_in).count()
    });
    sizes.max().unwrap_or(0)
}
