//! Against SpikingJelly 2.0.0: `tests/reference/vectors/make_modules.py` says how its numbers were made.

mod connections;
mod mpbn;
mod noise;
mod over_steps;
mod typed;

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use crate::neuron::{
    FewSpikeTable, FewSpikes, MpbnLif, NoiseSettings, dsr_lif, ilc_cuba_lif, noisy_cuba_lif,
};
use crate::nn::{Context, Module, parameters};

/// What SpikingJelly was given, and what it gave.
struct Vectors(BTreeMap<String, Tensor>);

impl Vectors {
    fn open() -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let path = format!("{root}/../tests/reference/vectors/modules.npz");
        Self(Tensor::read_npz(path).unwrap().into_iter().collect())
    }

    #[track_caller]
    fn get(&self, name: &str) -> Tensor {
        let tensor = self.0.get(name).unwrap_or_else(|| panic!("the vectors have no `{name}`"));
        tensor.to_kind(Kind::Float)
    }

    /// Gives the params of a module the numbers of a case, by the last part of their names or as `rename` says.
    #[track_caller]
    fn set(&self, module: &dyn Module, case: &str, rename: &[(&str, &str)]) {
        for (path, mut param) in parameters(module) {
            let named = rename.iter().find(|(own, _)| *own == path);
            let theirs = named.map_or(path.as_str(), |(_, theirs)| theirs);
            tch::no_grad(|| param.copy_(&self.get(&format!("{case}.p.{theirs}"))));
        }
    }

    /// Runs a case, and holds outputs and gradients of the input and of all params against it.
    #[track_caller]
    fn check(
        &self,
        module: &mut dyn Module,
        case: &str,
        rename: &[(&str, &str)],
        context: &Context,
    ) {
        let part = |name: &str| self.get(&format!("{case}.{name}"));
        let x = part("x").set_requires_grad(true);
        for (_, mut param) in parameters(module) {
            param.zero_grad();
        }
        let out = module.forward(&x, context).unwrap();
        close(&format!("{case}: output"), &out, &part("out"));
        (&out * part("g")).sum(Kind::Float).backward();
        close(&format!("{case}: gradient of x"), &x.grad(), &part("grad.x"));
        for (path, param) in parameters(module) {
            let named = rename.iter().find(|(own, _)| *own == path);
            let theirs = named.map_or(path.as_str(), |(_, theirs)| theirs);
            let what = format!("{case}: gradient of {path}");
            match self.0.contains_key(&format!("{case}.grad.{theirs}")) {
                true => close(&what, &param.grad(), &part(&format!("grad.{theirs}"))),
                false => assert!(!param.grad().defined(), "{what}"),
            }
        }
    }
}

/// The same to 1e-5 of the largest.
#[track_caller]
fn close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.size(), expected.size(), "{what}");
    let apart = (found - expected).abs().max().double_value(&[]);
    let size = expected.abs().max().double_value(&[]);
    assert!(apart <= 1e-5 * size.max(1e-3), "{what}: {apart} of {size}");
}

fn noise(shape: &[i64]) -> Tensor {
    let n: i64 = shape.iter().product();
    let numbers = (0..n).map(|i| ((i * 7919 + 13) % 1000) as f32 / 250.0 - 1.0);
    Tensor::from_slice(&numbers.collect::<Vec<_>>()).reshape(shape)
}

fn zeros(shape: &[i64]) -> Tensor {
    Tensor::zeros(shape, (Kind::Float, Device::Cpu))
}

/// What a module says that does not take its input or its settings.
fn refusal<T>(result: crate::Result<T>) -> String {
    result.err().unwrap().to_string()
}

#[test]
fn the_examples_of_the_book_build() {
    let build = || -> crate::Result<()> {
        MpbnLif::of(64).tau(2.0).soft_reset(true).build()?;
        ilc_cuba_lif(8, 10).v_decay(0.5).build()?;
        let pink = NoiseSettings { beta: 1.0, seed: Some(7), ..NoiseSettings::default() };
        noisy_cuba_lif(80, pink)?.noise().reset_noise(1000)
    };
    build().unwrap();
}

/// Each that has no weights of a layer, with an input of its own.
fn all() -> Vec<(Box<dyn Module>, Vec<i64>)> {
    let table = FewSpikeTable { theta: vec![0.5; 4], h: vec![0.5; 4], d: vec![0.5; 4] };
    let quiet = NoiseSettings { is_training: false, ..NoiseSettings::default() };
    vec![
        (Box::new(MpbnLif::of(3).build().unwrap()), vec![4, 2, 3, 5]),
        (Box::new(noisy_cuba_lif(6, quiet).unwrap()), vec![5, 2, 6]),
        (Box::new(dsr_lif(2.0, 0.5).build().unwrap()), vec![4, 2, 3]),
        (Box::new(FewSpikes::of(table).build().unwrap()), vec![4, 2, 3]),
    ]
}

#[test]
fn halves_give_halves_and_gradients() {
    for (mut module, shape) in all() {
        let x = noise(&shape).to_kind(Kind::Half).set_requires_grad(true);
        let out = module.forward(&x, &Context::train()).unwrap();
        assert_eq!(out.kind(), Kind::Half, "{}", module.node());
        out.sum(Kind::Float).backward();
        let is_finite = x.grad().isfinite().all().int64_value(&[]) == 1;
        assert!(is_finite && x.grad().kind() == Kind::Half, "{}", module.node());
    }
}
