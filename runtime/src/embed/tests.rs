use super::*;
use crate::devices;
use crate::jit::{Jit, Program};

const PLIF: &str = "\
neuron Plif(surr: surrogate = sigmoid(alpha: 4.0)) {
  input  x
  param  tau = 2.0 in (1, inf) via softplus learn
  param  gain = 1.0 in [0, 2]
  state  v = 0
  charge v = v + (gain * x - v) / tau
  fire   s = spike(v - 1, surr)
  reset  v = hard(v, s, 0)
  output s
}
";

fn embedded(share: Option<snn_compiler::check::hir::Sharing>) -> Embedded {
    let device = devices::open("cpu").unwrap();
    let mut specialization = snn_compiler::check::Specialization::default();
    specialization.share.extend(share.map(|share| ("tau".to_string(), share)));
    let resolver = &snn_compiler::check::NoImports;
    let program = Program { name: "plif.snn", text: PLIF, specialization, resolver };
    let artifact = Jit::with_cache(None).artifact(&device.target(), &program).unwrap();
    Embedded::load(device, &[&artifact.to_bytes().unwrap()]).unwrap()
}

#[test]
fn params_are_held_against_their_range_when_they_are_set() {
    let mut plif = embedded(None);
    assert_eq!(plif.get("tau"), [2.0]);
    plif.set("tau", &[4.0]).unwrap();
    assert_eq!(plif.get("tau"), [4.0]);
    let error = plif.set("tau", &[0.5]).unwrap_err().to_string();
    assert_eq!(error, "`tau` must lie in (1, inf), but element 0 is 0.5");
    let error = plif.set("tao", &[0.5]).unwrap_err().to_string();
    assert_eq!(error, "`Plif` has no param `tao`; it has `tau`, `gain`");
    assert_eq!(plif.get("tau"), [4.0]);
}

#[test]
fn steps_are_taken_in_stored_numbers() {
    let mut plif = embedded(None);
    // softplus(w) is 1 at w = ln(e - 1).
    plif.add("tau", &[0.5]).unwrap();
    let w = (1.0_f64.exp() - 1.0).ln() + 0.5;
    assert!((f64::from(plif.get("tau")[0]) - 1.0 - w.exp().ln_1p()).abs() < 1e-6);
    plif.add("gain", &[0.25, 0.5]).unwrap();
    assert_eq!(plif.get("gain"), [1.25, 1.5]);
    assert!(matches!(plif.add("gain", &[0.1]), Err(Error::Shape { .. })));
    assert!(matches!(plif.add("gain", &[0.1, 1.0]), Err(Error::Range { .. })));
}

#[test]
fn numbers_per_neuron_are_given_in_a_row() {
    let mut plif = embedded(Some(snn_compiler::check::hir::Sharing::Neuron));
    plif.set("tau", &[2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).unwrap();
    let call = |plif: &Embedded, shape: &[usize]| {
        let x = vec![0.5; shape.iter().product()];
        let call = plif.call(shape, &[("x", &x)], &[("v", &vec![])])?;
        plif.neuron().forward(&call)
    };
    let states = call(&plif, &[3, 2, 2, 3]).unwrap().states;
    assert_eq!(states["v"].shape(), [2, 2, 3]);
    assert!(call(&plif, &[3, 2, 5]).is_err());
    plif.set("tau", &[2.0]).unwrap();
    assert!(call(&plif, &[3, 2, 5]).is_ok());
}

#[test]
fn slices_of_another_length_are_named() {
    let plif = embedded(None);
    let error = plif.call(&[2, 3], &[("x", &[1.0])], &[]).unwrap_err().to_string();
    assert_eq!(error, "`x` must have shape [2, 3], but has 1 numbers");
    let error = plif.call(&[0, 3], &[("x", &[])], &[("v", &vec![1.0])]).unwrap_err().to_string();
    assert_eq!(error, "`v` must have shape [3], but has 1 numbers");
}

#[test]
fn the_first_artifact_that_fits_is_taken() {
    let device = devices::open("cpu").unwrap();
    let error =
        |artifacts: &[&[u8]]| Embedded::load(device.clone(), artifacts).unwrap_err().to_string();
    assert!(error(&[]).contains("the program has none"));
    assert!(error(&[b"snnc"]).contains("damaged"));
    let resolver = &snn_compiler::check::NoImports;
    let specialization = Default::default();
    let program = Program { name: "plif.snn", text: PLIF, specialization, resolver };
    let jit = Jit::with_cache(None);
    let foreign = if cfg!(target_arch = "aarch64") { "x86-64-v2" } else { "aarch64" };
    let foreign = snn_artifact::Target::Cpu { level: foreign.into() };
    let foreign = jit.artifact(&foreign, &program).unwrap().to_bytes().unwrap();
    let own = jit.artifact(&device.target(), &program).unwrap().to_bytes().unwrap();
    assert!(Embedded::load(device.clone(), &[&foreign]).is_err());
    assert!(Embedded::load(device.clone(), &[&foreign, &own]).is_ok());
}

#[test]
fn drawn_params_are_known_by_their_seed() {
    let text = "\
neuron Drawn {
  input  x
  param  w per neuron = uniform(0, 1) in (0, 1) via sigmoid learn
  param  b = normal(1, 0.5)
  state  v = 0
  charge v = v + w * x + b
  output v
}
";
    let device = devices::open("cpu").unwrap();
    let resolver = &snn_compiler::check::NoImports;
    let specialization = snn_compiler::check::Specialization::default();
    let program = Program { name: "drawn.snn", text, specialization, resolver };
    let artifact = Jit::with_cache(None).artifact(&device.target(), &program).unwrap();
    let mut drawn = Embedded::load(device, &[&artifact.to_bytes().unwrap()]).unwrap();
    drawn.set_seed(5);
    let run = |drawn: &Embedded| {
        let call = drawn.call(&[1, 4], &[("x", &[1.0; 4])], &[("v", &vec![])]).unwrap();
        drawn.neuron().forward(&call).unwrap().outputs["v"].data().to_vec()
    };
    let before = run(&drawn);
    // No number is known before the shape is; a step says how many there are, and begins at them.
    assert!(drawn.get("w").is_empty());
    drawn.add("w", &[0.0; 4]).unwrap();
    let (w, b) = (drawn.get("w"), drawn.get("b")[0]);
    assert!(w.iter().all(|w| 0.0 < *w && *w < 1.0) && w[0] != w[1], "{w:?}");
    let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
    assert!(before.iter().zip(&w).all(|(v, w)| near(*v, w + b)), "{before:?} {w:?} {b}");
    assert!(run(&drawn).iter().zip(&before).all(|(a, b)| near(*a, *b)));
    drawn.set_seed(6);
    assert_ne!(drawn.get("b"), [b]);
    assert_eq!(drawn.get("w"), w);
}
