//! The folder of files and its manifest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Barrier, Mutex};
use std::thread;

use super::*;
use crate::data::dataset::prepared::Prepared;

type Written = std::result::Result<(), Failure>;

fn stamp(version: u32) -> Stamp {
    let sources = [("steps.zip".to_string(), "MD5 0".to_string())].into();
    Stamp { set: "Steps".into(), version, parameters: json!({ "duration": 10 }), sources }
}

/// Files 0 to `n`, each with its own number, and a note of each that was written.
fn items(
    n: usize,
    log: &Mutex<Vec<usize>>,
) -> Vec<Item<impl Fn(&mut dyn Write) -> Written + Sync>> {
    let item = |i: usize| {
        let write = move |out: &mut dyn Write| {
            log.lock().unwrap().push(i);
            Ok(out.write_all(format!("sample {i}").as_bytes())?)
        };
        Item { path: format!("train/{}/{i}", i % 2), write }
    };
    (0..n).map(item).collect()
}

fn quiet() -> Options {
    Options { threads: 2, quiet: true }
}

/// Prepares `n` files; the numbers of those that were written, sorted.
fn written(folder: &Folder, stamp: &Stamp, n: usize) -> Vec<usize> {
    let log = Mutex::new(Vec::new());
    let prepared = Prepared::new(&folder.0, stamp, &items(n, &log), &quiet()).unwrap();
    prepared.verify().unwrap();
    assert_eq!(Prepared::open(&folder.0, stamp).unwrap().as_ref(), Some(&prepared));
    let paths = prepared.manifest().files.iter().map(|file| file.path.clone());
    assert!(paths.eq((0..n).map(|i| format!("train/{}/{i}", i % 2))));
    let mut log = log.into_inner().unwrap();
    log.sort_unstable();
    log
}

#[test]
fn files_are_made_once_for_each_stamp() {
    let folder = Folder::new();
    assert_eq!(Prepared::open(&folder.0, &stamp(1)).unwrap(), None);
    assert_eq!(written(&folder, &stamp(1), 20), Vec::from_iter(0..20));
    assert_eq!(written(&folder, &stamp(1), 20), [0; 0]);
    // Other ones are stale, and gone.
    assert_eq!(Prepared::open(&folder.0, &stamp(2)).unwrap(), None);
    assert_eq!(written(&folder, &stamp(2), 5), Vec::from_iter(0..5));
    let parameters = Stamp { parameters: json!({ "duration": 11 }), ..stamp(2) };
    assert_eq!(written(&folder, &parameters, 5), Vec::from_iter(0..5));
    let sources = [("steps.zip".to_string(), "MD5 1".to_string())].into();
    assert_eq!(written(&folder, &Stamp { sources, ..stamp(2) }, 5), Vec::from_iter(0..5));
    assert_eq!(written(&folder, &stamp(3), 0), [0; 0]);
}

#[test]
fn the_manifest_is_of_known_form() {
    let folder = Folder::new();
    written(&folder, &stamp(1), 1);
    let text = fs::read_to_string(folder.0.join("manifest.json")).unwrap();
    let digest = hexadecimal(&Sha256::digest(b"sample 0"));
    let expected = json!({
        "layout": 1,
        "set": "Steps",
        "version": 1,
        "parameters": { "duration": 10 },
        "sources": { "steps.zip": "MD5 0" },
        "complete": true,
        "files": [{ "path": "train/0/0", "bytes": 8, "sha256": digest }],
    });
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
}

#[test]
fn only_what_was_lost_is_made_again() {
    let folder = Folder::new();
    written(&folder, &stamp(1), 10);
    fs::remove_file(folder.0.join("train/1/3")).unwrap();
    fs::write(folder.0.join("train/0/4"), "cut").unwrap();
    assert_eq!(Prepared::open(&folder.0, &stamp(1)).unwrap(), None);
    assert_eq!(written(&folder, &stamp(1), 10), [3, 4]);
}

#[test]
fn what_failed_is_told_and_the_rest_stays() {
    let folder = Folder::new();
    let log = Mutex::new(Vec::new());
    let broken: Vec<Item<Writer<'_>>> = items(10, &log)
        .into_iter()
        .enumerate()
        .map(|(i, item)| {
            let write: Writer<'_> = Box::new(move |out| match i {
                6 => {
                    out.write_all(b"half of it")?;
                    Err("the events go back in time".into())
                }
                _ => (item.write)(out),
            });
            Item { path: item.path, write }
        })
        .collect();
    let options = Options { threads: 1, quiet: true };
    let message = Prepared::new(&folder.0, &stamp(1), &broken, &options).unwrap_err().to_string();
    let path = folder.0.join("train/0/6");
    let expected = format!("cannot prepare {}: the events go back in time", path.display());
    assert_eq!(message, expected);
    drop(broken);
    assert_eq!(log.into_inner().unwrap(), Vec::from_iter(0..6));
    assert!(!path.exists() && !folder.0.join("train/0/6.part").exists());
    assert_eq!(Prepared::open(&folder.0, &stamp(1)).unwrap(), None);
    assert_eq!(written(&folder, &stamp(1), 10), [6, 7, 8, 9]);
}

