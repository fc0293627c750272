//! Batches as tensors.

use tch::{Device, Kind, Tensor};

use super::*;

fn batch() -> Batch<u8> {
    let array = |n: usize| Array::new([n, 2], (1..=2 * n as u8).collect()).unwrap();
    Batch::padded(vec![(array(1), 4), (array(3), 0)]).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<i64> {
    let flat = tensor.to_device(Device::Cpu).to_kind(Kind::Int64).flatten(0, -1);
    (&flat).try_into().unwrap()
}

/// Tensors on a device that are the batch's.
pub fn are_the_batches(tensors: &Tensors, device: Device) {
    let Tensors { inputs, labels, lengths, mask } = tensors;
    assert!([inputs, labels, lengths, mask].iter().all(|tensor| tensor.device() == device));
    let kinds = [inputs, labels, lengths, mask].map(Tensor::kind);
    assert_eq!(kinds, [Kind::Uint8, Kind::Int64, Kind::Int64, Kind::Bool]);
    assert_eq!((inputs.size(), mask.size()), (vec![3, 2, 2], vec![3, 2]));
    assert_eq!(numbers(inputs), [1, 2, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6]);
    assert_eq!((numbers(labels), numbers(lengths)), (vec![4, 0], vec![1, 3]));
    assert_eq!(numbers(mask), [1, 1, 0, 1, 0, 1]);
}

/// Batches that threads make, pin and the caller brings to a device.
pub fn loads(device: Device) {
    let samples = Made(10, |_, index| {
        Ok((Array::new([index + 1, 1], vec![index as f32; index + 1])?, index))
    });
    let collate = move |samples| Ok(Batch::padded(samples)?.to_tensors()?.pinned(device)?);
    let loader = Loader::new(samples, shuffled(10, 4), collate, options(2, 2)).unwrap();
    let mut n = 0;
    for batch in loader.epoch(0).unwrap() {
        let batch = batch.unwrap();
        assert!(device == Device::Cpu || batch.inputs.f_is_pinned(device).unwrap());
        let batch = batch.to(device).unwrap();
        // Nothing is left of the pinned memory, while a sequence of length n + 1 has the number n.
        let sums = batch.inputs.squeeze_dim(2).sum_dim_intlist(0, false, Kind::Float);
        let expected = &batch.labels * &batch.lengths;
        assert_eq!(numbers(&sums), numbers(&expected));
        assert_eq!(
            numbers(&batch.mask.sum_dim_intlist(0, false, Kind::Int64)),
            numbers(&batch.lengths)
        );
        n += batch.labels.size()[0];
    }
    assert_eq!(n, 10);
}

#[test]
fn batches_become_tensors() {
    let tensors = batch().to_tensors().unwrap();
    are_the_batches(&tensors, Device::Cpu);
    are_the_batches(&tensors.pinned(Device::Cpu).unwrap().to(Device::Cpu).unwrap(), Device::Cpu);
    let floats = Array::new([2, 1], vec![0.5_f32, -1.0]).unwrap().to_tensor().unwrap();
    assert_eq!((floats.kind(), floats.size()), (Kind::Float, vec![2, 1]));
    assert_eq!(floats.double_value(&[1, 0]), -1.0);
    let empty = Array::new([0, 3], Vec::<f32>::new()).unwrap().to_tensor().unwrap();
    assert_eq!(empty.size(), [0, 3]);
}

#[test]
fn threads_make_tensors() {
    loads(Device::Cpu);
}
