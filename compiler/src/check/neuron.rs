//! Declarations of a neuron: options, inputs, states, params, names outside the phases, outputs.

use crate::ast;
use crate::ast::{Member, MemberKind, ModifierKind, OptionType};
use crate::check::checker::{Checker, RESERVED, unknown};
use crate::check::hir::{Sharing, Via};
use crate::check::nearest::nearest;
use crate::check::rand;
use crate::check::scope::{Progress, Role, Scope, Symbol};
use crate::check::statements::{changeable, has_ode, is_changed, is_spike};
use crate::check::tree::{
    Choice, Expr, Initial, Input, Kind, Neuron, Output, Param, ParamDefault, Range, Slot, Stage,
    State, Type,
};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// What a fresh declaration is.
pub(super) struct Declaration<'a> {
    pub role: Role,
    pub ty: Type,
    pub stage: Stage,
    pub smooth: bool,
    pub progress: Progress<'a>,
}

impl<'a> Declaration<'a> {
    /// A number that can be used from here on.
    pub fn ready(role: Role, stage: Stage, smooth: bool) -> Self {
        Self { role, ty: Type::Real, stage, smooth, progress: Progress::Ready }
    }
}

impl<'a> Checker<'a> {
    /// Checks a neuron. What comes back may be run only if nothing was wrong.
    pub fn neuron(&mut self, neuron: &'a ast::Neuron) -> Neuron {
        self.scope = Scope::new();
        self.n_slots = 0;
        self.used.clear();
        self.declared.clear();
        self.previous.clear();
        self.draws.clear();
        self.hidden.clear();
        self.axes.clear();
        self.units.clear();
        self.has_ode = has_ode(neuron);
        self.spikes.clear();
        self.outer.clear();
        self.is_parallel = neuron.parallel.is_some();
        let mut made = Neuron {
            is_parallel: self.is_parallel,
            name: neuron.name.text.clone(),
            span: neuron.name.span,
            options: Vec::new(),
            inputs: Vec::new(),
            draws: Vec::new(),
            states: Vec::new(),
            params: Vec::new(),
            outputs: Vec::new(),
            outer: Vec::new(),
            steps: Vec::new(),
            n_charged: 0,
            names: Vec::new(),
            n_slots: 0,
        };
        made.options = neuron.options.iter().map(|option| self.option(option)).collect();
        self.check_members(neuron);
        self.declare_all(neuron);
        self.resolve_all();
        for member in &neuron.members {
            self.member(&mut made, member);
        }
        (made.steps, made.n_charged) = self.phases(neuron);
        made.outputs = self.outputs(neuron);
        made.names = self.made_names();
        self.lint_unread(neuron);
        self.keep_previous(&mut made);
        made.draws = std::mem::take(&mut self.draws);
        made.outer = std::mem::take(&mut self.outer);
        self.measure_neuron(&mut made);
        made.n_slots = self.n_slots;
        made
    }

    /// The names that `let` and `fire` made so far.
    fn made_names(&self) -> Vec<(String, Slot)> {
        let is_made = |role: &Role| matches!(role, Role::Let | Role::Mutable | Role::Fired);
        let made = self.declared.iter().filter(|(role, ..)| is_made(role));
        made.map(|(_, slot, name)| (name.text.clone(), *slot)).collect()
    }

    /// Adds a name, or says why it cannot be one.
    pub(super) fn declare(&mut self, name: &'a ast::Name, mut what: Declaration<'a>) -> Slot {
        let slot = self.slot();
        let text = name.text.as_str();
        if RESERVED.contains(&text) {
            let message = format!("`{text}` is a name of the language");
            self.report(Diagnostic::new("E0105", name.span, message, "cannot be declared"));
            return slot;
        }
        if text == "dt" && self.has_ode && !matches!(what.role, Role::Option | Role::Const) {
            let message = "`dt` is the time of a step where there are equations";
            let finding = Diagnostic::new("E0105", name.span, message, "cannot be declared");
            self.report(finding.help("an option or a `const` may be called `dt`"));
            what.ty = Type::Unknown;
        }
        let before = self.scope.get(text).map(|symbol| (symbol.span, symbol.role));
        if let Some((span, role)) = before {
            let message = format!("`{text}` is declared twice");
            let finding = Diagnostic::new("E0104", name.span, message, "declared again here")
                .because(span, format!("it is {} already", role.name()));
            self.report(finding);
            return slot;
        }
        if let Some((_, constant)) = self.items().constants.get(text) {
            let message = format!("`{text}` is declared twice");
            let finding = Diagnostic::new("E0104", name.span, message, "declared again here")
                .because(constant.name.span, "it is a const of the file already");
            self.report(finding);
            return slot;
        }
        let Declaration { role, ty, stage, smooth, progress } = what;
        self.declared.push((role, slot, name));
        self.scope
            .insert(text, Symbol { role, slot, ty, stage, smooth, progress, span: name.span });
        slot
    }

