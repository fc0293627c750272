//! What checking keeps in mind, and how names and constants are looked up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::ast;
use crate::check::indexed::Index;
use crate::check::items::{Home, Items};
use crate::check::nearest::nearest;
use crate::check::scope::{Progress, Role, Scope, Symbol};
use crate::check::tree::{
    Bind, Draw, Expr, Function, FunctionItem, Kind, Slot, Stage, State, Surrogate, SurrogateItem,
    Type,
};
use crate::check::units::{Unit, Units};
use crate::check::{builtins, eval};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::Span;

/// Names that every file knows.
pub const CONSTANTS: [(&str, f64); 3] =
    [("pi", std::f64::consts::PI), ("inf", f64::INFINITY), ("nan", f64::NAN)];

/// What is known of the steps of a call.
const STEPS: [(&str, &str); 2] = [("T", "the number of steps"), ("t", "the number of the step")];

/// Names that may not be declared.
pub const RESERVED: [&str; 5] = ["T", "t", "pi", "inf", "nan"];

/// How far a file's constant is known.
#[derive(Clone, Copy, Debug)]
enum ConstState {
    Busy,
    Known(f64, Type, Unit),
    Failed,
}

/// The state of checking.
pub struct Checker<'a> {
    /// The items of each file.
    pub files: &'a [Items<'a>],
    /// The file whose text is being checked.
    pub home: Home,
    /// All findings.
    pub diagnostics: Diagnostics,
    /// The prelude's surrogates; the file's come behind.
    pub base: Arc<Vec<Surrogate>>,
    /// The surrogates checked so far.
    pub surrogates: Vec<Surrogate>,
    /// Where to find a file's surrogate.
    pub surrogate_items: HashMap<(Home, &'a str), SurrogateItem>,
    /// The functions that options name.
    pub functions: Vec<Function>,
    /// Where to find one; none for one that is no function of numbers.
    pub(super) function_items: HashMap<(Home, &'a str), Option<FunctionItem>>,
    /// The names known.
    pub scope: Scope<'a>,
    /// How many slots have been given out.
    pub n_slots: u32,
    /// The slots that something reads.
    pub used: HashSet<Slot>,
    /// The names declared so far in a neuron, to find those that nothing reads.
    pub(super) declared: Vec<(Role, Slot, &'a ast::Name)>,
    /// Where the items stand that something names.
    pub(super) used_items: HashSet<Span>,
    /// The declarations outside the phases, each behind what it uses.
    pub outer: Vec<Bind>,
    /// For each state and fired name that `@prev` reads, the slot of its value before the step.
    pub(super) previous: HashMap<&'a str, Slot>,
    /// The draws of a neuron.
    pub(super) draws: Vec<Draw>,
    /// The states that keep fired names.
    pub(super) hidden: Vec<State>,
    /// What indexed params are indexed by, by their declarations.
    pub(super) axes: HashMap<Span, Index>,
    /// The fired names that are spikes.
    pub(super) spikes: HashSet<&'a str>,
    /// The functions being inlined, with their calls; none for one that is checked by itself.
    pub(super) calls: Vec<(Home, &'a str, Option<Span>)>,
    /// The functions known to call themselves.
    pub(super) recursive: HashSet<(Home, &'a str)>,
    /// How many calls have been inlined.
    pub(super) n_inlined: u32,
    /// How deep the expression being checked is.
    pub(super) depth: u32,
    /// Whether the text is a surrogate's, which has no spikes.
    pub(super) in_surrogate: bool,
    /// Whether the neuron sees the whole time axis.
    pub(super) is_parallel: bool,
    /// Whether the neuron has equations, which know the time of a step as `dt`.
    pub(super) has_ode: bool,
    /// What is known of units.
    pub(super) units: Units,
    constants: HashMap<(Home, &'a str), ConstState>,
    /// Names in text that does not parse: what they are is not known.
    poisoned: HashSet<String>,
    pub(super) reported: HashSet<(&'static str, Span)>,
}

impl<'a> Checker<'a> {
    /// A checker of some files, with the surrogates they may name beside their own.
    pub fn new(
        files: &'a [Items<'a>],
        base: Arc<Vec<Surrogate>>,
        poisoned: HashSet<String>,
    ) -> Self {
        Self {
            files,
            home: 0,
            diagnostics: Vec::new(),
            base,
            surrogates: Vec::new(),
            surrogate_items: HashMap::new(),
            functions: Vec::new(),
            function_items: HashMap::new(),
            scope: Scope::new(),
            n_slots: 0,
            used: HashSet::new(),
            declared: Vec::new(),
            used_items: HashSet::new(),
            outer: Vec::new(),
            previous: HashMap::new(),
            draws: Vec::new(),
            hidden: Vec::new(),
            axes: HashMap::new(),
            spikes: HashSet::new(),
            calls: Vec::new(),
            recursive: HashSet::new(),
            n_inlined: 0,
            depth: 0,
            in_surrogate: false,
            is_parallel: false,
            has_ode: false,
            units: Units::default(),
            constants: HashMap::new(),
            poisoned,
            reported: HashSet::new(),
        }
    }

    /// Adds a finding, unless it is there already: a function's text is read at each call.
    pub fn report(&mut self, mut finding: Diagnostic) {
        if !self.reported.insert((finding.code, finding.primary.span)) {
            return;
        }
        if let Some((_, name, Some(call))) = self.calls.last() {
            finding = finding.because(*call, format!("`{name}` is called here"));
        }
        self.diagnostics.push(finding);
    }

    /// Reports a form of the language that is not built yet.
    pub fn not_yet(&mut self, span: Span, what: &str) -> Expr {
        let message = format!("{what} not supported yet");
        self.report(Diagnostic::new("E0900", span, message, "not supported yet"));
        unknown(span)
    }

    /// A new slot.
    pub fn slot(&mut self) -> Slot {
        self.n_slots += 1;
        Slot(self.n_slots - 1)
    }

    /// The items that the current file can name.
    pub fn items(&self) -> &'a Items<'a> {
        &self.files[self.home]
    }

    /// Whether a name stands in text that does not parse.
    pub fn is_poisoned(&self, name: &str) -> bool {
        self.poisoned.contains(name)
    }

    /// Whether any text does not parse.
    pub fn has_poison(&self) -> bool {
        !self.poisoned.is_empty()
    }

    /// What a name stands for, as an expression.
    pub fn name(&mut self, name: &'a str, span: Span) -> Expr {
        if let Some(symbol) = self.scope.get(name).copied() {
            return self.symbol(name, symbol, span);
        }
        if let Some(&(_, value)) = CONSTANTS.iter().find(|(known, _)| *known == name) {
            return leaf(Kind::Number(value), Type::Real, span);
        }
        if let Some(&(home, constant)) = self.items().constants.get(name) {
            self.used_items.insert(constant.name.span);
            return self.constant(home, constant, span);
        }
        if let Some((_, what)) = STEPS.iter().find(|(known, _)| *known == name) {
            let message = format!("{what} `{name}` as a value is not supported yet");
            let finding = Diagnostic::new("E0900", span, message, "not supported yet");
            self.report(finding.help("`param c[T]` has a number for each step, `c[t]`"));
            return unknown(span);
        }
        self.unknown_name(name, span)
    }

    fn symbol(&mut self, name: &'a str, symbol: Symbol<'a>, span: Span) -> Expr {
        let symbol = match symbol.progress {
            Progress::Ready => symbol,
            Progress::Pending(value) => self.resolve(name, symbol, value),
            Progress::Busy => return self.cycle(name, symbol.span, span),
            Progress::Later => {
                let message = format!("`{name}` has no value before `fire`");
                let finding = Diagnostic::new("E0108", span, message, "used too early")
                    .because(symbol.span, "it is made here");
                self.report(match self.is_parallel {
                    true => finding.help("statements run in the order they stand in"),
                    false => {
                        let there = format!("{name}@prev");
                        finding.replace("its value of the last step", span, there)
                    }
                });
                return unknown(span);
            }
        };
        self.used.insert(symbol.slot);
        let index = self.axes.get(&symbol.span).copied();
        // A matrix out of place was reported where it is declared.
        let needs_index = |index: &Index| match index {
            Index::Number => true,
            Index::Step => !self.is_parallel,
            Index::Matrix => false,
        };
        if let Some(index) = index.filter(needs_index) {
            return self.no_index(name, index, symbol.span, span);
        }
        let kind = Kind::Slot(symbol.slot);
        Expr { kind, ty: symbol.ty, stage: symbol.stage, smooth: symbol.smooth, span }
    }

    fn cycle(&mut self, name: &str, declared: Span, span: Span) -> Expr {
        let message = format!("`{name}` is defined by itself");
        let finding = Diagnostic::new("E0106", span, message, "needs its own value")
            .because(declared, "while this is worked out");
        self.report(finding);
        unknown(span)
    }

    /// Checks a declaration outside the phases and puts it behind what it uses.
    pub fn resolve(
        &mut self,
        name: &'a str,
        mut symbol: Symbol<'a>,
        value: &'a ast::Expr,
    ) -> Symbol<'a> {
        symbol.progress = Progress::Busy;
        self.scope.insert(name, symbol);
        let value = match symbol.role {
            Role::Draw => self.drawn_value(value),
            _ => self.expr(value),
        };
        let value = match symbol.role {
            Role::Draw => value,
            Role::Const => {
                let value = self.require_number(value);
                self.require_stage(value, Stage::Const, "a `const` must be known at compile time")
            }
            _ => {
                let why =
                    "a `let` outside the phases may use options, consts, params and inputs only";
                self.require_stage(value, Stage::Input, why)
            }
        };
        symbol.progress = Progress::Ready;
        (symbol.ty, symbol.stage, symbol.smooth) = (value.ty, value.stage, value.smooth);
        self.scope.insert(name, symbol);
        self.outer.push(Bind { slot: symbol.slot, value });
        symbol
    }

    /// A constant of a file as an expression.
    fn constant(&mut self, home: Home, constant: &'a ast::Const, span: Span) -> Expr {
        let name = constant.name.text.as_str();
        match self.constants.get(&(home, name)) {
            Some(ConstState::Busy) => return self.cycle(name, constant.name.span, span),
            Some(ConstState::Failed) => return unknown(span),
            Some(&ConstState::Known(value, ty, unit)) => return in_unit(value, ty, unit, span),
            None => {}
        }
        self.constants.insert((home, name), ConstState::Busy);
        let state = self.constant_value(home, constant);
        self.constants.insert((home, name), state);
        match state {
            ConstState::Known(value, ty, unit) => in_unit(value, ty, unit, span),
            _ => unknown(span),
        }
    }

    fn constant_value(&mut self, home: Home, constant: &'a ast::Const) -> ConstState {
        let n_errors = self.diagnostics.len();
        let outside = (
            std::mem::take(&mut self.scope),
            std::mem::replace(&mut self.home, home),
            std::mem::take(&mut self.calls),
        );
        let value = self.expr(&constant.value);
        let mut value = self.require_number(value);
        let unit = self.measure_constant(constant, &mut value);
        (self.scope, self.home, self.calls) = outside;
        if self.diagnostics.len() > n_errors || value.ty == Type::Unknown {
            return ConstState::Failed;
        }
        match eval::constant(&value) {
            Ok(number) => ConstState::Known(number, value.ty, unit),
            Err(findings) => {
                findings.into_iter().for_each(|finding| self.report(finding));
                ConstState::Failed
            }
        }
    }

    /// Checks a file's constants, also those that nothing uses, and gives their values.
    pub fn check_constants(
        &mut self,
        module: &'a ast::Module,
        home: Home,
    ) -> Vec<(String, f64, Unit)> {
        let mut values = Vec::new();
        for item in &module.items {
            if let ast::ItemKind::Const(constant) = &item.kind {
                let name = constant.name.text.clone();
                match self.constant(home, constant, constant.name.span).kind {
                    Kind::Number(number) => values.push((name, number, Unit::NONE)),
                    Kind::Quantity(number, unit) => values.push((name, number, unit)),
                    _ => {}
                }
            }
        }
        values
    }

    fn unknown_name(&mut self, name: &str, span: Span) -> Expr {
        if self.is_poisoned(name) {
            return unknown(span);
        }
        let message = format!("cannot find `{name}`");
        let mut finding = Diagnostic::new("E0101", span, message, "not a name known here");
        let items = self.items();
        let known = self.scope.names().chain(items.constants.keys().copied());
        let known = known.chain(CONSTANTS.iter().map(|(name, _)| *name));
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        if builtins::find(name).is_some() || items.functions.contains_key(name) {
            finding = finding.help(format!("`{name}` is a function: write `{name}(...)`"));
        } else if name == "dt" && self.has_ode {
            finding = finding.help("a step takes the time 1 where no option or const is `dt`");
        } else if let Some(near) = nearest(name, known) {
            let text = format!("a name with a similar spelling: `{near}`");
            finding = finding.replace(text, span, near);
        }
        self.report(finding);
        unknown(span)
    }

    /// Reports an expression that is known too late.
    pub fn require_stage(&mut self, expr: Expr, latest: Stage, why: &str) -> Expr {
        if expr.stage <= latest || expr.ty == Type::Unknown {
            return expr;
        }
        let late = eval::offender(&expr, latest);
        let (span, code) = (late.span, if latest == Stage::Const { "E0204" } else { "E0108" });
        let there = match late.stage {
            Stage::Const => "known at compile time",
            Stage::Param => "a param is known only when the kernel runs",
            Stage::Input => "known only with the input of a step",
            Stage::Step => "known only within a step",
        };
        let mut finding = Diagnostic::new(code, span, why, there);
        if late.stage == Stage::Param && latest == Stage::Const {
            finding = finding.help(if self.in_surrogate {
                "an argument `n: int` of a surrogate is known at compile time"
            } else {
                "a `const` or an option is known at compile time"
            });
        }
        self.report(finding);
        unknown(expr.span)
    }

    /// Reports an expression that is no number.
    pub fn require_number(&mut self, expr: Expr) -> Expr {
        if expr.ty.is_number() {
            return expr;
        }
        let message = format!("expected a number, found {}", expr.ty.name());
        let mut finding = Diagnostic::new("E0201", expr.span, message, expr.ty.name());
        if expr.ty == Type::Bool {
            finding = finding.wrap("0 or 1, as a number", expr.span, "real(", ")");
        }
        self.report(finding);
        unknown(expr.span)
    }

    /// Reports an expression that is no bool.
    pub fn require_bool(&mut self, expr: Expr) -> Expr {
        if matches!(expr.ty, Type::Bool | Type::Unknown) {
            return expr;
        }
        let message = format!("expected a bool, found {}", expr.ty.name());
        let mut finding = Diagnostic::new("E0205", expr.span, message, expr.ty.name());
        finding = match expr.ty {
            Type::Spike => finding.help("a spike is a number: compare it, `s > 0`"),
            _ => finding.help("compare the number, for example with `> 0`"),
        };
        self.report(finding);
        unknown(expr.span)
    }
}

/// What an error leaves.
pub fn unknown(span: Span) -> Expr {
    leaf(Kind::Unknown, Type::Unknown, span)
}

/// A constant in a unit.
fn in_unit(value: f64, ty: Type, unit: Unit, span: Span) -> Expr {
    let kind = if unit == Unit::NONE { Kind::Number(value) } else { Kind::Quantity(value, unit) };
    leaf(kind, ty, span)
}

/// An expression known at compile time.
pub fn leaf(kind: Kind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, stage: Stage::Const, smooth: false, span }
}
