//! The long text of each code, with a wrong and a right example.

use crate::check::nearest::nearest;

/// All explanations, each under a heading `# CODE: title`.
const TEXT: &str = include_str!("codes.md");

/// The codes, in the order of their numbers, with their explanations.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let starts = TEXT.match_indices("# ").map(|(at, _)| at);
    let starts = starts.filter(|&at| at == 0 || TEXT.as_bytes()[at - 1] == b'\n');
    let mut starts = starts.peekable();
    std::iter::from_fn(move || {
        let start = starts.next()?;
        let end = starts.peek().copied().unwrap_or(TEXT.len());
        let section = TEXT[start + 2..end].trim_end();
        Some((section.split(':').next()?, section))
    })
}

/// All codes, in the order of their numbers.
pub fn codes() -> impl Iterator<Item = &'static str> {
    sections().map(|(code, _)| code)
}

/// The code that a mistyped one likely stands for.
pub fn similar(code: &str) -> Option<&'static str> {
    nearest(code, codes())
}

/// What a code means: a title, an explanation, and a wrong and a right example.
pub fn explain(code: &str) -> Option<&'static str> {
    sections().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, text)| text)
}
