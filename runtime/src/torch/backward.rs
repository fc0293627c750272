//! Backward of a neuron.

use std::sync::Arc;

use snn_artifact::naming::Operand;
use snn_artifact::{Buffer, Param, Sharing};
use tch::Tensor;

use super::autograd::{is_kept, launch, start};
use super::kernels::Kernels;
use super::operands::Run;
use super::parallel;
use super::record::Gradient;
use super::{Buffers, failed};
use crate::error::{Error, Result};

/// What backward needs besides tensors.
pub struct Backward {
    run: Run,
    kernels: Arc<Kernels>,
    /// What gradients are asked of, by the names of their buffers in forward.
    inputs: Vec<String>,
    /// What backward reads, by the names of its buffers.
    saved: Vec<String>,
}

impl Backward {
    /// That of a run of which these buffers are left.
    pub fn new(run: Run, kernels: Arc<Kernels>, buffers: &Buffers) -> Result<Self> {
        let entries = kernels.launches("backward", run.geometry.steps)?;
        let read = entries.flat_map(|(_, entry)| &entry.buffers);
        let kept = read.filter(|buffer| !buffer.written && is_kept(buffer.role));
        let mut saved: Vec<String> = kept.map(|buffer| buffer.name.clone()).collect();
        // What is added up over lanes behind backward takes columns that forward had.
        saved.extend(kernels.manifest.outer.iter().filter_map(|outer| outer.right.clone()));
        saved.retain(|name| buffers.contains_key(name));
        saved.sort_unstable();
        saved.dedup();
        let has_gradient = |name: &String| match Operand::parse(name) {
            Some(Operand::Input(_) | Operand::Param(_) | Operand::Matrix(_)) => true,
            Some(Operand::State(_)) => buffers[name].is_floating_point(),
            _ => false,
        };
        let inputs = buffers.keys().filter(|name| has_gradient(name)).cloned().collect();
        Ok(Self { run, kernels, inputs, saved })
    }

    /// The names of what gradients are asked of.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// The names of what is saved.
    pub fn saved(&self) -> &[String] {
        &self.saved
    }

    /// Puts the gradients that backward begins with, in the order of the results.
    fn seed(&self, buffers: &mut Buffers, grads: &[Option<Tensor>]) {
        let manifest = &self.kernels.manifest;
        let mut outputs: Vec<&str> =
            manifest.outputs.iter().map(|port| port.name.as_str()).collect();
        let kept = manifest.states.iter().filter(|_| self.run.keeps_states);
        let mut states: Vec<&str> = kept.map(|port| port.name.as_str()).collect();
        outputs.sort_unstable();
        states.sort_unstable();
        let of_outputs = outputs.into_iter().map(Operand::OutputGrad);
        let names = of_outputs.chain(states.into_iter().map(Operand::NextGrad));
        for (operand, grad) in names.zip(grads) {
            let Some(grad) = grad else { continue };
            let kind = match operand {
                Operand::OutputGrad(_) => self.run.kind,
                _ => tch::Kind::Float,
            };
            let grad = grad.to_kind(kind);
            let is_row = grad.dim() < self.run.shape.len();
            let dense = match is_row {
                true => self.run.layout.dense_step(&grad, 0),
                false => self.run.layout.dense_steps(&grad),
            };
            buffers.insert(operand.to_string(), dense);
        }
    }

    fn gradient(&self, input: &str, buffers: &mut Buffers) -> Result<Option<Tensor>> {
        match Operand::parse(input) {
            Some(Operand::Input(name)) => Ok(buffers.remove(&Operand::InputGrad(name).to_string())),
            Some(Operand::State(name)) => Ok(buffers.remove(&Operand::StateGrad(name).to_string())),
            Some(Operand::Matrix(_)) => Ok(buffers.remove(&parallel::grad(input))),
            Some(Operand::Param(_)) if buffers.contains_key(&parallel::grad(input)) => {
                Ok(buffers.remove(&parallel::grad(input)))
            }
            Some(Operand::Param(name)) => {
                let partial = buffers.remove(&Operand::Partial(name).to_string());
                partial.map(|partial| self.reduce(name, &partial)).transpose()
            }
            _ => Ok(None),
        }
    }

    /// The sum of what lanes contribute to the gradient of a param.
    fn reduce(&self, name: &str, partial: &Tensor) -> Result<Tensor> {
        let Run { geometry, device, .. } = &self.run;
        let params = self.kernels.manifest.params.iter();
        let param = params.flat_map(Param::elements).find(|param| param.name == name);
        let param =
            param.ok_or_else(|| failed("backward", format!("there is no param `{name}`")))?;
        let n = partial.numel();
        let [g, s, o] = geometry.sums(param.sharing, n);
        let options = (tch::Kind::Float, *device);
        if n == 0 {
            return Ok(self.shaped(&param, Tensor::zeros([g as i64], options)));
        }
        let grad = Tensor::empty([g as i64], options);
        let entry = self.kernels.manifest.entries.get("reduce");
        let entry = entry.ok_or_else(|| Error::Artifact("it has no entry `reduce`".into()))?;
        let buffers = Buffers::from([
            ("partial".to_string(), partial.shallow_clone()),
            ("grad".to_string(), grad.shallow_clone()),
        ]);
        let scalars = [g as i64, s as i64, o as i64];
        start(&self.kernels, "reduce", entry, g, &buffers, &scalars)?;
        Ok(self.shaped(&param, grad))
    }

    /// A gradient in the shape in which the param was given to the kernels.
    fn shaped(&self, param: &Param, grad: Tensor) -> Tensor {
        let step = if self.run.shape.len() == 2 { 1 } else { 2 };
        match param.sharing {
            Sharing::Layer => grad.reshape([1_i64; 0]),
            Sharing::Channel => grad,
            Sharing::Neuron if step == 1 => grad,
            Sharing::Neuron => self.run.layout.undone(&grad, &self.run.shape[step..]),
        }
    }
}

impl Gradient for Backward {
    fn gradients(
        &self,
        saved: &[Option<Tensor>],
        grads: &[Option<Tensor>],
    ) -> Result<Vec<Option<Tensor>>> {
        let named = self.saved.iter().zip(saved);
        let named = named.filter_map(|(name, t)| Some((name.clone(), t.as_ref()?.shallow_clone())));
        let mut buffers: Buffers = named.collect();
        self.seed(&mut buffers, grads);
        // Nobody asks for the gradients of states that were not given.
        let left_out = |buffer: &Buffer| match Operand::parse(&buffer.name) {
            Some(Operand::StateGrad(name)) => {
                !self.inputs.contains(&Operand::State(name).to_string())
            }
            _ => false,
        };
        launch(&self.kernels, &self.run, "backward", &mut buffers, left_out)?;
        parallel::add_products(&self.kernels, &self.run, &mut buffers)?;
        self.inputs.iter().map(|input| self.gradient(input, &mut buffers)).collect()
    }
}
