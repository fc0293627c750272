//! The device's context, stream and memory pool, and the driver's words as errors.

use std::ffi::c_void;

use cudarc::driver::result::{self, DriverError, ctx, device, mem_pool, primary_ctx, stream};
use cudarc::driver::sys;

use crate::error::{Error, Result};

/// The oldest driver with stream-ordered memory pools: CUDA 11.2.
const OLDEST_DRIVER: i32 = 11_020;

/// The oldest compute capability that kernels are emitted for.
pub const OLDEST: u32 = 75;

/// What all memory and modules of a device share.
pub struct Context {
    /// `cuda:0`.
    pub name: String,
    /// The model, the compute capability, memory and the driver's version.
    pub description: String,
    /// Its compute capability, `90` for 9.0.
    pub capability: u32,
    device: sys::CUdevice,
    raw: sys::CUcontext,
    stream: sys::CUstream,
    pool: Option<sys::CUmemoryPool>,
}

// SAFETY: the driver's handles may be used from any thread; every use binds the context to the thread
// first.
unsafe impl Send for Context {}
// SAFETY: as above; the driver locks for itself, and nothing here changes after creation.
unsafe impl Sync for Context {}

impl Context {
    /// The context that all users of a device share, with a stream and a pool of its own.
    pub fn new(ordinal: usize) -> Result<Self> {
        let name = format!("cuda:{ordinal}");
        let no_device = |why: String| Error::NoDevice { device: name.clone(), why };
        let device = find(ordinal).map_err(no_device)?;
        let description = describe(device).map_err(no_device)?;
        let made = |error: DriverError| no_device(words(error));
        // SAFETY: the device was given by the driver.
        let raw = unsafe { primary_ctx::retain(device) }.map_err(made)?;
        let mut context = Self {
            name: name.clone(),
            description,
            capability: capability(device).map_err(no_device)?,
            device,
            raw,
            stream: std::ptr::null_mut(),
            pool: None,
        };
        context.bind()?;
        context.stream = stream::create(stream::StreamKind::NonBlocking).map_err(made)?;
        context.pool = pool(device, ordinal).map_err(made)?;
        Ok(context)
    }

    /// Makes the context that of this thread, as most calls of the driver want it.
    pub fn bind(&self) -> Result<()> {
        // SAFETY: the context was retained and is released on drop only.
        unsafe { ctx::set_current(self.raw) }.map_err(|e| self.error("binding the context", e))
    }

    /// The stream that everything is ordered on.
    pub fn stream(&self) -> sys::CUstream {
        self.stream
    }

    /// Waits for everything on the stream.
    pub fn wait(&self) -> Result<()> {
        self.bind()?;
        // SAFETY: the stream lives as long as the context.
        unsafe { stream::synchronize(self.stream) }.map_err(|e| self.error("waiting", e))
    }

    /// Memory of this many bytes, aligned to 256 bytes.
    pub fn alloc(&self, operand: &str, bytes: usize) -> Result<sys::CUdeviceptr> {
        self.bind()?;
        let first = self.try_alloc(bytes);
        let tried = match first {
            Err(error) if is_out_of_memory(error) => {
                // What was freed may still be in use by launches, or be held by the pool.
                self.wait()?;
                self.trim();
                self.try_alloc(bytes)
            }
            tried => tried,
        };
        tried.map_err(|error| match is_out_of_memory(error) {
            true => {
                Error::OutOfMemory { device: self.name.clone(), operand: operand.into(), bytes }
            }
            false => self.error(&format!("allocating `{operand}`"), error),
        })
    }

    fn try_alloc(&self, bytes: usize) -> std::result::Result<sys::CUdeviceptr, DriverError> {
        // SAFETY: pool and stream live as long as the context, which is bound.
        unsafe {
            match self.pool {
                Some(pool) => mem_pool::alloc_async(pool, bytes, self.stream),
                None => result::malloc_sync(bytes),
            }
        }
    }

    fn trim(&self) {
        if let Some(pool) = self.pool {
            // SAFETY: the pool lives as long as the context. If it keeps its memory, the next
            // allocation says so.
            _ = unsafe { mem_pool::trim_to(pool, 0) };
        }
    }

