//! The Rust module of a neuron: a struct with its params, inputs, outputs and states by name.
//!
//! What it does is in `snn_runtime::embed`; here are names and types only.

use std::fmt::Write;

use snn_artifact::{Artifact, Axis, Manifest, Param, Port, Sharing};

/// Words that are no names in Rust, not even behind `r#`.
const NEVER: [&str; 5] = ["self", "Self", "super", "crate", "_"];

/// Words that are names behind `r#`.
const WORDS: &str = "abstract as async await become box break const continue do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv pub \
    ref return static struct trait true try type typeof unsafe unsized use virtual where while \
    yield";

/// Types that a module has beside the neuron's own, or that it uses.
const TYPES: [&str; 14] = [
    "Inputs",
    "Params",
    "States",
    "Outputs",
    "Forward",
    "Seeds",
    "Gradients",
    "InputGradients",
    "ParamGradients",
    "Option",
    "Tensor",
    "Vec",
    "tensors",
    "torch",
];

/// Functions that a neuron has beside those of its params.
const FUNCTIONS: [&str; 7] = ["cpu", "draw_from", "new", "forward", "grad", "neuron", "seeded"];

/// A name as Rust takes it; what Rust does not allow becomes `_`.
pub fn identifier(name: &str) -> String {
    let mut name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    match name.as_str() {
        never if NEVER.contains(&never) => name + "_",
        word if WORDS.split_whitespace().any(|known| known == word) => format!("r#{name}"),
        _ => name,
    }
}

/// A name that is none of `taken`.
fn distinct(name: &str, taken: &[&str]) -> String {
    if taken.contains(&name) { format!("{name}_") } else { identifier(name) }
}

/// The name of a neuron's struct.
pub fn type_name(neuron: &str) -> String {
    distinct(neuron, &TYPES)
}

/// The module `name` of the neuron of `file`, whose artifacts lie beside it in files.
pub fn module(name: &str, file: &str, artifacts: &[(String, Artifact)]) -> String {
    let Some((_, Artifact { manifest, .. })) = artifacts.first() else { return String::new() };
    let ty = type_name(&manifest.neuron);
    let includes: String =
        artifacts.iter().map(|(file, _)| format!("        include_bytes!({file:?}),\n")).collect();
    let text = MODULE
        .replace("{file}", &file.replace(['\n', '\r'], " "))
        .replace("{module}", name)
        .replace("{includes}", &includes)
        .replace("{tensors}", &super::tensors::module(manifest))
        .replace("{types}", &types(manifest))
        .replace("{setters}", &manifest.params.iter().map(param).collect::<String>())
        .replace("{inputs}", &given(&manifest.inputs, "inputs", ""))
        .replace("{states}", &given(&manifest.states, "states", "&"))
        .replace("{seed_outputs}", &given(&manifest.outputs, "seeds.outputs", "&"))
        .replace("{seed_states}", &given(&manifest.states, "seeds.states", "&"));
    text.replace("{Neuron}", &ty).replace("{neuron}", &manifest.neuron)
}

/// The structs of what a run takes and gives.
fn types(manifest: &Manifest) -> String {
    let Manifest { inputs, outputs, states, params, .. } = manifest;
    let mut text = String::new();
    text.push_str("    /// What a run is given: each input `[T, N, *]`, the last axis fastest.\n");
    text.push_str("    #[derive(Clone, Copy, Debug, Default)]\n    pub struct Inputs<'a> {\n");
    for Port { name, .. } in inputs {
        let _ = writeln!(text, "        /// `{name}`.");
        let _ = writeln!(text, "        pub {}: &'a [f32],", identifier(name));
    }
    if inputs.is_empty() {
        text.push_str("        _none: std::marker::PhantomData<&'a [f32]>,\n");
    }
    text.push_str("    }\n");
    let names = |ports: &[Port]| ports.iter().map(|port| port.name.clone()).collect();
    let learnt = params.iter().filter(|param| param.learn).map(|param| param.name.clone());
    let all: [(&str, &str, Vec<String>); 4] = [
        (
            "States",
            "States, `[N, *]`; before a run, one of no numbers has its declared value.",
            names(states),
        ),
        (
            "Outputs",
            "Outputs, `[T, N, *]`; as seeds, one of no numbers counts nothing.",
            names(outputs),
        ),
        ("InputGradients", "Gradients of inputs, `[T, N, *]`.", names(inputs)),
        ("ParamGradients", "Gradients of the stored numbers of learnt params.", learnt.collect()),
    ];
    for (ty, about, names) in all {
        text.push_str(&owned(ty, about, &names));
    }
    text
}

