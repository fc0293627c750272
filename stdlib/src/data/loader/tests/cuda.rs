//! On an NVIDIA GPU, where libtorch has CUDA; skipped with a word where it has not.

use tch::{Kind, Tensor};

use super::tensors::{are_the_batches, loads};
use super::*;
use crate::event::frames::tensors::tests::gpu;

#[test]
fn batches_come_to_a_gpu() {
    let Some(device) = gpu() else { return };
    let array = |n: usize| Array::new([n, 2], (1..=2 * n as u8).collect()).unwrap();
    let batch = Batch::padded(vec![(array(1), 4), (array(3), 0)]).unwrap();
    are_the_batches(&batch.to_tensors().unwrap().to(device).unwrap(), device);
    are_the_batches(
        &batch.to_tensors().unwrap().pinned(device).unwrap().to(device).unwrap(),
        device,
    );
    loads(device);
}

/// A copy out of pinned memory is begun while the device computes, and that memory is kept though nobody has it.
#[test]
fn copies_wait_for_nobody_and_keep_their_memory() {
    let Some(device) = gpu() else { return };
    let numbers: Vec<f32> = (0..1 << 22).map(|i| i as f32).collect();
    let a = Tensor::rand([4096, 4096], (Kind::Float, device));
    let mut b = a.shallow_clone();
    let copied: Vec<Tensor> = (0..8)
        .map(|i| {
            b = a.matmul(&b) * 1e-3;
            let numbers: Vec<f32> = numbers.iter().map(|number| number + i as f32).collect();
            let array = Array::new([1 << 11, 1 << 11], numbers).unwrap();
            let batch =
                Batch { inputs: array, labels: vec![0; 1 << 11], lengths: vec![1 << 11; 1 << 11] };
            batch.to_tensors().unwrap().pinned(device).unwrap().to(device).unwrap().inputs
        })
        .collect();
    let first: f64 = numbers.iter().map(|number| f64::from(*number)).sum();
    for (i, copied) in copied.iter().enumerate() {
        let sum = copied.to_kind(Kind::Double).sum(Kind::Double).double_value(&[]);
        assert_eq!(sum, first + (i * (1 << 22)) as f64);
    }
}
