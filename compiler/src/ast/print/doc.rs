//! Text with places where it may be broken, laid out within a width.
//!
//! The way of Wadler, "A prettier printer", 1998: a group is set on one line if it and what follows up to
//! the next possible break fit, and otherwise broken at all places of its own.

/// Text with places where it may be broken.
pub enum Doc {
    /// Text without a newline.
    Text(String),
    /// A blank, or a newline in a broken group.
    Line,
    /// Nothing, or a newline in a broken group.
    Empty,
    /// A blank, or a newline where what follows up to the next one does not fit.
    Fill,
    /// Something that is there in a broken group only.
    Broken(&'static str),
    /// One behind the other.
    All(Vec<Doc>),
    /// A part whose lines are indented once more.
    Nest(Box<Doc>),
    /// A part that is broken at all of its places or at none.
    Group(Box<Doc>),
}

/// Text.
pub fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

/// Lines indented once more.
pub fn nest(all: Vec<Doc>) -> Doc {
    Doc::Nest(Box::new(Doc::All(all)))
}

/// Broken everywhere or nowhere.
pub fn group(all: Vec<Doc>) -> Doc {
    Doc::Group(Box::new(Doc::All(all)))
}

/// What is left to set: how far it is indented, whether its group is broken, and what it is.
type Rest<'a> = Vec<(usize, bool, &'a Doc)>;

/// Sets a document that starts in a line indented by `indent`, within `width`.
pub fn lay_out(doc: &Doc, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = 2 * indent;
    let mut rest: Rest<'_> = vec![(indent, true, doc)];
    while let Some((indent, broken, doc)) = rest.pop() {
        let newline = match doc {
            Doc::Line | Doc::Empty => broken,
            Doc::Fill => !fits(&rest, false, width.saturating_sub(column + 1)),
            _ => false,
        };
        if newline {
            out.push('\n');
            (0..indent).for_each(|_| out.push_str("  "));
            column = 2 * indent;
            continue;
        }
        match doc {
            Doc::Text(text) => {
                out.push_str(text);
                column += text.chars().count();
            }
            Doc::Line | Doc::Fill => {
                out.push(' ');
                column += 1;
            }
            Doc::Broken(text) if broken => out.push_str(text),
            Doc::Empty | Doc::Broken(_) => {}
            Doc::All(all) => rest.extend(all.iter().rev().map(|doc| (indent, broken, doc))),
            Doc::Nest(inner) => rest.push((indent + 1, broken, inner)),
            Doc::Group(inner) => {
                rest.push((indent, false, inner));
                let fits = fits(&rest, true, width.saturating_sub(column));
                if let Some(last) = rest.last_mut() {
                    last.1 = !fits;
                }
            }
        }
    }
    out
}

/// Whether what is left fits into `room` up to the next newline that can be. Where the next thing is a
/// group that is tried on one line, the places to fill in it are no newlines.
fn fits(rest: &Rest<'_>, is_group: bool, room: usize) -> bool {
    let mut room = room as isize;
    let mut below = rest.iter().rev().enumerate();
    let mut above: Vec<(bool, bool, &Doc)> = Vec::new();
    let mut next = |above: &mut Vec<_>| {
        let from_below = || below.next().map(|(i, (_, broken, doc))| (i == 0, *broken, *doc));
        above.pop().or_else(from_below)
    };
    while room >= 0 {
        let Some((first, broken, doc)) = next(&mut above) else { return true };
        match doc {
            Doc::Text(text) => room -= text.chars().count() as isize,
            Doc::Line | Doc::Empty if broken => return true,
            Doc::Fill if !(first && is_group) => return true,
            Doc::Line | Doc::Fill => room -= 1,
            Doc::Empty | Doc::Broken(_) => {}
            Doc::All(all) => above.extend(all.iter().rev().map(|doc| (first, broken, doc))),
            Doc::Nest(inner) => above.push((first, broken, inner)),
            // One behind can still be broken: its text up to its first place has to fit.
            Doc::Group(inner) => above.push((first, broken && !first, inner)),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &[&str]) -> Doc {
        let mut inner = vec![Doc::Empty];
        for (i, argument) in arguments.iter().enumerate() {
            if i > 0 {
                inner.extend([text(","), Doc::Line]);
            }
            inner.push(text(*argument));
        }
        group(vec![text("f("), nest(inner), Doc::Broken(","), Doc::Empty, text(")")])
    }

    #[test]
    fn what_fits_is_one_line_and_what_does_not_is_broken_at_every_place() {
        assert_eq!(lay_out(&call(&["a", "b"]), 0, 7), "f(a, b)");
        assert_eq!(lay_out(&call(&["a", "b"]), 0, 6), "f(\n  a,\n  b,\n)");
        assert_eq!(lay_out(&call(&["a", "b"]), 1, 8), "f(\n    a,\n    b,\n  )");
    }

    #[test]
    fn a_list_is_filled() {
        let numbers = (0..6).flat_map(|i| [Doc::Fill, text(format!("{i},"))]).skip(1).collect();
        assert_eq!(lay_out(&nest(numbers), 0, 8), "0, 1, 2,\n  3, 4,\n  5,");
    }
}
