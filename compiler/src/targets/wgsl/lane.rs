//! The program of one lane as the function of an entry point: buffers, indices, statements, loops.

use std::collections::HashMap;

use naga::{
    ArraySize, BinaryOperator as Bin, BuiltIn, Expression, Function, GlobalVariable, Handle,
    Module, Statement, Type, TypeInner, VectorSize,
};

use super::bind::{Bindings, FIRST_LANE, ZERO};
use super::build::{Builder, Expr, Scalars, Var, array, four_halves, intern, pair};
use super::division::Division;
use super::{Options, memory, sums};
use crate::error::{Bug, EmitError};
use crate::kernel::{
    BufferId, Kernel, Loop, LoopKind, Op, Order, Shape, Stmt, Storage, Type as ValueType, ValueId,
};

/// A lane's function under construction.
pub struct Lane<'a> {
    /// What is emitted.
    pub kernel: &'a Kernel,
    /// Whether values are hidden from the driver.
    pub strict: bool,
    /// Our own quotients and square roots, in a module that has them.
    pub division: Option<Division>,
    /// The function.
    pub build: Builder,
    /// How many lanes an invocation has: 1, or 4, of which each value is a vector.
    pub width: usize,
    /// The launch scalar that holds 0.
    pub zero: Expr,
    /// The same for each lane.
    pub zeros: Expr,
    /// Where its buffers are bound.
    pub bindings: &'a Bindings,
    /// The types of what all lanes share.
    pub types: Scalars,
    /// The types of values.
    pub of_lanes: Scalars,
    /// `vec2<f32>`
    pub pair: Handle<Type>,
    /// `vec4<f16>`, where a buffer has such: a module with the type needs a device with the feature.
    pub halves: Option<Handle<Type>>,
    kept_type: HashMap<Handle<Type>, Handle<Type>>,
    /// The global of each buffer.
    pub globals: Vec<Handle<GlobalVariable>>,
    /// The launch scalars that the kernel uses.
    pub scalars: HashMap<&'a str, Expr>,
    values: HashMap<ValueId, Expr>,
    kept: HashMap<ValueId, Var>,
    /// The segments of time, where there are such.
    pub segments: Option<Segments>,
    /// Where the lane and the statement stand.
    pub place: Place,
    /// What the lane adds to the sum of its block.
    contributions: Vec<(BufferId, Var)>,
}

/// Most lanes of an invocation.
pub const MOST: usize = 4;

/// Where the lane and the statement stand.
#[derive(Clone, Copy)]
pub struct Place {
    /// The workgroup.
    pub group: Expr,
    /// The invocation in its workgroup.
    pub thread: Expr,
    /// The invocation's lanes of this launch, side by side.
    pub lane: [Expr; MOST],
    /// The lanes' elements of a `Channel` buffer.
    pub channel: Option<[Expr; MOST]>,
    /// The lanes' elements of a `Neuron` buffer.
    pub neuron: Option<[Expr; MOST]>,
    /// The element of a `Group` buffer that is written, behind the program.
    pub sum: Option<Expr>,
    /// The segment of the invocation, or the one that a loop over segments is at.
    pub segment: Option<Expr>,
    /// The chunk.
    pub chunk: Option<Expr>,
    /// The step in its chunk.
    pub step: Option<Expr>,
    /// The step in `T`.
    pub time: Option<Expr>,
}

