//! `snnc check`.

use snn_compiler::pipeline;

use crate::args::CheckArgs;
use crate::report::{Reporter, Result};
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
