//! What a neuron is given and what it gives, by name.

use std::collections::BTreeMap;

use super::array::{self, Array, Arrays};
use super::broadcast;
use super::packed::Packed;
use crate::error::{Error, Result};

/// The operands of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// Every input, `[T, N, *]`. An input may have size 1 on an axis behind T where others have more: it
    /// is repeated there, and its gradient is summed. In `[T, N]` the axis N is the neuron axis for params
    /// per channel and per neuron alike.
    pub inputs: Arrays,
    /// The shape of the run, `[T, N, *]`, of a neuron without an input. Where there are inputs it is
    /// theirs, and this may be left empty.
    pub sizes: Vec<usize>,
    /// Params; what is left out has its declared numbers, or is drawn. They are the constrained numbers (the 0.5 of a
    /// decay), whatever is stored. Shapes: `[]` or `[1]` per layer, `[C]` per channel, the shape of a
    /// step without the batch per neuron; `[]` and `[1]` are repeated there. A param `[K]` has the axis K
    /// before these, a param `[T]` the axis T.
    pub params: Arrays,
    /// States before the first step, `[N, *]`; what is left out has its declared value.
    pub states: Arrays,
    /// Which axis of the inputs is the channels', T counted as 0; negative from the end. Without it,
    /// [`CHANNEL_AXIS`], and in `[T, N]` the axis N.
    pub channel_axis: Option<isize>,
    /// Where the random numbers start, those of params whose defaults are drawn and those that the neuron draws at
    /// each step: the same seed gives the same numbers, on every machine.
    pub seed: u64,
    /// The number of the first step for what is drawn at each step. A run that goes on from the states of another
    /// draws what one run over all steps would, where this is how many steps the other had.
    pub first_step: u32,
}

impl Call {
    /// The shape of the run: what the inputs have together, or what is said where there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] names the first input, by their names' order, that does not fit to those before
    /// it, or `sizes` that are not those of the inputs.
    pub fn shape(&self) -> Result<Vec<usize>> {
        let shape = broadcast::shape(&self.inputs)?;
        if self.inputs.is_empty() || self.sizes.is_empty() || self.sizes == shape {
            return Ok(if self.inputs.is_empty() { self.sizes.clone() } else { shape });
        }
        Err(Error::Shape {
            operand: "sizes".into(),
            expected: format!("{}, which the inputs have", array::text(&shape)),
            given: array::text(&self.sizes),
        })
    }
}

/// The channel axis where nothing else is said: the one behind T and N.
pub const CHANNEL_AXIS: isize = 2;

/// Gradients to begin backward with. What is left out is 0, and a number of shape `[]` stands for an
/// array full of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seeds {
    /// Of outputs, `[T, N, *]`; the name [`ALL`] stands for each output that is not named.
    pub outputs: Arrays,
    /// Of states after the last step, `[N, *]`; the name [`ALL`] stands for each that is not named.
    pub states: Arrays,
}

/// The name in [`Seeds`] that stands for all that are not named.
pub const ALL: &str = "*";

impl Seeds {
    /// Those that give the gradient of the sum of all outputs.
    pub fn ones() -> Self {
        let outputs = Arrays::from([(ALL.to_string(), Array::scalar(1.0))]);
        Self { outputs, states: Arrays::new() }
    }
}

/// What forward gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forward {
    /// Outputs, `[T, N, *]`, but for packed ones.
    pub outputs: Arrays,
    /// Outputs whose spikes are packed.
    pub packed: BTreeMap<String, Packed>,
    /// States after the last step, `[N, *]`.
    pub states: Arrays,
}

/// What backward gives, beside what forward gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// Outputs and last states.
    pub forward: Forward,
    /// Of inputs, each in the input's shape.
    pub inputs: Arrays,
    /// Of the stored numbers of learnt params, in the shape that the param was given in; `[]`, `[C]` or
    /// the shape of a step where it was not given or was repeated.
    pub params: Arrays,
    /// Of states before the first step, `[N, *]`.
    pub states: Arrays,
}
