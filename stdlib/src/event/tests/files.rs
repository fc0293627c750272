use super::*;

fn columns(events: &Events) -> (&[u64], &[u16], &[u16], &[u8]) {
    (events.t(), events.x(), events.y(), events.p())
}

#[test]
fn files_of_others_are_read_as_they_were_written() {
    for (name, format, table, size) in FILES {
        let expected = recording(table, u16::MAX, u16::MAX);
        for format in [None, Some(format)] {
            let options = Options { format, ..Options::default() };
            let events = Events::read(&fixture(name), &options).unwrap();
            assert!(columns(&events) == columns(&expected), "{name}");
            let largest = |column: &[u16]| column.iter().max().unwrap() + 1;
            let least = (largest(expected.x()), largest(expected.y()));
            assert_eq!((events.width(), events.height()), size.unwrap_or(least), "{name}");
        }
    }
}

#[test]
fn npz_of_one_array_of_structs_and_of_unsorted_arrays_are_read() {
    let expected = recording("base.csv", 128, 128);
    let read = |name, order| {
        let options = Options { size: Some((128, 128)), order, ..Options::default() };
        Events::read(&fixture(name), &options)
    };
    assert_eq!(read("tonic.npz", Order::Strict).unwrap(), expected);
    let message = read("unsorted.npz", Order::Strict).unwrap_err().to_string();
    assert!(message.contains("the time of event"), "{message}");
    assert!(
        message.ends_with("read it with `Order::Sort` if its events are not in order"),
        "{message}"
    );
    let sorted = read("unsorted.npz", Order::Sort).unwrap();
    assert_eq!(sorted.t(), expected.t());
    // The events of one time are there in another order.
    let all = |events: &Events| {
        let mut all: Vec<_> = events.view().iter().map(|e| (e.t, e.x, e.y, e.p)).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(all(&sorted), all(&expected));
}

#[test]
fn recordings_of_spikes_are_read_with_their_labels() {
    for (name, expected) in SPIKES {
        let spikes = shd::Shd::read(&fixture(name)).unwrap();
        assert_eq!(spikes.labels(), [3, 1, 19, 1], "{name}");
        let rows = table(expected);
        for i in 0..spikes.len() {
            let events = spikes.events(i).unwrap();
            let expected = rows.iter().filter(|row| row[0] == i as u64);
            let expected: Vec<_> = expected.map(|row| (row[2], row[1] as u16)).collect();
            let found: Vec<_> =
                events.t().iter().copied().zip(events.x().iter().copied()).collect();
            assert_eq!(found, expected, "{name}, {i}");
            assert_eq!((events.width(), events.height()), (700, 1));
            assert!(events.p().iter().all(|p| *p == 1));
        }
        let message = spikes.events(4).unwrap_err().to_string();
        assert_eq!(message, "a recording must be below 4, the number of recordings, but is 4");
    }
}

#[test]
fn a_sensor_that_is_given_goes_before_the_one_that_a_file_says() {
    let options = Options { size: Some((640, 480)), ..Options::default() };
    let events = Events::read(&fixture("caer.aedat"), &options).unwrap();
    assert_eq!((events.width(), events.height()), (640, 480));
}

#[test]
fn files_without_events_are_read() {
    let text = "#!AER-DAT3.1\r\n#Source 1: DAVIS240C\r\n#!END-HEADER\r\n";
    let empty = [
        ("none.bin", vec![], (0, 0)),
        ("none.dat", b"% Height 2\n% Width 3\n\x00\x08".to_vec(), (3, 2)),
        ("none.aedat", text.as_bytes().to_vec(), (240, 180)),
        ("none.aedat", b"#!AER-DAT2.0\r\n".to_vec(), (128, 128)),
        ("none.raw", b"% evt 3.0\n% geometry 3x2\n% end\n".to_vec(), (3, 2)),
    ];
    for (name, bytes, size) in empty {
        let events = Events::from_bytes(name, &bytes, &Options::default()).unwrap();
        assert!(events.is_empty(), "{name}");
        assert_eq!((events.width(), events.height()), size, "{name}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let message =
        Events::read("no/such.bin".as_ref(), &Options::default()).unwrap_err().to_string();
    assert!(message.starts_with("cannot read no/such.bin: "), "{message}");
    let message = shd::Shd::read("no/such.h5".as_ref()).unwrap_err().to_string();
    assert!(message.starts_with("cannot read no/such.h5: "), "{message}");
}
