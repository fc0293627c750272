//! Several processes that make the same frames, and ones that are killed.
//!
//! The test runs itself: with `SNN_FRAMES` it is a program that makes frames.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::*;

/// The folder of the set.
const VARIABLE: &str = "SNN_FRAMES";

const COUNTS: [u8; 30] = [40; 30];

/// Frames that take some milliseconds and are noted when they are begun.
fn slow(journal: PathBuf) -> Recipe {
    Recipe::own("slow", move |events| {
        let mut journal = fs::OpenOptions::new().create(true).append(true).open(&journal)?;
        journal.write_all(b".")?;
        thread::sleep(Duration::from_millis(4));
        Ok(Slices::by_number(events, 2)?.count()?)
    })
    .unwrap()
}

fn open(folder: &Folder) -> FrameSet {
    let recipe = slow(folder.0.join("journal"));
    FrameSet::open(&set(folder, &COUNTS), &recipe, &quiet()).unwrap()
}

fn start(folder: &Folder, test: &'static str) -> Child {
    let path = concat!(module_path!(), "::");
    let path = path.strip_prefix("snn::").unwrap_or(path);
    Command::new(std::env::current_exe().unwrap())
        .args([&format!("{path}{test}"), "--exact"])
        .env(VARIABLE, &folder.0)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether this is the program, which then has done its work.
fn is_program() -> bool {
    let Some(folder) = std::env::var_os(VARIABLE) else { return false };
    let folder = Folder(folder.into());
    open(&folder);
    // Not the program's, which ends.
    std::mem::forget(folder);
    true
}

fn n_begun(folder: &Folder) -> usize {
    fs::read(folder.0.join("journal")).map_or(0, |journal| journal.len())
}

fn is_whole(frames: &FrameSet) {
    frames.prepared().verify().unwrap();
    let train = frames.split::<u8>("train").unwrap();
    for index in 0..train.len() {
        let n: u32 = train.get(index).unwrap().0.data().iter().map(|n| u32::from(*n)).sum();
        assert_eq!(n, 40);
    }
}

#[test]
fn several_at_the_same_time_make_each_frame_once() {
    if is_program() {
        return;
    }
    let folder = Folder::new();
    set(&folder, &COUNTS);
    let test = "several_at_the_same_time_make_each_frame_once";
    let children = [(); 4].map(|()| start(&folder, test));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(n_begun(&folder), COUNTS.len());
    is_whole(&open(&folder));
    assert_eq!(n_begun(&folder), COUNTS.len());
}

#[test]
fn one_that_was_killed_is_gone_on_with() {
    if is_program() {
        return;
    }
    let folder = Folder::new();
    set(&folder, &COUNTS);
    let manifest = folder.0.join("cache/n-mnist/frames/events/own-slow/manifest.json");
    let mut n_killed = 0;
    for n in [5, 10, 20] {
        let mut child = start(&folder, "one_that_was_killed_is_gone_on_with");
        while n_begun(&folder) < n && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_micros(300));
        }
        child.kill().unwrap();
        if !child.wait().unwrap().success() {
            n_killed += 1;
            let text = fs::read_to_string(&manifest).unwrap();
            assert!(text.contains("\"complete\": false"), "{text}");
        }
    }
    assert!(n_killed > 0, "all ended before they were killed");
    is_whole(&open(&folder));
    // Only what the two threads were at is lost.
    let n = n_begun(&folder);
    assert!(n <= COUNTS.len() + 2 * n_killed, "{n} after {n_killed} kills");
}
