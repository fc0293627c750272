//! Surrogate items: `d`, `y` and their arguments.

use crate::ast;
use crate::check::call::argument;
use crate::check::checker::{Checker, RESERVED, leaf};
use crate::check::eval;
use crate::check::items::Home;
use crate::check::scope::Scope;
use crate::check::tree::{Expr, Formal, Kind, Stage, Surrogate, SurrogateItem, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

impl<'a> Checker<'a> {
    /// Checks the surrogates of a file, so that its neurons can name them.
    pub fn check_surrogates(&mut self, module: &'a ast::Module, home: Home) {
        self.home = home;
        for item in &module.items {
            if let ast::ItemKind::Surrogate(surrogate) = &item.kind {
                self.in_surrogate = true;
                let checked = self.surrogate_item(home, surrogate);
                self.in_surrogate = false;
                if let Some(checked) = checked {
                    let place = SurrogateItem((self.base.len() + self.surrogates.len()) as u32);
                    self.surrogates.push(checked);
                    self.surrogate_items.insert((home, surrogate.name.text.as_str()), place);
                }
            }
        }
        self.scope = Scope::new();
    }

    fn surrogate_item(&mut self, home: Home, item: &'a ast::Surrogate) -> Option<Surrogate> {
        let defaults = self.formals(&item.formals);
        let d = self.surrogate_function(item, "d");
        let n_slots = self.n_slots;
        let y = self.surrogate_function(item, "y");
        for function in &item.functions {
            if !matches!(function.name.text.as_str(), "d" | "y") {
                let message = format!("a surrogate has no `{}`", function.name.text);
                let finding = Diagnostic::new("E0311", function.name.span, message, "not known")
                    .help("it has `d`, the derivative, and may have `y`, a primitive of it");
                self.report(finding);
            }
        }
        let Some(d) = d else {
            if !self.has_poison() {
                let message = format!("the surrogate `{}` has no `d`", item.name.text);
                let finding =
                    Diagnostic::new("E0311", item.name.span, message, "has no derivative")
                        .help("`d(u) = ...` is the derivative used in backward");
                self.report(finding);
            }
            return None;
        };
        debug_assert!(home < self.files.len());
        Some(Surrogate {
            name: item.name.text.clone(),
            formals: defaults,
            d,
            y,
            n_slots: n_slots.max(self.n_slots),
        })
    }

    /// The arguments of a surrogate with their default values.
    fn formals(&mut self, formals: &'a [ast::Formal]) -> Vec<Formal> {
        let mut made = Vec::new();
        for formal in formals {
            let mut number = None;
            if let Some(default) = &formal.default {
                self.scope = Scope::new();
                let value = self.expr(default);
                let why = "a default must be known at compile time";
                let value = if formal.int.is_some() {
                    self.known_int(value, why)
                } else {
                    let value = self.require_number(value);
                    self.require_stage(value, Stage::Const, why)
                };
                let mut value = value;
                self.measure_plain("a default of a surrogate", &mut value);
                if value.ty != Type::Unknown {
                    match eval::constant(&value) {
                        Ok(value) => number = Some(value),
                        Err(findings) => findings.into_iter().for_each(|f| self.report(f)),
                    }
                }
            }
            let (name, is_int) = (formal.name.text.clone(), formal.int.is_some());
            made.push(Formal { name, is_int, default: number });
        }
        made
    }

    /// Requires an int that is known at compile time and fits 32 bits.
    pub(super) fn known_int(&mut self, value: Expr, why: &str) -> Expr {
        let value = self.require_stage(value, Stage::Const, why);
        let value = self.require_int(value);
        if value.ty == Type::Unknown {
            return value;
        }
        let mut int = leaf(Kind::Unknown, Type::Int, value.span);
        int.kind = Kind::RealToInt(Box::new(value));
        int
    }

    fn surrogate_function(&mut self, item: &'a ast::Surrogate, which: &str) -> Option<Expr> {
        let mut functions = item.functions.iter().filter(|f| f.name.text == which);
        let function = functions.next()?;
        if let Some(second) = functions.next() {
            let message = format!("`{which}` is there twice");
            let finding = Diagnostic::new("E0104", second.name.span, message, "the second")
                .because(function.name.span, "the first");
            self.report(finding);
        }
        self.scope = Scope::new();
        self.n_slots = 0;
        self.formal(&function.argument, Type::Real, Stage::Step);
        for formal in &item.formals {
            match formal.int {
                Some(_) => self.formal(&formal.name, Type::Int, Stage::Const),
                None => self.formal(&formal.name, Type::Real, Stage::Param),
            }
        }
        let body = self.expr(&function.body);
        let mut body = self.require_number(body);
        self.measure_plain("what a surrogate gives", &mut body);
        Some(body)
    }

    fn formal(&mut self, name: &'a ast::Name, ty: Type, stage: Stage) {
        let slot = self.slot();
        let mut value = leaf(Kind::Slot(slot), ty, name.span);
        value.stage = stage;
        value.smooth = ty == Type::Real;
        let before: Option<Span> = self.scope.get(&name.text).map(|symbol| symbol.span);
        if RESERVED.contains(&name.text.as_str()) {
            let message = format!("`{}` is a name of the language", name.text);
            self.report(Diagnostic::new("E0105", name.span, message, "cannot be declared"));
        } else if let Some(before) = before {
            let message = format!("`{}` is declared twice", name.text);
            let finding = Diagnostic::new("E0104", name.span, message, "declared again here")
                .because(before, "an argument already");
            self.report(finding);
        } else {
            self.scope.insert(&name.text, argument(slot, &value, name.span));
        }
    }
}
