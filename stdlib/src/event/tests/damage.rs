use proptest::prelude::*;

use super::events::Columns;
use super::input::Input;
use super::*;

fn message(name: &str, bytes: &[u8]) -> String {
    let message = Events::from_bytes(name, bytes, &Options::default()).unwrap_err().to_string();
    assert!(message.starts_with(name), "{message}");
    message
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// The same with some bytes at a place written over.
fn patched(name: &str, at: usize, patch: &[u8]) -> Vec<u8> {
    let mut bytes = bytes(name);
    bytes[at..at + patch.len()].copy_from_slice(patch);
    bytes
}

/// Where some bytes are first.
fn find(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).unwrap()
}

#[test]
fn files_that_break_off_are_refused_at_their_end() {
    let files = FILES.iter().filter(|(_, format, ..)| *format != Format::Aedat4);
    for (name, ..) in files {
        let bytes = bytes(name);
        let message = message(name, &bytes[..bytes.len() - 1]);
        assert!(message.contains(", byte "), "{message}");
    }
    // Behind the packets of AEDAT 4 is a table that is not needed; a packet is.
    let file = bytes("dv_none.aedat4");
    let table = find(&file, b"FTAB");
    let broken = message("dv_none.aedat4", &file[..table - 40]);
    assert!(broken.contains("a table of packets between"), "{broken}");
    // Of a recording that broke off, the header says that there is no table.
    let start = table - 8;
    let place = find(&file, &(start as u64).to_le_bytes());
    let mut torn = patched("dv_none.aedat4", place, &[0xff; 8]);
    torn.truncate(start);
    let events = Events::from_bytes("torn", &torn, &Options::default()).unwrap();
    assert_eq!(events, recording("base.csv", 128, 128));
    torn.truncate(start - 40);
    assert!(message("torn", &torn).contains("bytes of a packet"));
    for (name, _) in SPIKES {
        let bytes = bytes(name);
        let refused = |n: usize| {
            let read = shd::Shd::from_bytes(name, bytes[..n].to_vec());
            read.and_then(|spikes| (0..4).map(|i| spikes.events(i)).collect::<Result<Vec<_>>>())
        };
        assert!(refused(bytes.len() / 2).is_err() && refused(20).is_err(), "{name}");
    }
}

#[test]
fn errors_say_where_and_what() {
    let at = |message: String, wanted: &str| {
        assert!(message.contains(wanted), "{message}\n{wanted}");
    };
    // The times of events 0 and 1 of a plain file, of one with overflows, and of one with a header.
    let swapped = |name: &str, size: usize, start: usize| {
        let mut bytes = bytes(name);
        let last = bytes.split_off(bytes.len() - size);
        bytes.splice(start..start, last);
        bytes
    };
    at(
        message("atis.bin", &swapped("atis.bin", 5, 0)),
        "atis.bin, byte 5: expected the time of event 1",
    );
    let start = bytes("old.dat").len() - 400 * 8;
    let wanted = format!("byte {}: expected the time of event 1", start + 8);
    at(message("old.dat", &swapped("old.dat", 8, start)), &wanted);
    let start = bytes("dvs128.aedat").len() - 400 * 8;
    let wanted = format!("byte {}: expected the time of event 1", start + 8);
    at(message("dvs128.aedat", &swapped("dvs128.aedat", 8, start)), &wanted);
    // A place off the sensor.
    let options = Options { size: Some((60, 60)), ..Options::default() };
    for (name, ..) in FILES {
        let message = Events::read(&fixture(name), &options).unwrap_err().to_string();
        at(message.clone(), "to be on the sensor of 60 x 60, found x = ");
        at(message, "give the sensor's size, or name the file's format");
    }
}

#[test]
fn places_of_events_in_a_file_are_found() {
    // The first event off a sensor is looked for in the file by hand.
    let options = Options { size: Some((100, 128)), ..Options::default() };
    let expected = recording("base.csv", 128, 128);
    let index = expected.x().iter().position(|x| *x >= 100).unwrap();
    let offset = |name: &str| match Events::read(&fixture(name), &options).unwrap_err() {
        Error::File { offset, .. } => offset as usize,
        other => panic!("{other}"),
    };
    let (t, x, y, p) =
        (expected.t()[index], expected.x()[index], expected.y()[index], expected.p()[index]);
    let word = |name: &str, n: usize| bytes(name)[offset(name)..offset(name) + n].to_vec();
    let [_, high, middle, low] = (t as u32).to_be_bytes();
    assert_eq!(word("atis.bin", 5), [x as u8, y as u8, p << 7 | high, middle, low]);
    assert_eq!(word("atis_overflow.bin", 2), [x as u8, y as u8]);
    let place = u32::from(x) << 17 | u32::from(y) << 2 | u32::from(p) << 1 | 1;
    assert_eq!(word("caer.aedat", 4), place.to_le_bytes());
    assert_eq!(word("caer_mixed.aedat", 4), place.to_le_bytes());
    let place = u32::from(y) << 22 | u32::from(x) << 12 | u32::from(p) << 11;
    assert_eq!(word("davis.aedat", 4), place.to_be_bytes());
    let place = u32::from(p) << 28 | (t as u32 & 63) << 22 | u32::from(x) << 11 | u32::from(y);
    assert_eq!(word("faery_evt2.raw", 4), place.to_le_bytes());
    assert_eq!(word("expelliarmus_evt2.raw", 4), place.to_le_bytes());
    let column = 2 << 12 | u16::from(p) << 11 | x;
    assert_eq!(word("faery_evt3.raw", 2), column.to_le_bytes());
}

