//! Loads and stores of adjacent lanes, with the conversion between storage and compute type.
//!
//! Addresses carry no promise of alignment.

use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

use super::flags;
use super::form::Form;
use super::ops::{cast, splat};
use crate::kernel::{Float, Storage};

/// A place in memory: an address and a constant distance from it, in bytes.
#[derive(Clone, Copy)]
pub struct Address {
    /// The address.
    pub base: Value,
    /// The distance.
    pub offset: i32,
}

/// log2 of the bytes of an element.
pub fn shift(storage: Storage) -> u8 {
    match storage {
        Storage::F64 => 3,
        Storage::F32 | Storage::I32 => 2,
        Storage::F16 | Storage::Bf16 | Storage::F16Bits | Storage::Bf16Bits => 1,
    }
}

/// The elements from an address on, one for each lane of the form.
pub fn load(b: &mut FunctionBuilder<'_>, form: Form, storage: Storage, at: Address) -> Value {
    match (form.float, storage) {
        (Float::F64, Storage::F32) if form.vector => {
            let pair = load_pair(b, types::F32X4, at);
            b.ins().fvpromote_low(pair)
        }
        (Float::F64, Storage::F32) => {
            let single = b.ins().load(types::F32, flags(), at.base, at.offset);
            b.ins().fpromote(types::F64, single)
        }
        (Float::F64, Storage::I32) if form.vector => load_pair(b, types::I32X4, at),
        (_, Storage::F16Bits | Storage::Bf16Bits) if form.vector => {
            b.ins().uload16x4(flags(), at.base, at.offset)
        }
        (_, Storage::F16Bits | Storage::Bf16Bits) => {
            b.ins().uload16(types::I32, flags(), at.base, at.offset)
        }
        _ if form.vector => {
            // As bytes: without AVX Cranelift would take a load of the type itself into a comparison, and
            // that instruction faults where the address is no multiple of 16.
            let bytes = b.ins().load(types::I8X16, flags(), at.base, at.offset);
            cast(b, form.ty(storage.ty()), bytes)
        }
        _ => b.ins().load(form.ty(storage.ty()), flags(), at.base, at.offset),
    }
}

/// Writes a value's lanes as elements from an address on.
pub fn store(b: &mut FunctionBuilder<'_>, form: Form, storage: Storage, at: Address, value: Value) {
    let value = match (form.float, storage) {
        (Float::F64, Storage::F32) if form.vector => {
            let pair = b.ins().fvdemote(value);
            low_half(b, pair)
        }
        (Float::F64, Storage::F32) => b.ins().fdemote(types::F32, value),
        (Float::F64, Storage::I32) if form.vector => low_half(b, value),
        (_, Storage::F16Bits | Storage::Bf16Bits) if form.vector => {
            let mask = b.ins().iconst(types::I32, 0xffff);
            let mask = b.ins().splat(types::I32X4, mask);
            let low = b.ins().band(value, mask);
            let narrow = b.ins().unarrow(low, low);
            low_half(b, narrow)
        }
        (_, Storage::F16Bits | Storage::Bf16Bits) => b.ins().ireduce(types::I16, value),
        _ => value,
    };
    b.ins().store(flags(), value, at.base, at.offset);
}

/// Two 32-bit elements in the low half of a vector.
fn load_pair(b: &mut FunctionBuilder<'_>, ty: ir::Type, at: Address) -> Value {
    let pair = b.ins().load(types::I64, flags(), at.base, at.offset);
    let vector = b.ins().scalar_to_vector(types::I64X2, pair);
    cast(b, ty, vector)
}

/// The low half of a vector as an integer.
fn low_half(b: &mut FunctionBuilder<'_>, vector: Value) -> Value {
    let vector = cast(b, types::I64X2, vector);
    b.ins().extractlane(vector, 0)
}

/// One element of each lane's own address, in the lanes of one register.
pub fn gather(
    b: &mut FunctionBuilder<'_>,
    form: Form,
    storage: Storage,
    base: Value,
    indices: &[Value],
) -> Value {
    let scalar = form.scalar();
    let mut result = None;
    for (lane, &index) in indices.iter().enumerate() {
        let distance = b.ins().ishl_imm_u(index, i64::from(shift(storage)));
        let base = b.ins().iadd(base, distance);
        let element = load(b, scalar, storage, Address { base, offset: 0 });
        result = Some(match result {
            None => splat(b, form, storage.ty(), element),
            Some(vector) => b.ins().insertlane(vector, element, lane as u8),
        });
    }
    result.expect("a register has a lane")
}
