//! Neurons with coloured noise: Chen, Peng, Huang and Tian, "Noisy spiking actor network for exploration", 2024.

use tch::Tensor;

use super::ilc::{Ilc, ilc_cuba_lif};
use super::noise::{Noise, NoiseSettings};
use super::settings::Decode;
use super::table::{CubaLif, NonSpikingIf};
use crate::error::Result;
use crate::layer::{Neuron, full};
use crate::nn::{Context, Module, Node, Value};

/// Neurons with noise on what comes in and on what goes out.
///
/// Of the input `x` and the noises `a` and `b`, the neurons are given `x + sigma a`, and the output is `s + sigma b`
/// of their output `s`, where `sigma` is `sigma_init / sqrt(n)` of `n` neurons. The reset is by `s` alone; what comes
/// back through the connections of [`Ilc`] is the output with its noise. The noise is made ahead by
/// [`Noise::reset_noise`].
///
/// # Shapes
///
/// `[T, N, n]` to the same, where `T` is the `steps` of the noise.
///
/// # State
///
/// That of the neurons, which goes on to the next call until it is reset, where SpikingJelly begins each call anew, as
/// [`Context::from_rest`] does. The noise is no state: a reset leaves it.
pub struct Noisy {
    body: Body,
    noise: Noise<2>,
    sigma: f64,
}

enum Body {
    Neuron(Neuron),
    Ilc(Ilc),
}

/// Neurons charged by a leaky current, with noise. SpikingJelly's `NoisyCUBALIFNode` with its defaults; others are
/// those of the neuron that [`Noisy::new`] is given.
///
/// # Errors
///
/// Those of [`Noisy::new`].
pub fn noisy_cuba_lif(num_node: i64, settings: NoiseSettings) -> Result<Noisy> {
    Noisy::new(CubaLif::new().build()?, num_node, settings)
}

/// The same with connections within populations, and a threshold of 1. SpikingJelly's `NoisyILCCUBALIFNode` with its
/// defaults; others are those of the neurons that [`Noisy::ilc`] is given.
///
/// # Errors
///
/// Those of [`Noisy::ilc`] and [`IlcBuilder::build`](super::IlcBuilder::build).
pub fn noisy_ilc_cuba_lif(
    act_dim: i64,
    dec_pop_dim: i64,
    settings: NoiseSettings,
) -> Result<Noisy> {
    Noisy::ilc(ilc_cuba_lif(act_dim, dec_pop_dim).v_threshold(1.0).build()?, settings)
}

impl Noisy {
    /// So many neurons of any kind, with noise.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where the settings are out of their range.
    pub fn new(neuron: Neuron, num_node: i64, settings: NoiseSettings) -> Result<Self> {
        Self::around(Body::Neuron(neuron), num_node, settings)
    }

    /// Neurons with connections within populations, with noise.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where the settings are out of their range.
    pub fn ilc(ilc: Ilc, settings: NoiseSettings) -> Result<Self> {
        let num_node = ilc.num_node();
        Self::around(Body::Ilc(ilc), num_node, settings)
    }

    fn around(body: Body, num_node: i64, settings: NoiseSettings) -> Result<Self> {
        let noise = Noise::new("Noisy", num_node, settings)?;
        Ok(Self { body, sigma: settings.sigma(num_node), noise })
    }

    /// Its noise, to be made, taken out, loaded or left out.
    pub fn noise(&mut self) -> &mut Noise<2> {
        &mut self.noise
    }
}

