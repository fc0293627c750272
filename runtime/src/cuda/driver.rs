//! The driver: finding a device, what it says of itself, and its words for errors.

use std::ffi::c_void;

use cudarc::driver::result::{self, DriverError, device, mem_pool};
use cudarc::driver::sys;

/// The oldest driver with stream-ordered memory pools: CUDA 11.2.
const OLDEST_DRIVER: i32 = 11_020;

/// The oldest compute capability that kernels are emitted for.
pub const OLDEST: u32 = 75;

/// The driver's name and explanation of an error.
pub fn words(error: DriverError) -> String {
    let name = error.error_name().map(|s| s.to_string_lossy().into_owned());
    let text = error.error_string().map(|s| s.to_string_lossy().into_owned());
    match (name, text) {
        (Ok(name), Ok(text)) => format!("{text} ({name})"),
        _ => format!("{:?}", error.0),
    }
}

/// Whether there was no memory left.
pub fn is_out_of_memory(error: DriverError) -> bool {
    error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY
}

/// Loads the driver and finds a device, or says why it cannot be used.
pub fn find(ordinal: usize) -> std::result::Result<sys::CUdevice, String> {
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
pub fn capability(device: sys::CUdevice) -> std::result::Result<u32, String> {
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

/// The model, the compute capability, memory and the driver's version.
pub fn describe(device: sys::CUdevice) -> std::result::Result<String, String> {
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
pub fn pool(
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
