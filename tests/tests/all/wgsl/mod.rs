//! Kernels in WGSL: the probe that the runtime ships, and kernels run on a device.

#[cfg(feature = "wgpu")]
mod device;
#[cfg(feature = "wgpu")]
mod division;
#[cfg(feature = "wgpu")]
mod launches;
#[cfg(feature = "wgpu")]
mod math;
mod probe;
#[cfg(feature = "wgpu")]
mod products;
#[cfg(feature = "wgpu")]
mod random;
#[cfg(feature = "wgpu")]
mod run;
#[cfg(feature = "wgpu")]
mod segments;

use snn_artifact::Code;
use snn_compiler::kernel::Kernel;
use snn_compiler::kernel::parse::parse;
use snn_compiler::kernel::verify::verify;
use snn_compiler::targets::Emitted;
use snn_compiler::targets::wgsl::{MAX_THREADS, Options, emit};

/// A kernel as it is scheduled for WGSL.
fn kernel(text: &str) -> Kernel {
    let mut kernel = parse(text).unwrap();
    kernel.schedule.lanes = 1;
    kernel.schedule.block = kernel.schedule.block.min(MAX_THREADS);
    kernel
}

/// A kernel, strict, in WGSL.
fn emitted(kernel: Kernel) -> Emitted {
    emit(&[&verify(kernel).unwrap()], &Options::default()).unwrap()
}

fn text(emitted: &Emitted) -> &str {
    let Code::Wgsl(text) = &emitted.code else { panic!("not WGSL") };
    text
}
