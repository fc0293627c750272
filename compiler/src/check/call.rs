//! Calls: builtins, inlined functions, and surrogates with their arguments.

use crate::ast;
use crate::ast::{Call, ExprKind};
use crate::check::builtins::{self, Builtin, Form};
use crate::check::checker::{Checker, leaf, unknown};
use crate::check::expr::{arithmetic, made};
use crate::check::hir::{Binary, Unary};
use crate::check::items::Home;
use crate::check::nearest::nearest;
use crate::check::scope::{Progress, Role, Scope, Symbol};
use crate::check::tree::{Bind, Expr, Formal, Kind, Stage, SurrogateItem, Type};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How many calls one file may inline: a few lines can ask for more than any machine has memory for.
const MAX_INLINED: u32 = 20_000;

impl<'a> Checker<'a> {
    /// The typed form of a call.
    pub fn call(&mut self, call: &'a Call, span: Span) -> Expr {
        if let Some(builtin) = builtins::find(&call.name.text) {
            return self.builtin(builtin, call, span);
        }
        if let Some(&(home, function)) = self.items().functions.get(call.name.text.as_str()) {
            self.used_items.insert(function.name.span);
            return self.inline(home, function, call, span);
        }
        if let Some(symbol) = self.scope.get(&call.name.text).copied()
            && symbol.ty == Type::Function
        {
            return self.apply_option(symbol.slot, call, span);
        }
        self.unknown_function(call, span)
    }

    fn unknown_function(&mut self, call: &'a Call, span: Span) -> Expr {
        // What its arguments say is checked all the same.
        for argument in &call.arguments {
            self.expr(&argument.value);
        }
        let name = call.name.text.as_str();
        let is_lost = |symbol: &Symbol<'_>| symbol.ty == Type::Unknown;
        if self.is_poisoned(name) || self.scope.get(name).is_some_and(is_lost) {
            return unknown(span);
        }
        let there = call.name.span;
        let message = format!("cannot find the function `{name}`");
        let mut finding = Diagnostic::new("E0102", there, message, "not a function");
        let functions = self.items().functions.keys().copied();
        let mut known: Vec<&str> =
            functions.chain(builtins::BUILTINS.iter().map(|b| b.name)).collect();
        known.sort_unstable();
        if let Some(symbol) = self.scope.get(name) {
            let text = format!("`{name}` is {}", symbol.role.name());
            finding = finding.because(symbol.span, text);
            if symbol.ty.is_number() {
                finding = finding.help(format!("a product is written with `*`: `{name} * (...)`"));
            }
        } else if self.find_surrogate(name).is_some() {
            let text =
                format!("`{name}` is a surrogate: it stands as an argument, `spike(u, {name}())`");
            finding = finding.help(text);
        } else if let Some(near) = nearest(name, known) {
            let text = format!("a function with a similar name: `{near}`");
            finding = finding.replace(text, there, near);
        }
        self.report(finding);
        unknown(span)
    }

