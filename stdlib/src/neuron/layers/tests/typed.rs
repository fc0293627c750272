use snn_compiler::ast::{self, ItemKind};
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::pipeline::{self, Source};
use snn_compiler::span::SourceMap;
use tch::{Kind, Tensor};

use crate::layer::{Neuron, NeuronBuilder};
use crate::neuron::layers::{surrogate, table, typed};
use crate::neuron::*;
use crate::nn::{Context, Module, StepMode, detach, reset};

/// Files whose neuron has a type of its own in place of one of the table.
const BY_HAND: &[&str] = &[
    "dsr_if",
    "dsr_lif",
    "few_spike",
    "hg",
    "mpbn_lif",
    "noisy_cuba_lif",
    "noisy_non_spiking_if",
    "outlier_aware_threshold",
];

/// Options that have a method of their own.
const OWN: &[&str] = &["steps", "max_mem", "max_abs_mem", "mean_mem"];

#[test]
fn every_neuron_of_one_input_has_a_type_with_its_options_and_params() {
    for name in NAMES {
        let text = source(name).unwrap();
        let front =
            pipeline::front(Source { name, text }, &Specialization::default(), &NoImports).unwrap();
        let inputs = front.neuron.inputs.iter().filter(|input| input.is_given()).count();
        if inputs != 1 || BY_HAND.contains(name) {
            continue;
        }
        let row = table::ALL.iter().find(|(file, ..)| file == name);
        let (_, options, params) = row.unwrap_or_else(|| panic!("{name} has no type"));
        let options: Vec<&str> = options.iter().map(|name| typed::option_name(name)).collect();
        let params: Vec<&str> = params.iter().map(|name| typed::name(name)).collect();
        let known = front.neuron.options.iter().map(|(name, _)| name.as_str());
        assert_eq!(options, known.filter(|name| !OWN.contains(name)).collect::<Vec<_>>(), "{name}");
        let known = pipeline::params(&front.neuron);
        let known: Vec<&str> = known.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(params, known, "{name}");
    }
}

#[test]
fn every_surrogate_of_the_language_has_a_function_with_its_arguments() {
    let mut sources = SourceMap::new();
    let text = include_str!("../../../../../compiler/src/prelude/surrogates.snn");
    let file = sources.add("surrogates", text);
    let (module, _) = ast::parse(sources.get(file).unwrap());
    let declared = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Surrogate(surrogate) => Some(surrogate),
        _ => None,
    });
    let declared: Vec<(&str, Vec<&str>)> = declared
        .map(|s| (s.name.text.as_str(), s.formals.iter().map(|f| f.name.text.as_str()).collect()))
        .collect();
    let known: Vec<(&str, Vec<&str>)> =
        surrogate::ALL.iter().map(|(name, arguments)| (*name, arguments.to_vec())).collect();
    assert_eq!(known, declared);
}

/// A neuron of each kind of setting, which runs.
fn run(neuron: impl Into<NeuronBuilder>, x: &Tensor) -> Tensor {
    let mut neuron = neuron.into().build().expect("it builds");
    neuron.forward(x, &Context::train()).expect("it runs")
}

fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

#[test]
fn surrogates_are_what_the_language_takes() {
    let x = noise(&[4, 3, 5]);
    let all = [
        Surrogate::atan(2.0),
        Surrogate::deterministic_pass(),
        Surrogate::squarewave_fourier_series(3, 8.0),
        Surrogate::s2nn(1e-3, 1e3),
        Surrogate::written("rect(alpha: 0.5)"),
    ];
    let spikes = all.map(|surrogate| run(If::new().surrogate(surrogate), &x));
    assert!(spikes.iter().all(|found| *found == spikes[0]));
    assert_eq!(Surrogate::piecewise_leaky_relu(1.0, 0.01).to_string(), {
        "piecewise_leaky_relu(w: 1.0, c: 0.01)"
    });
    let counts = Surrogate::multi_level_spike_count(2.0, 0.0, 2.0);
    let most = run(Ilif::new().max_spike_count(2).surrogate(counts), &(x * 9.0));
    assert_eq!(most.max().double_value(&[]), 2.0);
}

#[test]
fn params_may_be_learnt_and_shared() {
    let x = noise(&[4, 2, 3]);
    let learnt = |neuron: Lif| {
        let mut neuron = neuron.build().unwrap();
        let _ = neuron.forward(&x, &Context::train()).unwrap();
        let params = neuron.params().into_iter();
        params.map(|(name, tensor)| (name, tensor.size())).collect::<Vec<_>>()
    };
    assert!(learnt(Lif::new().tau(3.0)).is_empty());
    let tau = || Param::from(3.0).learnt();
    assert_eq!(learnt(Lif::new().tau(tau())), [("tau".into(), vec![])]);
    assert_eq!(learnt(Lif::new().tau(tau().per_channel(3))), [("tau".into(), vec![3])]);
    assert_eq!(learnt(Lif::new().tau(tau().per_neuron(&[3]))), [("tau".into(), vec![3])]);
    let each = Tensor::from_slice(&[0.25_f32, 0.5, 4.0]);
    let by_channel = Param::from(&each).per_channel(3);
    let found = run(Lif::new().v_threshold(by_channel), &x);
    for (i, threshold) in [0.25, 0.5, 4.0].into_iter().enumerate() {
        let alone = run(Lif::new().v_threshold(threshold), &x);
        assert_eq!(found.select(2, i as i64), alone.select(2, i as i64));
    }
}

