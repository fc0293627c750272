//! Scans over time on every device: what the loop over steps gives but for rounding, the same bits everywhere, and
//! gradients near the oracle's.

use std::sync::Arc;

use snn_compiler::check::hir::{Neuron, Sharing, Type};
use snn_compiler::error::EmitError;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::{self, Options};
use snn_runtime::device::Device;
use snn_runtime::neuron::{Array, Call, Gradients, Seeds};
use snn_tests::compare::{assert_bits_equal, assert_close, distance};
use snn_tests::drawn::drawn;
use snn_tests::expected::expected;
use snn_tests::fuzz::Choices;
use snn_tests::fuzz::over_time::linear;
use snn_tests::interpret::Interpreted;
use snn_tests::numbers::{Numbers, is_soak};
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

use super::machines::{self, some_devices};

/// Leaks, fires and is not reset; learns how it leaks, where it begins, and gives its potential as well.
const LEAKY: &str = "\
neuron Leaky {
  input x
  param tau = 2.0 in [1, inf) learn
  param v0 = 0.25 learn
  state v = v0
  charge { v += (x - v) / tau }
  fire s = spike(v - 0.5, atan(alpha: 2.0))
  output s
  output v
}
";

/// The one of the benchmarks.
const LINEAR: &str = include_str!("../../../scan/linear_lif.snn");

/// A current before the potential, of which the last is given, and an input that opens a gate.
const GATED: &str = "\
neuron Gated {
  input x
  input gate
  param a = 0.75 in [0, 1] learn
  state i = 0.0
  state v = 0.0
  charge {
    i = a * i + x
    v = sigmoid(gate) * v + i - 0.5 * x
  }
  fire s = spike(v - 1.0, atan(alpha: 2.0))
  output s
  output v last
}
";

/// Turns around, forgets one state at each step, and takes it from the one before.
const TURNING: &str = "\
neuron Turning {
  input x
  param angle = 0.3 learn
  param decay = 0.95 learn
  state re = 1.0
  state im = 0.0
  state before = 0.0
  charge {
    re = decay * (cos(angle) * re@prev - sin(angle) * im@prev) + before
    im = decay * (sin(angle) * re@prev + cos(angle) * im@prev)
    before = if detach(x) > 0.0 { -0.5 * x } else { x }
  }
  fire s = spike(re - 0.5, atan(alpha: 2.0))
  output s
  output im
}
";

/// Draws at each step.
const NOISY: &str = "\
neuron Noisy {
  input x
  param a = 0.9 learn
  rand z ~ normal(0, 0.1)
  state v = 0.0
  charge { v = a * v + x + z }
  fire s = spike(v - 1.0, atan(alpha: 2.0))
  output s
  output v
}
";

const SIZES: [(usize, &[usize]); 8] = [
    (0, &[3]),
    (1, &[2, 3]),
    (32, &[5]),
    (33, &[2, 3, 4]),
    (100, &[2, 3]),
    (256, &[1]),
    (500, &[3, 2, 16]),
    (1100, &[33]),
];

fn programs() -> Vec<Program> {
    let leaky = Program::new(LEAKY);
    vec![
        leaky.clone(),
        leaky.clone().share("tau", Sharing::Channel).share("v0", Sharing::Neuron),
        leaky.share("tau", Sharing::Neuron).save("v"),
        Program::new(LINEAR),
        Program::new(GATED),
        Program::new(TURNING).share("angle", Sharing::Channel),
        Program::new(NOISY),
    ]
}

/// A call with numbers for all that may be given, states in every other one.
fn call(
    neuron: &Neuron,
    (steps, step): (usize, &[usize]),
    states: bool,
    numbers: &mut Numbers,
) -> (Call, Seeds) {
    let shape = [&[steps], step].concat();
    let mut call = Call { seed: 5, ..Call::default() };
    for input in neuron.inputs.iter().filter(|input| input.is_given()) {
        call.inputs.insert(input.name.clone(), numbers.array(&shape, -1.0, 1.5));
    }
    let sizes = Sizes::of(&call);
    for param in &neuron.params {
        let (low, high) = match &param.name[..] {
            "tau" => (1.5, 4.0),
            "decay" | "a" => (0.8, 0.95),
            _ => (0.1, 0.4),
        };
        let array = numbers.array(&sizes.param_shape(param.sharing), low, high);
        call.params.insert(param.name.clone(), array);
    }
    for state in neuron.states.iter().filter(|_| states) {
        call.states.insert(state.name.clone(), numbers.array(step, -1.0, 1.0));
    }
    let mut seeds = Seeds::default();
    for output in &neuron.outputs {
        let shape = if output.last { step } else { &shape[..] };
        seeds.outputs.insert(output.name.clone(), numbers.array(shape, -1.0, 1.0));
    }
    for state in neuron.states.iter().filter(|state| state.ty == Type::Real) {
        seeds.states.insert(state.name.clone(), numbers.array(step, -1.0, 1.0));
    }
    (call, seeds)
}

fn scanned() -> Tuning {
    Tuning { scan: true, ..Tuning::default() }
}

