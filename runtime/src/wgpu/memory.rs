//! Buffers, and copies to and from them.

use std::any::Any;
use std::sync::Arc;

use super::context::Context;
use crate::device::Memory;
use crate::error::{Error, Result};

/// Least bytes of a binding: WebGPU has none without bytes, and an array has at least one element.
const LEAST: usize = 16;

/// A storage buffer.
pub struct WgpuMemory {
    /// The buffer, of whole words and not empty.
    pub buffer: wgpu::Buffer,
    /// The operand it was made for.
    pub operand: String,
    size: usize,
    context: Arc<Context>,
}

impl Memory for WgpuMemory {
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

/// New memory that kernels can be given.
pub fn alloc(context: &Arc<Context>, operand: &str, bytes: usize) -> Result<WgpuMemory> {
    let max = context.max_buffer();
    if bytes > max {
        return Err(Error::Unsupported {
            device: context.name.clone(),
            what: format!("a buffer of {bytes} bytes for `{operand}`"),
            instead: format!("at most {max} bytes fit into one; run fewer neurons at once"),
        });
    }
    let usage =
        wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = create(context, operand, bytes, usage)?;
    Ok(WgpuMemory { buffer, operand: operand.into(), size: bytes, context: Arc::clone(context) })
}

/// A buffer of at least these bytes for any use.
pub fn create(
    context: &Context,
    operand: &str,
    bytes: usize,
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer> {
    let size = bytes.next_multiple_of(4).max(LEAST) as u64;
    let label = Some(operand);
    let descriptor = wgpu::BufferDescriptor { label, size, usage, mapped_at_creation: false };
    let what = format!("allocating `{operand}`");
    context.guard(&what, (operand, bytes), || context.device.create_buffer(&descriptor))
}

/// The memory as that of this device.
pub fn of<'a>(context: &Arc<Context>, memory: &'a dyn Memory) -> Result<&'a WgpuMemory> {
    let memory = memory.as_any().downcast_ref::<WgpuMemory>();
    memory.filter(|m| Arc::ptr_eq(&m.context, context)).ok_or_else(|| foreign(context))
}

/// The memory as that of this device.
pub fn of_mut<'a>(
    context: &Arc<Context>,
    memory: &'a mut dyn Memory,
) -> Result<&'a mut WgpuMemory> {
    let memory = memory.as_any_mut().downcast_mut::<WgpuMemory>();
    memory.filter(|m| Arc::ptr_eq(&m.context, context)).ok_or_else(|| foreign(context))
}

fn foreign(context: &Context) -> Error {
    context.error("a copy or launch", "the memory belongs to another device")
}

fn check_size(context: &Context, memory: &WgpuMemory, bytes: usize) -> Result<()> {
    if bytes <= memory.size {
        return Ok(());
    }
    let what = format!("copying `{}`", memory.operand);
    Err(context.error(&what, format!("{bytes} bytes do not fit into {}", memory.size)))
}

/// Copies bytes to the front of the memory.
pub fn write(context: &Context, memory: &mut WgpuMemory, bytes: &[u8]) -> Result<()> {
    check_size(context, memory, bytes.len())?;
    let what = format!("writing `{}`", memory.operand);
    let (words, tail) = bytes.split_at(bytes.len() & !3);
    context.guard(&what, (&memory.operand, bytes.len()), || {
        if !words.is_empty() {
            context.queue.write_buffer(&memory.buffer, 0, words);
        }
        if !tail.is_empty() {
            // Only the last word of a buffer may be cut short, and what is behind the end is padding.
            let mut word = [0; 4];
            word[..tail.len()].copy_from_slice(tail);
            context.queue.write_buffer(&memory.buffer, words.len() as u64, &word);
        }
    })
}

/// Copies bytes from the front of the memory, after all launches before.
pub fn read(context: &Context, memory: &WgpuMemory, bytes: &mut [u8]) -> Result<()> {
    check_size(context, memory, bytes.len())?;
    if bytes.is_empty() {
        return context.wait();
    }
    read_buffer(context, &memory.operand, &memory.buffer, bytes)
}

/// Copies bytes from the front of a buffer, after all launches before.
pub fn read_buffer(
    context: &Context,
    operand: &str,
    buffer: &wgpu::Buffer,
    bytes: &mut [u8],
) -> Result<()> {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let staging = create(context, operand, bytes.len(), usage)?;
    let what = format!("reading `{operand}`");
    let size = bytes.len().next_multiple_of(4) as u64;
    let (sender, receiver) = std::sync::mpsc::channel();
    context.guard(&what, (operand, bytes.len()), || {
        let mut encoder = context.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, size);
        context.queue.submit([encoder.finish()]);
        // The receiver lives until the mapping is known, so that sending cannot fail.
        staging.map_async(wgpu::MapMode::Read, .., move |mapped| drop(sender.send(mapped)));
    })?;
    context.wait()?;
    let mapped = receiver.recv().map_err(|e| context.error(&what, e.to_string()))?;
    mapped.map_err(|e| context.error(&what, e.to_string()))?;
    let view = staging.get_mapped_range(..).map_err(|e| context.error(&what, e.to_string()))?;
    bytes.copy_from_slice(&view[..bytes.len()]);
    Ok(())
}
