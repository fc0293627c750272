//! Headers of text lines before bytes, and text of files in errors.

/// The lines at the beginning of a file that start with a mark and hold nothing but printable characters,
/// each without its end, and how many bytes they are. Data behind them may begin with the mark, too: it
/// counts as a line only where it is text up to its end, and ends where `last` says so.
pub fn header(bytes: &[u8], mark: u8, last: impl Fn(&str) -> bool) -> (Vec<&str>, usize) {
    let mut lines = Vec::new();
    let mut offset = 0;
    while let Some(line) = line(&bytes[offset..]).filter(|line| line.starts_with(mark as char)) {
        offset += line.len();
        lines.push(line.trim_end());
        if lines.last().is_some_and(|line| last(line)) {
            break;
        }
    }
    (lines, offset)
}

/// Most bytes of a line.
pub const LONGEST: usize = 1 << 12;

/// The text up to a line's end and with it.
fn line(bytes: &[u8]) -> Option<&str> {
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let end = bytes.iter().position(|byte| *byte == b'\n')? + 1;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    let inside = line.trim_end_matches(['\r', '\n']);
    inside.chars().all(|c| !c.is_control() || c == '\t').then_some(line)
}

/// Most characters of a file that an error shows.
const SHOWN: usize = 200;

/// What a file says, as an error shows it: not all where it is long, and a sign in the place of what is not printed.
pub fn shown(text: &str) -> String {
    let text = text.trim();
    let printed = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let start: String = text.chars().take(SHOWN).map(printed).collect();
    let rest = if text.chars().nth(SHOWN).is_some() { "..." } else { "" };
    format!("`{start}{rest}`")
}
