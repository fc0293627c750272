//! The programs that inputs are made from.

use std::sync::LazyLock;

/// All files of the project that hold programs, and the examples of the reference.
pub struct Corpus(Vec<String>);

impl Corpus {
    /// Their texts.
    pub fn texts(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

const FILES: [&str; 10] = [
    include_str!("../../corpus/delayed.snn"),
    include_str!("../../corpus/few_spike.snn"),
    include_str!("../../corpus/integer.snn"),
    include_str!("../../corpus/plif.snn"),
    include_str!("../../corpus/refractory.snn"),
    include_str!("../../corpus/ternary.snn"),
    include_str!("../../../compiler/src/ast/everything.snn"),
    include_str!("../../../compiler/src/ast/wide.snn"),
    include_str!("../../../compiler/src/prelude/functions.snn"),
    include_str!("../../../compiler/src/prelude/surrogates.snn"),
];

const REFERENCE: &str = include_str!("../../../docs/language.md");

/// The corpus.
pub static CORPUS: LazyLock<Corpus> = LazyLock::new(|| {
    let mut texts: Vec<String> = FILES.iter().map(|text| text.to_string()).collect();
    let neurons = snn::neurons::NAMES.iter().filter_map(|name| snn::neurons::source(name));
    texts.extend(neurons.map(String::from));
    let examples = REFERENCE.split("```snn").skip(1).filter_map(|part| {
        let (_, rest) = part.split_once('\n')?;
        Some(rest.split_once("```")?.0.to_string())
    });
    texts.extend(examples);
    Corpus(texts)
});
