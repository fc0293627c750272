//! The neuron that `build.rs` compiled, on tensors, beside the same one compiled now.

use snn::layer::Neuron;
use snn::nn::{Context, Module};
use snn_runtime::torch::{Call, Neuron as Kernels};
use tch::{Device, Kind, Tensor};

snn_runtime::include_neuron!("plif");

use plif::tensors::{Inputs, Params, Plif, States};

const PLIF: &str = include_str!("../../neurons/plif.snn");

/// Numbers from -1 to 3 by a fixed rule.
fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

/// An input, a stored `tau` and a state that want gradients.
fn leaves(kind: Kind) -> (Tensor, Tensor, Tensor) {
    let x = noise(&[19, 3, 4]).to_kind(kind).set_requires_grad(true);
    let tau = Tensor::from(0.3_f32).set_requires_grad(true);
    (x, tau, (noise(&[3, 4]) * 0.1).set_requires_grad(true))
}

/// The gradients of a weighted sum of results.
fn gradients(results: [&Tensor; 3], leaves: &(Tensor, Tensor, Tensor)) -> Vec<Tensor> {
    let sums: Vec<Tensor> = results
        .iter()
        .map(|t| (t.to_kind(Kind::Float) * noise(&t.size())).sum(Kind::Float))
        .collect();
    Tensor::stack(&sums, 0).sum(Kind::Float).backward();
    [&leaves.0, &leaves.1, &leaves.2].map(Tensor::grad).into()
}

#[test]
fn an_embedded_neuron_is_the_compiled_one_bit_for_bit() {
    let (embedded, compiled) = (Plif::new().unwrap(), Kernels::compile(PLIF).unwrap());
    for kind in [Kind::Float, Kind::BFloat16] {
        let (x, tau, v) = leaves(kind);
        let states = States { v: Some(v.shallow_clone()) };
        let params = Params { tau: Some(&tau) };
        let ours = embedded.forward(&Inputs { x: &x }, &params, &states).unwrap();
        let (outputs, last) = (ours.outputs, ours.states.v.unwrap());
        let found = gradients([&outputs.s, &outputs.v, &last], &(x, tau, v));

        let (x, tau, v) = leaves(kind);
        let named =
            |name: &str, tensor: &Tensor| [(name.to_string(), tensor.shallow_clone())].into();
        let call = Call {
            inputs: named("x", &x),
            params: named("tau", &tau),
            states: named("v", &v),
            ..Call::default()
        };
        let theirs = compiled.forward(&call).unwrap();
        let results = [&theirs.outputs["s"], &theirs.outputs["v"], &theirs.states["v"]];
        assert_eq!((&outputs.s, &outputs.v, &last), (results[0], results[1], results[2]));
        assert_eq!(outputs.s.kind(), kind);
        assert_eq!(found, gradients(results, &(x, tau, v)));
        assert!(found.iter().all(|grad| grad.abs().max().double_value(&[]) > 0.0), "{found:?}");
    }
}

#[test]
fn a_state_goes_on() -> snn_runtime::Result<()> {
    let x = noise(&[12, 2, 3]);
    let (first, second) = (x.narrow(0, 0, 5), x.narrow(0, 5, 7));
    let tau = Tensor::from(0.3_f32).set_requires_grad(true);
    // ANCHOR: typed
    let (plif, params) = (Plif::new()?, Params { tau: Some(&tau) });
    let forward = plif.forward(&Inputs { x: &first }, &params, &States::default())?;
    forward.outputs.s.sum(Kind::Float).backward(); // tau.grad()
    let next = plif.forward(&Inputs { x: &second }, &params, &forward.states)?; // goes on
    // ANCHOR_END: typed
    let whole = plif.forward(&Inputs { x: &x }, &params, &States::default())?;
    assert_eq!(Tensor::cat(&[forward.outputs.s, next.outputs.s], 0), whole.outputs.s);
    assert_ne!(tau.grad().double_value(&[]), 0.0);
    Ok(())
}

#[test]
fn what_was_not_built_is_told_with_what_to_add() {
    let plif = Plif::new().unwrap();
    let x = noise(&[4, 2, 3]).to_kind(Kind::Half);
    let error = plif.forward(&Inputs { x: &x }, &Params::default(), &States::default());
    assert_eq!(
        error.unwrap_err().to_string(),
        "cpu cannot do `Plif` in f16, which this program was built without; it has it for cpu in f32 \
         and cpu in bf16: add `.dtype(\"f16\")` to the `Build` of its build.rs"
    );
    assert!(Kernels::embedded(&[]).err().unwrap().to_string().contains("the program has none"));
    assert!(Kernels::embedded(&[b"snnc"]).err().unwrap().to_string().contains("damaged"));
}

#[test]
fn a_layer_of_an_embedded_neuron_is_that_of_the_file() {
    let x = noise(&[6, 2, 3]);
    let run = |mut layer: Neuron| layer.forward(&x, &Context::train()).unwrap();
    let embedded = Neuron::embedded(plif::ARTIFACTS).param("tau", 3.0);
    let found = run(embedded.clone().build().unwrap());
    assert_eq!(found, run(Neuron::of(PLIF).param("tau", 3.0).build().unwrap()));
    assert!(found.requires_grad() && found.device() == Device::Cpu);
    let error = embedded.option("soft_reset", "true").learn("v").build().err().unwrap();
    assert_eq!(
        error.to_string(),
        "`Plif` is embedded: write `.option(\"soft_reset\", \"true\").learn(\"v\")` behind \
         `Build::new` in build.rs"
    );
}
