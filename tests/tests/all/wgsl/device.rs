//! Kernels on a device.

use std::sync::LazyLock;

use snn_compiler::kernel::verify::verify;
use snn_compiler::targets::wgsl::{Options, emit};
use snn_runtime::device::Device;
use snn_runtime::wgpu::Wgpu;

use super::{kernel, text};

/// The first adapter. Where there is none, tests say so and pass, unless one is required.
fn device() -> Option<&'static Wgpu> {
    static DEVICE: LazyLock<Option<Wgpu>> = LazyLock::new(|| match Wgpu::new(0) {
        Ok(device) => Some(device),
        Err(error) => {
            let required = std::env::var("SNNC_REQUIRE_WGPU").is_ok_and(|v| v == "1");
            assert!(!required, "a device is required: {error}");
            eprintln!("skipped: {error}");
            None
        }
    });
    DEVICE.as_ref()
}

#[test]
fn the_device_is_strict() {
    let Some(device) = device() else { return };
    assert_eq!(device.failures(), &[] as &[&str], "{}", device.description());
    assert!(device.strict());
}

#[test]
fn the_probe_sees_what_a_driver_does_to_fast_kernels() {
    let Some(device) = device() else { return };
    if !device.description().contains("llvmpipe") {
        eprintln!("skipped: only lavapipe is known to regroup");
        return;
    }
    let probe = verify(kernel(super::probe::SOURCE)).unwrap();
    let fast = emit(&[&probe], &Options { strict: false }).unwrap();
    let failures = snn_runtime::wgpu::probe::failures(device, text(&fast)).unwrap();
    println!("{failures:?}");
    for pattern in ["large_constant", "cancelled", "sum_of_constants", "product_of_constants"] {
        assert!(failures.contains(&pattern), "{pattern} of {failures:?}");
    }
}
