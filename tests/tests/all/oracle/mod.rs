//! The oracles against each other and against other libraries.

mod neurons;
mod ode;
mod surrogates;
mod torch;

use snn_compiler::oracle::{Call, Seeds, Shared};
use snn_tests::program::Program;

/// Parametric LIF: `tau` is `1 / k`, and `k` comes from an unconstrained number.
pub const PLIF: &str = include_str!("../../../corpus/plif.snn");

/// The neuron of a case's name: `lif_hard_detach_decay_channel_sigmoid`.
fn program(case: &str) -> Program {
    let has = |word| case.split('_').any(|part| part == word);
    let text = case.split('_').next().and_then(snn::neuron::source).unwrap();
    let surrogate = if has("atan") { "atan(alpha: 2.0)" } else { "sigmoid(alpha: 4.0)" };
    let program = Program::new(text)
        .option("surr", surrogate)
        .option("soft_reset", has("soft"))
        .option("detach_reset", has("detach"));
    if has("if") { program } else { program.option("decay_input", has("decay")) }
}

/// Calls and seeds of one input, one state and one output.
fn call(steps: usize, x: &[f64], v0: Option<&[f64]>, params: Vec<Shared>) -> Call {
    let (inputs, states) = (vec![x.to_vec()], vec![v0.map(<[f64]>::to_vec)]);
    Call { steps, lanes: x.len() / steps, inputs, states, params, ..Call::default() }
}

fn seeds(outputs: &[&[f64]], state: Option<&[f64]>) -> Seeds {
    let outputs = outputs.iter().map(|seed| Some(seed.to_vec())).collect();
    Seeds { outputs, states: vec![state.map(<[f64]>::to_vec)] }
}
