//! Preparing that is killed again and again ends as one that was never stopped, and finished samples are not made
//! again.
//!
//! The test runs itself: with `SNN_PREPARE` it is the program that prepares. Some kills land while the archive is
//! unpacked, some while samples are written. With `SNN_SOAK=1` there are 300 kills.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::*;

/// The folder that the program prepares in.
const VARIABLE: &str = "SNN_PREPARE";

/// How often a run is killed at most before it is left to end.
const KILLS: usize = 6;

/// How many samples there are.
const SAMPLES: usize = 45;

/// Steps whose samples take some milliseconds, and are noted when they are begun.
struct Slow(Steps, PathBuf);

impl Dataset for Slow {
    fn about(&self) -> &About {
        self.0.about()
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        let slow = |sample: Sample<'a>| {
            let write: Writer<'a> = Box::new(move |out| {
                let mut journal = OpenOptions::new().create(true).append(true).open(&self.1)?;
                journal.write_all(b".")?;
                let mut content = Vec::new();
                (sample.write)(&mut content)?;
                for piece in content.chunks(8192) {
                    out.write_all(piece)?;
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            });
            Sample { write, ..sample }
        };
        Ok(self.0.samples(raw)?.into_iter().map(slow).collect())
    }
}

fn places(folder: &Path) -> Places {
    let own = Folder(folder.to_path_buf());
    let places = own.places();
    // Not the test's, which goes on.
    std::mem::forget(own);
    places
}

/// The program.
fn run(folder: &Path) {
    prepare(&Slow(Steps::new(SAMPLES), folder.join("journal")), &places(folder)).unwrap();
}

fn start(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(
            [concat!(module_path!(), "::killed_runs_end_as_one_that_was_not"), "--exact"].map(name),
        )
        .env(VARIABLE, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The path of a test without the name of the crate.
fn name(argument: &'static str) -> &'static str {
    argument.strip_prefix("snn::").unwrap_or(argument)
}

/// Where a kill landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Landed {
    /// Neither of the others: files are held against their checksums, or all is done.
    Elsewhere,
    Unpacking,
    Writing,
}

fn landed(folder: &Path) -> Landed {
    let set = folder.join("cache/steps");
    let manifest = Manifest::read(&set.join("prepared/events/manifest.json")).unwrap();
    match manifest {
        _ if set.join("raw/steps.tar.gz.unpacking").exists() => Landed::Unpacking,
        Some(manifest) if !manifest.complete => Landed::Writing,
        _ => Landed::Elsewhere,
    }
}

/// Starts the program and kills it, as near to the aim as can be; nothing where it ended before.
fn kill(folder: &Path, time: Duration, aim: Landed, random: &mut ChaCha8Rng) -> Option<Landed> {
    let mut child = start(folder);
    let mut part = || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let until = Instant::now() + time.mul_f64(part());
    let pause = time.mul_f64(0.3 * part());
    loop {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        let is_there = match aim {
            Landed::Elsewhere => Instant::now() >= until,
            aim => landed(folder) == aim,
        };
        if is_there {
            break;
        }
        thread::sleep(Duration::from_micros(200));
    }
    match aim {
        Landed::Elsewhere => {}
        // It takes some milliseconds.
        Landed::Unpacking => thread::sleep(pause / 10),
        Landed::Writing => thread::sleep(pause),
    }
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    Some(landed(folder))
}

#[test]
fn killed_runs_end_as_one_that_was_not() {
    if let Some(folder) = std::env::var_os(VARIABLE) {
        return run(Path::new(&folder));
    }
    let is_soak = std::env::var("SNN_SOAK").is_ok_and(|value| value == "1");
    let n_kills = if is_soak { 300 } else { 18 };
    let set = Steps::new(SAMPLES);

    let whole = Folder::new();
    set.publish(&whole);
    let begun = Instant::now();
    assert!(start(&whole.0).wait().unwrap().success());
    let time = begun.elapsed();
    let expected = prepare(&Slow(Steps::new(SAMPLES), PathBuf::new()), &whole.places()).unwrap();
    is_right(&expected, &set);
    assert_eq!(fs::read(whole.0.join("journal")).unwrap().len(), SAMPLES);

    let mut random = ChaCha8Rng::seed_from_u64(std::process::id().into());
    let mut places = BTreeMap::from([(Landed::Unpacking, 0_usize), (Landed::Writing, 0)]);
    let mut n = 0;
    let missed =
        |places: &BTreeMap<_, _>| places[&Landed::Unpacking] == 0 || places[&Landed::Writing] < 3;
    // Where a kill lands is chance: there are more until each place was met.
    while n < n_kills || (missed(&places) && n < 10 * n_kills) {
        let folder = Folder::new();
        set.publish(&folder);
        // What ends before the kill counts as one, so that this ends as well.
        let aims = [Landed::Unpacking, Landed::Writing, Landed::Elsewhere, Landed::Writing];
        let aims = (n..n + KILLS).map(|i| aims[i % aims.len()]);
        let kills: Vec<_> = aims.map_while(|aim| kill(&folder.0, time, aim, &mut random)).collect();
        assert!(start(&folder.0).wait().unwrap().success());
        n += kills.len().max(1);
        let found = prepare(&Slow(Steps::new(SAMPLES), PathBuf::new()), &folder.places()).unwrap();
        is_right(&found, &set);
        assert_eq!(found.manifest(), expected.manifest());
        // Only what the threads were at is lost.
        let n_begun = fs::read(folder.0.join("journal")).unwrap().len();
        assert!(n_begun <= SAMPLES + 3 * kills.len(), "{n_begun} after {kills:?}");
        kills.into_iter().for_each(|place| *places.entry(place).or_default() += 1);
        assert!(!folder.0.join("cache/steps/raw/steps.tar.gz.unpacking").exists());
    }
    println!("killed {} times and ended alike: {places:?}", places.values().sum::<usize>());
    assert!(!missed(&places), "{places:?}");
}
