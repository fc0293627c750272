//! Batch normalisation that the neuron behind it does where it reads its input: neither the normalised tensor nor
//! its gradient is ever written.

use std::sync::{Arc, Mutex};

use tch::Tensor;

use super::kernels::{Once, once};
use super::record::{Gradient, record};
use super::{Call, Neuron, autograd, failed};
use crate::error::Result;

/// What a neuron is given whose program normalises an input: `(x - mean) * scale + shift`.
#[derive(Debug)]
pub struct Normalized {
    /// The input, `[N, C, *]`.
    pub input: Tensor,
    /// Its mean, `[C]`.
    pub mean: Tensor,
    /// What the centred input is multiplied with, `[C]`.
    pub scale: Tensor,
    /// What is added, `[C]`.
    pub shift: Tensor,
}

/// An input with the statistics of its own batch, so that gradients of `scale` and `shift` are also those of the
/// input, the weight and the bias.
///
/// `mean` and `var` are those of each channel of `input`, `[N, C, *]`, the variance divided by how many numbers
/// there are; all of them, `weight` and `bias` are f32 of `[C]`.
///
/// # Errors
///
/// Those of libtorch.
pub fn normalized(
    input: &Tensor,
    (mean, var): (&Tensor, &Tensor),
    (weight, bias): (&Tensor, &Tensor),
    eps: f64,
) -> Result<Normalized> {
    let inverse = (var + eps).rsqrt();
    let scale = tch::no_grad(|| weight * &inverse);
    let made = Normalized {
        input: input.detach(),
        mean: mean.shallow_clone(),
        scale,
        shift: bias.detach(),
    };
    let given = [input, weight, bias];
    if !(autograd::tch_grad_enabled() && given.iter().any(|tensor| tensor.requires_grad())) {
        return Ok(made);
    }
    let count = input.numel() / mean.numel().max(1);
    let factor = tch::no_grad(|| &made.scale / count as f64);
    let op = NormGradient { is_asked: input.requires_grad() };
    let saved = [input, mean, &factor, &inverse];
    record(
        op,
        &given.map(Some).to_vec(),
        &saved.map(Some).to_vec(),
        &[&made.input, &made.scale, &made.shift],
    )?;
    Ok(made)
}

struct NormGradient {
    /// Whether the gradient of the input is asked for.
    is_asked: bool,
}

impl Gradient for NormGradient {
    fn gradients(
        &self,
        saved: &[Option<Tensor>],
        grads: &[Option<Tensor>],
    ) -> Result<Vec<Option<Tensor>>> {
        let [Some(x), Some(mean), Some(factor), Some(inverse)] = saved else {
            return Err(failed("backward of a normalisation", "something saved is not there"));
        };
        let [given, scale, shift] = grads else {
            return Err(failed("backward of a normalisation", "it has three gradients"));
        };
        let or_zero = |grad: &Option<Tensor>, like: &Tensor| {
            grad.as_ref().map_or_else(|| like.zeros_like(), Tensor::shallow_clone)
        };
        let (scale, shift) = (or_zero(scale, mean), or_zero(shift, mean));
        let of_weight = inverse * &scale;
        if !self.is_asked {
            return Ok(vec![None, Some(of_weight), Some(shift)]);
        }
        let one_step = |tensor: &Tensor| tensor.unsqueeze(0);
        let named = |(name, tensor): (&str, &Tensor)| (name.to_string(), tensor.shallow_clone());
        let call = Call {
            inputs: [("given", &one_step(&or_zero(given, x))), ("x", &one_step(x))]
                .map(named)
                .into(),
            params: [
                ("mean", mean),
                ("factor", factor),
                ("inverse", inverse),
                ("scale", &scale),
                ("shift", &shift),
            ]
            .map(named)
            .into(),
            forget_states: true,
            ..Call::default()
        };
        let of_input = kernels()?.forward(&call)?.outputs.remove("grad");
        Ok(vec![of_input.map(|grad| grad.squeeze_dim(0)), Some(of_weight), Some(shift)])
    }
}

/// The kernels, compiled once.
fn kernels() -> Result<Arc<Neuron>> {
    static KERNELS: Once<Neuron> = Mutex::new(None);
    once(&KERNELS, || Neuron::compile(include_str!("norm_gradient.snn")))
}