/// A struct of vectors, taken out of arrays by name.
fn owned(ty: &str, about: &str, names: &[String]) -> String {
    let mut text = format!("\n    /// {about}\n    #[derive(Clone, Debug, Default, PartialEq)]\n");
    let _ = writeln!(text, "    pub struct {ty} {{");
    for name in names {
        let _ = writeln!(text, "        /// `{name}`.");
        let _ = writeln!(text, "        pub {}: Vec<f32>,", identifier(name));
    }
    let _ = writeln!(text, "    }}\n\n    impl {ty} {{");
    text.push_str(
        "        fn take(#[allow(unused)] mut from: snn_runtime::neuron::Arrays) -> Self {\n",
    );
    text.push_str("            Self {\n");
    for name in names {
        let field = identifier(name);
        let _ = writeln!(text, "                {field}: embed::take(&mut from, {name:?}),");
    }
    text.push_str("            }\n        }\n    }\n");
    text
}

/// Slices by their names, for a call.
fn given(ports: &[Port], of: &str, reference: &str) -> String {
    let item = |Port { name, .. }: &Port| {
        let field = identifier(name);
        format!("({name:?}, {reference}{of}.{field})")
    };
    let items: Vec<String> = ports.iter().map(item).collect();
    format!("&[{}]", items.join(", "))
}

/// The functions of a param.
fn param(param: &Param) -> String {
    let Param { name, sharing, axis, default, range, via, learn } = param;
    let (ty, slice, shared) = match sharing {
        Sharing::Layer => ("f32", "&[value]", "One number"),
        Sharing::Channel => ("&[f32]", "value", "A number for each channel"),
        Sharing::Neuron => ("&[f32]", "value", "A number for each neuron of a batch element"),
    };
    let (ty, slice, shared) = match axis {
        Some(Axis::Steps) => ("&[f32]", "value", format!("{shared} for each step, steps first")),
        Some(Axis::Matrix) => {
            ("&[f32]", "value", format!("{shared} for each pair of steps, rows first"))
        }
        Some(Axis::Elements(all)) => (
            "&[f32]",
            "value",
            format!("{shared} for each of {} indices, indices first", all.len()),
        ),
        None => (ty, slice, shared.into()),
    };
    let default = match axis {
        Some(Axis::Elements(all)) => {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("[{}]", all.join(", "))
        }
        _ => default.to_string(),
    };
    let range = range.map(|range| format!(", in {range}")).unwrap_or_default();
    let set = "        /// # Errors\n        ///\n        /// Where it is out of range.\n";
    let about = format!("{shared}{range}; {default} by default.");
    let builder = distinct(name, &FUNCTIONS);
    let mut text = format!(
        "
        /// Sets `{name}`. {about}
        ///
{set}        pub fn {builder}(mut self, value: {ty}) -> snn_runtime::Result<Self> {{
            self.set_{name}(value)?;
            Ok(self)
        }}

        /// Sets `{name}`. {about}
        ///
{set}        pub fn set_{name}(&mut self, value: {ty}) -> snn_runtime::Result<()> {{
            self.inner.set({name:?}, {slice})
        }}

        /// The numbers of `{name}`.
        pub fn get_{name}(&self) -> Vec<f32> {{
            self.inner.get({name:?})
        }}
"
    );
    if *learn {
        let stored = if via.is_some() { " as they are stored, before they are mapped" } else { "" };
        let _ = write!(
            text,
            "
        /// Adds to the numbers of `{name}`{stored}: a step of an optimizer.
        ///
{set}        pub fn add_to_{name}(&mut self, change: &[f32]) -> snn_runtime::Result<()> {{
            self.inner.add({name:?}, change)
        }}
"
        );
    }
    text
}

