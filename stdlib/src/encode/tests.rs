use tch::{Kind, Tensor};

use super::*;

fn rows(spikes: &Tensor) -> Vec<Vec<f32>> {
    let n = spikes.size()[0];
    (0..n).map(|t| Vec::try_from(spikes.get(t)).unwrap()).collect()
}

#[test]
fn numbers_are_the_rates_of_poisson_spikes() {
    tch::manual_seed(5);
    let numbers = Tensor::from_slice(&[0.0_f32, 0.25, 0.9, 1.0]);
    let spikes = poisson(&numbers, 20_000).unwrap();
    let rates: Vec<f32> =
        Vec::try_from(spikes.mean_dim([0].as_slice(), false, Kind::Float)).unwrap();
    for (rate, number) in rates.iter().zip([0.0, 0.25, 0.9, 1.0]) {
        assert!((rate - number).abs() < 0.02, "{rate} for {number}");
    }
    assert_eq!(spikes.size(), [20_000, 4]);
    assert!(spikes.ne_tensor(&(&spikes * &spikes)).sum(Kind::Int64).int64_value(&[]) == 0);
}

#[test]
fn larger_numbers_spike_earlier() {
    let numbers = Tensor::from_slice(&[0.0_f32, 0.5, 1.0]);
    let linear = latency(&numbers, 5, Latency::Linear).unwrap();
    let expected = [[0., 0., 1.], [0., 0., 0.], [0., 1., 0.], [0., 0., 0.], [1., 0., 0.]];
    assert_eq!(rows(&linear), expected);
    let log = latency(&numbers, 5, Latency::Logarithmic).unwrap();
    let expected = [[0., 0., 1.], [0., 1., 0.], [0., 0., 0.], [0., 0., 0.], [1., 0., 0.]];
    assert_eq!(rows(&log), expected);
    // What is no number from 0 to 1 spikes at an end.
    let outside = latency(&Tensor::from_slice(&[-1.0_f32, 2.0]), 3, Latency::Linear).unwrap();
    assert_eq!(rows(&outside), [[0., 1.], [0., 0.], [1., 0.]]);
    assert!(latency(&numbers, 0, Latency::Linear).is_err());
    assert!(latency(&numbers, 1000, Latency::Logarithmic).is_err());
}

#[test]
fn phases_are_binary_digits() {
    let numbers = Tensor::from_slice(&[0.0_f32, 0.625, 0.875]);
    let spikes = weighted_phase(&numbers, 3, 5).unwrap();
    let expected = [[0., 1., 1.], [0., 0., 1.], [0., 1., 1.], [0., 1., 1.], [0., 0., 1.]];
    assert_eq!(rows(&spikes), expected);
    let weights = Tensor::from_slice(&[0.5_f32, 0.25, 0.125]).reshape([3, 1]);
    let sum = (weighted_phase(&numbers, 3, 3).unwrap() * weights).sum_dim_intlist(
        [0].as_slice(),
        false,
        Kind::Float,
    );
    assert_eq!(sum, numbers);
    assert!(weighted_phase(&numbers, 0, 3).is_err());
}

#[test]
fn a_sequence_begins_again() {
    let sequence = Tensor::from_slice(&[1.0_f32, 0.0, 0.0, 1.0]).reshape([2, 2]);
    let spikes = periodic(&sequence, 3).unwrap();
    assert_eq!(rows(&spikes), [[1., 0.], [0., 1.], [1., 0.]]);
    assert!(periodic(&sequence.narrow(0, 0, 0), 3).is_err());
}
