//! What is sound comes out as it went in; what is not leaves nothing behind.

pub(in crate::data) mod make;
mod mutations;
mod python;
mod wrong;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use self::make::{Zipped, gzip, tar, tarred, zip};
use super::*;
use crate::data::Error;

/// A folder of a test's own, removed at its end. Archives and what comes of them lie in one below it, so that what
/// leads upwards is still seen.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let own = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("snn-archive-{}-{}", own.0, own.1));
        fs::create_dir_all(folder.join("in")).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join("in").join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn out(&self) -> PathBuf {
        self.0.join("in/out")
    }

    /// All that there is, but the archives and locks, by the paths; folders end in `/`.
    fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        walk(&self.0, "", &mut found);
        found.retain(|path, _| {
            path != "in/" && !path.starts_with("in/archive") && path != "in/out.lock"
        });
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        assert!(!entry.file_type().unwrap().is_symlink(), "{path}");
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &format!("{path}/"), found);
            found.insert(path + "/", Vec::new());
        } else {
            found.insert(path, fs::read(entry.path()).unwrap_or_default());
        }
    }
}

fn quiet() -> Options {
    Options { quiet: true, ..Options::default() }
}

fn all(_: &str) -> bool {
    true
}

/// Unpacks bytes; what is there then, by the paths below the folder.
fn unpacked(bytes: &[u8], options: &Options) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = Folder::new();
    let archive = folder.put("archive", bytes);
    let result = unpack(&archive, &folder.out(), &all, options);
    let mut found = folder.all();
    match result {
        Ok(records) => {
            let records = records.unwrap();
            found.remove("in/out/").unwrap();
            let found: BTreeMap<String, Vec<u8>> = found
                .into_iter()
                .map(|(path, content)| (path.strip_prefix("in/out/").unwrap().to_string(), content))
                .collect();
            // What is told is what is there.
            assert_eq!(records.len(), found.keys().filter(|path| !path.ends_with('/')).count());
            for record in &records {
                assert_eq!(found[&record.path].len() as u64, record.bytes);
            }
            Ok(found)
        }
        Err(error) => {
            assert!(found.is_empty(), "{found:?} is left");
            Err(error)
        }
    }
}

/// The text of the error, which names the archive.
fn fails(bytes: &[u8]) -> String {
    let message = unpacked(bytes, &quiet()).unwrap_err().to_string();
    assert!(message.contains("in/archive"), "{message}");
    message
}

fn tree(files: &[(&str, &[u8])]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, content)| ((*path).to_string(), content.to_vec())).collect()
}

/// The same files in all archives that have more than one.
fn packed(files: &[(&str, &[u8])]) -> [Vec<u8>; 3] {
    let entries = files.iter().map(|(name, content)| Zipped::new(name, content));
    let zip = zip(&entries.collect::<Vec<_>>());
    let kind = |name: &str| if name.ends_with('/') { b'5' } else { b'0' };
    let entries = files.iter().map(|(name, content)| tarred(name, kind(name), content));
    let tar = tar(&entries.collect::<Vec<_>>());
    [zip, gzip(&tar), tar]
}

#[test]
fn files_and_folders_come_out_as_they_went_in() {
    let large: Vec<u8> = (0..300_000_u32).map(|i| (i.wrapping_mul(i) >> 9) as u8).collect();
    let files: [(&str, &[u8]); 6] = [
        ("train/", b""),
        ("train/3/spikes.bin", &large),
        ("train/3/empty", b""),
        ("test/512", &[7; 512]),
        ("test/nothing/", b""),
        ("Zürich/日本 語.txt", b"unicode"),
    ];
    let folders: [(&str, &[u8]); 3] = [("train/3/", b""), ("test/", b""), ("Zürich/", b"")];
    for archive in packed(&files) {
        assert!(unpacked(&archive, &quiet()).unwrap() == tree(&[&files[..], &folders].concat()));
    }
}

#[test]
fn a_gzip_file_becomes_one_file() {
    for (name, file) in
        [("spikes.h5.gz", "spikes.h5"), ("SPIKES.GZ", "SPIKES"), ("41268834", "41268834")]
    {
        let folder = Folder::new();
        // Two members follow each other, as `cat` puts them.
        let bytes = [gzip(b"not "), gzip(b"a tar")].concat();
        let archive = folder.put(name, &bytes);
        let records = unpack(&archive, &folder.out(), &all, &quiet()).unwrap().unwrap();
        assert_eq!((records.len(), records[0].path.as_str(), records[0].bytes), (1, file, 9));
        assert_eq!(fs::read(folder.out().join(file)).unwrap(), b"not a tar");
    }
}

