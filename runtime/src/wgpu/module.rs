//! Loading: a pipeline for each entry, made when it is first launched.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use snn_artifact::naming::{QUOTIENTS, ROOTS, WIDE};
use snn_artifact::{Code, Dtype, Entry};

use super::context::{Context, Division};
use super::launch;
use crate::device::{Argument, Module};
use crate::error::{Error, Result};

/// Loaded WGSL.
pub struct WgpuModule {
    context: Arc<Context>,
    shader: wgpu::ShaderModule,
    constants: Constants,
    kernels: BTreeMap<String, Kernel>,
}

/// The constants of the text, with their values on this device.
type Constants = Vec<(&'static str, f64)>;

/// An entry with how it is bound.
pub struct Kernel {
    /// The manifest's entry.
    pub entry: Entry,
    /// Its storage bindings.
    pub slots: Vec<Slot>,
    pipeline: OnceLock<Pipeline>,
}

/// What a launch sets.
pub struct Pipeline {
    /// The code.
    pub pipeline: wgpu::ComputePipeline,
    /// The types of the bindings.
    pub layout: wgpu::BindGroupLayout,
}

/// A storage binding with one buffer, or several that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The binding's number.
    pub index: u32,
    /// Whether the kernel writes it.
    pub written: bool,
    /// Whether the buffers begin at offsets.
    pub packed: bool,
    /// The buffers, by their place in the signature.
    pub members: Vec<usize>,
}

/// Loads WGSL that divides as given. The driver sees a kernel when it is first launched.
pub fn load(
    context: &Arc<Context>,
    code: &Code,
    entries: &BTreeMap<String, Entry>,
    division: Division,
) -> Result<WgpuModule> {
    let Code::Wgsl(text) = code else {
        return Err(Error::Artifact(format!("it is not WGSL, which {} needs", context.name)));
    };
    let mut kernels = BTreeMap::new();
    for (name, entry) in entries {
        let slots = slots(name, entry)?;
        check_limits(context, name, entry, &slots)?;
        let kernel = Kernel { entry: entry.clone(), slots, pipeline: OnceLock::new() };
        kernels.insert(name.clone(), kernel);
    }
    let source = wgpu::ShaderSource::Wgsl(text.as_str().into());
    let descriptor = wgpu::ShaderModuleDescriptor { label: Some("kernels"), source };
    let shader = context.guard("loading WGSL", ("the code", text.len()), || {
        context.device.create_shader_module(descriptor)
    })?;
    let constants = constants(text, division);
    Ok(WgpuModule { context: Arc::clone(context), shader, constants, kernels })
}

/// Those that the text has: no other may be set.
fn constants(text: &str, division: Division) -> Constants {
    let all = [(QUOTIENTS, division.quotients), (ROOTS, division.roots)];
    let present = all.into_iter().filter(|(name, _)| text.contains(&format!("override {name}:")));
    present.map(|(name, value)| (name, f64::from(value))).collect()
}

/// The storage bindings of an entry.
fn slots(name: &str, entry: &Entry) -> Result<Vec<Slot>> {
    let broken = |why: &str| Error::Artifact(format!("entry `{name}` {why}"));
    let mut slots: Vec<Slot> = Vec::new();
    for (i, buffer) in entry.buffers.iter().enumerate() {
        let binding = buffer.binding.as_ref();
        let binding = binding.ok_or_else(|| broken("has a buffer without a binding"))?;
        let packed = binding.offset.is_some();
        match slots.iter_mut().find(|s| s.index == binding.index) {
            Some(slot) if packed && slot.packed && slot.written == buffer.written => {
                slot.members.push(i);
            }
            Some(_) => return Err(broken("has two buffers at one binding")),
            None => slots.push(Slot {
                index: binding.index,
                written: buffer.written,
                packed,
                members: vec![i],
            }),
        }
    }
    if slots.iter().any(|s| s.index == 0) || entry.uniform.is_empty() {
        return Err(broken("has no uniform at binding 0"));
    }
    Ok(slots)
}

