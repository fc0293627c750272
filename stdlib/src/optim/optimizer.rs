//! Adam, AdamW and gradient descent with momentum.

use snn_runtime::torch::ops::{self, Adam, Moments, Sgd};
use tch::{Kind, Tensor};

use super::scaler::Scaler;
use crate::error::{Error, Result};
use crate::nn::StateDict;

/// How params are changed by their gradients. The learning rate in it is the one at the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Adam (Kingma and Ba, ICLR 2015), or AdamW (Loshchilov and Hutter, ICLR 2019).
    Adam(Adam),
    /// Gradient descent.
    Sgd(Sgd),
}

/// Params with the method that changes them.
#[derive(Debug)]
pub struct Optimizer {
    method: Method,
    slots: Vec<Slot>,
}

/// A param with what the method remembers of it; nothing before its first step.
#[derive(Debug)]
struct Slot {
    name: String,
    param: Tensor,
    remembered: Vec<Tensor>,
}

impl Slot {
    /// A copy on the param's device, which lies in memory as the param does: the kernels take both in that order.
    fn own(&self, saved: &Tensor) -> Result<Tensor> {
        if saved.dim() == 0 {
            return Ok(saved.f_to(self.param.device())?.copy());
        }
        let mut own = self.param.detach().f_zeros_like()?;
        own.f_copy_(saved)?;
        Ok(own)
    }
}

const ADAM: [&str; 3] = ["exp_avg", "exp_avg_sq", "step"];
const SGD: [&str; 1] = ["momentum_buffer"];

impl Optimizer {
    /// An optimizer of params, with their names.
    pub fn new(params: Vec<(String, Tensor)>, method: Method) -> Self {
        let slot = |(name, param)| Slot { name, param, remembered: Vec::new() };
        Self { method, slots: params.into_iter().map(slot).collect() }
    }

    /// Adam with PyTorch's settings.
    pub fn adam(params: Vec<(String, Tensor)>, rate: f64) -> Self {
        let settings = Adam { rate, betas: (0.9, 0.999), eps: 1e-8, decay: 0.0, decoupled: false };
        Self::new(params, Method::Adam(settings))
    }

    /// AdamW with PyTorch's settings.
    pub fn adamw(params: Vec<(String, Tensor)>, rate: f64, decay: f64) -> Self {
        let settings = Adam { rate, betas: (0.9, 0.999), eps: 1e-8, decay, decoupled: true };
        Self::new(params, Method::Adam(settings))
    }

    /// Gradient descent with momentum, 0 for none.
    pub fn sgd(params: Vec<(String, Tensor)>, rate: f64, momentum: f64) -> Self {
        let settings = Sgd { rate, momentum, dampening: 0.0, decay: 0.0, nesterov: false };
        Self::new(params, Method::Sgd(settings))
    }

    /// The learning rate.
    pub fn rate(&self) -> f64 {
        match self.method {
            Method::Adam(settings) => settings.rate,
            Method::Sgd(settings) => settings.rate,
        }
    }

    /// The method with its settings, the rate as it is now.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Sets the learning rate.
    pub fn set_rate(&mut self, rate: f64) {
        match &mut self.method {
            Method::Adam(settings) => settings.rate = rate,
            Method::Sgd(settings) => settings.rate = rate,
        }
    }

    /// Lets all gradients go.
    pub fn zero_grad(&mut self) {
        self.slots.iter().for_each(|slot| ops::forget_grad(&slot.param));
    }

