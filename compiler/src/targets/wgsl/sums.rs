//! The first stage of a sum: the lanes of a workgroup, added by a tree in workgroup memory.
//!
//! The tree is fixed by the size of the block alone, so a sum does not depend on the device.

use naga::{
    AddressSpace, ArraySize, Barrier, BinaryOperator as Bin, Expression, GlobalVariable, Handle,
    Module, Span, Statement,
};

use super::build::{Expr, Scalars, array};
use super::lane::Lane;
use crate::kernel::{Kernel, Stmt};

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
pub fn tree(lane: &mut Lane, memory: Handle<GlobalVariable>, thread: Expr, value: Expr) -> Expr {
    let own = element(lane, memory, thread);
    lane.build.push(Statement::Store { pointer: own, value });
    lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
    let block = lane.kernel.schedule.block;
    let mut width = block.next_power_of_two() / 2;
    while width > 0 {
        // A block need not be a power of two: the last lanes of the lower half may have no partner.
        let partners = width.min(block - width);
        let limit = lane.build.index(partners);
        let adds = lane.build.binary(Bin::Less, thread, limit);
        lane.build.open();
        let distance = lane.build.index(width);
        let partner = lane.build.binary(Bin::Add, thread, distance);
        let partner = element(lane, memory, partner);
        let (left, right) = (lane.build.load(own), lane.build.load(partner));
        let sum = lane.build.binary(Bin::Add, left, right);
        let sum = lane.hide(sum);
        lane.build.push(Statement::Store { pointer: own, value: sum });
        lane.build.close_if(adds);
        lane.build.push(Statement::ControlBarrier(Barrier::WORK_GROUP));
        width /= 2;
    }
    let first = lane.build.index(0);
    element(lane, memory, first)
}

fn element(lane: &mut Lane, memory: Handle<GlobalVariable>, index: Expr) -> Expr {
    let base = lane.build.expr(Expression::GlobalVariable(memory));
    lane.build.element(base, index)
}
