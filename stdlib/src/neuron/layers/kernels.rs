//! Kernels of a text for a module that gives them its own params at each call.

use snn_compiler::check::{NoImports, Specialization, hir};
use snn_runtime::jit::{Jit, Program};
use snn_runtime::torch::Neuron as Kernels;

use crate::error::{Error, Result};
use crate::nn::{Context, StepMode};

/// An option with its value, as it would be written in the file.
pub type Choice<'a> = (&'a str, String);

/// Checks a text, with options, and with params that are learnt, and shared by channel, where it does not say so.
pub fn kernels(
    text: &str,
    options: &[Choice<'_>],
    learn: &[&str],
    per_channel: &[&str],
) -> Result<Kernels> {
    let specialization = Specialization {
        options: options.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
        learn: learn.iter().map(|name| (*name).into()).collect(),
        share: per_channel.iter().map(|name| ((*name).into(), hir::Sharing::Channel)).collect(),
        ..Specialization::default()
    };
    let program = Program { name: "<neuron>", text, specialization, resolver: &NoImports };
    Ok(Kernels::new(&program, Jit::new()?)?)
}

/// The text of a neuron of the library.
pub fn standard(name: &str) -> Result<&'static str> {
    let why = || Error::Settings { layer: name.into(), why: "is not in the library".into() };
    crate::neuron::source(name).ok_or_else(why)
}

/// A number as an option of type `float` is written.
pub fn float(number: f64) -> String {
    format!("{number:?}")
}

/// What a module says that sees all steps at once and was given one.
pub fn all_at_once(layer: &str, context: &Context) -> Result<()> {
    if context.step_mode == StepMode::Multi {
        return Ok(());
    }
    let why = "sees all steps at once, and cannot be run step by step".into();
    Err(Error::Settings { layer: layer.into(), why })
}

/// A setting that does not go with the others.
pub fn wrong(layer: &str, why: impl Into<String>) -> Error {
    Error::Settings { layer: layer.into(), why: why.into() }
}
