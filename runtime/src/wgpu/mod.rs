//! Every other GPU: kernels in WGSL on Vulkan, Metal or Direct3D 12, through wgpu.
//!
//! Calls to the driver stand in error scopes, so that what it refuses, or has no memory for, comes back
//! as an [`Error`] and never as a panic. Reading waits; launches do not.

mod clock;
mod context;
mod launch;
mod memory;
mod module;
pub mod probe;

use std::sync::Arc;
use std::time::{Duration, Instant};

use snn_artifact::{Artifact, Target};

use crate::device::{self, Device, Memory, Module};
use crate::error::{Error, Result};
pub use context::Division;

use context::Context;

/// For how long, and how many launches at once, work is done before it is timed: an H200 that had nothing to do
/// for a while runs at down to half its clock.
const BUSY: Duration = Duration::from_millis(50);
const AHEAD: usize = 10;

/// An adapter of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Its place in the list: `wgpu:0` is the first.
    pub index: usize,
    /// The device's name.
    pub name: String,
    /// `discrete gpu`, `integrated gpu`, `virtual gpu`, `cpu` or `other`.
    pub kind: &'static str,
    /// `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// The driver and its version, as it calls itself.
    pub driver: String,
}

/// A device that runs WGSL.
pub struct Wgpu {
    context: Arc<Context>,
    info: AdapterInfo,
    failed: Vec<&'static str>,
}

impl Wgpu {
    /// The adapters of this machine.
    pub fn adapters() -> Vec<AdapterInfo> {
        let adapters = adapters();
        adapters.iter().enumerate().map(|(index, adapter)| info(index, adapter)).collect()
    }

    /// The device of an adapter, with all the limits that the adapter has.
    ///
    /// Runs the [`probe`] once, which decides whether the device is strict.
    ///
    /// # Errors
    ///
    /// `NoDevice` where there is no adapter of that number or it gives no device; those of a launch
    /// where the probe cannot be run.
    pub fn new(index: usize) -> Result<Self> {
        let name = format!("wgpu:{index}");
        let no_device = |why: String| Error::NoDevice { device: name.clone(), why };
        let adapters = adapters();
        let adapter = adapters.get(index).ok_or_else(|| {
            no_device(match adapters.len() {
                0 => "no Vulkan, Metal or Direct3D 12 driver was found".into(),
                n => format!("this machine has {n} adapters, counted from 0"),
            })
        })?;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("snn"),
            required_limits: adapter.limits(),
            required_features: adapter.features() & (clock::FEATURES | wgpu::Features::SHADER_F16),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|e| no_device(e.to_string()))?;
        let context = Arc::new(Context::new(name, device, queue));
        let mut wgpu = Self { context, info: info(index, adapter), failed: Vec::new() };
        let division = wgpu.settle()?;
        // Nothing else sets it.
        let _ = wgpu.context.division.set(division);
        if let Some(turns) = probe::turns(&wgpu)? {
            // Nothing else sets it.
            let _ = wgpu.context.max_turns.set(turns);
        }
        Ok(wgpu)
    }

    /// Finds the first way to divide that is correctly rounded, or the driver's where none is, and what else is
    /// wrong then.
    fn settle(&mut self) -> Result<Division> {
        for division in Division::all() {
            let failed = probe::failures(self, probe::WGSL, division)?;
            let divides = !failed.iter().any(|failure| probe::DIVISIONS.contains(failure));
            if divides || division == Division::default() {
                self.failed = failed;
            }
            if divides {
                return Ok(division);
            }
        }
        Ok(Division::default())
    }

    /// Does work so long that the device runs at its full clock, and leaves some of it under way.
    fn keep_busy(&self, work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < BUSY {
            self.context.wait()?;
            (0..AHEAD).try_for_each(|_| work())?;
        }
        Ok(())
    }

    /// How strict kernels divide on this device.
    pub fn division(&self) -> Division {
        self.context.division()
    }

    /// Loads an artifact whose strict kernels divide in this way, whether or not it is right here.
    ///
    /// # Errors
    ///
    /// As [`Device::load`].
    pub fn load_dividing(
        &self,
        artifact: &Artifact,
        division: Division,
    ) -> Result<Box<dyn Module>> {
        let entries = &artifact.manifest.entries;
        Ok(Box::new(module::load(&self.context, &artifact.code, entries, division)?))
    }

    /// The patterns of the [`probe`] that this device gets wrong; none where it is strict.
    pub fn failures(&self) -> &[&'static str] {
        &self.failed
    }
}

fn adapters() -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY))
}

fn info(index: usize, adapter: &wgpu::Adapter) -> AdapterInfo {
    let info = adapter.get_info();
    AdapterInfo {
        index,
        kind: match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete gpu",
            wgpu::DeviceType::IntegratedGpu => "integrated gpu",
            wgpu::DeviceType::VirtualGpu => "virtual gpu",
            wgpu::DeviceType::Cpu => "cpu",
            wgpu::DeviceType::Other => "other",
        },
        backend: info.backend.to_string(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().into(),
        name: info.name,
    }
}

impl Device for Wgpu {
    fn name(&self) -> String {
        self.context.name.clone()
    }

    fn description(&self) -> String {
        let AdapterInfo { name, kind, backend, driver, .. } = &self.info;
        let strict = match self.failed.as_slice() {
            [] => "strict".into(),
            failed => format!("not strict: {}", failed.join(", ")),
        };
        let own = match self.division() == Division::default() {
            true => "",
            false => ", divides by our own routines",
        };
        format!("{name} ({kind}, {backend}, {driver}; {strict}{own})")
    }

    fn target(&self) -> Target {
        Target::Wgsl
    }

    fn strict(&self) -> bool {
        self.failed.is_empty()
    }

    fn max_buffer(&self) -> usize {
        self.context.max_buffer()
    }

    fn max_turns(&self) -> usize {
        self.context.max_turns()
    }

    fn alloc(&self, operand: &str, bytes: usize) -> Result<Box<dyn Memory>> {
        Ok(Box::new(memory::alloc(&self.context, operand, bytes)?))
    }

    fn write(&self, memory: &mut dyn Memory, bytes: &[u8]) -> Result<()> {
        memory::write(&self.context, memory::of_mut(&self.context, memory)?, bytes)
    }

    fn read(&self, memory: &dyn Memory, bytes: &mut [u8]) -> Result<()> {
        memory::read(&self.context, memory::of(&self.context, memory)?, bytes)
    }

    fn load(&self, artifact: &Artifact) -> Result<Box<dyn Module>> {
        self.load_dividing(artifact, self.division())
    }

    fn synchronize(&self) -> Result<()> {
        self.context.wait()
    }

    fn time(&self, work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
        match &self.context.clock {
            Some(clock) => {
                if self.info.kind != "cpu" {
                    self.keep_busy(work)?;
                }
                clock.time(&self.context, work)
            }
            None => device::wall_clock(self, work),
        }
    }
}
