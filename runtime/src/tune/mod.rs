//! The fastest schedule of a neuron, found by the clock of the device that it is to run on, and kept in
//! the cache for the next time.
//!
//! The cache knows it by what is compiled, by the device with its driver, by the steps of the call and
//! by the power of two that its neurons fill.

mod clock;
mod search;

use std::sync::Arc;

use snn_artifact::hash;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::{self, Front, Options};

use crate::cache::Cache;
use crate::device::Device;
use crate::error::Result;
use crate::jit::{Jit, Program, refused};
use crate::neuron::Call;
use clock::Clock;
use search::fastest;

/// Counts up where other schedules are tried, or others count as fast: what was found before is then
/// found anew.
const VERSION: u32 = 1;

impl Jit {
    /// The schedule with which a program runs a call's sizes fastest on a device, forward and backward
    /// one behind the other. The first time some schedules are compiled and timed, up to fourteen on an
    /// NVIDIA GPU; after that the cache has it.
    ///
    /// On an NVIDIA GPU that is how many steps a chunk has and how lanes are spread over threads, forward
    /// and backward each; on other devices the steps of a chunk. [`Jit::tuned`] takes it.
    ///
    /// # Errors
    ///
    /// As [`Jit::compile`], and those of the call; [`Error::Unsupported`](crate::Error::Unsupported) where
    /// this program was built without the compiler for the device.
    pub fn tune(
        &self,
        device: &Arc<dyn Device>,
        program: &Program<'_>,
        call: &Call,
    ) -> Result<Tuning> {
        let front = self.front(program)?;
        let (steps, lanes) = sizes(call)?;
        if steps == 0 || lanes == 0 {
            return Ok(Tuning::default());
        }
        let key = key(&front, device.as_ref(), steps, lanes);
        let target = device.target();
        known_or(self.cache(), &key, || {
            pipeline::check_built(&target).map_err(|error| refused(error.into()))?;
            let clock = Clock { jit: self, front: &front, device, call, steps };
            fastest(&target, &mut |tuning| clock.time(tuning))
        })
    }
}

/// `T` and `N` of a call.
fn sizes(call: &Call) -> Result<(usize, usize)> {
    let shape = call.shape()?;
    let steps = shape.first().copied().unwrap_or(0);
    Ok((steps, shape.iter().skip(1).product()))
}

/// The name that the cache knows a schedule by.
fn key(front: &Front, device: &dyn Device, steps: usize, lanes: usize) -> String {
    let code = pipeline::key(&front.neuron, &Options::new(device.target()));
    let (description, bucket) = (device.description(), lanes.next_power_of_two());
    hash(format!("tune {VERSION}\non {description}\nT {steps} N {bucket}\n{code}"))
}

/// The schedule of a key that a cache has, or else what is found, which is put there. As for kernels,
/// that it cannot be written costs the next run time and is no error.
fn known_or(
    cache: Option<&Cache>,
    key: &str,
    find: impl FnOnce() -> Result<Tuning>,
) -> Result<Tuning> {
    let known = cache.and_then(|cache| cache.schedule(key));
    if let Some(tuning) = known.and_then(|text| text.parse().ok()) {
        return Ok(tuning);
    }
    let found = find()?;
    if let Some(cache) = cache {
        let _ = cache.put_schedule(key, &found.to_string());
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