/// The function of a kernel; its buffers, scalars and workgroup memory are entered into the module.
pub fn function(
    module: &mut Module,
    kernel: &Kernel,
    bindings: &Bindings,
    options: &Options,
    division: Option<Division>,
) -> Result<Function, EmitError> {
    let types = Scalars::new(&mut module.types);
    let width = kernel.schedule.lanes as usize;
    let of_lanes = match width {
        1 => types,
        _ => Scalars::of_four(&mut module.types),
    };
    let globals = memory::storage_buffers(module, kernel, bindings, types, of_lanes);
    let uniform = memory::uniform(module, &kernel.name, &bindings.uniform, types.index);
    let sums = sums::memory(module, kernel, types);
    let mut build = Builder::new();
    let Invocation { group, thread, .. } = invocation(module, &mut build, types.index);
    let scalars = memory::load_scalars(&mut build, kernel, bindings, uniform);
    let segments =
        kernel.is_segmented().then(|| Segments::new(&mut build, kernel, &scalars, group));
    let row = segments.map_or(group, |segments| segments.row);
    let lanes = lanes(&mut build, kernel, row, thread);
    let mut inside = build.binary(Bin::Less, lanes[0], scalars["N"]);
    if let Some(segments) = segments {
        let is_there = build.binary(Bin::Less, segments.own, segments.count);
        inside = build.binary(Bin::And, inside, is_there);
    }
    let inside = build.name(inside, "inside");
    let has_halves = kernel.buffers.iter().any(|buffer| buffer.storage == Storage::F16Bits);
    let zero = scalars[ZERO];
    let zeros = if width == 1 { zero } else { build.splat(zero) };
    let mut lane = Lane {
        kernel,
        strict: options.strict,
        division,
        width,
        zero,
        zeros,
        build,
        bindings,
        types,
        pair: pair(&mut module.types),
        halves: has_halves.then(|| four_halves(&mut module.types)),
        of_lanes,
        kept_type: kept_types(module, kernel.schedule.chunk, of_lanes),
        globals,
        scalars,
        segments,
        values: HashMap::new(),
        kept: HashMap::new(),
        place: Place {
            group,
            thread,
            lane: lanes,
            channel: None,
            neuron: None,
            sum: None,
            segment: segments.map(|segments| segments.own),
            chunk: None,
            step: None,
            time: None,
        },
        contributions: Vec::new(),
    };
    lane.keep(&kernel.body);
    lane.build.open();
    lane.shared_indices();
    lane.block(&kernel.body)?;
    lane.build.close_if(inside);
    lane.sum_block(sums, inside)?;
    Ok(lane.build.finish())
}

/// The segments of time of a launch.
#[derive(Clone, Copy)]
pub struct Segments {
    /// The one of the invocation.
    own: Expr,
    /// How many there are.
    count: Expr,
    /// Whether the invocation's is the one that comes last.
    pub is_last: Expr,
    /// The workgroup among those of the segment.
    row: Expr,
    /// The chunks of one.
    chunks: Expr,
}

impl Segments {
    fn new(
        build: &mut Builder,
        kernel: &Kernel,
        scalars: &HashMap<&str, Expr>,
        group: Expr,
    ) -> Self {
        let one = build.index(1);
        let up = |build: &mut Builder, n, by| {
            let more = build.binary(Bin::Add, n, by);
            let more = build.binary(Bin::Subtract, more, one);
            build.binary(Bin::Divide, more, by)
        };
        let block = build.index(kernel.schedule.block);
        let groups = up(build, scalars["N"], block);
        let groups = build.math(naga::MathFunction::Max, &[groups, one]);
        let own = build.binary(Bin::Divide, group, groups);
        let own = build.name(own, "segment");
        let row = build.binary(Bin::Modulo, group, groups);
        let count = up(build, scalars["T"], scalars["L"]);
        let count = build.math(naga::MathFunction::Max, &[count, one]);
        let count = build.name(count, "segments");
        let last = match kernel.is_reversed() {
            true => build.index(0),
            false => build.binary(Bin::Subtract, count, one),
        };
        let is_last = build.binary(Bin::Equal, own, last);
        let chunk = build.index(kernel.schedule.chunk);
        let chunks = build.binary(Bin::Divide, scalars["L"], chunk);
        Self { own, count, is_last, row, chunks }
    }
}

/// The lanes of an invocation. All are there or none, since it has several only where they divide `N`.
fn lanes(build: &mut Builder, kernel: &Kernel, group: Expr, thread: Expr) -> [Expr; MOST] {
    let block = build.index(kernel.schedule.block);
    let first = build.binary(Bin::Multiply, group, block);
    let width = kernel.schedule.lanes;
    let offset = match width {
        1 => thread,
        _ => {
            let width = build.index(width);
            build.binary(Bin::Multiply, thread, width)
        }
    };
    let first = build.binary(Bin::Add, first, offset);
    let first = build.name(first, "n");
    let mut lanes = [first; MOST];
    for (which, lane) in lanes.iter_mut().enumerate().take(width as usize).skip(1) {
        let apart = build.index(which as u32);
        *lane = build.binary(Bin::Add, first, apart);
        *lane = build.name(*lane, &format!("n_{which}"));
    }
    lanes
}

/// Where an invocation stands.
pub struct Invocation {
    /// Its workgroup.
    pub group: Expr,
    /// How many workgroups there are, in each direction.
    pub groups: (Expr, Expr),
    /// Its number in the workgroup.
    pub thread: Expr,
}

