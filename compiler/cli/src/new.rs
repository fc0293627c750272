//! `snnc new`: a file with a neuron to start from.

use std::path::PathBuf;

use snn_compiler::pipeline;

use crate::args::NewArgs;
use crate::report::{Failure, Result, print};
use crate::source::{Files as Imports, reason};
use crate::write;

/// The neuron, but for its name.
const TEMPLATE: &str = include_str!("new.snn");

/// The word in it that stands for the name.
const NAME: &str = "Neuron0";

/// Writes the file; one that is there is left alone.
pub fn new(args: &NewArgs) -> Result<()> {
    let name = &args.name;
    let text = TEMPLATE.replace(NAME, name).replace("neuron0", &file_stem(name));
    let source = pipeline::Source { name, text: &text };
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word || pipeline::check(source, &Imports).1.has_errors() {
        let message = format!("`{name}` cannot be a neuron's name: take a word such as Alif");
        return Err(Failure::Message(message));
    }
    let path = PathBuf::from(format!("{}.snn", file_stem(name)));
    write::fresh(&path, text.as_bytes()).map_err(|why| {
        let why = match why.kind() {
            std::io::ErrorKind::AlreadyExists => "it is there already".into(),
            _ => reason(&why),
        };
        format!("cannot write {}: {why}", path.display())
    })?;
    print(&format!("{}\n", path.display()))
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
