//! What a device can do for a launch: hold memory, load code, run an entry.
//!
//! Each back end implements these two traits and nothing more; what a neuron's operands mean is
//! decided once, above them.

use std::any::Any;
use std::time::Instant;

use snn_artifact::{Artifact, Target};

use crate::error::Result;

/// Memory of a device. Only the device that made it can look inside.
pub trait Memory: Any + Send {
    /// Its size in bytes.
    fn size(&self) -> usize;
    /// For the back end that made it.
    fn as_any(&self) -> &dyn Any;
    /// For the back end that made it.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// A buffer argument of a launch.
pub enum Argument<'a> {
    /// Left out; the entry must call it optional.
    Absent,
    /// Read by the kernel.
    Read(&'a dyn Memory),
    /// Written by the kernel.
    Write(&'a mut dyn Memory),
}

/// A device that kernels run on.
pub trait Device: Send + Sync {
    /// `cpu`, `cuda:0`, `wgpu:0`.
    fn name(&self) -> String;
    /// A line for people: the model, the driver, the threads.
    fn description(&self) -> String;
    /// What to compile for.
    fn target(&self) -> Target;
    /// Whether strict kernels keep their promise here; `numerics` in the book says what that is.
    fn strict(&self) -> bool;
    /// Most bytes that one buffer may have.
    fn max_buffer(&self) -> usize;
    /// Most turns that the loops of a launch may take for one lane, or for one sum of `reduce`.
    fn max_turns(&self) -> usize {
        usize::MAX
    }
    /// New memory of this many bytes for `operand`; its contents are not defined.
    fn alloc(&self, operand: &str, bytes: usize) -> Result<Box<dyn Memory>>;
    /// Copies bytes to the front of the memory.
    fn write(&self, memory: &mut dyn Memory, bytes: &[u8]) -> Result<()>;
    /// Copies bytes from the front of the memory, after the launches before it.
    fn read(&self, memory: &dyn Memory, bytes: &mut [u8]) -> Result<()>;
    /// Loads the code of an artifact.
    fn load(&self, artifact: &Artifact) -> Result<Box<dyn Module>>;
    /// Waits for all launches.
    fn synchronize(&self) -> Result<()>;
    /// Seconds that what `work` starts takes until it is done, by the device's own clock where it has
    /// one. It may be started several times.
    fn time(&self, work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
        wall_clock(self, work)
    }
}

/// Seconds by the host's clock that what `work` starts takes until it is done.
pub(crate) fn wall_clock<D: Device + ?Sized>(
    device: &D,
    work: &mut dyn FnMut() -> Result<()>,
) -> Result<f64> {
    device.synchronize()?;
    let start = Instant::now();
    work()?;
    device.synchronize()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The median of a device's seconds for what `work` starts: of `runs`, behind `warm_up` that do not count.
///
/// # Errors
///
/// Those of `work` and of the device.
pub fn median_seconds(
    device: &dyn Device,
    warm_up: usize,
    runs: usize,
    work: &mut dyn FnMut() -> Result<()>,
) -> Result<f64> {
    let mut times = Vec::with_capacity(runs);
    for turn in 0..warm_up + runs {
        let seconds = device.time(work)?;
        if turn >= warm_up {
            times.push(seconds);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(runs / 2).copied().unwrap_or(f64::NAN))
}

/// Loaded code.
pub trait Module: Send + Sync {
    /// Starts an entry; the arguments stand in the manifest's order. `lanes` is what the launch runs
    /// over: `N`, or the number of sums for `reduce`.
    ///
    /// `first_lane` is not 0 where a launch is split because a buffer would be larger than
    /// [`Device::max_buffer`]: the buffers then hold the lanes from there on, and only the indices of
    /// `Channel` and `Neuron` buffers, which hold all their elements, are taken of the absolute lane.
    fn launch(
        &self,
        entry: &str,
        first_lane: usize,
        lanes: usize,
        buffers: &mut [Argument<'_>],
        scalars: &[i64],
    ) -> Result<()>;
    /// Whether an entry needs memory beside its registers, which makes it slow. Not told by every device.
    fn spills(&self, _entry: &str) -> bool {
        false
    }
}
