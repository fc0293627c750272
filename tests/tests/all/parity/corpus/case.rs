//! A program of the corpus with what it is run on.

use std::path::{Path, PathBuf};

use snn_artifact::ParamDefault;
use snn_compiler::check::{PortDtype, hir};
use snn_runtime::neuron::{Array, Call, Seeds};
use snn_tests::indexed::{indexed, stepped};
use snn_tests::numbers::Numbers;
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

/// What inputs and given states lie between where a row does not say it.
const INPUTS: (f32, f32) = (-1.0, 2.0);
const STATES: (f32, f32) = (-1.0, 1.0);
/// What given int states lie between; the end is left out.
const INTS: (f32, f32) = (0.0, 4.0);
/// What the numbers of indexed params lie between where they are given, and the one number for all.
const INDEXED: (f32, f32) = (0.25, 0.75);
const FOR_ALL: f32 = 0.375;
/// How far the numbers of a param that is not shared by all lie from its default, relative to it and to
/// what its range leaves.
const SPREAD: f32 = 0.1;

/// How far gradients may be from the oracle's where reals were saved in bfloat16, with 8 bits.
const NARROW: f64 = 1e-2;

/// A row of the table.
pub struct Case {
    /// The file, without `.snn`.
    pub file: &'static str,
    program: Program,
    inputs: (f32, f32),
    states: Vec<(&'static str, f32, f32)>,
    /// Whether what it fires is no question of how often.
    pub is_rate_free: bool,
    /// Most steps at once.
    pub most_steps: usize,
    /// How far gradients may be from the oracle's where reals were saved in bfloat16.
    pub narrow: f64,
}

/// The folder of the corpus, or the copy of it that `SNN_CORPUS` names.
pub fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    std::env::var_os("SNN_CORPUS").map_or_else(own, PathBuf::from)
}

/// The program in a file of the corpus.
pub fn case(file: &'static str) -> Case {
    let text = std::fs::read_to_string(folder().join(file).with_extension("snn")).unwrap();
    let (program, inputs) = (Program::new(&text), INPUTS);
    Case {
        file,
        program,
        inputs,
        states: Vec::new(),
        is_rate_free: false,
        most_steps: usize::MAX,
        narrow: NARROW,
    }
}

/// Numbers around a param's default, inside its range; none where the default is drawn.
fn near(param: &hir::Param) -> Option<(f32, f32)> {
    let ParamDefault::Number(default) = param.default else { return None };
    let to_ends = |range: hir::Range| (default - range.low).min(range.high - default);
    let spread = f64::from(SPREAD) * param.range.map_or(f64::INFINITY, to_ends).min(default.abs());
    Some(((default - spread) as f32, (default + spread) as f32))
}

/// What indexed params are given: a number for each index, one for all, or none.
fn of_indices(neuron: &hir::Neuron, sizes: &Sizes, numbers: &mut Numbers) -> Vec<(String, Array)> {
    let axes = indexed(neuron).into_iter().map(|(name, e)| (name, e.len(), e[0].sharing));
    let steps = stepped(neuron).map(|param| (param.name.as_str(), sizes.steps, param.sharing));
    let given = axes.chain(steps).filter_map(|(name, axis, sharing)| {
        let shape = [&[axis], &sizes.param_shape(sharing)[..]].concat();
        let each = numbers.uniform(shape.iter().product(), INDEXED.0, INDEXED.1);
        let each = Array::new(shape, each).unwrap();
        let given = [Some(each), Some(Array::scalar(FOR_ALL)), None];
        Some((name.to_string(), given[numbers.below(3)].clone()?))
    });
    given.collect()
}

impl Case {
    /// With an option.
    pub fn option(mut self, name: &str, value: impl ToString) -> Self {
        self.program = self.program.option(name, value);
        self
    }

    /// With a param that is learnt and shared so.
    pub fn share(mut self, param: &str, sharing: hir::Sharing) -> Self {
        self.program = self.program.share(param, sharing).learn(param);
        self
    }

    /// With what forward saves for backward.
    pub fn save(mut self, what: &str) -> Self {
        self.program = self.program.save(what);
        self
    }

