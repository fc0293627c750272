//! What a param of a neuron is given.

use tch::Tensor;

use crate::layer::NeuronBuilder;

/// A param's number or numbers, who shares them, and whether they are learnt.
///
/// ```
/// use snn::neuron::{Lif, Param};
///
/// Lif::new().tau(4.0);
/// Lif::new().tau(Param::from(4.0).learnt());
/// Lif::new().tau(Param::from(4.0).learnt().per_channel(64));
/// ```
#[derive(Debug)]
pub struct Param {
    numbers: Numbers,
    learnt: bool,
    sharing: Sharing,
}

#[derive(Debug)]
enum Numbers {
    Same(f64),
    Each(Tensor),
}

#[derive(Debug)]
enum Sharing {
    Declared,
    Channel(i64),
    Neuron(Vec<i64>),
}

impl Param {
    /// Learnt, though the file may not say so.
    #[must_use]
    pub fn learnt(self) -> Self {
        Self { learnt: true, ..self }
    }

    /// With a number for each channel, of which there are so many.
    #[must_use]
    pub fn per_channel(self, channels: i64) -> Self {
        Self { sharing: Sharing::Channel(channels), ..self }
    }

    /// With a number for each neuron, which stand in this shape without the batch.
    #[must_use]
    pub fn per_neuron(self, shape: &[i64]) -> Self {
        Self { sharing: Sharing::Neuron(shape.to_vec()), ..self }
    }

    /// Gives it to a neuron under its name.
    pub(super) fn give(self, builder: NeuronBuilder, name: &str) -> NeuronBuilder {
        let builder = match &self.sharing {
            Sharing::Declared => builder,
            Sharing::Channel(channels) => builder.per_channel(name, *channels),
            Sharing::Neuron(shape) => builder.per_neuron(name, shape),
        };
        let builder = match &self.numbers {
            Numbers::Same(number) => builder.param(name, *number),
            Numbers::Each(numbers) => builder.numbers(name, numbers),
        };
        if self.learnt { builder.learn(name) } else { builder }
    }
}

/// One number for all, or what each begins with.
impl From<f64> for Param {
    fn from(number: f64) -> Self {
        let numbers = Numbers::Same(number);
        Self { numbers, learnt: false, sharing: Sharing::Declared }
    }
}

/// Numbers for a param that has more than one: see [`NeuronBuilder::numbers`] for the shapes. Those for channels or
/// neurons need [`Param::per_channel`] or [`Param::per_neuron`] where the file does not say who shares them.
impl From<&Tensor> for Param {
    fn from(numbers: &Tensor) -> Self {
        let numbers = Numbers::Each(numbers.shallow_clone());
        Self { numbers, learnt: false, sharing: Sharing::Declared }
    }
}
