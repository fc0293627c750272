//! `snnc devices` and `snnc cache`: what this machine has.

use std::fmt::Write;

use snn_runtime::cache::{Cache, Contents};
use snn_runtime::devices;

use crate::args::{CacheAction, CacheArgs};
use crate::report::{Result, print};

/// Prints the devices, a line each.
pub fn list_devices() -> Result<()> {
    let all = devices::list();
    let width = all.iter().map(|device| device.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for device in &all {
        let strict = match device.strict {
            Some(true) => "strict",
            Some(false) => "not strict",
            None => "unusable",
        };
        let _ = writeln!(text, "{:width$}  {strict:10}  {}", device.name, device.description);
    }
    for (kind, built) in [("cuda", cfg!(feature = "cuda")), ("wgpu", cfg!(feature = "wgpu"))] {
        if !built {
            let _ =
                writeln!(text, "{kind} devices: this snnc was built without the feature `{kind}`");
        }
    }
    print(&text)
}

/// Says what the cache holds, or empties it.
pub fn cache(args: &CacheArgs) -> Result<()> {
    let cache = Cache::open()?;
    let folder = cache.folder().display();
    let (Contents { n_entries, bytes }, verb) = match args.action {
        Some(CacheAction::Clear) => (cache.clear()?, "removed "),
        None => (cache.contents()?, ""),
    };
    let kernels = if n_entries == 1 { "neuron" } else { "neurons" };
    print(&format!("{folder}: {verb}{n_entries} {kernels}, {bytes} bytes\n"))
}
