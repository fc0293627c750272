//! `snnc explain`: what a code means, or what becomes of a neuron.

use std::path::Path;

use snn_compiler::{diagnostic, explain};

use crate::args::ExplainArgs;
use crate::program::{self, Program};
use crate::report::{self, Reporter, Result};

/// Explains the code or the file of the arguments.
pub fn explain(args: &ExplainArgs, reporter: &Reporter) -> Result<()> {
    match is_code(&args.special.file) {
        true if args.json => {
            Err("`--json` is for a file; a code is explained as text".to_string().into())
        }
        true => code(&args.special.file),
        false => neuron(args, reporter),
    }
}

/// Whether it is no file: neither there nor called like one.
fn is_code(what: &str) -> bool {
    let is_file = what == "-" || what.contains(['.', '/', '\\']) || Path::new(what).exists();
    diagnostic::explain(what).is_some() || !is_file
}

fn code(code: &str) -> Result<()> {
    match diagnostic::explain(code) {
        Some(text) => report::print(&format!("{text}\n")),
        None => {
            let known: Vec<&str> = diagnostic::codes().collect();
            let (first, last) = (known.first().unwrap_or(&""), known.last().unwrap_or(&""));
            let near = diagnostic::similar(code).map(|near| format!("; a similar one is {near}"));
            let near = near.unwrap_or_default();
            Err(format!("there is no code `{code}`; they run from {first} to {last}{near}").into())
        }
    }
}

fn neuron(args: &ExplainArgs, reporter: &Reporter) -> Result<()> {
    let program = Program::new(&args.special)?;
    let options = program::options(&args.special, &args.target)?;
    let front = program.front(reporter)?;
    let explanation = explain::explain(&front.neuron, &front.findings.sources, &options);
    report::print(&match args.json {
        true => format!("{:#}\n", explanation.to_json()),
        false => explanation.to_string(),
    })
}
