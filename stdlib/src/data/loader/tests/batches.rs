//! Arrays and batches of them.

use proptest::prelude::*;

use super::*;
use crate::event::Events;
use crate::event::frames::Slices;

fn array(shape: &[usize], from: i32) -> Array<i32> {
    let n: usize = shape.iter().product();
    Array::new(shape, (from..from + n as i32).collect()).unwrap()
}

#[test]
fn arrays_are_stacked_along_any_axis() {
    let arrays = [array(&[2, 3], 0), array(&[2, 3], 10)];
    let stacked = |axis| Array::stack(&arrays, axis).unwrap();
    assert_eq!(stacked(0).shape(), [2, 2, 3]);
    assert_eq!(stacked(0).data(), [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
    assert_eq!(stacked(1).shape(), [2, 2, 3]);
    assert_eq!(stacked(1).data(), [0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15]);
    assert_eq!(stacked(2).shape(), [2, 3, 2]);
    assert_eq!(stacked(2).data(), [0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15]);
    let message = Array::stack(&arrays, 3).unwrap_err().to_string();
    assert_eq!(message, "the new axis must be from 0 to 2, but is 3");
    let message = Array::stack(&[array(&[2], 0), array(&[3], 0)], 0).unwrap_err().to_string();
    assert_eq!(message, "a shape must be [2] as that of the first, but is [3]");
    let message = Array::<i32>::stack(&[], 0).unwrap_err().to_string();
    assert_eq!(message, "arrays to put together must be one or more, but is 0");
    let message = Array::new([2, 2], vec![0; 3]).unwrap_err().to_string();
    assert_eq!(message, "the number of elements must be the product of the sizes [2, 2], but is 3");
    assert!(Array::<u8>::new([usize::MAX, 2], vec![]).is_err());
    // No elements, but a shape.
    assert_eq!(Array::stack(&[array(&[0, 3], 0)], 1).unwrap().shape(), [0, 1, 3]);
}

#[test]
fn sequences_of_several_lengths_are_padded() {
    let samples = vec![(array(&[1, 2], 1), 5), (array(&[3, 2], 10), 6), (array(&[0, 2], 0), 7)];
    let batch = Batch::padded(samples).unwrap();
    assert_eq!(batch.inputs.shape(), [3, 3, 2]);
    let expected = [[1, 2, 10, 11, 0, 0], [0, 0, 12, 13, 0, 0], [0, 0, 14, 15, 0, 0]];
    assert_eq!(batch.inputs.data(), expected.concat());
    assert_eq!((&batch.labels[..], &batch.lengths[..]), (&[5, 6, 7][..], &[1, 3, 0][..]));
    let mask = batch.mask();
    assert_eq!(mask.shape(), [3, 3]);
    assert_eq!(mask.data(), [true, true, false, false, true, false, false, true, false]);
    let other = vec![(array(&[1, 2], 1), 5), (array(&[1, 3], 1), 5)];
    let message = Batch::padded(other).unwrap_err().to_string();
    assert_eq!(
        message,
        "a shape must be [2] behind its first axis, as that of the first, but is [1, 3]"
    );
    assert!(Batch::padded(vec![(array(&[], 0), 1)]).is_err());
    assert!(Batch::stacked(vec![(array(&[], 0), 1)]).is_err());
}

#[test]
fn frames_become_batches() {
    let events =
        Events::new(3, 2, vec![0, 5, 9], vec![0, 2, 1], vec![1, 0, 1], vec![1, 0, 1]).unwrap();
    let frames = |n| Slices::by_number(events.view(), n).unwrap().count().unwrap();
    let batch = Batch::stacked(vec![(frames(2), 0), (frames(2), 1)]).unwrap();
    assert_eq!(batch.inputs.shape(), [2, 2, 2, 2, 3]);
    assert_eq!(&batch.inputs.data()[12..24], frames(2).frame(0).unwrap());
    assert_eq!(batch.lengths, [2, 2]);
    let message = Batch::stacked(vec![(frames(2), 0), (frames(3), 1)]).unwrap_err().to_string();
    assert!(
        message.contains("[2, 2, 2, 3] as that of the first, but is [3, 2, 2, 3]"),
        "{message}"
    );
}

proptest! {
    /// Each element is where it belongs, and what is padded is 0.
    #[test]
    fn padding_moves_no_element(lengths in prop::collection::vec(0_usize..6, 1..5), size in 0_usize..4) {
        let arrays: Vec<_> = lengths.iter().map(|length| array(&[*length, size], 1)).collect();
        let padded = Array::pad(&arrays).unwrap();
        let [longest, n, _] = padded.shape() else { panic!() };
        prop_assert_eq!((longest, *n), (lengths.iter().max().unwrap(), lengths.len()));
        for step in 0..*longest {
            for (i, array) in arrays.iter().enumerate() {
                let found = &padded.data()[(step * n + i) * size..][..size];
                let zeros = vec![0; size];
                let expected = array.data().get(step * size..(step + 1) * size).unwrap_or(&zeros);
                prop_assert_eq!(found, expected);
            }
        }
        if lengths.iter().all(|length| *length == lengths[0]) {
            prop_assert_eq!(padded, Array::stack(&arrays, 1).unwrap());
        }
    }
}
