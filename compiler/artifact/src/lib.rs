//! What the compiler emits and the runtime loads: code, entry points and the signature of each.
//!
//! Plain data with a schema of its own, so that a program can ship artifacts and launch them from any
//! language without the compiler. The manifest alone says how to launch: which buffers in which order,
//! which scalars, what geometry.

mod bytes;
pub mod half;
pub mod naming;

use std::collections::BTreeMap;
use std::{fmt, iter};

use serde::{Deserialize, Serialize};

pub use bytes::{digest, hash};

/// Most lanes of a channel that backward adds up for the gradient of a param per channel, a power of two.
pub const GROUP: u32 = 16;

/// How many it adds up where neighbours on the channel axis are so many lanes apart.
pub fn group(channel_stride: usize) -> usize {
    1 << channel_stride.max(1).trailing_zeros().min(GROUP.trailing_zeros())
}

/// The version of the manifest's JSON form.
pub const SCHEMA: u32 = 1;

/// The version of the calling convention of the kernels.
pub const ABI: u32 = 3;

/// A compiled neuron: the manifest and the code it describes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// How to launch it.
    pub manifest: Manifest,
    /// What is launched.
    pub code: Code,
}

/// The code of all entry points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Position-independent machine code without relocations; an entry begins at its `offset`.
    Cpu(Vec<u8>),
    /// PTX texts, each for a capability and newer ones, the oldest first; an entry is a `.visible .entry`
    /// named by its `symbol`.
    Ptx(Vec<Ptx>),
    /// WGSL text; an entry is a compute entry point named by its `symbol`.
    Wgsl(String),
}

/// PTX for a compute capability and newer ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ptx {
    /// The capability, `75` for 7.5.
    pub sm: u32,
    /// The text.
    pub text: String,
}

/// What the code is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// A processor family and feature level: `x86-64-v2`, `x86-64-v3`, `aarch64`.
    Cpu {
        /// The level.
        level: String,
    },
    /// PTX for this compute capability and newer.
    Ptx {
        /// `75` for 7.5.
        sm: u32,
    },
    /// WGSL.
    Wgsl,
}

/// The type of a buffer's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dtype {
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
    /// IEEE binary16.
    F16,
    /// bfloat16.
    Bf16,
    /// 32-bit integer.
    I32,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
            Dtype::F16 => "f16",
            Dtype::Bf16 => "bf16",
            Dtype::I32 => "i32",
        })
    }
}

impl Dtype {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Dtype::F64 => 8,
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F16 | Dtype::Bf16 => 2,
        }
    }
}

/// Everything a launcher has to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`] of the compiler that wrote this.
    pub schema: u32,
    /// [`ABI`] of the kernels.
    pub abi: u32,
    /// Version of the compiler.
    pub compiler: String,
    /// SHA-256, in hex, of the canonical program and everything that decides the code.
    pub key: String,
    /// The neuron's name.
    pub neuron: String,
    /// Its options and their values, in the order declared.
    pub options: Vec<(String, String)>,
    /// What the code is for.
    pub target: Target,
    /// `strict` or `fast`.
    pub math: String,
    /// The type that reals are computed in.
    pub compute: Dtype,
    /// Inputs, in the order declared.
    pub inputs: Vec<Port>,
    /// Outputs, in the order declared.
    pub outputs: Vec<Port>,
    /// States, in the order declared.
    pub states: Vec<Port>,
    /// Params, in the order declared.
    pub params: Vec<Param>,
    /// What was asked to be saved for backward: `auto`, `inputs`, `states`, or names.
    #[serde(default)]
    pub save: String,
    /// The values that `forward_train` saves at each step, beside states at the borders of chunks.
    #[serde(default)]
    pub saved: Vec<Saved>,
    /// The kernels, by name: `forward`, `forward_train`, `backward`, `reduce`. A parallel neuron may have several in place
    /// of each of the first three, [`naming::sweep`], and has `outer`.
    pub entries: BTreeMap<String, Entry>,
    /// Whether it sees the whole time axis: a param `[T]` is then a buffer `[T]` to its kernels.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parallel: bool,
    /// Of a parallel neuron: the matrices that its kernels take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matrices: Vec<Matrix>,
    /// Of a parallel neuron: what is added up over lanes behind backward.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outer: Vec<Outer>,
}

/// A matrix `[T, T]` that columns over time are multiplied with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Its name: that of the param that it is, where it has no program.
    pub name: String,
    /// What computes it, a neuron of its own whose steps are the rows and whose lanes are the columns. Its kernels are
    /// among the entries of the neuron that the matrix is of, with [`naming::of_matrix`] before their names. Its inputs
    /// are params `[T, T]` of that neuron and [`naming::LAG`]; its params are params of that neuron; its output is `m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Box<Manifest>>,
}

