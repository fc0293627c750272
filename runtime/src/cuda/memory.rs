//! Device memory, and copies to, from and on the device. All are ordered on the device's stream.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Whether other streams than the context's use it too.
    is_elsewhere: AtomicBool,
    /// Whether it is ours to free.
    is_ours: bool,
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
        if self.is_ours {
            self.context.free(self.pointer, *self.is_elsewhere.get_mut());
        }
    }
}

/// New memory. Even that of no bytes has an address, since a null one means left out.
pub fn alloc(context: &Arc<Context>, operand: &str, bytes: usize) -> Result<CudaMemory> {
    let pointer = context.alloc(operand, bytes.max(1))?;
    let mut memory = borrowed(context, operand, pointer, bytes);
    memory.is_ours = true;
    Ok(memory)
}

/// Memory that is somebody else's.
pub fn borrowed(
    context: &Arc<Context>,
    operand: &str,
    pointer: sys::CUdeviceptr,
    size: usize,
) -> CudaMemory {
    let (operand, context) = (operand.into(), Arc::clone(context));
    let is_elsewhere = AtomicBool::new(false);
    CudaMemory { operand, pointer, size, context, is_elsewhere, is_ours: false }
}

/// The memory as that of this device, to be used on this stream.
pub fn of<'a>(context: &Arc<Context>, memory: &'a dyn Memory) -> Result<&'a CudaMemory> {
    let memory = memory.as_any().downcast_ref::<CudaMemory>();
    let own = memory.filter(|m| Arc::ptr_eq(m.context.primary(), context.primary()));
    let own = own.ok_or_else(|| foreign(context))?;
    if own.context.stream() != context.stream() {
        own.is_elsewhere.store(true, Ordering::Relaxed);
    }
    Ok(own)
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