    /// Makes all gradients together no longer than `norm`, and returns how long they were, on the device.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn clip_grad_norm(&self, norm: f64) -> Result<Tensor> {
        let grads = self.grads();
        let norms: Vec<Tensor> =
            grads.iter().map(|grad| grad.norm().to_kind(Kind::Float)).collect();
        if norms.is_empty() {
            return Ok(Tensor::from(0.0_f32));
        }
        let total = Tensor::f_stack(&norms, 0)?.norm();
        let factor = (norm / (&total + 1e-6)).clamp_max(1.0);
        tch::no_grad(|| {
            for mut grad in grads {
                let _ = grad.f_mul_(&factor.to_kind(grad.kind()))?;
            }
            Ok(total)
        })
    }

    /// Changes all params that have a gradient.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn step(&mut self) -> Result<()> {
        self.step_unless(None)
    }

    /// Divides all gradients by the scale, for what looks at them or clips them before [`Optimizer::scaled_step`].
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn unscale(&self, scaler: &mut Scaler) -> Result<()> {
        scaler.unscale(&self.grads())
    }

    /// The same, but for a step whose gradients, which are too large by a scale, are not finite. They are unscaled
    /// first, where [`Optimizer::unscale`] has not done so; the scale is fitted behind.
    ///
    /// # Errors
    ///
    /// Those of libtorch.
    pub fn scaled_step(&mut self, scaler: &mut Scaler) -> Result<()> {
        self.unscale(scaler)?;
        self.step_unless(scaler.flags())?;
        scaler.update()
    }

    fn grads(&self) -> Vec<Tensor> {
        let grads = self.slots.iter().map(|slot| slot.param.grad());
        grads.filter(|grad| grad.defined()).collect()
    }

    fn step_unless(&mut self, scaled: Option<ops::Scaled<'_>>) -> Result<()> {
        let method = self.method;
        let of_params = |slots: &[&Slot]| -> (Vec<Tensor>, Vec<Tensor>) {
            slots.iter().map(|slot| (slot.param.detach(), slot.param.grad())).unzip()
        };
        let with_grad = self.slots.iter_mut().filter(|slot| slot.param.grad().defined());
        let (fresh, known): (Vec<&mut Slot>, Vec<&mut Slot>) =
            with_grad.partition(|slot| slot.remembered.is_empty());
        match method {
            Method::Adam(settings) => {
                let mut all = known;
                for slot in fresh {
                    slot.remembered = blank_adam(&slot.param)?;
                    all.push(slot);
                }
                let all: Vec<&Slot> = all.into_iter().map(|slot| &*slot).collect();
                let (params, grads) = of_params(&all);
                let each = |i: usize| -> Vec<Tensor> {
                    all.iter().map(|slot| slot.remembered[i].shallow_clone()).collect()
                };
                let (means, squares, steps) = (each(0), each(1), each(2));
                let moments = Moments {
                    params: &params,
                    grads: &grads,
                    means: &means,
                    squares: &squares,
                    steps: &steps,
                };
                Ok(ops::adam(&settings, &moments, scaled)?)
            }
            Method::Sgd(settings) => {
                for (mut slots, first) in [(known, false), (fresh, true)] {
                    if slots.is_empty() {
                        continue;
                    }
                    for slot in slots.iter_mut().filter(|_| first && settings.momentum != 0.0) {
                        slot.remembered = vec![slot.param.detach().f_zeros_like()?];
                    }
                    let slots: Vec<&Slot> = slots.into_iter().map(|slot| &*slot).collect();
                    let (params, grads) = of_params(&slots);
                    let momenta: Vec<Tensor> = slots
                        .iter()
                        .flat_map(|slot| &slot.remembered)
                        .map(Tensor::shallow_clone)
                        .collect();
                    ops::sgd(&settings, &params, &grads, &momenta, first, scaled)?;
                }
                Ok(())
            }
        }
    }

    fn names(&self) -> &'static [&'static str] {
        match self.method {
            Method::Adam(_) => &ADAM,
            Method::Sgd(_) => &SGD,
        }
    }

    /// What the method remembers, by the names of params, with copies on the CPU.
    pub fn state_dict(&self) -> StateDict {
        let mut dict = StateDict::new();
        for slot in &self.slots {
            for (name, tensor) in self.names().iter().zip(&slot.remembered) {
                let copy = tensor.detach().to_device(tch::Device::Cpu).copy();
                dict.insert(format!("{}.{name}", slot.name), copy);
            }
        }
        dict
    }

    /// Goes on from what was remembered.
    ///
    /// # Errors
    ///
    /// [`Error::StateDict`] for what belongs to no param, or to one of another shape; nothing is changed then.
    pub fn load_state_dict(&mut self, dict: &StateDict) -> Result<()> {
        let names = self.names();
        let mut left = dict.len();
        let mut loaded = Vec::new();
        for slot in &self.slots {
            let found: Vec<&Tensor> = names
                .iter()
                .filter_map(|name| dict.get(&format!("{}.{name}", slot.name)))
                .collect();
            left -= found.len();
            let fits = |tensor: &&Tensor| tensor.dim() == 0 || tensor.size() == slot.param.size();
            if !(found.is_empty() || found.len() == names.len()) || !found.iter().all(fits) {
                return Err(Error::StateDict(format!("`{}` has other tensors", slot.name)));
            }
            loaded.push(found.iter().map(|tensor| slot.own(tensor)).collect::<Result<_>>()?);
        }
        if left > 0 {
            return Err(Error::StateDict(format!("{left} tensors are of no param")));
        }
        self.slots.iter_mut().zip(loaded).for_each(|(slot, own)| slot.remembered = own);
        Ok(())
    }
}

fn blank_adam(param: &Tensor) -> Result<Vec<Tensor>> {
    let param = param.detach();
    let step = Tensor::f_zeros([1_i64; 0], (Kind::Float, param.device()))?;
    Ok(vec![param.f_zeros_like()?, param.f_zeros_like()?, step])
}
