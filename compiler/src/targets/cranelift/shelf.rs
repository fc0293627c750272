//! Where many numbers that all lanes share lie.

use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value, types};
use cranelift_frontend::FunctionBuilder;

use super::form::Form;
use super::ops;
use super::program::Program;
use crate::kernel::{Kernel, Type, ValueId};

/// More reals than these are loaded where they are used: each in a register of its own from the first lane
/// to the last, they would take the allocation of registers a time that grows with their square.
const MAX_SHARED: usize = 48;

/// Reals that all lanes share, each as a vector in memory.
pub struct Shelf {
    slot: StackSlot,
    /// By value: its place.
    places: Vec<Option<i32>>,
}

impl Shelf {
    /// A place for each that lanes use, or none where they are few.
    pub fn new(b: &mut FunctionBuilder<'_>, program: &Program<'_>) -> Option<Self> {
        let mut count = 0;
        let place = |is_used: bool| {
            is_used.then(|| {
                count += 16;
                count - 16
            })
        };
        let places: Vec<Option<i32>> = used(program).into_iter().map(place).collect();
        if count as usize <= 16 * MAX_SHARED {
            return None;
        }
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, count as u32, 4);
        Some(Self { slot: b.create_sized_stack_slot(data), places })
    }

    /// Loads a real: the vector, or its first lane.
    pub fn load(
        &self,
        b: &mut FunctionBuilder<'_>,
        value: ValueId,
        ty: types::Type,
    ) -> Option<Value> {
        let place = self.places[value.0 as usize]?;
        Some(b.ins().stack_load(types::I64, ty, self.slot, place))
    }

    /// Whether a value is among them.
    pub fn holds(&self, value: ValueId) -> bool {
        self.places[value.0 as usize].is_some()
    }

    /// Puts a value that was computed into its place, if it has one.
    pub fn store(&self, b: &mut FunctionBuilder<'_>, kernel: &Kernel, value: ValueId, real: Value) {
        if let Some(place) = self.places[value.0 as usize] {
            let form = Form { vector: true, float: kernel.compute };
            let vector = ops::splat(b, form, Type::Real, real);
            b.ins().stack_store(types::I64, vector, self.slot, place);
        }
    }
}

/// By value: whether it is a real that all lanes share and use.
fn used(program: &Program<'_>) -> Vec<bool> {
    let kernel = program.kernel;
    let mut used = vec![false; kernel.values.len()];
    let mut mark = |value: ValueId| {
        used[value.0 as usize] = program.is_uniform(value) && kernel.ty(value) == Type::Real;
    };
    program.walk_lane_operands(&mut mark);
    used
}
