//! Where the code of a neuron comes from: out of the program itself, or from the compiler.

use std::mem::discriminant;

use snn_artifact::{Artifact, Dtype, Manifest, Target};

use crate::device::{Device, Module};
use crate::error::{Error, Result};
use crate::neuron::check_manifest;

#[cfg(feature = "jit")]
use crate::jit::{Jit, Program};
#[cfg(feature = "jit")]
use snn_compiler::{check::PortDtype, pipeline::Front};

/// What gives a neuron's code for a device and a type of elements.
pub enum Source {
    /// A file that is checked for each type of elements, and compiled when code is asked for.
    #[cfg(feature = "jit")]
    Checked { fronts: Vec<(Dtype, Front)>, jit: Jit },
    /// What the program was built with.
    Embedded(Vec<Artifact>),
}

/// Code on its device, and what is said of it.
pub type Loaded = (Manifest, Box<dyn Module>);

impl Source {
    /// Checks a file.
    #[cfg(feature = "jit")]
    pub fn checked(program: &Program<'_>, jit: Jit) -> Result<Self> {
        let types = [Dtype::F32, Dtype::F16, Dtype::Bf16];
        let dtypes = [PortDtype::F32, PortDtype::F16, PortDtype::Bf16];
        let mut fronts = Vec::new();
        for (dtype, stored) in types.into_iter().zip(dtypes) {
            let mut specialization = program.specialization.clone();
            specialization.dtype = stored;
            let Program { name, text, resolver, .. } = *program;
            let own = Program { name, text, specialization, resolver };
            fronts.push((dtype, jit.front(&own)?));
        }
        Ok(Self::Checked { fronts, jit })
    }

    /// The code for a device and a type of elements, loaded.
    pub fn load(&self, device: &dyn Device, dtype: Dtype) -> Result<Loaded> {
        match self {
            #[cfg(feature = "jit")]
            Self::Checked { fronts, jit } => {
                let front = fronts.iter().find(|(known, _)| *known == dtype);
                let unknown = || Error::Artifact(format!("there is no code for {dtype}"));
                let (_, front) = front.ok_or_else(unknown)?;
                loaded(device, jit.artifact_of(front, &device.target(), jit.tuning())?)
            }
            Self::Embedded(artifacts) => embedded(artifacts, device, dtype),
        }
    }
}

fn loaded(device: &dyn Device, artifact: Artifact) -> Result<Loaded> {
    check_manifest(&artifact.manifest, device)?;
    let module = device.load(&artifact)?;
    Ok((artifact.manifest, module))
}

/// The first artifact for a type of elements that the device takes.
fn embedded(artifacts: &[Artifact], device: &dyn Device, dtype: Dtype) -> Result<Loaded> {
    let target = device.target();
    let fits = |a: &&Artifact| is_for(a, &target) && stored(a) == dtype;
    let mut failed = None;
    for artifact in artifacts.iter().filter(fits) {
        match loaded(device, artifact.clone()) {
            Ok(loaded) => return Ok(loaded),
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| not_built(artifacts, device, dtype)))
}

/// Whether an artifact is for a kind of devices; its level the device knows.
fn is_for(artifact: &Artifact, target: &Target) -> bool {
    discriminant(&artifact.manifest.target) == discriminant(target)
}

/// What inputs and outputs are stored as.
fn stored(artifact: &Artifact) -> Dtype {
    let Manifest { inputs, outputs, .. } = &artifact.manifest;
    inputs.iter().chain(outputs).map(|port| port.dtype).next().unwrap_or(Dtype::F32)
}

/// What a build lacks, in the words of its `build.rs`.
fn not_built(artifacts: &[Artifact], device: &dyn Device, dtype: Dtype) -> Error {
    let target = device.target();
    let lacks = [
        (artifacts.iter().all(|a| stored(a) != dtype), format!("`.dtype(\"{dtype}\")`")),
        (artifacts.iter().all(|a| !is_for(a, &target)), call(&target)),
    ];
    let lacks: Vec<String> =
        lacks.into_iter().filter(|(is, _)| *is).map(|(_, call)| call).collect();
    let mut has: Vec<String> = artifacts
        .iter()
        .map(|a| format!("{} in {}", family(&a.manifest.target), stored(a)))
        .collect();
    has.dedup();
    let (has, lacks) = (has.join(" and "), lacks.join(" and "));
    let neuron = artifacts.first().map_or("", |artifact| &artifact.manifest.neuron);
    Error::Unsupported {
        device: device.name(),
        what: format!("`{neuron}` in {dtype}, which this program was built without"),
        instead: format!("it has it for {has}: add {lacks} to the `Build` of its build.rs"),
    }
}

/// What asks for a target.
fn call(target: &Target) -> String {
    match target {
        Target::Cpu { level } => format!("`.level(\"{level}\")`"),
        Target::Ptx { sm } => format!("`.target(Target::Ptx {{ sm: {sm} }})`"),
        Target::Wgsl => "`.target(Target::Wgsl)`".into(),
    }
}

/// What a target is called where its level does not matter.
fn family(target: &Target) -> &'static str {
    match target {
        Target::Cpu { .. } => "cpu",
        Target::Ptx { .. } => "cuda",
        Target::Wgsl => "wgpu",
    }
}
