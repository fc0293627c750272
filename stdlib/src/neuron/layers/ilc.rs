//! Neurons whose spikes come back to their own population.

use tch::Tensor;

use super::kernels::wrong;
use super::surrogate::Surrogate;
use super::table::{CubaLif, If};
use crate::error::Result;
use crate::layer::{Conv, ConvSettings, Neuron, NeuronBuilder, misfit, whole};
use crate::nn::{Context, Module, Node, States, StepMode, Value};

const NAME: &str = "Ilc";

/// What goes on to the next step.
const OUTPUT: &str = "output";

/// A leak that is a decay, which no neuron of the library has without a current.
const DECAY_LIF: &str = include_str!("decay_lif.snn");

/// Neurons in `act_dim` populations of `dec_pop_dim`, with connections within a population: Chen, Peng, Huang and
/// Tian, "Fully spiking actor network with intralayer connections for reinforcement learning", IEEE Transactions on
/// Neural Networks and Learning Systems, 2024.
///
/// The neurons of a step are given their input and, behind the first step, what `conn` makes of the output of their
/// population a step before: a convolution with a group for each population and a kernel as long as a population,
/// which is a linear layer with a bias for each.
///
/// # Shapes
///
/// `[T, N, act_dim * dec_pop_dim]`, or `[N, act_dim * dec_pop_dim]` of a single step; the output has the same.
///
/// # State
///
/// That of the neurons, and the output of the last step. Both go on to the next call until they are reset, where
/// SpikingJelly begins each call anew, as [`Context::from_rest`] does. The input is left as it is.
pub struct Ilc {
    conn: Conv,
    neuron: Neuron,
    act_dim: i64,
    dec_pop_dim: i64,
    states: States,
}

/// What is decided about neurons with connections within a population, with SpikingJelly's names and defaults.
#[derive(Clone, Debug)]
pub struct IlcBuilder {
    neuron: NeuronBuilder,
    act_dim: i64,
    dec_pop_dim: i64,
}

/// Integrate-and-fire neurons, `v = v + x`. SpikingJelly's `ILCIFNode`.
pub fn ilc_if(act_dim: i64, dec_pop_dim: i64) -> IlcBuilder {
    let neuron = If::new().surrogate(Surrogate::rect(1.0)).into();
    IlcBuilder { neuron, act_dim, dec_pop_dim }
}

/// Leaky neurons, `v = v_decay * v + x`. SpikingJelly's `ILCLIFNode`.
pub fn ilc_lif(act_dim: i64, dec_pop_dim: i64) -> IlcBuilder {
    IlcBuilder { neuron: Neuron::of(DECAY_LIF), act_dim, dec_pop_dim }
}

/// Neurons charged by a leaky current, `c = c_decay * c + x` and `v = v_decay * v + c`. SpikingJelly's
/// `ILCCUBALIFNode`.
pub fn ilc_cuba_lif(act_dim: i64, dec_pop_dim: i64) -> IlcBuilder {
    IlcBuilder { neuron: CubaLif::new().into(), act_dim, dec_pop_dim }
}

impl IlcBuilder {
    /// The share of the current that is left a step later, 0.5 at first.
    pub fn c_decay(self, c_decay: f64) -> Self {
        self.param("c_decay", c_decay)
    }

    /// The share of the potential that is left a step later, 0.75 at first.
    pub fn v_decay(self, v_decay: f64) -> Self {
        self.param("v_decay", v_decay)
    }

    /// The threshold: 1 at first, 0.5 of neurons with a current.
    pub fn v_threshold(self, v_threshold: f64) -> Self {
        self.param("v_threshold", v_threshold)
    }

    /// What the potential begins with and is reset to, 0 at first.
    pub fn v_reset(self, v_reset: f64) -> Self {
        self.param("v_reset", v_reset)
    }

    /// Whether a spike takes the threshold off the potential, which begins at 0 then.
    pub fn soft_reset(self, soft_reset: bool) -> Self {
        self.option("soft_reset", &soft_reset.to_string())
    }

    /// Whether the reset is without a gradient.
    pub fn detach_reset(self, detach_reset: bool) -> Self {
        self.option("detach_reset", &detach_reset.to_string())
    }

    /// The surrogate, `Surrogate::rect(1.0)` at first.
    pub fn surrogate(self, surrogate: Surrogate) -> Self {
        self.option("surr", &surrogate.to_string())
    }

    fn param(self, name: &str, number: f64) -> Self {
        Self { neuron: self.neuron.param(name, number), ..self }
    }

