//! What is known of statements by their form, before anything is checked.

use crate::ast;
use crate::ast::MemberKind;

/// Whether some statement of the phases is such a one.
fn any_statement(neuron: &ast::Neuron, is: impl Fn(&ast::StatementKind) -> bool) -> bool {
    let phases = neuron.members.iter().filter_map(|member| match &member.kind {
        MemberKind::Phase(phase) => Some(&phase.statements),
        _ => None,
    });
    let mut waiting: Vec<&ast::Statement> = phases.flatten().collect();
    while let Some(statement) = waiting.pop() {
        match &statement.kind {
            kind if is(kind) => return true,
            ast::StatementKind::For(repeat) => waiting.extend(&repeat.statements),
            _ => {}
        }
    }
    false
}

/// Whether a statement of some phase gives a name a value.
pub(super) fn is_changed(neuron: &ast::Neuron, name: &str) -> bool {
    let gives = |kind: &_| matches!(kind, ast::StatementKind::Assign(a) if a.target.text == name);
    any_statement(neuron, gives)
}

/// Whether a phase has equations.
pub(super) fn has_ode(neuron: &ast::Neuron) -> bool {
    any_statement(neuron, |kind| matches!(kind, ast::StatementKind::Ode(_)))
}

/// The name that a statement lets others change.
pub(super) fn changeable(statement: &ast::Statement) -> Option<&str> {
    match &statement.kind {
        ast::StatementKind::Let(binding) if binding.mutable.is_some() => {
            Some(&binding.declared.name.text)
        }
        _ => None,
    }
}

/// Whether an expression is a spike by its form, also before it is checked.
pub(super) fn is_spike(value: &ast::Expr) -> bool {
    match &value.kind {
        ast::ExprKind::Group(inner) => is_spike(inner),
        ast::ExprKind::Call(call) => call.name.text == "spike",
        _ => false,
    }
}
