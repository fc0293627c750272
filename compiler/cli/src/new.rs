//! `snnc new`: a file with a neuron to start from, or a crate that trains it.

use std::fmt::Write as _;
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
    (".gitignore", "/target\n/runs\n/.venv\n*.safetensors\n"),
    ("build.rs", include_str!("new/build.rs")),
    ("src/main.rs", include_str!("new/main.rs")),
];

/// The packages that a crate asks for, and those that these ask for, with their folders in a checkout.
const PACKAGES: [(&str, &str); 4] = [
    ("snn", "stdlib"),
    ("snn-artifact", "compiler/artifact"),
    ("snn-compiler", "compiler"),
    ("snn-runtime", "runtime"),
];

/// What is said of a new crate; the commands are behind two spaces.
const NEXT: &str = "\
neuron0

To train it, where libtorch is (neuron0/README.md says how to get it):

  cd neuron0
  cargo run
";

/// Writes the file, or the crate's folder; what is there is left alone.
pub fn new(args: &NewArgs) -> Result<()> {
    let name = &args.name;
    let text = filled(NEURON, name);
    check_name(name, &text)?;
    let stem = file_stem(name);
    if !args.a_crate {
        let path = PathBuf::from(format!("{stem}.snn"));
        write::fresh(&path, text.as_bytes()).map_err(|why| failed(&path, &why))?;
        return print(&format!("{}\n", path.display()));
    }
    let patch = args.source.as_deref().map_or(Ok(String::new()), patch)?;
    let path = Path::new(&stem);
    folder(path, name, &patch).map_err(|why| failed(path, &why))?;
    print(&NEXT.replace("neuron0", &stem))
}

fn check_name(name: &str, text: &str) -> Result<()> {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word && !pipeline::check(pipeline::Source { name, text }, &Imports).1.has_errors() {
        return Ok(());
    }
    let message = format!("`{name}` cannot be a neuron's name: take a word such as Alif");
    Err(Failure::Message(message))
}

fn failed(path: &Path, why: &std::io::Error) -> String {
    let why = match why.kind() {
        std::io::ErrorKind::AlreadyExists => "it is there already".into(),
        _ => reason(why),
    };
    format!("cannot write {}: {why}", path.display())
}

/// What a manifest says to take the packages out of a checkout of this repository.
fn patch(checkout: &Path) -> Result<String> {
    let failed = |why: &str| format!("--source {}: {why}", checkout.display());
    let root = checkout.canonicalize().map_err(|why| failed(&reason(&why)))?;
    let mut text = String::from("\n[workspace]\n\n[patch.crates-io]\n");
    for (name, folder) in PACKAGES {
        let path = root.join(folder);
        if !path.join("Cargo.toml").exists() {
            return Err(failed(&format!("this is no checkout of snnc: it has no {folder}")).into());
        }
        let _ = writeln!(text, "{name} = {{ path = {path:?} }}");
    }
    Ok(text)
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
fn folder(path: &Path, name: &str, patch: &str) -> std::io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let beside = PathBuf::from(format!(".{}.{}", path.display(), std::process::id()));
    let done = fill(&beside, name, patch).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    done
}

fn fill(folder: &Path, name: &str, patch: &str) -> std::io::Result<()> {
    let neuron = format!("neurons/{}.snn", file_stem(name));
    for (file, template) in CRATE.into_iter().chain([(neuron.as_str(), NEURON)]) {
        let path = folder.join(file);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let text = filled(template, name);
        let text = if file == "Cargo.toml" { text + patch } else { text };
        write::fresh(&path, text.as_bytes())?;
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