    fn option(self, name: &str, value: &str) -> Self {
        Self { neuron: self.neuron.option(name, value), ..self }
    }

    /// The neurons, with PyTorch's initial numbers in the connections.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where there is no population or nobody in it; those of
    /// [`NeuronBuilder::build`], such as of a param that the neuron does not have.
    pub fn build(self) -> Result<Ilc> {
        Ilc::new(self.neuron.build()?, self.act_dim, self.dec_pop_dim)
    }
}

impl Ilc {
    /// Connections within populations of any neuron.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where there is no population or nobody in it.
    pub fn new(neuron: Neuron, act_dim: i64, dec_pop_dim: i64) -> Result<Self> {
        if act_dim < 1 || dec_pop_dim < 1 {
            let why = format!(
                "has {act_dim} populations of {dec_pop_dim}, but takes one or more of one or more"
            );
            return Err(wrong(NAME, why));
        }
        let settings = ConvSettings::kernel(&[dec_pop_dim]).groups(act_dim);
        let conn = Conv::new(act_dim, act_dim * dec_pop_dim, settings)?;
        Ok(Self { conn, neuron, act_dim, dec_pop_dim, states: States::new() })
    }

    /// How many neurons there are.
    pub(super) fn num_node(&self) -> i64 {
        self.act_dim * self.dec_pop_dim
    }

    /// Runs it with noise `[T, 1 or N, P]` on what comes in and on what goes out, and so on what comes back.
    pub(super) fn run(
        &mut self,
        input: &Tensor,
        noise: Option<(&Tensor, &Tensor)>,
        context: &Context,
    ) -> Result<Tensor> {
        let is_single = context.step_mode == StepMode::Single;
        let rank = if is_single { 2 } else { 3 };
        let features = self.num_node();
        if input.dim() != rank || input.size()[rank - 1] != features || input.size()[0] == 0 {
            let axes = if is_single { "N" } else { "T, N" };
            let (act_dim, dec_pop_dim) = (self.act_dim, self.dec_pop_dim);
            let expected =
                format!("[{axes}, {features}] for {act_dim} populations of {dec_pop_dim}");
            return Err(misfit(NAME, expected, input));
        }
        if is_single {
            return self.step(input, None, context);
        }
        let single = context.with(StepMode::Single);
        let one = |module: &mut Self, t: i64| {
            let noise = match noise {
                Some((before, behind)) => Some((before.f_select(0, t)?, behind.f_select(0, t)?)),
                None => None,
            };
            module.step(&input.f_select(0, t)?, noise, &single)
        };
        whole(self, context, |module| {
            let outputs: Result<Vec<Tensor>> =
                (0..input.size()[0]).map(|t| one(module, t)).collect();
            Ok(Tensor::f_stack(&outputs?, 0)?)
        })
    }

    fn step(
        &mut self,
        input: &Tensor,
        noise: Option<(Tensor, Tensor)>,
        context: &Context,
    ) -> Result<Tensor> {
        let mut x = input.shallow_clone();
        // Another batch size begins anew, as the neurons do.
        if let Some(last) = self.states.get(OUTPUT).filter(|last| last.size() == x.size()) {
            let populations = last.f_unflatten(1, [self.act_dim, self.dec_pop_dim])?;
            let back = self.conn.forward(&populations, context).map_err(|e| e.at("conn"))?;
            x = x.f_add(&back.f_squeeze_dim(2)?)?;
        }
        let of_neuron = |error: crate::Error| error.at("neuron");
        let output = match noise {
            None => self.neuron.forward(&x, context).map_err(of_neuron)?,
            Some((before, behind)) => {
                let spikes = self.neuron.forward(&x.f_add(&before)?, context);
                spikes.map_err(of_neuron)?.f_add(&behind)?
            }
        };
        self.states.insert(OUTPUT.into(), output.shallow_clone());
        Ok(output)
    }
}

impl Module for Ilc {
    fn node(&self) -> Node {
        Node::new(NAME)
            .with("act_dim", Value::Int(self.act_dim))
            .with("dec_pop_dim", Value::Int(self.dec_pop_dim))
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        self.run(input, None, context)
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    fn states_mut(&mut self) -> Option<&mut States> {
        Some(&mut self.states)
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![("conn".into(), &self.conn), ("neuron".into(), &self.neuron)]
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        vec![("conn".into(), &mut self.conn), ("neuron".into(), &mut self.neuron)]
    }
}
