//! A kernel cut into runs: straight pieces of the program, each of which is carried out for all lanes
//! of a strip before the next one begins.
//!
//! A value that is the same for all lanes is computed once before everything else. A value that one run
//! makes and another uses goes through the frame, and so does everything that a loop carries.

use std::collections::HashMap;

use crate::kernel::{Binary, Counter, Kernel, Loop, Op, Product, Shape, Stmt, Unary, ValueId};

/// A piece of a body.
pub enum Part<'a> {
    /// Statements without a loop.
    Run(Run<'a>),
    /// A product for all steps of a chunk.
    Product(&'a Product),
    /// A loop; where its body ends in a run, that run also moves the carried values on.
    Loop(&'a Loop, Vec<Part<'a>>),
}

/// Statements without a loop.
#[derive(Default)]
pub struct Run<'a> {
    /// Its number, from 1.
    pub id: u32,
    /// What is carried out.
    pub stmts: Vec<&'a Stmt>,
    /// Afterwards, all at once: a carried param becomes a value.
    pub moves: Vec<(ValueId, ValueId)>,
}

impl Run<'_> {
    /// How many operations wait for each other at most, where a division counts as three.
    pub fn depth(&self) -> u32 {
        let mut depths = HashMap::new();
        for stmt in &self.stmts {
            let Stmt::Let(value, op) = stmt else { continue };
            let before = op.operands().filter_map(|a| depths.get(&a)).max().unwrap_or(&0);
            depths.insert(*value, before + wait(op));
        }
        depths.into_values().max().unwrap_or(0)
    }
}

/// How long an operation makes others wait, in additions.
fn wait(op: &Op) -> u32 {
    match op {
        Op::Load(_) | Op::LoadOr(..) | Op::Kept(_) | Op::RealBits(_) | Op::BitsReal(_) => 0,
        Op::Binary(Binary::Div | Binary::Ratio, ..) | Op::Unary(Unary::Sqrt, _) => 3,
        _ => 1,
    }
}

/// What is known of a kernel before code is made.
pub struct Program<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// Its body.
    pub parts: Vec<Part<'a>>,
    /// By value: the same for all lanes.
    pub uniform: Vec<bool>,
    /// By value: the number that a real constant is.
    pub real: Vec<Option<f64>>,
    /// By value: the value whose place in the frame it has, itself or a carried param.
    pub place: Vec<ValueId>,
    /// By value: whether it has a place in the frame.
    pub crosses: Vec<bool>,
    /// By value: whether it is kept in the frame for each step of a chunk.
    pub kept: Vec<bool>,
    /// By value: how a kept value is computed again from other kept values, where that costs less than
    /// a store and a load.
    pub again: Vec<Option<&'a Op>>,
    /// By value: the load that it is, where one run alone needs it: it is done right before its first use,
    /// so that it takes no register before.
    pub loads: Vec<Option<&'a Op>>,
}

impl<'a> Program<'a> {
    /// Cuts a kernel into runs.
    pub fn new(kernel: &'a Kernel) -> Self {
        let n_values = kernel.values.len();
        let uniform = find_uniform(kernel);
        let (kept, again) = find_kept(kernel, &uniform);
        let real = find_real(kernel);
        let place = (0..n_values as u32).map(ValueId).collect();
        let crosses = vec![false; n_values];
        let mut program = Self {
            kernel,
            parts: vec![],
            uniform,
            real,
            place,
            crosses,
            kept,
            again,
            loads: vec![],
        };
        let mut cutter = Cutter { program: &mut program, made_in: vec![0; n_values], next_run: 1 };
        let parts = cutter.cut(&kernel.body, Vec::new());
        program.parts = parts;
        program.loads = find_loads(&program);
        program
    }

    /// Whether a value is the same for all lanes.
    pub fn is_uniform(&self, value: ValueId) -> bool {
        self.uniform[value.0 as usize]
    }

    /// Calls `f` with what operations on lanes, stores and loops take, each time it is taken.
    pub fn walk_lane_operands(&self, f: &mut dyn FnMut(ValueId)) {
        self.kernel.walk(&mut |stmt| match stmt {
            Stmt::Let(value, _) if self.is_uniform(*value) => {}
            Stmt::Let(_, op) => op.operands().for_each(&mut *f),
            Stmt::Store(_, value) | Stmt::Reduce(_, value) => f(*value),
            Stmt::Product(_) => {}
            Stmt::Loop(inner) => {
                inner.carries.iter().flat_map(|c| [c.init, c.next]).for_each(&mut *f);
            }
        });
    }

    /// Whether a value is the real constant 0, not -0.
    pub fn is_zero(&self, value: ValueId) -> bool {
        self.real[value.0 as usize].is_some_and(|number| number.to_bits() == 0)
    }

    /// Whether something is loaded that counts as 0 where its buffer was left out.
    pub fn has_zero_fallback(&self) -> bool {
        let mut has = false;
        self.kernel.walk(&mut |stmt| {
            if let Stmt::Let(value, Op::LoadOr(_, other)) = stmt {
                has |= self.is_zero(*other) && !self.is_uniform(*value);
            }
        });
        has
    }

    /// Whether a value is a real constant other than 0, in f32 too.
    pub fn is_number_but_zero(&self, value: ValueId) -> bool {
        self.real[value.0 as usize]
            .is_some_and(|number| number.abs() >= f64::from(f32::MIN_POSITIVE))
    }
}

