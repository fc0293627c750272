//! Files are those of TensorBoard's own writer, and survive a program that is ended.

use std::fs;

use super::message::Histogram;
use super::*;

/// What `make_events.py` beside it wrote with TensorBoard's own messages and frames.
const REFERENCE: &[u8] = include_bytes!("../../../tests/fixtures/events.out.tfevents.reference");

/// A folder of a test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("snn-events-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How many events a file has; all of it has to be events.
fn n_events(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap();
    let (mut at, mut n) = (0, 0);
    while at < bytes.len() {
        match record::next(&mut &bytes[at..], (bytes.len() - at) as u64).unwrap() {
            Next::Whole(length) => at += length as usize,
            other => panic!("{other:?} at {at}"),
        }
        n += 1;
    }
    n
}

#[test]
fn bytes_are_those_of_the_reference() {
    let time = 1_700_000_000.25;
    let histogram = Histogram {
        moments: [-1.0, 3.0, 5.0, 5.0, 17.0],
        limits: vec![0.0, 1.0, 2.0, 3.0],
        counts: vec![1.0, 1.0, 1.0, 2.0],
    };
    let image = Value::Image([2, 300], 1, b"encoded \x00\xff".to_vec());
    let events = [
        message::version(time),
        message::event(time, 0, "loss", &Value::Scalar(0.0)),
        message::event(time, 1, "loss", &Value::Scalar(1.5)),
        message::event(time, 300, "accuracy of the test/\u{e4}", &Value::Scalar(-0.125)),
        message::event(time, 1 << 40, "weights", &Value::Histogram(histogram)),
        message::event(time, 7, "digits", &image),
        message::start(time, 301),
    ];
    assert_eq!(events.map(|event| record::framed(&event)).concat(), REFERENCE);
}

#[test]
fn a_file_grows_by_whole_events() {
    let folder = Folder::new("grows");
    let mut events = Events::create(&folder.0.join("run")).unwrap();
    let path = events.path().to_path_buf();
    assert!(path.file_name().unwrap().to_str().unwrap().contains("tfevents"));
    assert_eq!(n_events(&path), 1);
    events.scalar("loss", 0, 1.0).unwrap();
    events.histogram("weights", 0, &[1.0, 2.0]).unwrap();
    events.image("digit", 0, [2, 2], &[0, 1, 2, 3]).unwrap();
    events.image("color", 0, [1, 2], &[0; 6]).unwrap();
    assert_eq!(n_events(&path), 1);
    events.flush().unwrap();
    assert_eq!(n_events(&path), 5);
    // Without a call of flush too, as soon as there is much.
    (0..2000).for_each(|step| events.scalar("loss", step, 1.0).unwrap());
    assert!(n_events(&path) > 1000);
    drop(events);
    assert_eq!(n_events(&path), 2005);
    // Behind it in the order of names, which is that in which they are read.
    let next = Events::resume(&folder.0.join("run"), 100).unwrap();
    assert!(next.path() > path.as_path());
    assert_eq!(n_events(next.path()), 2);
}

#[test]
fn a_torn_event_is_taken_away_and_the_file_goes_on() {
    let folder = Folder::new("torn");
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("events");
    for (cut, n) in [(0, 7), (1, 6), (20, 6), (REFERENCE.len() - 3, 1), (REFERENCE.len(), 1)] {
        fs::write(&path, &REFERENCE[..REFERENCE.len() - cut]).unwrap();
        Events::append(&path).unwrap().scalar("loss", 1, 1.0).unwrap();
        assert_eq!(n_events(&path), n + 1, "{cut}");
    }
}

#[test]
fn damage_is_told_and_left_as_it_is() {
    let folder = Folder::new("damage");
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("events");
    let mut damaged = REFERENCE.to_vec();
    damaged[20] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let message = Events::append(&path).unwrap_err().to_string();
    assert!(message.contains(path.to_str().unwrap()) && message.contains("byte 0"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), damaged);
    assert!(Events::append(&folder.0.join("none")).is_err());
    let message = Events::create(&path).unwrap_err().to_string();
    assert!(message.starts_with("cannot make the folder"), "{message}");
}

#[test]
fn pixels_have_to_fit() {
    let folder = Folder::new("pixels");
    let mut events = Events::create(&folder.0).unwrap();
    assert!(events.image("digit", 0, [2, 2], &[0; 5]).is_err());
    assert!(events.image("digit", 0, [0, 2], &[]).is_err());
    assert!(events.histogram("weights", 0, &[f32::NAN]).is_err());
}
