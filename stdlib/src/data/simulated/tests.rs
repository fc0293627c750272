use std::fs;
use std::path::PathBuf;

use super::*;
use crate::data::archive::tests::make::{Zipped, zip};
use crate::data::dataset::tests::Folder;
use crate::data::dataset::{Dataset, Options};
use crate::data::event_set::EventSet;
use crate::data::event_set::tests::{all, fails, publish, tiny};
use crate::data::mnist::{self, Mnist};
use crate::data::n_mnist::{N_MNIST, NMnist};
use crate::event::simulate::gestures::{Session, Subject};
use crate::event::simulate::saccades::{Image, Saccades};
use crate::event::simulate::{Pixels, Sensor};
use crate::event::{Events, Format};

/// Three images to train with and two to test with, of 6 by 6 pixels.
const SMALL: mnist::About = mnist::About {
    n_train: 3,
    n_test: 2,
    size: [6, 6],
    mirrors: &["http://127.0.0.1:1/"],
    ..Mnist::ABOUT
};

const LABELS: [u8; 5] = [4, 0, 9, 9, 1];

fn pixels(image: usize) -> Vec<u8> {
    (0..36).map(|i| (i * (image + 3) * 29 % 256) as u8).collect()
}

/// Puts the images where they are looked for.
fn images(folder: &Folder) -> mnist::Places {
    for (part, images) in [("train", 0..3), ("t10k", 3..5)] {
        let n = images.len() as u8;
        let pixels: Vec<u8> = images.clone().flat_map(pixels).collect();
        let head = [0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 6, 0, 0, 0, 6];
        folder.put(&format!("images/{part}-images-idx3-ubyte"), &[&head[..], &pixels].concat());
        let head = [0, 0, 8, 1, 0, 0, 0, n];
        let labels = [&head[..], &LABELS[images]].concat();
        folder.put(&format!("images/{part}-labels-idx1-ubyte"), &labels);
    }
    let download = crate::data::download::Options { offline: true, ..Default::default() };
    let [own, system, cache] = ["images", "system", "cache"].map(|name| folder.0.join(name));
    mnist::Places { folder: Some(own), system, cache: Some(cache), download }
}

fn saccades(folder: &Folder) -> SimulatedSaccades {
    SimulatedSaccades::new(3, 2).of(&SMALL).images(images(folder)).seed(5)
}

/// What is seen of an image.
fn seen(image: usize, number: u64) -> Events {
    let sensor = Sensor::new(34, 34, &Pixels::real(), 5).unwrap();
    let image = Image { pixels: &pixels(image), rows: 6, columns: 6 };
    Saccades::default().record(&sensor, &image, 5, number).unwrap()
}

fn quiet() -> Options {
    Options { threads: 2, quiet: true }
}

#[test]
fn saccades_are_prepared_without_a_download() {
    let folder = Folder::new();
    let set = EventSet::open(&saccades(&folder), &folder.places()).unwrap();
    let train = [(seen(0, 0), 4), (seen(1, 1), 0), (seen(2, 2), 9)];
    assert_eq!(all(&set, "train"), train);
    let test = [(seen(3, 1 << 32), 9), (seen(4, (1 << 32) + 1), 1)];
    assert_eq!(all(&set, "test"), test);
    assert!(train.iter().all(|(events, _)| events.len() > 500));
    let (path, _) = &set.prepared().samples("train")[0];
    assert!(path.ends_with("train/4/00001.bin"), "{}", path.display());
}

/// The files below a folder, with `/` between names, and their content.
fn files(folder: PathBuf, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => found.extend(files(path, &name)),
            false => found.push((name, fs::read(path).unwrap())),
        }
    }
    found
}

#[test]
fn saccades_that_are_written_are_read_as_n_mnist() {
    let folder = Folder::new();
    let set = saccades(&folder);
    let written = folder.0.join("written");
    set.write(&written, &quiet()).unwrap().verify().unwrap();
    let archive = |split: &str| {
        let files = files(written.join(split), split);
        zip(&files.iter().map(|(name, bytes)| Zipped::new(name, bytes)).collect::<Vec<_>>())
    };
    let contents = ["Train", "Test"].map(archive);
    let about = tiny(&N_MNIST, &contents, &[3, 2]);
    publish(&about, &contents, &folder);
    let read = EventSet::open(&NMnist { about }, &folder.places()).unwrap();
    let own = EventSet::open(&set, &folder.places()).unwrap();
    for split in ["train", "test"] {
        assert_eq!(all(&read, split), all(&own, split));
    }
    assert!(written.join("Test/9/00001.bin").is_file());
}