/// What depends on constants, params shared by all and the presence of buffers only.
fn find_uniform(kernel: &Kernel) -> Vec<bool> {
    let mut uniform = vec![false; kernel.values.len()];
    kernel.walk(&mut |stmt| {
        if let Stmt::Let(value, op) = stmt {
            let layer = |op: &Op| match op {
                Op::Load(b) | Op::LoadOr(b, _) => kernel.buffer(*b).shape == Shape::Layer,
                Op::Counter(counter) => matches!(counter, Counter::SeedLow | Counter::SeedHigh),
                _ => true,
            };
            uniform[value.0 as usize] = layer(op) && op.operands().all(|a| uniform[a.0 as usize]);
        }
    });
    uniform
}

fn find_real(kernel: &Kernel) -> Vec<Option<f64>> {
    let mut real = vec![None; kernel.values.len()];
    kernel.walk(&mut |stmt| {
        if let Stmt::Let(value, Op::Real(number)) = stmt {
            real[value.0 as usize] = Some(*number);
        }
    });
    real
}

/// The loads of values that stay in the run that makes them.
fn find_loads<'a>(program: &Program<'a>) -> Vec<Option<&'a Op>> {
    let mut loads = vec![None; program.kernel.values.len()];
    program.kernel.walk(&mut |stmt| {
        let Stmt::Let(value, op) = stmt else { return };
        let is_load = match op {
            Op::Load(_) | Op::LoadOr(..) => true,
            Op::Kept(kept) => program.kept[kept.0 as usize],
            _ => false,
        };
        let i = value.0 as usize;
        let stays = !program.uniform[i] && !program.crosses[i] && !program.kept[i];
        loads[i] = (is_load && stays).then_some(op);
    });
    loads
}

/// What is kept in the frame, and what is computed again from that.
fn find_kept<'a>(kernel: &'a Kernel, uniform: &[bool]) -> (Vec<bool>, Vec<Option<&'a Op>>) {
    let mut wanted = vec![false; kernel.values.len()];
    for value in kernel.kept_values() {
        wanted[value.0 as usize] = !uniform[value.0 as usize];
    }
    let mut kept = wanted.clone();
    let mut again = vec![None; kernel.values.len()];
    kernel.walk(&mut |stmt| {
        let Stmt::Let(value, op) = stmt else { return };
        let known = |a: ValueId| wanted[a.0 as usize] || uniform[a.0 as usize];
        if wanted[value.0 as usize] && is_cheap(op) && op.operands().all(known) {
            kept[value.0 as usize] = false;
            again[value.0 as usize] = Some(op);
        }
    });
    (kept, again)
}

/// Whether an operation on registers costs about as much as a load.
fn is_cheap(op: &Op) -> bool {
    match op {
        Op::Unary(op, _) => matches!(op, Unary::Neg | Unary::Abs),
        Op::Binary(op, ..) => !matches!(op, Binary::Div | Binary::Ratio),
        Op::Compare(..) | Op::Not(_) | Op::Select(..) => true,
        _ => false,
    }
}

struct Cutter<'p, 'a> {
    program: &'p mut Program<'a>,
    /// By value: the run that makes it; 0 where it comes through the frame.
    made_in: Vec<u32>,
    next_run: u32,
}

impl<'a> Cutter<'_, 'a> {
    /// Cuts a body; `moves` are made at its end.
    fn cut(&mut self, body: &'a [Stmt], moves: Vec<(ValueId, ValueId)>) -> Vec<Part<'a>> {
        let mut parts = Vec::new();
        let mut run = self.run();
        for stmt in body {
            match stmt {
                Stmt::Let(value, _) if self.program.is_uniform(*value) => {}
                Stmt::Let(value, op) => {
                    self.made_in[value.0 as usize] = run.id;
                    if !matches!(op, Op::Kept(_)) {
                        op.operands().for_each(|a| self.used(a, run.id));
                    }
                    run.stmts.push(stmt);
                }
                Stmt::Store(_, value) | Stmt::Reduce(_, value) => {
                    self.used(*value, run.id);
                    run.stmts.push(stmt);
                }
                Stmt::Product(product) => {
                    push(&mut parts, std::mem::replace(&mut run, self.run()));
                    parts.push(Part::Product(product));
                }
                Stmt::Loop(inner) => {
                    self.begin(inner, &mut run);
                    push(&mut parts, std::mem::replace(&mut run, self.run()));
                    let next = inner.carries.iter().map(|c| (c.param, c.next)).collect();
                    parts.push(Part::Loop(inner, self.cut(&inner.body, next)));
                    run = self.run();
                }
            }
        }
        moves.iter().for_each(|(_, value)| self.used(*value, run.id));
        run.moves = moves;
        push(&mut parts, run);
        parts
    }

    fn run(&mut self) -> Run<'a> {
        self.next_run += 1;
        Run { id: self.next_run - 1, ..Run::default() }
    }

    /// Lets the run before a loop put the first values in place.
    fn begin(&mut self, inner: &Loop, run: &mut Run<'a>) {
        for carry in &inner.carries {
            self.used(carry.init, run.id);
            run.moves.push((carry.param, carry.init));
            self.program.place[carry.result.0 as usize] = carry.param;
            self.program.crosses[carry.param.0 as usize] = true;
        }
    }

    fn used(&mut self, value: ValueId, run: u32) {
        let place = self.program.place[value.0 as usize];
        let elsewhere = self.made_in[place.0 as usize] != run;
        if elsewhere && !self.program.is_uniform(value) {
            self.program.crosses[place.0 as usize] = true;
        }
    }
}

fn push<'a>(parts: &mut Vec<Part<'a>>, run: Run<'a>) {
    if !run.stmts.is_empty() || !run.moves.is_empty() {
        parts.push(Part::Run(run));
    }
}
