//! A digest of the compiler's own source, so that two builds of one version do not share a kernel cache.

use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=src");
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(file.to_string_lossy().as_bytes());
        hasher.write(&fs::read(&file)?);
    }
    println!("cargo:rustc-env=SNNC_SOURCE={:016x}", hasher.finish());
    Ok(())
}

/// The files in a folder but for those of tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match path.is_dir() {
            _ if name == "snapshots" || name.starts_with("tests") => {}
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
