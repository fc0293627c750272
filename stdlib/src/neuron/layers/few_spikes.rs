//! Codes of few spikes over as many steps: Stöckl and Maass, "Optimized spiking neurons can classify images with high
//! accuracy through temporal coding with two spikes", Nature Machine Intelligence 3, 2021, and Chen et al., "LAS:
//! loss-less ANN-SNN conversion for fully spike-driven large language models", AAAI 2026.

use snn_runtime::torch::{Call, Neuron as Kernels};
use tch::Tensor;

use super::kernels::{kernels, wrong};
use super::surrogate::Surrogate;
use crate::error::Result;
use crate::layer::misfit;
use crate::nn::{Context, Module, Node, StepMode, Value};

/// A spike for each step of a code.
const STEPS: &str = include_str!("few_spikes.snn");

/// The numbers of a code of few spikes, `K` of each: at the step `i` a neuron fires where its potential is at least
/// `theta[i]`, which sends `d[i]` and takes `h[i]` off the potential.
#[derive(Clone, Debug, PartialEq)]
pub struct FewSpikeTable {
    /// The thresholds.
    pub theta: Vec<f32>,
    /// What a spike takes off the potential.
    pub h: Vec<f32>,
    /// What a spike sends.
    pub d: Vec<f32>,
}

/// Neurons that read a number out by a code of `K` steps, with a spike at most in each.
///
/// SpikingJelly's `FewSpikeNode`, [`FewSpikes::of`], its `OutlierAwareThresholdNode`, [`FewSpikes::outlier_aware`],
/// and its `HGNode`, [`FewSpikes::gated`], with their tables as buffers `theta`, `h` and `d` of `[regions, K]`.
///
/// # Shapes
///
/// `[T, N, *]` to the same, where `T` is `K`: the number that is read out is the sum over the steps of the input, and
/// the sum over those of the output is what it is read out as. In single-step mode `[N, *]` to the same, which is that
/// sum; the neurons `few_spike`, `outlier_aware_threshold` and `hg` of the library are these as kernels of one step.
///
/// # State
///
/// None.
pub struct FewSpikes {
    kernels: Kernels,
    name: &'static str,
    steps: i64,
    surrogate: Surrogate,
    /// `[regions, K]`.
    numbers: [Tensor; 3],
    /// Where each region begins, `[regions]`; the first one's is not used.
    above: Tensor,
    /// Whether the size of a number is read out, and the sign is put back.
    is_signed: bool,
    clamp_value: Option<f64>,
}

/// What is decided about neurons with a code of few spikes.
#[derive(Clone, Debug)]
pub struct FewSpikesBuilder {
    name: &'static str,
    tables: Vec<FewSpikeTable>,
    thresholds: Vec<f32>,
    is_signed: bool,
    clamp_value: Option<f64>,
    surrogate: Surrogate,
}

impl FewSpikes {
    /// A code by one table. SpikingJelly's `FewSpikeNode`.
    pub fn of(table: FewSpikeTable) -> FewSpikesBuilder {
        FewSpikesBuilder::new("FewSpike", vec![table], Vec::new())
    }

    /// A code of the size of a number, with its sign: by one table up to `split_threshold` and by another one above.
    /// SpikingJelly's `OutlierAwareThresholdNode`.
    pub fn outlier_aware(
        table: FewSpikeTable,
        outlier_table: FewSpikeTable,
        split_threshold: f32,
    ) -> FewSpikesBuilder {
        let tables = vec![table, outlier_table];
        let builder = FewSpikesBuilder::new("OutlierAwareThreshold", tables, vec![split_threshold]);
        FewSpikesBuilder { is_signed: true, ..builder }
    }

    /// A code by a table for each region of numbers, which the rising `gate_thresholds` divide, one less than tables;
    /// a threshold itself is in the region below. SpikingJelly's `HGNode`.
    pub fn gated(tables: Vec<FewSpikeTable>, gate_thresholds: &[f32]) -> FewSpikesBuilder {
        FewSpikesBuilder::new("Hg", tables, gate_thresholds.to_vec())
    }
}

impl FewSpikesBuilder {
    fn new(name: &'static str, tables: Vec<FewSpikeTable>, thresholds: Vec<f32>) -> Self {
        let surrogate = Surrogate::sigmoid(4.0);
        Self { name, tables, thresholds, is_signed: false, clamp_value: None, surrogate }
    }

    /// The surrogate, `Surrogate::sigmoid(4.0)` at first.
    pub fn surrogate(self, surrogate: Surrogate) -> Self {
        Self { surrogate, ..self }
    }

    /// Cuts numbers to this on both sides first, where outliers have a table.
    pub fn clamp_value(self, clamp_value: f64) -> Self {
        Self { clamp_value: Some(clamp_value), ..self }
    }