/// Two sequences of a parallel neuron that `outer` adds up over lanes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outer {
    /// The buffer of the gradient of a product, or of a param with a number for each step.
    pub left: String,
    /// The buffer of the product's column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// The matrix to whose gradient the products are added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
    /// Params `[T]` whose gradient the sums of `left` are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
}

impl Manifest {
    /// Whether the neuron draws random numbers at each step: what it gives depends on a seed then.
    pub fn draws(&self) -> bool {
        self.entries.values().flat_map(|entry| &entry.scalars).any(|name| name == "seed.low")
    }

    /// The entries to launch for so many steps, one after the other, with their names: that of [`Manifest::entry_for`],
    /// and the sweeps behind it. None where there is none.
    pub fn launches(
        &self,
        name: &str,
        steps: usize,
    ) -> Option<impl Iterator<Item = (&str, &Entry)>> {
        let sweep = |i| self.entries.get_key_value(&naming::sweep(name, i));
        let rest = (1..).map_while(sweep).map(|(name, entry)| (name.as_str(), entry));
        Some(iter::once(self.entry_for(name, steps)?).chain(rest))
    }

    /// The entry to launch for so many steps, with its name: that for few or for many steps, where there is
    /// one that they suit.
    pub fn entry_for(&self, name: &str, steps: usize) -> Option<(&str, &Entry)> {
        let suits = |(known, entry): &(&String, &Entry)| {
            let chunk = entry.chunk as usize;
            match known.strip_prefix(name) {
                Some(naming::SHORT) => steps <= chunk,
                Some(naming::LONG) => steps > 0 && steps.is_multiple_of(chunk),
                _ => false,
            }
        };
        let suited = self.entries.iter().find(suits);
        let found = suited.or_else(|| self.entries.get_key_value(name));
        found.map(|(name, entry)| (name.as_str(), entry))
    }
}

/// A value of each step that is saved for backward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Its buffer in `forward_train` and `backward`.
    pub buffer: String,
    /// Its bits at each step: 32, 16, or 1, where those of a chunk are a word, the first step's the lowest.
    pub bits: u32,
    /// Why it is saved.
    pub why: String,
}

/// An input, an output or a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Of an output: whether only the value after the last step is given, `[N]`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub last: bool,
    /// Of an output: whether its spikes are given packed, the bits of 32 steps in a word.
    #[serde(default, skip_serializing_if = "is_false")]
    pub packed: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Who shares one number of a param.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// One for all.
    Layer,
    /// One for each channel.
    Channel,
    /// One for each neuron of a batch element.
    Neuron,
}

/// The map from the stored number `w` to the param.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// `low + (high - low) * sigmoid(w)`.
    Sigmoid,
    /// `low + softplus(w)`.
    Softplus,
    /// `low + exp(w)`.
    Exp,
}

/// The numbers a param may have. Infinite ends are left out in JSON, which has no infinity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Lower end; none for no bound.
    pub low: Option<f64>,
    /// Upper end; none for no bound.
    pub high: Option<f64>,
    /// Whether the lower end itself is allowed.
    pub low_closed: bool,
    /// Whether the upper end itself is allowed.
    pub high_closed: bool,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.low_closed && self.low.is_some() { '[' } else { '(' };
        let close = if self.high_closed && self.high.is_some() { ']' } else { ')' };
        let low = self.low.map_or("-inf".into(), |low| low.to_string());
        let high = self.high.map_or("inf".into(), |high| high.to_string());
        write!(f, "{open}{low}, {high}{close}")
    }
}

/// What a param is where the caller gives nothing. In JSON a number is a number, and a distribution an
/// object such as `{"uniform": {"low": -1.0, "high": 1.0}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamDefault {
    /// One number for all.
    Number(f64),
    /// The host draws each number.
    Drawn(Distribution),
}

impl fmt::Display for ParamDefault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamDefault::Number(number) => write!(f, "{number}"),
            ParamDefault::Drawn(distribution) => write!(f, "{distribution}"),
        }
    }
}

/// How numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// All numbers from `low` to below `high` alike.
    Uniform {
        /// The lower end, which may be drawn.
        low: f64,
        /// The upper end, which is not drawn.
        high: f64,
    },
    /// The normal distribution.
    Normal {
        /// Its mean.
        mean: f64,
        /// Its standard deviation.
        std: f64,
    },
    /// Of a matrix: uniform within `sqrt(6 / ((1 + a^2) * n))` to both sides of 0, where it has `n` columns (He et al.,
    /// ICCV 2015).
    KaimingUniform {
        /// The slope on the negative side of what follows.
        a: f64,
    },
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Distribution::Uniform { low, high } => write!(f, "uniform({low}, {high})"),
            Distribution::Normal { mean, std } => write!(f, "normal({mean}, {std})"),
            Distribution::KaimingUniform { a } => write!(f, "kaiming_uniform({a})"),
        }
    }
}