/// The module, with `{...}` to be filled in.
const MODULE: &str = r#"/// The neuron `{neuron}` of `{file}`.
#[allow(dead_code, unused_mut, unused_variables, non_camel_case_types, non_snake_case, clippy::all, clippy::pedantic)]
pub mod {module} {
    use snn_runtime::embed::{self, Embedded};

    /// The code for each target and type that was built, as `Neuron::embedded` takes it.
    pub static ARTIFACTS: &[&[u8]] = &[
{includes}    ];

{types}
    /// What forward gives.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Forward {
        /// The outputs of each step.
        pub outputs: Outputs,
        /// The states after the last step.
        pub states: States,
    }

    /// The gradients that backward begins with.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Seeds {
        /// Of the outputs of each step.
        pub outputs: Outputs,
        /// Of the states after the last step.
        pub states: States,
    }

    /// What backward gives, beside what forward gave.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Gradients {
        /// Outputs and last states.
        pub forward: Forward,
        /// Of inputs.
        pub inputs: InputGradients,
        /// Of learnt params.
        pub params: ParamGradients,
        /// Of states before the first step.
        pub states: States,
    }

    fn forward(from: snn_runtime::neuron::Forward) -> Forward {
        Forward { outputs: Outputs::take(from.outputs), states: States::take(from.states) }
    }

    /// `{neuron}` on a device, with its params.
    #[derive(Debug)]
    pub struct {Neuron} {
        inner: Embedded,
    }

    impl {Neuron} {
        /// The neuron on a device, with its params as declared.
        ///
        /// # Errors
        ///
        /// Where the device takes none of the code that was built.
        pub fn new(device: std::sync::Arc<dyn snn_runtime::device::Device>) -> snn_runtime::Result<Self> {
            Ok(Self { inner: Embedded::load(device, ARTIFACTS)? })
        }

        /// The neuron on the CPU.
        ///
        /// # Errors
        ///
        /// As [`Self::new`], and where this processor has none of the levels.
        pub fn cpu() -> snn_runtime::Result<Self> {
            Self::new(snn_runtime::devices::open("cpu")?)
        }

        /// The neuron whose random numbers are those of a seed: of params that are drawn and not set, and of what
        /// it draws at each step.
        pub fn seeded(mut self, seed: u64) -> Self {
            self.inner.set_seed(seed);
            self
        }

        /// Where what the next runs draw starts: the seed and the number of their first step.
        pub fn draw_from(&mut self, seed: u64, first_step: u32) {
            self.inner.set_seed(seed);
            self.inner.set_first_step(first_step);
        }

        /// The neuron with everything by name.
        pub fn neuron(&self) -> &Embedded {
            &self.inner
        }
{setters}
        /// Outputs and last states. `shape` is that of the run and its inputs, `[T, N, *]`.
        ///
        /// # Errors
        ///
        /// Names the operand that is of another length, out of range or without room.
        pub fn forward(
            &self,
            shape: &[usize],
            inputs: Inputs<'_>,
            states: &States,
        ) -> snn_runtime::Result<Forward> {
            let call = self.inner.call(shape, {inputs}, {states})?;
            Ok(forward(self.inner.neuron().forward(&call)?))
        }

        /// The gradients of what `seeds` weigh, and what forward gives.
        ///
        /// # Errors
        ///
        /// As [`Self::forward`].
        pub fn grad(
            &self,
            shape: &[usize],
            inputs: Inputs<'_>,
            states: &States,
            seeds: &Seeds,
        ) -> snn_runtime::Result<Gradients> {
            let call = self.inner.call(shape, {inputs}, {states})?;
            let seeds = self.inner.seeds(shape, {seed_outputs}, {seed_states})?;
            let all = self.inner.neuron().grad(&call, &seeds)?;
            Ok(Gradients {
                forward: forward(all.forward),
                inputs: InputGradients::take(all.inputs),
                params: ParamGradients::take(all.params),
                states: States::take(all.states),
            })
        }
    }
{tensors}}
"#;
