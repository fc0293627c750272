//! Launches of a neuron's kernels over buffers that were made once, with no copy in between.

use std::collections::BTreeMap;

use snn_artifact::half::{f64_to_bf16, f64_to_f16};
use snn_artifact::naming::Operand;
use snn_artifact::{Artifact, Buffer, Dtype, Sharing, group};
use snn_runtime::cuda::{Cuda, CudaModule};
use snn_runtime::device::{Argument, Device, Memory, Module};
use snn_runtime::shape::evaluate;

use crate::numbers::Numbers;

/// The sizes of a launch, by the names of the launch scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// `T`.
    pub steps: usize,
    /// `N`.
    pub lanes: usize,
    /// `C`.
    pub channels: usize,
    /// `S`.
    pub apart: usize,
}

impl Sizes {
    /// So many neurons in 128 channels, 1,024 side by side.
    pub fn new(steps: usize, lanes: usize) -> Self {
        Self { steps, lanes, channels: 128, apart: 1024 }
    }

    fn scalar(&self, name: &str) -> Option<i64> {
        let value = match name {
            "T" => self.steps,
            "N" => self.lanes,
            "C" => self.channels,
            "S" => self.apart,
            "M" => self.channels * self.apart,
            _ if name.starts_with("stride.") => self.lanes,
            _ => return None,
        };
        i64::try_from(value).ok()
    }

    fn bytes(&self, buffer: &Buffer) -> usize {
        let of = |size: &String| evaluate(size, &|name| self.scalar(name)).unwrap_or(0);
        buffer.shape.iter().map(|size| of(size) as usize).product::<usize>() * buffer.dtype.size()
    }
}

/// The operands of a neuron on a device, by the names of buffers.
pub struct Operands {
    sizes: Sizes,
    memories: BTreeMap<String, Box<dyn Memory>>,
}

impl Operands {
    /// Noise for what is read, and room for what is written.
    pub fn new(sizes: Sizes) -> Self {
        Self { sizes, memories: BTreeMap::new() }
    }

    /// Makes what an entry needs and is not there yet. Gradients that come in are noise as well.
    fn make(&mut self, device: &Cuda, buffer: &Buffer) -> snn_runtime::Result<()> {
        let bytes = self.sizes.bytes(buffer);
        let known = self.memories.get(&buffer.name).is_some_and(|memory| memory.size() >= bytes);
        if known || is_left_out(buffer) {
            return Ok(());
        }
        let mut memory = device.alloc(&buffer.name, bytes)?;
        if !buffer.written {
            device.write(memory.as_mut(), &noise(buffer, bytes))?;
        }
        self.memories.insert(buffer.name.clone(), memory);
        Ok(())
    }

    /// Starts an entry.
    pub fn launch(
        &mut self,
        device: &Cuda,
        artifact: &Artifact,
        module: &CudaModule,
        entry: &str,
    ) -> snn_runtime::Result<()> {
        let found = artifact.manifest.entry_for(entry, self.sizes.steps);
        let (entry, signature) = found.expect("neurons have these entries");
        for buffer in &signature.buffers {
            self.make(device, buffer)?;
        }
        let mut taken: Vec<(String, Option<Box<dyn Memory>>)> = signature
            .buffers
            .iter()
            .map(|buffer| (buffer.name.clone(), self.memories.remove(&buffer.name)))
            .collect();
        let mut arguments: Vec<Argument<'_>> = taken
            .iter_mut()
            .zip(&signature.buffers)
            .map(|((_, memory), buffer)| match memory.as_deref_mut() {
                None => Argument::Absent,
                Some(memory) if buffer.written => Argument::Write(memory),
                Some(memory) => Argument::Read(memory),
            })
            .collect();
        let scalars: Vec<i64> =
            signature.scalars.iter().map(|name| self.sizes.scalar(name).unwrap_or(0)).collect();
        let launched = module.launch(entry, 0, self.sizes.lanes, &mut arguments, &scalars);
        drop(arguments);
        for (name, memory) in taken {
            self.memories.extend(memory.map(|memory| (name, memory)));
        }
        launched
    }

    /// Starts the second stage of the sums of a neuron's gradients.
    pub fn reduce(
        &mut self,
        device: &Cuda,
        artifact: &Artifact,
        module: &CudaModule,
    ) -> snn_runtime::Result<()> {
        for param in artifact.manifest.params.iter().filter(|param| param.learn) {
            let name = Operand::Partial(&param.name).to_string();
            let Some(partial) = self.memories.remove(&name) else { continue };
            let Sizes { steps, lanes, channels, apart } = self.sizes;
            let (_, backward) =
                artifact.manifest.entry_for("backward", steps).expect("it is there");
            let (g, s, o) = match param.sharing {
                Sharing::Layer => (1, 1, lanes.div_ceil(backward.block as usize)),
                Sharing::Channel => (channels, apart / group(apart), lanes / channels / apart),
                Sharing::Neuron => (channels * apart, 1, lanes / channels / apart),
            };
            let grad = format!("grad.{}", param.name);
            if !self.memories.contains_key(&grad) {
                self.memories.insert(grad.clone(), device.alloc("grad", 4 * g)?);
            }
            let to = self.memories.get_mut(&grad).expect("it was just made");
            let mut arguments = [Argument::Read(partial.as_ref()), Argument::Write(to.as_mut())];
            let scalars = [g as i64, s as i64, o as i64];
            let launched = module.launch("reduce", 0, g, &mut arguments, &scalars);
            self.memories.insert(name, partial);
            launched?;
        }
        Ok(())
    }
}

/// First and last states and their gradients are left out, as in training where each batch begins anew.
fn is_left_out(buffer: &Buffer) -> bool {
    let of_states = ["state.", "next.", "grad.next.", "grad.state."];
    buffer.optional && of_states.iter().any(|of| buffer.name.starts_with(of))
}

/// Numbers around a threshold of 1; params as the neurons have them.
fn noise(buffer: &Buffer, bytes: usize) -> Vec<u8> {
    let count = bytes / buffer.dtype.size();
    let numbers = match default(&buffer.name) {
        Some(number) => vec![number; count],
        None => Numbers::of(7).uniform(count, -0.5, 1.9),
    };
    let numbers = numbers.into_iter();
    match buffer.dtype {
        Dtype::F32 => numbers.flat_map(f32::to_le_bytes).collect(),
        Dtype::Bf16 => numbers.flat_map(|x| f64_to_bf16(x.into()).to_le_bytes()).collect(),
        Dtype::F16 => numbers.flat_map(|x| f64_to_f16(x.into()).to_le_bytes()).collect(),
        _ => vec![0; bytes],
    }
}

/// The params of the standard library's neurons.
fn default(name: &str) -> Option<f32> {
    Some(match name.strip_prefix("param.")? {
        "tau" | "tau_w" => 2.0,
        "k" | "alpha" | "beta" => 0.5,
        "rho" => 0.9,
        "v_threshold" | "a0" | "delta_t" => 1.0,
        "v_c" | "theta_rh" => 0.8,
        _ => 0.0,
    })
}
