use tch::{Device, IndexOp, Kind, Tensor};

use super::*;
use crate::nn::{Context, Module, StepMode, detach, entries, reset};

fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

fn close(found: &Tensor, expected: &Tensor) {
    assert_eq!(found.size(), expected.size());
    let apart = (found - expected).abs().max().double_value(&[]);
    let size = expected.abs().max().double_value(&[]);
    assert!(apart <= 1e-5 * size.max(1e-3), "{apart} of {size}");
}

fn lif() -> Neuron {
    Neuron::standard("lif").unwrap().build().unwrap()
}

/// Each layer with an input of steps.
fn all() -> Vec<(Box<dyn Module>, Vec<i64>)> {
    let conv = |rank: usize| {
        Conv::new(4, 6, ConvSettings::kernel(&vec![3; rank]).padding(1).groups(2)).unwrap()
    };
    let pool = |kind, rank: usize| Pool::new(kind, &vec![2; rank]).unwrap();
    vec![
        (Box::new(Linear::new(5, 7)), vec![3, 2, 5]),
        (Box::new(Linear::new(5, 7).without_bias()), vec![3, 2, 4, 5]),
        (Box::new(conv(1)), vec![3, 2, 4, 8]),
        (Box::new(conv(2)), vec![3, 2, 4, 8, 6]),
        (Box::new(conv(3)), vec![3, 2, 4, 4, 6, 4]),
        (Box::new(LayerNorm::new(&[8, 6])), vec![3, 2, 4, 8, 6]),
        (Box::new(pool(PoolKind::Max, 1)), vec![3, 2, 4, 8]),
        (Box::new(pool(PoolKind::Max, 2)), vec![3, 2, 4, 8, 6]),
        (Box::new(pool(PoolKind::Max, 3)), vec![3, 2, 4, 4, 6, 4]),
        (Box::new(pool(PoolKind::Average, 1)), vec![3, 2, 4, 8]),
        (Box::new(pool(PoolKind::Average, 2).stride(1).padding(1)), vec![3, 2, 4, 8, 6]),
        (Box::new(pool(PoolKind::Average, 3)), vec![3, 2, 4, 4, 6, 4]),
        (Box::new(Flatten), vec![3, 2, 4, 8]),
        (Box::new(lif()), vec![3, 2, 4, 8]),
        (Box::new(synapse_filter(3.0).build().unwrap()), vec![3, 2, 4]),
        (Box::new(ElementWiseRecurrent::new(lif(), ElementWise::Add)), vec![3, 2, 4]),
        (Box::new(LinearRecurrent::new(Linear::new(4, 6), 4, 6)), vec![3, 2, 4]),
        (Box::new(Residual::new(Linear::new(5, 5))), vec![3, 2, 5]),
        (Box::new(Sequential::new().with(Linear::new(5, 5)).with(lif())), vec![3, 2, 5]),
    ]
}

#[test]
fn steps_one_by_one_are_steps_at_once() {
    let (multi, single) = (Context::train(), Context::train().with(StepMode::Single));
    for (mut layer, shape) in all() {
        let x = noise(&shape);
        let at_once = layer.forward(&x, &multi).unwrap();
        reset(layer.as_mut());
        let steps = (0..shape[0]).map(|t| layer.forward(&x.i(t), &single).unwrap());
        close(&Tensor::stack(&steps.collect::<Vec<_>>(), 0), &at_once);
    }
}

#[test]
fn what_is_the_same_at_every_step_is_computed_once() {
    for (mut layer, shape) in all() {
        let x = noise(&shape).i(0);
        let expanded = x.unsqueeze(0).expand(&shape, false);
        let found = layer.forward(&expanded, &Context::train()).unwrap();
        reset(layer.as_mut());
        let repeated = expanded.contiguous();
        close(&found, &layer.forward(&repeated, &Context::train()).unwrap());
    }
}