impl Module for Noisy {
    fn node(&self) -> Node {
        self.noise.node()
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let sigma = self.sigma;
        let noise = self.noise.take(input, context)?;
        let noise = noise.map(|parts| parts.map(|part| part * sigma));
        let neuron = match &mut self.body {
            Body::Ilc(ilc) => {
                let noise = noise.as_ref().map(|[before, behind]| (before, behind));
                return ilc.run(input, noise, context).map_err(|error| error.at("ilc"));
            }
            Body::Neuron(neuron) => neuron,
        };
        let of_neuron = |error: crate::Error| error.at("neuron");
        match noise {
            None => neuron.forward(input, context).map_err(of_neuron),
            Some([before, behind]) => {
                let spikes = neuron.forward(&input.f_add(&before)?, context).map_err(of_neuron)?;
                Ok(spikes.f_add(&behind)?)
            }
        }
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        self.noise.buffers()
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        match &self.body {
            Body::Neuron(neuron) => vec![("neuron".into(), neuron)],
            Body::Ilc(ilc) => vec![("ilc".into(), ilc)],
        }
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        match &mut self.body {
            Body::Neuron(neuron) => vec![("neuron".into(), neuron)],
            Body::Ilc(ilc) => vec![("ilc".into(), ilc)],
        }
    }
}

/// Integrators that do not spike, with noise of a learnt size: `v = v + x + sigma a` of the input `x` and the noise
/// `a`. SpikingJelly's `NoisyNonSpikingIFNode`.
///
/// `sigma` is a param with a number for each neuron, at first `sigma_init / sqrt(n)` of `n` neurons. The noise is made
/// ahead by [`Noise::reset_noise`].
///
/// # Shapes
///
/// `[T, N, n]` to the potentials of all steps, the same, or `[N, n]` as they are decoded; `T` is the `steps` of the
/// noise.
///
/// # State
///
/// The potential, which goes on to the next call until it is reset, where SpikingJelly begins each call at 0, as
/// [`Context::from_rest`] does.
pub struct NoisyNonSpikingIf {
    neuron: Neuron,
    noise: Noise<1>,
    sigma: Tensor,
    decode: Option<Decode>,
}

impl NoisyNonSpikingIf {
    /// So many neurons, which give all their potentials.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`](crate::Error::Settings) where the settings are out of their range.
    pub fn new(num_node: i64, settings: NoiseSettings) -> Result<Self> {
        let noise = Noise::new("NoisyNonSpikingIf", num_node, settings)?;
        let neuron = NonSpikingIf::new().build()?;
        let sigma = full(&[num_node], settings.sigma(num_node));
        Ok(Self { neuron, noise, sigma, decode: None })
    }

    /// The same with one number for all steps.
    pub fn decode(self, decode: Decode) -> Self {
        Self { decode: Some(decode), ..self }
    }

    /// Its noise, to be made, taken out, loaded or left out.
    pub fn noise(&mut self) -> &mut Noise<1> {
        &mut self.noise
    }
}

impl Module for NoisyNonSpikingIf {
    fn node(&self) -> Node {
        let node = self.noise.node();
        match self.decode {
            Some(decode) => node.with("decode", Value::Text(format!("{decode:?}"))),
            None => node,
        }
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        let x = match self.noise.take(input, context)? {
            Some([noise]) => input.f_add(&self.sigma.f_mul(&noise)?.f_to_kind(input.kind())?)?,
            None => input.shallow_clone(),
        };
        let v = self.neuron.forward(&x, context).map_err(|error| error.at("neuron"))?;
        Ok(match self.decode {
            None => v,
            Some(Decode::MaxMem) => v.f_max_dim(0, false)?.0,
            Some(Decode::MaxAbsMem) => {
                let (high, low) = (v.f_max_dim(0, false)?.0, v.f_min_dim(0, false)?.0);
                high.f_where_self(&high.f_abs()?.f_gt_tensor(&low.f_abs()?)?, &low)?
            }
            Some(Decode::MeanMem) => v.f_mean_dim([0_i64].as_slice(), false, v.kind())?,
            Some(Decode::LastMem) => v.f_select(0, -1)?,
        })
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        vec![("sigma".into(), &self.sigma)]
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        self.noise.buffers()
    }

    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![("neuron".into(), &self.neuron)]
    }

    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        vec![("neuron".into(), &mut self.neuron)]
    }
}
