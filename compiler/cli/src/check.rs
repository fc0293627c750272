//! `snnc check` and `snnc explain`.

use snn_compiler::{diagnostic, pipeline};

use crate::args::{CheckArgs, ExplainArgs};
use crate::report::{self, Reporter, Result};
use crate::source::{self, Files};

/// Shows what is wrong with each file, and returns whether nothing is.
pub fn files(args: &CheckArgs, reporter: &Reporter) -> bool {
    let mut right = true;
    for file in &args.files {
        match one(file, reporter) {
            Ok(is_right) => right &= is_right,
            Err(failure) => {
                reporter.failure(&failure);
                right = false;
            }
        }
    }
    right
}

fn one(file: &str, reporter: &Reporter) -> Result<bool> {
    let source::Text { name, text } = source::read(file)?;
    let (_, found) = pipeline::check(pipeline::Source { name: &name, text: &text }, &Files);
    reporter.findings(&found.sources, &found.diagnostics);
    Ok(!found.has_errors())
}

/// Prints the long text of a code.
pub fn explain(args: &ExplainArgs) -> Result<()> {
    match diagnostic::explain(&args.code) {
        Some(text) => report::print(&format!("{text}\n")),
        None => {
            let known: Vec<&str> = diagnostic::codes().collect();
            let (first, last) = (known.first().unwrap_or(&""), known.last().unwrap_or(&""));
            let code = &args.code;
            let near = diagnostic::similar(code).map(|near| format!("; a similar one is {near}"));
            let near = near.unwrap_or_default();
            Err(format!("there is no code `{code}`; they run from {first} to {last}{near}").into())
        }
    }
}