#[test]
fn another_batch_begins_anew() {
    let feedback: [Box<dyn Module>; 2] = [
        Box::new(ElementWiseRecurrent::new(lif(), ElementWise::Add)),
        Box::new(LinearRecurrent::new(Linear::new(4, 6), 4, 6)),
    ];
    for mut layer in feedback {
        let x = noise(&[3, 5, 4]);
        let first = layer.forward(&x, &Context::train()).unwrap();
        let _ = layer.forward(&noise(&[3, 2, 4]), &Context::train()).unwrap();
        assert_eq!(layer.forward(&x, &Context::train()).unwrap(), first);
    }
}

#[test]
fn a_batch_of_one_number_has_no_variance() {
    let mut norm = BatchNorm::new(3);
    let error = norm.forward(&noise(&[1, 1, 3]), &Context::train()).unwrap_err().to_string();
    assert!(error.contains("more than one number for each channel in training"), "{error}");
    let _ = norm.forward(&noise(&[1, 1, 3]), &Context::eval()).unwrap();
    let _ = norm.forward(&noise(&[2, 1, 3]), &Context::train()).unwrap();
}

#[test]
fn sequences_of_their_own_need_no_reset() {
    let mut layers = all();
    layers.push((Box::new(Dropout::new(0.0).unwrap()), vec![3, 2, 5]));
    for (mut layer, shape) in layers {
        let x = noise(&shape);
        let expected = layer.forward(&x, &Context::train()).unwrap();
        for _ in 0..2 {
            let found = layer.forward(&x, &Context::train().from_rest()).unwrap();
            assert_eq!(found, expected);
            crate::nn::walk(layer.as_ref(), &mut |path, module| {
                assert!(module.states().is_none_or(|states| states.is_empty()), "{path}");
            });
        }
    }
    let (mut layer, x) =
        (Dropout::new(0.5).unwrap(), Tensor::ones([4, 60], (Kind::Float, Device::Cpu)));
    let context = Context::train().from_rest();
    let first = layer.forward(&x, &context).unwrap();
    assert_ne!(layer.forward(&x, &context).unwrap(), first);
    assert!(layer.states().unwrap().is_empty(), "the mask is not kept");
}

#[test]
fn batch_norm_is_libtorchs_over_all_steps() {
    let x = noise(&[4, 3, 5, 2, 6]) * 3.0;
    let running = |x: &Tensor| {
        let mut layer = BatchNorm::new(5);
        let x = x.detach().set_requires_grad(true);
        let y = layer.forward(&x, &Context::train()).unwrap();
        (&y * &y * &y).sum(Kind::Float).backward();
        assert!(x.grad().defined());
        let buffers: Vec<Tensor> =
            layer.buffers().into_iter().map(|(_, buffer)| buffer.copy()).collect();
        let tested = layer.forward(&x, &Context::eval()).unwrap();
        (y, buffers, tested)
    };
    let (y, buffers, tested) = running(&x);
    let expected_mean = x.mean_dim([0, 1, 3, 4].as_slice(), false, Kind::Float);
    close(&buffers[0], &(&expected_mean * 0.1));
    let var = x.var_dim([0, 1, 3, 4].as_slice(), true, false);
    close(&buffers[1], &(var * 0.1 + 0.9));
    assert_eq!(buffers[2].int64_value(&[]), 1);
    let mean = y.mean(Kind::Float).double_value(&[]);
    assert!(mean.abs() < 1e-5, "{mean}");
    assert!((tested - y).abs().max().double_value(&[]) > 0.1, "inference uses what was kept");
    // The same at every step.
    let same = x.i(0).unsqueeze(0).expand([4, 3, 5, 2, 6], false);
    let (once, kept, _) = running(&same);
    let (all, expected, _) = running(&same.contiguous());
    close(&once, &all);
    close(&kept[0], &expected[0]);
    close(&kept[1], &expected[1]);
}

fn set(tensor: &Tensor, numbers: &[f32]) {
    tch::no_grad(|| tensor.shallow_clone().copy_(&Tensor::from_slice(numbers)));
}

