use proptest::prelude::*;
use snn_runtime::torch::find_cuda;

use super::*;
use crate::event::Events;
use crate::event::frames::Frames;
use crate::event::tests::recording;

mod cuda;

/// The numbers of a tensor.
fn numbers(tensor: &Tensor) -> Vec<i64> {
    let flat = tensor.to_device(Device::Cpu).to_kind(Kind::Int64).flatten(0, -1);
    (&flat).try_into().unwrap()
}

fn shape<T: Copy>(frames: &Frames<T>) -> Vec<i64> {
    frames.shape().iter().map(|axis| *axis as i64).collect()
}

/// Frames of a device are those of the processor, for every cut.
fn agrees(device: Device, events: &Events) {
    let view = events.view();
    let windows = |events: crate::event::EventsView<'_>| {
        let n = events.len();
        vec![0..n / 2, n / 4..n, n..n]
    };
    for slices in [
        Slices::by_number(view, 7).unwrap(),
        Slices::by_time(view, 3).unwrap(),
        Slices::by_duration(view, 4000).unwrap(),
        Slices::by(view, windows).unwrap(),
    ] {
        let (expected, binary) = (slices.count().unwrap(), slices.binary().unwrap());
        let counts = slices.count_on(device).unwrap();
        assert_eq!((counts.kind(), counts.device()), (Kind::Int, device));
        assert_eq!(counts.size(), shape(&expected));
        assert!(numbers(&counts).into_iter().eq(expected.data().iter().map(|n| i64::from(*n))));
        let places = Places::new(&[slices]).unwrap().pinned(device).unwrap();
        let found = places.binary(device).unwrap();
        assert_eq!((found.kind(), found.size()[0]), (Kind::Uint8, counts.size()[0]));
        assert!(numbers(&found).into_iter().eq(binary.data().iter().map(|n| i64::from(*n))));
    }
}

/// Recordings of several lengths stand side by side, with zeros behind the shorter ones.
fn batches_agree(device: Device, events: &Events) {
    let view = events.view();
    let slices: Vec<_> = [4, 1, 6].iter().map(|n| Slices::by_number(view, *n).unwrap()).collect();
    let places = Places::new(&slices).unwrap().pinned(device).unwrap();
    let counts = places.count(device).unwrap();
    assert_eq!(counts.size(), [6, 3, 2, view.size().1.into(), view.size().0.into()]);
    for (i, slices) in slices.iter().enumerate() {
        let own = counts.select(1, i as i64);
        let expected = slices.count().unwrap();
        let found = own.narrow(0, 0, slices.len() as i64);
        assert!(numbers(&found).into_iter().eq(expected.data().iter().map(|n| i64::from(*n))));
        let behind = own.narrow(0, slices.len() as i64, 6 - slices.len() as i64);
        assert_eq!(behind.sum(Kind::Int64).int64_value(&[]), 0);
    }
}

#[test]
fn frames_of_tensors_are_those_of_arrays() {
    let events = recording("frames.csv", 12, 10);
    agrees(Device::Cpu, &events);
    batches_agree(Device::Cpu, &events);
    // None, and all on one pixel.
    agrees(Device::Cpu, &Events::new(3, 2, vec![], vec![], vec![], vec![]).unwrap());
    let hot = Events::new(3, 2, vec![5; 70_000], vec![1; 70_000], vec![1; 70_000], vec![1; 70_000]);
    agrees(Device::Cpu, &hot.unwrap());
}

#[test]
fn recordings_that_do_not_fit_together_are_told() {
    let [small, large] = [(3, 2), (4, 2)].map(|(width, height)| {
        Events::new(width, height, vec![1], vec![0], vec![0], vec![1]).unwrap()
    });
    let slices = [&small, &large].map(|events| Slices::by_number(events.view(), 1).unwrap());
    let message = Places::new(&slices).unwrap_err().to_string();
    let expected =
        "the sensor of each recording must be (3, 2) as that of the first, but is (4, 2)";
    assert_eq!(message, expected);
    assert_eq!(
        Places::new(&[]).unwrap_err().to_string(),
        "recordings must be one or more, but is 0"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_events_agree(
        rows in prop::collection::vec((0_u64..5, 0_u16..6, 0_u16..4, 0_u8..2), 0..200),
    ) {
        let mut t = 0;
        let t = rows.iter().map(|row| { t += row.0 * 50; t }).collect();
        let [x, y] = [rows.iter().map(|row| row.1).collect(), rows.iter().map(|row| row.2).collect()];
        let events = Events::new(6, 4, t, x, y, rows.iter().map(|row| row.3).collect()).unwrap();
        agrees(Device::Cpu, &events);
        batches_agree(Device::Cpu, &events);
    }
}

/// The GPU. Where there is none, tests say so and pass, unless one is required.
pub fn gpu() -> Option<Device> {
    let Err(error) = find_cuda() else { return Some(Device::Cuda(0)) };
    let required = std::env::var("SNNC_REQUIRE_CUDA").is_ok_and(|v| v == "1");
    assert!(!required, "a GPU is required: {error}");
    eprintln!("skipped: {error}");
    None
}
