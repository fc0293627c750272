//! Neurons as layers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use snn_artifact::naming::{self, Moment};
use snn_artifact::{Axis, Manifest, Param, Sharing};
use snn_compiler::check::{NoImports, Specialization, hir};
use snn_runtime::jit::{Jit, Program};
use snn_runtime::neuron::stored_numbers;
use snn_runtime::torch::norm::Normalized;
use snn_runtime::torch::{Call, Neuron as Kernels};
use tch::{Device, Kind, Tensor};

use super::{firing_rate, misfit};
use crate::error::{Error, Result};
use crate::nn::{Context, Module, Node, States, StepMode, Value};

/// Neurons of a `.snn` program, one for each element of what comes to them.
///
/// The layer gives the program's first output, or the one that [`NeuronBuilder::output`] names. Learnt params are the module's params, as they are stored: the `w`
/// of a param with a `via`. States are the program's.
pub struct Neuron {
    kernels: Kernels,
    builder: NeuronBuilder,
    /// The same kernels with the input normalised where it is read, compiled when a normalisation first comes before.
    normalizing: Option<Kernels>,
    input: String,
    output: String,
    learnt: BTreeMap<String, Tensor>,
    constants: BTreeMap<String, Tensor>,
    states: States,
    /// The sequences that it was asked to keep, of the last run.
    kept: BTreeMap<String, Tensor>,
    node: Node,
    /// Where it draws next, if it draws: the seed and the number of the step, on the CPU.
    draws: Option<Tensor>,
    /// The share of what it gave last that is not 0, on the device.
    rate: Option<Tensor>,
}

/// Where a layer's kernels come from.
#[derive(Clone, Debug)]
enum Code {
    /// The text of a file, compiled when the program runs.
    Text(String),
    /// What the program was built with.
    Embedded(&'static [&'static [u8]]),
}

impl Default for Code {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// What is decided about a neuron before it is a layer.
#[derive(Clone, Debug, Default)]
pub struct NeuronBuilder {
    program: Code,
    specialization: Specialization,
    sizes: BTreeMap<String, Vec<i64>>,
    numbers: BTreeMap<String, Numbers>,
    steps: Option<i64>,
    step_mode: Option<StepMode>,
    keep: Vec<String>,
    output: Option<String>,
    channel_axis: Option<isize>,
    seed: Option<u64>,
}

/// The constrained numbers of a param.
#[derive(Debug)]
enum Numbers {
    /// One for all.
    Same(f64),
    /// One for each channel, neuron, element or step.
    Each(Tensor),
}

impl Clone for Numbers {
    fn clone(&self) -> Self {
        match self {
            Self::Same(number) => Self::Same(*number),
            Self::Each(numbers) => Self::Each(numbers.shallow_clone()),
        }
    }
}

impl NeuronBuilder {
    /// An option with its value, as it would be written in the file.
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.specialization.options.push((name.into(), value.into()));
        self
    }

    /// A number for a param, the constrained one (the `0.5` of a decay): what it begins with where it is learnt,
    /// and what it is where it is not.
    pub fn param(mut self, name: &str, number: f64) -> Self {
        self.numbers.insert(name.into(), Numbers::Same(number));
        self
    }

    /// Numbers for a param that has more than one: `[C]` by channel, one step without the batch by neuron, `[K]`,
    /// `[T]` or `[T, T]`.
    pub fn numbers(mut self, name: &str, numbers: &Tensor) -> Self {
        self.sizes.insert(name.into(), numbers.size());
        self.numbers.insert(name.into(), Numbers::Each(numbers.detach().copy()));
        self
    }

    /// Which neuron of the file.
    pub fn neuron(mut self, name: &str) -> Self {
        self.specialization.neuron = Some(name.into());
        self
    }

    /// A param that is learnt where the file does not say so.
    pub fn learn(mut self, param: &str) -> Self {
        self.specialization.learn.push(param.into());
        self
    }

    /// A param with a number for each channel, of which there are so many.
    pub fn per_channel(mut self, param: &str, channels: i64) -> Self {
        self.specialization.share.push((param.into(), hir::Sharing::Channel));
        self.sizes.insert(param.into(), vec![channels]);
        self
    }