    /// Frees memory behind everything on the stream. There is nobody to tell of a failure.
    pub fn free(&self, pointer: sys::CUdeviceptr) {
        if self.bind().is_err() {
            return;
        }
        // SAFETY: the pointer came from `alloc`, and its owner frees it once.
        _ = unsafe {
            match self.pool {
                Some(_) => result::free_async(pointer, self.stream),
                None => result::free_sync(pointer),
            }
        };
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

impl Drop for Context {
    fn drop(&mut self) {
        if self.bind().is_err() {
            return;
        }
        // SAFETY: all memory and modules hold the context, so nothing uses these any more. Failures
        // have nobody to be told to.
        unsafe {
            if !self.stream.is_null() {
                _ = stream::synchronize(self.stream);
                _ = stream::destroy(self.stream);
            }
            if let Some(pool) = self.pool {
                _ = mem_pool::destroy(pool);
            }
            _ = primary_ctx::release(self.device);
        }
    }
}

/// The driver's name and explanation of an error.
pub fn words(error: DriverError) -> String {
    let name = error.error_name().map(|s| s.to_string_lossy().into_owned());
    let text = error.error_string().map(|s| s.to_string_lossy().into_owned());
    match (name, text) {
        (Ok(name), Ok(text)) => format!("{text} ({name})"),
        _ => format!("{:?}", error.0),
    }
}

fn is_out_of_memory(error: DriverError) -> bool {
    error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY
}

/// Loads the driver and finds a device, or says why it cannot be used.
fn find(ordinal: usize) -> std::result::Result<sys::CUdevice, String> {
    // SAFETY: looking for a library and loading it runs its initialisers, those of NVIDIA's driver.
    if !unsafe { sys::is_culib_present() } {
        return Err("the NVIDIA driver's library (libcuda) was not found".into());
    }
    result::init().map_err(words)?;
    let driver = driver_version()?;
    if driver < OLDEST_DRIVER {
        return Err(format!("the driver is for CUDA {}, 11.2 is needed", version(driver)));
    }
    let count = device::get_count().map_err(words)?;
    match i32::try_from(ordinal) {
        Ok(index) if index < count => device::get(index).map_err(words),
        _ => Err(format!("this machine has {count} CUDA devices, counted from 0")),
    }
}

fn driver_version() -> std::result::Result<i32, String> {
    let mut version = 0;
    // SAFETY: the pointer is to an int that outlives the call.
    unsafe { sys::cuDriverGetVersion(&mut version) }.result().map_err(words)?;
    Ok(version)
}

/// `12080` as `12.8`.
fn version(number: i32) -> String {
    format!("{}.{}", number / 1000, number % 1000 / 10)
}

/// The compute capability, `90` for 9.0; not one that is too old.
fn capability(device: sys::CUdevice) -> std::result::Result<u32, String> {
    use sys::CUdevice_attribute as Attribute;
    let read = |part| attribute(device, part).map_err(words);
    let major = read(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = read(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    let capability = u32::try_from(major * 10 + minor).unwrap_or(0);
    if capability < OLDEST {
        let (oldest_major, oldest_minor) = (OLDEST / 10, OLDEST % 10);
        return Err(format!(
            "its compute capability is {major}.{minor}, {oldest_major}.{oldest_minor} is needed"
        ));
    }
    Ok(capability)
}

fn describe(device: sys::CUdevice) -> std::result::Result<String, String> {
    let capability = capability(device)?;
    let (major, minor) = (capability / 10, capability % 10);
    let name = device::get_name(device).map_err(words)?;
    // SAFETY: the device was given by the driver.
    let memory = unsafe { device::total_mem(device) }.map_err(words)?;
    let driver = version(driver_version()?);
    Ok(format!(
        "{name} (compute capability {major}.{minor}, {} GiB, CUDA {driver} driver)",
        memory >> 30
    ))
}

fn attribute(
    device: sys::CUdevice,
    attribute: sys::CUdevice_attribute,
) -> std::result::Result<i32, DriverError> {
    // SAFETY: the device was given by the driver.
    unsafe { device::get_attribute(device, attribute) }
}

/// A pool that keeps what is freed for the next allocation; none where the device has no pools.
fn pool(
    device: sys::CUdevice,
    ordinal: usize,
) -> std::result::Result<Option<sys::CUmemoryPool>, DriverError> {
    use sys::CUdevice_attribute as Attribute;
    if attribute(device, Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED)? == 0 {
        return Ok(None);
    }
    // SAFETY: a plain struct of the driver, for which zeros are defined as the defaults.
    let mut properties: sys::CUmemPoolProps = unsafe { std::mem::zeroed() };
    properties.allocType = sys::CUmemAllocationType::CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location.type_ = sys::CUmemLocationType::CU_MEM_LOCATION_TYPE_DEVICE;
    properties.location.id = ordinal as i32;
    // SAFETY: the properties outlive the call.
    let pool = unsafe { mem_pool::create(&properties) }?;
    let mut keep = u64::MAX;
    let keep: *mut u64 = &mut keep;
    let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: this attribute is a 64-bit number, which outlives the call.
    unsafe { mem_pool::set_attribute(pool, threshold, keep.cast::<c_void>()) }?;
    Ok(Some(pool))
}
