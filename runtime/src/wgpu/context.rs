//! A wgpu device and its queue, with errors caught.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::clock::Clock;
use crate::error::{Error, Result};

/// Which quotients and square roots are correctly rounded: the values of the constants of strict WGSL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// Quotients: 0 by the driver, 1 by fused products, 2 by whole numbers.
    pub quotients: u32,
    /// Square roots: 0 by the driver, 1 by whole numbers.
    pub roots: u32,
}

impl Division {
    /// The ways there are, those that take least time first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..2).flat_map(|roots| (0..3).map(move |quotients| Self { quotients, roots }))
    }
}

/// A device, its queue and what is known of them.
pub struct Context {
    /// `wgpu:0`.
    pub name: String,
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Its limits.
    pub limits: wgpu::Limits,
    /// Its clock, where it has one.
    pub clock: Option<Clock>,
    /// How it divides; by the driver until it is known to be wrong.
    pub division: OnceLock<Division>,
    /// Turns after which the driver ends an invocation's loops; not set where it ends none.
    pub max_turns: OnceLock<usize>,
    /// Why the device is lost, or what failed outside of a scope.
    broken: Arc<Mutex<Option<String>>>,
}

impl Context {
    /// Takes a device over. Its loss and its stray errors are kept for the next call.
    pub fn new(name: String, device: wgpu::Device, queue: wgpu::Queue) -> Self {
        let broken = Arc::new(Mutex::new(None));
        let lost = Arc::clone(&broken);
        device.set_device_lost_callback(move |reason, message| {
            note(&lost, format!("the device is lost ({reason:?}): {message}"));
        });
        let stray = Arc::clone(&broken);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            note(&stray, error.to_string());
        }));
        let limits = device.limits();
        let clock = Clock::new(&device);
        Self {
            name,
            device,
            queue,
            limits,
            clock,
            division: OnceLock::new(),
            max_turns: OnceLock::new(),
            broken,
        }
    }

    /// Most bytes of a buffer that a kernel can be given.
    pub fn max_buffer(&self) -> usize {
        let bytes = self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size);
        // Copies and bindings are made of words.
        usize::try_from(bytes).unwrap_or(usize::MAX) & !3
    }

    /// How strict kernels divide.
    pub fn division(&self) -> Division {
        self.division.get().copied().unwrap_or_default()
    }

    /// Most turns that the loops of an invocation may take.
    pub fn max_turns(&self) -> usize {
        self.max_turns.get().copied().unwrap_or(usize::MAX)
    }

    /// Runs a call of the driver and catches its errors. Where memory runs out, the error names the
    /// operand and its bytes.
    pub fn guard<R>(
        &self,
        what: &str,
        (operand, bytes): (&str, usize),
        call: impl FnOnce() -> R,
    ) -> Result<R> {
        self.check(what)?;
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let result = call();
        // Scopes are a stack, so the last is popped first.
        let invalid = pollster::block_on(validation.pop());
        let internal = pollster::block_on(internal.pop());
        if pollster::block_on(memory.pop()).is_some() {
            let (device, operand) = (self.name.clone(), operand.into());
            return Err(Error::OutOfMemory { device, operand, bytes });
        }
        if let Some(error) = invalid.or(internal) {
            return Err(self.error(what, error.to_string()));
        }
        self.check(what)?;
        Ok(result)
    }

    /// Waits for all that was submitted.
    pub fn wait(&self) -> Result<()> {
        let waited = self.device.poll(wgpu::PollType::wait_indefinitely());
        waited.map_err(|e| self.error("waiting", e.to_string()))?;
        self.check("waiting")
    }

    /// An error of this device.
    pub fn error(&self, what: &str, why: impl Into<String>) -> Error {
        Error::Device { device: self.name.clone(), what: what.into(), why: why.into() }
    }

    fn check(&self, what: &str) -> Result<()> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        match broken.as_ref() {
            Some(why) => Err(self.error(what, why)),
            None => Ok(()),
        }
    }
}

/// Keeps the first message: what follows a lost device says less.
fn note(broken: &Mutex<Option<String>>, message: String) {
    broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}
