//! `cargo xtask events`: how fast files of events are read and frames are made of them, as tables of Markdown.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made has failed")]

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use snn::event::frames::{Slices, voxel_grid};
use snn::event::{Events, Format, Options};

/// How often each is done; the fastest counts.
const RUNS: usize = 7;

/// Events of a recording; the largest of DVS128 Gesture have about as many.
const N: usize = 8_000_000;

/// Files that are read, which have to be written as well.
const FORMATS: [(Format, &str); 6] = [
    (Format::Aedat3, "AEDAT 3.1"),
    (Format::Aedat2, "AEDAT 2"),
    (Format::Atis, "ATIS"),
    (Format::Dat, "DAT"),
    (Format::Evt2, "EVT 2"),
    (Format::Npz, "npz"),
];

fn main() {
    let folder = std::env::temp_dir().join(format!("snn-events-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let events = events(N);
    read(&events, &folder);
    frames(&events);
    fs::remove_dir_all(&folder).unwrap();
}

/// Events at any place, some µs apart.
fn events(n: usize) -> Events {
    let mut state = 1_u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let t = (0..n as u64).map(|i| 3 * i).collect();
    let mut column = || (0..n).map(|_| draw(128) as u16).collect();
    let (x, y) = (column(), column());
    Events::new(128, 128, t, x, y, (0..n).map(|_| draw(2) as u8).collect()).unwrap()
}

fn read(events: &Events, folder: &Path) {
    println!(
        "| Format | MB | GB/s | M events/s | of a copy |\n| --- | ---: | ---: | ---: | ---: |"
    );
    for (format, name) in FORMATS {
        let path = folder.join(name);
        events.write(&path, format).unwrap();
        let bytes = fs::metadata(&path).unwrap().len() as f64;
        let options =
            Options { format: Some(format), size: Some((128, 128)), ..Options::default() };
        let taken = fastest(|| assert_eq!(Events::read(&path, &options).unwrap().len(), N));
        let copied = fastest(|| copy(&path));
        let rate = |taken: Duration| bytes / taken.as_secs_f64() / 1e9;
        let share = rate(taken) / rate(copied);
        let events = N as f64 / taken.as_secs_f64() / 1e6;
        println!("| {name} | {:.0} | {:.2} | {events:.0} | {share:.2} |", bytes / 1e6, rate(taken));
    }
}

/// Reads a file into one piece of memory again and again, as `cat` does.
fn copy(path: &Path) {
    let (mut file, mut buffer) = (File::open(path).unwrap(), vec![0; 1 << 18]);
    while file.read(&mut buffer).unwrap() > 0 {}
}

fn frames(events: &Events) {
    println!("\n| Frames of 128 x 128, T = 16 | M events/s |\n| --- | ---: |");
    let row = |name: &str, taken: Duration| {
        println!("| {name} | {:.0} |", N as f64 / taken.as_secs_f64() / 1e6);
    };
    let number = || Slices::by_number(events.view(), 16).unwrap();
    row("`by_number`, `count`", fastest(|| drop(number().count().unwrap())));
    let time = || Slices::by_time(events.view(), 16).unwrap();
    row("`by_time`, `count`", fastest(|| drop(time().count().unwrap())));
    row("`by_number`, `binary`", fastest(|| drop(number().binary().unwrap())));
    row("`by_time`, `time_surface`", fastest(|| drop(time().time_surface(1e5).unwrap())));
    row("`voxel_grid`", fastest(|| drop(voxel_grid(events.view(), 16).unwrap())));
}

fn fastest(work: impl Fn()) -> Duration {
    let time = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..RUNS).map(time).min().unwrap()
}
