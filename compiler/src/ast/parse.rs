//! From text to syntax tree. What does not parse becomes a `Bad` node and a diagnostic.

use pest::Parser;
use pest_derive::Parser;

use crate::ast::build::Builder;
use crate::ast::layout::{self, Layout};
use crate::ast::{Expr, Module};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{Source, Span};

/// The most bytes a file may have.
const MAX_BYTES: usize = 1 << 20;

/// The parser made from the grammar: `grammars/snn.pest`, of which a copy lies in this package.
#[derive(Parser)]
#[grammar = "ast/snn.pest"]
pub struct Grammar;

/// The syntax tree of a file, and all that is wrong with its syntax.
pub fn parse(source: &Source) -> (Module, Diagnostics) {
    let mut diagnostics = Vec::new();
    let mut module = Module {
        file: source.id,
        items: Vec::new(),
        comments: Vec::new(),
        bad: Vec::new(),
        has_units: false,
    };
    let Some(layout) = prepare(source, &mut diagnostics) else {
        module.bad.push(Span::new(source.id, 0, 0));
        return (module, diagnostics);
    };
    let mut builder = Builder::new(source, &layout, &mut diagnostics);
    match Grammar::parse(Rule::file, &layout.text) {
        Ok(pairs) => module.items = builder.file(pairs),
        // Every text is a file of bad items at worst, so only the parser's own limits lead here.
        Err(error) => builder.refuse(&error),
    }
    module.bad = std::mem::take(&mut builder.bad);
    module.has_units = builder.has_units;
    if module.bad.is_empty() {
        module.bad.extend(diagnostics.first().map(|finding| finding.primary.span));
    }
    module.comments = layout.comments;
    (module, diagnostics)
}

/// The syntax tree of an expression that stands alone, such as an option's value.
pub fn parse_expr(source: &Source) -> (Option<Expr>, Diagnostics) {
    let mut diagnostics = Vec::new();
    let Some(layout) = prepare(source, &mut diagnostics) else {
        return (None, diagnostics);
    };
    let mut builder = Builder::new(source, &layout, &mut diagnostics);
    let expr = match Grammar::parse(Rule::lone_expr, &layout.text) {
        Ok(pairs) => Some(builder.lone_expr(pairs)),
        Err(error) => {
            builder.explain(&error, 0, layout.text.len(), Rule::lone_expr);
            None
        }
    };
    (expr, diagnostics)
}

fn prepare(source: &Source, diagnostics: &mut Diagnostics) -> Option<Layout> {
    if source.text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes", source.text.len());
        let there = format!("more than {MAX_BYTES} bytes are not read");
        diagnostics.push(Diagnostic::new("E0003", Span::new(source.id, 0, 0), message, there));
        return None;
    }
    let layout = layout::lay_out(source, diagnostics);
    if layout.unreadable { None } else { Some(layout) }
}
