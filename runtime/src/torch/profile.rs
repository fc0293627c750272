//! What runs, and for how long.

use std::ffi::{CString, c_char};
use std::fmt::Display;
use std::fs::{self, File};
use std::path::Path;

use super::failed;
use super::record::checked;
use crate::error::Result;

unsafe extern "C" {
    fn snn_torch_profile() -> *mut c_char;
    fn snn_torch_profiled(path: *const c_char) -> *mut c_char;
}

/// Runs something and writes down what operations and kernels it started, and when, as a Chrome trace: JSON that
/// `chrome://tracing` and Perfetto show. Kernels on CUDA are among them, those of neurons too, where libtorch has CUPTI.
///
/// To see the kernels of what was started, it has to be waited for in `run`.
///
/// # Errors
///
/// Those of libtorch, such as of a file that cannot be written, or while another profile is taken.
pub fn profile<R>(path: &Path, run: impl FnOnce() -> R) -> Result<R> {
    let refused = |why: &dyn Display| failed(&format!("writing {}", path.display()), why);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let beside = path.with_file_name(name);
    // Libtorch says nothing of a file that it cannot write.
    File::create(&beside).map_err(|why| refused(&why))?;
    let text = CString::new(beside.as_os_str().as_encoded_bytes()).map_err(|why| refused(&why))?;
    // SAFETY: it begins what the other call ends.
    checked("profiling", unsafe { snn_torch_profile() })?;
    let running = Running;
    let result = run();
    std::mem::forget(running);
    // SAFETY: the path is a C string.
    checked("profiling", unsafe { snn_torch_profiled(text.as_ptr()) })?;
    let trace = fs::read(&beside).map_err(|why| refused(&why))?;
    if !trace.trim_ascii_end().ends_with(b"}") {
        return Err(refused(&"the file is not whole"));
    }
    fs::rename(&beside, path).map_err(|why| refused(&why))?;
    Ok(result)
}

/// A profile that ends also where what it is of panics.
struct Running;

impl Drop for Running {
    fn drop(&mut self) {
        // SAFETY: without a path nothing is written. There is nobody to tell of a failure.
        let _ = checked("profiling", unsafe { snn_torch_profiled(std::ptr::null()) });
    }
}