    fn option(&mut self, option: &'a ast::OptionDecl) -> Choice {
        let (ty, what) = match option.ty {
            OptionType::Bool => (Type::Bool, "a bool"),
            OptionType::Int => (Type::Int, "an int"),
            OptionType::Float => (Type::Real, "a number"),
            OptionType::Surrogate => (Type::Surrogate, "a surrogate"),
            OptionType::Function => {
                self.require_own_name(option);
                (Type::Function, "a function")
            }
        };
        let default = option.default.as_ref();
        let default = default.map(|default| self.option_value(default, ty, what));
        let mut declaration = Declaration::ready(Role::Option, Stage::Const, false);
        declaration.ty = ty;
        let slot = self.declare(&option.name, declaration);
        self.declare_unit(&option.name, &option.dims, slot, ty);
        let unit = self.units.of(slot);
        Choice { name: option.name.text.clone(), ty, default, slot, unit, span: option.name.span }
    }

    /// The value of an option, of the option's type.
    pub fn option_value(&mut self, value: &'a ast::Expr, ty: Type, what: &str) -> Expr {
        let value = match ty {
            Type::Surrogate => self.surrogate(value),
            Type::Function => self.function_value(value),
            _ => self.expr(value),
        };
        let value =
            self.require_stage(value, Stage::Const, "an option must be known at compile time");
        let fits = match ty {
            Type::Real => value.ty.is_number(),
            Type::Int => matches!(value.ty, Type::Int | Type::Whole | Type::Unknown),
            _ => value.ty == ty || value.ty == Type::Unknown,
        };
        if fits {
            return value;
        }
        let found = match (ty, value.ty) {
            (Type::Int, Type::Real) => "a number with a point",
            (_, found) => found.name(),
        };
        let message = format!("expected {what}, found {found}");
        self.report(Diagnostic::new("E0201", value.span, message, found));
        unknown(value.span)
    }

    /// Adds all names, so that declarations may use each other in any order.
    fn declare_all(&mut self, neuron: &'a ast::Neuron) {
        for member in &neuron.members {
            match &member.kind {
                MemberKind::Input(inputs) => {
                    for input in inputs {
                        let what = Declaration::ready(Role::Input, Stage::Input, true);
                        let slot = self.declare(&input.name, what);
                        // All inputs of a parallel neuron have the time axis, written or not.
                        let rest = match input.dims.split_first() {
                            Some((dims, rest)) if self.is_parallel && dims.text == "T" => rest,
                            _ => &input.dims,
                        };
                        self.declare_unit(&input.name, rest, slot, Type::Real);
                    }
                }
                MemberKind::State(state) => {
                    let mut declaration = Declaration::ready(Role::State, Stage::Step, true);
                    if state.ty.as_ref().is_some_and(|ty| ty.text == "int") {
                        (declaration.ty, declaration.smooth) = (Type::Int, false);
                    }
                    self.declare_as(&state.declared, declaration);
                }
                MemberKind::Param(param) => {
                    let learn = param.modifiers.iter().any(|m| m.kind == ModifierKind::Learn);
                    let mut declaration = Declaration::ready(Role::Param, Stage::Param, learn);
                    let unit = self.axis(neuron, &param.declared, &mut declaration);
                    let slot = self.declare(&param.declared.name, declaration);
                    self.declare_unit(&param.declared.name, unit, slot, Type::Real);
                }
                MemberKind::Const(constant) => {
                    let slot = self.declare(&constant.name, pending(Role::Const, &constant.value));
                    self.declare_unit(&constant.name, &constant.dims, slot, Type::Real);
                }
                MemberKind::Let(binding) => {
                    if let Some(span) = binding.mutable {
                        let name = &binding.declared.name;
                        self.require_phase(span, name, is_changed(neuron, &name.text));
                    }
                    let role = if binding.mutable.is_some() { Role::Mutable } else { Role::Let };
                    self.declare_as(&binding.declared, pending(role, &binding.value));
                }
                MemberKind::Rand(rand) => {
                    let slot = self.declare(&rand.name, pending(Role::Draw, &rand.value));
                    self.draws.push(rand::declared(rand, slot));
                }
                _ => {}
            }
        }
        for member in &neuron.members {
            if let MemberKind::Phase(phase) = &member.kind
                && (phase.kind == ast::PhaseKind::Fire || self.is_parallel)
            {
                self.declare_fired(phase);
            }
        }
    }