/// The workgroup's number and the invocation's in it. Workgroups stand in two dimensions, because one
/// holds only 65,535.
pub fn invocation(module: &mut Module, build: &mut Builder, index: Handle<Type>) -> Invocation {
    let inner = TypeInner::Vector { size: VectorSize::Tri, scalar: naga::Scalar::U32 };
    let triple = intern(&mut module.types, None, inner);
    let id = build.argument("workgroup", triple, BuiltIn::WorkGroupId);
    let count = build.argument("workgroups", triple, BuiltIn::NumWorkGroups);
    let thread = build.argument("thread", index, BuiltIn::LocalInvocationIndex);
    let mut part = |base, index| build.expr(Expression::AccessIndex { base, index });
    let (x, y, width, height) = (part(id, 0), part(id, 1), part(count, 0), part(count, 1));
    let rows = build.binary(Bin::Multiply, y, width);
    let group = build.binary(Bin::Add, rows, x);
    let group = build.name(group, "group");
    Invocation { group, groups: (width, height), thread }
}

/// Arrays with one element for each step of a chunk.
fn kept_types(
    module: &mut Module,
    chunk: u32,
    types: Scalars,
) -> HashMap<Handle<Type>, Handle<Type>> {
    let count = std::num::NonZeroU32::new(chunk).unwrap_or(std::num::NonZeroU32::MIN);
    let mut of = |base| (base, array(&mut module.types, base, ArraySize::Constant(count)));
    [types.real, types.int, types.index].map(&mut of).into()
}

