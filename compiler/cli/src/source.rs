//! The text of programs: files, standard input and imports.

use std::io::Read;
use std::path::Path;

use snn_compiler::check::{Resolver, clean_path};
use snn_compiler::span::Source;

use crate::report::Result;

/// What standard input is called in messages.
const STDIN: &str = "<stdin>";

/// The largest program that is read; the compiler has its own, smaller limit.
const LIMIT: u64 = 64 << 20;

/// A program's name and text.
pub struct Text {
    /// The file's name, as messages show it.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// What a file of the standard library begins with on the command line.
const STANDARD: &str = "std:";

/// Reads a program; `-` is standard input, and `std:lif` the standard library's file of that name.
pub fn read(file: &str) -> Result<Text> {
    if file == "-" {
        let text = whole(std::io::stdin().lock());
        let text = text.map_err(|why| format!("cannot read standard input: {why}"))?;
        return Ok(Text { name: STDIN.into(), text });
    }
    if let Some(name) = file.strip_prefix(STANDARD) {
        let text = snn::neuron::source(name).ok_or_else(|| {
            format!("the standard library has no neuron `{name}`: `snnc list` says what it has")
        })?;
        return Ok(Text { name: format!("std/{name}.snn"), text: text.into() });
    }
    let name = clean_path(Path::new(file));
    let text = open(Path::new(file)).map_err(|why| format!("cannot read {file}: {why}"))?;
    Ok(Text { name: name.display().to_string(), text })
}

/// What a file of the standard library would be called in the folder one is in: `lif.snn` for `std:lif`.
pub fn standard_file(file: &str) -> Option<String> {
    file.strip_prefix(STANDARD).map(|name| format!("{name}.snn"))
}

/// Imports from files beside the one that imports, and from the standard library.
pub struct Files;

impl Resolver for Files {
    fn resolve(&self, path: &str, from: &Source) -> std::result::Result<(String, String), String> {
        if let Some(file) = path.strip_prefix("std/") {
            return standard(file);
        }
        let folder = Path::new(&from.name).parent().filter(|_| from.name != STDIN);
        let file = clean_path(&folder.unwrap_or(Path::new("")).join(path));
        let text = open(&file)?;
        Ok((file.display().to_string(), text))
    }
}

fn standard(file: &str) -> std::result::Result<(String, String), String> {
    let text = file.strip_suffix(".snn").and_then(snn::neuron::source);
    let text = text.ok_or_else(|| {
        format!("the standard library has no `std/{file}`: `snnc list` says what it has")
    })?;
    Ok((format!("std/{file}"), text.into()))
}

fn open(path: &Path) -> std::result::Result<String, String> {
    whole(std::fs::File::open(path).map_err(|why| reason(&why))?)
}

fn whole(reader: impl Read) -> std::result::Result<String, String> {
    let mut bytes = Vec::new();
    reader.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|why| reason(&why))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("it has more than {} MiB", LIMIT >> 20));
    }
    String::from_utf8(bytes).map_err(|why| {
        format!("it is not UTF-8 text: byte {} is wrong", why.utf8_error().valid_up_to())
    })
}

/// The system's words without its number.
pub fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}
