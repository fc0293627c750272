//! The kernels of a neuron, for each device and type of elements that it has met.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use snn_artifact::{Dtype, Entry, Manifest, Param};
use tch::{Device, Kind, Tensor};

use super::buffers::Place;
use super::source::Source;
use crate::cpu::Cpu;
use crate::device::Module;
use crate::error::{Error, Result};
use crate::neuron::{default_numbers, of_program, stored_numbers};

/// The code of a neuron, loaded where it is asked for.
pub struct Library {
    source: Source,
    loaded: Mutex<HashMap<Key, Arc<Kernels>>>,
}

/// What kernels are loaded for: a device, the handle of its stream, a type of elements.
type Key = (Option<usize>, usize, Dtype);

/// Loaded kernels.
pub struct Kernels {
    /// What the artifact says of itself.
    pub manifest: Manifest,
    /// Its code.
    pub module: Arc<dyn Module>,
    /// Where its buffers are.
    pub place: Place,
    /// The kernels of matrices that are no params.
    pub programs: Vec<Option<Arc<Kernels>>>,
    /// The numbers of params that a caller leaves out, by the names of params and how many they are.
    declared: Mutex<HashMap<(String, usize), Tensor>>,
}

impl Library {
    /// None loaded so far.
    pub fn new(source: Source) -> Self {
        Self { source, loaded: Mutex::default() }
    }

    /// What the neuron is: what the program was built with says it, and else the code for f32 on the CPU.
    pub fn manifest(&self) -> Result<Manifest> {
        match &self.source {
            Source::Embedded(artifacts) => {
                let none = || Error::Artifact("the program has none".into());
                Ok(artifacts.first().ok_or_else(none)?.manifest.clone())
            }
            #[cfg(feature = "jit")]
            Source::Checked { .. } => Ok(self.kernels(Device::Cpu, Kind::Float)?.manifest.clone()),
        }
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
        let place = || match ordinal {
            None => Ok::<_, Error>(Place::Cpu(processor()?)),
            Some(ordinal) => super::cuda::place(ordinal, stream),
        };
        let own = place()?;
        let (manifest, module) = self.source.load(own.device(), dtype)?;
        let module: Arc<dyn Module> = module.into();
        let mut programs = Vec::new();
        for (i, matrix) in manifest.matrices.iter().enumerate() {
            programs.push(match &matrix.program {
                None => None,
                Some(program) => Some(Arc::new(Kernels {
                    manifest: program.as_ref().clone(),
                    module: of_program(&module, i),
                    place: place()?,
                    programs: Vec::new(),
                    declared: Mutex::default(),
                })),
            });
        }
        Ok(Kernels { manifest, module, place: own, programs, declared: Mutex::default() })
    }
}

/// The processor, with threads that all neurons share.
pub fn processor() -> Result<Arc<Cpu>> {
    static PROCESSOR: Once<Cpu> = Mutex::new(None);
    once(&PROCESSOR, Cpu::new)
}

/// What a program has one of.
pub type Once<T> = Mutex<Option<Arc<T>>>;

/// The one that there is, or a new one.
pub fn once<T>(place: &Once<T>, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = place.as_ref() {
        return Ok(Arc::clone(known));
    }
    let made = Arc::new(make()?);
    *place = Some(Arc::clone(&made));
    Ok(made)
}

impl Kernels {
    /// The entries to launch for so many steps, one after the other, with their names.
    pub fn launches(
        &self,
        name: &str,
        steps: usize,
    ) -> Result<impl Iterator<Item = (&str, &Entry)>> {
        let lacks = || Error::Artifact(format!("it has no entry `{name}`"));
        self.manifest.launches(name, steps).ok_or_else(lacks)
    }

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
