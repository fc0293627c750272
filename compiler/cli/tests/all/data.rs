//! `snnc data`: sets that are prepared, checked, drawn and converted.

use std::fs;

use crate::program::Folder;

/// A subject to train and one to test with: what is made without a download in a few seconds.
const SMALL: &str = "simulated-gestures --cache cache --train 1 --test 1";

/// Events of an ATIS: x, y, polarity and time in µs.
fn atis(events: &[(u8, u8, bool, u16)]) -> Vec<u8> {
    let record = |(x, y, brighter, t): &(u8, u8, bool, u16)| {
        let [high, low] = t.to_be_bytes();
        [*x, *y, u8::from(*brighter) << 7, high, low]
    };
    events.iter().flat_map(record).collect()
}

#[test]
fn a_simulated_set_is_prepared_checked_and_drawn() {
    let folder = Folder::new("data_simulated");
    let err = folder.snnc(&format!("data verify {SMALL}")).wrong();
    assert!(err.contains("simulated-gestures is not prepared in cache"), "{err}");
    assert!(err.contains("snnc data prepare simulated-gestures"), "{err}");

    let out = folder.snnc(&format!("data prepare {SMALL}")).right();
    let prepared = "cache/simulated-gestures/prepared/11-train-11-test";
    assert_eq!(out, format!("{prepared}: 11 samples in train, 11 samples in test\n"));
    let out = folder.snnc(&format!("data verify {SMALL}")).right();
    assert_eq!(out, format!("{prepared}: 22 files are as they were written\n"));
    assert!(folder.snnc(&format!("data info {SMALL}")).right().contains(", prepared\n"));

    let drawn = format!("data show {SMALL} --samples 11 --split test -o a.png -o a.svg -o a.gif");
    assert_eq!(folder.snnc(&drawn).right(), "a.png\na.svg\na.gif\n");
    let bytes = |name: &str| fs::read(folder.path(name)).expect("a picture");
    assert!(bytes("a.png").starts_with(b"\x89PNG"));
    assert!(bytes("a.gif").starts_with(b"GIF89a") && bytes("a.gif").len() > 10_000);
    let svg = String::from_utf8(bytes("a.svg")).expect("text");
    for part in
        ["simulated gestures", "hand_clapping: ", "other_gestures: ", "11 of 11 samples in test"]
    {
        assert!(svg.contains(part), "{part}");
    }
    // Eleven samples of eight frames.
    assert_eq!(svg.matches("<image").count(), 88);

    let samples = folder.path(prepared).join("train/3");
    let sample = samples.join("user01_fluorescent_0.npz");
    let right = fs::read(&sample).expect("a sample");
    fs::write(&sample, "damaged").expect("a file");
    fs::remove_file(folder.path(prepared).join("test/0/user02_fluorescent_led_0.npz"))
        .expect("gone");
    fs::write(samples.join("more.npz"), "").expect("a file");
    let err = folder.snnc(&format!("data verify {SMALL}")).wrong();
    for part in [
        "3 failures",
        "train/3/user01_fluorescent_0.npz: expected ",
        "cannot read ",
        "test/0/user02",
        "more.npz",
    ] {
        assert!(err.contains(part), "{part}: {err}");
    }
    // What was removed is made again.
    fs::remove_file(&sample).expect("gone");
    fs::remove_file(samples.join("more.npz")).expect("gone");
    folder.snnc(&format!("data prepare {SMALL}")).right();
    assert_eq!(fs::read(&sample).expect("a sample"), right);
    folder.snnc(&format!("data verify {SMALL}")).right();
}

