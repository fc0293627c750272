//! A folder of files that are made one by one, several at the same time.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::Sha256;

use super::Failure;
use super::manifest::{Manifest, Stamp};
use crate::data::archive::name::{self, Taken};
use crate::data::bar::{Bar, Unit};
use crate::data::download::digest;
use crate::data::error::{self, Error, Result};
use crate::data::files::{self, PART, Record, below, beside, parent};
use crate::data::lock::Lock;
use crate::data::{cache, parallel};

/// The name of a manifest in its folder.
const MANIFEST: &str = "manifest.json";

/// A file that is wanted in a folder.
#[derive(Clone, Debug)]
pub struct Item<W> {
    /// Its path below the folder, with `/` between the names.
    pub path: String,
    /// What writes it.
    pub write: W,
}

/// How to prepare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How many files are made at the same time; 0 for as many as there are processors.
    pub threads: usize,
    /// Draws no bar. One is drawn on a terminal alone, for what takes over a second.
    pub quiet: bool,
}

/// A folder whose files are all there.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    folder: PathBuf,
    manifest: Manifest,
}

impl Prepared {
    /// Makes what a folder lacks of some files. Each gets its name once it is on the disk as a whole, and the manifest
    /// says last that all have theirs. What a run before has left is gone on with if its stamp is the same, and
    /// deleted if it is another. Waits while another process does so.
    ///
    /// # Errors
    ///
    /// [`Error::Item`] with what a writer said, of several [`Error::Several`]: what is finished by then stays, and
    /// the next run makes the rest. [`Error::Argument`] where two files have the same path, or one leads out of the
    /// folder. [`Error::Format`] where the folder has files, but no manifest: they are not of this library, and not
    /// deleted. [`Error::Io`] where something cannot be made, read or written.
    pub fn new<W>(
        folder: &Path,
        stamp: &Stamp,
        items: &[Item<W>],
        options: &Options,
    ) -> Result<Self>
    where
        W: Fn(&mut dyn Write) -> std::result::Result<(), Failure> + Sync,
    {
        check(items)?;
        cache::make(folder)?;
        let _lock = Lock::wait(&beside(folder, ".lock"))?;
        let known = begin(folder, stamp)?;
        let folders: BTreeSet<PathBuf> =
            items.iter().map(|item| parent(&below(folder, &item.path)).to_path_buf()).collect();
        folders.iter().try_for_each(|folder| cache::make(folder).map(|_| ()))?;

        let bar = Bar::new(stamp.set.as_str(), Unit::Files, options.quiet);
        bar.gauge(items.len() as u64);
        let has_failed = AtomicBool::new(false);
        let n_threads = parallel::threads(options.threads);
        let batches: Vec<&[Item<W>]> = items.chunks(batch(items.len(), n_threads)).collect();
        let results = parallel::each(n_threads, &batches, |items| {
            let made = items.iter().map_while(|item| {
                // No more is begun then; what the others are at becomes finished.
                let begins = !has_failed.load(Ordering::Relaxed);
                let made = begins.then(|| make(folder, item, &known))?;
                has_failed.fetch_or(made.is_err(), Ordering::Relaxed);
                bar.gauge(0).add(1);
                Some(made)
            });
            let mut made: Vec<_> = made.collect();
            let named = name_all(folder, made.iter().flatten());
            has_failed.fetch_or(named.is_err(), Ordering::Relaxed);
            made.extend(named.err().map(Err));
            made
        });
        let made = error::all(results.into_iter().flatten().collect())?;
        let records = made.into_iter().map(|made| made.record).collect();
        folders.iter().try_for_each(|folder| sync_up(folder))?;
        let manifest = Manifest::new(stamp, Some(records));
        manifest.write(&folder.join(MANIFEST))?;
        Ok(Self { folder: folder.to_path_buf(), manifest })
    }

