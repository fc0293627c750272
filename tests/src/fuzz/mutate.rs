//! Programs that exist, with a few changes of tokens, groups in brackets and lines.

use std::ops::Range;

use crate::fuzz::choices::Choices;
use crate::fuzz::corpus::CORPUS;

/// What a change puts in: words of the language, numbers, brackets, and what is in no program.
const ODD: [&str; 50] = [
    "state",
    "parallel",
    "[T, T]",
    "kaiming_uniform(a: 1)",
    "@",
    "band(2)",
    "conv(w, x)",
    "input",
    "neuron",
    "let",
    "mut",
    "if",
    "else",
    "for",
    "in",
    "charge",
    "fire",
    "reset",
    "output",
    "fn",
    "when",
    "last",
    "@prev",
    "..",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "=",
    "+=",
    ",",
    ";",
    ":",
    "\n",
    "0",
    "1e999",
    "1e-320",
    "-0.0",
    "4294967296",
    "0.",
    "\"",
    "//",
    "é",
    "\u{202e}",
    "\u{0}",
    "𝛼",
    "\u{b}",
    "\r\n",
];

/// A file of the corpus with a change or three.
pub fn corpus(choices: &mut Choices<'_>) -> String {
    let mut text = choices.pick(&CORPUS.texts()).to_string();
    for _ in 0..1 + choices.below(3) {
        change(&mut text, choices);
    }
    text
}

/// Changes a text once.
pub fn change(text: &mut String, choices: &mut Choices<'_>) {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return text.push_str(choices.pick(&ODD));
    }
    let token = tokens[choices.below(tokens.len())].clone();
    match choices.below(14) {
        0 => text.replace_range(token, ""),
        1 => again(text, token),
        2 => swap(text, token, tokens[choices.below(tokens.len())].clone()),
        3 => text.replace_range(token, choices.pick(&ODD)),
        4 => text.insert_str(token.start, choices.pick(&ODD)),
        5 | 6 => same_kind(text, token, choices),
        7 => text.replace_range(group(text, token.start), ""),
        8 => splice(text, token, choices),
        9 => deep(text, token, choices),
        10 => long(text, token, choices),
        11 => again(text, line(text, token.start)),
        12 => text.replace_range(line(text, token.start), ""),
        _ => {
            let other = tokens[choices.below(tokens.len())].start;
            let (a, b) = (line(text, token.start), line(text, other));
            swap(text, a, b);
        }
    }
}

/// Words, numbers, and other characters one by one; blanks between them are none.
pub fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens: Vec<Range<usize>> = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match tokens.last_mut() {
            Some(last) if in_word && is_word(c) => last.end = end,
            _ if !c.is_whitespace() => tokens.push(at..end),
            _ => {}
        }
        in_word = is_word(c);
    }
    tokens
}

/// The group that a bracket opens, or else the character.
fn group(text: &str, at: usize) -> Range<usize> {
    let mut depth = 0usize;
    let mut end = at;
    for (offset, c) in text[at..].char_indices() {
        end = at + offset + c.len_utf8();
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    at..end
}

fn line(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    start..text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

fn again(text: &mut String, part: Range<usize>) {
    let copy = text[part.clone()].to_string();
    text.insert_str(part.end, &copy);
}

fn swap(text: &mut String, a: Range<usize>, b: Range<usize>) {
    let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
    if first.end <= second.start {
        let (early, late) = (text[first.clone()].to_string(), text[second.clone()].to_string());
        text.replace_range(second, &early);
        text.replace_range(first, &late);
    }
}

/// Puts another word for a word, another number for a number: most such changes still parse.
fn same_kind(text: &mut String, token: Range<usize>, choices: &mut Choices<'_>) {
    let kind = |token: &str| match token.chars().next() {
        Some(c) if c.is_ascii_digit() => 0,
        Some(c) if c.is_alphabetic() => 1,
        _ => 2,
    };
    let wanted = kind(&text[token.clone()]);
    let alike: Vec<String> = tokens(text)
        .into_iter()
        .map(|other| text[other].to_string())
        .filter(|other| kind(other) == wanted)
        .collect();
    let other = alike[choices.below(alike.len())].clone();
    text.replace_range(token, &other);
}

/// Puts lines of another file behind a line.
fn splice(text: &mut String, token: Range<usize>, choices: &mut Choices<'_>) {
    let other = choices.pick(&CORPUS.texts());
    let lines: Vec<&str> = other.split_inclusive('\n').collect();
    let first = choices.below(lines.len());
    let count = 1 + choices.below(3);
    let taken: String = lines.into_iter().skip(first).take(count).collect();
    text.insert_str(line(text, token.start).end, &taken);
}

fn deep(text: &mut String, token: Range<usize>, choices: &mut Choices<'_>) {
    let depth = choices.pick(&[1, 3, 20, 63, 64, 65, 300]);
    let (open, close) =
        choices.pick(&[("(", ")"), ("-", ""), ("not ", ""), ("abs(", ")"), ("{", "}"), ("[", "]")]);
    text.insert_str(token.end, &close.repeat(depth));
    text.insert_str(token.start, &open.repeat(depth));
}

fn long(text: &mut String, token: Range<usize>, choices: &mut Choices<'_>) {
    let times = choices.pick(&[2, 10, 100, 300]);
    let word = text[token.clone()].to_string();
    let joint = choices.pick(&[" + ", " * ", ", ", "^", "", " and ", " < "]);
    text.replace_range(token, &vec![word; times].join(joint));
}