#[test]
fn what_has_an_index_takes_one_number_or_each() {
    let x = noise(&[4, 2, 3]);
    let one = run(TimedDecay::new().steps(4).decay(0.5), &x);
    let each = Tensor::from_slice(&[0.5_f32; 4]);
    assert_eq!(run(TimedDecay::new().steps(4).decay(&each), &x), one);
    let one = run(FewSpikesOverTime::new().k(4).theta(0.5), &x);
    assert_eq!(run(FewSpikesOverTime::new().k(4).theta(&each), &x), one);
    let eye = Tensor::eye(4, (Kind::Float, tch::Device::Cpu));
    let found = run(Psn::new().steps(4).w(&eye).b(-1.0), &x);
    assert_eq!(found, x.ge(1.0).to_kind(Kind::Float));
}

#[test]
fn potentials_of_each_step_are_kept_with_their_gradient() {
    let x = noise(&[6, 2, 3]).set_requires_grad(true);
    let mut kept = Lif::new().store_v_seq(true).build().unwrap();
    let s = kept.forward(&x, &Context::train()).unwrap();
    assert_eq!(s, run(Lif::new(), &x));
    let v = kept.v_seq().unwrap();
    assert_eq!(v.size(), [6, 2, 3]);
    let mut single = Lif::new().step_mode(StepMode::Single).store_v_seq(true).build().unwrap();
    for t in 0..6 {
        let step = single.forward(&x.get(t), &Context::train()).unwrap();
        assert_eq!(step, s.get(t));
        assert_eq!(*single.v_seq().unwrap(), v.get(t));
        assert_eq!(single.states().unwrap()["v"], v.get(t));
    }
    // One step of potentials below the threshold: v = x / tau.
    v.get(0).sum(Kind::Float).backward();
    let below = s.get(0).eq(0.0).to_kind(Kind::Float);
    assert!(x.grad().get(0).masked_select(&below.to_kind(Kind::Bool)).allclose(
        &Tensor::from(0.5_f32),
        0.0,
        1.0,
        false
    ));
    assert!(x.grad().abs().sum(Kind::Float).double_value(&[]) > 0.0);
    assert!(Lif::new().build().unwrap().v_seq().is_none());
}

#[test]
fn what_cannot_be_kept_or_given_is_said() {
    let refused = |builder: NeuronBuilder| builder.build().err().unwrap().to_string();
    assert_eq!(
        refused(Lif::new().keep("u").into()),
        "`Lif` keeps `u`, which is not a state of it: `v`"
    );
    let none = refused(Psn::new().steps(4).store_v_seq(true).into());
    assert_eq!(none, "`Psn` keeps `v`, which is not a state of it: it has none");
    let output = refused(Neuron::standard("lif").unwrap().output("y"));
    assert_eq!(output, "`Lif` has no output `y`: its outputs are `s`");
}

#[test]
fn potentials_are_read_out() {
    let x = noise(&[6, 2, 3]);
    let v = run(NonSpikingLif::new(), &x);
    assert_eq!(v.size(), [6, 2, 3]);
    let of = |decode| run(NonSpikingLif::new().decode(decode), &x);
    assert_eq!(of(Decode::LastMem), v.get(5));
    assert_eq!(of(Decode::MaxMem), v.amax([0], false));
    let mean = v.mean_dim(0, false, Kind::Float);
    assert!(of(Decode::MeanMem).allclose(&mean, 1e-6, 1e-6, false));
    assert_eq!(of(Decode::MaxAbsMem).abs(), v.abs().amax([0], false));
}

#[test]
fn states_carry_over_and_begin_anew() {
    let (x, context) = (noise(&[6, 2, 3]), Context::train());
    let mut neuron = Alif::new().build().unwrap();
    let whole = neuron.forward(&x, &context).unwrap();
    reset(&mut neuron);
    let halves = [0, 3].map(|at| neuron.forward(&x.narrow(0, at, 3), &context).unwrap());
    assert_eq!(Tensor::cat(&halves, 0), whole);
    // Another shape begins anew.
    let other = noise(&[6, 5, 3]);
    let found = neuron.forward(&other, &context).unwrap();
    assert_eq!(found, run(Alif::new(), &other));
    // A state of one's own.
    reset(&mut neuron);
    neuron.set_state("v", Tensor::full([2, 3], 0.75, (Kind::Float, tch::Device::Cpu)));
    let from = neuron.forward(&x, &context).unwrap();
    assert_ne!(from, whole);
    // Gradients end where states are detached.
    let x = x.set_requires_grad(true);
    reset(&mut neuron);
    let _ = neuron.forward(&x, &context).unwrap();
    assert!(neuron.states().unwrap()["v"].requires_grad());
    detach(&mut neuron);
    assert!(!neuron.states().unwrap()["v"].requires_grad());
}