#[test]
fn headers_that_lie_are_refused_before_memory_is_asked_for() {
    let huge = u32::MAX.to_le_bytes();
    let header = find(&bytes("caer.aedat"), b"END-HEADER\r\n") + 12;
    let lie =
        |at: usize, patch: &[u8]| message("caer.aedat", &patched("caer.aedat", header + at, patch));
    assert!(lie(16, &huge).contains("bytes of a packet's events"));
    assert!(lie(20, &huge).contains("no more valid events than events"));
    assert!(lie(4, &huge).contains("bytes of a packet's events"));
    let packet = find(&bytes("caer.aedat"), &[1, 0, 1, 0, 8, 0, 0, 0]);
    let valid = message("caer.aedat", &patched("caer.aedat", packet + 24, &[149, 0, 0, 0]));
    assert!(valid.contains("expected 150 valid events, as marked, found 149"), "{valid}");
    let size = message("caer.aedat", &patched("caer.aedat", packet + 4, &[4, 0, 0, 0]));
    assert!(size.contains("events of 8 bytes with a time at 4"), "{size}");

    let shape = find(&bytes("tonic.npy"), b"(400,)");
    let lie = message("tonic.npy", &patched("tonic.npy", shape, b"(4e9,)"));
    assert!(lie.contains("an array with one axis"), "{lie}");
    let lie = message("tonic.npy", &patched("tonic.npy", shape, b"(9999)"));
    assert!(lie.contains("bytes of elements, as the shape says"), "{lie}");

    let length = find(&bytes("dv_none.aedat4"), b"AER-DAT4.0\r\n") + 12;
    let lie = message("dv_none.aedat4", &patched("dv_none.aedat4", length, &huge));
    assert!(lie.contains("bytes of the header"), "{lie}");
    // The length of the vector of events of the first packet.
    let vector = find(&bytes("dv_none.aedat4"), &[160, 0, 0, 0]);
    let lie = message("dv_none.aedat4", &patched("dv_none.aedat4", vector, &huge));
    assert!(lie.contains("a packet that has all events it counts"), "{lie}");

    for (name, _) in SPIKES {
        let file = bytes(name);
        // The numbers of rows: 4 in a shape, with a largest length or without.
        let shapes = (0..file.len() - 8).filter(|at| file[*at..*at + 8] == 4_u64.to_le_bytes());
        for at in shapes {
            for lie in [5, 1 << 40, u64::MAX] {
                let lie = patched(name, at, &u64::to_le_bytes(lie));
                if let Ok(spikes) = shd::Shd::from_bytes(name, lie) {
                    assert_eq!(spikes.labels(), [3, 1, 19, 1]);
                }
            }
        }
    }
}

#[test]
fn other_files_are_refused() {
    let unknown = message("notes.txt", b"some text");
    assert!(unknown.contains("the beginning of a file of events"), "{unknown}");
    assert!(unknown.contains("found `some text`"), "{unknown}");
    for (_, format, ..) in FILES {
        let options = Options { format: Some(format), ..Options::default() };
        let read = Events::from_bytes("notes", b"some text", &options);
        assert!(read.unwrap_err().to_string().starts_with("notes, byte "), "{format:?}");
    }
    assert!(shd::Shd::from_bytes("notes", b"some text".to_vec()).is_err());
    let wrong = |text: &str, wanted: &str| {
        let message = message("a.raw", text.as_bytes());
        assert!(message.contains(wanted), "{message}");
    };
    wrong("% evt 2.1\n% end\n", "found `EVT21`");
    wrong("% format EVT4;width=3\n% end\n", "found `EVT4`");
    wrong("% end\n", "found none");
    wrong("#!AER-DAT3.1\r\n#Format: SerialTS\r\n#!END-HEADER\r\n", "found `#Format: SerialTS`");
    wrong("#!AER-DAT3.1\r\n", "the line #!END-HEADER");
    // A header that is not text, and goes on into the elements.
    let file = bytes("tonic.npy");
    let long = [&file[..10], &[1; 3000][..], &file[10..]].concat();
    let long = [&long[..8], &4000_u16.to_le_bytes()[..], &long[10..]].concat();
    let shown = message("a.npy", &long);
    assert!(shown.contains("a header of NumPy, found `") && shown.contains("...`"), "{shown}");
    assert!(shown.len() < 1000 && !shown.contains('\u{1}'), "{shown}");
    let object = b"\x93NUMPY\x01\x00\x36\x00{'descr': '|O', 'fortran_order': False, 'shape': (3,)}";
    assert!(message("a.npy", object).contains("(no objects)"));
}

