//! What is said to the user: results on standard output, findings and errors on standard error.

use std::io::{IsTerminal, Write};

use serde_json::{Value, json};
use snn_compiler::diagnostic::{self, Diagnostics};
use snn_compiler::span::SourceMap;

use crate::args::Format;

/// Why a command did not do what it was asked.
pub enum Failure {
    /// A line for the user.
    Message(String),
    /// What is wrong with the program.
    Findings(SourceMap, Diagnostics),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Message(message)
    }
}

impl From<snn_runtime::Error> for Failure {
    fn from(error: snn_runtime::Error) -> Self {
        Failure::Message(error.to_string())
    }
}

/// What a command comes to.
pub type Result<T> = std::result::Result<T, Failure>;

/// Writes to standard error in the format asked for.
pub struct Reporter {
    format: Format,
    colour: bool,
}

impl Reporter {
    /// A reporter; colour is for terminals whose user did not refuse it.
    pub fn new(format: Format) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { format, colour: std::io::stderr().is_terminal() && !refused && !dumb }
    }

    /// Shows findings.
    pub fn findings(&self, sources: &SourceMap, diagnostics: &Diagnostics) {
        if diagnostics.is_empty() {
            return;
        }
        match self.format {
            Format::Human => say(&diagnostic::render(sources, diagnostics, self.colour)),
            Format::Json => {
                if let Value::Array(all) = diagnostic::to_json(sources, diagnostics) {
                    all.iter().for_each(|finding| say(&format!("{finding}\n")));
                }
            }
        }
    }

    /// Shows why a command failed.
    pub fn failure(&self, failure: &Failure) {
        match failure {
            Failure::Findings(sources, diagnostics) => self.findings(sources, diagnostics),
            Failure::Message(message) => self.line("error", 91, message),
        }
    }

    /// Says what a command went on without.
    pub fn warning(&self, message: &str) {
        self.line("warning", 93, message);
    }

    /// Says what there is to change, with the lines it is about.
    pub fn note(&self, message: &str, lines: &str) {
        match self.format {
            Format::Human => {
                self.line("error", 91, message);
                say(lines);
            }
            Format::Json => self.line("error", 91, &format!("{message}\n{lines}")),
        }
    }

    fn line(&self, severity: &str, colour: u8, message: &str) {
        match self.format {
            Format::Human if self.colour => say(&format!(
                "\u{1b}[1m\u{1b}[{colour}m{severity}\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m\n"
            )),
            Format::Human => say(&format!("{severity}: {message}\n")),
            Format::Json => {
                let line = json!({
                    "code": null, "severity": severity, "message": message,
                    "labels": [], "helps": [],
                });
                say(&format!("{line}\n"));
            }
        }
    }
}

/// Writes to standard error; that nobody reads it is no reason to fail.
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a result to standard output.
///
/// # Errors
///
/// Where it cannot be written. A reader that has seen enough is none.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {why}").into())
        }
        _ => Ok(()),
    }
}
