//! What all users of a device share: its primary context, which libtorch and other libraries use as well, a
//! memory pool, and the modules that are loaded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cudarc::driver::result::{DriverError, ctx, mem_pool, primary_ctx};
use cudarc::driver::sys;

use super::driver::{self, words};
use super::module::Loaded;
use crate::error::{Error, Result};

/// The devices in use, by their numbers.
static IN_USE: Mutex<Option<HashMap<usize, Weak<Primary>>>> = Mutex::new(None);

/// A device that is in use.
pub struct Primary {
    /// `cuda:0`.
    pub name: String,
    /// The model, the compute capability, memory and the driver's version.
    pub description: String,
    /// Its compute capability, `90` for 9.0.
    pub capability: u32,
    /// Where memory comes from; none where the device has no pools.
    pub pool: Option<sys::CUmemoryPool>,
    device: sys::CUdevice,
    raw: sys::CUcontext,
    modules: Mutex<HashMap<String, Weak<Loaded>>>,
}

// SAFETY: the driver's handles may be used from any thread; every use binds the context to the thread
// first.
unsafe impl Send for Primary {}
// SAFETY: as above; the driver locks for itself, and nothing here changes but behind a lock.
unsafe impl Sync for Primary {}

impl Primary {
    /// The device of this number, opened where nobody uses it yet.
    pub fn of(ordinal: usize) -> Result<Arc<Self>> {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let in_use = in_use.get_or_insert_default();
        if let Some(primary) = in_use.get(&ordinal).and_then(Weak::upgrade) {
            return Ok(primary);
        }
        let primary = Arc::new(Self::open(ordinal)?);
        in_use.insert(ordinal, Arc::downgrade(&primary));
        Ok(primary)
    }

    fn open(ordinal: usize) -> Result<Self> {
        let name = format!("cuda:{ordinal}");
        let no_device = |why: String| Error::NoDevice { device: name.clone(), why };
        let device = driver::find(ordinal).map_err(no_device)?;
        let description = driver::describe(device).map_err(no_device)?;
        let capability = driver::capability(device).map_err(no_device)?;
        let made = |error: DriverError| no_device(words(error));
        // SAFETY: the device was given by the driver.
        let raw = unsafe { primary_ctx::retain(device) }.map_err(made)?;
        let (pool, modules) = (None, Mutex::default());
        let mut primary =
            Self { name: name.clone(), description, capability, pool, device, raw, modules };
        primary.bind()?;
        primary.pool = driver::pool(device, ordinal).map_err(made)?;
        Ok(primary)
    }

    /// Makes the context that of this thread, as most calls of the driver want it.
    pub fn bind(&self) -> Result<()> {
        // SAFETY: the context was retained and is released on drop only.
        unsafe { ctx::set_current(self.raw) }.map_err(|e| self.error("binding the context", e))
    }

    /// Waits for everything on all streams, those of other libraries among them.
    pub fn wait_for_all(&self) -> Result<()> {
        self.bind()?;
        ctx::synchronize().map_err(|e| self.error("waiting", e))
    }

    /// Gives memory that nobody uses back to the driver.
    pub fn trim(&self) {
        if let Some(pool) = self.pool {
            // SAFETY: the pool lives as long as this. If it keeps its memory, the next allocation says so.
            _ = unsafe { mem_pool::trim_to(pool, 0) };
        }
    }

    /// The module that is loaded under a key, or a new one.
    pub fn module(
        &self,
        key: &str,
        load: impl FnOnce() -> Result<Arc<Loaded>>,
    ) -> Result<Arc<Loaded>> {
        let mut modules = self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = modules.get(key).and_then(Weak::upgrade) {
            return Ok(loaded);
        }
        let loaded = load()?;
        modules.retain(|_, module| module.strong_count() > 0);
        modules.insert(key.into(), Arc::downgrade(&loaded));
        Ok(loaded)
    }

    /// A failure of a call, in the driver's words.
    pub fn error(&self, what: &str, error: DriverError) -> Error {
        self.failure(what, words(error))
    }

    /// A failure in our own words.
    pub fn failure(&self, what: &str, why: impl Into<String>) -> Error {
        Error::Device { device: self.name.clone(), what: what.into(), why: why.into() }
    }
}

impl Drop for Primary {
    fn drop(&mut self) {
        if self.bind().is_err() {
            return;
        }
        // SAFETY: all streams, memory and modules hold this, so nothing uses these any more. Failures have
        // nobody to be told to.
        unsafe {
            if let Some(pool) = self.pool {
                _ = mem_pool::destroy(pool);
            }
            _ = primary_ctx::release(self.device);
        }
    }
}