    /// The neurons.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where there is no table, tables differ in length or have numbers
    /// that are not finite, thresholds do not rise or are not one less than tables, or numbers are cut below the
    /// split.
    pub fn build(self) -> Result<FewSpikes> {
        self.check().map_err(|why| wrong(self.name, why))?;
        let (regions, steps) = (self.tables.len(), self.tables[0].theta.len());
        let surr = ("surr", self.surrogate.to_string());
        let options = [surr, ("regions", regions.to_string()), ("k", steps.to_string())];
        let kernels = kernels(STEPS, &options, &[], &[])?;
        let numbers = |of: fn(&FewSpikeTable) -> &Vec<f32>| -> Result<Tensor> {
            let all: Vec<f32> = self.tables.iter().flat_map(of).copied().collect();
            Ok(Tensor::from_slice(&all).f_reshape([regions as i64, steps as i64])?)
        };
        let above: Vec<f32> = std::iter::once(0.0).chain(self.thresholds.iter().copied()).collect();
        Ok(FewSpikes {
            kernels,
            name: self.name,
            steps: steps as i64,
            surrogate: self.surrogate.clone(),
            numbers: [
                numbers(|table| &table.theta)?,
                numbers(|table| &table.h)?,
                numbers(|table| &table.d)?,
            ],
            above: Tensor::from_slice(&above),
            is_signed: self.is_signed,
            clamp_value: self.clamp_value,
        })
    }

    fn check(&self) -> Result<(), String> {
        let Some(first) = self.tables.first() else {
            return Err("has no table, but takes one or more".into());
        };
        let steps = first.theta.len();
        if steps == 0 {
            return Err("has a table without numbers".into());
        }
        for (i, FewSpikeTable { theta, h, d }) in self.tables.iter().enumerate() {
            if [theta, h, d].iter().any(|numbers| numbers.len() != steps) {
                let given = [theta.len(), h.len(), d.len()];
                return Err(format!(
                    "takes {steps} numbers of `theta`, `h` and `d` each, but table {i} has {given:?}"
                ));
            }
            if [theta, h, d].into_iter().flatten().any(|number| !number.is_finite()) {
                return Err(format!("has a number in table {i} that is not finite"));
            }
        }
        let (tables, thresholds) = (self.tables.len(), &self.thresholds);
        if thresholds.len() + 1 != tables {
            let given = thresholds.len();
            return Err(format!(
                "takes {} thresholds for {tables} tables, but has {given}",
                tables - 1
            ));
        }
        if thresholds.iter().any(|number| !number.is_finite())
            || thresholds.windows(2).any(|pair| pair[0] >= pair[1])
        {
            return Err(format!("takes finite thresholds that rise, but has {thresholds:?}"));
        }
        match (self.is_signed.then(|| f64::from(thresholds[0])), self.clamp_value) {
            (Some(split), _) if split < 0.0 => {
                Err(format!("takes a `split_threshold` from 0, but has {split}"))
            }
            (Some(split), Some(clamp)) if !(clamp > 0.0 && clamp >= split && clamp.is_finite()) => {
                let from =
                    format!("takes a `clamp_value` above 0 and from the `split_threshold` {split}");
                Err(format!("{from}, but has {clamp}"))
            }
            (None, Some(_)) => Err("has no `clamp_value`: only a table of outliers has one".into()),
            _ => Ok(()),
        }
    }
}

impl FewSpikes {
    /// The code of `[N, *]`, `[K, N, *]`.
    fn code(&self, numbers: &Tensor) -> Result<Tensor> {
        let gate = match self.clamp_value {
            Some(clamp) => numbers.f_clamp(-clamp, clamp)?,
            None => numbers.shallow_clone(),
        };
        let size = if self.is_signed { gate.f_abs()? } else { gate.shallow_clone() };
        let mut shape = size.size();
        shape.insert(0, self.steps);
        let x = size.f_unsqueeze(0)?.f_expand(shape, false)?;
        let mut params = vec![("above".into(), self.above.shallow_clone())];
        for (name, numbers) in ["theta", "h", "d"].into_iter().zip(&self.numbers) {
            params.push((name.into(), numbers.f_flatten(0, 1)?));
        }
        let call = Call {
            inputs: [("x".into(), x)].into(),
            params: params.into_iter().collect(),
            forget_states: true,
            ..Call::default()
        };
        let mut forward = self.kernels.forward(&call)?;
        let none = || wrong(self.name, "has no output `y`");
        let code = forward.outputs.remove("y").ok_or_else(none)?;
        Ok(if self.is_signed { code.f_mul(&gate.f_sign()?.detach())? } else { code })
    }
}

impl Module for FewSpikes {
    fn node(&self) -> Node {
        let node = Node::new(self.name)
            .with("K", Value::Int(self.steps))
            .with("surr", Value::Text(self.surrogate.to_string()));
        match self.clamp_value {
            Some(clamp) => node.with("clamp_value", Value::Real(clamp)),
            None => node,
        }
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        if context.step_mode == StepMode::Single {
            if input.dim() < 1 {
                return Err(misfit(self.name, "[N, *]", input));
            }
            return Ok(self.code(input)?.f_sum_dim_intlist(
                [0_i64].as_slice(),
                false,
                input.kind(),
            )?);
        }
        if input.dim() < 2 || input.size()[0] != self.steps {
            return Err(misfit(self.name, format!("[{}, N, *]", self.steps), input));
        }
        self.code(&input.f_sum_dim_intlist([0_i64].as_slice(), false, input.kind())?)
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        let numbers = ["theta", "h", "d"].map(String::from).into_iter().zip(&self.numbers);
        numbers.chain([("above".into(), &self.above)]).collect()
    }
}