#[test]
fn sets_are_listed_with_what_they_are() {
    let folder = Folder::new("data_list");
    let text = folder.snnc("data list --cache cache").right();
    for line in [
        "n-mnist             60000 + 10000 samples, 10 classes, 34 x 34; its files come by hand\n",
        "shd                 8156 + 2264 samples, 20 classes, 700 x 1; downloaded\n",
        "simulated-gestures  88 + 22 samples, 11 classes, 128 x 128; simulated\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let all: serde_json::Value =
        serde_json::from_str(&folder.snnc("data list --json --cache cache").right()).expect("JSON");
    assert_eq!(all.as_array().expect("sets").len(), text.lines().count());
    let text = folder.snnc("data info dvs128-gesture --cache cache").right();
    for part in [
        "DVS128 Gesture\n",
        "1176 to train, 288 to test",
        "IBM, CC BY 4.0",
        "MD5 8a5c71",
        "not prepared",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let one: serde_json::Value =
        serde_json::from_str(&folder.snnc("data info shd --json --cache cache").right())
            .expect("JSON");
    assert_eq!(one["splits"]["train"], 8156);
    assert_eq!(one["files"][0]["name"], "shd_train.h5.zip");
    assert_eq!(one["prepared"], false);
    assert!(folder.names().is_empty(), "nothing is made by looking");
}

#[test]
fn events_are_converted_and_drawn() {
    let folder = Folder::new("data_convert");
    let events = [(3, 0, true, 10), (199, 2, false, 10), (0, 1, true, 700), (7, 2, true, 9000)];
    folder.write("a.bin", atis(&events));
    let said = "4 events of a sensor of 200 x 3\n";
    assert_eq!(folder.snnc("data convert a.bin b.npz").right(), format!("b.npz: {said}"));
    for (from, to) in [("b.npz", "c.aedat"), ("c.aedat", "d.raw"), ("d.raw", "e.dat")] {
        folder.snnc(&format!("data convert {from} {to} --size 200x3")).right();
    }
    folder.snnc("data convert e.dat f.bin --size 200x3").right();
    let same = fs::read(folder.path("f.bin")).expect("a file");
    assert_eq!(same, atis(&events));

    assert_eq!(folder.snnc("data show a.bin --frames 3 -o a.svg").right(), "a.svg\n");
    let svg = fs::read_to_string(folder.path("a.svg")).expect("text");
    assert!(svg.contains("4 events in 9 ms") && svg.matches("<image").count() == 3, "{svg}");
    // A sensor of one row has no frames, but a raster.
    let row: Vec<_> = (0..50_u8).map(|i| (i * 4, 0, true, u16::from(i) * 100)).collect();
    folder.write("row.bin", atis(&row));
    assert_eq!(folder.snnc("data show row.bin --size 200x1").right(), "row.png\n");
    folder.snnc("data show row.bin --size 200x1 -o row.svg").right();
    let svg = fs::read_to_string(folder.path("row.svg")).expect("text");
    assert!(svg.contains(">channel<") && svg.contains(">time (ms)<"), "{svg}");
    let err = folder.snnc("data show row.bin --size 200x1 -o row.gif").wrong();
    assert!(err.contains("a sensor of 200 x 1 has no picture that moves"), "{err}");
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_no_file() {
    let folder = Folder::new("data_wrong");
    folder.write("a.bin", atis(&[(3, 0, true, 10), (9, 2, false, 3)]));
    folder.write("b.txt", "no events");
    let before = folder.names();
    let mut lines = String::new();
    for args in [
        "info mnist --cache cache",
        "prepare n-mnist --train 5 --cache cache",
        "show there_is_none.bin",
        "show n-mnist --cache cache",
        "show simulated-gestures --split dev --cache cache",
        "show a.bin --frames 0",
        "show a.bin -o a.jpg",
        "convert a.bin c.npz",
        "convert a.bin c.npz --sort --size 4x4",
        "convert a.bin c.txt",
        "convert a.bin c.npz --sort --to evt3",
        "convert b.txt c.npz",
        "convert a.bin none/c.npz --sort",
    ] {
        let err = folder.snnc(&format!("data {args}")).wrong();
        assert_eq!(err.lines().count(), 1, "{args}: {err}");
        lines += &format!("{args}\n  {err}");
    }
    insta::assert_snapshot!(lines);
    let err = folder.snnc("data prepare n-mnist --offline --cache cache").wrong();
    assert!(err.contains("Train.zip is missing") && err.contains("Test.zip is missing"), "{err}");
    fs::remove_dir_all(folder.path("cache")).expect("only the cache was made");
    assert_eq!(folder.names(), before);
    assert_eq!(folder.snnc("data convert a.bin b.npz --size 4").status, 2);
}
