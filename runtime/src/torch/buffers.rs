//! The memory of tensors as buffers of launches, and new tensors for what launches write.

use std::sync::Arc;

use snn_artifact::naming::Operand;
use snn_artifact::{Buffer, Dtype, Entry};
use tch::{Device, Kind, Tensor};

use super::operands::Run;
use crate::cpu::Cpu;
#[cfg(feature = "cuda")]
use crate::cuda::Cuda;
use crate::device::{self, Memory};
use crate::error::{Error, Result};
use crate::shape::evaluate;

/// Where kernels run.
pub enum Place {
    /// On the CPU.
    Cpu(Arc<Cpu>),
    /// On a stream of a GPU.
    #[cfg(feature = "cuda")]
    Cuda(Cuda),
}

impl Place {
    /// The device.
    pub fn device(&self) -> &dyn device::Device {
        match self {
            Place::Cpu(cpu) => cpu.as_ref(),
            #[cfg(feature = "cuda")]
            Place::Cuda(cuda) => cuda,
        }
    }

    /// The memory of a tensor, whose elements of a step are dense; it is used no longer than the tensor lives.
    pub fn memory(&self, operand: &str, tensor: &Tensor) -> Box<dyn Memory> {
        let bytes = reach(tensor) * tensor.kind().elt_size_in_bytes();
        let address = tensor.data_ptr();
        match self {
            // SAFETY: these are the tensor's own bytes; libtorch orders what else is done with them before and
            // behind the launch, on the same thread or stream.
            Place::Cpu(_) => {
                let _ = operand;
                unsafe { Cpu::borrow(address.cast(), bytes) }
            }
            #[cfg(feature = "cuda")]
            // SAFETY: as above. What has no bytes may have no address, and a launch may not be given none.
            Place::Cuda(cuda) => {
                let address = if bytes == 0 { NOWHERE } else { address as u64 };
                Box::new(unsafe { cuda.borrow(operand, address, bytes) })
            }
        }
    }
}

/// An address that is not null, of memory that nobody touches.
#[cfg(feature = "cuda")]
const NOWHERE: u64 = 256;

/// How many elements lie between the first of a tensor and its last, both included.
fn reach(tensor: &Tensor) -> usize {
    if tensor.numel() == 0 {
        return 0;
    }
    let axes = tensor.size().into_iter().zip(tensor.stride());
    axes.map(|(size, stride)| (size - 1) * stride).sum::<i64>() as usize + 1
}

/// What elements of a type are to libtorch.
pub fn kind(dtype: Dtype) -> Result<Kind> {
    Ok(match dtype {
        Dtype::F32 => Kind::Float,
        Dtype::F16 => Kind::Half,
        Dtype::Bf16 => Kind::BFloat16,
        Dtype::I32 => Kind::Int,
        other => return Err(Error::Artifact(format!("buffers of {other:?} are not known"))),
    })
}

impl Run {
    /// A new tensor for a buffer that is written: in the caller's order of axes where that has one.
    pub fn create(&self, entry: &Entry, buffer: &Buffer) -> Result<Tensor> {
        let options = (kind(buffer.dtype)?, self.device);
        match Operand::parse(&buffer.name) {
            Some(Operand::Output(_) | Operand::InputGrad(_)) if buffer.shape.len() == 2 => {
                Ok(self.steps(options))
            }
            Some(Operand::Output(_) | Operand::Next(_) | Operand::StateGrad(_)) => {
                Ok(self.step_tensor(options))
            }
            _ if buffer.shape == ["T", "N"] => {
                let sizes = [self.geometry.steps as i64, self.geometry.lanes as i64];
                Ok(Tensor::empty(sizes, options))
            }
            _ => Ok(Tensor::empty([self.count(entry, buffer)?], options)),
        }
    }

    fn steps(&self, options: (Kind, Device)) -> Tensor {
        let step = &self.shape[1..];
        let lanes: i64 = step.iter().map(|&size| size.max(1)).product();
        let strides: Vec<i64> = std::iter::once(lanes).chain(self.layout.strides(step)).collect();
        Tensor::empty_strided(&self.shape[..], &strides[..], options)
    }

    fn step_tensor(&self, options: (Kind, Device)) -> Tensor {
        let step = &self.shape[1..];
        Tensor::empty_strided(step, &self.layout.strides(step)[..], options)
    }

    /// How many elements a buffer has.
    fn count(&self, entry: &Entry, buffer: &Buffer) -> Result<i64> {
        let scalar = |name: &str| self.geometry.scalar(name, self.geometry.lanes);
        let size = |text: &String| evaluate(text, &scalar);
        let sizes: std::result::Result<Vec<i64>, String> = buffer.shape.iter().map(size).collect();
        let wrong =
            |why| Error::Artifact(format!("`{}` of `{}`: {why}", buffer.name, entry.symbol));
        Ok(sizes.map_err(wrong)?.iter().product())
    }

    /// The scalars of a launch, in which the rows of a sequence lie as `stride` says of its buffer.
    pub fn scalars(&self, entry: &Entry, stride: impl Fn(&str) -> i64) -> Result<Vec<i64>> {
        let value = |name: &String| match name.strip_prefix("stride.") {
            Some(buffer) => Ok(stride(buffer)),
            None => {
                let unknown = || Error::Artifact(format!("scalar `{name}` is not known"));
                self.geometry.scalar(name, self.geometry.lanes).ok_or_else(unknown)
            }
        };
        entry.scalars.iter().map(value).collect()
    }
}