/// What a normalisation and a neuron give of `x`, the gradients of that and of all that they learn, and the buffers.
fn normalized(apart: bool, neuron: Neuron, x: &Tensor, context: &Context) -> Vec<Tensor> {
    let norm = BatchNorm::new(4).momentum(0.3);
    set(&norm.weight, &[0.8, 1.1, 1.4, 2.0]);
    set(&norm.bias, &[0.1, 0.5, -0.3, 0.7]);
    set(&norm.running_mean, &[0.2, 0.4, 0.1, -0.1]);
    let mut network = Sequential::new().named("norm", norm);
    if apart {
        network = network.named("between", Residual::new(Nothing));
    }
    let mut network = network.named("neuron", neuron);
    let leaf = match x.stride()[0] {
        0 => x.i(0).copy().set_requires_grad(true),
        _ => x.detach().set_requires_grad(true),
    };
    let y = network.forward(&leaf.expand_as(x), context).unwrap();
    (&y * noise(&y.size())).sum(Kind::Float).backward();
    let of_entry = |entry: &crate::nn::Entry| match entry.tensor.requires_grad() {
        true => entry.tensor.grad(),
        false => entry.tensor.shallow_clone(),
    };
    [y, leaf.grad()].into_iter().chain(entries(&network).iter().map(of_entry)).collect()
}

/// Adds nothing to what is added to it.
struct Nothing;

impl Module for Nothing {
    fn node(&self) -> crate::nn::Node {
        crate::nn::Node::new("Nothing")
    }

    fn forward(&mut self, input: &Tensor, _: &Context) -> crate::error::Result<Tensor> {
        Ok(input.zeros_like())
    }
}

#[test]
fn a_normalisation_in_the_neuron_is_one_before_it() {
    let standard = |name: &str| Neuron::standard(name).unwrap();
    let plif = || standard("plif").build().unwrap();
    let by_channel = || standard("lif").learn("tau").per_channel("tau", 4).build().unwrap();
    let neurons: [&dyn Fn() -> Neuron; 3] = [&lif, &plif, &by_channel];
    for shape in [vec![5, 3, 4, 3, 2], vec![3, 6, 4], vec![2, 4, 4, 9]] {
        let x = noise(&shape) * 2.0 + 0.3;
        let same = x.i(0).unsqueeze(0).expand(&shape, false);
        let channels_last = x.transpose(2, -1).contiguous().transpose(2, -1);
        let all = [(&x, true), (&same, true), (&channels_last, true), (&x, false), (&same, false)];
        for (neuron, (x, training)) in neurons.iter().flat_map(|n| all.map(|one| (n, one))) {
            let context = Context { training, ..Context::train() };
            let expected = normalized(true, neuron(), x, &context);
            let found = normalized(false, neuron(), x, &context);
            assert_eq!(found[0], expected[0], "spikes");
            found.iter().zip(&expected).for_each(|(found, expected)| close(found, expected));
        }
    }
}

#[test]
fn a_neuron_that_normalizes_goes_on_and_refuses_as_the_two_do() {
    let both = || NormNeuron::new(BatchNorm::new(4), lif());
    let (x, mut layer) = (noise(&[4, 3, 4, 2]), both());
    let at_once = layer.forward(&x, &Context::eval()).unwrap();
    reset(&mut layer);
    let single = Context::eval().with(StepMode::Single);
    let steps: Vec<Tensor> = (0..4).map(|t| layer.forward(&x.i(t), &single).unwrap()).collect();
    assert_eq!(Tensor::stack(&steps, 0), at_once);
    let paths: Vec<String> = entries(&layer).into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths[..2], ["norm.weight", "norm.bias"]);
    let error = layer.forward(&noise(&[4, 3, 5, 2]), &Context::eval()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "in `norm`: `BatchNorm` takes [N, 4, *] a step, but was given [12, 5, 2]"
    );
    // Channels elsewhere are the neuron's own.
    let elsewhere = Neuron::standard("lif").unwrap().channel_axis(3).build().unwrap();
    let mut apart = NormNeuron::new(BatchNorm::new(4), elsewhere);
    assert_eq!(apart.forward(&x, &Context::eval()).unwrap(), at_once);
}

