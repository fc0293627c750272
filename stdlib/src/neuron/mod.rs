//! The neurons of the standard library: the text of each, and with the feature `torch` a constructor of a layer of it.
//!
//! A constructor has a method for each option and param, under the names that SpikingJelly's users know: `tau`,
//! `decay_input`, `v_threshold`, `v_reset`, `surrogate`, `detach_reset`, `store_v_seq`, `step_mode`; what SpikingJelly
//! says by `v_reset=None` is `soft_reset(true)`. What comes in is `[T, N, *]`, or `[N, *]` in a single step, and what
//! goes out has that shape. A param is a number, or a `Param` that is learnt, or has a number for each channel or
//! neuron. Backward is the derivative of the equations as they stand, with that of the surrogate for a spike.
//!
//! Neurons of several inputs have no constructor, since a layer takes one: their files run through
//! `snn_runtime::torch::Neuron`.

#[cfg(feature = "torch")]
mod layers;

#[cfg(feature = "torch")]
pub use layers::*;

/// The files in `neurons/` by their names.
macro_rules! library {
    ($($name:literal)*) => {
        /// The names of the neuron files, in alphabetical order.
        pub const NAMES: &[&str] = &[$($name),*];

        /// Each neuron file by its name, with its text.
        const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../neurons/", $name, ".snn")))),*];
    };
}

library! {
    "activation_aware_if" "adapt" "adex" "adlif" "alif" "alpha" "alpha_lif" "alpha_synapse" "atrlif"
    "brf" "burst" "clif" "coba" "cuba" "cuba_feedback" "cuba_lif" "dh_lif" "dsr_if" "dsr_lif" "egru"
    "eif" "eif_ode" "escape_noise" "escape_rate" "few_spike" "few_spikes_over_time"
    "fitzhugh_nagumo" "gated_lif" "gif" "glif1" "glif2" "glif3" "glif4" "glif5" "grid_if"
    "half_threshold_if" "hg" "hindmarsh_rose" "hodgkin_huxley" "homeostatic" "if" "ilif"
    "izhikevich" "izhikevich_2003" "izhikevich_ode" "klif" "lapicque" "lava_cuba_lif" "lava_rf"
    "leaky" "learnt_width" "li" "liaf" "lif" "lif_units" "liquid_lif" "lsnn" "masked_psn"
    "mihalas_niebur" "morris_lecar" "mpbn_lif" "multi_threshold" "nengo_lif" "noisy_cuba_lif"
    "noisy_non_spiking_if" "non_spiking_if" "non_spiking_lif" "norse_lif" "norse_lif_adex"
    "norse_lsnn" "ottt_lif" "outlier_aware_threshold" "phase_coding" "plif" "psn" "qif" "qif_ode"
    "readout" "refractory" "resonate_and_fire" "rleaky" "se_adlif" "sigma_delta" "sliding_psn"
    "sltt_lif" "spiking_recurrent_cell" "srm" "stbif" "step_forward" "synaptic" "tc_lif"
    "ternary_if" "ternary_lif" "theta" "time_to_first_spike" "timed_decay" "tsodyks_markram"
    "two_compartment" "wilson_cowan"
}

/// The text of a neuron file, as `import "std/lif.snn"` brings it for the name `lif`, and `snnc run std:lif` runs it.
pub fn source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
