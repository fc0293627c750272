//! Verified kernels to WGSL, through naga: a module is built, validated and written as text.
//!
//! One invocation runs one lane; a workgroup is a block of lanes, so that a block's sum is a tree in workgroup
//! memory. A kernel of four lanes is emitted twice: for any number of lanes, one an invocation, and for
//! whole multiples of four, which are loaded, computed and stored as vectors.
//!
//! WGSL lets a driver regroup and contract arithmetic, so a strict kernel hides each
//! value from it: `bitcast<f32>(bitcast<u32>(e) ^ zero)`, where `zero` is a launch scalar that holds 0.
//! Loops over steps stay loops. Nothing here chooses a schedule or simplifies.

mod bind;
mod build;
mod division;
mod lane;
mod memory;
mod ops;
mod outer;
mod product;
mod reduce;
mod refuse;
mod sums;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use naga::back::wgsl::{WriterFlags, write_string};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{EntryPoint, Function, Module, ShaderStage};
use snn_artifact as artifact;

use self::division::{Division, divides};
use super::{Emitted, Launch};
use crate::error::{Bug, EmitError};
use crate::kernel::outer::is_needed;
use crate::kernel::{Kernel, Verified};

/// How kernels are emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether every value is that of IEEE arithmetic in the order written.
    pub strict: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { strict: true }
    }
}

/// Most invocations of a workgroup that WebGPU promises.
pub const MAX_THREADS: u32 = 256;

/// Emits kernels, the second stage of sums and, where it is needed, `outer` as one WGSL module with an entry point for
/// each.
///
/// # Errors
///
/// `Unsupported` for what WGSL does not have: `f64`, 16-bit storage, `fma` in a strict kernel.
/// `Bug` where the schedule is not one for WGSL, or naga refuses what was built.
pub fn emit(kernels: &[&Verified<Kernel>], options: &Options) -> Result<Emitted, EmitError> {
    let (mut module, division) = match options.strict && kernels.iter().any(|k| divides(k)) {
        true => Division::module().map(|(module, division)| (module, Some(division)))?,
        false => (Module::default(), None),
    };
    let mut entries = BTreeMap::new();
    for kernel in kernels {
        refuse::refuse(kernel, options)?;
        for kernel in forms(kernel) {
            let bindings = bind::bind(&kernel);
            let function = lane::function(&mut module, &kernel, &bindings, options, division)?;
            add_entry_point(&mut module, &kernel.name, threads(&kernel), function);
            entries.insert(kernel.name.clone(), entry(&kernel, bindings));
        }
    }
    let mut common = vec![reduce::function(&mut module)];
    if is_needed(kernels.iter().map(|kernel| &***kernel)) {
        common.push(outer::function(&mut module));
    }
    for (function, entry) in common {
        add_entry_point(&mut module, &entry.symbol, entry.threads, function);
        entries.insert(entry.symbol.clone(), entry);
    }
    Ok(Emitted { code: artifact::Code::Wgsl(write(&module)?), entries })
}

/// A kernel for any number of lanes and, where it has several an invocation, for whole multiples of them.
/// Both have the same blocks, and so the same buffers.
fn forms(kernel: &Kernel) -> Vec<Kernel> {
    let mut narrow = kernel.clone();
    narrow.schedule.lanes = 1;
    if kernel.schedule.lanes == 1 {
        return vec![narrow];
    }
    let name = format!("{}{}", kernel.name, artifact::naming::WIDE);
    vec![narrow, Kernel { name, ..kernel.clone() }]
}

fn add_entry_point(module: &mut Module, name: &str, threads: u32, function: Function) {
    module.entry_points.push(EntryPoint {
        name: name.into(),
        stage: ShaderStage::Compute,
        early_depth_test: None,
        workgroup_size: [threads, 1, 1],
        workgroup_size_overrides: None,
        function,
        mesh_info: None,
        task_payload: None,
        incoming_ray_payload: None,
    });
}

/// The invocations of a workgroup.
fn threads(kernel: &Kernel) -> u32 {
    kernel.schedule.block / kernel.schedule.lanes
}

fn entry(kernel: &Kernel, bindings: bind::Bindings) -> artifact::Entry {
    let launch = Launch { symbol: kernel.name.clone(), offset: 0, threads: threads(kernel) };
    bound(super::entry(kernel, launch), bindings)
}

/// Puts the bindings into the manifest.
fn bound(mut entry: artifact::Entry, bindings: bind::Bindings) -> artifact::Entry {
    for (buffer, binding) in entry.buffers.iter_mut().zip(bindings.buffers) {
        buffer.binding = Some(binding);
    }
    entry.uniform = bindings.uniform;
    entry
}

/// Validates a module and writes it as text.
fn write(module: &Module) -> Result<String, EmitError> {
    let halves = Capabilities::SHADER_FLOAT16 | Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    let mut validator = Validator::new(ValidationFlags::all(), halves);
    let info = validator
        .validate(module)
        .map_err(|e| Bug(format!("naga refuses the module: {}", e.emit_to_string(""))))?;
    write_string(module, &info, WriterFlags::empty())
        .map_err(|e| Bug(format!("naga cannot write the module: {e}")).into())
}
