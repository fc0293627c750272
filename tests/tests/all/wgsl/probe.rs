//! The runtime needs no compiler, so it holds the probe in WGSL.

use super::{emitted, kernel, text};

pub const SOURCE: &str = include_str!("../../../../compiler/src/targets/wgsl/probe.kernel");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/wgpu/probe.wgsl");

#[test]
fn the_probe_is_current() {
    let emitted = emitted(kernel(SOURCE));
    if std::env::var("INSTA_UPDATE").is_ok_and(|v| v == "always") {
        std::fs::write(FILE, text(&emitted)).unwrap();
    }
    let file = std::fs::read_to_string(FILE).unwrap();
    assert!(file == text(&emitted), "make it anew with INSTA_UPDATE=always");
}

#[cfg(feature = "wgpu")]
#[test]
fn the_probe_is_launched_as_its_manifest_says() {
    let emitted = emitted(kernel(SOURCE));
    assert_eq!(emitted.entries["probe"], snn_runtime::wgpu::probe::entry());
}
