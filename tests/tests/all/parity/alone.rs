//! A neuron without an input on every device: the call says how large a run is.

use snn_compiler::check::hir::Sharing;
use snn_runtime::neuron::{Call, Seeds};
use snn_tests::compare::assert_firing_rate;
use snn_tests::numbers::Numbers;
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

use super::check::Machines;

const PACEMAKER: &str = "\
neuron Pacemaker {
  param  drive per channel = 0.3 in (0, 1) via sigmoid learn
  param  gain[T] per neuron = 1.0 learn
  state  v = 0
  charge v = 0.9 * v + drive * gain[t]
  fire   s = spike(v - 0.5, atan(alpha: 2.0))
  reset  v = hard(v, s, 0)
  output s
  output v last
}
";

/// What is run here.
pub fn programs() -> Vec<Program> {
    vec![Program::new(PACEMAKER)]
}

#[test]
fn a_neuron_without_an_input_runs_as_large_as_is_said() {
    let mut numbers = Numbers::fresh();
    let machines = Machines::of("pacemaker", &Program::new(PACEMAKER));
    for shape in [&[17, 31][..], &[6, 4, 3, 5], &[1, 1], &[0, 3], &[5, 0, 2]] {
        let mut call = Call { sizes: shape.to_vec(), ..Call::default() };
        let sizes = Sizes::of(&call);
        call.params.insert("drive".into(), numbers.array(&[sizes.channels], 0.1, 0.6));
        let gain = [&[sizes.steps], &sizes.param_shape(Sharing::Neuron)[..]].concat();
        call.params.insert("gain".into(), numbers.array(&gain, 0.5, 1.5));
        call.states.insert("v".into(), numbers.array(&sizes.step, 0.0, 0.5));
        let outputs =
            [("s", numbers.array(shape, -1.0, 1.0)), ("v", numbers.array(&sizes.step, -1.0, 1.0))];
        let outputs = outputs.map(|(name, array)| (name.to_string(), array)).into();
        let states = [("v".to_string(), numbers.array(&sizes.step, -1.0, 1.0))].into();
        let found = machines.check(&call, &Seeds { outputs, states }, &mut numbers);
        assert_eq!(found.forward.outputs["s"].shape(), shape);
        assert!(found.inputs.is_empty());
        if shape == [17, 31] {
            assert_firing_rate("pacemaker", found.forward.outputs["s"].data());
        }
    }
}