#[test]
fn a_mask_stays_over_time() {
    tch::manual_seed(3);
    let mut layer = Dropout::new(0.5).unwrap();
    let x = Tensor::ones([6, 40, 50], (Kind::Float, Device::Cpu));
    let y = layer.forward(&x, &Context::train()).unwrap();
    assert_eq!(y.i(0), y.i(5));
    let share = y.gt(0.0).to_kind(Kind::Float).mean(Kind::Float).double_value(&[]);
    assert!((0.45..0.55).contains(&share), "{share}");
    assert_eq!(y.max().double_value(&[]), 2.0);
    let again = layer.forward(&x.i(0), &Context::train().with(StepMode::Single)).unwrap();
    assert_eq!(again, y.i(0));
    reset(&mut layer);
    assert_ne!(layer.forward(&x, &Context::train()).unwrap(), y);
    assert_eq!(layer.forward(&x, &Context::eval()).unwrap(), x);
    assert!(Dropout::new(1.5).is_err());
}

#[test]
fn a_neuron_goes_on_until_it_is_reset() {
    let (x, mut layer) = (noise(&[8, 2, 5]), lif());
    let whole = layer.forward(&x, &Context::train()).unwrap();
    reset(&mut layer);
    let first = layer.forward(&x.i(..3), &Context::train()).unwrap();
    let second = layer.forward(&x.i(3..), &Context::train()).unwrap();
    assert_eq!(Tensor::cat(&[first, second], 0), whole);
    // Another batch begins anew.
    let _ = layer.forward(&noise(&[8, 3, 5]), &Context::train()).unwrap();
    assert_eq!(layer.states().unwrap()["v"].size(), [3, 5]);
}

#[test]
fn backward_ends_where_states_are_detached() {
    let mut layer = lif();
    let x = noise(&[4, 2, 5]).set_requires_grad(true);
    let _ = layer.forward(&x, &Context::train()).unwrap();
    assert!(layer.states().unwrap()["v"].requires_grad());
    detach(&mut layer);
    assert!(!layer.states().unwrap()["v"].requires_grad());
}

#[test]
fn params_of_neurons_are_learnt_and_set() {
    let plif = Neuron::standard("plif").unwrap().build().unwrap();
    let [(name, _)] = &plif.params()[..] else { panic!("{:?}", plif.params()) };
    assert!(entries(&plif).iter().any(|entry| entry.path == *name));
    let lif = || Neuron::standard("lif").unwrap();
    let mut slow = lif().param("tau", 5.0).build().unwrap();
    assert_eq!(slow.node().settings["tau"], crate::nn::Value::Real(5.0));
    let x = Tensor::ones([30, 1, 1], (Kind::Float, Device::Cpu)) * 1.2;
    let count = |layer: &mut Neuron| {
        layer.forward(&x, &Context::train()).unwrap().sum(Kind::Float).double_value(&[])
    };
    assert!(count(&mut slow) < count(&mut lif().param("tau", 1.5).build().unwrap()));
    let layer = lif().learn("tau").per_channel("tau", 5).param("tau", 3.0).build().unwrap();
    assert_eq!(layer.params()[0].1.size(), [5]);
    let error = lif().param("tau", 0.5).build().err().unwrap().to_string();
    assert_eq!(error, "`tau` must lie in (1, inf), but element 0 is 0.5");
    let error = Neuron::standard("nothing").unwrap_err().to_string();
    assert!(error.contains("is not in the library: `snnc list`"), "{error}");
}

#[test]
fn what_does_not_fit_says_where() {
    let mut network = Sequential::new()
        .with(Flatten)
        .with(Sequential::new().named("first", Linear::new(12, 5)).with(lif()));
    let error = network.forward(&noise(&[2, 3, 4, 2]), &Context::train()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "in `1.first`: `Linear` takes [..., 12], but was given [2, 3, 8]"
    );
    let conv = Conv::new(4, 6, ConvSettings::kernel(&[3, 3]).groups(3)).err().unwrap();
    assert!(conv.to_string().contains("has 3 groups, which do not divide"));
}

