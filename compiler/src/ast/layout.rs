//! What stands before the grammar: comments, brackets and the newlines that do not end a statement.

use std::ops::Range;

use crate::ast::{Comment, CommentKind};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{FileId, Source, Span};

/// How deep brackets may be nested.
pub const MAX_DEPTH: usize = 64;

/// A newline that does not end a statement.
const BLANK: u8 = 0x0b;

/// What stands in the place of a bracket that is none: in no rule of the grammar.
const NOTHING: u8 = 0x1a;

/// A text ready for the grammar: as long as the source, but for braces added at its end.
pub struct Layout {
    /// The text, in which comments and joined newlines are blanks.
    pub text: String,
    /// The comments taken out.
    pub comments: Vec<Comment>,
    /// Where brackets are wrong: what else is wrong there needs no second message.
    pub broken: Vec<Range<usize>>,
    /// Whether brackets are too deep or too far from balanced for a parser.
    pub unreadable: bool,
}

/// How many misplaced brackets are looked for one by one; a text with as many is not read further.
const MAX_MISTAKES: usize = 8;

/// A bracket that is better not read as one.
#[derive(Clone, Copy)]
enum Mistake {
    /// One that nothing closes.
    Unclosed(usize),
    /// One that closes too much, so that the other one is left over.
    Extra(usize, usize),
}

#[derive(Default)]
struct Mistakes(Vec<Mistake>);

impl Mistakes {
    fn has(&self, at: usize) -> bool {
        self.0.iter().any(|mistake| match mistake {
            Mistake::Unclosed(bracket) | Mistake::Extra(bracket, _) => *bracket == at,
        })
    }
}

/// An open bracket.
struct Open {
    at: usize,
    byte: u8,
    /// The bracket of a range, `(0, 1]`, which either bracket closes.
    range: bool,
    /// How far its line is indented.
    indent: usize,
    /// Where its line starts.
    line: usize,
}

/// Reads a text once: takes comments out, joins lines and balances brackets.
pub fn lay_out(source: &Source, diagnostics: &mut Diagnostics) -> Layout {
    let mut mistakes = Mistakes::default();
    loop {
        let mut scan = Scan::new(source, &mistakes);
        scan.run();
        let found = scan.mistake.filter(|_| mistakes.0.len() < MAX_MISTAKES);
        match found {
            // What was read since is in doubt: read again as if the bracket were not there.
            Some(mistake) => mistakes.0.push(mistake),
            None => return scan.finish(diagnostics),
        }
    }
}

struct Scan<'a> {
    source: &'a Source,
    bytes: &'a [u8],
    out: Vec<u8>,
    mistakes: &'a Mistakes,
    mistake: Option<Mistake>,
    stack: Vec<Open>,
    comments: Vec<Comment>,
    found: Vec<(Range<usize>, Diagnostic)>,
    /// Whether a newline now is in the middle of a statement.
    open_ended: bool,
    /// Whether the last word was `in`.
    after_in: bool,
    /// How far the line is indented, where it starts, whether it has anything but blanks so far, and
    /// whether the token being read is the first of it.
    indent: usize,
    line: usize,
    line_started: bool,
    leads: bool,
    unreadable: bool,
    /// Where the last line starts that has a bracket which closes nothing.
    stray_line: Option<usize>,
    /// An opening brace and a closing one on lines of different indentation.
    suspect: Option<(usize, usize)>,
}

impl<'a> Scan<'a> {
    fn new(source: &'a Source, mistakes: &'a Mistakes) -> Self {
        let bytes = source.text.as_bytes();
        Self {
            source,
            bytes,
            out: bytes.to_vec(),
            mistakes,
            mistake: None,
            stack: Vec::new(),
            comments: Vec::new(),
            found: Vec::new(),
            open_ended: false,
            after_in: false,
            indent: 0,
            line: 0,
            line_started: false,
            leads: false,
            unreadable: false,
            stray_line: None,
            suspect: None,
        }
    }

    fn file(&self) -> FileId {
        self.source.id
    }

    fn span(&self, at: usize, len: usize) -> Span {
        Span::new(self.file(), at, at + len)
    }

    fn run(&mut self) {
        let mut i = 0;
        while i < self.bytes.len() && self.mistake.is_none() {
            i = self.step(i);
        }
        if self.mistake.is_none() {
            self.mistake = self.innermost_unclosed();
        }
    }

