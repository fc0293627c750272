//! Functions as options: each is typed once, as a function of numbers.

use crate::ast;
use crate::ast::{Call, ExprKind};
use crate::check::builtins::{self, Builtin};
use crate::check::call::argument;
use crate::check::checker::{Checker, leaf, unknown};
use crate::check::expr::made;
use crate::check::items::Home;
use crate::check::nearest::nearest;
use crate::check::scope::Scope;
use crate::check::tree::{Expr, Function, FunctionItem, Kind, Slot, Stage, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl<'a> Checker<'a> {
    /// A call of the function that an option names. How many arguments it takes is known only when the
    /// option is.
    pub(super) fn apply_option(&mut self, slot: Slot, call: &'a Call, span: Span) -> Expr {
        let mut arguments = Vec::new();
        for argument in &call.arguments {
            if let Some(name) = &argument.name {
                let message = "the arguments of an option's function have no names";
                let finding = Diagnostic::new("E0203", name.span, message, "which one is this");
                self.report(finding.help("give them in their order"));
            }
            let value = self.expr(&argument.value);
            arguments.push(self.require_number(value));
        }
        self.used.insert(slot);
        let operands: Vec<&Expr> = arguments.iter().collect();
        let mut applied = made(Type::Real, span, &operands);
        applied.kind = Kind::Apply(slot, arguments);
        applied
    }

    /// Reports an option that would hide a function.
    pub(super) fn require_own_name(&mut self, option: &ast::OptionDecl) {
        let name = option.name.text.as_str();
        let own = self.items().functions.get(name).map(|(_, function)| function.name.span);
        if builtins::find(name).is_none() && own.is_none() {
            return;
        }
        let message = format!("`{name}` is a function already");
        let mut finding = Diagnostic::new("E0105", option.name.span, message, "cannot be declared")
            .help("give the option another name");
        if let Some(own) = own.filter(|span| !span.file.is_prelude()) {
            finding = finding.because(own, "declared here");
        }
        self.report(finding);
    }

    /// An expression in the place of a function.
    pub(super) fn function_value(&mut self, expr: &'a ast::Expr) -> Expr {
        let ExprKind::Name(name) = &expr.kind else {
            let message = "expected the name of a function";
            let finding = Diagnostic::new("E0201", expr.span, message, "not a name");
            self.report(finding.help("a function is named without its arguments: `exp`"));
            return unknown(expr.span);
        };
        if self.scope.get(name).is_some_and(|symbol| symbol.ty == Type::Function) {
            return self.name(name, expr.span);
        }
        match self.function_item(name) {
            Some(Some(item)) => leaf(Kind::Function(item), Type::Function, expr.span),
            Some(None) => {
                let message = format!("`{name}` is not a function from numbers to a number");
                let there = "takes or gives something else";
                self.report(Diagnostic::new("E0201", expr.span, message, there));
                unknown(expr.span)
            }
            None => {
                let known = self.items().functions.keys().copied();
                let known = known.chain(builtins::BUILTINS.iter().map(|b| b.name)).collect();
                self.report(unknown_function(name, expr.span, known));
                unknown(expr.span)
            }
        }
    }

    /// All functions of numbers that a file can name.
    pub(super) fn function_names(&mut self, home: Home) -> Vec<(String, FunctionItem)> {
        let inside = std::mem::replace(&mut self.home, home);
        let mut names: Vec<&'a str> = self.items().functions.keys().copied().collect();
        names.extend(builtins::BUILTINS.iter().map(|builtin| builtin.name));
        names.sort_unstable();
        let item = |name: &'a str| Some((name.to_owned(), self.function_item(name)??));
        let all = names.into_iter().filter_map(item).collect();
        self.home = inside;
        all
    }

    /// The function with this name, if there is one; none within where it is no function of numbers.
    fn function_item(&mut self, name: &'a str) -> Option<Option<FunctionItem>> {
        let builtin = builtins::find(name);
        let own = self.items().functions.get(name).copied();
        self.used_items.extend(own.map(|(_, function)| function.name.span));
        let home = own.map_or(0, |(home, _)| home);
        if builtin.is_none() && own.is_none() {
            return None;
        }
        if let Some(&known) = self.function_items.get(&(home, name)) {
            return Some(known);
        }
        let typed = self.quietly(|checker| match (builtin, own) {
            (Some(builtin), _) => checker.builtin_function(builtin),
            (None, Some((home, function))) => checker.own_function(home, function),
            (None, None) => None,
        });
        let item = typed.map(|function| {
            self.functions.push(function);
            FunctionItem(self.functions.len() as u32 - 1)
        });
        self.function_items.insert((home, name), item);
        Some(item)
    }

    /// Types something with a scope of its own. What is wrong with it is said elsewhere, or is that it is
    /// no function of numbers.
    fn quietly(&mut self, typed: impl FnOnce(&mut Self) -> Option<Function>) -> Option<Function> {
        let scope = std::mem::replace(&mut self.scope, Scope::new());
        let diagnostics = std::mem::take(&mut self.diagnostics);
        let reported = self.reported.clone();
        let n_slots = std::mem::replace(&mut self.n_slots, 0);
        let is_parallel = std::mem::replace(&mut self.is_parallel, false);
        let function = typed(self);
        let is_right = self.diagnostics.is_empty();
        (self.scope, self.diagnostics, self.reported) = (scope, diagnostics, reported);
        (self.n_slots, self.is_parallel) = (n_slots, is_parallel);
        function.filter(|f| is_right && f.body.ty.is_number() && f.body.ty != Type::Unknown)
    }

    fn builtin_function(&mut self, builtin: &'static Builtin) -> Option<Function> {
        if builtin.form.is_of_steps() || !builtin.form.is_function() {
            return None;
        }
        let span = Span::default();
        let given = builtin.formals.iter().map(|_| number(self.slot(), span)).collect();
        let formals = builtin.formals.iter().map(|formal| ((*formal).to_owned(), None));
        Some(Function {
            name: builtin.name.into(),
            formals: formals.collect(),
            body: self.apply(builtin.form, given, span),
            n_slots: self.n_slots,
        })
    }

    fn own_function(&mut self, home: Home, function: &'a ast::Function) -> Option<Function> {
        let outside = std::mem::replace(&mut self.home, home);
        let name = function.name.text.as_str();
        let mut formals = Vec::new();
        for formal in &function.formals {
            let value = number(self.slot(), formal.name.span);
            let Kind::Slot(slot) = value.kind else { continue };
            self.scope.insert(&formal.name.text, argument(slot, &value, formal.name.span));
        }
        for formal in &function.formals {
            let default = formal.default.as_ref().map(|default| self.default(home, default));
            formals.push((formal.name.text.clone(), default));
        }
        self.calls.push((home, name, None));
        let mut body = self.expr(&function.body);
        self.measure_plain("a function that is an option", &mut body);
        self.calls.pop();
        self.home = outside;
        Some(Function { name: name.into(), formals, body, n_slots: self.n_slots })
    }
}

/// A number that is known within a step.
fn number(slot: Slot, span: Span) -> Expr {
    Expr { kind: Kind::Slot(slot), ty: Type::Real, stage: Stage::Step, smooth: true, span }
}

/// The finding about a name that no function has.
pub(super) fn unknown_function(name: &str, span: Span, mut known: Vec<&str>) -> Diagnostic {
    known.sort_unstable();
    let message = format!("cannot find the function `{name}`");
    let finding = Diagnostic::new("E0102", span, message, "not a function");
    match nearest(name, known) {
        Some(near) => {
            finding.replace(format!("a function with a similar name: `{near}`"), span, near)
        }
        None => finding,
    }
}
