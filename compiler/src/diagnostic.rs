//! What the compiler tells the user: code, message, labelled spans and, where possible, the fix.

mod codes;
mod render;
#[cfg(test)]
mod tests;

use crate::span::Span;

pub use codes::{codes, explain, similar};
pub use render::{render, to_json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The program has no meaning.
    Error,
    /// The program has a meaning that is likely not the one intended.
    Warning,
}

/// A span with what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, or why something else was expected.
    pub text: String,
}

/// Advice, with the exact replacement where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// What to do.
    pub text: String,
    /// The spans to replace and the text to put there, all at once.
    pub replace: Vec<(Span, String)>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, `E0102` or `W0502`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line that says what is wrong; no full stop.
    pub message: String,
    /// Where, and what is there.
    pub primary: Label,
    /// Other places that say why.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub helps: Vec<Help>,
}

/// All findings of one run, in the order found.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// A finding at one place; the severity is the code's first letter.
    pub fn new(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        there: impl Into<String>,
    ) -> Self {
        let severity = if code.starts_with('W') { Severity::Warning } else { Severity::Error };
        let primary = Label { span, text: there.into() };
        Self {
            code,
            severity,
            message: message.into(),
            primary,
            secondary: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// Adds a place that says why.
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds advice without a replacement.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), replace: Vec::new() });
        self
    }

    /// Adds advice with the text to put at a span.
    pub fn replace(mut self, text: impl Into<String>, span: Span, with: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), replace: vec![(span, with.into())] });
        self
    }

    /// Adds advice with text to put before and behind a span.
    pub fn wrap(mut self, text: &str, span: Span, before: &str, behind: &str) -> Self {
        let [first, last] = [span.start, span.end].map(|at| Span { start: at, end: at, ..span });
        let replace = vec![(first, before.into()), (last, behind.into())];
        self.helps.push(Help { text: text.into(), replace });
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
