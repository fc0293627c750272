//! `cargo xtask events [FOLDER]`: how fast files of events are read, frames are made of them and recordings prepared, as
//! tables of Markdown. What is read stays in the folder, where there is one, for `tests/reference/peers/time_events.py`.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made has failed")]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use snn::data::dataset::{
    About, Dataset, Failure, Options as Preparation, Places, Raw, Sample, Split, Writer,
};
use snn::data::event_set::EventSet;
use snn::data::frame_set::{Cut, FrameSet, Recipe};
use snn::data::loader::{Batch, Loader, Sampler};
use snn::data::n_mnist::N_MNIST;
use snn::data::simulated::SimulatedSaccades;
use snn::event::frames::{Slices, voxel_grid};
use snn::event::{Events, Format, Options, Order};

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

/// Files of events as N-MNIST has them, for training and for testing.
const FILES: [usize; 2] = [9000, 1000];

fn main() {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let own = std::env::temp_dir().join(format!("snn-events-{}", std::process::id()));
    let home = folder.as_ref().unwrap_or(&own);
    fs::create_dir_all(home).unwrap();
    let events = events(N);
    read(&events, home);
    frames(&events);
    prepare(home);
    if folder.is_none() {
        fs::remove_dir_all(own).unwrap();
    }
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
        let path = folder.join(if format == Format::Aedat3 { "one.aedat" } else { name });
        events.write(&path, format).unwrap();
        let bytes = fs::metadata(&path).unwrap().len() as f64;
        let options =
            Options { format: Some(format), size: Some((128, 128)), ..Options::default() };
        let taken = fastest(|| Events::read(&path, &options).unwrap());
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
    row("`by_number`, `count`", fastest(|| number().count().unwrap()));
    let time = || Slices::by_time(events.view(), 16).unwrap();
    row("`by_time`, `count`", fastest(|| time().count().unwrap()));
    row("`by_number`, `binary`", fastest(|| number().binary().unwrap()));
    row("`by_time`, `time_surface`", fastest(|| time().time_surface(1e5).unwrap()));
    row("`voxel_grid`", fastest(|| voxel_grid(events.view(), 16).unwrap()));
}

/// A folder of files in N-MNIST's format, as a set.
struct Files {
    about: About,
    folder: PathBuf,
}

impl Dataset for Files {
    fn about(&self) -> &About {
        &self.about
    }

    fn samples<'a>(&'a self, _: &'a Raw) -> Result<Vec<Sample<'a>>, Failure> {
        let mut samples = Vec::new();
        for (split, name) in [("train", "Train"), ("test", "Test")] {
            for class in 0..self.about.classes.len() {
                let folder = self.folder.join(name).join(class.to_string());
                for entry in fs::read_dir(&folder)? {
                    let entry = entry?;
                    let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
                    let options = Options {
                        format: Some(Format::Atis),
                        size: Some((34, 34)),
                        order: Order::Sort,
                    };
                    let write: Writer<'a> = Box::new(move |out| {
                        let events = Events::read(&path, &options)?;
                        Ok(out.write_all(&events.view().to_bytes(Format::Atis)?)?)
                    });
                    samples.push(Sample { split, class, name, write });
                }
            }
        }
        samples.sort_by(|a, b| (a.split, &a.name).cmp(&(b.split, &b.name)));
        Ok(samples)
    }
}

/// What SpikingJelly does with what came out of N-MNIST's archives: events in files of its own, and frames of these.
fn prepare(home: &Path) {
    let folder = home.join("extracted");
    let quiet = Preparation { quiet: true, ..Preparation::default() };
    SimulatedSaccades::new(FILES[0], FILES[1]).write(&folder, &quiet).unwrap();
    let cache = home.join("cache");
    let _ = fs::remove_dir_all(&cache);
    let splits = vec![
        Split { name: "train", n_samples: FILES[0] },
        Split { name: "test", n_samples: FILES[1] },
    ];
    let about = About { files: &[], splits: splits.leak(), ..N_MNIST };
    let places = Places { cache: Some(cache.clone()), prepare: quiet, ..Places::default() };
    let begun = Instant::now();
    let set = EventSet::open(&Files { about, folder }, &places).unwrap();
    let events = begun.elapsed();
    let frames = FrameSet::open(&set, &Recipe::count(Cut::Number(10)), &quiet).unwrap();
    let both = begun.elapsed();
    println!("\n| Prepared from {} files | s |\n| --- | ---: |", FILES[0] + FILES[1]);
    println!(
        "| events | {:.2} |\n| and frames | {:.2} |",
        events.as_secs_f64(),
        both.as_secs_f64()
    );
    load(&frames);
    fs::remove_dir_all(cache).unwrap();
}

/// How many samples a second a loader gives of kept frames.
fn load(frames: &FrameSet) {
    println!("\n| Threads that load 10 x 2 x 34 x 34 | samples/s |\n| --- | ---: |");
    for threads in [1, 2] {
        let train = frames.split::<u8>("train").unwrap();
        let sampler = Sampler::new(train.len(), 128, true, 1).unwrap();
        let options = snn::data::loader::Options { threads, ahead: 4 };
        let loader = Loader::new(train, sampler, Batch::stacked, options).unwrap();
        let taken = fastest(|| loader.epoch(0).unwrap().for_each(|batch| drop(batch.unwrap())));
        println!("| {threads} | {:.0} |", FILES[0] as f64 / taken.as_secs_f64());
    }
}

/// How long the fastest run takes; what it makes is dropped behind.
fn fastest<T>(work: impl Fn() -> T) -> Duration {
    let time = |_| {
        let begun = Instant::now();
        let made = work();
        let taken = begun.elapsed();
        drop(made);
        taken
    };
    (0..RUNS).map(time).min().unwrap()
}