#[test]
fn digests_are_told() {
    for archive in packed(&[("a", b"abc")]) {
        let folder = Folder::new();
        let archive = folder.put("archive", &archive);
        let records = unpack(&archive, &folder.out(), &all, &quiet()).unwrap().unwrap();
        // FIPS 180-4 has the digest of abc as its example.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(records, [Record { path: "a".into(), bytes: 3, sha256: abc.into() }]);
    }
}

#[test]
fn empty_archives_make_empty_folders() {
    for archive in packed(&[]) {
        // A tar of zeros is known by its name alone.
        let ends: &[&str] = match &archive[..2] {
            [0x1f, 0x8b] => &["archive.tar.gz", "archive.TGZ"],
            b"PK" => &["archive"],
            _ => &["archive.tar"],
        };
        for name in ends {
            let folder = Folder::new();
            let path = folder.put(name, &archive);
            let records = unpack(&path, &folder.out(), &all, &quiet()).unwrap();
            assert_eq!(records, Some(Vec::new()));
            assert_eq!(folder.all(), tree(&[("in/out/", b"")]));
        }
    }
    let own = tarred("./", b'5', b"");
    assert_eq!(unpacked(&tar(&[own]), &quiet()).unwrap(), tree(&[]));
}

#[test]
fn only_what_is_taken_comes_out() {
    let files: [(&str, &[u8]); 5] =
        [("a/", b""), ("a/1.bin", b"1"), ("a/1.txt", b"2"), ("./b//2.bin", b"3"), ("c/", b"")];
    for archive in packed(&files) {
        let folder = Folder::new();
        let archive = folder.put("archive", &archive);
        let take = |path: &str| path.ends_with(".bin") || path == "c/";
        unpack(&archive, &folder.out(), &take, &quiet()).unwrap().unwrap();
        let expected: [(&str, &[u8]); 6] = [
            ("in/out/", b""),
            ("in/out/a/", b""),
            ("in/out/a/1.bin", b"1"),
            ("in/out/b/", b""),
            ("in/out/b/2.bin", b"3"),
            ("in/out/c/", b""),
        ];
        assert_eq!(folder.all(), tree(&expected));
    }
}

#[test]
fn a_folder_that_is_there_stays_as_it_is() {
    let folder = Folder::new();
    let archive = folder.put("archive", &packed(&[("a", b"new")])[0]);
    fs::create_dir(folder.out()).unwrap();
    fs::write(folder.out().join("a"), "old").unwrap();
    // A `/` at its end makes no other folder of it.
    for out in [folder.out(), folder.out().join("")] {
        assert_eq!(unpack(&archive, &out, &all, &quiet()).unwrap(), None);
    }
    assert_eq!(folder.all(), tree(&[("in/out/", b""), ("in/out/a", b"old")]));

    let file = folder.put("archive.file", b"");
    for out in [file.as_path(), Path::new("/"), Path::new("")] {
        let message = unpack(&archive, out, &all, &quiet()).unwrap_err().to_string();
        assert!(message.starts_with("the folder to unpack to must be"), "{message}");
    }
}

#[test]
fn what_a_killed_process_left_is_gone() {
    let folder = Folder::new();
    let archive = folder.put("archive", &packed(&[("a", b"new")])[1]);
    fs::create_dir_all(folder.0.join("in/out.unpacking/b")).unwrap();
    fs::write(folder.0.join("in/out.unpacking/a"), "half").unwrap();
    unpack(&archive, &folder.out(), &all, &quiet()).unwrap().unwrap();
    assert_eq!(folder.all(), tree(&[("in/out/", b""), ("in/out/a", b"new")]));
}

#[test]
fn those_who_want_the_same_folder_wait_for_the_one_who_unpacks() {
    let files: Vec<(String, Vec<u8>)> = (0..50).map(|i| (format!("{i}"), vec![i; 5000])).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (&**path, &**bytes)).collect();
    let folder = Folder::new();
    let archive = folder.put("archive", &packed(&files)[0]);
    let run = || {
        let unpacked = unpack(&archive, &folder.out(), &all, &quiet()).unwrap();
        // Whole for each who comes back.
        assert_eq!(fs::read_dir(folder.out()).unwrap().count(), 50);
        unpacked.is_some()
    };
    let did = thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(did.iter().filter(|did| **did).count(), 1);
}
