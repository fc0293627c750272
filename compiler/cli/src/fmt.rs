//! `snnc fmt`: files in the one style.

use std::fmt::Write;

use snn_compiler::{ast, diagnostic::Diagnostic, span::SourceMap};

use crate::args::FmtArgs;
use crate::report::{Failure, Reporter, Result, print};
use crate::source::{self, Text};
use crate::write;

/// The most lines that a note of `--check` shows of a file.
const SHOWN: usize = 40;

/// Formats each file, and returns whether nothing is wrong: with `--check`, whether nothing would
/// change. A file whose syntax is wrong is left alone.
pub fn files(args: &FmtArgs, reporter: &Reporter) -> bool {
    let mut right = true;
    for file in &args.files {
        match one(file, args.check, reporter) {
            Ok(is_right) => right &= is_right,
            Err(failure) => {
                reporter.failure(&failure);
                right = false;
            }
        }
    }
    right
}

fn one(file: &str, check: bool, reporter: &Reporter) -> Result<bool> {
    let text = source::read(file)?;
    let printed = formatted(&text)?;
    if check {
        if printed == text.text {
            return Ok(true);
        }
        let changes = changes(&text.text, &printed);
        reporter.note(&format!("{} is not in the one style", text.name), &changes);
        return Ok(false);
    }
    if file == "-" {
        print(&printed)?;
    } else if printed != text.text {
        write::replace(file.as_ref(), printed.as_bytes())?;
    }
    Ok(true)
}

/// The text in the one style.
fn formatted(text: &Text) -> Result<String> {
    let mut sources = SourceMap::new();
    let id = sources.add(text.name.as_str(), text.text.as_str());
    let Some(source) = sources.get(id) else { return Ok(text.text.clone()) };
    let (module, diagnostics) = ast::parse(source);
    if !module.bad.is_empty() || diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Failure::Findings(sources, diagnostics));
    }
    Ok(ast::print(&module, source))
}

/// The lines that are not the same, between the first and the last of them.
fn changes(old: &str, new: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (old.split('\n').collect(), new.split('\n').collect());
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (old, new) = (&before[head..], &after[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut out = format!("@@ line {} @@\n", head + 1);
    let mut rows = differing(old, new);
    let hidden = rows.len().saturating_sub(SHOWN);
    rows.truncate(SHOWN);
    for (sign, line) in rows {
        let _ = writeln!(out, "{}", format!("{sign}{}", line.trim_end_matches('\r')).trim_end());
    }
    if hidden > 0 {
        let _ = writeln!(out, "... {hidden} more lines");
    }
    out
}

/// Old lines and new ones in turn: each old line that is no longer next is gone, up to where both meet.
fn differing<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let mut rows = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                rows.push((' ', *a));
                (i, j) = (i + 1, j + 1);
            }
            _ => {
                let (next_old, next_new) = meeting(&old[i..], &new[j..]);
                rows.extend(old[i..i + next_old].iter().map(|line| ('-', *line)));
                rows.extend(new[j..j + next_new].iter().map(|line| ('+', *line)));
                (i, j) = (i + next_old, j + next_new);
            }
        }
    }
    rows
}

/// How many lines of each stand before the first that both have, among the next few.
fn meeting(old: &[&str], new: &[&str]) -> (usize, usize) {
    for sum in 1..2 * SHOWN {
        for i in (0..=sum).filter(|&i| i < old.len() && sum - i < new.len()) {
            if old[i] == new[sum - i] && !old[i].trim().is_empty() {
                return (i, sum - i);
            }
        }
    }
    (old.len(), new.len())
}
