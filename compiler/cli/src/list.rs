//! `snnc list`: the neurons of the standard library.

use std::fmt::Write;

use serde_json::{Value, json};
use snn_compiler::ast::{self, CommentKind};
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::pipeline::{self, Source};
use snn_compiler::span::SourceMap;

use crate::args::ListArgs;
use crate::report::{Failure, Result, print};

/// Prints the neurons, a line each, or all about them as JSON.
pub fn list(args: &ListArgs) -> Result<()> {
    let names = snn::neuron::NAMES;
    if args.json {
        let all = names.iter().map(|name| json(name)).collect::<Result<Vec<Value>>>()?;
        return print(&format!("{:#}\n", Value::from(all)));
    }
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for name in names {
        _ = writeln!(text, "{name:width$}  {}", description(name));
    }
    print(&text)
}

/// The first sentence of what is said of a file.
fn description(name: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add(name, snn::neuron::source(name).unwrap_or_default());
    let Some(source) = sources.get(file) else { return String::new() };
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

fn json(name: &str) -> Result<Value> {
    let text = snn::neuron::source(name).unwrap_or_default();
    let source = Source { name: &format!("std/{name}.snn"), text };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    let front = front.map_err(|found| Failure::Findings(found.sources, found.diagnostics))?;
    let neuron = &front.neuron;
    let option = |(name, value): &(String, String)| json!({ "name": name, "default": value });
    let names = |all: Vec<&String>| json!(all);
    let given = neuron.inputs.iter().filter(|input| input.is_given());
    Ok(json!({
        "name": name,
        "neuron": neuron.name,
        "description": description(name),
        "parallel": neuron.is_parallel,
        "options": neuron.options.iter().map(option).collect::<Vec<_>>(),
        "inputs": names(given.map(|input| &input.name).collect()),
        "params": pipeline::params(neuron),
        "states": names(neuron.states.iter().map(|state| &state.name).collect()),
        "outputs": names(neuron.outputs.iter().map(|output| &output.name).collect()),
    }))
}
