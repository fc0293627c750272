//! Files that are whole or not there: each is written beside its place, and all are renamed at the end.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::report::{Failure, Result};
use crate::source::reason;

/// Files to be written together.
#[derive(Default)]
pub struct Files(Vec<(PathBuf, Vec<u8>)>);

impl Files {
    /// A file and what will be in it.
    pub fn add(&mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) {
        self.0.push((path.into(), contents.into()));
    }

    /// Their names, for people.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(path, _)| path.display().to_string()).collect()
    }

    /// Writes them.
    ///
    /// # Errors
    ///
    /// The file that cannot be written; then none was, unless a rename itself failed.
    pub fn commit(self) -> Result<()> {
        let mut written = Beside(Vec::new());
        for (i, (path, contents)) in self.0.iter().enumerate() {
            let beside = beside(path, i);
            let made = File::create_new(&beside);
            written.0.push((beside, path.clone()));
            let done =
                made.and_then(|mut file| file.write_all(contents).and_then(|()| file.sync_all()));
            done.map_err(|why| failed(path, &why))?;
        }
        while let Some((beside, path)) = written.0.first() {
            fs::rename(beside, path).map_err(|why| failed(path, &why))?;
            written.0.remove(0);
        }
        Ok(())
    }
}

/// Makes a folder, and those that it is in, where they are not there.
///
/// # Errors
///
/// Where it cannot be made.
pub fn folder(path: &Path) -> Result<()> {
    let made = fs::create_dir_all(path);
    Ok(made.map_err(|why| format!("cannot make {}: {}", path.display(), reason(&why)))?)
}

/// Writes a file that must not be there yet.
///
/// # Errors
///
/// Where it is there, or cannot be written; then nothing is left of it.
pub fn fresh(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    let done = file.write_all(contents).and_then(|()| file.sync_all());
    if done.is_err() {
        let _ = fs::remove_file(path);
    }
    done
}

/// Puts other contents into a file that is there, which keeps its permissions; a link stays a link.
///
/// # Errors
///
/// Where it cannot be written; then the file is as it was.
pub fn replace(path: &Path, contents: &[u8]) -> Result<()> {
    let target = fs::canonicalize(path).map_err(|why| failed(path, &why))?;
    let permissions = fs::metadata(&target).map_err(|why| failed(path, &why))?.permissions();
    if permissions.readonly() {
        let path = path.display();
        return Err(Failure::Message(format!("cannot write {path}: it is read-only")));
    }
    let mut written = Beside(vec![(beside(&target, 0), target)]);
    let (place, target) = &written.0[0];
    let done = fresh(place, contents)
        .and_then(|()| fs::set_permissions(place, permissions))
        .and_then(|()| fs::rename(place, target));
    done.map_err(|why| failed(path, &why))?;
    written.0.clear();
    Ok(())
}

/// Files beside their places; what is still there in the end is removed.
struct Beside(Vec<(PathBuf, PathBuf)>);

impl Drop for Beside {
    fn drop(&mut self) {
        for (beside, _) in &self.0 {
            // It takes room only; the error that led here is the one to tell.
            let _ = fs::remove_file(beside);
        }
    }
}

fn beside(path: &Path, number: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{number}", std::process::id()))
}

fn failed(path: &Path, why: &std::io::Error) -> Failure {
    let why = match why.kind() {
        std::io::ErrorKind::NotFound => "there is no such folder".into(),
        _ => reason(why),
    };
    Failure::Message(format!("cannot write {}: {why}", path.display()))
}
