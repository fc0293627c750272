use tch::{IndexOp, Tensor};

use super::*;
use crate::neuron::{MpbnLif, MpbnLifBuilder, Surrogate};
use crate::nn::{StepMode, detach, entries, load_state_dict, reset, state_dict};

fn plain() -> MpbnLifBuilder {
    MpbnLif::of(3)
}

/// Whether a fold normalises the residual, and whether its moments are running ones.
type Fold = Option<(bool, bool)>;

/// Each case with what it folds.
fn cases() -> Vec<(&'static str, MpbnLifBuilder, Fold)> {
    let soft = || plain().soft_reset(true);
    let learnt = || plain().learnable_vth(true);
    vec![
        ("mpbn_hard", plain().v_reset(-0.25), None),
        ("mpbn_soft", soft().decay_input(true).detach_reset(true).tau(1.5), None),
        ("mpbn_learnt", learnt().v_threshold(0.75), None),
        ("mpbn_learnt_soft", learnt().v_threshold(0.75).soft_reset(true), None),
        ("mpbn_off", learnt().mpbn(false), None),
        ("mpbn_folded", plain().v_reset(-0.25), Some((false, false))),
        ("mpbn_residual", soft().decay_input(true), Some((true, true))),
        ("mpbn_adapted", learnt().soft_reset(true).bn_momentum(0.006), Some((true, true))),
    ]
}

/// A case with SpikingJelly's numbers.
fn made(vectors: &Vectors, case: &str, builder: MpbnLifBuilder, folds: Fold) -> MpbnLif {
    let mut net = builder.build().unwrap();
    vectors.set(&net, case, &[]);
    for entry in entries(&net) {
        let theirs = match entry.path.as_str() {
            "vbn.running_mean" => "mean",
            "vbn.running_var" => "var",
            _ => continue,
        };
        entry.tensor.shallow_clone().copy_(&vectors.get(&format!("{case}.p.{theirs}")));
    }
    if let Some((normalize_residual, running_stats)) = folds {
        net.re_parameterize_v_threshold(normalize_residual, running_stats).unwrap();
    }
    net
}

#[test]
fn normalises_folds_and_adapts_as_spikingjelly_does() {
    let vectors = Vectors::open();
    for (case, builder, folds) in cases() {
        let mut net = made(&vectors, case, builder, folds);
        for (call, context) in
            [("first", Context::train()), ("second", Context::train()), ("eval", Context::eval())]
        {
            if call == "eval" {
                reset(&mut net);
            }
            let name = format!("{case}.{call}");
            vectors.check(&mut net, &name, &[], &context);
            let v = net.states().unwrap()["v"].shallow_clone();
            close(&format!("{name}: v"), &v, &vectors.get(&format!("{name}.v")));
            detach(&mut net);
        }
        let moments =
            [("running_mean", "mu"), ("running_var", "sigma2"), ("mu", "mu"), ("sigma2", "sigma2")];
        let mut kept = 0;
        for entry in entries(&net) {
            let last = entry.path.rsplit('.').next().unwrap();
            if let Some((_, theirs)) = moments.iter().find(|(own, _)| *own == last) {
                let expected = vectors.get(&format!("{case}.b.{theirs}"));
                close(&format!("{case}: {theirs}"), &entry.tensor, &expected);
                kept += 1;
            }
        }
        assert_eq!(kept, if case == "mpbn_off" { 0 } else { 2 }, "{case}");
    }
}

#[test]
fn steps_calls_and_batches_go_on_until_a_reset() {
    let vectors = Vectors::open();
    for (case, builder, folds) in cases() {
        let x = vectors.get(&format!("{case}.first.x"));
        for training in [true, false] {
            let multi = Context { training, ..Context::train() };
            let single = multi.with(StepMode::Single);
            // Training changes what the next call is normalised by.
            let fresh = || made(&vectors, case, builder.clone(), folds);
            let whole = fresh().forward(&x, &multi).unwrap();
            let mut net = fresh();
            let steps = (0..4).map(|t| net.forward(&x.i(t), &single).unwrap());
            assert_eq!(Tensor::stack(&steps.collect::<Vec<_>>(), 0), whole, "{case}");
            let mut net = fresh();
            let first = net.forward(&x.i(..1), &multi).unwrap();
            let parts = [first, net.forward(&x.i(1..), &multi).unwrap()];
            assert_eq!(Tensor::cat(&parts, 0), whole, "{case}");
            let mut net = fresh();
            assert_eq!(net.forward(&x, &multi.from_rest()).unwrap(), whole, "{case}");
            assert!(net.states().unwrap().is_empty());
            let fewer = x.i((.., ..2));
            let expected = fresh().forward(&fewer, &multi).unwrap();
            if !training {
                let _ = net.forward(&x, &multi).unwrap();
                assert_eq!(net.forward(&fewer, &multi).unwrap(), expected, "{case}");
            }
        }
    }
}

