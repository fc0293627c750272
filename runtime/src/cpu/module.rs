//! Loaded machine code and its launches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rayon::ThreadPool;
use snn_artifact::{ABI, Artifact, Code as ArtifactCode, Entry, SCHEMA, Target};

use super::code::Code;
use super::float_mode::FloatMode;
use super::{NAME, check, failed, host_level, supports};
use crate::device::{Argument, Module};
use crate::error::{Error, Result};

/// Tasks that a launch is cut into for each thread, so that one that is slowed down keeps no other
/// waiting for long.
const TASKS_PER_THREAD: i64 = 8;

/// Fewer lanes times steps than this are not worth waking another thread for.
const ALONE: i64 = 1 << 15;

/// A loaded artifact.
pub struct CpuModule {
    code: Code,
    entries: BTreeMap<String, Entry>,
    pool: Arc<ThreadPool>,
}

/// What each task of a launch needs. The addresses are those of buffers that the launch borrows.
struct Launch<'a> {
    code: &'a Code,
    offset: usize,
    buffers: Vec<*mut u8>,
    scalars: &'a [i64],
}

// SAFETY: tasks write different lanes, read what no task writes, and the launch that borrows the buffers
// outlives them.
unsafe impl Sync for Launch<'_> {}

impl CpuModule {
    /// Maps the code of an artifact that is for this processor.
    pub fn new(artifact: &Artifact, pool: Arc<ThreadPool>) -> Result<Self> {
        let manifest = &artifact.manifest;
        if (manifest.schema, manifest.abi) != (SCHEMA, ABI) {
            let (schema, abi) = (manifest.schema, manifest.abi);
            let have = format!("this runtime takes schema {SCHEMA} and kernel ABI {ABI}");
            return Err(refused(format!("it has schema {schema} and kernel ABI {abi}; {have}")));
        }
        let (Target::Cpu { level }, ArtifactCode::Cpu(code)) = (&manifest.target, &artifact.code)
        else {
            return Err(refused("it is not for a CPU".into()));
        };
        if !supports(level) {
            let best = host_level().unwrap_or("of no level");
            return Err(refused(format!("it is for {level}, and this processor is {best}")));
        }
        for (name, entry) in &manifest.entries {
            if entry.offset >= code.len() as u64 || entry.block == 0 {
                return Err(refused(format!("its entry `{name}` lies outside of the code")));
            }
        }
        Ok(Self { code: Code::new(code)?, entries: manifest.entries.clone(), pool })
    }
}

fn refused(why: String) -> Error {
    Error::Artifact(why)
}

impl Module for CpuModule {
    /// Returns when the entry is done.
    fn launch(
        &self,
        entry: &str,
        first_lane: usize,
        lanes: usize,
        buffers: &mut [Argument<'_>],
        scalars: &[i64],
    ) -> Result<()> {
        let what = || format!("launching `{entry}`");
        let known = self.entries.get(entry);
        let entry = known.ok_or_else(|| failed(what(), "the artifact has no such entry"))?;
        if first_lane != 0 {
            return Err(Error::Unsupported {
                device: NAME.into(),
                what: format!("a launch of `{}` that begins at a later lane", entry.symbol),
                instead: "its buffers have no largest size, so launch all lanes at once".into(),
            });
        }
        let buffers = check::addresses(entry, buffers, scalars)?;
        check_lanes(entry, lanes, scalars)?;
        let launch = Launch { code: &self.code, offset: entry.offset as usize, buffers, scalars };
        let n_blocks = lanes.div_ceil(entry.block as usize) * entry.segments(scalars);
        let n_blocks = n_blocks as i64;
        launch.spread(&self.pool, n_blocks, work(entry, scalars) <= ALONE);
        Ok(())
    }
}

/// The lanes of a launch are its `N`, or the sums of `reduce` its `G`.
fn check_lanes(entry: &Entry, lanes: usize, scalars: &[i64]) -> Result<()> {
    let position = entry.scalars.iter().position(|name| name == "N" || name == "G");
    match position.map(|i| (&entry.scalars[i], scalars[i])) {
        Some((name, value)) if usize::try_from(value) != Ok(lanes) => {
            let why = format!("it runs over {lanes} lanes, but scalar `{name}` is {value}");
            Err(failed(format!("launching `{}`", entry.symbol), why))
        }
        _ => Ok(()),
    }
}

/// The lanes times the steps of a kernel, or the terms of all sums of `reduce`.
fn work(entry: &Entry, scalars: &[i64]) -> i64 {
    let counts = |name: &str| matches!(name, "T" | "N" | "G" | "S" | "O");
    let sums = entry.scalars.iter().any(|name| name == "G");
    let factors = entry
        .scalars
        .iter()
        .zip(scalars)
        .filter(|(name, _)| counts(name) && (sums || name.as_str() != "S"));
    factors.fold(1, |work: i64, (_, &size)| work.saturating_mul(size.max(1)))
}

impl Launch<'_> {
    /// Runs all blocks, over all threads unless `alone`.
    fn spread(&self, pool: &ThreadPool, n_blocks: i64, alone: bool) {
        let n_threads = pool.current_num_threads() as i64;
        if alone || n_threads == 1 || n_blocks <= 1 {
            return self.run(0, n_blocks);
        }
        let task = 1 + (n_blocks - 1) / (n_threads * TASKS_PER_THREAD);
        let next = AtomicI64::new(0);
        pool.broadcast(|_| {
            loop {
                let begin = next.fetch_add(task, Ordering::Relaxed);
                if begin >= n_blocks {
                    break;
                }
                self.run(begin, (begin + task).min(n_blocks));
            }
        });
    }

    fn run(&self, begin: i64, end: i64) {
        let _mode = FloatMode::default_for_kernels();
        // SAFETY: the entry and its arguments were checked against the manifest, which the compiler wrote
        // with the code.
        unsafe { self.code.call(self.offset, &self.buffers, self.scalars, (begin, end)) };
    }
}
