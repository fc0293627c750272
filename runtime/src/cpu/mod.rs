//! The CPU as a device: machine code mapped read-execute, blocks of lanes spread over threads.
//!
//! Results do not depend on the number of threads: a block of lanes is computed by one thread in one
//! order, whichever that is. They do not depend on the caller's floating-point mode either.

#![allow(unsafe_code, reason = "machine code and the memory it works on")]

mod check;
mod code;
mod float_mode;
mod level;
mod memory;
mod module;

use std::sync::Arc;

use rayon::ThreadPool;
use snn_artifact::{Artifact, Target};

use crate::device::{Device, Memory, Module};
use crate::error::{Error, Result};

pub use level::{host_level, supports};

use memory::CpuMemory;
use module::CpuModule;

/// The name of this device.
const NAME: &str = "cpu";

/// The processor that runs this program.
pub struct Cpu {
    pool: Arc<ThreadPool>,
    level: &'static str,
}

impl Cpu {
    /// The CPU with as many threads as the program may use.
    ///
    /// # Errors
    ///
    /// Where the processor lacks what the lowest level asks for, or threads cannot be started.
    pub fn new() -> Result<Self> {
        Self::with_threads(std::thread::available_parallelism().map_or(1, |n| n.get()))
    }

    /// The CPU with `n_threads` threads, at least one.
    ///
    /// # Errors
    ///
    /// As [`Cpu::new`].
    pub fn with_threads(n_threads: usize) -> Result<Self> {
        let none = |why: String| Error::NoDevice { device: NAME.into(), why };
        let level = host_level().ok_or_else(|| {
            none("this processor has none of the levels x86-64-v2, x86-64-v3, aarch64".into())
        })?;
        // Rayon keeps its threads alive between launches and takes closures that borrow, which plain
        // threads would need unsafe code for.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads.max(1))
            .thread_name(|i| format!("snn-cpu-{i}"))
            .build()
            .map_err(|e| none(format!("threads cannot be started: {e}")))?;
        Ok(Self { pool: Arc::new(pool), level })
    }

    /// Memory of another library, which stays its own.
    ///
    /// # Safety
    ///
    /// The address has to be that of so many bytes, which live as long as what is returned, and which nobody
    /// else writes to meanwhile, nor reads if what is returned is written to.
    pub unsafe fn borrow(address: *mut u8, bytes: usize) -> Box<dyn Memory> {
        // SAFETY: the caller's promise.
        Box::new(unsafe { CpuMemory::borrowed(address, bytes) })
    }

    /// How many threads a launch may use.
    pub fn n_threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs something whose parallel iterators are to use these threads.
    #[cfg(feature = "torch")]
    pub(crate) fn install<R: Send>(&self, run: impl FnOnce() -> R + Send) -> R {
        self.pool.install(run)
    }
}

impl Device for Cpu {
    fn name(&self) -> String {
        NAME.into()
    }

    fn description(&self) -> String {
        match self.n_threads() {
            1 => format!("{}, 1 thread", self.level),
            n => format!("{}, {n} threads", self.level),
        }
    }

    fn target(&self) -> Target {
        Target::Cpu { level: self.level.into() }
    }

    fn strict(&self) -> bool {
        true
    }

    fn max_buffer(&self) -> usize {
        isize::MAX as usize
    }

    fn alloc(&self, operand: &str, bytes: usize) -> Result<Box<dyn Memory>> {
        let memory = CpuMemory::new(bytes).ok_or_else(|| Error::OutOfMemory {
            device: NAME.into(),
            operand: operand.into(),
            bytes,
        })?;
        Ok(Box::new(memory))
    }

    fn write(&self, memory: &mut dyn Memory, bytes: &[u8]) -> Result<()> {
        let size = memory.size();
        let memory = memory.as_any_mut().downcast_mut::<CpuMemory>().ok_or_else(foreign)?;
        let front = memory.bytes_mut().get_mut(..bytes.len());
        front.ok_or_else(|| beyond("write", bytes.len(), size))?.copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, memory: &dyn Memory, bytes: &mut [u8]) -> Result<()> {
        let size = memory.size();
        let memory = memory.as_any().downcast_ref::<CpuMemory>().ok_or_else(foreign)?;
        let front = memory.bytes().get(..bytes.len());
        bytes.copy_from_slice(front.ok_or_else(|| beyond("read", bytes.len(), size))?);
        Ok(())
    }

    fn load(&self, artifact: &Artifact) -> Result<Box<dyn Module>> {
        Ok(Box::new(CpuModule::new(artifact, self.pool.clone())?))
    }

    /// Does nothing: a launch returns when it is done.
    fn synchronize(&self) -> Result<()> {
        Ok(())
    }
}

fn failed(what: impl Into<String>, why: impl Into<String>) -> Error {
    Error::Device { device: NAME.into(), what: what.into(), why: why.into() }
}

fn foreign() -> Error {
    failed("a copy", "the memory is of another device")
}

fn beyond(what: &str, bytes: usize, size: usize) -> Error {
    failed(format!("a {what}"), format!("{bytes} bytes of a memory of {size}"))
}

#[cfg(feature = "jit")]
#[cfg(test)]
mod tests;
