//! From syntax tree to typed program: names, types, phases, and then one neuron with its options decided.
//!
//! [`check`] finds what is wrong whatever the options are; both branches of every `if` are looked at.
//! [`specialize`] decides the options and makes the [`hir::Neuron`] that everything after works on.

mod allow;
mod bounds;
mod builtins;
mod call;
mod checker;
mod draws;
mod dtype;
mod eval;
mod expr;
pub(crate) mod fold;
mod forms;
mod functions;
pub mod hir;
mod indexed;
mod input;
mod items;
mod learnt;
mod lints;
mod loops;
mod modules;
pub(crate) mod nearest;
mod neuron;
mod normalize;
mod ode;
mod pack;
mod parallel;
mod phases;
mod previous;
mod print;
mod rand;
mod save;
mod scope;
mod shapes;
mod specialize;
mod statements;
mod suite;
mod surrogates;
mod tree;
mod units;
mod unreachable;
mod unroll;

use std::sync::Arc;

use crate::ast;
use crate::ast::{ItemKind, Name};
use crate::check::checker::Checker;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::SourceMap;

pub use bounds::warn_stored;
pub use builtins::functions;
pub use dtype::PortDtype;
pub use modules::{NoImports, Resolver, clean_path};
pub use ode::{Method, Solved};
pub use print::print;
pub(crate) use print::{binary_word, unary_word};
pub use save::Save;
pub use specialize::{Specialization, specialize};
pub use suite::{DIFFERS, Expectation, GRADIENT, Given, Numbers, Test, WITHIN};
pub use tree::Program;

/// Checks a module and what it imports.
///
/// The program is there if nothing is wrong, neither here nor in the module's syntax. Imports and the
/// prelude are added to `sources`, so that every span of a finding can be shown.
pub fn check(
    module: &ast::Module,
    sources: &mut SourceMap,
    resolver: &dyn Resolver,
) -> (Option<Program>, Diagnostics) {
    sources.add_fixed(items::FUNCTIONS.clone());
    sources.add_fixed(items::SURROGATES.clone());
    let (files, mut diagnostics) = modules::load(module, sources, resolver);
    let (names, clashes) = modules::gather(&files);
    diagnostics.extend(clashes);
    let poisoned = modules::poisoned(&files, sources);
    let is_whole = poisoned.is_empty();
    let base = items::CHECKED_SURROGATES.clone();
    let mut checker = Checker::new(&names, base, poisoned);
    checker.units.is_used = files.iter().any(|file| file.module.has_units);
    let program = check_files(&mut checker, &files, sources);
    diagnostics.append(&mut checker.diagnostics);
    if is_whole && !diagnostics.iter().any(Diagnostic::is_error) {
        check_defaults(&program, &mut diagnostics);
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.retain(|finding| !lints::CODES.contains(&finding.code));
    }
    let is_right = is_whole && !diagnostics.iter().any(Diagnostic::is_error);
    allow::silence(&files, is_right.then_some(&program), sources, &mut diagnostics);
    diagnostics.sort_by_key(|finding| {
        let span = finding.primary.span;
        (span.file != module.file, span.file, span.start)
    });
    (is_right.then_some(program), diagnostics)
}

fn check_files<'a>(
    checker: &mut Checker<'a>,
    files: &'a [modules::Loaded<'_>],
    sources: &SourceMap,
) -> Program {
    let mut constants = Vec::new();
    for (home, file) in files.iter().enumerate().skip(1) {
        checker.home = home;
        constants.extend(checker.check_constants(&file.module, home));
        checker.check_functions(&file.module, home);
        checker.check_surrogates(&file.module, home);
    }
    let mut neurons = Vec::new();
    for (home, file) in files.iter().enumerate().skip(1) {
        checker.home = home;
        for item in &file.module.items {
            match &item.kind {
                ItemKind::Neuron(neuron) => neurons.push(checker.neuron(neuron)),
                ItemKind::Edition(number) => check_edition(checker, number, &file.module),
                _ => {}
            }
        }
    }
    let tests = check_tests(checker, &files[1].module, &neurons, sources);
    let own = std::mem::take(&mut checker.surrogates);
    let surrogates = if own.is_empty() {
        checker.base.clone()
    } else {
        Arc::new(checker.base.iter().cloned().chain(own).collect())
    };
    let is_asked =
        |neuron: &tree::Neuron| neuron.options.iter().any(|o| o.ty == tree::Type::Function);
    let asked = neurons.iter().any(is_asked);
    let function_names = if asked { checker.function_names(1) } else { Vec::new() };
    checker.lint_items(&files[1].module, &neurons);
    let functions = std::mem::take(&mut checker.functions);
    let file = files[1].module.file;
    Program { neurons, surrogates, functions, function_names, constants, tests, file }
}

/// Checks the tests of the file itself; those of imports are run where they stand.
fn check_tests<'a>(
    checker: &mut Checker<'a>,
    module: &'a ast::Module,
    neurons: &[tree::Neuron],
    sources: &SourceMap,
) -> Vec<Test> {
    checker.home = 1;
    checker.scope = scope::Scope::new();
    let Some(source) = sources.get(module.file) else { return Vec::new() };
    let tests = module.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Test(test) => Some(test),
        _ => None,
    });
    tests.filter_map(|test| checker.test(test, neurons, source)).collect()
}

fn check_edition(checker: &mut Checker<'_>, number: &Name, module: &ast::Module) {
    let is_first = module.items.first().is_some_and(
        |item| matches!(&item.kind, ItemKind::Edition(first) if first.span == number.span),
    );
    if !is_first {
        let message = "the edition stands on the first line";
        checker.report(Diagnostic::new("E0006", number.span, message, "not the first line"));
    } else if number.text != "1" {
        let message = format!("there is no edition {}", number.text);
        let finding = Diagnostic::new("E0006", number.span, message, "not known").replace(
            "the edition is 1",
            number.span,
            "1",
        );
        checker.report(finding);
    }
}

/// Finds what is wrong with the numbers of each neuron as its options are by default.
fn check_defaults(program: &Program, diagnostics: &mut Diagnostics) {
    for neuron in &program.neurons {
        if neuron.options.iter().all(|option| option.default.is_some()) {
            let wanted =
                Specialization { neuron: Some(neuron.name.clone()), ..Specialization::default() };
            match specialize(program, &wanted) {
                Ok(special) => {
                    diagnostics.extend(learnt::warn(program, &special));
                    diagnostics.extend(bounds::warn(&special));
                }
                Err(findings) => diagnostics.extend(findings),
            }
        }
    }
}

/// The word a sharing is written with.
pub fn sharing_word(sharing: hir::Sharing) -> &'static str {
    match sharing {
        hir::Sharing::Layer => "layer",
        hir::Sharing::Channel => "channel",
        hir::Sharing::Neuron => "neuron",
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wrong;
#[cfg(test)]
mod wrong_special;
