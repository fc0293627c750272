//! The programs that inputs are made from.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs};

/// All files of the project that hold programs, and the examples of the reference.
pub struct Corpus(Vec<String>);

impl Corpus {
    /// Their texts.
    pub fn texts(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// Beside those of the standard library. They are read when needed: most lie in other packages, and a
/// package is built without those around it.
const FILES: [&str; 10] = [
    "tests/corpus/delayed.snn",
    "tests/corpus/few_spike.snn",
    "tests/corpus/integer.snn",
    "tests/corpus/plif.snn",
    "tests/corpus/refractory.snn",
    "tests/corpus/ternary.snn",
    "compiler/src/ast/everything.snn",
    "compiler/src/ast/wide.snn",
    "compiler/src/prelude/functions.snn",
    "compiler/src/prelude/surrogates.snn",
];

const REFERENCE: &str = "docs/language.md";

/// The corpus.
pub static CORPUS: LazyLock<Corpus> = LazyLock::new(|| {
    let mut texts: Vec<String> = FILES.iter().map(|file| read(file)).collect();
    let neurons = snn::neuron::NAMES.iter().filter_map(|name| snn::neuron::source(name));
    texts.extend(neurons.map(String::from));
    let reference = read(REFERENCE);
    let examples = reference.split("```snn").skip(1).filter_map(|part| {
        let (_, rest) = part.split_once('\n')?;
        Some(rest.split_once("```")?.0.to_string())
    });
    texts.extend(examples);
    Corpus(texts)
});

/// The folder of the project: the one that this was built in, or what `SNN_ROOT` says where it moved.
pub fn root() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    env::var_os("SNN_ROOT").map_or_else(built, PathBuf::from)
}

fn read(file: &str) -> String {
    let path = root().join(file);
    fs::read_to_string(&path).unwrap_or_else(|why| {
        panic!("cannot read {}: {why}; SNN_ROOT has to name the project's folder", path.display())
    })
}
