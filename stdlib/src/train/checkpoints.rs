//! A folder of checkpoints.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::archive;
use super::parts::{Parts, restore};
use super::progress::Metrics;
use crate::error::Result;
use crate::files::{PART, failed};

/// What the names of checkpoints begin with, before the number of the step, and end in.
const FIRST: &str = "checkpoint-";
const LAST: &str = ".safetensors";

/// The file that a run holds as long as it uses the folder.
const LOCK: &str = ".lock";

/// Which number is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// The highest, as of an accuracy.
    Highest,
    /// The lowest, as of an error.
    Lowest,
}

/// The checkpoints in a folder, a file each: `checkpoint-STEP.safetensors`.
///
/// A file is written beside its place, put on the disk and renamed, so that one that has its name is whole. What a
/// killed run left half written is removed when the folder is opened. A folder is one run's at a time.
///
/// A loop of one's own saves what it likes as `progress`, as JSON, in which a number that is not whole may come back
/// with another last bit; its `to_bits` comes back as it is:
///
/// ```no_run
/// # use snn::{layer::Sequential, optim::Optimizer, train::{Checkpoints, Metrics, Parts}};
/// # fn train(network: &mut Sequential, optimizer: &mut Optimizer) -> snn::Result<()> {
/// let mut checkpoints = Checkpoints::open("checkpoints")?.keep(2);
/// let mut parts = Parts { network, optimizer, scaler: None };
/// let mut step: u64 = checkpoints.restore(&mut parts)?.unwrap_or(0);
/// while step < 10_000 {
///     // A step with `parts.network` and `parts.optimizer`.
///     step += 1;
///     if step % 100 == 0 {
///         checkpoints.save(&parts, step, &Metrics::new(), &step)?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    best: Option<(String, Goal)>,
    /// The metrics of those that there are, by their steps.
    saved: BTreeMap<u64, Metrics>,
    /// Held by this run; none where the file system has no locks.
    _lock: Option<File>,
}

impl Checkpoints {
    /// Opens a folder, which is made where it is not there, and removes what was never written to its end. The last
    /// three checkpoints are kept.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) where the folder cannot be made, read or written, or another run uses it.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let lock = lock(&folder)?;
        let mut saved = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let path = entry.map_err(failed(&folder))?.path();
            if is_left_over(&path) {
                fs::remove_file(&path).map_err(failed(&path))?;
            } else if let Some(step) = step_of(&path) {
                // A damaged one is told about where it is to be read, and is never the best.
                let about = archive::read_about(&path);
                saved.insert(step, about.map(|about| about.metrics).unwrap_or_default());
            }
        }
        Ok(Self { folder, keep: 3, best: None, saved, _lock: lock })
    }

    /// Keeps so many of the last ones, one at least.
    pub fn keep(self, n: usize) -> Self {
        Self { keep: n.max(1), ..self }
    }

    /// Also keeps the one with the best of a metric.
    pub fn best(self, metric: &str, goal: Goal) -> Self {
        Self { best: Some((metric.into(), goal)), ..self }
    }

    /// The file of the last checkpoint.
    pub fn newest_path(&self) -> Option<PathBuf> {
        self.saved.last_key_value().map(|(step, _)| self.path(*step))
    }

    /// The file with the best metric, the first of those that are as good; none without [`Checkpoints::best`].
    pub fn best_path(&self) -> Option<PathBuf> {
        self.best_step().map(|step| self.path(step))
    }

    /// Writes a checkpoint after so many steps in all, with the numbers that it may be the best by, and then removes
    /// those that are not to be kept.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) where it cannot be written; those before are then still there.
    pub fn save(
        &mut self,
        parts: &Parts<'_>,
        step: u64,
        metrics: &Metrics,
        progress: &impl Serialize,
    ) -> Result<PathBuf> {
        let path = self.path(step);
        parts.write(&path, step, metrics, progress)?;
        self.saved.insert(step, metrics.clone());
        self.prune()?;
        Ok(path)
    }

    /// Goes on from the last checkpoint and gives its progress; nothing where there is none. See [`restore`].
    ///
    /// # Errors
    ///
    /// As [`restore`].
    pub fn restore<P: DeserializeOwned>(&self, parts: &mut Parts<'_>) -> Result<Option<P>> {
        self.newest_path().map(|path| restore(&path, parts)).transpose()
    }

    fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("{FIRST}{step:010}{LAST}"))
    }

    fn best_step(&self) -> Option<u64> {
        let (metric, goal) = self.best.as_ref()?;
        let score = |metrics: &Metrics| {
            let score = metrics.get(metric).copied().filter(|score| !score.is_nan())?;
            Some(if *goal == Goal::Highest { score } else { -score })
        };
        let scores = self.saved.iter().filter_map(|(step, own)| Some((*step, score(own)?)));
        // Of equal ones the first stays.
        let better =
            |best: (u64, f64), other: (u64, f64)| if other.1 > best.1 { other } else { best };
        scores.reduce(better).map(|(step, _)| step)
    }

    fn prune(&mut self) -> Result<()> {
        let best = self.best_step();
        let n_old = self.saved.len().saturating_sub(self.keep);
        let old: Vec<u64> = self.saved.keys().take(n_old).copied().collect();
        for step in old.into_iter().filter(|step| Some(*step) != best) {
            let path = self.path(step);
            fs::remove_file(&path).map_err(failed(&path))?;
            self.saved.remove(&step);
        }
        Ok(())
    }
}

/// The lock of a folder, given back when the process ends, however it ends.
fn lock(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = File::create(&path).map_err(failed(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(failed(folder)("another run uses this folder of checkpoints"))
        }
        Err(TryLockError::Error(why)) if why.kind() == ErrorKind::Unsupported => Ok(None),
        Err(TryLockError::Error(why)) => Err(failed(&path)(why)),
    }
}

/// The step in the name of a checkpoint.
fn step_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(FIRST)?.strip_suffix(LAST)?.parse().ok()
}

/// Whether this is a checkpoint that was never written to its end.
fn is_left_over(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(FIRST) && name.ends_with(PART))
}
