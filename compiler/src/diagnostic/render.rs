//! Findings as text in the look of rustc, and as JSON.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, Help, Label, Severity};
use crate::span::{FileId, Source, SourceMap, Span};

/// The findings as text, an empty line between two.
pub fn render(sources: &SourceMap, diagnostics: &Diagnostics, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for (i, finding) in diagnostics.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        out.push_str(&renderer.render(&groups(sources, finding)));
        out.push('\n');
    }
    out
}

fn groups<'a>(sources: &'a SourceMap, finding: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code);
    let mut main = Group::with_title(title);
    for file in files(finding) {
        match sources.get(file) {
            Some(source) => main = main.element(snippet(source, finding)),
            // Text that nobody kept: what stood there is said without showing it.
            None => {
                for (label, _) in labels(finding).filter(|(label, _)| label.span.file == file) {
                    main = main.element(Level::NOTE.message(label.text.as_str()));
                }
            }
        }
    }
    let mut groups = Vec::new();
    for help in &finding.helps {
        match patched(sources, help) {
            Some(snippet) => {
                groups.push(Level::HELP.secondary_title(help.text.as_str()).element(snippet));
            }
            None => main = main.element(Level::HELP.message(help.text.as_str())),
        }
    }
    groups.insert(0, main);
    groups
}

/// All labels, and whether each is the primary one.
fn labels(finding: &Diagnostic) -> impl Iterator<Item = (&Label, bool)> {
    let secondary = finding.secondary.iter().map(|label| (label, false));
    std::iter::once((&finding.primary, true)).chain(secondary)
}

/// The files of a finding, the primary one first.
fn files(finding: &Diagnostic) -> Vec<FileId> {
    let mut files = Vec::new();
    for (label, _) in labels(finding) {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    files
}

fn snippet<'a>(source: &'a Source, finding: &'a Diagnostic) -> Snippet<'a, Annotation<'a>> {
    let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
    for (label, is_primary) in labels(finding).filter(|(label, _)| label.span.file == source.id) {
        let kind = if is_primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = within(source, label.span);
        snippet = snippet.annotation(kind.span(range).label(label.text.as_str()));
    }
    snippet
}

fn patched<'a>(sources: &'a SourceMap, help: &'a Help) -> Option<Snippet<'a, Patch<'a>>> {
    let source = sources.get(help.replace.first()?.0.file)?;
    let patches = help.replace.iter().filter(|(span, _)| span.file == source.id);
    let patches = patches.map(|(span, with)| Patch::new(within(source, *span), with.as_str()));
    Some(Snippet::source(source.text.as_str()).path(source.name.as_str()).patches(patches))
}

/// A span as a range that lies in the text, between characters.
fn within(source: &Source, span: Span) -> std::ops::Range<usize> {
    let fit = |at: usize| {
        let at = at.min(source.text.len());
        (0..=at).rev().find(|&at| source.text.is_char_boundary(at)).unwrap_or(0)
    };
    let start = fit(span.start as usize);
    start..fit(span.end as usize).max(start)
}

/// The findings as a list of objects with `code`, `severity`, `message`, `labels` and `helps`. A place
/// has the `file`, the byte range, and lines and columns that count from 1, columns in characters.
pub fn to_json(sources: &SourceMap, diagnostics: &Diagnostics) -> Value {
    diagnostics.iter().map(|finding| one(sources, finding)).collect()
}

fn one(sources: &SourceMap, finding: &Diagnostic) -> Value {
    let labels: Vec<Value> = labels(finding)
        .map(|(label, is_primary)| {
            json!({
                "primary": is_primary,
                "text": label.text,
                "place": place(sources, label.span),
            })
        })
        .collect();
    let helps: Vec<Value> = finding.helps.iter().map(|help| advice(sources, help)).collect();
    json!({
        "code": finding.code,
        "severity": if finding.is_error() { "error" } else { "warning" },
        "message": finding.message,
        "labels": labels,
        "helps": helps,
    })
}

fn advice(sources: &SourceMap, help: &Help) -> Value {
    let each = help
        .replace
        .iter()
        .map(|(span, with)| json!({ "place": place(sources, *span), "with": with }));
    json!({ "text": help.text, "replace": each.collect::<Vec<_>>() })
}

fn place(sources: &SourceMap, span: Span) -> Value {
    let Some(source) = sources.get(span.file) else {
        return Value::Null;
    };
    let range = within(source, span);
    let (start, end) = (source.position(range.start as u32), source.position(range.end as u32));
    json!({
        "file": source.name,
        "start": range.start,
        "end": range.end,
        "line": start.0,
        "column": start.1,
        "end_line": end.0,
        "end_column": end.1,
    })
}
