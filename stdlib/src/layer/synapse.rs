//! Synapses with a state of their own.

use super::NeuronBuilder;
use super::neuron::Neuron;

/// The program of a synapse whose current decays where no spike comes in.
const FILTER: &str = include_str!("synapse_filter.snn");

/// A low-pass filter behind spikes: the current decays with the time constant `tau` where none comes in, and each
/// spike adds 1. SpikingJelly's `SynapseFilter`.
pub fn synapse_filter(tau: f64) -> NeuronBuilder {
    Neuron::of(FILTER).param("tau", tau)
}
