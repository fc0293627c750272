//! Batches as tensors, and their way to a device.

use snn_runtime::torch::ops;
use tch::{Device, Tensor, kind};

use super::{Array, Batch};
use crate::error::Result;

/// A batch of `N` sequences as tensors, time first.
#[derive(Debug)]
pub struct Tensors {
    /// The sequences, `[T, N, *]`, in the type that the arrays have.
    pub inputs: Tensor,
    /// The class of each, `[N]`, int64.
    pub labels: Tensor,
    /// How many steps each has, `[N]`, int64.
    pub lengths: Tensor,
    /// Which steps are a sequence's own, `[T, N]`, bool.
    pub mask: Tensor,
}

impl<T: kind::Element + Copy> Array<T> {
    /// The array as a tensor on the CPU.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn to_tensor(&self) -> Result<Tensor> {
        let shape: Vec<i64> = self.shape().iter().map(|axis| *axis as i64).collect();
        Ok(Tensor::f_from_slice(self.data())?.f_view(shape.as_slice())?)
    }
}

impl<T: kind::Element + Copy> Batch<T> {
    /// The batch as tensors on the CPU.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn to_tensors(&self) -> Result<Tensors> {
        let numbers = |numbers: &[usize]| {
            let numbers: Vec<i64> = numbers.iter().map(|number| *number as i64).collect();
            Tensor::f_from_slice(&numbers)
        };
        Ok(Tensors {
            inputs: self.inputs.to_tensor()?,
            labels: numbers(&self.labels)?,
            lengths: numbers(&self.lengths)?,
            mask: self.mask().to_tensor()?,
        })
    }
}

impl Tensors {
    /// The same in pinned memory, which a GPU copies from while the program goes on; as it is where the device has
    /// none. It takes a copy, which is best made by the threads of a [`Loader`](super::Loader).
    ///
    /// # Errors
    ///
    /// Those of libtorch, among them that no more memory can be pinned.
    pub fn pinned(self, device: Device) -> Result<Self> {
        self.each(|tensor| pinned(tensor, device))
    }

    /// The same on a device. Out of pinned memory the copy is only begun: what is computed on the device's current
    /// stream afterwards comes behind it, and nobody waits. The pinned memory may be dropped at once, as libtorch keeps
    /// it until it was copied.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn to(&self, device: Device) -> Result<Self> {
        self.each(|tensor| to(tensor, device))
    }

    fn each(&self, change: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self {
            inputs: change(&self.inputs)?,
            labels: change(&self.labels)?,
            lengths: change(&self.lengths)?,
            mask: change(&self.mask)?,
        })
    }
}

/// A tensor in pinned memory, where a device copies from that.
pub(crate) fn pinned(tensor: &Tensor, device: Device) -> Result<Tensor> {
    match device {
        Device::Cuda(_) => Ok(ops::pinned(tensor)?),
        _ => Ok(tensor.shallow_clone()),
    }
}

/// A tensor on a device, without waiting where it is in pinned memory.
pub(crate) fn to(tensor: &Tensor, device: Device) -> Result<Tensor> {
    Ok(tensor.f_to_device_(device, tensor.kind(), true, false)?)
}
