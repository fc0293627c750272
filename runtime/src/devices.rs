//! Devices by name: `cpu`, `cuda:0`, `wgpu:0`.

use std::sync::Arc;

use crate::device::Device;
use crate::error::{Error, Result};

/// A device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What [`open`] takes.
    pub name: String,
    /// A line for people; where it cannot be opened, why.
    pub description: String,
    /// Whether strict kernels keep their promise on it; none where it cannot be opened.
    pub strict: Option<bool>,
}

/// The kinds of devices, each with what opens one by its number and whether it has numbers.
const KINDS: [Kind; 3] = [
    Kind { name: "cpu", numbered: false, open: open_cpu },
    Kind { name: "cuda", numbered: true, open: open_cuda },
    Kind { name: "wgpu", numbered: true, open: open_wgpu },
];

struct Kind {
    name: &'static str,
    numbered: bool,
    open: fn(usize) -> Result<Arc<dyn Device>>,
}

/// Opens a device. A kind without a number is its first.
///
/// # Errors
///
/// [`Error::NoDevice`] where the name means nothing, the program was built without that kind, or there
/// is no such device.
pub fn open(name: &str) -> Result<Arc<dyn Device>> {
    let (kind, number) = name.split_once(':').map_or((name, None), |(k, n)| (k, Some(n)));
    let wrong = |why: &str| Error::NoDevice { device: name.into(), why: why.into() };
    let kind = KINDS.iter().find(|known| known.name == kind);
    let kind = kind.ok_or_else(|| wrong("devices are called `cpu`, `cuda:0` or `wgpu:0`"))?;
    match number {
        None => (kind.open)(0),
        Some(_) if !kind.numbered => Err(wrong("there is one `cpu`, without a number")),
        Some(number) => {
            let number = number.parse();
            (kind.open)(number.map_err(|_| wrong("behind `:` stands a number from 0"))?)
        }
    }
}

/// The devices of this machine of the kinds that the program was built with.
pub fn list() -> Vec<Listed> {
    let cpu = n_cpu();
    let known = (0..cpu).map(|_| "cpu".to_string());
    let cuda = (0..).map(|i| format!("cuda:{i}")).take_while(|name| exists(name));
    let wgpu = (0..n_wgpu()).map(|i| format!("wgpu:{i}"));
    known.chain(cuda).chain(wgpu).map(listed).collect()
}

/// Whether there is a device of this name, be it one that cannot be used.
fn exists(name: &str) -> bool {
    !matches!(open(name), Err(Error::NoDevice { .. }))
}

fn listed(name: String) -> Listed {
    match open(&name) {
        Ok(device) => {
            Listed { name, description: device.description(), strict: Some(device.strict()) }
        }
        Err(error) => Listed { name, description: error.to_string(), strict: None },
    }
}

fn n_cpu() -> usize {
    usize::from(cfg!(feature = "cpu"))
}

#[cfg(feature = "wgpu")]
fn n_wgpu() -> usize {
    crate::wgpu::Wgpu::adapters().len()
}

#[cfg(not(feature = "wgpu"))]
fn n_wgpu() -> usize {
    0
}

#[cfg(feature = "cpu")]
fn open_cpu(_: usize) -> Result<Arc<dyn Device>> {
    Ok(Arc::new(crate::cpu::Cpu::new()?))
}

#[cfg(not(feature = "cpu"))]
fn open_cpu(_: usize) -> Result<Arc<dyn Device>> {
    Err(not_built("cpu".into(), "cpu"))
}

#[cfg(feature = "cuda")]
fn open_cuda(number: usize) -> Result<Arc<dyn Device>> {
    Ok(Arc::new(crate::cuda::Cuda::new(number)?))
}

#[cfg(not(feature = "cuda"))]
fn open_cuda(number: usize) -> Result<Arc<dyn Device>> {
    Err(not_built(format!("cuda:{number}"), "cuda"))
}

#[cfg(feature = "wgpu")]
fn open_wgpu(number: usize) -> Result<Arc<dyn Device>> {
    Ok(Arc::new(crate::wgpu::Wgpu::new(number)?))
}

#[cfg(not(feature = "wgpu"))]
fn open_wgpu(number: usize) -> Result<Arc<dyn Device>> {
    Err(not_built(format!("wgpu:{number}"), "wgpu"))
}

#[cfg(not(all(feature = "cpu", feature = "cuda", feature = "wgpu")))]
fn not_built(device: String, feature: &str) -> Error {
    let why = format!("this program was built without the feature `{feature}`");
    Error::NoDevice { device, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        open(name).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        assert_eq!(refused("gpu"), "no gpu device: devices are called `cpu`, `cuda:0` or `wgpu:0`");
        assert_eq!(refused("cpu:0"), "no cpu:0 device: there is one `cpu`, without a number");
        assert_eq!(refused("wgpu:-1"), "no wgpu:-1 device: behind `:` stands a number from 0");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_kind_that_is_not_built_in_is_named() {
        let message = "no cuda:0 device: this program was built without the feature `cuda`";
        assert_eq!(refused("cuda"), message);
    }

    #[cfg(feature = "cpu")]
    #[test]
    fn the_cpu_is_listed() {
        assert_eq!(open("cpu").unwrap().name(), "cpu");
        assert!(list().iter().any(|listed| listed.name == "cpu" && listed.strict == Some(true)));
    }
}