#[test]
fn a_fold_fires_as_what_it_folds() {
    let vectors = Vectors::open();
    let net = || made(&vectors, "mpbn_learnt", plain().learnable_vth(true), None);
    let (mut apart, mut folded) = (net(), net());
    folded.re_parameterize_v_threshold(true, false).unwrap();
    let x = vectors.get("mpbn_learnt.eval.x");
    let first = |net: &mut MpbnLif| net.forward(&x.i(..1), &Context::eval()).unwrap();
    let spikes = first(&mut apart);
    assert!(spikes.sum(Kind::Float).double_value(&[]) > 1.0);
    assert_eq!(first(&mut folded), spikes);
    close("v", &folded.states().unwrap()["v"], &apart.states().unwrap()["v"]);
    // One number for each channel has no variance, and moves nothing.
    let before = state_dict(&folded);
    reset(&mut folded);
    let _ = folded.forward(&x.i((.., ..1)), &Context::train()).unwrap();
    assert_eq!(state_dict(&folded), before);
    reset(&mut folded);
    let _ = folded.forward(&x, &Context::train()).unwrap();
    assert_ne!(state_dict(&folded), before);
}

#[test]
fn a_folded_threshold_is_saved() {
    let vectors = Vectors::open();
    let mut net = made(&vectors, "mpbn_learnt", plain().learnable_vth(true), Some((true, false)));
    let paths: Vec<String> = entries(&net).into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["gamma", "beta", "mu", "sigma2", "v_threshold"]);
    let mut other = plain().learnable_vth(true).build().unwrap();
    other.re_parameterize_v_threshold(true, false).unwrap();
    load_state_dict(&mut other, &state_dict(&net)).unwrap();
    let x = vectors.get("mpbn_learnt.eval.x");
    let run = |net: &mut MpbnLif| net.forward(&x, &Context::eval()).unwrap();
    assert_eq!(run(&mut other), run(&mut net));
    assert!(net.firing_rate().unwrap() > 0.0);
}

#[test]
fn channels_of_an_image_are_features_of_its_places() {
    let vectors = Vectors::open();
    let learnt = || plain().learnable_vth(true).soft_reset(true);
    for folds in [None, Some((false, true)), Some((true, true))] {
        let net = || made(&vectors, "mpbn_learnt", learnt(), folds);
        let (mut image, mut features) = (net(), net());
        let x = noise(&[4, 2, 3, 2, 5]);
        let places = |x: &Tensor| x.permute([0, 1, 3, 4, 2]).reshape([4, 20, 3]);
        for context in [Context::train(), Context::eval()] {
            let spikes = image.forward(&x, &context).unwrap();
            assert!(spikes.sum(Kind::Float).double_value(&[]) > 1.0);
            assert_eq!(places(&spikes), features.forward(&places(&x), &context).unwrap());
        }
        for (own, same) in entries(&image).iter().zip(entries(&features)) {
            close(&own.path, &own.tensor, &same.tensor);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut net = plain().build().unwrap();
    let error = refusal(net.forward(&noise(&[4, 2, 5]), &Context::train()));
    assert_eq!(error, "`MpbnLif` takes [T, N, 3, *], but was given [4, 2, 5]");
    let single = Context::train().with(StepMode::Single);
    let error = refusal(net.forward(&noise(&[4, 2]), &single));
    assert_eq!(error, "`MpbnLif` takes [N, 3, *], but was given [4, 2]");
    let error = refusal(net.forward(&noise(&[4, 1, 3]), &Context::train()));
    let one = "more than one number for each channel of a step in training";
    assert_eq!(error, format!("`MpbnLif` takes {one}, but was given [4, 1, 3]"));
    assert_eq!(net.forward(&noise(&[4, 1, 3]), &Context::eval()).unwrap().size(), [4, 1, 3]);
    let settings = [
        (MpbnLif::of(0), "has 0 channels, but takes one or more"),
        (plain().tau(1.0), "has a `tau` of 1, but takes a number above 1"),
        (plain().bn_momentum(1.5), "has a `bn_momentum` of 1.5, but takes a number from 0 to 1"),
        (plain().v_reset(f64::NAN), "takes a finite `v_threshold` and `v_reset`"),
    ];
    for (builder, why) in settings {
        assert_eq!(refusal(builder.build()), format!("`MpbnLif` {why}"));
    }
    assert!(
        refusal(plain().surrogate(Surrogate::written("nothing()")).build()).contains("nothing")
    );
}
