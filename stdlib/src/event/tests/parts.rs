//! A large file, which is read part by part by several threads.

use super::*;

/// Enough for several pieces and threads.
const N: u64 = 600_000;

/// The bytes of an event of AEDAT 3.1, the second word of which is its time.
const RECORD: usize = 8;

fn large() -> Events {
    let column = |step: u64| (0..N).map(|i| (i * step % 346) as u16).collect();
    let y = (0..N).map(|i| (i * 31 % 260) as u16).collect();
    let p = (0..N).map(|i| (i % 3 == 0).into()).collect();
    // A turn of the clock is between two packets, and many events have the time of the one before.
    let t = (0..N).map(|i| (1 << 31) - 1000 + i / 2).collect();
    Events::new(346, 260, t, column(7), y, p).unwrap()
}

/// Writes bytes and reads them from memory and from the file, which is the same.
fn read(name: &str, bytes: &[u8], options: &Options) -> std::result::Result<Events, String> {
    let file = format!("snn-events-{name}-{}.aedat", std::process::id());
    let path = std::env::temp_dir().join(file);
    std::fs::write(&path, bytes).unwrap();
    let named = path.display().to_string();
    let [file, memory] = [Events::read(&path, options), Events::from_bytes(&named, bytes, options)]
        .map(|events| events.map_err(|e| e.to_string().replace(&named, "FILE")));
    std::fs::remove_file(&path).unwrap();
    assert!(file == memory, "the file and the memory differ");
    file
}

#[test]
fn a_large_file_is_as_it_was_written() {
    let events = large();
    let bytes = events.view().to_bytes(Format::Aedat3).unwrap();
    assert!(bytes.len() > 1 << 22);
    assert!(read("whole", &bytes, &Options::default()).unwrap() == events);
    let least = Options { size: Some((400, 400)), ..Options::default() };
    assert_eq!(read("size", &bytes, &least).unwrap().width(), 400);
    let short = read("short", &bytes[..bytes.len() - 1], &Options::default()).unwrap_err();
    assert!(short.contains("bytes of a packet's events"), "{short}");
}

#[test]
fn what_is_wrong_in_any_part_is_found() {
    let whole = large().view().to_bytes(Format::Aedat3).unwrap();
    // The first event of a packet in the middle of the file.
    let header = [1_u8, 0, 1, 0, 8, 0, 0, 0, 4, 0, 0, 0];
    let middle = whole.len() / 2;
    let next = whole[middle..].windows(header.len()).position(|bytes| bytes == header).unwrap();
    let event = middle + next + 28;

    let mut back = whole.clone();
    back[event + 4..event + RECORD].fill(0);
    let message = read("back", &back, &Options::default()).unwrap_err();
    let place = format!("FILE, byte {event}: expected the time of event");
    assert!(message.starts_with(&place), "{message}");
    let sorted = Options { order: Order::Sort, ..Options::default() };
    let sorted = read("sorted", &back, &sorted).unwrap();
    assert_eq!((sorted.len() as u64, sorted.t().is_sorted()), (N, true));

    let mut off = whole;
    off[event + 2..event + 4].fill(0xff);
    let message = read("off", &off, &Options::default()).unwrap_err();
    assert!(message.contains(&format!("byte {event}: expected the place of event")), "{message}");
}