    /// Reads what stands at `i` and says where the next thing starts.
    fn step(&mut self, i: usize) -> usize {
        match self.bytes[i] {
            b'/' if self.bytes.get(i + 1) == Some(&b'/') => return self.comment(i),
            b'\n' => self.newline(i),
            b' ' | b'\t' | b'\r' => {
                if !self.line_started {
                    self.indent += 1;
                }
            }
            BLANK => self.out[i] = b' ',
            b'"' => {
                self.line_started = true;
                return self.string(i);
            }
            byte => {
                self.leads = !self.line_started;
                self.line_started = true;
                return self.token(i, byte);
            }
        }
        i + 1
    }

    fn comment(&mut self, start: usize) -> usize {
        let rest = &self.bytes[start..];
        let len = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let text = self.source.text[start..start + len].trim_end();
        let kind = if text.starts_with("//!") {
            CommentKind::FileDoc
        } else if text.starts_with("///") && !text.starts_with("////") {
            CommentKind::Doc
        } else {
            CommentKind::Plain
        };
        self.comments.push(Comment { kind, span: self.span(start, text.len()) });
        self.out[start..start + len].fill(b' ');
        start + len
    }

    fn newline(&mut self, i: usize) {
        let joined = self.stack.last().is_some_and(|open| open.byte != b'{') || self.open_ended;
        if joined {
            self.out[i] = BLANK;
        }
        (self.indent, self.line, self.line_started) = (0, i + 1, false);
    }

    fn string(&mut self, start: usize) -> usize {
        let rest = &self.bytes[start + 1..];
        let len = rest.iter().position(|&b| b == b'"' || b == b'\n').unwrap_or(rest.len());
        self.open_ended = false;
        let closed = rest.get(len) == Some(&b'"');
        let end = start + 1 + len;
        if !closed {
            // To the grammar this is no string, and its brackets would be brackets.
            self.out[start..end].iter_mut().filter(|b| is_bracket(**b)).for_each(|b| *b = NOTHING);
        }
        end + usize::from(closed)
    }

    fn token(&mut self, i: usize, byte: u8) -> usize {
        let mut after_in = false;
        let mut next = i + 1;
        match byte {
            b'(' | b'[' | b'{' => self.open(i, byte),
            b')' | b']' | b'}' => self.close(i, byte),
            _ if is_word(byte) => {
                let rest = &self.bytes[i..];
                next = i + rest.iter().position(|&b| !is_word(b)).unwrap_or(rest.len());
                let word = &self.bytes[i..next];
                self.open_ended = matches!(word, b"and" | b"or" | b"not");
                after_in = word == b"in";
                self.start_of_item(i, word);
            }
            _ => self.open_ended = b"+-*/^=<>,@~".contains(&byte),
        }
        self.after_in = after_in;
        next
    }

    fn open(&mut self, at: usize, byte: u8) {
        self.open_ended = false;
        if self.mistakes.has(at) {
            self.out[at] = NOTHING;
            return;
        }
        if self.stack.len() >= MAX_DEPTH {
            if !self.unreadable {
                let message = format!("brackets are nested more than {MAX_DEPTH} deep");
                let finding = Diagnostic::new("E0003", self.span(at, 1), message, "too deep")
                    .help("name the inner parts with `let`");
                self.found.push((at..at + 1, finding));
            }
            self.unreadable = true;
        }
        self.stack.push(Open {
            at,
            byte,
            range: self.after_in,
            indent: self.indent,
            line: self.line,
        });
    }

    fn close(&mut self, at: usize, byte: u8) {
        self.open_ended = false;
        if self.mistakes.has(at) {
            self.out[at] = b' ';
            return;
        }
        let Some(open) = self.stack.pop() else {
            let suspect =
                self.suspect.filter(|_| byte == b'}' && self.mistakes.0.len() < MAX_MISTAKES);
            return match suspect {
                Some((_, close)) => self.mistake = Some(Mistake::Extra(close, at)),
                None => self.stray(at, byte),
            };
        };
        if closing(open.byte) == byte || (open.range && byte != b'}') {
            self.suspect_brace(&open, at);
        } else if byte == b'}' {
            // A brace closes no parenthesis: that one was left open.
            self.mistake = Some(Mistake::Unclosed(open.at));
        } else if open.byte == b'{' {
            self.stack.push(open);
            self.stray(at, byte);
        } else {
            self.mismatch(open.at, at, byte);
            self.out[at] = closing(open.byte);
        }
    }

    /// Remembers the first brace that stands where its opening one does not say.
    fn suspect_brace(&mut self, open: &Open, at: usize) {
        let is_odd = open.line != self.line && (!self.leads || self.indent != open.indent);
        if open.byte == b'{' && is_odd && self.suspect.is_none() {
            self.suspect = Some((open.at, at));
        }
    }

    fn innermost_unclosed(&self) -> Option<Mistake> {
        let open = self.stack.iter().rev().find(|open| open.byte != b'{')?;
        Some(Mistake::Unclosed(open.at))
    }