#[test]
fn a_panic_leaves_what_can_be_gone_on_with() {
    let folder = Folder::new();
    let log = Mutex::new(Vec::new());
    let items: Vec<_> = items(10, &log);
    let broken: Vec<Item<Writer<'_>>> = items
        .iter()
        .map(|item| {
            let write: Writer<'_> = Box::new(|out| {
                (item.write)(out)?;
                assert!(!item.path.ends_with('7'), "in the reader");
                Ok(())
            });
            Item { path: item.path.clone(), write }
        })
        .collect();
    let run = AssertUnwindSafe(|| Prepared::new(&folder.0, &stamp(1), &broken, &quiet()));
    catch_unwind(run).unwrap_err();
    assert_eq!(Prepared::open(&folder.0, &stamp(1)).unwrap(), None);
    assert!(written(&folder, &stamp(1), 10).contains(&7));
}

#[test]
fn foreign_files_are_left_alone() {
    let folder = Folder::new();
    let log = Mutex::new(Vec::new());
    let fails = |expected: &str| {
        let failed = Prepared::new(&folder.0, &stamp(1), &items(3, &log), &quiet());
        let message = failed.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    folder.put("thesis/thesis.tex", b"years");
    fails("expected a folder that is empty or has a manifest");
    // One of another program, or damaged.
    for manifest in ["{\"name\": \"an app\"}", "", "{", "[]"] {
        folder.put("manifest.json", manifest.as_bytes());
        fails("manifest.json is not the file it should be: expected a manifest of a prepared set");
    }
    let record = json!({ "path": "../thesis.tex", "bytes": 5, "sha256": "0" });
    let mut evil = serde_json::to_value(Manifest::new(&stamp(1), None)).unwrap();
    evil["files"] = json!([record]);
    folder.put("manifest.json", evil.to_string().as_bytes());
    fails("found the path \"../thesis.tex\"");
    assert_eq!(fs::read(folder.0.join("thesis/thesis.tex")).unwrap(), b"years");
    assert!(log.into_inner().unwrap().is_empty());
}

#[test]
fn paths_are_checked() {
    let folder = Folder::new();
    for paths in [
        &["../a"][..],
        &["/a"],
        &["a\\b"],
        &["a//b"],
        &["a/"],
        &[""],
        &["a", "a"],
        &["a/b", "A/c"],
        &["a", "a/b"],
        &["manifest.json"],
        &["Manifest.json"],
        &["a.part"],
    ] {
        let write = |_: &mut dyn Write| -> Written { unreachable!() };
        let items: Vec<_> =
            paths.iter().map(|path| Item { path: (*path).to_string(), write }).collect();
        let message =
            Prepared::new(&folder.0, &stamp(1), &items, &quiet()).unwrap_err().to_string();
        assert!(message.starts_with("a path must be one in the folder"), "{message}");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }
}

#[test]
fn files_are_held_against_the_manifest() {
    let folder = Folder::new();
    written(&folder, &stamp(1), 6);
    let prepared = Prepared::open(&folder.0, &stamp(1)).unwrap().unwrap();
    // As long as it was: only its content tells.
    fs::write(folder.0.join("train/1/1"), "Sample 1").unwrap();
    let message = prepared.verify().unwrap_err().to_string();
    assert!(message.contains("train/1/1: expected 8 bytes with SHA-256 "), "{message}");
    assert_eq!(message.lines().count(), 1);
    fs::remove_file(folder.0.join("train/0/2")).unwrap();
    folder.put("train/1/99", b"");
    let message = prepared.verify().unwrap_err().to_string();
    assert!(message.starts_with("3 failures:"), "{message}");
    assert!(message.contains("cannot read ") && message.contains("train/0/2"), "{message}");
    assert!(message.contains("train/1/99 is not the file it should be"), "{message}");
}

#[test]
fn so_many_are_made_at_once() {
    let (folder, barrier) = (Folder::new(), Barrier::new(4));
    // Would wait for ever if there were fewer.
    let write = |_: &mut dyn Write| -> Written {
        barrier.wait();
        Ok(())
    };
    let items: Vec<_> = (0..8).map(|i| Item { path: format!("{i}"), write }).collect();
    let options = Options { threads: 4, quiet: true };
    Prepared::new(&folder.0, &stamp(1), &items, &options).unwrap().verify().unwrap();
}

#[test]
fn those_who_want_the_same_wait_for_the_one_who_makes_it() {
    let folder = Folder::new();
    let log = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope
                .spawn(|| Prepared::new(&folder.0, &stamp(1), &items(30, &log), &quiet()).unwrap());
        }
    });
    assert_eq!(log.into_inner().unwrap().len(), 30);
}
