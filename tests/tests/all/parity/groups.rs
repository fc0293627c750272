//! Gradients of a param per channel, for which backward adds up lanes that lie side by side in a channel:
//! how many, depends on the axes behind the channels.

use snn_runtime::neuron::{Call, Seeds};
use snn_tests::numbers::Numbers;
use snn_tests::operands::Sizes;
use snn_tests::program::Program;

use super::check::Machines;

/// Two params per channel, one of which is not in reach of the other's gradient.
const CHANNELS: &str = "\
neuron Channels {
  input  x
  param  w per channel = 1.0 learn
  param  decay per channel = 0.5 in (0, 1) via sigmoid learn
  state  v = 0
  charge v = decay * v + w * x
  fire   s = spike(v - 0.75, atan(alpha: 2.0))
  reset  v = hard(v, s, 0)
  output s
}
";

/// Steps, batch elements, channels, and what lies behind: groups of 1, 2, 4, 8 and 16 lanes, of which no
/// whole number is a strip or a workgroup.
const SHAPES: [&[usize]; 11] = [
    &[17, 5, 7],
    &[17, 3, 5, 2],
    &[17, 3, 5, 3],
    &[17, 2, 3, 2, 2],
    &[17, 3, 5, 8],
    &[17, 2, 5, 3, 4],
    &[17, 3, 11, 16],
    &[17, 1, 3, 16],
    &[9, 3, 7, 6, 8],
    &[3, 2, 33, 48],
    &[4, 5, 0, 16],
];

/// What is run here.
pub fn programs() -> Vec<Program> {
    vec![Program::new(CHANNELS), normalized()]
}

/// The same with its input normalised where it is read.
fn normalized() -> Program {
    let mut program = Program::new(CHANNELS);
    program.specialization.normalize = vec!["x".into()];
    program
}

#[test]
fn gradients_by_channel_are_right_whatever_lies_behind_the_channels() {
    let mut numbers = Numbers::fresh();
    let machines = Machines::of("channels", &Program::new(CHANNELS));
    for shape in SHAPES {
        let inputs = [("x".to_string(), numbers.array(shape, -0.5, 1.5))].into();
        let mut call = Call { inputs, ..Call::default() };
        let channels = [Sizes::of(&call).channels];
        call.params.insert("w".into(), numbers.array(&channels, 0.5, 1.5));
        call.params.insert("decay".into(), numbers.array(&channels, 0.2, 0.8));
        let outputs = [("s".to_string(), numbers.array(shape, -1.0, 1.0))].into();
        machines.check(&call, &Seeds { outputs, ..Seeds::default() }, &mut numbers);
    }
}

#[test]
fn an_input_is_normalised_where_it_is_read() {
    let mut numbers = Numbers::fresh();
    let machines = Machines::of("normalized", &normalized());
    for shape in [&[17, 5, 7][..], &[9, 3, 7, 6, 8], &[4, 5, 0, 16]] {
        let inputs = [("x".to_string(), numbers.array(shape, -3.0, 5.0))].into();
        let mut call = Call { inputs, ..Call::default() };
        let channels = [Sizes::of(&call).channels];
        for (name, low, high) in
            [("x.mean", -0.5, 1.5), ("x.scale", 0.2, 1.2), ("x.shift", -0.5, 0.5)]
        {
            call.params.insert(name.into(), numbers.array(&channels, low, high));
        }
        let outputs = [("s".to_string(), numbers.array(shape, -1.0, 1.0))].into();
        let found = machines.check(&call, &Seeds { outputs, ..Seeds::default() }, &mut numbers);
        let mut names: Vec<&str> = found.params.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["decay", "w", "x.scale", "x.shift"]);
    }
}
