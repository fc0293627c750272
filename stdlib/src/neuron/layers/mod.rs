//! Neurons as layers: constructors of those of the language, and modules of those that have something in them that the
//! language cannot have, a layer between two steps or a look at all steps.

mod colored;
mod dsr;
mod few_spikes;
mod ilc;
mod kernels;
mod mpbn;
mod noise;
mod noisy;
mod param;
mod settings;
mod surrogate;
mod table;
mod typed;

#[cfg(test)]
mod tests;

pub use colored::ColoredNoise;
pub use dsr::{Dsr, DsrBuilder, dsr_if, dsr_lif};
pub use few_spikes::{FewSpikeTable, FewSpikes, FewSpikesBuilder};
pub use ilc::{Ilc, IlcBuilder, ilc_cuba_lif, ilc_if, ilc_lif};
pub use mpbn::{MpbnLif, MpbnLifBuilder};
pub use noise::{Noise, NoiseSettings};
pub use noisy::{Noisy, NoisyNonSpikingIf, noisy_cuba_lif, noisy_ilc_cuba_lif};
pub use param::Param;
pub use settings::Decode;
pub use surrogate::Surrogate;
pub use table::*;
