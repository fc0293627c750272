//! The kernels of a neuron, for each device and type of elements that it has met.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use snn_artifact::{Dtype, Manifest, Param};
use snn_compiler::check::PortDtype;
use snn_compiler::pipeline::Front;
use tch::{Device, Kind, Tensor};

use super::buffers::Place;
use crate::cpu::Cpu;
use crate::device::{self, Module};
use crate::error::{Error, Result};
use crate::jit::{Jit, Program};
use crate::neuron::{check_manifest, default_numbers, stored_numbers};

/// A program that is checked for each type of elements.
pub struct Compiled {
    fronts: Vec<(Dtype, Front)>,
    jit: Jit,
    loaded: Mutex<HashMap<Key, Arc<Kernels>>>,
}

/// What kernels are loaded for: a device, the handle of its stream, a type of elements.
type Key = (Option<usize>, usize, Dtype);

/// Loaded kernels.
pub struct Kernels {
    /// What the artifact says of itself.
    pub manifest: Manifest,
    /// Its code.
    pub module: Box<dyn Module>,
    /// Where its buffers are.
    pub place: Place,
    /// The numbers of params that a caller leaves out, by the names of params and how many they are.
    declared: Mutex<HashMap<(String, usize), Tensor>>,
}

impl Compiled {
    /// Checks a program.
    pub fn new(program: &Program<'_>, jit: Jit) -> Result<Self> {
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
        Ok(Self { fronts, jit, loaded: Mutex::default() })
    }

    /// The manifest of the kernels for f32 on the CPU.
    pub fn manifest(&self) -> Result<Manifest> {
        Ok(self.kernels(Device::Cpu, Kind::Float)?.manifest.clone())
    }

    /// The kernels for tensors of a kind on a device, on its current stream.
    pub fn kernels(&self, device: Device, kind: Kind) -> Result<Arc<Kernels>> {
        let dtype = super::dtype("input", kind)?;
        let key = match device {
            Device::Cpu => (None, 0, dtype),
            Device::Cuda(ordinal) => (Some(ordinal), super::cuda::stream(ordinal)?, dtype),
            other => return Err(no_device(other)),
        };
        let find = || self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernels) = find().get(&key) {
            return Ok(Arc::clone(kernels));
        }
        let kernels = Arc::new(self.load(key)?);
        Ok(Arc::clone(find().entry(key).or_insert(kernels)))
    }

    fn load(&self, (ordinal, stream, dtype): Key) -> Result<Kernels> {
        let place = match ordinal {
            None => Place::Cpu(processor()?),
            Some(ordinal) => super::cuda::place(ordinal, stream)?,
        };
        let device: &dyn device::Device = place.device();
        let fronts = self.fronts.iter().find(|(known, _)| *known == dtype);
        let front = fronts.map(|(_, front)| front).ok_or_else(|| no_kind(dtype))?;
        let target = device.target();
        let artifact = self.jit.artifact_of(front, &target, self.jit.tuning())?;
        check_manifest(&artifact.manifest, device)?;
        let module = device.load(&artifact)?;
        let manifest = artifact.manifest;
        Ok(Kernels { manifest, module, place, declared: Mutex::default() })
    }
}

/// The processor, with threads that all neurons share.
pub fn processor() -> Result<Arc<Cpu>> {
    static PROCESSOR: Mutex<Option<Arc<Cpu>>> = Mutex::new(None);
    let mut processor = PROCESSOR.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cpu) = processor.as_ref() {
        return Ok(Arc::clone(cpu));
    }
    let cpu = Arc::new(Cpu::new()?);
    *processor = Some(Arc::clone(&cpu));
    Ok(cpu)
}

impl Kernels {
    /// The declared numbers of a param, made once.
    pub fn declared(&self, param: &Param, n: usize, device: Device) -> Result<Tensor> {
        let key = (param.name.clone(), n);
        let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tensor) = declared.get(&key) {
            return Ok(tensor.shallow_clone());
        }
        let constrained = default_numbers(param, n, 0)?;
        let numbers: Vec<f32> = constrained.iter().map(|&number| number as f32).collect();
        let tensor = Tensor::from_slice(&stored_numbers(param, &numbers)?).to_device(device);
        declared.insert(key, tensor.shallow_clone());
        Ok(tensor)
    }
}

fn no_device(device: Device) -> Error {
    Error::Unsupported {
        device: "libtorch".into(),
        what: format!("a neuron on {device:?}"),
        instead: "move the tensors to the CPU or to CUDA".into(),
    }
}

fn no_kind(dtype: Dtype) -> Error {
    super::failed("choosing kernels", format!("there are none for {dtype:?}"))
}
