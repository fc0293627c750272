//! On an NVIDIA GPU, where libtorch has CUDA; skipped with a word where it has not.

use super::*;

#[test]
fn frames_of_a_gpu_are_those_of_the_processor() {
    let Some(device) = gpu() else { return };
    let events = recording("frames.csv", 12, 10);
    agrees(device, &events);
    batches_agree(device, &events);
    agrees(device, &Events::new(3, 2, vec![], vec![], vec![], vec![]).unwrap());
    // A million events, most of them on few pixels.
    let n = 1_000_000_u64;
    let place = |size: u64| (0..n).map(move |i| (i * i % 7919 % size) as u16).collect();
    let t = (0..n).map(|i| i / 3).collect();
    let p = (0..n).map(|i| u8::from(i % 5 == 0)).collect();
    let many = Events::new(128, 128, t, place(128), place(97), p).unwrap();
    agrees(device, &many);
    batches_agree(device, &many);
}
