//! The kernel cache: artifacts by key in a folder that only its owner may enter, and beside them the
//! schedules that were found by timing.
//!
//! What comes out of it is executed, so an entry counts only if it belongs to the user, nobody else may
//! write it, its SHA-256 is right and it says that it is of the key asked for. An entry that is not so
//! is as good as none: it is made again. Writes are atomic: a file beside, then renamed.

mod owner;
#[cfg(feature = "jit")]
mod schedules;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use snn_artifact::Artifact;

use crate::error::{Error, Result};

/// The environment variable that names another folder.
pub const VARIABLE: &str = "SNNC_CACHE";

/// What the files of artifacts end in, and those of schedules.
const ARTIFACT: &str = "artifact";
const SCHEDULE: &str = "schedule";

/// A folder of artifacts.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    user: owner::User,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many artifacts.
    pub n_entries: usize,
    /// Their files' sizes in all.
    pub bytes: u64,
}

impl Cache {
    /// The user's cache: where [`VARIABLE`] says, or in the platform's folder for caches.
    ///
    /// # Errors
    ///
    /// As [`Cache::at`], and where the platform's folder is not known.
    pub fn open() -> Result<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let folder = folder(&variable).ok_or_else(|| Error::Cache {
            path: VARIABLE.into(),
            why: "neither it nor the user's home folder is set".into(),
        })?;
        Self::at(&folder)
    }

    /// A cache in a folder, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where the folder of the entries cannot be made or written, is another user's, or
    /// may be entered by others.
    pub fn at(folder: &Path) -> Result<Self> {
        let folder = folder.join("kernels");
        let user = owner::prepare(&folder).map_err(|why| failed(&folder, why))?;
        Ok(Self { folder, user })
    }

    /// Where the entries are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The artifact of a key, if it is there and whole.
    pub fn get(&self, key: &str) -> Option<Artifact> {
        let mut file = fs::File::open(self.path(key, ARTIFACT).ok()?).ok()?;
        if !self.user.trusts(&file.metadata().ok()?) {
            return None;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        Artifact::from_bytes(&bytes).filter(|artifact| artifact.manifest.key == key)
    }

    /// Writes an artifact under the key of its manifest, in place of what is there.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where the key is no file name or the file cannot be written.
    pub fn put(&self, artifact: &Artifact) -> Result<()> {
        let path = self.path(&artifact.manifest.key, ARTIFACT)?;
        let bytes = artifact.to_bytes().map_err(|e| failed(&path, e.to_string()))?;
        self.write(&path, &bytes)
    }

    /// Writes a file beside its place, and renames it.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{number}", std::process::id()));
        let written = owner::create(&beside)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&beside, path));
        written.map_err(|e| {
            // What is left beside takes room only; the first error is the one to tell.
            let _ = fs::remove_file(&beside);
            failed(path, e.to_string())
        })
    }

    /// The artifact of a key, made and written where it is not there. That it cannot be written costs the
    /// next run time and is no error.
    ///
    /// # Errors
    ///
    /// What `make` gives.
    pub fn get_or_make(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<Artifact>,
    ) -> Result<Artifact> {
        if let Some(artifact) = self.get(key) {
            return Ok(artifact);
        }
        let artifact = make()?;
        let _ = self.put(&artifact);
        Ok(artifact)
    }

    /// How many artifacts there are, and how large they are with the schedules beside them.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where the folder cannot be read.
    pub fn contents(&self) -> Result<Contents> {
        let mut contents = Contents::default();
        for path in self.entries()? {
            contents.n_entries += usize::from(path.extension().is_some_and(|e| e == ARTIFACT));
            contents.bytes += fs::metadata(&path).map_or(0, |m| m.len());
        }
        Ok(contents)
    }

    /// Removes all entries and says what there was.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where an entry cannot be removed.
    pub fn clear(&self) -> Result<Contents> {
        let contents = self.contents()?;
        for path in self.entries()? {
            fs::remove_file(&path).map_err(|e| failed(&path, e.to_string()))?;
        }
        Ok(contents)
    }

    fn entries(&self) -> Result<Vec<PathBuf>> {
        let read = |e: std::io::Error| failed(&self.folder, e.to_string());
        let mut paths = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(read)? {
            let path = file.map_err(read)?.path();
            if path.extension().is_some_and(|e| e == ARTIFACT || e == SCHEDULE) {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// The file of a key, which has to be a plain word: it becomes a file's name.
    fn path(&self, key: &str, extension: &str) -> Result<PathBuf> {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain {
            return Err(failed(&self.folder, format!("`{key}` is no key")));
        }
        Ok(self.folder.join(key).with_extension(extension))
    }
}

fn failed(path: &Path, why: impl Into<String>) -> Error {
    Error::Cache { path: path.display().to_string(), why: why.into() }
}

/// The platform's folder for caches, from the environment.
fn folder(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let below = |name: &str, rest: &str| Some(PathBuf::from(variable(name)?).join(rest));
    below(VARIABLE, "").or_else(|| {
        if cfg!(windows) {
            below("LOCALAPPDATA", "snnc\\cache")
        } else if cfg!(target_os = "macos") {
            below("HOME", "Library/Caches/snnc")
        } else {
            below("XDG_CACHE_HOME", "snnc").or_else(|| below("HOME", ".cache/snnc"))
        }
    })
}

#[cfg(test)]
mod tests;
