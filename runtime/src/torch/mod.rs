//! Neurons as differentiable operations on tensors of libtorch, on the CPU and on CUDA.
//!
//! Kernels read and write the tensors' own memory, on libtorch's current stream, and never wait. What is
//! differentiable about an operation but is no kernel (inputs that are repeated, params by index, other layouts)
//! is done by libtorch's own operations around it.

#![allow(unsafe_code, reason = "libtorch is a C++ library, and kernels are given addresses")]

mod autograd;
mod backward;
mod buffers;
mod cuda;
mod kernels;
mod layout;
#[cfg(feature = "jit")]
pub mod norm;
mod operands;
pub mod ops;
mod parallel;
mod profile;
mod record;
mod source;
pub mod spikes;
mod typed;

use std::collections::BTreeMap;

use snn_artifact::naming::Operand;
use snn_artifact::{Manifest, Param};
use tch::Kind;

#[cfg(feature = "cuda")]
pub use cuda::current as current_cuda;
pub use cuda::find as find_cuda;
pub use operands::Tensors;
pub use profile::profile;
pub use tch::{Device, Tensor};
pub use typed::{given, take};

use crate::embed::artifact;
use crate::error::{Error, Result};
#[cfg(feature = "jit")]
use crate::jit::{Jit, Program};
use crate::neuron::{default_numbers, list};
use kernels::Library;
use source::Source;

/// A neuron that runs on tensors. Its code is compiled, or taken out of the program, for a device and a type of
/// elements when it first meets them.
pub struct Neuron {
    library: Library,
    manifest: Manifest,
}

/// What a neuron is given, by name.
#[derive(Debug, Default)]
pub struct Call {
    /// Every input, `[T, N, *]`, in f32, f16 or bf16. An input may have size 1 on an axis where others have
    /// more. In `[T, N]` the axis N is the neuron axis for params per channel and per neuron alike.
    pub inputs: Tensors,
    /// Params as they are stored (the `w` of a param with a `via`), f32: `[]` per layer, `[C]` per channel, the
    /// shape of a step without the batch per neuron, with an axis before these for an index or for steps.
    /// What is left out has its declared number.
    pub params: Tensors,
    /// States before the first step, `[N, *]`; what is left out has its declared value.
    pub states: Tensors,
    /// The shape of the run, `[T, N, *]`, of a neuron without an input, and where it runs.
    pub sizes: Option<(Vec<i64>, Device)>,
    /// Whether nobody asks for the states after the last step. Kernels that can leave them out do then: those for
    /// CUDA.
    pub forget_states: bool,
    /// Which axis of the inputs is the channels', T counted as 0; negative from the end. Without it, 2, and in
    /// `[T, N]` the axis N.
    pub channel_axis: Option<isize>,
    /// Where what the neuron draws at each step starts: the same seed gives the same numbers on every device.
    pub seed: u64,
    /// The number of the first step for what is drawn.
    pub first_step: u32,
}

/// What a neuron gives, by name.
#[derive(Debug, Default)]
pub struct Forward {
    /// Outputs, `[T, N, *]`, or `[N, *]` of those that give their last value only, in the type of the inputs.
    pub outputs: Tensors,
    /// States after the last step, `[N, *]`, f32, or i32 of int states; none where they are forgotten.
    pub states: Tensors,
}

impl Neuron {
    /// Compiles the text of a file with one neuron, with its options as declared.
    ///
    /// # Errors
    ///
    /// [`Error::Compile`] with the rendered diagnostics of the program; [`Error::Cache`] where the folder of the
    /// kernel cache is not safe.
    #[cfg(feature = "jit")]
    pub fn compile(text: &str) -> Result<Self> {
        let resolver = snn_compiler::check::NoImports;
        let specialization = snn_compiler::check::Specialization::default();
        let program = Program { name: "<text>", text, specialization, resolver: &resolver };
        Self::new(&program, Jit::new()?)
    }

    /// Checks a program; `jit` compiles it.
    ///
    /// # Errors
    ///
    /// [`Error::Compile`] with the rendered diagnostics; [`Error::Unsupported`] for spikes that are given packed.
    #[cfg(feature = "jit")]
    pub fn new(program: &Program<'_>, jit: Jit) -> Result<Self> {
        Self::of(Source::checked(program, jit)?)
    }

