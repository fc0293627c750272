//! NVIDIA GPUs through the CUDA driver, which is looked for when the program runs: nothing of CUDA is
//! needed to build, and a machine without it gives [`Error::NoDevice`].
//!
//! A device has one stream, on which copies, launches and frees are ordered. Reading and writing wait;
//! launches do not.

#![allow(unsafe_code, reason = "the driver is a C library")]

mod context;
mod memory;
mod module;
mod time;

use std::sync::Arc;

use snn_artifact::{Artifact, Target};

pub use self::memory::CudaMemory;
pub use self::module::{CudaModule, Usage};
use crate::device::{Device, Memory, Module};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use context::Context;

/// An NVIDIA GPU.
pub struct Cuda {
    context: Arc<Context>,
}

impl Cuda {
    /// A device by its number, in the driver's order.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] where there is no driver, no device of that number, or one too old.
    pub fn new(ordinal: usize) -> Result<Self> {
        Ok(Self { context: Arc::new(Context::new(ordinal)?) })
    }

    /// Loads the code of an artifact, and lets its entries be asked about.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where it is no PTX or lacks an entry; [`Error::Device`] with the driver's
    /// words where the PTX is refused.
    pub fn load_module(&self, artifact: &Artifact) -> Result<CudaModule> {
        module::load(&self.context, &artifact.code, &artifact.manifest.entries)
    }

    /// Copies bytes between the fronts of two memories of the device, without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] where they do not fit or belong elsewhere.
    pub fn copy(&self, from: &dyn Memory, to: &mut dyn Memory, bytes: usize) -> Result<()> {
        let from = memory::of(&self.context, from)?;
        memory::copy(&self.context, from, memory::of(&self.context, to)?, bytes)
    }

    /// Seconds that the device takes for what `work` starts on it.
    ///
    /// # Errors
    ///
    /// Those of `work`, and [`Error::Device`] where what was started fails.
    pub fn time(&self, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        time::time(&self.context, work)
    }
}

impl Device for Cuda {
    fn name(&self) -> String {
        self.context.name.clone()
    }

    fn description(&self) -> String {
        self.context.description.clone()
    }

    fn target(&self) -> Target {
        Target::Ptx { sm: context::OLDEST }
    }

    fn strict(&self) -> bool {
        true
    }

    fn max_buffer(&self) -> usize {
        isize::MAX as usize
    }

    fn alloc(&self, operand: &str, bytes: usize) -> Result<Box<dyn Memory>> {
        Ok(Box::new(memory::alloc(&self.context, operand, bytes)?))
    }

    fn write(&self, memory: &mut dyn Memory, bytes: &[u8]) -> Result<()> {
        memory::write(&self.context, memory::of(&self.context, memory)?, bytes)
    }

    fn read(&self, memory: &dyn Memory, bytes: &mut [u8]) -> Result<()> {
        memory::read(&self.context, memory::of(&self.context, memory)?, bytes)
    }

    fn load(&self, artifact: &Artifact) -> Result<Box<dyn Module>> {
        Ok(Box::new(self.load_module(artifact)?))
    }

    fn synchronize(&self) -> Result<()> {
        self.context.wait()
    }

    fn time(&self, work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
        time::time(&self.context, work)
    }
}

#[cfg(test)]
mod tests {
    use super::Cuda;
    use crate::error::Error;

    #[test]
    fn a_device_that_is_not_there_is_named() {
        let error = Cuda::new(99).err().expect("no machine has so many");
        let Error::NoDevice { device, why } = error else { panic!("{error}") };
        assert_eq!(device, "cuda:99");
        assert!(!why.is_empty());
    }
}