    /// A folder that is there with all its files, by their sizes; none where it is not, or is of another stamp.
    ///
    /// # Errors
    ///
    /// Those of [`Manifest::read`].
    pub fn open(folder: &Path, stamp: &Stamp) -> Result<Option<Self>> {
        Ok(Self::look(folder, stamp)?.filter(|prepared| prepared.manifest.has_all(folder)))
    }

    /// The same without looking for the files.
    pub(super) fn look(folder: &Path, stamp: &Stamp) -> Result<Option<Self>> {
        let manifest = Manifest::read(&folder.join(MANIFEST))?.filter(|known| known.is_of(stamp));
        Ok(manifest.map(|manifest| Self { folder: folder.to_path_buf(), manifest }))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is in it.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The samples of a split, each with its class, in their order; none where there is no such split.
    #[must_use]
    pub fn samples(&self, split: &str) -> Vec<(PathBuf, usize)> {
        let sample = |(path, class): (&str, usize)| (below(&self.folder, path), class);
        self.paths(split).map(sample).collect()
    }

    /// The same as paths below the folder, with `/` between the names.
    pub(in crate::data) fn paths(&self, split: &str) -> impl Iterator<Item = (&str, usize)> {
        self.manifest.files.iter().filter_map(move |file| {
            let (class, _) = file.path.strip_prefix(split)?.strip_prefix('/')?.split_once('/')?;
            Some((file.path.as_str(), class.parse().ok()?))
        })
    }

    /// Reads all files and holds them against the manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for what is missing, [`Error::Checksum`] for what was changed, [`Error::Format`] for what is
    /// there besides; [`Error::Several`] with all of them where there are more.
    pub fn verify(&self) -> Result<()> {
        let files = &self.manifest.files;
        let mut results = parallel::each(parallel::threads(0), files, |file| {
            let path = below(&self.folder, &file.path);
            let found = record(&path, &file.path)?;
            let told = |file: &Record| format!("{} bytes with SHA-256 {}", file.bytes, file.sha256);
            match found == *file {
                true => Ok(()),
                false => {
                    let [from, expected, found] =
                        [path.display().to_string(), told(file), told(&found)];
                    Err(Error::Checksum { from, expected, found })
                }
            }
        });
        let known: BTreeSet<PathBuf> =
            files.iter().map(|file| below(&self.folder, &file.path)).collect();
        let mut there = Vec::new();
        walk(&self.folder, &mut there)?;
        there.retain(|path| !known.contains(path) && *path != self.folder.join(MANIFEST));
        results.extend(there.into_iter().map(|path| {
            let (file, hint) = (path.display().to_string(), "move it elsewhere");
            let [expected, found] = ["only files of the manifest", "another one"].map(String::from);
            Err(Error::Format { file, expected, found, hint })
        }));
        error::all(results).map(|_| ())
    }
}

/// Holds the paths against each other.
fn check<W>(items: &[Item<W>]) -> Result<()> {
    let mut taken = Taken::default();
    let mut take = |path: &str| {
        let names = name::split(path)?;
        match names.join("/") == path && !path.ends_with(PART) {
            true => taken.take(&names, true),
            false => {
                Err("it has an empty name, or one of a file that is still written".to_string())
            }
        }
    };
    for path in [MANIFEST].into_iter().chain(items.iter().map(|item| item.path.as_str())) {
        take(path).map_err(|why| {
            let expected = "one in the folder, and of one file alone";
            error::argument("a path", expected, format!("{path:?}: {why}"))
        })?;
    }
    Ok(())
}

/// Makes the folder one of this stamp. Returns what is known to be there: what its manifest has, where it was complete.
fn begin(folder: &Path, stamp: &Stamp) -> Result<HashMap<String, Record>> {
    let path = folder.join(MANIFEST);
    let unfinished = Manifest::new(stamp, None);
    let known = match Manifest::read(&path)? {
        Some(manifest) if manifest == unfinished => return Ok(HashMap::new()),
        Some(manifest) if manifest.is_of(stamp) => manifest.files,
        Some(_) => {
            clear(folder)?;
            Vec::new()
        }
        None => {
            is_free(folder)?;
            Vec::new()
        }
    };
    unfinished.write(&path)?;
    Ok(known.into_iter().map(|file| (file.path.clone(), file)).collect())
}

/// Most files that get their names together.
const BATCH: usize = 64;

/// How many files get their names together: few enough that all threads have some in turn.
fn batch(n: usize, n_threads: usize) -> usize {
    (n / (16 * n_threads)).clamp(1, BATCH)
}

/// A file of the folder.
struct Made {
    record: Record,
    /// It still lies beside its place.
    is_beside: bool,
}

/// Makes a file where it is not there or not as it is known. It still lacks its name then.
fn make<W>(folder: &Path, item: &Item<W>, known: &HashMap<String, Record>) -> Result<Made>
where
    W: Fn(&mut dyn Write) -> std::result::Result<(), Failure>,
{
    let path = below(folder, &item.path);
    let there = |record| Ok(Made { record, is_beside: false });
    match known.get(&item.path) {
        Some(file) if Manifest::has(folder, file) => return there(file.clone()),
        // It has its name and so is whole, but nobody has noted it yet.
        None if path.exists() => return there(record(&path, &item.path)?),
        _ => {}
    }
    let failed =
        |why: Failure| Error::Item { item: path.display().to_string(), why: why.to_string() };
    let write = |out: &mut dyn Write| (item.write)(out).map_err(failed);
    let syncs = !files::HAS_SYNC_DISK;
    let (bytes, sha256) = files::write_beside(&path, syncs, write, error::io("write", &path))?;
    Ok(Made { record: Record { path: item.path.clone(), bytes, sha256 }, is_beside: true })
}

/// Gives files their names, once all of them are on the disk.
fn name_all<'a>(folder: &Path, made: impl Iterator<Item = &'a Made>) -> Result<()> {
    let paths = made.filter(|made| made.is_beside).map(|made| below(folder, &made.record.path));
    let paths: Vec<PathBuf> = paths.collect();
    if paths.is_empty() {
        return Ok(());
    }
    files::sync_disk(folder)?;
    paths.iter().try_for_each(|path| files::name(path).map_err(error::io("write", path)))
}

