//! Pooling over one, two or three axes.

use tch::Tensor;

use super::fold::folded;
use super::{misfit, window_rank};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::nn::{Context, Module, Node, Value};

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Its largest number.
    Max,
    /// Its mean.
    Average,
}

/// Pooling of `[N, C, *]` with one, two or three axes behind the channels, as PyTorch's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    kind: PoolKind,
    kernel_size: Vec<i64>,
    stride: Vec<i64>,
    padding: Vec<i64>,
}

impl Pool {
    /// Windows side by side.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where the window has no or more than three axes.
    pub fn new(kind: PoolKind, kernel_size: &[i64]) -> Result<Self> {
        let rank = window_rank("Pool", "window", kernel_size)?;
        let (kernel_size, padding) = (kernel_size.to_vec(), vec![0; rank]);
        Ok(Self { kind, stride: kernel_size.clone(), kernel_size, padding })
    }

    /// The same with windows so far apart.
    pub fn stride(mut self, stride: i64) -> Self {
        self.stride.fill(stride);
        self
    }

    /// The same with a border on both sides of each axis.
    pub fn padding(mut self, padding: i64) -> Self {
        self.padding.fill(padding);
        self
    }

    fn name(&self) -> String {
        let kind = if self.kind == PoolKind::Max { "MaxPool" } else { "AvgPool" };
        format!("{kind}{}d", self.kernel_size.len())
    }

    fn pooled(&self, x: &Tensor) -> Result<Tensor> {
        let (kernel, stride) = (&self.kernel_size[..], &self.stride[..]);
        let (padding, one) = (&self.padding[..], vec![1; kernel.len()]);
        let dilation = &one[..];
        Ok(match (self.kind, kernel.len()) {
            (PoolKind::Max, 1) => x.f_max_pool1d(kernel, stride, padding, dilation, false)?,
            (PoolKind::Max, 3) => x.f_max_pool3d(kernel, stride, padding, dilation, false)?,
            (PoolKind::Max, _) => x.f_max_pool2d(kernel, stride, padding, dilation, false)?,
            (_, 1) => x.f_avg_pool1d(kernel, stride, padding, false, true)?,
            (_, 3) => x.f_avg_pool3d(kernel, stride, padding, false, true, None)?,
            (_, _) => x.f_avg_pool2d(kernel, stride, padding, false, true, None)?,
        })
    }
}

impl Module for Pool {
    fn node(&self) -> Node {
        Node::new(&self.name())
            .with("kernel_size", Value::Ints(self.kernel_size.clone()))
            .with("stride", Value::Ints(self.stride.clone()))
            .with("padding", Value::Ints(self.padding.clone()))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let name = self.name();
        folded(&name, input, context, |x, _| match x.dim() == self.kernel_size.len() + 2 {
            true => self.pooled(x),
            false => Err(misfit(&name, format!("[N, C] and {} axes a step", self.stride.len()), x)),
        })
    }
}