    /// With inputs and outputs that are stored so.
    pub fn dtype(mut self, dtype: PortDtype) -> Self {
        self.program = self.program.dtype(dtype);
        self
    }

    /// With inputs between two numbers.
    pub fn inputs(mut self, low: f32, high: f32) -> Self {
        self.inputs = (low, high);
        self
    }

    /// With a state that begins between two numbers where it is given.
    pub fn state(mut self, name: &'static str, low: f32, high: f32) -> Self {
        self.states.push((name, low, high));
        self
    }

    /// With spikes whose rate says nothing: those of a neuron that fires once, or in very few steps.
    pub fn of_any_rate(mut self) -> Self {
        self.is_rate_free = true;
        self
    }

    /// With so few steps at once that gradients keep their digits in f32: those of a neuron whose steps
    /// each cancel some.
    pub fn steps(mut self, most: usize) -> Self {
        self.most_steps = most;
        self
    }

    /// With gradients that may be so far from the oracle's where reals were saved in bfloat16: those of a
    /// neuron whose slopes jump, or whose potentials are large beside what moves them.
    pub fn narrow(mut self, tolerance: f64) -> Self {
        self.narrow = tolerance;
        self
    }

    /// The program with what decides it.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Random operands and gradients to begin with.
    pub fn call(
        &self,
        neuron: &hir::Neuron,
        steps: usize,
        step: &[usize],
        numbers: &mut Numbers,
    ) -> (Call, Seeds) {
        let mut call = Call::default();
        let shape = [&[steps], step].concat();
        let count: usize = shape.iter().product();
        for input in neuron.inputs.iter().filter(|input| input.is_given()) {
            let x = numbers.uniform(count, self.inputs.0, self.inputs.1);
            call.inputs.insert(input.name.clone(), Array::new(shape.clone(), x).unwrap());
        }
        if neuron.inputs.iter().any(|input| input.draw().is_some()) {
            call.seed = (numbers.below(1 << 31) as u64) << 31 | numbers.below(1 << 31) as u64;
            call.first_step = numbers.below(1 << 31) as u32;
        }
        let sizes = Sizes::of(&call);
        let spread = neuron.params.iter().filter(|p| p.of.is_none());
        let spread = spread.filter(|p| p.sharing != hir::Sharing::Layer);
        for (param, (low, high)) in spread.filter_map(|param| Some((param, near(param)?))) {
            let shape = sizes.param_shape(param.sharing);
            let values = numbers.uniform(shape.iter().product(), low, high);
            call.params.insert(param.name.clone(), Array::new(shape, values).unwrap());
        }
        call.params.extend(of_indices(neuron, &sizes, numbers));
        let mut seeds = Seeds::default();
        for state in &neuron.states {
            let first = self.first(state, sizes.lanes, numbers);
            call.states.extend(first.map(|first| (state.name.clone(), sizes.row(first))));
            if state.ty == hir::Type::Real {
                let grad = sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0));
                seeds.states.insert(state.name.clone(), grad);
            }
        }
        for output in &neuron.outputs {
            let grad = match output.last {
                true => sizes.row(numbers.uniform(sizes.lanes, -1.0, 1.0)),
                false => sizes.sequence(numbers.uniform(count, -1.0, 1.0)),
            };
            seeds.outputs.insert(output.name.clone(), grad);
        }
        (call, seeds)
    }

    /// The first values of a state in every other call.
    fn first(&self, state: &hir::State, lanes: usize, numbers: &mut Numbers) -> Option<Vec<f32>> {
        let is_given = numbers.below(2) == 0;
        let is_int = state.ty == hir::Type::Int;
        let is_spike = state.name.ends_with("@prev");
        let (low, high) = self
            .states
            .iter()
            .find(|(name, ..)| *name == state.name)
            .map_or(if is_int { INTS } else { STATES }, |(_, low, high)| (*low, *high));
        let values = numbers.uniform(lanes, low, high);
        let whole = |value: f32| match is_int {
            true => value.floor(),
            false if is_spike => f32::from(value > (low + high) / 2.0),
            false => value,
        };
        is_given.then(|| values.into_iter().map(whole).collect())
    }
}