/// Waits until the names of a folder and of those above it are on the disk.
fn sync_up(folder: &Path) -> Result<()> {
    files::sync_folder(folder)?;
    files::sync_folder(parent(folder))
}

/// What is at a path.
fn record(path: &Path, name: &str) -> Result<Record> {
    let sha256 = digest::<Sha256>(path)?;
    let bytes = fs::metadata(path).map_err(error::io("read", path))?.len();
    Ok(Record { path: name.into(), bytes, sha256 })
}

/// Nothing is in the folder but a manifest that was still written.
fn is_free(folder: &Path) -> Result<()> {
    let mut there = Vec::new();
    walk(folder, &mut there)?;
    there.retain(|path| *path != beside(&folder.join(MANIFEST), PART));
    match there.first() {
        None => Ok(()),
        Some(other) => {
            let (file, hint) = (folder.display().to_string(), "name another folder, or delete it");
            let [expected, found] =
                ["a folder that is empty or has a manifest", ""].map(String::from);
            Err(Error::Format { file, expected, found: found + &other.display().to_string(), hint })
        }
    }
}

/// Empties a folder, its manifest last: what is stale is not taken for foreign if this is interrupted.
fn clear(folder: &Path) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(error::io("read", folder))?;
    for entry in entries {
        let path = entry.map_err(error::io("read", folder))?.path();
        if path == folder.join(MANIFEST) {
            continue;
        }
        let is_folder = path.symlink_metadata().is_ok_and(|about| about.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(error::io("remove", &path))?;
    }
    Ok(())
}

/// All files below a folder.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let failed = error::io("read", folder);
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        match entry.file_type().map_err(&failed)?.is_dir() {
            true => walk(&entry.path(), found)?,
            false => found.push(entry.path()),
        }
    }
    Ok(())
}
