//! The cases of `neurons.json`, with their numbers from `neurons.npz`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use snn_compiler::check::hir::{self, Sharing, Via};
use snn_runtime::neuron::{Array, Arrays, Call, Seeds};
use snn_tests::program::Program;
use snn_tests::vectors::Vectors;

/// A case.
pub struct Case {
    about: Value,
    arrays: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    /// What backward begins with, by the names of outputs and, behind `next.`, of states.
    seeds: Vec<(String, Vec<f64>)>,
}

/// All cases.
pub fn all() -> Vec<Case> {
    let vectors = Vectors::open("neurons");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference/vectors/neurons.json");
    let list: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    list["cases"].as_array().unwrap().iter().map(|about| Case::new(about, &vectors)).collect()
}

impl Case {
    /// Takes the numbers of a case apart.
    fn new(about: &Value, vectors: &Vectors) -> Self {
        let mut rest = vectors.get(about["name"].as_str().unwrap());
        let mut arrays = BTreeMap::new();
        for array in about["arrays"].as_array().unwrap() {
            let sizes = array[1].as_array().unwrap().iter();
            let shape: Vec<usize> = sizes.map(|n| n.as_u64().unwrap() as usize).collect();
            let (own, behind) = rest.split_at(shape.iter().product());
            arrays.insert(array[0].as_str().unwrap().into(), (shape, own.to_vec()));
            rest = behind;
        }
        assert!(rest.is_empty(), "{about}");
        let seeds = about["seeds"].as_object().unwrap().iter();
        let seed = |pool: &Value| vectors.get(pool.as_str().unwrap()).to_vec();
        let seeds = seeds.map(|(name, pool)| (name.clone(), seed(pool))).collect();
        Self { about: about.clone(), arrays, seeds }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.about["name"].as_str().unwrap()
    }

    /// The neuron's name.
    pub fn neuron(&self) -> &str {
        self.about["neuron"].as_str().unwrap()
    }

    /// Whether its numbers are those of f64.
    pub fn is_double(&self) -> bool {
        self.about["precision"] == "f64"
    }

    /// Whether it has gradients.
    pub fn has_gradient(&self) -> bool {
        !self.seeds.is_empty()
    }

    fn words(&self, key: &str) -> Vec<String> {
        let words = self.about[key].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().into()).collect()
    }

    /// The neuron as the case has it: states of each step are outputs, and what it draws is an input.
    pub fn program(&self) -> Program {
        let mut text = snn::neuron::source(self.neuron()).unwrap().to_string();
        for name in self.words("inputs") {
            let (neuron, _tests) = text.split_once("\ntest ").unwrap_or((&text, ""));
            let lines = neuron.lines().map(|line| {
                let mut words = line.split_whitespace();
                let is_draw = words.next() == Some("rand") && words.next() == Some(&name);
                if is_draw { format!("  input {name}\n") } else { format!("{line}\n") }
            });
            text = lines.collect();
        }
        let mut program = Program::new(&text);
        for (name, value) in self.about["options"].as_object().unwrap() {
            program = program.option(name, value.as_str().unwrap());
        }
        for name in self.about["share"].as_object().unwrap().keys() {
            program = program.share(name, Sharing::Channel);
        }
        program.specialization.learn = self.words("learn");
        program.specialization.watch = self.words("watch");
        program
    }

    /// What is given: `number` makes of a param's numbers what the neuron takes.
    pub fn call(&self, number: impl Fn(&str, f64) -> f64) -> Call {
        let plain = |prefix| -> Arrays { self.arrays(prefix, |_, y| y).collect() };
        Call {
            inputs: plain("input."),
            states: plain("state."),
            params: self.arrays("param.", number).collect(),
            ..Call::default()
        }
    }

    /// The arrays behind a prefix, made of other numbers.
    fn arrays(
        &self,
        prefix: &str,
        number: impl Fn(&str, f64) -> f64,
    ) -> impl Iterator<Item = (String, Array)> {
        self.arrays.iter().filter_map(move |(name, (shape, all))| {
            let name = name.strip_prefix(prefix)?;
            let all: Vec<f64> = all.iter().map(|y| number(name, *y)).collect();
            Some((name.to_string(), array(shape, &all)))
        })
    }

    /// The gradients that backward begins with.
    pub fn seeds(&self, call: &Call) -> Seeds {
        let shape = call.inputs["x"].shape();
        let mut seeds = Seeds::default();
        for (name, all) in &self.seeds {
            let is_row = all.len() < shape.iter().product();
            let own = array(if is_row { &shape[1..] } else { shape }, all);
            match name.strip_prefix("next.") {
                Some(state) => seeds.states.insert(state.into(), own),
                None => seeds.outputs.insert(name.clone(), own),
            };
        }
        seeds
    }

    /// What has to come out, by the names behind a prefix.
    pub fn expected<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a [f64])> {
        let arrays = self.arrays.iter();
        arrays.filter_map(move |(name, (_, all))| Some((name.strip_prefix(prefix)?, &all[..])))
    }
}

fn array(shape: &[usize], numbers: &[f64]) -> Array {
    Array::new(shape.to_vec(), numbers.iter().map(|y| *y as f32).collect()).unwrap()
}

/// The params that are stored as reals, which the case has as they are stored.
pub fn stored(neuron: &hir::Neuron) -> Vec<&str> {
    let by_step = neuron.inputs.iter().filter_map(|input| input.param());
    let params = neuron.params.iter().chain(by_step).filter_map(|param| Some((param, param.via?)));
    let names = params.map(|(param, via)| {
        assert!(matches!(via, Via::Sigmoid), "{}", param.name);
        &param.name[..]
    });
    names.collect()
}
