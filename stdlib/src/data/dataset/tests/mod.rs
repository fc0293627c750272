//! Small sets, made from files as large ones are.

mod fetching;
mod killed;
mod preparing;

use std::fs;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;
use crate::data::archive::tests::make::{gzip, tar, tarred};
use crate::data::download::{Checksum, hexadecimal};

/// A folder of a test's own, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let own = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("snn-dataset-{}-{}", own.0, own.1));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// What the published files are looked for in is `own`.
    pub fn places(&self) -> Places {
        let download = download::Options { quiet: true, tries: 1, ..Default::default() };
        let prepare = Options { threads: 3, quiet: true };
        let [own, cache] = ["own", "cache"].map(|name| Some(self.0.join(name)));
        Places { folder: own, cache, download, prepare, ..Places::default() }
    }

    pub fn put(&self, path: &str, content: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        // That of a folder that was prepared itself.
        let _ = fs::remove_file(beside(&self.0, ".lock"));
    }
}

/// A set of `n` recordings in an archive, which comes by hand, with a table of their classes. A sample is what was
/// recorded, once more for each of the repeats.
struct Steps {
    about: About,
    repeats: usize,
    /// How often a sample was written.
    n_written: AtomicUsize,
}

const CLASSES: &[&str] = &["left", "right"];

fn recording(i: usize) -> Vec<u8> {
    (0..20_000_usize).map(|k| ((k * (i + 3)) >> 5) as u8).collect()
}

fn events(n: usize) -> Vec<u8> {
    let entry = |i| tarred(&format!("set/{i}.bin"), b'0', &recording(i));
    let notes = tarred("set/notes.txt", b'0', b"not taken");
    gzip(&tar(&[(0..n).map(entry).collect(), vec![notes]].concat()))
}

/// The first two thirds are to train with.
fn labels(n: usize) -> Vec<u8> {
    let split = |i| if i < n - n / 3 { "train" } else { "test" };
    (0..n).map(|i| format!("{i} {} {}\n", split(i), i % 2)).collect::<String>().into()
}

pub fn sha256(content: &[u8]) -> Checksum {
    Checksum::Sha256(hexadecimal(&Sha256::digest(content)).into())
}

impl Steps {
    fn new(n: usize) -> Self {
        let (events, labels) = (events(n), labels(n));
        let page = "https://example.org/steps";
        let how = "accept the terms";
        let file = |name, content: &[u8], is_archive: bool| Remote {
            name,
            access: Access::ByHand { page, how },
            size: Size::Exact(content.len() as u64),
            checksum: Some(sha256(content)),
            content: match is_archive {
                true => Content::Archive(|path| path.ends_with(".bin")),
                false => Content::File,
            },
        };
        let files = [file("steps.tar.gz", &events, true), file("labels.txt", &labels, false)];
        let [train, test] = [n - n / 3, n / 3];
        let splits =
            [("train", train), ("test", test)].map(|(name, n_samples)| Split { name, n_samples });
        // What is published is known when a program is built; here it is while the test runs.
        let about = About {
            name: "Steps",
            folder: "steps",
            version: 1,
            classes: CLASSES,
            sensor: [2, 8, 8],
            splits: splits.to_vec().leak(),
            licence: "CC0",
            citation: "A. Walker: Steps. 2020",
            home: page,
            files: files.to_vec().leak(),
        };
        Self { about, repeats: 2, n_written: AtomicUsize::new(0) }
    }

    /// Puts the published files where the caller has them.
    fn publish(&self, folder: &Folder) {
        let n = self.n();
        folder.put("own/steps.tar.gz", &events(n));
        folder.put("own/labels.txt", &labels(n));
    }

    fn n(&self) -> usize {
        self.about.splits.iter().map(|split| split.n_samples).sum()
    }

    fn n_written(&self) -> usize {
        self.n_written.load(Ordering::SeqCst)
    }
}

impl Dataset for Steps {
    fn about(&self) -> &About {
        &self.about
    }

    fn parameters(&self) -> Value {
        json!({ "repeats": self.repeats })
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        let folder = raw.path("steps.tar.gz")?.join("set");
        let table = fs::read_to_string(raw.path("labels.txt")?)?;
        let sample = |line: &str| {
            let [i, split, class] = line.split(' ').collect::<Vec<_>>()[..] else {
                return Err("not three words in a line of labels.txt".into());
            };
            let split = if split == "train" { "train" } else { "test" };
            let (path, i) = (folder.join(format!("{i}.bin")), i.parse::<usize>()?);
            let write: Writer<'a> = Box::new(move |out| {
                self.n_written.fetch_add(1, Ordering::SeqCst);
                let events = fs::read(&path)?;
                Ok((0..self.repeats).try_for_each(|_| out.write_all(&events))?)
            });
            Ok(Sample { split, class: class.parse()?, name: format!("{i:04}"), write })
        };
        table.lines().map(sample).collect()
    }
}

/// All samples are as they should be, and no other.
fn is_right(prepared: &Prepared, set: &Steps) {
    prepared.verify().unwrap();
    let mut n = 0;
    for split in set.about.splits {
        let samples = prepared.samples(split.name);
        assert_eq!(samples.len(), split.n_samples);
        for (path, class) in samples {
            let i: usize = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            assert_eq!((i, class), (n, n % 2));
            assert!(
                fs::read(&path).unwrap() == recording(i).repeat(set.repeats),
                "{}",
                path.display()
            );
            n += 1;
        }
    }
    assert_eq!(prepared.manifest().files.len(), n);
}