    /// A param with a number for each neuron, which stand in this shape without the batch.
    pub fn per_neuron(mut self, param: &str, shape: &[i64]) -> Self {
        self.specialization.share.push((param.into(), hir::Sharing::Neuron));
        self.sizes.insert(param.into(), shape.to_vec());
        self
    }

    /// How many numbers a learnt param has that the file shares by channel or neuron.
    pub fn sized(mut self, param: &str, shape: &[i64]) -> Self {
        self.sizes.insert(param.into(), shape.to_vec());
        self
    }

    /// How many steps every sequence has: what learnt params `[T]` and `[T, T]` have numbers for.
    pub fn steps(self, steps: i64) -> Self {
        Self { steps: Some(steps), ..self }
    }

    /// How it is called, whatever the network around it is: `[N, *]` a step, or `[T, N, *]`.
    pub fn step_mode(self, step_mode: StepMode) -> Self {
        Self { step_mode: Some(step_mode), ..self }
    }

    /// Keeps a state as it is at the end of each step, for [`Neuron::sequence`]. Gradients come through it as through
    /// an output.
    pub fn keep(mut self, state: &str) -> Self {
        if !self.keep.iter().any(|known| known == state) {
            self.keep.push(state.into());
        }
        self
    }

    /// Which output the layer gives; without it, the first.
    pub fn output(self, name: &str) -> Self {
        Self { output: Some(name.into()), ..self }
    }

    /// Which axis of `[T, N, *]` is the channels'; without it, 2.
    pub fn channel_axis(self, axis: isize) -> Self {
        Self { channel_axis: Some(axis), ..self }
    }

    /// Where random numbers start: params that the file draws, and what the neuron draws at each step. Without it
    /// params start at 0, and each layer that draws takes a seed of its own from libtorch's generator.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// What the compiler says of the program; [`Error::Settings`] where it has not one input, no output, or a learnt
    /// param whose size is not known, and where something is asked of an embedded neuron that its `build.rs` decides.
    pub fn build(self) -> Result<Neuron> {
        let kernels = self.kernels(&[])?;
        self.layer(kernels)
    }

    /// The kernels that normalise these inputs.
    fn kernels(&self, normalize: &[String]) -> Result<Kernels> {
        let specialization =
            Specialization { normalize: normalize.to_vec(), ..self.specialization.clone() };
        match &self.program {
            Code::Text(text) => {
                let specialization = Specialization { watch: self.keep.clone(), ..specialization };
                let program =
                    Program { name: "<neuron>", text, specialization, resolver: &NoImports };
                Ok(Kernels::new(&program, Jit::new()?)?)
            }
            Code::Embedded(artifacts) => embedded(artifacts, &specialization),
        }
    }

    fn layer(self, kernels: Kernels) -> Result<Neuron> {
        let manifest = kernels.manifest().clone();
        let wrong = |why: String| Error::Settings { layer: manifest.neuron.clone(), why };
        let [input] = &manifest.inputs[..] else {
            let n = manifest.inputs.len();
            return Err(wrong(format!("has {n} inputs, but a layer takes one")));
        };
        let output = self.output_of(&manifest).map_err(wrong)?;
        self.check_kept(&manifest)?;
        let constants = self.constants(&kernels)?;
        let mut learnt = BTreeMap::new();
        for param in manifest.params.iter().filter(|param| param.learn) {
            let numbers = match self.numbers.get(&param.name) {
                Some(numbers) => {
                    let size = self.size(param, true).map_err(wrong)?;
                    stored(param, numbers)?.f_expand(&size, false)?.f_contiguous()?
                }
                None => {
                    let size = self.size(param, false).map_err(wrong)?;
                    kernels.initial(&param.name, &size, self.seed.unwrap_or(0))?
                }
            };
            learnt.insert(param.name.clone(), numbers.set_requires_grad(true));
        }
        let draws = if manifest.draws() { Some(draws(self.seed)?) } else { None };
        let mut node = Node::new(&manifest.neuron);
        for (name, value) in &manifest.options {
            node = node.with(name, Value::Text(value.clone()));
        }
        for (name, numbers) in &self.numbers {
            if let (true, Numbers::Same(number)) = (constants.contains_key(name), numbers) {
                node = node.with(name, Value::Real(*number));
            }
        }
        Ok(Neuron {
            input: input.name.clone(),
            output,
            learnt,
            constants,
            states: States::new(),
            kept: BTreeMap::new(),
            node,
            draws,
            rate: None,
            kernels,
            normalizing: None,
            builder: self,
        })
    }
}

