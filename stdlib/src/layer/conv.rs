//! Convolutions over one, two or three axes.

use tch::Tensor;

use super::fold::folded;
use super::{misfit, uniform, window_rank};
use crate::error::{Error, Result};
use crate::nn::{Context, Module, Node, Value};

/// A convolution over `[N, C, *]` with one, two or three axes behind the channels, as PyTorch's.
#[derive(Debug)]
pub struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    settings: ConvSettings,
}

/// The settings of a convolution, one number for each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvSettings {
    /// The size of the kernel.
    pub kernel_size: Vec<i64>,
    /// How far it goes at a time.
    pub stride: Vec<i64>,
    /// Zeros around.
    pub padding: Vec<i64>,
    /// How far apart its elements are.
    pub dilation: Vec<i64>,
    /// Groups of channels that do not mix.
    pub groups: i64,
    /// Whether there is a bias.
    pub bias: bool,
}

impl ConvSettings {
    /// A kernel with stride 1, no padding, and a bias.
    pub fn kernel(kernel_size: &[i64]) -> Self {
        let each = |number| vec![number; kernel_size.len()];
        Self {
            kernel_size: kernel_size.to_vec(),
            stride: each(1),
            padding: each(0),
            dilation: each(1),
            groups: 1,
            bias: true,
        }
    }

    /// The same with a stride along each axis.
    pub fn stride(mut self, stride: i64) -> Self {
        self.stride.fill(stride);
        self
    }

    /// The same with zeros on both sides of each axis.
    pub fn padding(mut self, padding: i64) -> Self {
        self.padding.fill(padding);
        self
    }

    /// The same in groups.
    pub fn groups(self, groups: i64) -> Self {
        Self { groups, ..self }
    }

    /// The same without a bias.
    pub fn without_bias(self) -> Self {
        Self { bias: false, ..self }
    }
}

impl Conv {
    /// A convolution from `inputs` channels to `outputs`, with PyTorch's initial numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where the kernel has no or more than three axes, settings are for another number of
    /// axes, or groups do not divide the channels.
    pub fn new(inputs: i64, outputs: i64, settings: ConvSettings) -> Result<Self> {
        let kernel_size = &settings.kernel_size;
        let rank = window_rank(name(kernel_size.len()), "kernel", kernel_size)?;
        let wrong = |why: String| Error::Settings { layer: name(rank).into(), why };
        let all = [&settings.stride, &settings.padding, &settings.dilation];
        if all.iter().any(|each| each.len() != rank) {
            return Err(wrong(format!("needs {rank} numbers for stride, padding and dilation")));
        }
        let groups = settings.groups;
        if groups < 1 || inputs % groups != 0 || outputs % groups != 0 {
            return Err(wrong(format!("has {groups} groups, which do not divide its channels")));
        }
        let mut shape = vec![outputs, inputs / groups];
        shape.extend(&settings.kernel_size);
        let fan_in: i64 = shape[1..].iter().product();
        let bound = 1.0 / (fan_in.max(1) as f64).sqrt();
        let weight = uniform(&shape, bound);
        let bias = settings.bias.then(|| uniform(&[outputs], bound));
        Ok(Self { weight, bias, settings })
    }
}

fn name(rank: usize) -> &'static str {
    match rank {
        1 => "Conv1d",
        3 => "Conv3d",
        _ => "Conv2d",
    }
}

impl Module for Conv {
    fn node(&self) -> Node {
        let ConvSettings { kernel_size, stride, padding, dilation, groups, bias } = &self.settings;
        let channels = self.weight.size()[1] * groups;
        Node::new(name(kernel_size.len()))
            .with("in_channels", Value::Int(channels))
            .with("out_channels", Value::Int(self.weight.size()[0]))
            .with("kernel_size", Value::Ints(kernel_size.clone()))
            .with("stride", Value::Ints(stride.clone()))
            .with("padding", Value::Ints(padding.clone()))
            .with("dilation", Value::Ints(dilation.clone()))
            .with("groups", Value::Int(*groups))
            .with("bias", Value::Bool(*bias))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let ConvSettings { kernel_size, stride, padding, dilation, groups, .. } = &self.settings;
        let (rank, name) = (kernel_size.len(), name(kernel_size.len()));
        let (weight, bias) = (&self.weight, self.bias.as_ref());
        let channels = weight.size()[1] * groups;
        folded(name, input, context, |x, _| {
            if x.dim() != rank + 2 || x.size()[1] != channels {
                let axes = ["L", "H, W", "D, H, W"][rank - 1];
                return Err(misfit(name, format!("[N, {channels}, {axes}] a step"), x));
            }
            let (stride, padding, dilation) = (&stride[..], &padding[..], &dilation[..]);
            Ok(match rank {
                1 => x.f_conv1d(weight, bias, stride, padding, dilation, *groups)?,
                3 => x.f_conv3d(weight, bias, stride, padding, dilation, *groups)?,
                _ => x.f_conv2d(weight, bias, stride, padding, dilation, *groups)?,
            })
        })
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        let bias = self.bias.as_ref().map(|bias| ("bias".into(), bias));
        std::iter::once(("weight".into(), &self.weight)).chain(bias).collect()
    }
}
