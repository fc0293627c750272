//! The first stage of a sum: the lanes of a workgroup, or of its groups, added by a tree in workgroup
//! memory.
//!
//! The tree is fixed by the size of the block or the group alone, so a sum does not depend on the device.

use naga::{
    AddressSpace, ArraySize, Barrier, BinaryOperator as Bin, Expression, GlobalVariable, Handle,
    MathFunction, Module, Span, Statement,
};

use super::build::{Expr, Scalars, array};
use super::lane::Lane;
use crate::kernel::{GROUP, Kernel, Stmt};

/// Workgroup memory with one real a lane, where the kernel has a sum.
pub fn memory(
    module: &mut Module,
    kernel: &Kernel,
    types: Scalars,
) -> Option<Handle<GlobalVariable>> {
    if !kernel.body.iter().any(|stmt| matches!(stmt, Stmt::Reduce(..))) {
        return None;
    }
    let count = std::num::NonZeroU32::new(kernel.schedule.block)?;
    let variable = GlobalVariable {
        name: Some(format!("{}_sums", kernel.name)),
        space: AddressSpace::WorkGroup,
        binding: None,
        ty: array(&mut module.types, types.real, ArraySize::Constant(count)),
        init: None,
        memory_decorations: naga::MemoryDecorations::empty(),
    };
    Some(module.global_variables.append(variable, Span::UNDEFINED))
}

/// Adds a value of each lane of the workgroup; returns the pointer to the sum, which every lane may read
/// until the memory is used again.
pub fn tree(lane: &mut Lane, memory: Handle<GlobalVariable>, value: Expr) -> Expr {
    let thread = lane.place.thread;
    let value = total(lane, value);
    let own = element(lane, memory, thread);
    lane.build.push(Statement::Store { pointer: own, value });
    lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
    let block = lane.kernel.schedule.block / lane.kernel.schedule.lanes;
    let mut width = block.next_power_of_two() / 2;
    while width > 0 {
        // A block need not be a power of two: the last lanes of the lower half may have no partner.
        let partners = width.min(block - width);
        let limit = lane.build.index(partners);
        let adds = lane.build.binary(Bin::Less, thread, limit);
        lane.build.open();
        add(lane, memory, thread, width);
        lane.build.close_if(adds);
        lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        width /= 2;
    }
    let first = lane.build.index(0);
    element(lane, memory, first)
}

/// The sum of an invocation's lanes.
fn total(lane: &mut Lane, value: Expr) -> Expr {
    if lane.width == 1 {
        return value;
    }
    let parts = [0, 1, 2, 3].map(|which| lane.build.part(value, which));
    let mut sum = |a, b| {
        let sum = lane.build.binary(Bin::Add, a, b);
        lane.hide_one(sum)
    };
    let (low, high) = (sum(parts[0], parts[1]), sum(parts[2], parts[3]));
    sum(low, high)
}

/// The groups of the invocation's lanes of a `Group` buffer.
#[derive(Clone, Copy)]
pub struct Group {
    /// How many lanes each has.
    pub lanes: Expr,
    /// Whether the lanes are the first of theirs: all are, or none, since they lie whole groups apart.
    pub is_first: Expr,
}

/// The groups of the invocation's lanes.
pub fn group(lane: &mut Lane) -> Group {
    let (apart, build) = (lane.scalars["S"], &mut lane.build);
    let (zero, one, most) = (build.index(0), build.index(1), build.index(GROUP));
    // The lowest bit of `S`, or of `GROUP` where that is lower.
    let apart = build.math(MathFunction::Max, &[apart, one]);
    let bits = build.binary(Bin::InclusiveOr, apart, most);
    let negated = build.binary(Bin::Subtract, zero, bits);
    let lanes = build.binary(Bin::And, bits, negated);
    let lanes = build.name(lanes, "lanes_of_group");
    let mask = build.binary(Bin::Subtract, lanes, one);
    let place = build.binary(Bin::And, lane.place.thread, mask);
    let is_first = build.binary(Bin::Equal, place, zero);
    Group { lanes, is_first }
}

/// Adds a value of each lane of a group, neighbours first and then neighbouring sums; returns the pointers
/// to the sums, in the first lane of each group, which alone may read its own.
pub fn neighbours(
    lane: &mut Lane,
    memory: Handle<GlobalVariable>,
    lanes_of_group: Expr,
    value: Expr,
) -> Vec<Expr> {
    let thread = lane.place.thread;
    let width = lane.width as u32;
    let apart_lanes = lane.kernel.schedule.block / width;
    let places: Vec<Expr> = (0..width)
        .map(|which| {
            let offset = lane.build.index(which * apart_lanes);
            lane.build.binary(Bin::Add, thread, offset)
        })
        .collect();
    let own: Vec<Expr> = places.iter().map(|&place| element(lane, memory, place)).collect();
    for (which, &pointer) in own.iter().enumerate() {
        let value = if width == 1 { value } else { lane.build.part(value, which as u32) };
        lane.build.push(Statement::Store { pointer, value });
    }
    let mut apart = 1;
    while apart < GROUP {
        // The same for all lanes of a launch, so that all meet at the barrier or none.
        let distance = lane.build.index(apart);
        let is_within = lane.build.binary(Bin::Greater, lanes_of_group, distance);
        lane.build.open();
        lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        let (mask, zero) = (lane.build.index(2 * apart - 1), lane.build.index(0));
        let place = lane.build.binary(Bin::And, thread, mask);
        let adds = lane.build.binary(Bin::Equal, place, zero);
        lane.build.open();
        places.iter().for_each(|&place| add(lane, memory, place, apart));
        lane.build.close_if(adds);
        lane.build.close_if(is_within);
        apart *= 2;
    }
    own
}

/// Adds the number so far behind to the one at a place.
fn add(lane: &mut Lane, memory: Handle<GlobalVariable>, place: Expr, behind: u32) {
    let distance = lane.build.index(behind);
    let own = element(lane, memory, place);
    let partner = lane.build.binary(Bin::Add, place, distance);
    let partner = element(lane, memory, partner);
    let (left, right) = (lane.build.load(own), lane.build.load(partner));
    let sum = lane.build.binary(Bin::Add, left, right);
    let sum = lane.hide_one(sum);
    lane.build.push(Statement::Store { pointer: own, value: sum });
}

fn element(lane: &mut Lane, memory: Handle<GlobalVariable>, index: Expr) -> Expr {
    let base = lane.build.expr(Expression::GlobalVariable(memory));
    lane.build.element(base, index)
}
