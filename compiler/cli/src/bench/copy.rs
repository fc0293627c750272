//! Copies to measure a neuron against: a kernel that the compiler makes, and the host's memcpy.

use std::sync::Arc;
use std::time::Instant;

use snn_compiler::copy::ENTRY;
use snn_runtime::device::{Argument, Device, Memory, Module};
use snn_runtime::jit::Jit;

use super::Timed;
use crate::report::{Failure, Result};

/// The kernel `y = x` on a device, with its operands.
pub struct Copy {
    module: Box<dyn Module>,
    x: Box<dyn Memory>,
    y: Box<dyn Memory>,
    scalars: Vec<i64>,
    lanes: usize,
}

impl Copy {
    /// Compiles and loads it; `[steps, lanes]` are copied.
    pub fn new(jit: &Jit, device: &Arc<dyn Device>, steps: usize, lanes: usize) -> Result<Self> {
        let artifact = jit.copy(&device.target())?;
        let scalars = artifact.manifest.entries[ENTRY].scalars.iter();
        let scalars = scalars.map(|name| scalar(name, steps, lanes)).collect();
        let module = device.load(&artifact)?;
        let bytes = 4 * steps * lanes;
        if bytes > device.max_buffer() {
            let device = device.name();
            let why =
                format!("{device} has no buffer of {bytes} bytes to copy; time fewer elements");
            return Err(Failure::Message(why));
        }
        let (mut x, y) = (device.alloc("x", bytes)?, device.alloc("y", bytes)?);
        // Memory that was never written may all be one page.
        device.write(x.as_mut(), &vec![1; bytes])?;
        Ok(Self { module, x, y, scalars, lanes })
    }

    /// Copies once.
    pub fn launch(&mut self) -> snn_runtime::Result<()> {
        let mut buffers = [Argument::Read(self.x.as_ref()), Argument::Write(self.y.as_mut())];
        self.module.launch(ENTRY, 0, self.lanes, &mut buffers, &self.scalars)
    }
}

fn scalar(name: &str, steps: usize, lanes: usize) -> i64 {
    match name {
        "T" => steps as i64,
        "C" | "S" => 1,
        // N, M and the strides.
        _ => lanes as i64,
    }
}

/// The host's copy of `n` numbers, shared by threads.
pub fn memcpy<'a>(n: usize, threads: usize) -> Result<Timed<'a>> {
    let (from, mut to) = (filled(n, 1.0)?, filled(n, 2.0)?);
    let each = n.div_ceil(threads).max(1);
    Ok(Box::new(move || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for (from, to) in from.chunks(each).zip(to.chunks_mut(each)) {
                scope.spawn(|| to.copy_from_slice(from));
            }
        });
        let seconds = start.elapsed().as_secs_f64();
        std::hint::black_box(&to);
        Ok(seconds)
    }))
}

/// Numbers that lie in memory of their own.
pub fn filled(n: usize, number: f32) -> Result<Vec<f32>> {
    let mut numbers = Vec::new();
    let reserved = numbers.try_reserve_exact(n);
    reserved.map_err(|_| Failure::Message(format!("no memory for {n} numbers")))?;
    numbers.resize(n, number);
    Ok(numbers)
}