fn check_limits(context: &Context, name: &str, entry: &Entry, slots: &[Slot]) -> Result<()> {
    let limits = &context.limits;
    let unsupported = |what: String, instead: &str| Error::Unsupported {
        device: context.name.clone(),
        what,
        instead: instead.into(),
    };
    let most = limits.max_storage_buffers_per_shader_stage as usize;
    if slots.len() > most {
        let what = format!("`{name}` with {} storage buffers of {most}", slots.len());
        return Err(unsupported(
            what,
            "run it on the CPU or CUDA, or have fewer inputs and outputs",
        ));
    }
    let has_halves = context.device.features().contains(wgpu::Features::SHADER_F16);
    if let Some(buffer) = entry.buffers.iter().find(|b| b.dtype == Dtype::F16 && !has_halves) {
        let what = format!("`{}` stored as f16", buffer.name);
        return Err(unsupported(what, "store f32, or run it on the CPU or CUDA"));
    }
    let most =
        limits.max_compute_invocations_per_workgroup.min(limits.max_compute_workgroup_size_x);
    if entry.threads == 0 || entry.threads > most {
        let what = format!("`{name}` with workgroups of {} of {most}", entry.threads);
        return Err(unsupported(what, "compile it for smaller blocks"));
    }
    Ok(())
}

impl WgpuModule {
    /// The kernel whose invocations have several adjacent lanes, where there is one and it suits.
    fn wide(&self, entry: &str, scalars: &[i64]) -> Option<&Kernel> {
        let kernel = self.kernels.get(&format!("{entry}{WIDE}"))?;
        suits(&kernel.entry, scalars).then_some(kernel)
    }
}

/// Whether the lanes of an invocation divide all that decides where its elements lie.
fn suits(entry: &Entry, scalars: &[i64]) -> bool {
    let adds_groups = entry.buffers.iter().any(|b| b.shape.iter().any(|s| s.contains("gcd(S")));
    let decides = |name: &str| match name {
        "N" => true,
        "S" => adds_groups,
        _ => name.starts_with("stride."),
    };
    let mut scalars = entry.scalars.iter().zip(scalars).filter(|(name, _)| decides(name));
    scalars.all(|(_, value)| value % i64::from(entry.lanes.max(1)) == 0)
}

impl Kernel {
    /// The pipeline, made at the first call.
    pub fn pipeline(&self, module: &WgpuModule) -> Result<&Pipeline> {
        if let Some(pipeline) = self.pipeline.get() {
            return Ok(pipeline);
        }
        let symbol = self.entry.symbol.as_str();
        let what = format!("compiling `{symbol}`");
        let made =
            module.context.guard(&what, (symbol, 0), || create(module, symbol, &self.slots))?;
        // Two threads may both have made it; the first one stays.
        Ok(self.pipeline.get_or_init(|| made))
    }
}

fn create(module: &WgpuModule, symbol: &str, slots: &[Slot]) -> Pipeline {
    let WgpuModule { context, shader, constants, .. } = module;
    let layout_entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    };
    let mut entries = vec![layout_entry(0, wgpu::BufferBindingType::Uniform)];
    entries.extend(slots.iter().map(|slot| {
        layout_entry(slot.index, wgpu::BufferBindingType::Storage { read_only: !slot.written })
    }));
    let descriptor = wgpu::BindGroupLayoutDescriptor { label: Some(symbol), entries: &entries };
    let layout = context.device.create_bind_group_layout(&descriptor);
    let pipeline_layout = context.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(symbol),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let pipeline = context.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(symbol),
        layout: Some(&pipeline_layout),
        module: shader,
        entry_point: Some(symbol),
        compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
        cache: None,
    });
    Pipeline { pipeline, layout }
}

impl Module for WgpuModule {
    fn launch(
        &self,
        entry: &str,
        first_lane: usize,
        lanes: usize,
        buffers: &mut [Argument<'_>],
        scalars: &[i64],
    ) -> Result<()> {
        let kernel = self.wide(entry, scalars).or_else(|| self.kernels.get(entry));
        let kernel = kernel.ok_or_else(|| Error::Artifact(format!("it has no entry `{entry}`")))?;
        let pipeline = kernel.pipeline(self)?;
        let place = launch::Lanes { first: first_lane, count: lanes };
        launch::launch(&self.context, kernel, pipeline, place, buffers, scalars)
    }
}
