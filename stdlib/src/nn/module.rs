//! What a part of a network is.

use std::collections::BTreeMap;
use std::fmt;

use tch::Tensor;

use crate::error::Result;

/// Whether a call is one step or a sequence of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StepMode {
    /// `[N, *]`: one step; states go on from the call before.
    Single,
    /// `[T, N, *]`: `T` steps at once.
    #[default]
    Multi,
}

/// How a network is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether a call is one step or many.
    pub step_mode: StepMode,
    /// Whether dropout drops, and normalisation takes the batch's statistics and keeps them.
    pub training: bool,
}

impl Context {
    /// Training over sequences.
    pub fn train() -> Self {
        Self { step_mode: StepMode::Multi, training: true }
    }

    /// Inference over sequences.
    pub fn eval() -> Self {
        Self { step_mode: StepMode::Multi, training: false }
    }

    /// The same in another step mode.
    pub fn with(self, step_mode: StepMode) -> Self {
        Self { step_mode, ..self }
    }
}

/// States by name; one that is not there has its declared value at the next call.
pub type States = BTreeMap<String, Tensor>;

/// A setting of a module, as data.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A switch.
    Bool(bool),
    /// A size or a count.
    Int(i64),
    /// One for each axis.
    Ints(Vec<i64>),
    /// A number.
    Real(f64),
    /// A name or a text.
    Text(String),
}

/// A description of a module without its children: enough to build it again, to export and to convert it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The kind of module, `Conv2d`.
    pub kind: String,
    /// Its settings, by the names of the fields that set them.
    pub settings: BTreeMap<String, Value>,
}

impl Node {
    /// A module without settings.
    pub fn new(kind: &str) -> Self {
        Self { kind: kind.into(), settings: BTreeMap::new() }
    }

    /// The same with a setting.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.settings.insert(name.into(), value);
        self
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        self.settings.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Ints(values) => write!(f, "{values:?}"),
            Value::Real(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
        }
    }
}

/// A part of a network.
///
/// Modules that hold others name them in [`Module::children`], and nothing of them in the other methods.
pub trait Module: Send {
    /// What it is.
    fn node(&self) -> Node;

    /// Runs it: over `[T, N, *]` in multi-step mode, over `[N, *]` in single-step mode.
    ///
    /// # Errors
    ///
    /// Where the input does not fit, and those of the operations.
    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor>;

    /// What is learnt, with PyTorch's names.
    fn params(&self) -> Vec<(String, &Tensor)> {
        Vec::new()
    }

    /// What is kept with the params, but not learnt.
    fn buffers(&self) -> Vec<(String, &Tensor)> {
        Vec::new()
    }

    /// What goes on from one call to the next until the network is reset.
    fn states(&self) -> Option<&States> {
        None
    }

    /// The same, to be reset, detached or set.
    fn states_mut(&mut self) -> Option<&mut States> {
        None
    }

    /// The modules it is made of, with their names.
    fn children(&self) -> Vec<(String, &dyn Module)> {
        Vec::new()
    }

    /// The same, to be run or changed.
    fn children_mut(&mut self) -> Vec<(String, &mut dyn Module)> {
        Vec::new()
    }

    /// The share of ones in what it gave last, where it is a neuron that spikes; a look at it waits for the device.
    fn firing_rate(&self) -> Option<f64> {
        None
    }
}
