use super::*;
use crate::data::archive::tests::make::{Zipped, zip};
use crate::data::dataset::tests::Folder;
use crate::data::event_set::EventSet;
use crate::data::event_set::tests::{all, fails, is_published, publish, some, tiny};

fn bytes(events: &Events) -> Vec<u8> {
    events.view().to_bytes(Format::Atis).unwrap()
}

/// An archive of files in the folders of their classes.
fn archive(split: &str, samples: &[(usize, &str, Vec<u8>)]) -> Vec<u8> {
    let file = |(class, name, content): &(usize, &str, Vec<u8>)| {
        Zipped::new(&format!("{split}/{class}/{name}"), content)
    };
    zip(&samples.iter().map(file).collect::<Vec<Zipped>>())
}

/// One sample to test with, and these to train with.
fn set(train: &[(usize, &str, Vec<u8>)], folder: &Folder) -> NMnist {
    let test = archive("Test", &[(7, "00001.bin", bytes(&some(4, 34, 34)))]);
    let contents = [archive("Train", train), test];
    let about = tiny(&N_MNIST, &contents, &[train.len(), 1]);
    publish(&about, &contents, folder);
    NMnist { about }
}

#[test]
fn what_is_published_comes_by_hand() {
    is_published(&NMnist::default());
    let n: Vec<usize> = N_MNIST.splits.iter().map(|split| split.n_samples).collect();
    assert_eq!(n, [60_000, 10_000]);
}

#[test]
fn samples_have_the_class_of_their_folder_and_the_order_of_their_names() {
    let folder = Folder::new();
    let samples = [(0, "00002.bin", 30), (5, "00001.bin", 20), (9, "00005.bin", 1)];
    let files = samples.map(|(class, name, n)| (class, name, bytes(&some(n, 34, 34))));
    let set = EventSet::open(&set(&files, &folder), &folder.places()).unwrap();
    let expected = [(some(20, 34, 34), 5), (some(30, 34, 34), 0), (some(1, 34, 34), 9)];
    assert_eq!(all(&set, "train"), expected);
    assert_eq!(all(&set, "test"), [(some(4, 34, 34), 7)]);
    // A file that is as it should be is not changed.
    let (path, _) = &set.prepared().samples("train")[1];
    assert!(path.ends_with("train/0/00002.bin"));
    assert_eq!(fs::read(path).unwrap(), files[0].2);
}

#[test]
fn events_are_put_in_order_and_overflows_are_none() {
    let folder = Folder::new();
    // x, y, polarity and time: at 9 and 3 µs, then a row of an overflow, then at 1 µs of the next turn.
    let content = [[1, 2, 0x80, 0, 9], [3, 4, 0, 0, 3], [0, 240, 0, 0, 0], [33, 33, 0x80, 0, 1]];
    let files = [(3, "00008.bin", content.concat())];
    let set = EventSet::open(&set(&files, &folder), &folder.places()).unwrap();
    let t = vec![3, 9, (1 << 13) + 1];
    let events = Events::new(34, 34, t, vec![3, 1, 33], vec![4, 2, 33], vec![0, 1, 1]).unwrap();
    assert_eq!(all(&set, "train"), [(events, 3)]);
}

#[test]
fn what_cannot_be_is_told() {
    let wrong = |content: Vec<u8>, expected: &str| {
        let folder = Folder::new();
        let files = [(1, "00004.bin", content)];
        let message = fails(&set(&files, &folder), &folder);
        assert!(message.contains("00004.bin") && message.contains(expected), "{message}");
    };
    wrong(vec![34, 0, 0, 0, 1], "the place of event 0 to be on the sensor of 34 x 34");
    wrong(vec![0; 7], "expected 5 bytes for an event of an ATIS, found 2 until the file's end");

    let folder = Folder::new();
    let mut set = set(&[(1, "00004.bin", bytes(&some(3, 34, 34)))], &folder);
    set.about = About { splits: N_MNIST.splits, ..set.about };
    let message = fails(&set, &folder);
    assert!(message.contains("expected 60000 samples in \"train\", found 1;"), "{message}");
}

#[test]
fn folders_of_no_class_are_told() {
    for name in ["10", "one", "03"] {
        let folder = Folder::new();
        let path = format!("Train/{name}/00002.bin");
        let train = zip(&[Zipped::new(&path, &bytes(&some(3, 34, 34)))]);
        let contents = [train, archive("Test", &[])];
        let about = tiny(&N_MNIST, &contents, &[1, 1]);
        publish(&about, &contents, &folder);
        let message = fails(&NMnist { about }, &folder);
        assert!(message.contains(&format!("Train/{name} is not the file")), "{message}");
        assert!(message.contains("expected a folder named by a class below 10"), "{message}");
    }
}

#[test]
fn an_archive_without_the_published_folder_is_told() {
    let folder = Folder::new();
    let contents = [archive("train", &[(0, "00002.bin", vec![0; 5])]), archive("Test", &[])];
    let about = tiny(&N_MNIST, &contents, &[1, 1]);
    publish(&about, &contents, &folder);
    let message = fails(&NMnist { about }, &folder);
    assert!(
        message.starts_with("cannot read ") && message.contains("Train.zip/Train:"),
        "{message}"
    );
}
