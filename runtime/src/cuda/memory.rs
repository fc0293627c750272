//! Device memory, and copies to, from and on the device. All are ordered on the device's stream.

use std::any::Any;
use std::sync::Arc;

use cudarc::driver::{result, sys};

use super::context::Context;
use crate::device::Memory;
use crate::error::{Error, Result};

/// Device memory.
pub struct CudaMemory {
    operand: String,
    pointer: sys::CUdeviceptr,
    size: usize,
    context: Arc<Context>,
}

impl CudaMemory {
    /// Its address on the device.
    pub fn pointer(&self) -> u64 {
        self.pointer
    }
}

impl Memory for CudaMemory {
    fn size(&self) -> usize {
        self.size
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl Drop for CudaMemory {
    fn drop(&mut self) {
        self.context.free(self.pointer);
    }
}

/// New memory. Even that of no bytes has an address, since a null one means left out.
pub fn alloc(context: &Arc<Context>, operand: &str, bytes: usize) -> Result<CudaMemory> {
    let pointer = context.alloc(operand, bytes.max(1))?;
    Ok(CudaMemory { operand: operand.into(), pointer, size: bytes, context: Arc::clone(context) })
}

/// The memory as that of this device.
pub fn of<'a>(context: &Arc<Context>, memory: &'a dyn Memory) -> Result<&'a CudaMemory> {
    let memory = memory.as_any().downcast_ref::<CudaMemory>();
    memory.filter(|m| Arc::ptr_eq(&m.context, context)).ok_or_else(|| foreign(context))
}

fn foreign(context: &Context) -> Error {
    context.failure("a copy or launch", "the memory belongs to another device")
}

fn check_size(context: &Context, memory: &CudaMemory, bytes: usize) -> Result<()> {
    if bytes <= memory.size {
        return Ok(());
    }
    let what = format!("copying `{}`", memory.operand);
    Err(context.failure(&what, format!("{bytes} bytes do not fit into {}", memory.size)))
}

/// Copies bytes to the front of the memory; they may be changed when this returns.
pub fn write(context: &Context, memory: &CudaMemory, bytes: &[u8]) -> Result<()> {
    check_size(context, memory, bytes.len())?;
    if bytes.is_empty() {
        return Ok(());
    }
    context.bind()?;
    // SAFETY: the memory is live and large enough, and the bytes outlive the wait below.
    let copied = unsafe { result::memcpy_htod_async(memory.pointer, bytes, context.stream()) };
    copied.map_err(|e| context.error(&format!("writing `{}`", memory.operand), e))?;
    context.wait()
}

/// Copies bytes from the front of the memory, after all launches before.
pub fn read(context: &Context, memory: &CudaMemory, bytes: &mut [u8]) -> Result<()> {
    check_size(context, memory, bytes.len())?;
    if bytes.is_empty() {
        return context.wait();
    }
    context.bind()?;
    // SAFETY: the memory is live and large enough, and the bytes outlive the wait below.
    let copied = unsafe { result::memcpy_dtoh_async(bytes, memory.pointer, context.stream()) };
    copied.map_err(|e| context.error(&format!("reading `{}`", memory.operand), e))?;
    context.wait()
}

/// Copies bytes from the front of one memory to the front of another, without waiting.
pub fn copy(context: &Context, from: &CudaMemory, to: &CudaMemory, bytes: usize) -> Result<()> {
    check_size(context, from, bytes)?;
    check_size(context, to, bytes)?;
    if bytes == 0 {
        return Ok(());
    }
    context.bind()?;
    // SAFETY: both memories are live and large enough, and are freed behind this on the same stream.
    let copied =
        unsafe { result::memcpy_dtod_async(to.pointer, from.pointer, bytes, context.stream()) };
    copied.map_err(|e| context.error(&format!("copying `{}`", from.operand), e))
}