    fn declare_as(&mut self, declared: &'a ast::Declared, what: Declaration<'a>) -> Slot {
        let ty = what.ty;
        let slot = self.declare(&declared.name, what);
        self.declare_unit(&declared.name, &declared.dims, slot, ty);
        slot
    }

    fn declare_fired(&mut self, phase: &'a ast::Phase) {
        let changed: Vec<&str> = phase.statements.iter().filter_map(changeable).collect();
        for statement in &phase.statements {
            if let ast::StatementKind::Assign(assign) = &statement.kind
                && !changed.contains(&assign.target.text.as_str())
            {
                if is_spike(&assign.value) {
                    self.spikes.insert(&assign.target.text);
                }
                let role = self.scope.get(&assign.target.text).map(|symbol| symbol.role);
                if assign.op.is_none() && !matches!(role, Some(Role::State | Role::Fired)) {
                    let mut declaration = Declaration::ready(Role::Fired, Stage::Step, true);
                    declaration.progress = Progress::Later;
                    self.declare(&assign.target, declaration);
                }
            }
        }
    }

    fn resolve_all(&mut self) {
        let mut waiting: Vec<(Span, &'a str)> = Vec::new();
        for name in self.scope.names() {
            if let Some(symbol) = self.scope.get(name)
                && matches!(symbol.progress, Progress::Pending(_))
            {
                waiting.push((symbol.span, name));
            }
        }
        waiting.sort_unstable_by_key(|(span, _)| *span);
        for (_, name) in waiting {
            if let Some(symbol) = self.scope.get(name).copied()
                && let Progress::Pending(value) = symbol.progress
            {
                self.resolve(name, symbol, value);
            }
        }
    }

    fn member(&mut self, made: &mut Neuron, member: &'a Member) {
        match &member.kind {
            MemberKind::Input(inputs) => {
                for input in inputs {
                    if let Some(slot) = self.own_slot(&input.name) {
                        let (name, span) = (input.name.text.clone(), input.name.span);
                        made.inputs.push(Input { name, slot, span });
                    }
                }
            }
            MemberKind::State(state) => {
                let state = self.state(state);
                made.states.extend(state);
            }
            MemberKind::Param(param) => {
                let param = self.param(param);
                made.params.extend(param);
            }
            _ => {}
        }
    }

    /// The slot of a name, unless the name belongs to another declaration.
    fn own_slot(&self, name: &ast::Name) -> Option<Slot> {
        self.scope.get(&name.text).filter(|symbol| symbol.span == name.span).map(|s| s.slot)
    }

    fn state(&mut self, state: &'a ast::State) -> Option<State> {
        let name = &state.declared.name;
        if let Some(ty) = state.ty.as_ref().filter(|ty| ty.text != "int") {
            let message = format!("`{}` is no type of a state", ty.text);
            let finding = Diagnostic::new("E0201", ty.span, message, "not a type");
            self.report(match nearest(&ty.text, ["int"]) {
                Some(near) => finding.replace("a state may be an `int`", ty.span, near),
                None => finding.help("a state is a number, or an `int`"),
            });
        }
        let init = match &state.init {
            Some(init) => {
                let ty = self.scope.get(&name.text).map_or(Type::Real, |symbol| symbol.ty);
                let init = self.expr(init);
                let init = if ty == Type::Int {
                    self.require_int(init)
                } else {
                    self.require_number(init)
                };
                let why = "the initial value of a state may use options, consts and params only";
                self.require_stage(init, Stage::Param, why)
            }
            None => {
                let message = format!("the state `{}` has no initial value", name.text);
                let end = state.declared.dims.last().map_or(name.span, |dims| dims.span).end;
                let end = Span { start: end, end, ..name.span };
                let finding = Diagnostic::new("E0313", name.span, message, "starts at what")
                    .replace("give it one", end, " = 0");
                self.report(finding);
                unknown(name.span)
            }
        };
        let slot = self.own_slot(name)?;
        let is_int = state.ty.as_ref().is_some_and(|ty| ty.text == "int");
        let ty = if is_int { Type::Int } else { Type::Real };
        let name = name.text.clone();
        Some(State {
            name,
            ty,
            slot,
            before: None,
            hidden: false,
            init,
            span: state.declared.name.span,
        })
    }

    fn param(&mut self, param: &'a ast::Param) -> Option<Param> {
        let name = &param.declared.name;
        self.check_modifiers(param);
        let mut default = None;
        let mut made = Param {
            name: name.text.clone(),
            slot: Slot(0),
            sharing: Sharing::Layer,
            learn: false,
            axis: self.param_axis(&param.declared),
            default: Initial::One(ParamDefault::Number(unknown(name.span))),
            range: None,
            via: None,
            span: name.span,
        };
        for modifier in &param.modifiers {
            match &modifier.kind {
                ModifierKind::Default(value) => {
                    default = Some(self.initial(param, value));
                }
                ModifierKind::Per(sharing) => made.sharing = *sharing,
                ModifierKind::In(range) => made.range = Some(self.range(range)),
                ModifierKind::Via(map) => made.via = self.via(map),
                ModifierKind::Learn => made.learn = true,
            }
        }
        made.default = default.unwrap_or_else(|| {
            self.no_default(&param.declared, made.range.as_ref());
            Initial::One(ParamDefault::Number(unknown(name.span)))
        });
        let maps = param.modifiers.iter().any(|m| matches!(m.kind, ModifierKind::Via(_)));
        if let (true, Some(range), false) = (made.learn, &made.range, maps) {
            self.warn_unkept_range(name, range);
        }
        made.slot = self.own_slot(name)?;
        Some(made)
    }

    fn no_default(&mut self, declared: &ast::Declared, range: Option<&Range>) {
        let name = &declared.name;
        let message = format!("the param `{}` has no default", name.text);
        let end = declared.dims.last().map_or(name.span, |dims| dims.span).end;
        let end = Span { start: end, end, ..name.span };
        let finding = Diagnostic::new("E0313", name.span, message, "is what, if none is given");
        let finding = match range.map_or(Some(1.0), inside) {
            Some(number) => finding.replace("give it one", end, format!(" = {number:?}")),
            None => finding.help("give it one in its range"),
        };
        self.report(finding);
    }

    fn warn_unkept_range(&mut self, name: &ast::Name, range: &Range) {
        let map = match range.high.kind {
            Kind::Number(f64::INFINITY) => " via softplus",
            _ => " via sigmoid",
        };
        let message = format!("learning may move `{}` out of its range", name.text);
        let end = Span { start: range.span.end, ..range.span };
        let finding = Diagnostic::new("W0308", name.span, message, "learnt as it is")
            .because(range.span, "checked only when a number is given")
            .replace("store a number that cannot leave the range", end, map);
        self.report(finding);
    }

    fn check_modifiers(&mut self, param: &'a ast::Param) {
        let kind = |kind: &ModifierKind| std::mem::discriminant(kind);
        for (i, modifier) in param.modifiers.iter().enumerate() {
            let before =
                param.modifiers[..i].iter().find(|m| kind(&m.kind) == kind(&modifier.kind));
            if let Some(before) = before {
                let what = match &modifier.kind {
                    ModifierKind::Default(_) => "a default",
                    ModifierKind::Per(_) => "a sharing",
                    ModifierKind::In(_) => "a range",
                    ModifierKind::Via(_) => "a map",
                    ModifierKind::Learn => "`learn`",
                };
                let message = format!("`{}` has {what} twice", param.declared.name.text);
                let finding = Diagnostic::new("E0310", modifier.span, message, "said again here")
                    .because(before.span, "said here already");
                self.report(finding);
            }
        }
    }

    pub(super) fn constant_number(&mut self, value: &'a ast::Expr, what: &str) -> Expr {
        let value = self.expr(value);
        let value = self.require_number(value);
        self.require_stage(value, Stage::Const, &format!("{what} must be known at compile time"))
    }

    fn range(&mut self, range: &'a ast::Range) -> Range {
        let low = self.constant_number(&range.low, "the end of a range");
        let high = self.constant_number(&range.high, "the end of a range");
        Range {
            low,
            high,
            low_closed: range.low_closed,
            high_closed: range.high_closed,
            span: range.span,
        }
    }

    fn via(&mut self, map: &'a ast::Name) -> Option<(Via, Span)> {
        let via = match map.text.as_str() {
            "sigmoid" => Via::Sigmoid,
            "softplus" => Via::Softplus,
            "exp" => Via::Exp,
            other => {
                let message = format!("`{other}` is no map of a param");
                let mut finding = Diagnostic::new("E0312", map.span, message, "not a map");
                finding = match nearest(other, ["sigmoid", "softplus", "exp"]) {
                    Some(near) => {
                        finding.replace(format!("a similar name: `{near}`"), map.span, near)
                    }
                    None => finding.help("the maps are `sigmoid`, `softplus` and `exp`"),
                };
                self.report(finding);
                return None;
            }
        };
        Some((via, map.span))
    }

    fn outputs(&mut self, neuron: &'a ast::Neuron) -> Vec<Output> {
        let mut outputs: Vec<Output> = Vec::new();
        let mut n_written = 0;
        for member in &neuron.members {
            let MemberKind::Output(output) = &member.kind else { continue };
            n_written += 1;
            let Some(slot) = self.output_slot(output) else { continue };
            let outside = output.rename.as_ref().unwrap_or(&output.name);
            if let Some(before) = outputs.iter().find(|before| before.name == outside.text) {
                let message = format!("two outputs are called `{}`", outside.text);
                let finding = Diagnostic::new("E0104", outside.span, message, "the second")
                    .because(before.span, "the first")
                    .help("`output v as trace` gives another name");
                self.report(finding);
                continue;
            }
            let (name, last) = (outside.text.clone(), output.last.is_some());
            outputs.push(Output { name, slot, last, span: outside.span });
        }
        if n_written == 0 && !self.has_poison() {
            let message = format!("the neuron `{}` has no output", neuron.name.text);
            let finding = Diagnostic::new("E0309", neuron.name.span, message, "gives nothing")
                .help("say what the caller gets, for example `output s`");
            self.report(finding);
        }
        outputs
    }

    fn output_slot(&mut self, output: &'a ast::Output) -> Option<Slot> {
        let name = &output.name;
        let Some(symbol) = self.scope.get(&name.text).copied() else {
            self.name(&name.text, name.span);
            return None;
        };
        let is_value =
            matches!(symbol.role, Role::State | Role::Fired | Role::Let | Role::Input | Role::Draw);
        if !is_value {
            let message = format!("`{}` is {} and no output", name.text, symbol.role.name());
            let finding = Diagnostic::new("E0314", name.span, message, "the same at each step")
                .because(symbol.span, "declared here")
                .help("a state, a name made in `fire`, a `let` or an input can be an output");
            self.report(finding);
            return None;
        }
        let value = self.name(&name.text, name.span);
        let value = self.require_number(value);
        match value.kind {
            Kind::Slot(slot) => Some(slot),
            _ => None,
        }
    }
}

/// A number in a range whose ends are written as numbers.
fn inside(range: &Range) -> Option<f64> {
    let (Kind::Number(low), Kind::Number(high)) = (&range.low.kind, &range.high.kind) else {
        return None;
    };
    let middle = if high.is_finite() { (low + high) / 2.0 } else { low + 1.0 };
    (*low < middle && middle < *high).then_some(middle)
}

/// A declaration outside the phases whose value is not checked yet.
fn pending<'a>(role: Role, value: &'a ast::Expr) -> Declaration<'a> {
    Declaration {
        role,
        ty: Type::Unknown,
        stage: Stage::Const,
        smooth: false,
        progress: Progress::Pending(value),
    }
}
