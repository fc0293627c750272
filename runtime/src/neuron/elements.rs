//! The caller's f32 as elements of buffers, and back: the same numbers, ints of int states, or 16-bit
//! numbers, to which they are rounded half to even and which widen exactly.

use std::borrow::Cow;

use snn_artifact::Dtype;
use snn_artifact::half::{bf16_to_f64, f16_to_f64, f64_to_bf16, f64_to_f16};

use super::ints;
use crate::device::{Device, Memory};
use crate::error::Result;

/// Numbers as the bytes of a buffer with elements of a type.
pub fn bytes(dtype: Dtype, numbers: &[f32]) -> Cow<'_, [u8]> {
    match dtype {
        Dtype::I32 => bytemuck::cast_slice(&ints::of(numbers)).to_vec().into(),
        Dtype::F16 => halves(numbers, f64_to_f16).into(),
        Dtype::Bf16 => halves(numbers, f64_to_bf16).into(),
        Dtype::F32 | Dtype::F64 => bytemuck::cast_slice(numbers).into(),
    }
}

fn halves(numbers: &[f32], narrow: fn(f64) -> u16) -> Vec<u8> {
    numbers.iter().flat_map(|number| narrow(f64::from(*number)).to_ne_bytes()).collect()
}

/// Reads what a launch left in a buffer of `operand`.
///
/// # Errors
///
/// Those of the device, and where an int is so large that f32 does not have it.
pub fn read(
    device: &dyn Device,
    memory: &dyn Memory,
    dtype: Dtype,
    operand: &str,
    numbers: &mut [f32],
) -> Result<()> {
    match dtype {
        Dtype::F16 => read_halves(device, memory, numbers, f16_to_f64),
        Dtype::Bf16 => read_halves(device, memory, numbers, bf16_to_f64),
        _ => {
            device.read(memory, bytemuck::cast_slice_mut(numbers))?;
            if dtype == Dtype::I32 { ints::widen(operand, numbers) } else { Ok(()) }
        }
    }
}

fn read_halves(
    device: &dyn Device,
    memory: &dyn Memory,
    numbers: &mut [f32],
    widen: fn(u16) -> f64,
) -> Result<()> {
    let mut halves = vec![0_u16; numbers.len()];
    device.read(memory, bytemuck::cast_slice_mut(&mut halves))?;
    for (number, bits) in numbers.iter_mut().zip(halves) {
        *number = widen(bits) as f32;
    }
    Ok(())
}
