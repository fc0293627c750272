use snn_artifact::Sharing;

use super::device::Fake;
use super::{BLOCK, array, call, neuron, neuron_on, scale};
use crate::neuron::{Array, Arrays, Call, Gradients, Prepared, Seeds};

const LARGE: usize = 1 << 30;

fn seeds(shape: &[usize]) -> Seeds {
    let ones = vec![0.5; shape[1..].iter().product()];
    let state = Array::new(shape[1..].to_vec(), ones).unwrap();
    Seeds {
        outputs: Arrays::from([("s".into(), array(shape))]),
        states: Arrays::from([("v".into(), state)]),
    }
}

/// A call with a number for each lane that its state and param depend on.
fn full(shape: &[usize], sharing: Sharing) -> Call {
    let mut call = call(shape);
    call.states.insert("v".into(), array(&shape[1..]));
    let param = match sharing {
        Sharing::Layer => Array::scalar(3.0),
        Sharing::Channel => array(&shape[2..3]),
        Sharing::Neuron => array(&shape[2..]),
    };
    call.params.insert("a".into(), param);
    call
}

fn grad(shape: &[usize], sharing: Sharing, max_buffer: usize) -> Gradients {
    let neuron = neuron(scale(sharing), max_buffer);
    neuron.grad(&full(shape, sharing), &seeds(shape)).unwrap()
}

#[test]
fn a_call_gives_outputs_states_and_gradients() {
    let all = grad(&[2, 1, 2], Sharing::Layer, LARGE);
    let x = array(&[2, 1, 2]).into_data();
    let s = &all.forward.outputs["s"];
    assert_eq!(
        (s.shape(), s.data()),
        (&[2, 1, 2][..], &x.iter().map(|x| 3.0 * x).collect::<Vec<_>>()[..])
    );
    let v = &all.forward.states["v"];
    assert_eq!((v.shape(), v.data()), (&[1, 2][..], &[x[0] + x[0] + x[2], x[1] + x[1] + x[3]][..]));
    let expected: Vec<f32> = x.iter().map(|g| 3.0 * g + 0.5).collect();
    assert_eq!(all.inputs["x"].data(), expected);
    assert_eq!(all.states["v"].data(), [0.5, 0.5]);
    let squares = x.iter().map(|x| x * x).sum::<f32>();
    assert_eq!((all.params["a"].shape(), all.params["a"].data()), (&[][..], &[squares][..]));
}

#[test]
fn results_do_not_depend_on_tiles() {
    for sharing in [Sharing::Layer, Sharing::Channel, Sharing::Neuron] {
        let shape = [17, 5, 3, 7];
        let whole = grad(&shape, sharing, LARGE);
        // 105 lanes of 17 steps: tiles of 8 lanes and of 36; the gradients of single lanes are 420
        // bytes, too many for a buffer of 4 * 17 * 5.
        for max_buffer in [17 * 4 * 11, 17 * 4 * 37, 17 * 4 * 5] {
            assert_eq!(grad(&shape, sharing, max_buffer), whole, "{sharing:?} {max_buffer}");
        }
    }
}

#[test]
fn groups_of_lanes_that_share_a_channel_do_not_depend_on_tiles() {
    for shape in [[17, 5, 3, 1], [17, 5, 3, 2], [17, 5, 3, 6], [17, 5, 3, 4], [17, 2, 3, 12]] {
        let whole = grad(&shape, Sharing::Channel, LARGE);
        let (x, seed) = (array(&shape), array(&shape));
        let mut expected = vec![0.0_f64; 3];
        for (i, (x, g)) in x.data().iter().zip(seed.data()).enumerate() {
            expected[i / shape[3] % 3] += f64::from(x * g);
        }
        let found = whole.params["a"].data().iter().map(|g| f64::from(*g));
        for (found, expected) in found.zip(&expected) {
            assert!((found - expected).abs() <= 1e-6 * expected, "{shape:?}: {found}, {expected}");
        }
        for max_buffer in [17 * 4 * 11, 17 * 4 * 5] {
            let cut = grad(&shape, Sharing::Channel, max_buffer);
            assert_eq!(cut, whole, "{shape:?} {max_buffer}");
        }
    }
}

#[test]
fn sums_too_long_for_a_loop_are_taken_on_the_host() {
    let shape = [3, 5, 3, 7];
    for sharing in [Sharing::Layer, Sharing::Channel, Sharing::Neuron] {
        // No sum of more than one number is left to the device, which would refuse it.
        let device = Fake { max_buffer: LARGE, max_turns: 3 };
        let neuron = neuron_on(scale(sharing), device);
        let all = neuron.grad(&full(&shape, sharing), &seeds(&shape)).unwrap();
        assert_eq!(all, grad(&shape, sharing, LARGE), "{sharing:?}");
    }
}

