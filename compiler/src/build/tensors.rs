//! The part of a neuron's module that runs on tensors of libtorch: names and types only.
//!
//! It stands in `with_torch!`, which drops it where the runtime has no feature `torch`.

use std::fmt::Write;

use snn_artifact::{Manifest, Param, Port};

use super::rust::identifier;

/// The module, with `{...}` to be filled in; `{Neuron}` and `{neuron}` are left.
pub fn module(manifest: &Manifest) -> String {
    let Manifest { inputs, outputs, states, params, .. } = manifest;
    MODULE
        .replace("{types}", &types(manifest))
        .replace("{inputs}", &given(names(inputs), |field| format!("Some(inputs.{field})")))
        .replace("{sizes}", if inputs.is_empty() { SIZES } else { "None" })
        .replace("{params}", &given(param_names(params), |field| format!("params.{field}")))
        .replace("{states}", &given(names(states), |field| format!("states.{field}.as_ref()")))
        .replace("{outputs}", &taken(outputs, |take| take))
        .replace("{next}", &taken(states, |take| format!("Some({take})")))
}

/// The run of a neuron without an input, which says its shape.
const SIZES: &str = "Some((inputs.sizes.to_vec(), inputs.device))";

fn names(ports: &[Port]) -> Vec<&str> {
    ports.iter().map(|port| port.name.as_str()).collect()
}

fn param_names(params: &[Param]) -> Vec<&str> {
    params.iter().map(|param| param.name.as_str()).collect()
}

/// The structs of what a run takes and gives.
fn types(manifest: &Manifest) -> String {
    let Manifest { inputs, outputs, states, params, .. } = manifest;
    let input = ("Inputs<'a>", INPUTS, "", names(inputs), "&'a Tensor");
    let all = [
        input,
        ("Params<'a>", PARAMS, ", Default", param_names(params), "Option<&'a Tensor>"),
        ("States", STATES, ", Default", names(states), "Option<Tensor>"),
        ("Outputs", OUTPUTS, "", names(outputs), "Tensor"),
    ];
    let mut text = String::new();
    for (ty, about, derived, names, tensor) in all {
        let _ = writeln!(text, "            /// {about}");
        let _ =
            writeln!(text, "            #[derive(Debug{derived})]\n            pub struct {ty} {{");
        for name in &names {
            let _ = writeln!(text, "                /// `{name}`.");
            let _ = writeln!(text, "                pub {}: {tensor},", identifier(name));
        }
        match ty {
            "Inputs<'a>" if names.is_empty() => text.push_str(NO_INPUTS),
            "Params<'a>" if names.is_empty() => text.push_str(NO_PARAMS),
            _ => {}
        }
        text.push_str("            }\n\n");
    }
    text
}

const INPUTS: &str = "What a run is given: each input `[T, N, *]`, in a type that was built.";
const PARAMS: &str =
    "Params as they are stored, f32; one that is left out has its declared number.";
const STATES: &str = "States, `[N, *]`; before a run, one that is left out has its declared value.";
const OUTPUTS: &str = "Outputs, `[T, N, *]`.";

const NO_INPUTS: &str = "                /// The shape of the run, `[T, N, *]`.
                pub sizes: &'a [i64],
                /// Where it runs.
                pub device: torch::Device,
";

const NO_PARAMS: &str = "                _none: std::marker::PhantomData<&'a Tensor>,\n";

/// Fields as tensors by name.
fn given(names: Vec<&str>, of: impl Fn(&str) -> String) -> String {
    let items = names.iter().map(|name| format!("({name:?}, {})", of(&identifier(name))));
    format!("torch::given(&[{}])", items.collect::<Vec<_>>().join(", "))
}

/// Tensors by name as fields.
fn taken(ports: &[Port], wrap: impl Fn(String) -> String) -> String {
    let field = |Port { name, .. }: &Port| {
        let take = wrap(format!("torch::take(&mut from, {name:?})?"));
        format!("{}: {take}", identifier(name))
    };
    ports.iter().map(field).collect::<Vec<_>>().join(", ")
}

const MODULE: &str = r#"
    snn_runtime::with_torch! {
        /// The neuron as a differentiable operation on tensors of libtorch.
        pub mod tensors {
            use snn_runtime::torch::{self, Tensor};

{types}            /// What forward gives.
            #[derive(Debug)]
            pub struct Forward {
                /// The outputs of each step.
                pub outputs: Outputs,
                /// The states after the last step.
                pub states: States,
            }

            /// `{neuron}` on tensors, on the devices and in the types that were built.
            pub struct {Neuron} {
                inner: torch::Neuron,
                channel_axis: Option<isize>,
                seed: u64,
                first_step: u32,
            }

            impl {Neuron} {
                /// The neuron.
                ///
                /// # Errors
                ///
                /// Where what was built is of another version of the runtime.
                pub fn new() -> snn_runtime::Result<Self> {
                    let inner = torch::Neuron::embedded(super::ARTIFACTS)?;
                    Ok(Self { inner, channel_axis: None, seed: 0, first_step: 0 })
                }

                /// Which axis of the inputs is the channels', T counted as 0; negative from the end.
                /// Without it, 2, and in `[T, N]` the axis N.
                pub fn with_channel_axis(self, axis: isize) -> Self {
                    Self { channel_axis: Some(axis), ..self }
                }

                /// Where what the next runs draw starts: the seed and the number of their first step; 0 without
                /// it, in every run.
                pub fn draw_from(&mut self, seed: u64, first_step: u32) {
                    (self.seed, self.first_step) = (seed, first_step);
                }

                /// The neuron with everything by name.
                pub fn neuron(&self) -> &torch::Neuron {
                    &self.inner
                }

                /// Outputs and last states, where the inputs are, recorded by libtorch's autograd.
                ///
                /// # Errors
                ///
                /// Names the operand that is of a wrong shape or type or on another device, and what the
                /// build lacks.
                pub fn forward(
                    &self,
                    inputs: &Inputs<'_>,
                    params: &Params<'_>,
                    states: &States,
                ) -> snn_runtime::Result<Forward> {
                    let call = torch::Call {
                        inputs: {inputs},
                        params: {params},
                        states: {states},
                        sizes: {sizes},
                        channel_axis: self.channel_axis,
                        seed: self.seed,
                        first_step: self.first_step,
                        ..torch::Call::default()
                    };
                    let torch::Forward { outputs, states } = self.inner.forward(&call)?;
                    let mut from = outputs;
                    let outputs = Outputs { {outputs} };
                    let mut from = states;
                    Ok(Forward { outputs, states: States { {next} } })
                }
            }
        }
    }
"#;
