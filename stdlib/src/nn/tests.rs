#[cfg(feature = "cuda")]
mod cuda;

use tch::{Device, IndexOp, Kind, Tensor};

use super::*;
use crate::layer::{
    BatchNorm, Conv, ConvSettings, Flatten, Linear, Neuron, Pool, PoolKind, Sequential,
};

fn neuron() -> Neuron {
    let neuron = Neuron::standard("lif").unwrap().option("surr", "sigmoid(alpha: 4.0)");
    neuron.build().unwrap()
}

fn network() -> Sequential {
    let settings = ConvSettings::kernel(&[3, 3]).padding(1).without_bias();
    Sequential::new()
        .with(Conv::new(1, 4, settings).unwrap())
        .with(BatchNorm::new(4))
        .with(neuron())
        .with(Pool::new(PoolKind::Max, &[2, 2]).unwrap())
        .with(Flatten)
        .with(Linear::new(4 * 9, 10).without_bias())
        .with(neuron())
}

fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

/// LIF in libtorch's own operations.
fn plain_lif(x: &Tensor) -> Tensor {
    let mut v = x.i(0).zeros_like();
    let mut spikes = Vec::new();
    for t in 0..x.size()[0] {
        let h = &v + (x.i(t) - &v) / 2.0;
        let soft = ((&h - 1.0) * 4.0).sigmoid();
        let s = &soft + (h.ge(1.0).to_kind(Kind::Float) - &soft).detach();
        v = (1.0 - &s) * &h;
        spikes.push(s);
    }
    Tensor::stack(&spikes, 0)
}

/// The network in libtorch's own operations.
fn plain(x: &Tensor, params: &StateDict) -> Tensor {
    let (steps, batch) = (x.size()[0], x.size()[1]);
    let none: Option<Tensor> = None;
    let y = x.flatten(0, 1).conv2d(&params["0.weight"], none.as_ref(), [1, 1], [1, 1], [1, 1], 1);
    let (weight, bias) = (Some(&params["1.weight"]), Some(&params["1.bias"]));
    let y = y.batch_norm(weight, bias, None, None, true, 0.1, 1e-5, true);
    let y = plain_lif(&y.unflatten(0, [steps, batch]));
    let y = y.flatten(0, 1).max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
    let y = y.reshape([steps * batch, -1]).linear(&params["5.weight"], none.as_ref());
    plain_lif(&y.unflatten(0, [steps, batch]))
}

#[test]
fn a_networks_gradients_are_those_of_libtorchs_operations() {
    tch::manual_seed(1);
    let mut network = network();
    // So that the last neurons fire.
    let _ = tch::no_grad(|| parameters(&network)[3].1.shallow_clone().g_mul_scalar_(8.0));
    let x = noise(&[5, 3, 1, 6, 6]) * 3.0;
    let weight = noise(&[5, 3, 10]);
    let ours = network.forward(&x, &Context::train()).unwrap();
    (&ours * &weight).sum(Kind::Float).backward();
    let copies: StateDict = parameters(&network)
        .into_iter()
        .map(|(path, tensor)| (path, tensor.detach().copy().set_requires_grad(true)))
        .collect();
    let expected = plain(&x, &copies);
    let rate = expected.mean(Kind::Float).double_value(&[]);
    assert!((0.01..0.9).contains(&rate), "{rate}");
    assert_eq!(ours, expected);
    (expected * weight).sum(Kind::Float).backward();
    for (path, tensor) in parameters(&network) {
        let (found, expected) = (tensor.grad(), copies[&path].grad());
        let apart = (&found - &expected).norm().double_value(&[]);
        let size = expected.norm().double_value(&[]);
        assert!(size > 0.0 && apart <= 1e-5 * size, "{path}: {apart} of {size}");
    }
}

#[test]
fn paths_are_pytorchs() {
    let paths: Vec<String> = entries(&network()).into_iter().map(|entry| entry.path).collect();
    let expected = [
        "0.weight",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
        "1.num_batches_tracked",
        "5.weight",
    ];
    assert_eq!(paths, expected);
    assert_eq!(n_params(&network()), 36 + 4 + 4 + 360);
}

