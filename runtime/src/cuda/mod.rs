//! NVIDIA GPUs through the CUDA driver, which is looked for when the program runs: nothing of CUDA is
//! needed to build, and a machine without it gives [`Error::NoDevice`].
//!
//! All that use a device share its primary context, as libtorch does, one memory pool, and what is loaded. A
//! [`Cuda`] is a stream of it, on which copies, launches and frees are ordered. Reading and writing wait;
//! launches do not.

#![allow(unsafe_code, reason = "the driver is a C library")]

mod context;
mod driver;
mod graph;
mod memory;
mod module;
mod primary;
mod time;

use std::sync::Arc;

use snn_artifact::{Artifact, Target};

pub use self::graph::Graph;
pub use self::memory::CudaMemory;
pub use self::module::{CudaModule, Usage};
use crate::device::{Device, Memory, Module};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use context::Context;
use primary::Primary;

/// An NVIDIA GPU, and a stream of it.
pub struct Cuda {
    context: Arc<Context>,
}

impl Cuda {
    /// A device by its number, in the driver's order, with a new stream.
    ///
    /// # Errors
    ///
    /// [`Error::NoDevice`] where there is no driver, no device of that number, or one too old.
    pub fn new(ordinal: usize) -> Result<Self> {
        Ok(Self { context: Arc::new(Context::new(Primary::of(ordinal)?)?) })
    }

    /// The same device with a new stream, on which nothing waits for what is on this one. What one stream
    /// writes and another one reads has to be ordered by [`Cuda::after`].
    ///
    /// # Errors
    ///
    /// [`Error::Device`] with the driver's words.
    pub fn new_stream(&self) -> Result<Self> {
        Ok(Self { context: Arc::new(Context::new(Arc::clone(self.context.primary()))?) })
    }

    /// The same device with a stream of another library, given as the driver's handle: 0 is the default
    /// stream.
    ///
    /// # Safety
    ///
    /// The stream has to be one of the device's primary context, and to live as long as this, and the
    /// memory and modules that are made by it.
    pub unsafe fn on_stream(&self, stream: usize) -> Self {
        let primary = Arc::clone(self.context.primary());
        // SAFETY: the caller promises that the stream is one.
        let context = unsafe { Context::foreign(primary, stream as cudarc::driver::sys::CUstream) };
        Self { context: Arc::new(context) }
    }

    /// The same device with the default stream, which libraries use that are told of no other.
    pub fn default_stream(&self) -> Self {
        // SAFETY: there always is a default stream.
        unsafe { self.on_stream(0) }
    }

    /// The driver's handle of the stream.
    pub fn stream(&self) -> usize {
        self.context.stream() as usize
    }

    /// Lets what is started here from now on wait for what was started on another stream of the device.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] with the driver's words.
    pub fn after(&self, other: &Self) -> Result<()> {
        self.context.after(&other.context)
    }

    /// Memory of another library, which stays its own.
    ///
    /// # Safety
    ///
    /// The address has to be that of so many bytes of this device, which live as long as what is returned
    /// and the launches on it, and which nobody else writes to meanwhile.
    pub unsafe fn borrow(&self, operand: &str, address: u64, bytes: usize) -> CudaMemory {
        memory::borrowed(&self.context, operand, address, bytes)
    }

    /// Records what `start` starts on this stream, to be started again as a whole with little work for the
    /// host. All that is launched on has to be part of `work`, and to have been made before, so that a
    /// first launch comes before this.
    ///
    /// # Errors
    ///
    /// Those of `start`, and [`Error::Device`] for what cannot be recorded, such as reading, and where
    /// nothing was started on this stream.
    pub fn record<W>(&self, work: W, start: impl FnOnce(&mut W) -> Result<()>) -> Result<Graph<W>> {
        graph::record(&self.context, work, start)
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
}

impl Device for Cuda {
    fn name(&self) -> String {
        self.context.name.clone()
    }

    fn description(&self) -> String {
        self.context.description.clone()
    }

    fn target(&self) -> Target {
        Target::Ptx { sm: driver::OLDEST }
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