impl NeuronBuilder {
    /// The shape of a learnt param, with or without the axis of `p[K]`.
    fn size(&self, param: &Param, is_whole: bool) -> Result<Vec<i64>, String> {
        let name = &param.name;
        let elements = match &param.axis {
            Some(Axis::Elements(defaults)) if is_whole => Some(defaults.len() as i64),
            _ => None,
        };
        if let Some(Numbers::Each(numbers)) = self.numbers.get(name) {
            return Ok(numbers.size());
        }
        let size = match (param.sharing, self.sizes.get(name)) {
            (_, Some(size)) => size.clone(),
            (Sharing::Layer, None) if param.has_steps() || param.is_matrix() => {
                let needs = || format!("learns `{name}` for each step: say how many by `steps`");
                vec![self.steps.ok_or_else(needs)?; if param.is_matrix() { 2 } else { 1 }]
            }
            (Sharing::Layer, None) => Vec::new(),
            (_, None) => {
                return Err(format!(
                    "learns `{name}`, which has more than one number: say how many by `sized`"
                ));
            }
        };
        Ok(elements.into_iter().chain(size).collect())
    }

    /// The numbers of params that are not learnt.
    fn constants(&self, kernels: &Kernels) -> Result<BTreeMap<String, Tensor>> {
        let mut constants = BTreeMap::new();
        for (name, numbers) in &self.numbers {
            let param = kernels.param(name)?;
            if !param.learn {
                constants.insert(name.clone(), stored(param, numbers)?);
            }
        }
        Ok(constants)
    }

    /// The output that the layer gives.
    fn output_of(&self, manifest: &Manifest) -> Result<String, String> {
        let names: Vec<&str> = manifest.outputs.iter().map(|output| output.name.as_str()).collect();
        match &self.output {
            None => names.first().map(|name| (*name).into()).ok_or_else(|| "has no output".into()),
            Some(name) if names.contains(&name.as_str()) => Ok(name.clone()),
            Some(name) => {
                Err(format!("has no output `{name}`: its outputs are `{}`", names.join("`, `")))
            }
        }
    }

    /// What is to be kept has to be a state, and something that an embedded neuron gives.
    fn check_kept(&self, manifest: &Manifest) -> Result<()> {
        let wrong = |why: String| Error::Settings { layer: manifest.neuron.clone(), why };
        for name in &self.keep {
            if !manifest.states.iter().any(|state| state.name == *name) {
                let states: Vec<&str> = manifest.states.iter().map(|s| s.name.as_str()).collect();
                let states = states.join("`, `");
                let has =
                    if states.is_empty() { "it has none".into() } else { format!("`{states}`") };
                return Err(wrong(format!("keeps `{name}`, which is not a state of it: {has}")));
            }
            if !manifest.outputs.iter().any(|output| output.name == *name) {
                return Err(wrong(format!(
                    "is embedded without `{name}` of each step: write `output {name}` in its file"
                )));
            }
        }
        Ok(())
    }
}

/// The kernels of an embedded neuron, of which nothing is left to decide.
fn embedded(artifacts: &[&[u8]], wanted: &Specialization) -> Result<Kernels> {
    let kernels = Kernels::embedded(artifacts)?;
    if *wanted == Specialization::default() {
        return Ok(kernels);
    }
    let Specialization { neuron, options, share, learn, .. } = wanted;
    let options = options.iter().map(|(name, value)| format!(".option({name:?}, {value:?})"));
    let share = share.iter().map(|(name, by)| format!(".share({name:?}, Sharing::{by:?})"));
    let learn = learn.iter().map(|name| format!(".learn({name:?})"));
    let neuron = neuron.iter().map(|name| format!(".neuron({name:?})"));
    let calls: Vec<String> = neuron.chain(options).chain(share).chain(learn).collect();
    let why = format!("is embedded: write `{}` behind `Build::new` in build.rs", calls.concat());
    Err(Error::Settings { layer: kernels.manifest().neuron.clone(), why })
}

/// Where a layer draws first.
fn draws(seed: Option<u64>) -> Result<Tensor> {
    let any = || Tensor::f_randint(i64::MAX, [1], (Kind::Int64, Device::Cpu));
    let seed = match seed {
        Some(seed) => seed.cast_signed(),
        None => any()?.f_int64_value(&[0])?,
    };
    Ok(Tensor::from_slice(&[seed, 0]))
}

