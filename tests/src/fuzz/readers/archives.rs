//! Archives: what comes of one lies in its folder, or there is none.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use snn::data::archive::{self, Limits, Options};

/// A folder of this thread, in memory where the system has one for that.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("snn-fuzz-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

thread_local! {
    static SCRATCH: OnceCell<Scratch> = const { OnceCell::new() };
}

/// Unpacks bytes, and whether they are an archive.
pub fn unpack(bytes: &[u8]) -> bool {
    SCRATCH.with(|scratch| unpack_in(&scratch.get_or_init(Scratch::new).0, bytes))
}

fn unpack_in(scratch: &Path, bytes: &[u8]) -> bool {
    let (file, folder) = (scratch.join("archive"), scratch.join("out"));
    // Also what an input that failed left.
    let _ = fs::remove_dir_all(&folder);
    fs::write(&file, bytes).unwrap();
    let limits = Limits { bytes: 1 << 20, entries: 1 << 10, ..Limits::default() };
    let options = Options { limits, quiet: true };
    let unpacked = archive::unpack(&file, &folder, &|_| true, &options);
    let around = fs::read_dir(scratch).unwrap().map(|entry| entry.unwrap().file_name());
    let mut around: Vec<_> =
        around.filter(|name| name != "archive" && name != "out.lock").collect();
    around.sort();
    match unpacked {
        Ok(records) => {
            let records = records.expect("the folder was not there");
            assert_eq!(around, ["out"], "what there is beside");
            let mut expected: Vec<PathBuf> = Vec::new();
            for record in &records {
                let path = folder.join(&record.path);
                assert_eq!(fs::metadata(&path).unwrap().len(), record.bytes, "{}", record.path);
                expected.push(path);
            }
            expected.sort();
            let mut found = Vec::new();
            walk(&folder, &mut found);
            found.sort();
            assert_eq!(found, expected, "all files are told");
            fs::remove_dir_all(&folder).unwrap();
            true
        }
        Err(error) => {
            assert!(around.is_empty(), "left behind: {around:?}");
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// All files below a folder, of which none is a link.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        assert!(kind.is_file() || kind.is_dir(), "{}", entry.path().display());
        match kind.is_dir() {
            true => walk(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}
