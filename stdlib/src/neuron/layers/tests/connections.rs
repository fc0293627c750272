use tch::{IndexOp, Tensor};

use super::*;
use crate::layer::Neuron;
use crate::neuron::{Ilc, Surrogate, ilc_cuba_lif, ilc_if, ilc_lif};
use crate::nn::{StepMode, detach, entries, reset};

fn cases() -> Vec<(&'static str, Ilc)> {
    let cuba = ilc_cuba_lif(2, 3).c_decay(0.375).v_decay(0.5).v_reset(0.125);
    vec![
        ("ilc_if", ilc_if(2, 3).v_reset(-0.25).build().unwrap()),
        ("ilc_lif", ilc_lif(2, 3).v_decay(0.625).build().unwrap()),
        ("ilc_cuba", cuba.build().unwrap()),
    ]
}

fn potential(ilc: &Ilc) -> Tensor {
    let (_, neuron) = ilc.children().remove(1);
    neuron.states().unwrap()["v"].shallow_clone()
}

#[test]
fn spikes_come_back_as_in_spikingjelly() {
    let vectors = Vectors::open();
    for (case, mut ilc) in cases() {
        vectors.set(&ilc, case, &[]);
        vectors.check(&mut ilc, case, &[], &Context::train());
        close(&format!("{case}: v"), &potential(&ilc), &vectors.get(&format!("{case}.v")));
    }
}

#[test]
fn its_paths_are_those_of_spikingjelly() {
    let (_, ilc) = cases().remove(0);
    let paths: Vec<String> = entries(&ilc).into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["conn.weight", "conn.bias"]);
    assert_eq!(entries(&ilc)[0].tensor.size(), [6, 1, 3]);
}

#[test]
fn steps_calls_and_batches_go_on_until_a_reset() {
    let vectors = Vectors::open();
    for (case, mut ilc) in cases() {
        vectors.set(&ilc, case, &[]);
        let x = vectors.get(&format!("{case}.x"));
        let before = x.copy();
        let (multi, single) = (Context::train(), Context::train().with(StepMode::Single));
        let whole = ilc.forward(&x, &multi).unwrap();
        assert_eq!(x, before, "the input is left as it is");
        reset(&mut ilc);
        let steps = (0..6).map(|t| ilc.forward(&x.i(t), &single).unwrap());
        assert_eq!(Tensor::stack(&steps.collect::<Vec<_>>(), 0), whole, "{case}");
        reset(&mut ilc);
        let parts =
            [ilc.forward(&x.i(..2), &multi).unwrap(), ilc.forward(&x.i(2..), &multi).unwrap()];
        assert_eq!(Tensor::cat(&parts, 0), whole, "{case}");
        // Another batch, and a sequence of its own, begin anew.
        assert_eq!(ilc.forward(&x.i((.., ..3)), &multi).unwrap(), whole.i((.., ..3)), "{case}");
        assert_eq!(ilc.forward(&x, &multi.from_rest()).unwrap(), whole, "{case}");
        assert!(ilc.states().unwrap().is_empty());
    }
}

#[test]
fn backward_ends_where_spikes_are_detached() {
    let (_, mut ilc) = cases().remove(1);
    let x = noise(&[3, 2, 6]).set_requires_grad(true);
    let _ = ilc.forward(&x, &Context::train()).unwrap();
    assert!(ilc.states().unwrap()["output"].requires_grad());
    detach(&mut ilc);
    assert!(!ilc.states().unwrap()["output"].requires_grad() && !potential(&ilc).requires_grad());
}

#[test]
fn a_soft_reset_and_any_neuron_work() {
    let soft = ilc_lif(2, 3).soft_reset(true).detach_reset(true).v_threshold(0.5);
    let mut soft = soft.surrogate(Surrogate::atan(2.0)).build().unwrap();
    let out = soft.forward(&(noise(&[4, 2, 6]) * 2.0), &Context::train()).unwrap();
    let spikes = out.sum(Kind::Float).double_value(&[]);
    assert!(spikes > 5.0 && potential(&soft).max().double_value(&[]) > 0.5, "{spikes}");
    let neuron = Neuron::standard("alif").unwrap().build().unwrap();
    let mut any = Ilc::new(neuron, 2, 3).unwrap();
    assert_eq!(any.forward(&noise(&[4, 2, 6]), &Context::eval()).unwrap().size(), [4, 2, 6]);
}

#[test]
fn what_is_no_population_is_refused() {
    let (_, mut ilc) = cases().remove(0);
    let error = refusal(ilc.forward(&noise(&[3, 2, 7]), &Context::train()));
    assert_eq!(error, "`Ilc` takes [T, N, 6] for 2 populations of 3, but was given [3, 2, 7]");
    let single = Context::train().with(StepMode::Single);
    let error = refusal(ilc.forward(&noise(&[3, 2, 6]), &single));
    assert_eq!(error, "`Ilc` takes [N, 6] for 2 populations of 3, but was given [3, 2, 6]");
    let error = refusal(ilc.forward(&zeros(&[0, 2, 6]), &Context::train()));
    assert!(error.contains("but was given [0, 2, 6]"), "{error}");
    let error = refusal(ilc_if(0, 3).build());
    assert_eq!(error, "`Ilc` has 0 populations of 3, but takes one or more of one or more");
    let error = refusal(ilc_if(2, 3).c_decay(0.5).build());
    assert!(error.contains("c_decay"), "{error}");
    let error = refusal(ilc_lif(2, 3).v_decay(1.5).build());
    assert!(error.contains("`v_decay` must lie in [0, 1]"), "{error}");
}