    fn mismatch(&mut self, open: usize, at: usize, byte: u8) {
        let (opening, expected) = (self.bytes[open] as char, closing(self.bytes[open]) as char);
        let message = format!("`{opening}` is closed by `{}`", byte as char);
        let finding =
            Diagnostic::new("E0002", self.span(at, 1), message, format!("expected `{expected}`"))
                .because(self.span(open, 1), "opened here")
                .replace("close it with its own kind", self.span(at, 1), expected.to_string());
        self.found.push((at..at + 1, finding));
    }

    fn stray(&mut self, at: usize, byte: u8) {
        self.out[at] = b' ';
        // The others of a line are likely the same mistake.
        if self.stray_line.replace(self.line) == Some(self.line) {
            return;
        }
        let message = format!("`{}` closes nothing", byte as char);
        let there = "no bracket is open here";
        let finding = Diagnostic::new("E0002", self.span(at, 1), message, there).replace(
            "remove it",
            self.span(at, 1),
            "",
        );
        self.found.push((at..at + 1, finding));
    }

    /// An item's word at the start of a line closes what is still open.
    fn start_of_item(&mut self, at: usize, word: &[u8]) {
        let items: [&[u8]; 7] =
            [b"neuron", b"parallel", b"surrogate", b"fn", b"import", b"test", b"snn"];
        let leads = at == 0 || self.bytes[at - 1] == b'\n';
        if !leads || self.stack.is_empty() || !items.contains(&word) {
            return;
        }
        self.mistake = self.innermost_unclosed();
        if self.mistake.is_some() {
            return;
        }
        let mut blank = at;
        while let Some(open) = self.stack.pop() {
            self.unclosed_brace(open.at);
            // A blank before the item takes the missing brace, but none that is a part of a letter in a
            // comment.
            let is_whole = |at: &usize| self.bytes[*at].is_ascii();
            blank = (open.at + 1..blank).rev().find(is_whole).unwrap_or(open.at);
            if blank > open.at && matches!(self.out[blank], b'\n' | b' ' | b'\r' | BLANK) {
                self.out[blank] = b'}';
            } else {
                self.unreadable = true;
            }
        }
    }

    fn unclosed_brace(&mut self, at: usize) {
        let message = "`{` is never closed";
        let Some((open, close)) = self.suspect.take() else {
            let finding = Diagnostic::new("E0002", self.span(at, 1), message, "opened here");
            return self.found.push((at..at + 1, finding));
        };
        let mut finding = Diagnostic::new("E0002", self.span(open, 1), message, "opened here")
            .because(self.span(close, 1), "closed here, where another one should be");
        if open != at {
            finding = finding.because(self.span(at, 1), "the other one");
        }
        self.found.push((open.min(at)..close + 1, finding));
    }

    fn report(&mut self, mistake: Mistake) {
        match mistake {
            Mistake::Unclosed(at) => {
                let bracket = self.bytes[at] as char;
                let there = format!("expected a `{}` behind it", closing(self.bytes[at]) as char);
                let message = format!("`{bracket}` is never closed");
                let finding = Diagnostic::new("E0002", self.span(at, 1), message, there);
                self.found.push((at..at + 1, finding));
            }
            Mistake::Extra(at, left) => {
                let finding = Diagnostic::new(
                    "E0002",
                    self.span(at, 1),
                    "there is one `}` too many",
                    "closes more than its line opened",
                )
                .because(self.span(left, 1), "so that this one closes nothing")
                .replace("remove it", self.span(at, 1), "");
                self.found.push((at..at + 1, finding));
            }
        }
    }

    fn finish(mut self, diagnostics: &mut Diagnostics) -> Layout {
        for &mistake in &self.mistakes.0 {
            self.report(mistake);
        }
        // What follows was not looked at: it may have any brackets.
        self.unreadable |= self.mistakes.0.len() >= MAX_MISTAKES;
        while let Some(open) = self.stack.pop() {
            if open.byte == b'{' && !self.unreadable {
                self.unclosed_brace(open.at);
            }
            self.out.push(closing(open.byte));
        }
        self.found.sort_by_key(|(range, _)| range.start);
        let broken = self.found.iter().map(|(range, _)| range.clone()).collect();
        diagnostics.extend(self.found.into_iter().map(|(_, finding)| finding));
        // Only ASCII bytes were replaced, each by an ASCII byte, and whole comments by blanks.
        let text = String::from_utf8(self.out).expect("bytes are replaced by ASCII only");
        Layout { text, comments: self.comments, broken, unreadable: self.unreadable }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_bracket(byte: u8) -> bool {
    b"()[]{}".contains(&byte)
}

fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}