/// Holds what a scan gives against the loop: all but spikes near, and nearly all spikes the same.
fn near_the_loop(what: &str, own: &Gradients, of_loop: &Gradients) {
    let same = |name: &str, a: &Array, b: &Array, tolerance: f64| {
        let b: Vec<f64> = b.data().iter().map(|x| f64::from(*x)).collect();
        assert_close(&format!("{name} of {what}"), a.data(), &b, tolerance);
    };
    for (name, array) in &own.forward.outputs {
        let other = &of_loop.forward.outputs[name];
        if name != "s" {
            same(name, array, other, 1e-5);
            continue;
        }
        let both = array.data().iter().zip(other.data());
        let turned = both.filter(|(a, b)| a != b).count();
        assert!(turned <= array.data().len() / 1000, "{turned} spikes of {what}");
    }
    own.forward.states.iter().for_each(|(n, a)| same(n, a, &of_loop.forward.states[n], 1e-5));
    own.inputs.iter().for_each(|(n, a)| same(n, a, &of_loop.inputs[n], 2e-5));
    own.states.iter().for_each(|(n, a)| same(n, a, &of_loop.states[n], 2e-5));
    own.params.iter().for_each(|(n, a)| same(n, a, &of_loop.params[n], 2e-5));
}

#[test]
fn scans_agree() {
    let mut numbers = Numbers::fresh();
    programs()
        .iter()
        .for_each(|program| agrees(program, &SIZES, machines::devices(), &mut numbers));
}

#[test]
fn scans_of_random_neurons_agree() {
    let mut numbers = Numbers::fresh();
    for i in 0..if is_soak() { 1000 } else { 8 } {
        let seed = numbers.below(1 << 32);
        let text = linear(&mut Choices::seeded(seed as u64));
        println!("{text}");
        let sizes = [(1 + numbers.below(300), &[2, 3][..]), (numbers.below(100), &[1, 2, 2])];
        agrees(&Program::new(&text), &sizes, some_devices(i), &mut numbers);
    }
}

/// Runs a program everywhere.
fn agrees(
    program: &Program,
    sizes: &[(usize, &[usize])],
    devices: &[Arc<dyn Device>],
    numbers: &mut Numbers,
) {
    let neuron = program.neuron();
    let scan = machines::tuned(scanned());
    for (i, &size) in sizes.iter().enumerate() {
        let (call, seeds) = call(&neuron, size, i % 2 == 1, numbers);
        let mut given = call.clone();
        given.inputs.extend(drawn(&neuron, &Sizes::of(&call)));
        let (_, exact) = expected(&neuron, &given, &seeds);
        let mut first: Option<Gradients> = None;
        for device in devices {
            let what = format!("{} at {size:?} on {}", neuron.name, device.name());
            let own = scan.compile(device.clone(), &machines::source(program));
            let own = own.unwrap_or_else(|e| panic!("{what}: {e}"));
            let target = Options { tuning: scanned(), ..Options::new(device.target()) };
            let interpreted = Interpreted::new(&neuron, &target);
            let found = own.grad(&call, &seeds).unwrap_or_else(|e| panic!("{what}: {e}"));
            let of_loop = machines::neuron(device, program).grad(&call, &seeds).unwrap();
            near_the_loop(&what, &found, &of_loop);
            let params = neuron.params.iter().zip(&exact.params);
            for (param, exact) in params.filter(|(param, _)| param.learn) {
                let own = &found.params[&param.name];
                let far = distance(own.data(), exact);
                assert!(far < 1e-4, "{} of {what} is {far:e} from the oracle's", param.name);
            }
            let alone = own.forward(&call).unwrap();
            let base = interpreted.grad(&call, &seeds).forward;
            for other in [&alone, &base].into_iter().chain(first.as_ref().map(|f| &f.forward)) {
                for (name, array) in &found.forward.outputs {
                    let (a, b) = (array.data(), other.outputs[name].data());
                    assert_bits_equal(&format!("{name} of {what}"), a, b);
                }
                for (name, array) in &found.forward.states {
                    let (a, b) = (array.data(), other.states[name].data());
                    assert_bits_equal(&format!("{name} of {what}"), a, b);
                }
            }
            first.get_or_insert(found);
        }
    }
}

/// Why a scan of a neuron is refused.
fn refused(text: &str) -> String {
    let neuron = Program::new(text).neuron();
    let options = Options::new(snn_artifact::Target::Cpu { level: "x86-64-v2".into() });
    match pipeline::kernels(&neuron, &Options { tuning: scanned(), ..options }) {
        Err(EmitError::Unsupported(unsupported)) => unsupported.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is scanned: {text}"),
    }
}

#[test]
fn what_is_reset_is_refused() {
    let hard = LEAKY.replacen("  output", "  reset v = hard(v, s, to: 0.0)\n  output", 1);
    assert_eq!(
        refused(&hard),
        "cpu cannot do a scan of `Leaky`, since `v` after a step is no sum of the states before it \
         with factors that no state decides; reset nothing, or leave `--schedule scan` out"
    );
    let curved = LEAKY.replace("(x - v) / tau", "(x - v * v) / tau");
    assert!(refused(&curved).contains("`v` after a step"), "{}", refused(&curved));
    let detached = LEAKY.replace("(x - v)", "(x - detach(v))");
    assert!(refused(&detached).contains("`v` after a step"), "{}", refused(&detached));
    let floored = LEAKY.replace("(x - v) / tau", "floor(v) + x / tau");
    assert!(refused(&floored).contains("`v` after a step"), "{}", refused(&floored));
}
