//! CUDA as libtorch has it: its libraries, and its current stream.

use super::buffers::Place;
use crate::error::{Error, Result};

/// Looks for the CUDA part of libtorch, where the system looks for libraries: a program that was built without it
/// then has CUDA as well. To be called before anything else of libtorch, which looks only once.
///
/// # Errors
///
/// [`Error::NoDevice`] with the reason why there is none.
pub fn find() -> Result<()> {
    let none = |why: String| Error::NoDevice { device: "cuda".into(), why };
    load().map_err(|why| none(format!("the CUDA part of libtorch cannot be loaded: {why}")))?;
    match tch::Cuda::is_available() {
        true => Ok(()),
        false => Err(none("libtorch finds no GPU".into())),
    }
}

#[cfg(feature = "cuda")]
fn load() -> std::result::Result<(), String> {
    use std::sync::OnceLock;

    use libloading::os::unix::Library;
    static LIBRARY: OnceLock<std::result::Result<Library, String>> = OnceLock::new();
    let open = || {
        // SAFETY: the library's constructors register its operations with libtorch, as when it is linked.
        let opened = unsafe { Library::open(Some("libtorch_cuda.so"), flags()) };
        opened.map_err(|error| error.to_string())
    };
    LIBRARY.get_or_init(open).as_ref().map(|_| ()).map_err(Clone::clone)
}

#[cfg(not(feature = "cuda"))]
fn load() -> std::result::Result<(), String> {
    Err("this program was built without the feature `cuda`".into())
}

/// All symbols at once, and for other libraries too.
#[cfg(feature = "cuda")]
fn flags() -> std::os::raw::c_int {
    libloading::os::unix::RTLD_NOW | libloading::os::unix::RTLD_GLOBAL
}

/// The handle of the stream that is current on a device.
pub fn stream(ordinal: usize) -> Result<usize> {
    super::autograd::stream(ordinal)
}

/// A GPU with the stream that is libtorch's current one, for launches of one's own between libtorch's, and to record
/// both.
///
/// # Errors
///
/// [`Error::NoDevice`] where there is none; those of libtorch.
#[cfg(feature = "cuda")]
pub fn current(ordinal: usize) -> Result<crate::cuda::Cuda> {
    on_stream(ordinal, stream(ordinal)?)
}

#[cfg(feature = "cuda")]
fn on_stream(ordinal: usize, stream: usize) -> Result<crate::cuda::Cuda> {
    let device = crate::cuda::Cuda::new(ordinal)?;
    // SAFETY: libtorch uses the primary context, and its streams live as long as the program.
    Ok(unsafe { device.on_stream(stream) })
}

/// The kernels' place on a stream of libtorch's.
#[cfg(feature = "cuda")]
pub fn place(ordinal: usize, stream: usize) -> Result<Place> {
    Ok(Place::Cuda(on_stream(ordinal, stream)?))
}

/// Without the feature there is none.
#[cfg(not(feature = "cuda"))]
pub fn place(ordinal: usize, _stream: usize) -> Result<Place> {
    Err(Error::NoDevice {
        device: format!("cuda:{ordinal}"),
        why: "this program was built without the feature `cuda`".into(),
    })
}