/// The stored numbers of constrained ones.
fn stored(param: &Param, numbers: &Numbers) -> Result<Tensor> {
    match numbers {
        Numbers::Same(number) => {
            let stored = stored_numbers(param, &[*number as f32])?;
            Ok(Tensor::from_slice(&stored).f_reshape([1_i64; 0])?)
        }
        Numbers::Each(numbers) => {
            let flat =
                numbers.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_reshape([-1_i64])?;
            let flat = Vec::<f32>::try_from(&flat)?;
            Ok(Tensor::from_slice(&stored_numbers(param, &flat)?).f_reshape(numbers.size())?)
        }
    }
}

impl Neuron {
    /// A neuron of the text of a file.
    pub fn of(text: &str) -> NeuronBuilder {
        NeuronBuilder { program: Code::Text(text.into()), ..NeuronBuilder::default() }
    }

    /// A neuron that the program's `build.rs` compiled, which decided its options, who shares params and which are
    /// learnt: the `ARTIFACTS` of the module that `snn_runtime::include_neuron!` brings.
    pub fn embedded(artifacts: &'static [&'static [u8]]) -> NeuronBuilder {
        NeuronBuilder { program: Code::Embedded(artifacts), ..NeuronBuilder::default() }
    }

    /// A neuron of a file.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn read(path: impl Into<PathBuf>) -> Result<NeuronBuilder> {
        let path = path.into();
        let failed = |why: std::io::Error| Error::File {
            path: path.display().to_string(),
            why: why.to_string(),
        };
        Ok(Self::of(&std::fs::read_to_string(&path).map_err(failed)?))
    }

    /// A neuron of the library by its name, `lif`.
    ///
    /// # Errors
    ///
    /// [`Error::Settings`] where there is none.
    pub fn standard(name: &str) -> Result<NeuronBuilder> {
        let why = || "is not in the library: `snnc list` says what it has".into();
        let text = crate::neuron::source(name);
        text.map(Self::of).ok_or_else(|| Error::Settings { layer: name.into(), why: why() })
    }

    /// Sets a state, `[N, *]`, from which the next call goes on.
    pub fn set_state(&mut self, name: &str, value: Tensor) {
        self.states.insert(name.into(), value);
    }

    /// A state at the end of each step of the last run, `[T, N, *]` or, of a single step, `[N, *]`: one that
    /// [`NeuronBuilder::keep`] named.
    pub fn sequence(&self, state: &str) -> Option<&Tensor> {
        self.kept.get(state)
    }

    /// The membrane potential `v` at the end of each step of the last run, where it is kept.
    pub fn v_seq(&self) -> Option<&Tensor> {
        self.sequence("v")
    }

    /// Whether it can normalise by the channels of a batch normalisation, the axis 2 of `[T, N, *]`: what was compiled
    /// before the program ran cannot.
    pub(super) fn can_normalize(&self) -> bool {
        let is_text = matches!(self.builder.program, Code::Text(_));
        let is_parallel = self.kernels.manifest().parallel;
        is_text && !is_parallel && self.builder.channel_axis.is_none_or(|axis| axis == 2)
    }

    /// Runs it on what it is to normalise where it reads it.
    pub(super) fn forward_normalized(
        &mut self,
        given: &Normalized,
        context: &Context,
    ) -> Result<Tensor> {
        let moments = [
            (Moment::Mean, &given.mean),
            (Moment::Scale, &given.scale),
            (Moment::Shift, &given.shift),
        ];
        self.run(&given.input, &moments, context)
    }

    /// Runs it on an input, which is normalised where something is given for that.
    fn run(
        &mut self,
        input: &Tensor,
        moments: &[(Moment, &Tensor)],
        context: &Context,
    ) -> Result<Tensor> {
        let is_single = self.builder.step_mode.unwrap_or(context.step_mode) == StepMode::Single;
        if is_single && self.kernels.manifest().parallel {
            let why = "sees all steps at once, and cannot be run step by step".into();
            return Err(Error::Settings { layer: self.node.kind.clone(), why });
        }
        let x = if is_single { input.f_unsqueeze(0)? } else { input.shallow_clone() };
        if x.dim() < 2 {
            let expected = if is_single { "[N, *]" } else { "[T, N, *]" };
            return Err(misfit(&self.node.kind, expected, input));
        }
        // A single step is never a sequence of its own.
        let from_rest = context.from_rest && !is_single;
        if from_rest {
            self.states.clear();
        }
        let call = Call { forget_states: from_rest, ..self.call(&x, moments)? };
        self.draw_on(x.size()[0])?;
        let mut forward = self.kernels_for(!moments.is_empty())?.forward(&call)?;
        self.states = forward.states;
        let of_caller = |sequence: &Tensor| match is_single && sequence.dim() == x.dim() {
            true => sequence.f_squeeze_dim(0),
            false => Ok(sequence.shallow_clone()),
        };
        self.kept.clear();
        for name in &self.builder.keep {
            if let Some(sequence) = forward.outputs.get(name) {
                self.kept.insert(name.clone(), of_caller(sequence)?);
            }
        }
        let output = forward.outputs.remove(&self.output);
        let output =
            output.map_or_else(|| Ok(input.shallow_clone()), |output| of_caller(&output))?;
        self.rate = firing_rate(&output, context)?;
        Ok(output)
    }

    /// What the kernels are given.
    fn call(&mut self, x: &Tensor, moments: &[(Moment, &Tensor)]) -> Result<Call> {
        for constant in self.constants.values_mut().filter(|own| own.device() != x.device()) {
            *constant = constant.f_to(x.device())?;
        }
        let (seed, first_step) = self.drawn()?;
        let clone = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.shallow_clone());
        let own = self.learnt.iter().chain(&self.constants).map(clone);
        let of_moment = |(moment, tensor): &(Moment, &Tensor)| {
            (naming::moment(&self.input, *moment), tensor.shallow_clone())
        };
        let fits = |(_, state): &(&String, &Tensor)| state.size() == x.size()[1..];
        Ok(Call {
            seed,
            first_step,
            inputs: [(self.input.clone(), x.shallow_clone())].into(),
            params: own.chain(moments.iter().map(of_moment)).collect(),
            // Another batch size begins anew.
            states: self.states.iter().filter(fits).map(clone).collect(),
            channel_axis: self.builder.channel_axis,
            ..Call::default()
        })
    }

    /// The seed and the number of the first step of the next run.
    fn drawn(&mut self) -> Result<(u64, u32)> {
        let Some(draws) = &mut self.draws else { return Ok((0, 0)) };
        // Who moves the network to a device moves it too, where to read it would be to wait.
        if draws.device() != Device::Cpu {
            *draws = draws.f_to(Device::Cpu)?;
        }
        let (seed, step) = (draws.f_int64_value(&[0])?, draws.f_int64_value(&[1])?);
        Ok((seed.cast_unsigned(), step as u32))
    }

    /// Counts the steps of a run, so that the next one draws other numbers.
    fn draw_on(&mut self, steps: i64) -> Result<()> {
        if let Some(draws) = &self.draws {
            let _ = draws.f_select(0, 1)?.f_add_scalar_(steps)?;
        }
        Ok(())
    }

    fn kernels_for(&mut self, normalizes: bool) -> Result<&Kernels> {
        if !normalizes {
            return Ok(&self.kernels);
        }
        let made = match self.normalizing.take() {
            Some(known) => known,
            None => self.builder.kernels(std::slice::from_ref(&self.input))?,
        };
        Ok(self.normalizing.insert(made))
    }
}

impl Module for Neuron {
    fn node(&self) -> Node {
        self.node.clone()
    }

    fn forward(&mut self, input: &Tensor, context: &Context) -> Result<Tensor> {
        self.run(input, &[], context)
    }

    fn params(&self) -> Vec<(String, &Tensor)> {
        self.learnt.iter().map(|(name, tensor)| (name.clone(), tensor)).collect()
    }

    fn buffers(&self) -> Vec<(String, &Tensor)> {
        self.draws.iter().map(|draws| ("draws".into(), draws)).collect()
    }

    fn states(&self) -> Option<&States> {
        Some(&self.states)
    }

    fn states_mut(&mut self) -> Option<&mut States> {
        Some(&mut self.states)
    }

    fn firing_rate(&self) -> Option<f64> {
        self.rate.as_ref().map(|rate| rate.double_value(&[]))
    }
}
