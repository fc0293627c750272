//! Damage of any kind ends in an error or in files below the folder, never in a panic.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;

/// Sound archives, of which each is damaged.
fn sound() -> Vec<Vec<u8>> {
    let files: [(&str, &[u8]); 4] = [
        ("a/", b""),
        ("a/spikes.bin", &[3; 700]),
        ("a/b/c.txt", b"the same again, the same again, the same again"),
        ("d", b""),
    ];
    let long = [tarred("././@LongLink", b'L', &[b'n'; 200]), tarred("n", b'0', b"long")].concat();
    let pax = [make::pax("path", "p/q"), tarred("p", b'0', b"pax")].concat();
    let tar = tar(&[long, pax]);
    packed(&files).into_iter().chain([gzip(&tar), tar]).collect()
}

/// A change of an archive: where, as a part of its length, and what.
#[derive(Clone, Debug)]
enum Damage {
    Byte(f64, u8),
    Cut(f64),
    Take(f64, usize),
    Put(f64, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0_f64;
    let evil = prop::sample::select(vec!["../", "/", "\\", "\0", "C:", "..", "a/../../", "\u{ff}"]);
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        1 => place().prop_map(Damage::Cut),
        1 => (place(), 1..600_usize).prop_map(|(at, n)| Damage::Take(at, n)),
        2 => (place(), evil).prop_map(|(at, evil)| Damage::Put(at, evil.into())),
        1 => (place(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Put(at, bytes)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let index = |at: f64| ((bytes.len() as f64 * at) as usize).min(bytes.len().saturating_sub(1));
    match damage {
        Damage::Byte(at, byte) if !bytes.is_empty() => {
            let i = index(*at);
            bytes[i] = *byte;
        }
        Damage::Byte(..) => {}
        Damage::Cut(at) => bytes.truncate(index(*at)),
        Damage::Take(at, n) => {
            let (i, end) = (index(*at), bytes.len());
            bytes.drain(i..(i + n).min(end));
        }
        Damage::Put(at, new) => {
            let i = index(*at);
            bytes.splice(i..(i + new.len()).min(bytes.len()), new.iter().copied());
        }
    }
}

/// Puts the right checksums into all headers of a tar, so that damage of their other fields is looked at.
fn seal(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
        make::seal(block);
    }
}

fn holds(bytes: &[u8]) {
    let folder = Folder::new();
    let archive = folder.put("archive", bytes);
    let limits = Limits { bytes: 1 << 22, ..Limits::default() };
    let result = unpack(&archive, &folder.out(), &all, &Options { limits, ..quiet() });
    let found = folder.all();
    match result {
        // All that there is lies in the folder.
        Ok(records) => {
            assert!(records.is_some() && found.keys().all(|path| path.starts_with("in/out/")));
        }
        Err(error) => {
            assert!(found.is_empty(), "{found:?}");
            assert!(error.to_string().contains("archive"), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 200, failure_persistence: None, ..Config::default() })]

    #[test]
    fn damaged_archives_do_no_harm(
        which in 0..5_usize,
        damages in prop::collection::vec(damage(), 1..6),
        sealed in any::<bool>(),
    ) {
        let mut bytes = sound().swap_remove(which);
        for damage in &damages {
            apply(&mut bytes, damage);
        }
        if sealed {
            seal(&mut bytes);
        }
        holds(&bytes);
    }

    #[test]
    fn any_names_in_any_archive_do_no_harm(
        names in prop::collection::vec("[ab./\\\\:A\u{e4}\u{c4}]{0,8}", 1..5),
        kind in prop::sample::select(vec![b'0', b'1', b'2', b'5', 0]),
    ) {
        let entries: Vec<_> = names.iter().map(|name| Zipped::new(name, b"content")).collect();
        holds(&zip(&entries));
        let entries: Vec<_> = names.iter().map(|name| tarred(name, kind, b"content")).collect();
        holds(&tar(&entries));
        holds(&gzip(&tar(&entries)));
    }
}

#[test]
fn sound_archives_are_sound() {
    for bytes in sound() {
        assert!(unpacked(&bytes, &quiet()).unwrap().len() >= 2);
    }
}