#[test]
fn columns_of_several_lengths_are_refused_before_they_are_sorted() {
    let columns =
        |t: &[u64], x: &[u16]| Columns { t: t.to_vec(), x: x.to_vec(), y: vec![0], p: vec![0] };
    let input = Input { name: "a.npz", bytes: b"" };
    let options = Options { order: Order::Sort, size: Some((1, 1)), ..Options::default() };
    for (columns, found) in
        [(columns(&[5, 4], &[0]), "[2, 1, 1, 1]"), (columns(&[5, 4], &[0, 9]), "[2, 2, 1, 1]")]
    {
        let message = input.finish(columns, None, &options, |_| 0).unwrap_err().to_string();
        let wanted = format!("expected the lengths of t, x, y and p to be equal, found {found}");
        assert!(message.contains(&wanted), "{message}");
    }
}

#[test]
fn numbers_that_are_no_places_are_refused() {
    let t = find(&bytes("padded.npy"), b"(400,)");
    let start = (t..).find(|at| bytes("padded.npy")[*at] == b'\n').unwrap() + 1;
    // The elements are p, x, y and t, aligned: x in bytes 2 and 3, y in 4 to 7, t in 8 to 15.
    let wrong = |at: usize, patch: &[u8], wanted: &str| {
        let message = message("padded.npy", &patched("padded.npy", start + at, patch));
        assert!(message.contains(&format!("byte {}: ", start + at)), "{message}");
        assert!(message.contains(wanted), "{message}");
    };
    wrong(4, &(-1_i32).to_be_bytes(), "whole numbers of y from 0 to 65535, found -1");
    wrong(4, &70_000_i32.to_be_bytes(), "found 70000");
    wrong(8, &0.5_f64.to_le_bytes(), "found 0.5");
    wrong(8, &f64::NAN.to_le_bytes(), "found NaN");
    wrong(8, &1e300_f64.to_le_bytes(), "found 1000000000000");
}

/// A change of a file.
#[derive(Clone, Debug)]
enum Change {
    Cut(prop::sample::Index),
    Byte(prop::sample::Index, u8),
    Fill(prop::sample::Index, usize),
    Insert(prop::sample::Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Change::Cut),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (any::<prop::sample::Index>(), 1_usize..9).prop_map(|(at, n)| Change::Fill(at, n)),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Byte(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Fill(at, n) => {
                let at = at.index(bytes.len());
                let end = (at + n).min(bytes.len());
                bytes[at..end].fill(0xff);
            }
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_read_or_refused(changes in prop::collection::vec(change(), 1..4), sort: bool) {
        let order = if sort { Order::Sort } else { Order::Strict };
        for (name, format, ..) in FILES {
            let mut bytes = bytes(name);
            changes.iter().for_each(|change| change.apply(&mut bytes));
            for format in [None, Some(format)] {
                let options = Options { format, order, ..Options::default() };
                match Events::from_bytes(name, &bytes, &options) {
                    Ok(events) => {
                        // What is read is checked, so that it can be cut and written.
                        prop_assert!(events.t().is_sorted());
                        prop_assert!(events.x().iter().all(|x| *x < events.width()));
                        prop_assert!(events.y().iter().all(|y| *y < events.height()));
                    }
                    Err(e) => prop_assert!(e.to_string().starts_with(name), "{}", e),
                }
            }
        }
        for (name, _) in SPIKES {
            let mut bytes = bytes(name);
            changes.iter().for_each(|change| change.apply(&mut bytes));
            if let Ok(spikes) = shd::Shd::from_bytes(name, bytes) {
                for i in 0..spikes.len().min(8) {
                    let _ = spikes.events(i);
                }
            }
        }
    }

    /// Headers are a small part of most files, so that they are changed on their own.
    #[test]
    fn damaged_beginnings_are_read_or_refused(at in 0_usize..400, patch in prop::collection::vec(any::<u8>(), 1..9)) {
        for (name, ..) in FILES {
            let mut bytes = bytes(name);
            let at = at % bytes.len();
            let end = (at + patch.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&patch[..end - at]);
            let _ = Events::from_bytes(name, &bytes, &Options::default());
        }
        for (name, _) in SPIKES {
            let mut bytes = bytes(name);
            bytes[at..at + patch.len()].copy_from_slice(&patch);
            if let Ok(spikes) = shd::Shd::from_bytes(name, bytes) {
                for i in 0..spikes.len().min(8) {
                    let _ = spikes.events(i);
                }
            }
        }
    }
}
