//! Files and the environment: what is imported, what cargo says, what is written.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use super::{Error, Library, Result};
use crate::check::{Resolver, clean_path};
use crate::span::Source;

/// Imports from files beside the one that imports, with the names of all that was read.
pub struct Files {
    library: Option<Library>,
    read: RefCell<Vec<String>>,
}

impl Files {
    /// None read so far.
    pub fn new(library: Option<Library>) -> Self {
        Self { library, read: RefCell::default() }
    }

    /// The names of the files that were read or looked for, seen from the package's folder.
    pub fn read(&self) -> Vec<String> {
        self.read.borrow().clone()
    }

    /// The name and the text of the file to compile.
    pub fn main(&self, path: &Path) -> Result<(String, String)> {
        let path = clean_path(path);
        let name = path.display().to_string();
        let text = self.open(&path);
        Ok((name.clone(), text.map_err(|why| Error::new(format!("cannot read {name}: {why}")))?))
    }

    fn open(&self, path: &Path) -> std::result::Result<String, String> {
        self.read.borrow_mut().push(path.display().to_string());
        fs::read_to_string(path).map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".into(),
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text".into(),
            _ => why.to_string(),
        })
    }

    fn standard(&self, file: &str) -> std::result::Result<String, String> {
        let library = self.library.ok_or("give it with `Build::library(snn::neuron::source)`")?;
        let text = file.strip_suffix(".snn").and_then(library);
        Ok(text.ok_or("the standard library has no such file")?.into())
    }
}

impl Resolver for Files {
    fn resolve(&self, path: &str, from: &Source) -> std::result::Result<(String, String), String> {
        if let Some(file) = path.strip_prefix("std/") {
            return Ok((path.into(), self.standard(file)?));
        }
        let folder = Path::new(&from.name).parent().unwrap_or(Path::new(""));
        let file = clean_path(&folder.join(path));
        let text = self.open(&file)?;
        Ok((file.display().to_string(), text))
    }
}

/// A variable that cargo sets for build scripts.
pub fn variable(name: &str) -> Result<String> {
    let missing = || format!("{name} is not set: call this from a build.rs");
    std::env::var(name).map_err(|_| Error::new(missing()))
}

/// Writes a file: beside its place first, so that a build that is stopped leaves none half written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let done = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    done.map_err(|why| {
        // It takes room only; the error that led here is the one to tell.
        let _ = fs::remove_file(&beside);
        Error::new(format!("cannot write {}: {why}", path.display()))
    })
}
