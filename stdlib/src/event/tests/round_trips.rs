use proptest::prelude::*;

use super::*;

/// The formats that are written, each with the largest sensor and the first time that it has not.
const WRITTEN: [(Format, (u16, u16), u64); 7] = [
    (Format::Atis, (256, 240), 1 << 32),
    (Format::Dat, (1 << 14, 1 << 14), 1 << 32),
    (Format::Aedat2, (128, 128), 1 << 32),
    (Format::Aedat2Davis, (1024, 512), 1 << 32),
    (Format::Aedat3, (1 << 15, 1 << 15), 1 << 63),
    (Format::Evt2, (1 << 11, 1 << 11), 1 << 34),
    (Format::Npz, (u16::MAX, u16::MAX), u64::MAX),
];

fn events(size: (u16, u16), last: u64, rows: &[(u64, u16, u16, bool)]) -> Events {
    let mut t: Vec<u64> = rows.iter().map(|row| row.0 % last).collect();
    t.sort_unstable();
    let x = rows.iter().map(|row| row.1 % size.0).collect();
    let y = rows.iter().map(|row| row.2 % size.1).collect();
    let p = rows.iter().map(|row| u8::from(row.3)).collect();
    Events::new(size.0, size.1, t, x, y, p).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec((any::<u64>(), any::<u16>(), any::<u16>(), any::<bool>()), 0..40),
        scale in 0_u32..63,
    ) {
        for (format, size, end) in WRITTEN {
            // Times of all sizes, but few overflows of the ATIS's clock.
            let last = (end >> scale.min(end.ilog2())).max(1).min(if format == Format::Atis { 1 << 26 } else { end });
            let written = events(size, last, &rows);
            let bytes = written.view().to_bytes(format).unwrap();
            let options = Options { format: Some(format), size: Some(size), ..Options::default() };
            prop_assert_eq!(&Events::from_bytes("events", &bytes, &options).unwrap(), &written);
        }
    }
}

#[test]
fn formats_and_sensors_are_found_again() {
    let rows: Vec<_> = (0..300).map(|i| (i * 77, i as u16, 3 * i as u16, i % 3 == 0)).collect();
    let written = [
        (Format::Dat, (640, 480), "a.dat"),
        (Format::Aedat2, (128, 128), "a.aedat"),
        (Format::Aedat2Davis, (346, 260), "a.aedat"),
        (Format::Aedat2Davis, (240, 180), "a.aedat"),
        (Format::Aedat3, (346, 260), "a.aedat"),
        (Format::Aedat3, (128, 128), "a.aedat"),
        (Format::Evt2, (1280, 720), "a.raw"),
        (Format::Npz, (300, 7), "a.npz"),
    ];
    for (format, size, name) in written {
        let events = events(size, u64::MAX, &rows);
        let bytes = events.view().to_bytes(format).unwrap();
        let read = Events::from_bytes(name, &bytes, &Options::default()).unwrap();
        assert_eq!(read, events, "{format:?}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_an_error() {
    for (format, (width, height), end) in WRITTEN {
        let one = |width, height, t| {
            let events = Events::new(width, height, vec![t], vec![0], vec![0], vec![1]).unwrap();
            events.view().to_bytes(format).map_err(|e| e.to_string())
        };
        assert!(one(width, height, end - 1).is_ok(), "{format:?}");
        if format == Format::Npz {
            continue;
        }
        let message = one(width, height, end).unwrap_err();
        assert!(message.starts_with("a time in µs"), "{message}");
        for (width, height) in [(width + 1, height), (width, height + 1)] {
            let message = one(width, height, 0).unwrap_err();
            assert!(message.starts_with("the sensor of"), "{message}");
        }
    }
    for format in [Format::Aedat4, Format::Evt3, Format::Npy] {
        let message = Events::default().view().to_bytes(format).unwrap_err().to_string();
        assert!(message.starts_with("the format must be one that is written"), "{message}");
    }
}

#[test]
fn files_are_written_as_a_whole_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("snn-events-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.npz");
    let events = recording("base.csv", 128, 128);
    events.write(&path, Format::Npz).unwrap();
    assert_eq!(Events::read(&path, &Options::default()).unwrap(), events);
    // A format that cannot hold it leaves what was there.
    let large = Events::new(300, 1, vec![1], vec![2], vec![0], vec![1]).unwrap();
    assert!(large.write(&path, Format::Atis).is_err());
    assert_eq!(Events::read(&path, &Options::default()).unwrap(), events);
    let message = events.write(&folder.join("no/such.npz"), Format::Npz).unwrap_err().to_string();
    assert!(message.starts_with("cannot write "), "{message}");
    let left: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.npz"]);
    std::fs::remove_dir_all(&folder).unwrap();
}
