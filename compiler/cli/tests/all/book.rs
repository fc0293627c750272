//! The commands of the book's tutorials, run in their order, with what they print.

use crate::program::Folder;

const FIRST: &str = include_str!("../../../../docs/first-neuron.md");
const TRAINING: &str = include_str!("../../../../docs/tutorial-training.md");

/// A fenced block: the words behind its fence, and its lines.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a line behind the fence")).collect()
}

/// The commands of a block, each with what it is said to print.
fn commands(block: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command, String::new())),
            (None, Some((_, printed))) => *printed += &format!("{line}\n"),
            (None, None) => panic!("{line} stands before any command"),
        }
    }
    found
}

/// Whether a text is as expected, where `…` stands for anything in it.
fn is_like(text: &str, expected: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let place = if parts.peek().is_none() {
            rest.ends_with(part).then(|| rest.len() - part.len())
        } else {
            rest.find(part)
        };
        let Some(place) = place else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.is_empty()
}

/// Goes through a page: writes its files, runs its commands, and holds parts of files against them. Returns how
/// many of these there were. What cargo runs takes minutes, and is a step of `cargo xtask test`.
fn follow(page: &str, folder: &Folder) -> usize {
    let mut n_held = 0;
    for (fence, block) in blocks(page) {
        if let Some(file) = fence.strip_prefix("snn ") {
            folder.write(file, block);
            continue;
        }
        if let Some(file) = fence.strip_prefix("rust,ignore ") {
            let text = std::fs::read_to_string(folder.path(file)).expect("a file");
            assert!(text.contains(block), "{file} has not the lines\n{block}");
            n_held += 1;
            continue;
        }
        let is_wrong = fence == "console wrong";
        assert!(is_wrong || fence == "console" || fence == "console cargo", "{fence}");
        for (command, expected) in commands(block) {
            let Some(command) = command.strip_prefix("snnc ") else {
                assert_eq!(fence, "console cargo", "{command}");
                continue;
            };
            let done = folder.snnc(command);
            let printed = if is_wrong { done.wrong() } else { done.right() };
            assert!(
                is_like(&printed, &expected),
                "{command} prints\n{printed}and the book says\n{expected}"
            );
            n_held += 1;
        }
    }
    n_held
}

#[test]
fn the_first_neuron_is_as_the_book_says() {
    let n_held = follow(FIRST, &Folder::new("book"));
    assert!(n_held >= 9, "{n_held}");
}

#[test]
fn a_neuron_is_trained_as_the_book_says() {
    let n_held = follow(TRAINING, &Folder::new("book_training"));
    assert!(n_held >= 6, "{n_held}");
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    assert!(is_like("a 12 b\n", "a … b\n") && is_like("a b", "a b") && is_like("abab", "…ab"));
    assert!(!is_like("a 12 c\n", "a … b\n") && !is_like("a b c", "a b") && !is_like("x", "y…"));
}