#[test]
fn a_state_dict_is_written_and_read() {
    let folder = std::env::temp_dir().join(format!("snn-nn-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("network.safetensors");
    let (mut one, mut other) = (network(), network());
    let _ = one.forward(&noise(&[2, 3, 1, 6, 6]), &Context::train()).unwrap();
    write_state_dict(&state_dict(&one), &file).unwrap();
    load_state_dict(&mut other, &read_state_dict(&file).unwrap()).unwrap();
    for (own, same) in entries(&one).iter().zip(entries(&other)) {
        assert_eq!(own.tensor, same.tensor, "{}", own.path);
    }
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it");
    std::fs::write(&file, b"no tensors").unwrap();
    assert!(read_state_dict(&file).unwrap_err().to_string().contains("network.safetensors"));
    assert!(read_state_dict(&folder.join("none")).is_err());
    let nowhere = folder.join("nowhere/network.safetensors");
    assert!(write_state_dict(&state_dict(&one), &nowhere).is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_wrong_state_dict_changes_nothing() {
    let mut network = network();
    let mut dict = state_dict(&network);
    let taken = dict.remove("5.weight").unwrap();
    dict.insert("7.weight".into(), taken);
    dict.insert("1.bias".into(), Tensor::zeros([3], (Kind::Float, Device::Cpu)));
    dict.insert("0.weight".into(), Tensor::zeros([4, 1, 3, 3], (Kind::Float, Device::Cpu)));
    let before = state_dict(&network);
    let error = load_state_dict(&mut network, &dict).unwrap_err().to_string();
    assert_eq!(
        error,
        "this is not the state dict of this network: `1.bias` has shape [3], not [4], `5.weight` is \
         missing, `7.weight` is not in the network"
    );
    assert_eq!(state_dict(&network), before);
}

#[test]
fn the_tree_is_data() {
    let mut nodes = Vec::new();
    walk(&network(), &mut |path, module| nodes.push((path.to_string(), module.node())));
    assert_eq!(nodes.len(), 8);
    assert_eq!(nodes[1].1.kind, "Conv2d");
    assert_eq!(nodes[1].1.settings["padding"], Value::Ints(vec![1, 1]));
    assert_eq!(nodes[3].1.settings["surr"], Value::Text("sigmoid(alpha: 4.0)".into()));
}

#[test]
fn a_summary_shows_shapes_and_rates() {
    let mut network = network();
    assert!(!summary(&network).to_string().contains('%'));
    let _ = network.forward(&(noise(&[4, 2, 1, 6, 6]) * 3.0), &Context::eval()).unwrap();
    let text = summary(&network).to_string();
    println!("{text}");
    let row = text.lines().find(|line| line.starts_with("5 ")).unwrap();
    assert!(row.contains("Linear") && row.contains("weight [10, 36]") && row.contains("360"));
    assert!(text.lines().find(|line| line.starts_with("2 ")).unwrap().ends_with(" %"));
    assert!(text.ends_with("404 params\n"));
}

#[test]
fn a_module_of_ones_own_takes_part() {
    struct Scale(Tensor);
    impl Module for Scale {
        fn node(&self) -> Node {
            Node::new("Scale")
        }
        fn forward(&mut self, input: &Tensor, _: &Context) -> crate::Result<Tensor> {
            Ok(input * &self.0)
        }
        fn params(&self) -> Vec<(String, &Tensor)> {
            vec![("factor".into(), &self.0)]
        }
    }
    let factor = Tensor::from(2.0_f32).set_requires_grad(true);
    let mut network = Sequential::new().with(Scale(factor)).with(neuron());
    let y = network.forward(&noise(&[3, 2, 4]), &Context::train()).unwrap();
    y.sum(Kind::Float).backward();
    let (path, tensor) = &parameters(&network)[0];
    assert_eq!(path, "0.factor");
    assert!(tensor.grad().double_value(&[]) != 0.0);
}

#[test]
fn weights_stay_the_same_variables_when_they_move() {
    let mut network = network();
    let before = parameters(&network);
    to_layout(&mut network, true).unwrap();
    to_device(&mut network, Device::Cpu).unwrap();
    let weight = &before[0].1;
    assert!(weight.is_contiguous() || weight.stride() != [9, 9, 3, 1]);
    assert!(weight.requires_grad());
    let _ = network.forward(&noise(&[2, 2, 1, 6, 6]), &Context::train()).unwrap();
}