impl Lane<'_> {
    /// The expression of a value.
    pub fn value(&self, value: ValueId) -> Result<Expr, EmitError> {
        let known = self.values.get(&value).copied();
        known.ok_or_else(|| Bug(format!("value {} is used before it is defined", value.0)).into())
    }

    /// Gives each value that a later loop reads back an array over the steps of a chunk.
    fn keep(&mut self, body: &[Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::Let(_, Op::Kept(value)) if !self.kept.contains_key(value) => {
                    let element = match self.kernel.ty(*value) {
                        ValueType::Real => self.of_lanes.real,
                        ValueType::Int => self.of_lanes.int,
                        ValueType::Bool => self.of_lanes.index,
                    };
                    let ty = self.kept_type[&element];
                    let var = self.build.local(&format!("kept_{}", value.0), ty);
                    self.kept.insert(*value, var);
                }
                Stmt::Loop(inner) => self.keep(&inner.body),
                Stmt::Let(..) | Stmt::Store(..) | Stmt::Reduce(..) | Stmt::Product(_) => {}
            }
        }
    }

    /// The lane's indices in buffers that several lanes share.
    fn shared_indices(&mut self) {
        let any = |shape| self.kernel.buffers.iter().any(|b| b.shape == shape);
        let (channel, neuron) = (any(Shape::Channel), any(Shape::Neuron));
        if !channel && !neuron {
            return;
        }
        let (mut channels, mut neurons) = (self.place.lane, self.place.lane);
        for which in 0..self.width {
            let build = &mut self.build;
            let absolute = build.binary(Bin::Add, self.place.lane[which], self.scalars[FIRST_LANE]);
            if channel {
                let line = build.binary(Bin::Divide, absolute, self.scalars["S"]);
                let index = build.binary(Bin::Modulo, line, self.scalars["C"]);
                channels[which] = build.name(index, "channel");
            }
            if neuron {
                let index = build.binary(Bin::Modulo, absolute, self.scalars["M"]);
                neurons[which] = build.name(index, "neuron");
            }
        }
        self.place.channel = channel.then_some(channels);
        self.place.neuron = neuron.then_some(neurons);
    }

    fn block(&mut self, body: &[Stmt]) -> Result<(), EmitError> {
        for stmt in body {
            match stmt {
                Stmt::Let(value, op) => {
                    let expr = self.op(*value, op)?;
                    self.define(*value, expr)?;
                }
                Stmt::Store(buffer, value) => {
                    let value = self.value(*value)?;
                    self.store(*buffer, value)?;
                }
                Stmt::Reduce(buffer, value) => {
                    let value = self.value(*value)?;
                    let name = format!("contribution_{}", self.contributions.len());
                    let var = self.build.local(&name, self.of_lanes.real);
                    self.build.set(var, value);
                    self.contributions.push((*buffer, var));
                }
                Stmt::Product(product) => self.product(product)?,
                Stmt::Loop(inner) => self.turns(inner)?,
            }
        }
        Ok(())
    }

    /// Names a value, and keeps it for this step where a later loop asks for it.
    fn define(&mut self, value: ValueId, expr: Expr) -> Result<(), EmitError> {
        let expr = self.build.name(expr, &format!("v{}", value.0));
        self.values.insert(value, expr);
        let Some(&var) = self.kept.get(&value) else { return Ok(()) };
        let pointer = self.kept_element(var)?;
        let bits = match self.kernel.ty(value) {
            ValueType::Bool => self.bool_bits(expr),
            ValueType::Real | ValueType::Int => expr,
        };
        self.build.push(Statement::Store { pointer, value: bits });
        Ok(())
    }

    /// The array of a value that a later loop reads back.
    pub fn kept_array(&self, value: ValueId) -> Option<Var> {
        self.kept.get(&value).copied()
    }

    /// What a value of an earlier loop was at this step.
    pub fn kept(&mut self, value: ValueId) -> Result<Expr, EmitError> {
        let var = self.kept_array(value);
        let var = var.ok_or_else(|| Bug(format!("value {} is not kept", value.0)))?;
        let pointer = self.kept_element(var)?;
        let bits = self.build.load(pointer);
        Ok(match self.kernel.ty(value) {
            ValueType::Bool => self.bits_bool(bits),
            ValueType::Real | ValueType::Int => bits,
        })
    }

    fn kept_element(&mut self, var: Var) -> Result<Expr, EmitError> {
        let step = self.place.step.ok_or_else(|| Bug("a value is kept outside of steps".into()))?;
        let base = self.build.expr(Expression::LocalVariable(var));
        Ok(self.build.element(base, step))
    }

    /// A loop: carried values go through variables, all of them read before the first is set again.
    fn turns(&mut self, inner: &Loop) -> Result<(), EmitError> {
        let mut vars = Vec::new();
        for carry in &inner.carries {
            let ty = match self.kernel.ty(carry.param) {
                ValueType::Real => self.of_lanes.real,
                ValueType::Int => self.of_lanes.int,
                ValueType::Bool => self.of_lanes.bool,
            };
            let var = self.build.local(&format!("carry_{}", carry.param.0), ty);
            let init = self.value(carry.init)?;
            self.build.set(var, init);
            vars.push(var);
        }
        let before = self.place;
        let (name, count) = self.count(inner)?;
        let counter = self.build.local(name, self.types.index);
        let turn = self.build.open_loop(counter, count);
        self.enter(inner, turn, count);
        for (carry, &var) in inner.carries.iter().zip(&vars) {
            let value = self.build.get(var);
            self.define(carry.param, value)?;
        }
        self.block(&inner.body)?;
        for (carry, &var) in inner.carries.iter().zip(&vars) {
            let next = self.value(carry.next)?;
            self.build.set(var, next);
        }
        self.build.close_loop(counter);
        self.place = before;
        for (carry, &var) in inner.carries.iter().zip(&vars) {
            let value = self.build.get(var);
            let value = self.build.name(value, &format!("v{}", carry.result.0));
            self.values.insert(carry.result, value);
        }
        Ok(())
    }

    /// How often a loop runs, and what its counter is called.
    fn count(&mut self, inner: &Loop) -> Result<(&'static str, Expr), EmitError> {
        let own = self.place.segment;
        let steps = self.scalars["T"];
        let build = &mut self.build;
        let chunk = build.index(self.kernel.schedule.chunk);
        let count = match inner.kind {
            LoopKind::Chunks => {
                let last = build.index(self.kernel.schedule.chunk - 1);
                let up = build.binary(Bin::Add, steps, last);
                let all = build.binary(Bin::Divide, up, chunk);
                match self.segments.zip(own) {
                    None => all,
                    Some((segments, own)) => {
                        let first = build.binary(Bin::Multiply, own, segments.chunks);
                        let rest = build.binary(Bin::Subtract, all, first);
                        build.math(naga::MathFunction::Min, &[rest, segments.chunks])
                    }
                }
            }
            LoopKind::Segments => {
                let all = self.segments.zip(own);
                let (segments, own) =
                    all.ok_or_else(|| Bug("a loop over segments where there are none".into()))?;
                match inner.order {
                    Order::Forward => own,
                    Order::Reverse => {
                        let one = build.index(1);
                        let last = build.binary(Bin::Subtract, segments.count, one);
                        build.binary(Bin::Subtract, last, own)
                    }
                }
            }
            LoopKind::Steps => {
                let first = self.place.chunk;
                let first =
                    first.ok_or_else(|| Bug("a loop over steps outside of chunks".into()))?;
                let first = build.binary(Bin::Multiply, first, chunk);
                let left = build.binary(Bin::Subtract, steps, first);
                build.math(naga::MathFunction::Min, &[chunk, left])
            }
        };
        let (counter, name) = match inner.kind {
            LoopKind::Segments => return Ok(("segment_turn", count)),
            LoopKind::Chunks => ("chunk_turn", "chunks"),
            LoopKind::Steps => ("step_turn", "steps"),
        };
        Ok((counter, build.name(count, name)))
    }

    /// Sets the place of a turn.
    fn enter(&mut self, inner: &Loop, turn: Expr, count: Expr) {
        let build = &mut self.build;
        let count = match (inner.kind, self.segments) {
            (LoopKind::Segments, Some(segments)) => segments.count,
            _ => count,
        };
        let index = match inner.order {
            Order::Forward => turn,
            Order::Reverse => {
                let one = build.index(1);
                let last = build.binary(Bin::Subtract, count, one);
                build.binary(Bin::Subtract, last, turn)
            }
        };
        match (inner.kind, self.place.chunk) {
            (LoopKind::Steps, Some(chunk)) => {
                let size = build.index(self.kernel.schedule.chunk);
                let first = build.binary(Bin::Multiply, chunk, size);
                let step = build.name(index, "j");
                let time = build.binary(Bin::Add, first, step);
                self.place.step = Some(step);
                self.place.time = Some(build.name(time, "t"));
            }
            (LoopKind::Segments, _) => self.place.segment = Some(index),
            _ => {
                let chunk = match self.segments.zip(self.place.segment) {
                    None => index,
                    Some((segments, own)) => {
                        let first = build.binary(Bin::Multiply, own, segments.chunks);
                        build.binary(Bin::Add, first, index)
                    }
                };
                self.place.chunk = Some(build.name(chunk, "c"));
            }
        }
    }

    /// The place of a group of so many lanes among those of all segments, from its place among those of its own.
    fn in_segment(&mut self, group: Expr, lanes: Expr) -> Expr {
        let Some(segment) = self.place.segment else { return group };
        let (n, build) = (self.scalars["N"], &mut self.build);
        let one = build.index(1);
        let up = build.binary(Bin::Add, n, lanes);
        let up = build.binary(Bin::Subtract, up, one);
        let each = build.binary(Bin::Divide, up, lanes);
        let before = build.binary(Bin::Multiply, segment, each);
        build.binary(Bin::Add, before, group)
    }

    /// Adds up the lanes of the block, or of its groups, and stores the sums.
    fn sum_block(
        &mut self,
        memory: Option<Handle<GlobalVariable>>,
        inside: Expr,
    ) -> Result<(), EmitError> {
        let Some(memory) = memory else { return Ok(()) };
        let kernel = self.kernel;
        let is_group = |buffer| kernel.buffer(buffer).shape == Shape::Group;
        let contributions = std::mem::take(&mut self.contributions);
        let any_group = contributions.iter().any(|(buffer, _)| is_group(*buffer));
        let group = any_group.then(|| sums::group(self));
        for (buffer, var) in contributions {
            let value = self.build.get(var);
            let (total, is_first) = match group.filter(|_| is_group(buffer)) {
                Some(group) => {
                    let lane = self.place.lane[0];
                    let own = self.build.binary(Bin::Divide, lane, group.lanes);
                    self.place.sum = Some(self.in_segment(own, group.lanes));
                    (sums::neighbours(self, memory, group.lanes, value), group.is_first)
                }
                None => {
                    let total = sums::tree(self, memory, value);
                    let zero = self.build.index(0);
                    (total, self.build.binary(Bin::Equal, self.place.thread, zero))
                }
            };
            let stores = self.build.binary(Bin::And, is_first, inside);
            self.where_holds(Some(stores), |lane| {
                let total = lane.build.load(total);
                let present = lane.present(buffer);
                lane.where_holds(present, |lane| lane.put(buffer, 0, total))
            })?;
            self.build.push(Statement::ControlBarrier(naga::Barrier::WORK_GROUP));
        }
        Ok(())
    }
}