const DRAWS: &str = "neuron Draws {
  input x
  rand z ~ normal(0, 1)
  state v = 0
  charge v = x + z
  output v
}";

#[test]
fn a_layer_that_draws_goes_on_drawing() {
    let (x, train) = (Tensor::zeros([4, 2, 8], (Kind::Float, Device::Cpu)), Context::train());
    let single = train.with(StepMode::Single);
    let layer = |seed| Neuron::of(DRAWS).seed(seed).build().unwrap();
    let (mut first, mut same, mut other) = (layer(7), layer(7), layer(8));
    let run = |layer: &mut Neuron, context: &Context| layer.forward(&x, context).unwrap();
    let one = run(&mut first, &train);
    let two = run(&mut first, &train);
    assert_ne!(one, two);
    reset(&mut first);
    // A sequence of its own has draws of its own.
    assert_ne!(run(&mut first, &train), one);
    assert_ne!(run(&mut other, &train), one);
    for t in 0..8 {
        let step = same.forward(&x.i(0), &single).unwrap();
        let expected = if t < 4 { one.i(t) } else { two.i(t - 4) };
        assert_eq!(step, expected, "{t}");
    }
    // What is saved of it goes on as it would have gone on.
    let saved = crate::nn::state_dict(&same);
    assert!(saved.contains_key("draws"), "{:?}", saved.keys());
    crate::nn::load_state_dict(&mut other, &saved).unwrap();
    assert_eq!(run(&mut other, &train), run(&mut same, &train));
}

#[test]
fn layers_without_a_seed_draw_each_their_own() {
    let x = Tensor::zeros([4, 2, 8], (Kind::Float, Device::Cpu));
    let run = || Neuron::of(DRAWS).build().unwrap().forward(&x, &Context::train()).unwrap();
    assert_ne!(run(), run());
    let buffers = |text: &str| Neuron::of(text).build().unwrap().buffers().len();
    assert_eq!((buffers(DRAWS), buffers(&DRAWS.replace("+ z", ""))), (1, 0));
}

/// A parallel neuron against libtorch's own operations: the one learns as the other does.
#[test]
fn a_parallel_neuron_is_a_product_of_matrices() {
    let path = format!("{}/../tests/parallel/psn.snn", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut layer = Neuron::of(&text).steps(9).seed(3).build().unwrap();
    let x = noise(&[9, 4, 5, 3]).set_requires_grad(true);
    let seed = noise(&[9, 4, 5, 3]).flip([0]);
    let found = layer.forward(&x, &Context::train()).unwrap();
    (&found * &seed).sum(tch::Kind::Float).backward();
    let params: Vec<(String, Tensor)> = crate::nn::parameters(&layer);
    let of = |name: &str| {
        params.iter().find(|(known, _)| known.ends_with(name)).unwrap().1.shallow_clone()
    };
    let (w, b) =
        (of("w").detach().set_requires_grad(true), of("b").detach().set_requires_grad(true));
    assert_eq!((w.size(), b.size()), (vec![9, 9], vec![9]));
    let own = x.detach().set_requires_grad(true);
    let h = w.matmul(&own.reshape([9, -1])) + b.reshape([9, 1]);
    // The arc tangent's surrogate with alpha 2.
    let soft = (&h * std::f64::consts::PI).atan() / std::f64::consts::PI + 0.5;
    let s = &soft + (h.ge(0.0).to_kind(tch::Kind::Float) - &soft).detach();
    close(&found, &s.reshape([9, 4, 5, 3]));
    (s.reshape([9, 4, 5, 3]) * &seed).sum(tch::Kind::Float).backward();
    close(&x.grad(), &own.grad());
    close(&of("w").grad(), &w.grad());
    close(&of("b").grad(), &b.grad());

    let single = Context::train().with(StepMode::Single);
    let error = layer.forward(&x.i(0), &single).unwrap_err().to_string();
    assert!(error.contains("all steps at once"), "{error}");
    let error = Neuron::of(&text).build().err().unwrap().to_string();
    assert!(error.contains("`steps`"), "{error}");
}
