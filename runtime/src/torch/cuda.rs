//! CUDA as libtorch has it: its libraries, and its current stream.

use super::buffers::Place;
use crate::error::Result;

/// Whether libtorch has CUDA here. It looks for the CUDA part of libtorch, which a program that was built without
/// it finds where the system looks for libraries, and needs to be called before the first tensor is made on a GPU.
pub fn find() -> bool {
    #[cfg(feature = "cuda")]
    {
        use std::sync::OnceLock;
        static LIBRARY: OnceLock<Option<libloading::os::unix::Library>> = OnceLock::new();
        let flags = libc_flags();
        // SAFETY: the library's constructors register its operations with libtorch, as when it is linked.
        LIBRARY.get_or_init(|| unsafe {
            libloading::os::unix::Library::open(Some("libtorch_cuda.so"), flags).ok()
        });
        tch::Cuda::is_available()
    }
    #[cfg(not(feature = "cuda"))]
    false
}

/// All symbols at once, and for other libraries too.
#[cfg(feature = "cuda")]
fn libc_flags() -> std::os::raw::c_int {
    libloading::os::unix::RTLD_NOW | libloading::os::unix::RTLD_GLOBAL
}

/// The handle of the stream that is current on a device.
pub fn stream(ordinal: usize) -> Result<usize> {
    super::autograd::stream(ordinal)
}

/// The kernels' place on a stream of libtorch's.
#[cfg(feature = "cuda")]
pub fn place(ordinal: usize, stream: usize) -> Result<Place> {
    let device = crate::cuda::Cuda::new(ordinal)?;
    // SAFETY: libtorch uses the primary context, and its streams live as long as the program.
    Ok(Place::Cuda(unsafe { device.on_stream(stream) }))
}

/// Without the feature there is none.
#[cfg(not(feature = "cuda"))]
pub fn place(ordinal: usize, _stream: usize) -> Result<Place> {
    Err(crate::error::Error::NoDevice {
        device: format!("cuda:{ordinal}"),
        why: "this program was built without the feature `cuda`".into(),
    })
}
