//! The first stage of a sum: the lanes of a workgroup, or of its groups, added by a tree in workgroup
//! memory.
//!
//! The tree is fixed by the size of the block or the group alone, so a sum does not depend on the device.

use std::num::NonZeroU32;

use naga::{
    AddressSpace, ArraySize, Barrier, BinaryOperator as Bin, Expression, GlobalVariable, Handle,
    MathFunction, Module, Span, Statement,
};

use super::build::{Builder, Expr, Scalars, array};
use super::lane::Lane;
use crate::kernel::{GROUP, Kernel, Stmt};

/// Workgroup memory with one real an invocation, where the kernel has a sum.
pub fn memory(
    module: &mut Module,
    kernel: &Kernel,
    types: Scalars,
) -> Option<Handle<GlobalVariable>> {
    if !kernel.body.iter().any(|stmt| matches!(stmt, Stmt::Reduce(..))) {
        return None;
    }
    let count = NonZeroU32::new(super::threads(kernel))?;
    Some(workgroup(module, format!("{}_sums", kernel.name), count, types))
}

/// Workgroup memory with so many reals.
pub fn workgroup(
    module: &mut Module,
    name: String,
    count: NonZeroU32,
    types: Scalars,
) -> Handle<GlobalVariable> {
    let variable = GlobalVariable {
        name: Some(name),
        space: AddressSpace::WorkGroup,
        binding: None,
        ty: array(&mut module.types, types.real, ArraySize::Constant(count)),
        init: None,
        memory_decorations: naga::MemoryDecorations::empty(),
    };
    module.global_variables.append(variable, Span::UNDEFINED)
}

/// Adds a value of each lane of the workgroup; returns the pointer to the sum, which every lane may read
/// until the memory is used again.
pub fn tree(lane: &mut Lane, memory: Handle<GlobalVariable>, value: Expr) -> Expr {
    let thread = lane.place.thread;
    let value = total(lane, value);
    let own = element(&mut lane.build, memory, thread);
    lane.build.push(Statement::Store { pointer: own, value });
    lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
    let threads = super::threads(lane.kernel);
    let mut width = threads.next_power_of_two() / 2;
    while width > 0 {
        // They need not be a power of two: the last lanes of the lower half may have no partner.
        let partners = width.min(threads - width);
        let limit = lane.build.index(partners);
        let adds = lane.build.binary(Bin::Less, thread, limit);
        lane.build.open();
        let zero = lane.strict.then_some(lane.zero);
        add(&mut lane.build, memory, thread, width, zero);
        lane.build.close_if(adds);
        lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        width /= 2;
    }
    let first = lane.build.index(0);
    element(&mut lane.build, memory, first)
}

/// The sum of an invocation's lanes.
fn total(lane: &mut Lane, value: Expr) -> Expr {
    if lane.width == 1 {
        return value;
    }
    let parts = [0, 1, 2, 3].map(|which| lane.build.part(value, which));
    let mut sum = |a, b| {
        let sum = lane.build.binary(Bin::Add, a, b);
        if lane.strict { lane.build.barrier(sum, lane.zero) } else { sum }
    };
    let (low, high) = (sum(parts[0], parts[1]), sum(parts[2], parts[3]));
    sum(low, high)
}

/// The group of the invocation's lanes in a `Group` buffer.
#[derive(Clone, Copy)]
pub struct Group {
    /// How many lanes it has: no fewer than an invocation.
    pub lanes: Expr,
    /// Whether the invocation's are its first.
    pub is_first: Expr,
}

/// The group of the invocation's lanes.
pub fn group(lane: &mut Lane) -> Group {
    let (apart, first, build) = (lane.scalars["S"], lane.place.lane[0], &mut lane.build);
    let (zero, one, most) = (build.index(0), build.index(1), build.index(GROUP));
    // The lowest bit of `S`, or of `GROUP` where that is lower.
    let apart = build.math(MathFunction::Max, &[apart, one]);
    let bits = build.binary(Bin::InclusiveOr, apart, most);
    let negated = build.binary(Bin::Subtract, zero, bits);
    let lanes = build.binary(Bin::And, bits, negated);
    let lanes = build.name(lanes, "lanes_of_group");
    let mask = build.binary(Bin::Subtract, lanes, one);
    let place = build.binary(Bin::And, first, mask);
    let is_first = build.binary(Bin::Equal, place, zero);
    Group { lanes, is_first }
}

/// Adds a value of each lane of a group, neighbours first and then neighbouring sums; returns the pointer
/// to the sum in the group's first invocation, which alone may read its own.
pub fn neighbours(
    lane: &mut Lane,
    memory: Handle<GlobalVariable>,
    lanes_of_group: Expr,
    value: Expr,
) -> Expr {
    let thread = lane.place.thread;
    let value = total(lane, value);
    let own = element(&mut lane.build, memory, thread);
    lane.build.push(Statement::Store { pointer: own, value });
    let width = lane.width as u32;
    let mut apart = 1;
    while apart < GROUP / width {
        // The same for all lanes of a launch, so that all meet at the barrier or none.
        let distance = lane.build.index(apart * width);
        let is_within = lane.build.binary(Bin::Greater, lanes_of_group, distance);
        lane.build.open();
        lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        let (mask, zero) = (lane.build.index(2 * apart - 1), lane.build.index(0));
        let place = lane.build.binary(Bin::And, thread, mask);
        let adds = lane.build.binary(Bin::Equal, place, zero);
        lane.build.open();
        let zero = lane.strict.then_some(lane.zero);
        add(&mut lane.build, memory, thread, apart, zero);
        lane.build.close_if(adds);
        lane.build.close_if(is_within);
        apart *= 2;
    }
    own
}

/// Adds the number so far behind to the one at a place; no driver can follow the sum through where there is a
/// scalar that holds 0.
pub fn add(
    build: &mut Builder,
    memory: Handle<GlobalVariable>,
    place: Expr,
    behind: u32,
    zero: Option<Expr>,
) {
    let distance = build.index(behind);
    let own = element(build, memory, place);
    let partner = build.binary(Bin::Add, place, distance);
    let partner = element(build, memory, partner);
    let (left, right) = (build.load(own), build.load(partner));
    let sum = build.binary(Bin::Add, left, right);
    let value = match zero {
        Some(zero) => build.barrier(sum, zero),
        None => sum,
    };
    build.push(Statement::Store { pointer: own, value });
}

/// The pointer to a number.
pub fn element(build: &mut Builder, memory: Handle<GlobalVariable>, index: Expr) -> Expr {
    let base = build.expr(Expression::GlobalVariable(memory));
    build.element(base, index)
}
