use super::*;
use crate::data::archive::tests::make::{gzip, tar, tarred};
use crate::data::dataset::tests::Folder;
use crate::data::event_set::EventSet;
use crate::data::event_set::tests::{all, fails, is_published, publish, tiny};

/// A recording with an event at each time, all of one pixel: what is cut is told by times.
fn recording(times: impl Iterator<Item = u64>) -> Events {
    let t: Vec<u64> = times.collect();
    let n = t.len();
    Events::new(128, 128, t, vec![127; n], vec![3; n], vec![1; n]).unwrap()
}

/// An entry of the archive.
fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    tarred(&format!("DvsGesture/{name}"), b'0', content)
}

/// The published layout: a recording to train with, whose table is this, and one to test with, in which a gesture ends
/// behind the start of the next one.
fn archive(table: &str) -> Vec<u8> {
    let aedat = |events: &Events| events.view().to_bytes(Format::Aedat3).unwrap();
    gzip(&tar(&[
        entry("trials_to_train.txt", b"user01_led.aedat\n"),
        entry("trials_to_test.txt", b"user24_lab.aedat\r\n\r\n"),
        entry("user01_led.aedat", &aedat(&recording(10..100))),
        entry("user01_led_labels.csv", table.as_bytes()),
        entry("user24_lab.aedat", &aedat(&recording((0..50).map(|i| i * 10)))),
        entry(
            "user24_lab_labels.csv",
            b"class,startTime_usec,endTime_usec\r\n11,100,200\r\n9,150,250\r\n",
        ),
        entry("user25_lab.aedat", b"in no list, and so not read"),
        entry("README.txt", b"not a list"),
    ]))
}

const TABLE: &str =
    "class,startTime_usec,endTime_usec\n1,10,20\n8,20,21\n8,21,40\n2,99,400\n3,200,300\n";

fn set(archive: Vec<u8>, n_samples: [usize; 2], folder: &Folder) -> Dvs128Gesture {
    let contents = [archive];
    let about = tiny(&DVS128_GESTURE, &contents, &n_samples);
    publish(&about, &contents, folder);
    Dvs128Gesture { about }
}

#[test]
fn what_is_published_comes_by_hand() {
    is_published(&Dvs128Gesture::default());
    let n: Vec<usize> = DVS128_GESTURE.splits.iter().map(|split| split.n_samples).collect();
    assert_eq!((n, DVS128_GESTURE.classes.len()), (vec![1176, 288], 11));
}

#[test]
fn samples_are_cuts_from_their_start_on_and_before_their_end() {
    let folder = Folder::new();
    let set = set(archive(TABLE), [5, 2], &folder);
    let set = EventSet::open(&set, &folder.places()).unwrap();
    let train = [
        (recording(10..20), 0),
        (recording(20..21), 7),
        (recording(21..40), 7),
        (recording(99..100), 1),
        (recording(0..0), 2),
    ];
    assert_eq!(all(&set, "train"), train);
    let test =
        [(recording((10..20).map(|i| i * 10)), 10), (recording((15..25).map(|i| i * 10)), 8)];
    assert_eq!(all(&set, "test"), test);
    let names: Vec<PathBuf> =
        set.prepared().samples("train").into_iter().map(|(path, _)| path).collect();
    for (path, name) in names.iter().zip(["0/user01_led_0", "7/user01_led_0", "7/user01_led_1"]) {
        assert!(path.ends_with(format!("train/{name}.npz")), "{}", path.display());
    }
}

#[test]
fn lines_that_are_wrong_are_told() {
    let wrong = |line: &str| {
        let folder = Folder::new();
        let table = TABLE.replace("8,21,40", line);
        let message = fails(&set(archive(&table), [5, 2], &folder), &folder);
        let expected = format!(
            "user01_led_labels.csv, line 4 is not the file it should be: expected a class from 1 to 11, and a \
             start before its end in µs, found {line:?}; get the archive again"
        );
        assert!(message.contains(&expected), "{message}");
    };
    let below = ["12,21,40", "0,21,40", "8,40,40", "8,41,40", "8,-1,40"];
    below.into_iter().chain(["8,21", "8,21,40,5", "eight,21,40"]).for_each(wrong);

    let folder = Folder::new();
    let message = fails(&set(archive("1,10,20\n"), [1, 2], &folder), &folder);
    let expected = "line 1 is not the file it should be: expected the names \
                    \"class,startTime_usec,endTime_usec\", found \"1,10,20\"";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn recordings_that_are_missing_or_damaged_are_told() {
    let list = |lines: &str| {
        gzip(&tar(&[
            entry("trials_to_train.txt", lines.as_bytes()),
            entry("trials_to_test.txt", b""),
            entry("user01_led.aedat", b"#!AER-DAT3.1\r\nbroken off"),
            entry("user01_led_labels.csv", TABLE.as_bytes()),
        ]))
    };
    let fails = |lines, n_train| {
        let folder = Folder::new();
        fails(&set(list(lines), [n_train, 1], &folder), &folder)
    };
    let message = fails("user02_led.aedat", 12);
    assert!(
        message.starts_with("cannot read ") && message.contains("user02_led.aedat"),
        "{message}"
    );
    for line in ["../user01_led.aedat", "user01_led"] {
        let message = fails(line, 12);
        let expected = format!(
            "line 1 is not the file it should be: expected the name of a file .aedat, found {line:?}"
        );
        assert!(message.contains(&expected), "{message}");
    }
    let message = fails("user01_led.aedat", 12);
    assert!(message.contains("expected 12 samples in \"train\", found 5;"), "{message}");
}

#[test]
fn a_recording_that_is_damaged_is_told() {
    let folder = Folder::new();
    let archive = gzip(&tar(&[
        entry("trials_to_train.txt", b"user01_led.aedat\n"),
        entry("trials_to_test.txt", b"user01_led.aedat\n"),
        entry("user01_led.aedat", b"#!AER-DAT3.1\r\nbroken off"),
        entry("user01_led_labels.csv", TABLE.as_bytes()),
    ]));
    let message = fails(&set(archive, [5, 5], &folder), &folder);
    assert!(message.contains("cannot prepare ") && message.contains("#!END-HEADER"), "{message}");
}