#[test]
fn a_tile_smaller_than_a_block_has_no_sums_over_blocks() {
    let shape = [17, 1, 9];
    let max_buffer = 17 * 4 * 3;
    let small = |sharing| neuron(scale(sharing), max_buffer);
    let call = call(&shape);
    let whole = neuron(scale(Sharing::Layer), LARGE).forward(&call).unwrap();
    assert_eq!(small(Sharing::Layer).forward(&call).unwrap(), whole);
    let error = small(Sharing::Layer).grad(&call, &Seeds::ones()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fake cannot do the gradient of `a` over 17 steps, of which a buffer does not hold 4 lanes; \
         run fewer steps at once, or run it on a device with larger buffers"
    );
    assert!(small(Sharing::Neuron).grad(&call, &Seeds::ones()).is_ok());
    // Nor has it sums over groups, where these are more than a lane.
    let by_channel =
        |shape: &[usize]| small(Sharing::Channel).grad(&super::call(shape), &Seeds::ones());
    assert!(by_channel(&[17, 1, 3, 3]).is_ok());
    assert_eq!(by_channel(&[17, 1, 3, 2]).unwrap_err().to_string(), error.to_string());
}

#[test]
fn not_even_one_lane_is_out_of_memory() {
    let error = neuron(scale(Sharing::Layer), 64).forward(&call(&[17, 1, 9])).unwrap_err();
    assert_eq!(error.to_string(), "out of memory on fake: `input.x` needs 68 bytes");
}

#[test]
fn without_steps_states_pass_through() {
    for max_buffer in [LARGE, 16] {
        let neuron = neuron(scale(Sharing::Layer), max_buffer);
        let all = neuron.grad(&full(&[0, 3, 5], Sharing::Layer), &seeds(&[0, 3, 5])).unwrap();
        assert_eq!(all.forward.states["v"], array(&[3, 5]));
        assert_eq!(all.forward.outputs["s"].shape(), [0, 3, 5]);
        assert_eq!(all.states["v"].data(), [0.5; 15]);
        assert_eq!(all.params["a"].data(), [0.0]);
    }
}

#[test]
fn without_lanes_gradients_of_params_are_zero() {
    for (sharing, n) in [(Sharing::Layer, 1), (Sharing::Channel, 3), (Sharing::Neuron, 6)] {
        let all = grad(&[4, 0, 3, 2], sharing, LARGE);
        assert_eq!(all.forward.outputs["s"].shape(), [4, 0, 3, 2]);
        assert_eq!(all.params["a"].data(), vec![0.0; n]);
    }
    assert!(grad(&[4, 2, 0], Sharing::Channel, LARGE).params["a"].data().is_empty());
}

#[test]
fn ones_are_the_gradient_of_the_sum_of_outputs() {
    let neuron = neuron(scale(Sharing::Layer), 64);
    let all = neuron.grad(&call(&[2, 9]), &Seeds::ones()).unwrap();
    assert_eq!(all.inputs["x"].data(), [2.0; 18]);
    assert_eq!(all.states["v"].data(), [0.0; 9]);
    assert_eq!(all.params["a"].data(), [array(&[18]).data().iter().sum::<f32>()]);
}

#[test]
fn two_axes_are_neurons() {
    let mut call = call(&[3, 6]);
    call.params.insert("a".into(), array(&[6]));
    for sharing in [Sharing::Channel, Sharing::Neuron] {
        let neuron = neuron(scale(sharing), LARGE);
        let all = neuron.grad(&call, &Seeds::ones()).unwrap();
        let a = array(&[6]).into_data();
        assert_eq!(all.inputs["x"].data(), a.repeat(3));
        assert_eq!(all.params["a"].shape(), [6]);
    }
}

fn prepared<'n>(neuron: &'n crate::neuron::Neuron, call: &Call) -> Prepared<'n> {
    neuron.prepare(call).unwrap()
}

#[test]
fn a_prepared_call_is_launched_again_and_again() {
    let shape = [17, 2, 9];
    for max_buffer in [LARGE, 17 * 4 * 5] {
        let neuron = neuron(scale(Sharing::Layer), max_buffer);
        let call = full(&shape, Sharing::Layer);
        let mut prepared = prepared(&neuron, &call);
        prepared.seed(&Seeds::ones()).unwrap();
        for _ in 0..2 {
            prepared.launch_backward().unwrap();
            prepared.synchronize().unwrap();
        }
        assert_eq!(prepared.read_gradients().unwrap(), neuron.grad(&call, &Seeds::ones()).unwrap());
        prepared.seed(&Seeds::default()).unwrap();
        prepared.launch_forward().unwrap();
        prepared.launch_forward_train().unwrap();
        prepared.launch_backward().unwrap();
        let none = neuron.grad(&call, &Seeds::default()).unwrap();
        assert_eq!(prepared.read_gradients().unwrap(), none);
        assert_eq!(none.inputs["x"].data(), [0.0; 17 * 18]);
        assert_eq!(prepared.read_forward().unwrap(), none.forward);
        // Rows at the starts of the second and the third chunk of 8 steps.
        assert_eq!(prepared.saved_bytes(), 2 * 18 * 4);
    }
}

#[test]
fn reading_before_launching_is_an_error() {
    let neuron = neuron(scale(Sharing::Layer), LARGE);
    let call = call(&[2, 9]);
    let mut prepared = prepared(&neuron, &call);
    let error = prepared.read_forward().unwrap_err().to_string();
    assert_eq!(error, "fake: reading `next.v` failed: nothing was launched that writes it");
    prepared.launch_forward().unwrap();
    assert!(prepared.read_forward().is_ok() && prepared.read_gradients().is_err());
    assert_eq!(BLOCK, 4);
}
