use tch::{IndexOp, Tensor};

use super::*;
use crate::neuron::{
    DsrBuilder, FewSpikeTable, FewSpikes, FewSpikesBuilder, SlidingPsn, dsr_if, dsr_lif,
};
use crate::nn::{StepMode, entries};

fn dsr_cases() -> [(&'static str, DsrBuilder); 4] {
    let with = |builder: DsrBuilder| builder.v_threshold(0.75).v_threshold_grad_scaling(0.5);
    [
        ("dsr_if", with(dsr_if())),
        ("dsr_if_bound", dsr_if().v_threshold(2.0).v_threshold_lower_bound(0.5)),
        ("dsr_lif", with(dsr_lif(1.5, 0.5))),
        ("dsr_lif_bound", dsr_lif(2.0, 0.25).v_threshold(0.25)),
    ]
}

#[test]
fn gradients_of_mean_rates_are_those_of_spikingjelly() {
    let vectors = Vectors::open();
    for (case, builder) in dsr_cases() {
        let mut net = builder.build().unwrap();
        vectors.set(&net, case, &[]);
        vectors.check(&mut net, case, &[], &Context::train());
        let learns = net.params()[0].1.grad().double_value(&[]) != 0.0;
        assert_eq!(learns, !case.ends_with("bound"), "{case}: below its bound it does not move");
        let x = vectors.get(&format!("{case}.x"));
        let out = net.forward(&x, &Context::eval()).unwrap();
        assert_eq!(out, vectors.get(&format!("{case}.out")), "{case}: each call is its own");
        assert!((0.1..0.9).contains(&net.firing_rate().unwrap()));
        let quiet = tch::no_grad(|| net.forward(&x, &Context::train())).unwrap();
        assert!(quiet == out && !quiet.requires_grad());
    }
}

#[test]
fn a_fixed_threshold_is_a_buffer() {
    let mut net = dsr_if().v_threshold_training(false).build().unwrap();
    assert!(net.params().is_empty());
    assert_eq!(entries(&net)[0].path, "v_threshold");
    let x = (noise(&[6, 2, 3]) * 2.0).set_requires_grad(true);
    net.forward(&x, &Context::train()).unwrap().sum(Kind::Float).backward();
    let grad = x.grad();
    assert_eq!(grad.i(0), grad.i(5), "the gradient is the same at each step");
    assert!(grad.abs().sum(Kind::Float).double_value(&[]) > 0.0);
}

#[test]
fn settings_of_spike_representation_are_checked() {
    let refused = [
        (dsr_if().alpha(0.0), "`DsrIf` has an `alpha` of 0, but takes a number in (0, 1]"),
        (
            dsr_if().v_threshold(0.001),
            "`DsrIf` has a `v_threshold` of 0.001, but takes a number from its lower bound 0.01",
        ),
        (
            dsr_lif(2.0, 0.05).v_threshold_lower_bound(0.0),
            "`DsrLif` has a `v_threshold_lower_bound` of 0, but takes a number above 0",
        ),
        (dsr_lif(0.0, 0.05), "`DsrLif` has a `tau` of 0, but takes a number above 0"),
        (dsr_lif(2.0, -1.0), "`DsrLif` has a `delta_t` of -1, but takes a number above 0"),
    ];
    for (builder, why) in refused {
        assert_eq!(refusal(builder.build()), why);
    }
    let mut net = dsr_lif(2.0, 0.05).build().unwrap();
    let single = Context::train().with(StepMode::Single);
    let error = refusal(net.forward(&noise(&[3, 2]), &single));
    assert_eq!(error, "`DsrLif` sees all steps at once, and cannot be run step by step");
    let error = refusal(net.forward(&zeros(&[0, 2]), &Context::train()));
    assert_eq!(error, "`DsrLif` takes [T, N, *] of a step or more, but was given [0, 2]");
}

/// The tables of a case.
fn tables(vectors: &Vectors, case: &str) -> Vec<FewSpikeTable> {
    let [theta, h, d] = ["theta", "h", "d"].map(|part| vectors.get(&format!("{case}.p.{part}")));
    let row = |numbers: &Tensor, i: i64| Vec::<f32>::try_from(numbers.i(i)).unwrap();
    let table = |i| FewSpikeTable { theta: row(&theta, i), h: row(&h, i), d: row(&d, i) };
    (0..theta.size()[0]).map(table).collect()
}

fn few_cases(vectors: &Vectors) -> Vec<(&'static str, FewSpikesBuilder)> {
    let of = |case: &str| tables(vectors, case);
    let [near, far] = <[_; 2]>::try_from(of("few_outlier")).unwrap();
    vec![
        ("few_few", FewSpikes::of(of("few_few").remove(0))),
        ("few_outlier", FewSpikes::outlier_aware(near, far, 1.0).clamp_value(2.5)),
        ("few_gated", FewSpikes::gated(of("few_gated"), &[-0.5, 0.75])),
    ]
}

#[test]
fn codes_of_few_spikes_are_those_of_spikingjelly() {
    let vectors = Vectors::open();
    for (case, builder) in few_cases(&vectors) {
        let mut net = builder.build().unwrap();
        let single = Context::train().with(StepMode::Single);
        vectors.check(&mut net, &format!("{case}.single"), &[], &single);
        vectors.check(&mut net, &format!("{case}.multi"), &[], &Context::train());
        let names: Vec<String> = entries(&net).into_iter().map(|entry| entry.path).collect();
        assert_eq!(names, ["theta", "h", "d", "above"]);
    }
}

#[test]
fn a_code_of_one_step_is_the_librarys() {
    let table = FewSpikeTable { theta: vec![0.25; 4], h: vec![0.25; 4], d: vec![0.25; 4] };
    let mut code = FewSpikes::of(table).build().unwrap();
    let mut own = crate::layer::Neuron::standard("few_spike").unwrap().build().unwrap();
    let x = noise(&[3, 40]);
    let single = Context::eval().with(StepMode::Single);
    assert_eq!(code.forward(&x, &single).unwrap(), own.forward(&x, &single).unwrap());
}

#[test]
fn settings_of_few_spikes_are_checked() {
    let table = |n: usize| FewSpikeTable { theta: vec![0.5; n], h: vec![0.5; n], d: vec![0.5; n] };
    let uneven = FewSpikeTable { h: vec![0.5], ..table(2) };
    let infinite = FewSpikeTable { d: vec![f32::INFINITY, 0.0], ..table(2) };
    let outlier = |split| FewSpikes::outlier_aware(table(2), table(2), split);
    let refused = [
        (FewSpikes::of(table(0)), "has a table without numbers"),
        (
            FewSpikes::of(uneven),
            "takes 2 numbers of `theta`, `h` and `d` each, but table 0 has [2, 1, 2]",
        ),
        (FewSpikes::of(infinite), "has a number in table 0 that is not finite"),
        (FewSpikes::gated(vec![], &[]), "has no table, but takes one or more"),
        (
            FewSpikes::gated(vec![table(2), table(3)], &[0.0]),
            "takes 2 numbers of `theta`, `h` and `d` each, but table 1 has [3, 3, 3]",
        ),
        (
            FewSpikes::gated(vec![table(2), table(2)], &[]),
            "takes 1 thresholds for 2 tables, but has 0",
        ),
        (
            FewSpikes::gated(vec![table(2), table(2), table(2)], &[1.0, 1.0]),
            "takes finite thresholds that rise, but has [1.0, 1.0]",
        ),
        (outlier(-1.0), "takes a `split_threshold` from 0, but has -1"),
        (
            outlier(1.0).clamp_value(0.5),
            "takes a `clamp_value` above 0 and from the `split_threshold` 1, but has 0.5",
        ),
        (
            FewSpikes::of(table(2)).clamp_value(0.5),
            "has no `clamp_value`: only a table of outliers has one",
        ),
    ];
    for (builder, why) in refused {
        let error = refusal(builder.build());
        assert!(error.ends_with(&format!("` {why}")), "{error}");
    }
    let mut net = FewSpikes::of(table(2)).build().unwrap();
    let error = refusal(net.forward(&noise(&[3, 2, 4]), &Context::train()));
    assert_eq!(error, "`FewSpike` takes [2, N, *], but was given [3, 2, 4]");
}

#[test]
fn a_sliding_window_begins_with_halves() {
    let vectors = Vectors::open();
    let mut net = SlidingPsn::new().exp_init(4).build().unwrap();
    let renamed = [("w", "weight"), ("b", "bias")];
    for (path, theirs) in renamed {
        let own = entries(&net).into_iter().find(|entry| entry.path == path).unwrap().tensor;
        assert_eq!(own, vectors.get(&format!("sliding.p.{theirs}")), "{path}");
    }
    vectors.check(&mut net, "sliding", &renamed, &Context::train());
    let drawn = |seed| {
        let net = SlidingPsn::new().k(4).seed(seed).build().unwrap();
        net.params().into_iter().find(|(name, _)| name == "w").unwrap().1.copy()
    };
    assert!(drawn(1) == drawn(1) && drawn(1) != drawn(2));
    assert!(drawn(1).abs().max().double_value(&[]) <= 0.5);
    assert!(refusal(SlidingPsn::new().exp_init(0).build()).contains("k"));
}
