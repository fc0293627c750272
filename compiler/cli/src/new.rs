//! `snnc new`: a file with a neuron to start from, or a crate that trains it.

use std::fs;
use std::path::{Path, PathBuf};

use snn_compiler::{build, pipeline};

use crate::args::NewArgs;
use crate::report::{Failure, Result, print};
use crate::source::{Files as Imports, reason};
use crate::write;

/// The neuron. In this and the other templates `Neuron0` and `neuron0` stand for its names.
const NEURON: &str = include_str!("new/neuron.snn");

/// The files of a crate beside the neuron's own.
const CRATE: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("new/crate.toml")),
    ("README.md", include_str!("new/README.md")),
    (".gitignore", "/target\n"),
    ("build.rs", include_str!("new/build.rs")),
    ("src/main.rs", include_str!("new/main.rs")),
];

/// Writes the file, or the crate's folder; what is there is left alone.
pub fn new(args: &NewArgs) -> Result<()> {
    let name = &args.name;
    let stem = file_stem(name);
    let text = filled(NEURON, name);
    let source = pipeline::Source { name, text: &text };
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word || pipeline::check(source, &Imports).1.has_errors() {
        let message = format!("`{name}` cannot be a neuron's name: take a word such as Alif");
        return Err(Failure::Message(message));
    }
    let path = PathBuf::from(if args.a_crate { stem } else { format!("{stem}.snn") });
    let done =
        if args.a_crate { folder(&path, name) } else { write::fresh(&path, text.as_bytes()) };
    done.map_err(|why| {
        let why = match why.kind() {
            std::io::ErrorKind::AlreadyExists => "it is there already".into(),
            _ => reason(&why),
        };
        format!("cannot write {}: {why}", path.display())
    })?;
    print(&format!("{}\n", path.display()))
}

/// A template with the neuron's names in their places.
fn filled(template: &str, name: &str) -> String {
    let stem = file_stem(name);
    let (module, neuron) = build::rust_names(&stem, name);
    let is_rust = template != NEURON;
    template
        .replace("Neuron0", if is_rust { &neuron } else { name })
        .replace("neuron0_module", &module)
        .replace("neuron0", &stem)
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
}

/// Writes the crate beside its place, and puts it there when it is whole.
fn folder(path: &Path, name: &str) -> std::io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let beside = PathBuf::from(format!(".{}.{}", path.display(), std::process::id()));
    let done = fill(&beside, name).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    done
}

fn fill(folder: &Path, name: &str) -> std::io::Result<()> {
    let neuron = format!("neurons/{}.snn", file_stem(name));
    for (file, template) in CRATE.into_iter().chain([(neuron.as_str(), NEURON)]) {
        let path = folder.join(file);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        write::fresh(&path, filled(template, name).as_bytes())?;
    }
    Ok(())
}

/// `CubaLif` is in `cuba_lif.snn`.
fn file_stem(name: &str) -> String {
    let mut stem = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            stem.push('_');
        }
        stem.push(c.to_ascii_lowercase());
        before = c;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::file_stem;

    #[test]
    fn a_file_is_called_after_its_neuron() {
        for (name, stem) in
            [("Lif", "lif"), ("CubaLif", "cuba_lif"), ("QIF", "qif"), ("a_b", "a_b")]
        {
            assert_eq!(file_stem(name), stem);
        }
    }
}
