//! Where a piece of text stands: a file's id and a byte range in it.

use std::collections::BTreeMap;
use std::fmt;

/// The number of a source in a [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

impl FileId {
    /// The prelude's surrogates. Ids from here on are not given out by [`SourceMap::add`].
    pub const PRELUDE_SURROGATES: FileId = FileId(0xffff_0000);
    /// The prelude's functions.
    pub const PRELUDE_FUNCTIONS: FileId = FileId(0xffff_0001);

    /// Text number `index` that a user gave beside the files, such as an option's value.
    pub fn argument(index: u32) -> FileId {
        FileId(0xfff0_0000 + index.min(0xffff))
    }

    /// Whether it is the prelude's.
    pub fn is_prelude(self) -> bool {
        self.0 >= FileId::PRELUDE_SURROGATES.0
    }
}

/// A byte range in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte behind the last.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both; they lie in one file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The byte range within the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// One file's name and text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The id that its spans carry.
    pub id: FileId,
    /// The name shown in diagnostics.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// All sources of one compilation, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
    /// Sources whose ids are fixed.
    fixed: BTreeMap<FileId, Source>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source and gives it the next id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(self.sources.len() as u32);
        self.sources.push(Source { id, name: name.into(), text: text.into() });
        id
    }

    /// Adds a source with an id of its own: the prelude, or text from the command line.
    pub fn add_fixed(&mut self, source: Source) {
        self.fixed.insert(source.id, source);
    }

    /// The source with this id, if it was added here.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.sources.get(id.0 as usize).or_else(|| self.fixed.get(&id))
    }

    /// All files, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }
}
