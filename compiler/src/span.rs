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

    /// The prelude's functions as file 0 calls them, those of file 1 next, and so on.
    const CALLED: u32 = 0xffff_0100;

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

    /// The span of what a function of the prelude computes for a call that stands here.
    pub fn within_call(self) -> Span {
        let file = self.file.0.checked_add(FileId::CALLED);
        Span { file: file.map_or(FileId::PRELUDE_FUNCTIONS, FileId), ..self }
    }

    /// Where a reader of the program looks for it: the call, for what a function of the prelude computes.
    pub fn in_program(self) -> Span {
        let caller = self.file.0.checked_sub(FileId::CALLED);
        Span { file: caller.map_or(self.file, FileId), ..self }
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

impl Source {
    /// The line and the column of a byte, from 1; columns are in characters.
    pub fn position(&self, at: u32) -> (usize, usize) {
        let before = &self.text.as_bytes()[..self.text.len().min(at as usize)];
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_first = |byte: &&u8| **byte & 0xc0 != 0x80;
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        (lines + 1, line.iter().filter(is_first).count() + 1)
    }
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

#[cfg(test)]
mod tests {
    use super::{FileId, Source, Span};

    #[test]
    fn lines_and_columns_count_from_1() {
        let source = Source { id: FileId(0), name: "a".into(), text: "ab\n\u{b5}c\n".into() };
        let positions = [0, 1, 3, 5, 6, 7, 99].map(|at| source.position(at));
        assert_eq!(positions, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 1)]);
    }

    #[test]
    fn what_the_prelude_computes_leads_to_its_call() {
        let call = Span::new(FileId(2), 3, 9);
        assert!(call.within_call().file.is_prelude());
        assert_eq!(call.within_call().in_program(), call);
        assert_eq!(call.in_program(), call);
        let given = Span { file: FileId::argument(1), ..call };
        assert_eq!(given.within_call().file, FileId::PRELUDE_FUNCTIONS);
        assert_eq!(given.within_call().in_program().file, FileId::PRELUDE_FUNCTIONS);
    }
}