    /// A neuron that the program's `build.rs` compiled: the `ARTIFACTS` of the module that
    /// [`include_neuron!`](crate::include_neuron) brings. No compiler is needed.
    ///
    /// # Errors
    ///
    /// [`Error::Artifact`] where one is damaged or there is none; [`Error::Unsupported`] for spikes that are given
    /// packed. What was not built is missed when it is first needed.
    pub fn embedded(artifacts: &[&[u8]]) -> Result<Self> {
        let artifacts: Result<Vec<_>> = artifacts.iter().map(|bytes| artifact(bytes)).collect();
        Self::of(Source::Embedded(artifacts?))
    }

    fn of(source: Source) -> Result<Self> {
        let library = Library::new(source);
        let manifest = library.manifest()?;
        if let Some(output) = manifest.outputs.iter().find(|output| output.packed) {
            return Err(Error::Unsupported {
                device: "libtorch".into(),
                what: format!("the packed spikes of `{}`, which have no gradient", output.name),
                instead: "leave `pack` out, or run the neuron without libtorch".into(),
            });
        }
        Ok(Self { library, manifest })
    }

    /// What the compiler says of it: the names of its inputs, outputs, states and params.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A param.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`].
    pub fn param(&self, name: &str) -> Result<&Param> {
        let params = &self.manifest.params;
        if let Some(param) = params.iter().find(|param| param.name == name) {
            return Ok(param);
        }
        Err(Error::Unknown {
            neuron: self.manifest.neuron.clone(),
            kind: "param",
            operand: name.into(),
            known: list(&params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>()),
        })
    }

    /// The stored numbers that a param begins with, on the CPU, for so many as stand in a shape: `[]` per layer,
    /// `[C]` per channel, that of a step per neuron. A param with an index has the axis of it before these.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`]; [`Error::Artifact`] where its distribution has next to no numbers in its range.
    pub fn initial(&self, name: &str, shape: &[i64], seed: u64) -> Result<Tensor> {
        let param = self.param(name)?;
        let each: i64 = shape.iter().product();
        let mut rows = Vec::new();
        for element in param.elements() {
            let constrained = default_numbers(&element, each as usize, seed)?;
            let numbers: Vec<f32> = constrained.iter().map(|&number| number as f32).collect();
            rows.extend(crate::neuron::stored_numbers(&element, &numbers)?);
        }
        let axis = (rows.len() as i64 != each).then(|| rows.len() as i64 / each.max(1));
        let shape: Vec<i64> = axis.into_iter().chain(shape.iter().copied()).collect();
        Ok(Tensor::from_slice(&rows).reshape(shape))
    }

    /// Outputs and last states, on the device of the inputs. Where gradients are recorded and something given
    /// asks for one, what backward needs is saved; else nothing is.
    ///
    /// # Errors
    ///
    /// Names the operand that is missing, unknown, of a wrong shape or type, or on another device.
    pub fn forward(&self, call: &Call) -> Result<Forward> {
        let operands = operands::Operands::new(&self.manifest, call)?;
        let kernels = self.library.kernels(operands.run.device, operands.run.kind)?;
        autograd::forward(operands, kernels)
    }
}

/// The element type that kernels store inputs and outputs in for tensors of a kind.
fn dtype(operand: &str, kind: Kind) -> Result<snn_artifact::Dtype> {
    match kind {
        Kind::Float => Ok(snn_artifact::Dtype::F32),
        Kind::Half => Ok(snn_artifact::Dtype::F16),
        Kind::BFloat16 => Ok(snn_artifact::Dtype::Bf16),
        other => Err(Error::Unsupported {
            device: "libtorch".into(),
            what: format!("`{operand}` of {other:?}"),
            instead: "give it in f32, f16 or bf16".into(),
        }),
    }
}

/// A failure of libtorch.
fn failed(what: &str, why: impl ToString) -> Error {
    Error::Device { device: "libtorch".into(), what: what.into(), why: why.to_string() }
}

impl From<tch::TchError> for Error {
    fn from(error: tch::TchError) -> Self {
        failed("an operation", error)
    }
}

/// The tensors of some operands, by the names of their buffers.
type Buffers = BTreeMap<String, Tensor>;

fn buffer(operand: Operand<'_>) -> String {
    operand.to_string()
}

#[cfg(test)]
#[cfg(feature = "jit")]
mod tests;
