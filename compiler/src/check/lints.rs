//! Warnings about what nothing reads. A name that begins with `_` is meant to be so.

use crate::ast;
use crate::ast::{ItemKind, MemberKind, Name};
use crate::check::checker::Checker;
use crate::check::scope::Role;
use crate::check::tree::{Neuron, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// The codes of these warnings, which a program with errors does not have: what is wrong may be what
/// was to read a name.
pub(super) const CODES: [&str; 5] = ["W0301", "W0302", "W0303", "W0311", "W0312"];

impl<'a> Checker<'a> {
    /// Warns of names of a neuron that nothing reads.
    pub(super) fn lint_unread(&mut self, neuron: &ast::Neuron) {
        if self.is_wrong() {
            return;
        }
        for (role, slot, name) in std::mem::take(&mut self.declared) {
            if !self.used.contains(&slot) && !name.text.starts_with('_') {
                unread(role, name, neuron).into_iter().for_each(|finding| self.report(finding));
            }
        }
    }

    /// Warns of items of the main file that nothing names. A file without a neuron is there for others.
    pub(super) fn lint_items(&mut self, module: &'a ast::Module, neurons: &[Neuron]) {
        let has_neuron = module.items.iter().any(|item| matches!(item.kind, ItemKind::Neuron(_)));
        if self.is_wrong() || !has_neuron {
            return;
        }
        // An option may be given any of the file's surrogates.
        let mut options = neurons.iter().flat_map(|neuron| &neuron.options);
        let are_asked = options.any(|option| option.ty == Type::Surrogate);
        for item in &module.items {
            let (what, name) = match &item.kind {
                ItemKind::Const(constant) => ("const", &constant.name),
                ItemKind::Function(function) => ("function", &function.name),
                ItemKind::Surrogate(surrogate) if !are_asked => ("surrogate", &surrogate.name),
                _ => continue,
            };
            if !self.used_items.contains(&name.span) && !name.text.starts_with('_') {
                let message = format!("nothing uses the {what} `{}`", name.text);
                let finding = Diagnostic::new("W0312", name.span, message, "never used");
                self.report(meant(finding, name));
            }
        }
    }

    fn is_wrong(&self) -> bool {
        self.has_poison() || self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

fn unread(role: Role, name: &Name, neuron: &ast::Neuron) -> Option<Diagnostic> {
    let code = match role {
        Role::Input => "W0301",
        Role::State => "W0302",
        Role::Param => "W0303",
        Role::Option | Role::Draw | Role::Const | Role::Let | Role::Mutable => "W0311",
        Role::Counter | Role::Fired | Role::Argument => return None,
    };
    let what = role.name().split_once(' ').map_or("", |(_, what)| what);
    let message = format!("the {what} `{}` is never read", name.text);
    let finding = Diagnostic::new(code, name.span, message, "never read");
    Some(match role {
        Role::State => given(finding, name, neuron),
        // What changes it names it too.
        Role::Mutable => finding,
        _ => meant(finding, name),
    })
}

/// Offers to give a state to the caller, behind all else that the neuron has.
fn given(finding: Diagnostic, name: &Name, neuron: &ast::Neuron) -> Diagnostic {
    let help = format!("`output {}` gives it to the caller", name.text);
    let is_output = |member: &ast::Member| match &member.kind {
        MemberKind::Output(output) => output.rename.as_ref().is_some_and(|n| n.text == name.text),
        _ => false,
    };
    match neuron.members.last() {
        Some(last) if !neuron.members.iter().any(is_output) => {
            let behind = Span { start: last.span.end, ..last.span };
            finding.replace(help, behind, format!("\n  output {}", name.text))
        }
        _ => finding.help(help),
    }
}

/// Offers the name that says that nothing reads it.
fn meant(finding: Diagnostic, name: &Name) -> Diagnostic {
    let start = Span { end: name.span.start, ..name.span };
    finding.replace("remove it, or say with its name that this is meant", start, "_")
}
