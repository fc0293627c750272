//! The Rust programs of `docs/from-spikingjelly.md` give what the Python ones beside them gave, which
//! `docs/pairs/record.py` wrote down.

use std::collections::BTreeMap;

use serde_json::Value;
use tch::{Kind, Tensor};

#[path = "../../../docs/pairs/adaptive.rs"]
mod adaptive;
#[path = "../../../docs/pairs/lif.rs"]
mod lif;
#[path = "../../../docs/pairs/network.rs"]
mod network;
#[path = "../../../docs/pairs/step.rs"]
mod step;

/// What a program gives, by name.
pub type Numbers = BTreeMap<&'static str, Tensor>;

const EXPECTED: &str = include_str!("../../../docs/pairs/expected.json");

/// Rounding differs, and an optimizer divides by what is next to nothing.
const WITHIN: f64 = 1e-5;

fn check(program: &str, run: fn() -> snn::Result<Numbers>) {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let expected = expected[program].as_object().unwrap();
    let found = run().unwrap();
    assert!(found.keys().copied().eq(expected.keys().map(String::as_str)), "{program}");
    for (name, tensor) in &found {
        let found = Vec::<f64>::try_from(tensor.to_kind(Kind::Double).reshape(-1)).unwrap();
        let expected: Vec<f64> = serde_json::from_value(expected[*name].clone()).unwrap();
        assert_eq!(found.len(), expected.len(), "{program}: {name}");
        let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= WITHIN * b.abs().max(1.0);
        assert!(
            found.iter().zip(&expected).all(is_near),
            "{program}: {name}: {found:?} {expected:?}"
        );
        assert!(expected.iter().any(|number| *number != 0.0), "{program}: {name} says nothing");
    }
}

#[test]
fn programs_give_what_those_of_spikingjelly_give() {
    check("adaptive", adaptive::run);
    check("lif", lif::run);
    check("network", network::run);
    check("step", step::run);
}
