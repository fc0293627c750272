//! `snnc list`: the neurons of the standard library.

use std::fmt::Write;

use serde_json::{Value, json};
use snn_compiler::ast::{self, CommentKind};
use snn_compiler::check::hir::Neuron;
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::pipeline::{self, Source};
use snn_compiler::span;

use crate::args::ListArgs;
use crate::report::{Failure, Result, print};

/// What there is to say of a neuron.
struct Entry {
    /// The file's name.
    name: &'static str,
    /// What it is, in a sentence.
    description: String,
    neuron: Neuron,
}

/// Prints the neurons, a line each, or all about them as JSON.
pub fn list(args: &ListArgs) -> Result<()> {
    let all: Vec<Entry> =
        snn::neurons::NAMES.iter().map(|name| entry(name)).collect::<Result<_>>()?;
    if args.json {
        let all: Vec<Value> = all.iter().map(json).collect();
        return print(&format!("{}\n", serde_json::to_string_pretty(&all).map_err(message)?));
    }
    let width = all.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Entry { name, description, .. } in &all {
        _ = writeln!(text, "{name:width$}  {description}");
    }
    print(&text)
}

fn entry(name: &'static str) -> Result<Entry> {
    let text = snn::neurons::source(name).unwrap_or_default();
    let file = format!("std/{name}.snn");
    let source = Source { name: &file, text };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    let front = front.map_err(|found| Failure::Findings(found.sources, found.diagnostics))?;
    let own = front.findings.sources.get(front.neuron.span.file);
    let description = own.map(description).unwrap_or_default();
    Ok(Entry { name, description, neuron: front.neuron })
}

/// The first sentence of what is said of a file.
fn description(source: &span::Source) -> String {
    let (module, _) = ast::parse(source);
    let lines = module.comments.iter().filter(|comment| comment.kind == CommentKind::FileDoc);
    let lines =
        lines.map(|comment| source.text[comment.span.range()].trim_start_matches("//!").trim());
    let text = lines.collect::<Vec<_>>().join(" ");
    let ends = |at: usize| {
        let begins = text[at + 1..].trim_start().chars().next().is_none_or(char::is_uppercase);
        begins && text[at + 1..].starts_with([' ']) && !text[..at].ends_with("al")
    };
    let end = text.match_indices('.').map(|(at, _)| at).find(|at| ends(*at));
    text[..end.unwrap_or(text.len())].trim_end_matches('.').to_string()
}

fn json(entry: &Entry) -> Value {
    let Entry { name, description, neuron } = entry;
    let option = |(name, value): &(String, String)| json!({ "name": name, "default": value });
    let names = |all: Vec<&String>| json!(all);
    let given = neuron.inputs.iter().filter(|input| input.is_given());
    json!({
        "name": name,
        "neuron": neuron.name,
        "description": description,
        "parallel": neuron.is_parallel,
        "options": neuron.options.iter().map(option).collect::<Vec<_>>(),
        "inputs": names(given.map(|input| &input.name).collect()),
        "params": pipeline::params(neuron),
        "states": names(neuron.states.iter().map(|state| &state.name).collect()),
        "outputs": names(neuron.outputs.iter().map(|output| &output.name).collect()),
    })
}

fn message(error: impl std::fmt::Display) -> Failure {
    Failure::Message(error.to_string())
}
