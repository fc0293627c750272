//! `#[allow(CODE)]`: silences a warning, and is itself looked at.

use crate::ast;
use crate::ast::{ItemKind, MemberKind, Name, StatementKind};
use crate::check::modules::Loaded;
use crate::check::nearest::nearest;
use crate::check::tree::Program;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::span::{SourceMap, Span};

/// Takes the silenced warnings out, and warns of codes that silence nothing. What a program silences is
/// known only where it has no errors.
pub fn silence(
    files: &[Loaded<'_>],
    program: Option<&Program>,
    sources: &SourceMap,
    diagnostics: &mut Diagnostics,
) {
    let allowed = allowed(files);
    let mut is_needed = vec![false; allowed.len()];
    diagnostics.retain(|finding| {
        let mut is_silent = false;
        for ((code, span), is_needed) in allowed.iter().zip(&mut is_needed) {
            let hit = !finding.is_error() && code.text == finding.code && covers(*span, finding);
            (*is_needed, is_silent) = (*is_needed || hit, is_silent || hit);
        }
        !is_silent
    });
    for ((code, _), is_needed) in allowed.iter().zip(is_needed) {
        if !codes().any(|known| known.starts_with('W') && known == code.text) {
            diagnostics.push(unknown(code));
        } else if !is_needed && program.is_some_and(|program| is_looked_for(&code.text, program)) {
            diagnostics.push(in_vain(code, sources));
        }
    }
}

fn in_vain(code: &Name, sources: &SourceMap) -> Diagnostic {
    let message = format!("`{}` is silenced, and nothing gives it", code.text);
    let finding = Diagnostic::new("W0314", code.span, message, "silences nothing");
    match sources.get(code.span.file).and_then(|source| listed(&source.text, code.span)) {
        Some(span) => finding.replace("remove it", span, ""),
        None => finding.help("remove it"),
    }
}

/// A code with the comma that goes with it or, of one alone, with its whole attribute and what leads to
/// the next text.
fn listed(text: &str, code: Span) -> Option<Span> {
    let (before, behind) = (&text[..code.start as usize], &text[code.end as usize..]);
    let from = |part: &str| part.len() as u32;
    let up_to = |rest: &str| (text.len() - rest.trim_start().len()) as u32;
    if let Some(rest) = behind.trim_start().strip_prefix(',') {
        return Some(Span { end: up_to(rest), ..code });
    }
    if let Some(earlier) = before.trim_end().strip_suffix(',') {
        return Some(Span { start: from(earlier), ..code });
    }
    let inner = before.trim_end().strip_suffix('(')?.trim_end().strip_suffix("allow")?;
    let start = from(inner.trim_end().strip_suffix("#[")?);
    let rest = behind.trim_start().strip_prefix(')')?.trim_start().strip_prefix(']')?;
    Some(Span { start, end: up_to(rest), ..code })
}

/// W0309 and what ranges say are looked for in neurons as their options are by default.
fn is_looked_for(code: &str, program: &Program) -> bool {
    let mut options = program.neurons.iter().flat_map(|neuron| &neuron.options);
    !(code == "W0309" || code.starts_with("W04")) || options.all(|option| option.default.is_some())
}

fn unknown(code: &Name) -> Diagnostic {
    let message = format!("there is no warning `{}`", code.text);
    let finding = Diagnostic::new("W0313", code.span, message, "silences nothing");
    if codes().any(|known| known == code.text) {
        return finding.help("an error cannot be silenced");
    }
    match nearest(&code.text, codes().filter(|known| known.starts_with('W'))) {
        Some(near) => finding.replace(format!("a similar code: `{near}`"), code.span, near),
        None => finding.help("a warning shows its code, such as `W0301`"),
    }
}

fn covers(span: Span, finding: &Diagnostic) -> bool {
    let at = finding.primary.span;
    span.file == at.file && span.start <= at.start && at.end <= span.end
}

/// The codes in `#[allow(...)]`, each with the text it holds for.
fn allowed<'a>(files: &'a [Loaded<'_>]) -> Vec<(&'a Name, Span)> {
    let mut all = Vec::new();
    let mut add = |allows: &'a [Name], span: Span| {
        all.extend(allows.iter().map(|code| (code, span)));
    };
    for item in files.iter().flat_map(|file| &file.module.items) {
        add(&item.allows, item.span);
        let ItemKind::Neuron(neuron) = &item.kind else { continue };
        for member in &neuron.members {
            add(&member.allows, member.span);
            if let MemberKind::Phase(phase) = &member.kind {
                let mut waiting: Vec<&ast::Statement> = phase.statements.iter().collect();
                while let Some(statement) = waiting.pop() {
                    match &statement.kind {
                        StatementKind::Bad => continue,
                        StatementKind::For(repeat) => waiting.extend(&repeat.statements),
                        _ => {}
                    }
                    add(&statement.allows, statement.span);
                }
            }
        }
    }
    all
}
