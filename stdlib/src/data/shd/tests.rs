use super::*;
use crate::data::archive::tests::make::{Zipped, zip};
use crate::data::dataset::tests::Folder;
use crate::data::event_set::EventSet;
use crate::data::event_set::tests::{all, fails, is_published, publish, tiny};
use crate::event::tests::fixture;

/// The archives of two files, one to train and one to test with.
fn set(files: [&str; 2], n_samples: [usize; 2], folder: &Folder) -> SpikingHeidelbergDigits {
    let names = ["shd_train.h5", "shd_test.h5"];
    let content = |(name, file)| zip(&[Zipped::new(name, &std::fs::read(fixture(file)).unwrap())]);
    let contents: Vec<Vec<u8>> = names.into_iter().zip(files).map(content).collect();
    let about = tiny(&SHD, &contents, &n_samples);
    publish(&about, &contents, folder);
    SpikingHeidelbergDigits { about }
}

#[test]
fn what_is_published_may_be_downloaded() {
    is_published(&SpikingHeidelbergDigits::default());
    assert_eq!(SHD.classes.len(), 20);
    assert_eq!(SHD.splits.iter().map(|split| split.n_samples).sum::<usize>(), 10_420);
}

#[test]
fn samples_are_the_recordings_of_the_files() {
    let folder = Folder::new();
    let set = set(["h5py_f16.h5", "h5py_f64.h5"], [4, 4], &folder);
    let set = EventSet::open(&set, &folder.places()).unwrap();
    for (split, file) in [("train", "h5py_f16.h5"), ("test", "h5py_f64.h5")] {
        let spikes = Shd::read(&fixture(file)).unwrap();
        let samples = all(&set, split);
        assert_eq!(samples.iter().map(|(_, label)| *label).collect::<Vec<_>>(), [3, 1, 19, 1]);
        for (i, (events, _)) in samples.iter().enumerate() {
            assert_eq!(*events, spikes.events(i).unwrap());
            assert_eq!((events.width(), events.height()), (700, 1));
        }
        // One of them has no spikes, and is one nevertheless.
        assert!(samples[1].0.is_empty() && samples[2].0.len() == 300);
        assert!(set.prepared().samples(split)[2].0.ends_with("19/0002.npz"));
    }
}

#[test]
fn what_cannot_be_is_told() {
    let folder = Folder::new();
    let message = fails(&set(["h5py_f16.h5", "h5py_f64.h5"], [4, 5], &folder), &folder);
    assert!(message.contains("expected 5 samples in \"test\", found 4;"), "{message}");

    let folder = Folder::new();
    let mut few = set(["h5py_f16.h5", "h5py_f64.h5"], [4, 4], &folder);
    few.about.classes = &SHD.classes[..19];
    let message = fails(&few, &folder);
    assert!(message.contains("expected classes below 19, found 19 of \"0002.npz\";"), "{message}");

    let folder = Folder::new();
    let message = fails(&set(["atis.bin", "h5py_f64.h5"], [4, 4], &folder), &folder);
    assert!(message.contains("shd_train.h5, byte 0: expected "), "{message}");

    let folder = Folder::new();
    let mut other = set(["h5py_f16.h5", "h5py_f64.h5"], [4, 4], &folder);
    let contents = [0, 1].map(|_| zip(&[Zipped::new("digits.h5", b"")]));
    other.about = tiny(&SHD, &contents, &[4, 4]);
    publish(&other.about, &contents, &folder);
    let message = fails(&other, &folder);
    assert!(message.contains("cannot read ") && message.contains("shd_train.h5:"), "{message}");
}