    /// Which argument goes to which formal. `None` where one does not fit.
    pub(super) fn arrange(
        &mut self,
        call: &'a Call,
        what: &str,
        formals: &[&str],
    ) -> Option<Vec<Option<&'a ast::Expr>>> {
        let mut places: Vec<Option<&'a ast::Expr>> = vec![None; formals.len()];
        let mut is_named = false;
        for (i, argument) in call.arguments.iter().enumerate() {
            let place = match &argument.name {
                Some(name) => {
                    is_named = true;
                    self.named_place(name, what, formals)?
                }
                None if is_named => {
                    let message = "an argument without a name stands behind one with a name";
                    let there = "which one is this";
                    self.report(Diagnostic::new("E0203", argument.value.span, message, there));
                    return None;
                }
                None => i,
            };
            let Some(slot) = places.get_mut(place) else {
                let (n, given) = (formals.len(), call.arguments.len());
                let message = format!("{what} takes {}, {given} are given", count(n));
                self.report(Diagnostic::new("E0202", argument.value.span, message, "one too many"));
                return None;
            };
            if let Some(first) = slot.replace(&argument.value) {
                let message = format!("the argument `{}` is given twice", formals[place]);
                let there = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
                let finding = Diagnostic::new("E0203", there, message, "given again");
                self.report(finding.because(first.span, "given here already"));
                return None;
            }
        }
        Some(places)
    }

    fn named_place(&mut self, name: &ast::Name, what: &str, formals: &[&str]) -> Option<usize> {
        let place = formals.iter().position(|formal| *formal == name.text);
        if place.is_none() {
            let message = format!("{what} has no argument `{}`", name.text);
            let mut finding = Diagnostic::new("E0203", name.span, message, "no such argument");
            finding = match nearest(&name.text, formals.iter().copied()) {
                Some(near) => finding.replace(format!("a similar name: `{near}`"), name.span, near),
                None if formals.is_empty() => finding.help("it takes no arguments"),
                None => finding.help(format!("its arguments are {}", quoted(formals))),
            };
            self.report(finding);
        }
        place
    }

    pub(super) fn missing(&mut self, what: &str, formal: &str, span: Span) {
        let message = format!("{what} needs the argument `{formal}`");
        let there = format!("`{formal}` is missing");
        let mut finding = Diagnostic::new("E0202", span, message, there);
        if formal == "surrogate" && span.end > span.start {
            let end = Span { start: span.end - 1, end: span.end - 1, ..span };
            finding = finding.replace("name one, for example `atan`", end, ", atan()");
        }
        self.report(finding);
    }

    fn builtin(&mut self, builtin: &'static Builtin, call: &'a Call, span: Span) -> Expr {
        let what = format!("`{}`", builtin.name);
        match builtin.form {
            Form::Distribution(_) | Form::Kaiming => return self.misplaced_distribution(call),
            Form::Conv if !self.in_surrogate => return self.conv(call, span),
            _ => {}
        }
        let Some(places) = self.arrange(call, &what, builtin.formals) else {
            return unknown(span);
        };
        let mut given = Vec::new();
        for (formal, place) in builtin.formals.iter().zip(places) {
            let Some(place) = place else {
                self.missing(&what, formal, span);
                return unknown(span);
            };
            let is_surrogate = *formal == "surrogate";
            given.push(if is_surrogate { self.surrogate(place) } else { self.expr(place) });
        }
        if self.in_surrogate && builtin.form.is_of_steps() {
            let message = format!("{what} cannot stand in a surrogate");
            let there = "a surrogate is a smooth function of a number";
            self.report(Diagnostic::new("E0311", call.name.span, message, there));
            return unknown(span);
        }
        self.apply(builtin.form, given, span)
    }

    pub(super) fn apply(&mut self, form: Form, given: Vec<Expr>, span: Span) -> Expr {
        let mut given = given.into_iter();
        match (form, given.next(), given.next(), given.next()) {
            (Form::Unary(op), Some(a), ..) => self.function(op, a, span),
            (Form::Binary(op), Some(a), Some(b), _) => self.extremum(op, a, b, span),
            (Form::Clamp, Some(x), Some(low), Some(high)) => {
                let raised = self.extremum(Binary::Max, x, low, span);
                self.extremum(Binary::Min, raised, high, span)
            }
            (Form::Power, Some(x), Some(y), _) => {
                let (x, y) = (self.require_number(x), self.require_number(y));
                self.power(x, y, span)
            }
            (Form::Band, Some(width), ..) => self.band(width, span),
            (Form::Rsqrt, Some(x), ..) => {
                let root = self.function(Unary::Sqrt, x, span);
                let one = leaf(Kind::Number(1.0), Type::Real, span);
                let mut expr = made(Type::Real, span, &[&one, &root]);
                expr.kind = Kind::Binary(Binary::Div, Box::new(one), Box::new(root));
                expr
            }
            (Form::Relu, Some(x), ..) => {
                let x = self.require_number(x);
                let zero = leaf(Kind::Number(0.0), x.ty, span);
                self.extremum(Binary::Max, zero, x, span)
            }
            (Form::Fma, Some(a), Some(b), Some(c)) => {
                let [a, b, c] = [a, b, c].map(|e| self.require_number(e));
                three(Kind::Fma, Type::Real, [a, b, c], span)
            }
            (Form::Select, Some(c), Some(a), Some(b)) => self.choose(c, a, b, span),
            (Form::Detach, Some(a), ..) => {
                let a = self.require_number(a);
                let mut expr = made(a.ty, span, &[&a]);
                expr.smooth = false;
                expr.kind = Kind::Detach(Box::new(a));
                expr
            }
            (Form::Save, Some(a), ..) => {
                let a = if a.ty == Type::Bool { a } else { self.require_number(a) };
                let (ty, smooth) = (a.ty, a.smooth);
                let saved = made(ty, span, &[&a]);
                Expr { kind: Kind::Save(Box::new(a)), smooth, ..saved }
            }
            (Form::Spike, Some(u), Some(surrogate), _) => {
                let u = self.require_number(u);
                let mut expr = made(Type::Spike, span, &[&u, &surrogate]);
                expr.kind = Kind::Spike(Box::new(u), Box::new(surrogate));
                expr
            }
            (Form::Ternary, Some(u), Some(th), Some(surrogate)) => {
                let (u, th) = (self.require_number(u), self.require_number(th));
                three(Kind::Ternary, Type::Ternary, [u, th, surrogate], span)
            }
            (Form::Levels, Some(u), Some(depth), Some(surrogate)) => {
                let (u, depth) = (self.require_number(u), self.require_number(depth));
                let smooth = u.smooth;
                let levels = three(Kind::Levels, Type::Real, [u, depth, surrogate], span);
                Expr { smooth, ..levels }
            }
            (Form::Fired, Some(z), ..) => self.fired(z, span),
            (Form::Hard, Some(v), Some(s), Some(to)) => self.reset(Kind::Hard, [v, s, to], span),
            (Form::Soft, Some(v), Some(s), Some(by)) => self.reset(Kind::Soft, [v, s, by], span),
            (Form::Real, Some(a), ..) => self.real(a, span),
            (Form::Int, Some(a), ..) => {
                let a = self.require_number(a);
                let mut expr = made(Type::Int, span, &[&a]);
                expr.smooth = false;
                expr.kind = Kind::RealToInt(Box::new(a));
                expr
            }
            _ => unknown(span),
        }
    }

    fn function(&mut self, op: Unary, a: Expr, span: Span) -> Expr {
        let a = self.require_number(a);
        let flat = matches!(op, Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round);
        let mut expr = made(Type::Real, span, &[&a]);
        expr.smooth &= !flat;
        expr.kind = Kind::Unary(op, Box::new(a));
        expr
    }

    fn fired(&mut self, z: Expr, span: Span) -> Expr {
        if !matches!(z.ty, Type::Ternary | Type::Unknown) {
            let message = format!("expected a ternary spike, found {}", z.ty.name());
            let finding = Diagnostic::new("E0207", z.span, message, z.ty.name())
                .help("a ternary spike is what `ternary(...)` gives, or `detach` of it");
            self.report(finding);
            return unknown(span);
        }
        let mut fired = made(Type::Spike, span, &[&z]);
        fired.kind = Kind::Fired(Box::new(z));
        fired
    }

    fn extremum(&mut self, op: Binary, a: Expr, b: Expr, span: Span) -> Expr {
        let (a, b) = (self.require_number(a), self.require_number(b));
        let mut expr = made(arithmetic(a.ty, b.ty), span, &[&a, &b]);
        expr.kind = Kind::Binary(op, Box::new(a), Box::new(b));
        expr
    }

    fn reset(&mut self, kind: fn(Box<[Expr; 3]>) -> Kind, parts: [Expr; 3], span: Span) -> Expr {
        let [v, s, e] = parts;
        let (v, e) = (self.require_number(v), self.require_number(e));
        if !matches!(s.ty, Type::Spike | Type::Unknown) {
            let message = format!("expected a spike, found {}", s.ty.name());
            let finding = Diagnostic::new("E0207", s.span, message, s.ty.name());
            self.report(match s.ty {
                Type::Ternary => {
                    finding.wrap("1 where it is not 0, of either sign", s.span, "fired(", ")")
                }
                _ => finding.help("a spike is what `spike(...)` gives, or `detach` of it"),
            });
            return unknown(span);
        }
        three(kind, Type::Real, [v, s, e], span)
    }

    fn real(&mut self, a: Expr, span: Span) -> Expr {
        if a.ty != Type::Bool {
            return Expr { span, ..self.require_number(a) };
        }
        let mut expr = made(Type::Real, span, &[&a]);
        expr.smooth = false;
        expr.kind = Kind::BoolToReal(Box::new(a));
        expr
    }

    fn inline(
        &mut self,
        home: Home,
        function: &'a ast::Function,
        call: &'a Call,
        span: Span,
    ) -> Expr {
        let name = function.name.text.as_str();
        let what = format!("`{name}`");
        let formals: Vec<&str> = function.formals.iter().map(|f| f.name.text.as_str()).collect();
        let Some(places) = self.arrange(call, &what, &formals) else {
            return unknown(span);
        };
        if !self.may_inline(home, function, call.name.span) {
            return unknown(span);
        }
        let mut inside = Scope::new();
        let mut binds = Vec::new();
        for (formal, place) in function.formals.iter().zip(places) {
            let value = match (place, &formal.default) {
                (Some(value), _) => self.expr(value),
                (None, Some(default)) => self.default(home, default),
                (None, None) => {
                    self.missing(&what, &formal.name.text, span);
                    return unknown(span);
                }
            };
            let slot = self.slot();
            inside.insert(&formal.name.text, argument(slot, &value, formal.name.span));
            binds.push(Bind { slot, value });
        }
        let scope = std::mem::replace(&mut self.scope, inside);
        let outside = std::mem::replace(&mut self.home, home);
        self.calls.push((home, name, Some(span)));
        let body = self.expr(&function.body);
        self.calls.pop();
        (self.scope, self.home) = (scope, outside);
        // Arguments are evaluated, also those that the body does not read.
        let stages = binds.iter().map(|bind| bind.value.stage);
        Expr {
            ty: body.ty,
            stage: stages.fold(body.stage, Stage::max),
            smooth: body.smooth,
            span: body.span,
            kind: Kind::Block(binds, Box::new(body)),
        }
    }

    pub(super) fn default(&mut self, home: Home, default: &'a ast::Expr) -> Expr {
        let scope = std::mem::replace(&mut self.scope, Scope::new());
        let outside = std::mem::replace(&mut self.home, home);
        let value = self.expr(default);
        (self.scope, self.home) = (scope, outside);
        value
    }

    fn may_inline(&mut self, home: Home, function: &'a ast::Function, span: Span) -> bool {
        let name = function.name.text.as_str();
        if self.recursive.contains(&(home, name)) {
            return false;
        }
        if let Some(from) = self.calls.iter().position(|call| (call.0, call.1) == (home, name)) {
            let cycle = self.calls.split_off(from);
            self.recursive.extend(cycle.iter().map(|call| (call.0, call.1)));
            let message = format!("the function `{name}` calls itself");
            let finding = Diagnostic::new("E0107", span, message, "called again here")
                .because(function.name.span, "functions are inlined, so this has no end");
            self.report(finding);
            self.calls.extend(cycle);
            return false;
        }
        if self.n_inlined > MAX_INLINED {
            // That was said at the first one.
            return false;
        }
        self.n_inlined += 1;
        if self.n_inlined > MAX_INLINED {
            let message = format!("more than {MAX_INLINED} calls to inline");
            self.report(Diagnostic::new("E0003", span, message, "one too many"));
        }
        self.n_inlined <= MAX_INLINED
    }

    /// Checks a file's functions by themselves, also those that nothing calls.
    pub fn check_functions(&mut self, module: &'a ast::Module, home: Home) {
        self.home = home;
        // Whether the whole time axis is there is known where a function is called.
        self.is_parallel = true;
        for item in &module.items {
            let ast::ItemKind::Function(function) = &item.kind else { continue };
            let mut inside = Scope::new();
            for formal in &function.formals {
                if let Some(default) = &formal.default {
                    let value = self.default(home, default);
                    self.require_stage(
                        value,
                        Stage::Const,
                        "a default must be known at compile time",
                    );
                }
                let slot = self.slot();
                let any = unknown(formal.name.span);
                if inside.get(&formal.name.text).is_some() {
                    self.twice(&formal.name);
                }
                inside.insert(&formal.name.text, argument(slot, &any, formal.name.span));
            }
            let outside = std::mem::replace(&mut self.scope, inside);
            let name = function.name.text.as_str();
            // Its own name on the stack is what finds recursion.
            self.calls.push((home, name, None));
            self.expr(&function.body);
            self.calls.pop();
            self.scope = outside;
        }
        self.is_parallel = false;
    }

    fn twice(&mut self, name: &ast::Name) {
        let message = format!("`{}` is there twice", name.text);
        self.report(Diagnostic::new("E0104", name.span, message, "declared already"));
    }

    /// An expression in the place of a surrogate.
    pub fn surrogate(&mut self, expr: &'a ast::Expr) -> Expr {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Group(inner) => self.surrogate(inner),
            ExprKind::Name(name) if self.scope.get(name).is_some() => {
                let value = self.name(name, span);
                self.require_surrogate(value)
            }
            ExprKind::Name(name) => self.surrogate_call(name, span, None, span),
            ExprKind::Call(call) => {
                self.surrogate_call(&call.name.text, call.name.span, Some(call), span)
            }
            ExprKind::If(parts) => {
                let [c, a, b] = parts.as_ref();
                let (c, a, b) = (self.expr(c), self.surrogate(a), self.surrogate(b));
                self.choose(c, a, b, span)
            }
            _ => {
                let value = self.expr(expr);
                self.require_surrogate(value)
            }
        }
    }

    fn require_surrogate(&mut self, value: Expr) -> Expr {
        if matches!(value.ty, Type::Surrogate | Type::Unknown) {
            return value;
        }
        let message = format!("expected a surrogate, found {}", value.ty.name());
        let finding = Diagnostic::new("E0201", value.span, message, value.ty.name())
            .help("a surrogate is named with its arguments, `atan(alpha: 2.0)`");
        self.report(finding);
        unknown(value.span)
    }

    /// The surrogate with this name: its place, and what it is called with.
    fn find_surrogate(&mut self, name: &str) -> Option<(SurrogateItem, Vec<Formal>)> {
        if let Some((home, item)) = self.items().surrogates.get(name) {
            self.used_items.insert(item.name.span);
            let place = *self.surrogate_items.get(&(*home, item.name.text.as_str()))?;
            let own = self.surrogates.get(place.0 as usize - self.base.len())?;
            return Some((place, own.formals.clone()));
        }
        let place = self.base.iter().position(|surrogate| surrogate.name == name)?;
        Some((SurrogateItem(place as u32), self.base[place].formals.clone()))
    }

    fn surrogate_call(
        &mut self,
        name: &'a str,
        there: Span,
        call: Option<&'a Call>,
        span: Span,
    ) -> Expr {
        let Some((item, formals)) = self.find_surrogate(name) else {
            return self.unknown_surrogate(name, there, span);
        };
        let what = format!("the surrogate `{name}`");
        let names: Vec<&str> = formals.iter().map(|formal| formal.name.as_str()).collect();
        let places = match call {
            Some(call) => self.arrange(call, &what, &names),
            None => Some(vec![None; names.len()]),
        };
        let Some(places) = places else { return unknown(span) };
        let mut arguments = Vec::new();
        for (formal, place) in formals.iter().zip(places) {
            let value = match (place, formal.default) {
                (Some(place), _) => self.surrogate_argument(formal, place),
                (None, Some(default)) => leaf(Kind::Number(default), Type::Real, span),
                (None, None) => {
                    self.missing(&what, &formal.name, span);
                    return unknown(span);
                }
            };
            arguments.push(value);
        }
        let lost = arguments.iter().any(|e| e.ty == Type::Unknown);
        let ty = if lost { Type::Unknown } else { Type::Surrogate };
        let mut expr = made(ty, span, &arguments.iter().collect::<Vec<_>>());
        expr.kind = Kind::Surrogate(item, arguments);
        expr
    }

    fn surrogate_argument(&mut self, formal: &Formal, place: &'a ast::Expr) -> Expr {
        let value = self.expr(place);
        if formal.is_int {
            return self.known_int(value, "an int of a surrogate must be known at compile time");
        }
        let value = self.require_number(value);
        self.require_stage(
            value,
            Stage::Param,
            "a surrogate's argument must be a constant or a param",
        )
    }

    fn unknown_surrogate(&mut self, name: &str, there: Span, span: Span) -> Expr {
        if name == "poisson_pass" {
            let message = "`poisson_pass` is no surrogate of its own";
            let finding = Diagnostic::new("E0103", there, message, "draws spikes");
            let help = "with `rand z ~ uniform(0, 1)` it is `spike(p - z, deterministic_pass)`";
            self.report(finding.help(help));
            return unknown(span);
        }
        if self.is_poisoned(name) || self.items().surrogates.contains_key(name) {
            return unknown(span);
        }
        let message = format!("cannot find the surrogate `{name}`");
        let mut finding = Diagnostic::new("E0103", there, message, "not a surrogate");
        let own = self.items().surrogates.keys().copied();
        let base = self.base.clone();
        let mut known: Vec<&str> = own.chain(base.iter().map(|s| s.name.as_str())).collect();
        known.sort_unstable();
        finding = match nearest(name, known.iter().copied()) {
            Some(near) => {
                finding.replace(format!("a surrogate with a similar name: `{near}`"), there, near)
            }
            None => finding.help(format!("the surrogates are {}", quoted(&known))),
        };
        self.report(finding);
        unknown(span)
    }
}

/// The symbol of a function's argument.
pub fn argument<'a>(slot: crate::check::tree::Slot, value: &Expr, span: Span) -> Symbol<'a> {
    Symbol {
        role: Role::Argument,
        slot,
        ty: value.ty,
        stage: value.stage,
        smooth: value.smooth,
        progress: Progress::Ready,
        span,
    }
}

pub(super) fn three(
    kind: fn(Box<[Expr; 3]>) -> Kind,
    ty: Type,
    parts: [Expr; 3],
    span: Span,
) -> Expr {
    let [a, b, c] = &parts;
    let mut expr = made(ty, span, &[a, b, c]);
    expr.kind = kind(Box::new(parts));
    expr
}

pub(super) fn count(n: usize) -> String {
    match n {
        0 => "no arguments".into(),
        1 => "1 argument".into(),
        n => format!("{n} arguments"),
    }
}

/// A list of names in a sentence.
pub fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