/// A run-time number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Who shares one number.
    pub sharing: Sharing,
    /// Whether backward returns its gradient (that of the stored number).
    pub learn: bool,
    /// The axis that its numbers have before those of its sharing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<Axis>,
    /// The constrained numbers where the caller gives none; of the first index, where it has some.
    pub default: ParamDefault,
    /// The numbers allowed, of the constrained value.
    pub range: Option<Range>,
    /// How the constrained value comes from the stored one.
    pub via: Option<Via>,
}

/// What an indexed param has numbers for each of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// `[T]`: each step. To kernels it is an input, `[T, N]`; to those of a parallel neuron `[T]`.
    Steps,
    /// `[T, T]`: each pair of steps.
    Matrix,
    /// `[K]`: each index, with the constrained numbers where the caller gives none. To kernels each is a
    /// param.
    Elements(Vec<ParamDefault>),
}

impl Param {
    /// The params that it is to kernels: one for each index, or itself.
    pub fn elements(&self) -> Vec<Param> {
        let Some(Axis::Elements(defaults)) = &self.axis else { return vec![self.clone()] };
        let element = |(i, default): (usize, &ParamDefault)| {
            let default = default.clone();
            let name = naming::element(&self.name, i);
            Param { name, axis: None, default, ..self.clone() }
        };
        defaults.iter().enumerate().map(element).collect()
    }

    /// Whether it has one number for all.
    pub fn is_one(&self) -> bool {
        self.sharing == Sharing::Layer && !self.has_steps() && !self.is_matrix()
    }

    /// Whether it has a number for each pair of steps.
    pub fn is_matrix(&self) -> bool {
        self.axis == Some(Axis::Matrix)
    }

    /// Whether it has a number for each step.
    pub fn has_steps(&self) -> bool {
        self.axis == Some(Axis::Steps)
    }
}

/// A kernel and how to launch it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The name in the code (PTX, WGSL); in an object file the neuron's name and `_` stand before it.
    pub symbol: String,
    /// Where it begins in CPU code, in bytes.
    pub offset: u64,
    /// The buffers, in the order of the arguments.
    pub buffers: Vec<Buffer>,
    /// The names of the scalars, in the order of the arguments behind the buffers.
    pub scalars: Vec<String>,
    /// WGSL only: the names of the `u32`s of the uniform at binding 0, in order. They are the scalars,
    /// and what the launcher adds: `given`, a bit for each optional buffer, in their order, that was
    /// given; `first_lane`, the absolute index of the launch's first lane; `zero`, which is 0; and the
    /// offsets of buffers that share a binding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniform: Vec<String>,
    /// `K`, the steps of a chunk.
    pub chunk: u32,
    /// Adjacent lanes that one thread takes.
    pub lanes: u32,
    /// Threads of a block or workgroup; 1 on the CPU.
    pub threads: u32,
    /// `B`, the lanes that the first stage of a sum adds up.
    pub block: u32,
    /// Bytes read and written for each element and step.
    pub bytes: f64,
}

impl Entry {
    /// How many segments of time a launch with these scalars has: 1 where the kernel has none.
    pub fn segments(&self, scalars: &[i64]) -> usize {
        let value = |wanted: &str| {
            let place = self.scalars.iter().position(|name| name == wanted)?;
            usize::try_from(*scalars.get(place)?).ok()
        };
        match value("T").zip(value("L")) {
            Some((steps, length)) => steps.div_ceil(length.max(1)).max(1),
            None => 1,
        }
    }
}

/// A buffer argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    /// Its name.
    pub name: String,
    /// `input`, `output`, `state_in`, `state_out`, `param`, `saved`, `grad`, `partial`.
    pub role: Role,
    /// The type of its elements.
    pub dtype: Dtype,
    /// The shape as an expression over the scalars, `["T", "N"]`.
    pub shape: Vec<String>,
    /// Whether the kernel writes it.
    pub written: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// WGSL only: where it is bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
}

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A neuron's input.
    Input,
    /// A neuron's output.
    Output,
    /// A state before the first step.
    StateIn,
    /// A state after the last step.
    StateOut,
    /// A param as stored.
    Param,
    /// What forward leaves for backward.
    Saved,
    /// A gradient.
    Grad,
    /// First stage of a param's gradient.
    Partial,
}

/// Where a WGSL kernel finds a buffer: WebGPU promises only 8 storage buffers a stage, so small ones
/// share a binding and begin at an offset that is a scalar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The binding's number in group 0.
    pub index: u32,
    /// The scalar that holds the first element's index in the binding; none for 0.
    pub offset: Option<String>,
}