#[test]
fn what_saccades_cannot_be_is_told() {
    let folder = Folder::new();
    let message = fails(&saccades(&folder).pixels(Pixels { dark: 0.0, ..Pixels::real() }), &folder);
    assert!(message.contains("the dark intensity must be from"), "{message}");
    let many = SimulatedSaccades::new(4, 2).of(&SMALL).images(images(&folder));
    let message = fails(&many, &folder);
    assert_eq!(message, "the number of images must be at most 3, but is 4");
    let none = SimulatedSaccades::new(0, 2).of(&SMALL).images(images(&folder));
    assert!(fails(&none, &folder).contains("sizes must be 1 at least"));
    let places = mnist::Places { folder: None, ..images(&folder) };
    let message = fails(&saccades(&folder).images(places), &folder);
    assert!(message.contains("downloads are off"), "{message}");
}

#[test]
fn parameters_decide_whether_samples_are_made_anew() {
    let folder = Folder::new();
    let one = saccades(&folder);
    let first = EventSet::open(&one, &folder.places()).unwrap();
    let samples = all(&first, "train");
    assert_eq!(all(&EventSet::open(&one.clone(), &folder.places()).unwrap(), "train"), samples);
    let other = one.clone().seed(6);
    assert_ne!(all(&EventSet::open(&other, &folder.places()).unwrap(), "train"), samples);
    assert_ne!(one.parameters(), one.clone().pixels(Pixels::default()).parameters());
    // Sets of other sizes are beside it.
    assert_ne!(SimulatedSaccades::new(3, 1).of(&SMALL).variant(), one.variant());
    assert_ne!(SimulatedSaccades::new(3, 2).variant(), one.variant());
}

/// Two subjects, of whom each makes three short gestures.
fn gestures() -> SimulatedGestures {
    let session = Session { gestures: vec![9, 4, 9], duration: 60_000, pause: 40_000, step: 4000 };
    SimulatedGestures::new(1, 1).session(session).seed(8)
}

/// The recording of a subject.
fn recorded(subject: u64, light: f64) -> Events {
    let sensor = Sensor::new(128, 128, &Pixels::real(), 8).unwrap();
    let figure = Subject::new(8, subject, light);
    let session = Session { gestures: vec![9, 4, 9], duration: 60_000, pause: 40_000, step: 4000 };
    session.record(&sensor, &figure, 8, subject).unwrap()
}

#[test]
fn gestures_are_cut_from_recordings_as_those_of_dvs128_gesture() {
    let folder = Folder::new();
    let set = EventSet::open(&gestures(), &folder.places()).unwrap();
    for (split, events) in [("train", recorded(0, 1.0)), ("test", recorded(1, 0.9))] {
        let cut = |times: std::ops::Range<u64>| events.between(times).to_events();
        let cuts =
            [(cut(40_000..100_000), 9), (cut(140_000..200_000), 4), (cut(240_000..300_000), 9)];
        assert!(cuts.iter().all(|(events, _)| events.len() > 100));
        assert_eq!(all(&set, split), cuts);
    }
    let names: Vec<PathBuf> =
        set.prepared().samples("test").into_iter().map(|(path, _)| path).collect();
    assert!(names[2].ends_with("test/9/user02_fluorescent_led_1.npz"), "{names:?}");
}

#[test]
fn recordings_are_written_in_the_published_layout() {
    let folder = Folder::new();
    let written = gestures().write(&folder.0.join("written"), &quiet()).unwrap();
    written.verify().unwrap();
    let text =
        |name: &str| fs::read_to_string(written.folder().join("DvsGesture").join(name)).unwrap();
    assert_eq!(text("trials_to_train.txt"), "user01_fluorescent.aedat\n");
    assert_eq!(text("trials_to_test.txt"), "user02_fluorescent_led.aedat\n");
    assert_eq!(
        text("user01_fluorescent_labels.csv"),
        "class,startTime_usec,endTime_usec\n10,40000,100000\n5,140000,200000\n10,240000,300000\n"
    );
    let path = written.folder().join("DvsGesture/user02_fluorescent_led.aedat");
    let options = crate::event::Options { format: Some(Format::Aedat3), ..Default::default() };
    let events = Events::read(&path, &options).unwrap();
    assert_eq!((events.width(), events.height()), (128, 128));
    assert_eq!(events, recorded(1, 0.9));
}

#[test]
fn sets_say_what_they_are() {
    SIMULATED_SACCADES.check().unwrap();
    SIMULATED_GESTURES.check().unwrap();
    assert_eq!(SIMULATED_SACCADES.splits, SimulatedSaccades::default().about().splits);
    assert_eq!(SIMULATED_GESTURES.splits, SimulatedGestures::default().about().splits);
    let all = [SIMULATED_GESTURES, SIMULATED_SACCADES];
    assert!(all.iter().all(|about| about.files.is_empty()));
}
