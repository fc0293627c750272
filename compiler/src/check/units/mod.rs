//! Units: every value of a neuron has one, sums have one, and in the end all are gone.
//!
//! What is checked is the typed tree, whose functions are inlined, so that a function has the units of its
//! call. Scales are kept apart from numbers for as long as they can be: a product of MOhm and nA is in mV
//! without any operation, and only where two values meet is one of them multiplied by a power of ten.
//! A 0, an infinity and what is no number are so in every unit.

mod declare;
mod measure;
mod report;
mod unit;

use std::collections::{HashMap, HashSet};

use crate::check::checker::Checker;
use crate::check::eval::Builder;
use crate::check::tree::{
    Axis, Bind, Choice, Equation, Expr, Initial, Kind, Neuron, Ode, Param, ParamDefault, Slot,
    Stage, Step, Type,
};
use crate::diagnostic::Diagnostic;
use crate::span::Span;

pub use unit::Unit;

/// What is known of units while a program is checked.
#[derive(Debug, Default)]
pub struct Units {
    /// Whether the program has any.
    pub is_used: bool,
    /// Those of declared names, with where they are declared; none of one that is wrong.
    declared: HashMap<Slot, (Option<Unit>, Span)>,
    /// Where numbers stand as such, so that a unit can be put behind them.
    numbers: HashSet<Span>,
}

impl Units {
    /// Forgets the names of a neuron.
    pub fn clear(&mut self) {
        self.declared.clear();
    }

    /// Keeps in mind that a number is written here.
    pub fn see_number(&mut self, span: Span) {
        if self.is_used {
            self.numbers.insert(span);
        }
    }

    /// The declared unit of a slot.
    pub fn of(&self, slot: Slot) -> Option<Unit> {
        self.declared.get(&slot).and_then(|(unit, _)| *unit)
    }

    /// Declares the unit of a slot.
    pub fn set(&mut self, slot: Slot, unit: Option<Unit>, span: Span) {
        self.declared.insert(slot, (unit, span));
    }
}

/// What is known of the unit of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    /// It is a number in every unit.
    Any,
    /// It is in this one.
    In(Unit),
    /// An error left nothing to know.
    Lost,
}

/// The unit of a value, and the declaration that it comes from.
#[derive(Clone, Copy, Debug)]
struct Measured {
    measure: Measure,
    from: Option<Span>,
}

impl Measured {
    const PLAIN: Measured = Measured { measure: Measure::In(Unit::NONE), from: None };
    const ANY: Measured = Measured { measure: Measure::Any, from: None };
    const LOST: Measured = Measured { measure: Measure::Lost, from: None };

    fn new(unit: Unit) -> Self {
        Self { measure: Measure::In(unit), from: None }
    }

    fn declared(unit: Option<Unit>) -> Self {
        unit.map_or(Measured::LOST, Measured::new)
    }
}

/// One run over a tree.
struct Pass<'c> {
    units: &'c Units,
    /// The units of slots, as far as they are known.
    slots: HashMap<Slot, Measured>,
    /// What the run before found of slots that were first given a 0, and of names that `fire` makes.
    learnt: HashMap<Slot, Measured>,
    /// What slots are called, and where they are declared.
    names: HashMap<Slot, (String, Span)>,
    /// Knows the numbers of constants, which may be exponents.
    constants: Builder<'static>,
    findings: Vec<Diagnostic>,
}

impl<'c> Pass<'c> {
    fn new(units: &'c Units) -> Self {
        Self {
            units,
            slots: HashMap::new(),
            learnt: HashMap::new(),
            names: HashMap::new(),
            constants: Builder::new(&[], 0),
            findings: Vec::new(),
        }
    }

    fn neuron(&mut self, neuron: &mut Neuron) {
        self.declare(neuron);
        for option in &mut neuron.options {
            if let Some(default) = &mut option.default {
                self.given(option.unit, &option.name, option.span, default);
            }
        }
        for bind in &mut neuron.outer {
            self.bind(bind);
            if bind.value.stage == Stage::Const {
                // One that depends on options has no number yet.
                let _ = self.constants.bind(bind);
            }
        }
        neuron.params.iter_mut().for_each(|param| self.param(param));
        for state in neuron.states.iter_mut().filter(|state| !state.hidden) {
            self.fit(state.slot, &mut state.init);
        }
        neuron.steps.iter_mut().for_each(|step| self.step(step));
    }

    /// Gives names that have no other unit none, so that it is known where they are declared.
    fn declare(&mut self, neuron: &Neuron) {
        let plain = |slot, name: &String, span| (slot, name.clone(), span);
        let inputs = neuron.inputs.iter().map(|own| plain(own.slot, &own.name, own.span));
        let own = neuron.states.iter().filter(|state| !state.hidden);
        let states = own.map(|own| plain(own.slot, &own.name, own.span));
        let params = neuron.params.iter().map(|own| plain(own.slot, &own.name, own.span));
        let options = neuron.options.iter().map(|own| plain(own.slot, &own.name, own.span));
        for (slot, name, span) in inputs.chain(states).chain(params).chain(options) {
            let unit = Measured { from: Some(span), ..Measured::PLAIN };
            self.slots.insert(slot, unit);
            self.names.insert(slot, (name, span));
        }
        for (name, slot) in &neuron.names {
            let declared = self.units.declared.get(slot);
            let span = declared.map(|(_, span)| *span).unwrap_or_default();
            self.names.insert(*slot, (name.clone(), span));
        }
        for (slot, (unit, span)) in &self.units.declared {
            self.slots.insert(*slot, Measured { from: Some(*span), ..Measured::declared(*unit) });
        }
        for state in &neuron.states {
            let Some(before) = state.before else { continue };
            let unit = match (state.hidden, self.slots.get(&state.slot)) {
                (false, Some(unit)) => *unit,
                _ => self.learnt.get(&state.slot).copied().unwrap_or(Measured::LOST),
            };
            self.slots.insert(before, unit);
        }
    }

    fn param(&mut self, param: &mut Param) {
        let Param { slot, axis, default, range, .. } = param;
        if let Some(Axis::Elements(length)) = axis {
            self.plain(length, "how many numbers a param has");
        }
        match default {
            Initial::One(default) => self.default(*slot, default),
            Initial::List(list, _) => list.iter_mut().for_each(|one| self.default(*slot, one)),
        }
        if let Some(range) = range {
            self.fit(*slot, &mut range.low);
            self.fit(*slot, &mut range.high);
        }
    }

    fn default(&mut self, slot: Slot, default: &mut ParamDefault) {
        match default {
            ParamDefault::Number(number) => self.fit(slot, number),
            ParamDefault::Drawn { numbers, .. } => {
                numbers.iter_mut().for_each(|number| self.fit(slot, number));
            }
        }
    }

    fn step(&mut self, step: &mut Step) {
        match step {
            Step::Bind(bind) => self.bind(bind),
            Step::Repeat(repeat) => {
                self.plain(&mut repeat.low, "the bound of a loop");
                self.plain(&mut repeat.high, "the bound of a loop");
                repeat.body.iter_mut().for_each(|step| self.step(step));
            }
            Step::Ode(ode) => self.ode(ode),
        }
    }

    /// A derivative has the unit of its state by that of the time of a step.
    fn ode(&mut self, ode: &mut Ode) {
        if let Some(steps) = &mut ode.steps {
            self.plain(steps, "how many parts a step has");
        }
        let time = self.measure(&mut ode.dt);
        ode.binds.iter_mut().for_each(|bind| self.bind(bind));
        for Equation { name, slot, value, span } in &mut ode.equations {
            let (state, found) = (self.slot(*slot), self.measure(value));
            let rate = measure::product(state, time, Unit::over);
            let (Measure::In(rate), Measure::In(unit)) = (rate.measure, found.measure) else {
                continue;
            };
            match unit.is_like(rate) {
                true => self.scale(value, unit.tens_to(rate)),
                false => self.differs_from_rate((name, *span, rate), time, value, found),
            }
        }
    }

    /// A slot has the unit that it has already, else that of what is given to it.
    fn bind(&mut self, bind: &mut Bind) {
        let before = self.slots.get(&bind.slot).map(|known| known.measure);
        if let Some(Measure::In(_)) = before {
            return self.fit(bind.slot, &mut bind.value);
        }
        let mut value = self.measure(&mut bind.value);
        if value.measure == Measure::Any {
            value = self.learnt.get(&bind.slot).copied().unwrap_or(value);
        }
        self.slots.insert(bind.slot, value);
    }

    /// The number that is given for an option, in its unit where it has none.
    fn given(&mut self, unit: Option<Unit>, name: &str, declared: Span, value: &mut Expr) {
        match (self.measure(value).measure, unit) {
            (Measure::In(found), Some(_)) if found == Unit::NONE => {}
            (Measure::In(found), unit) => {
                let unit = unit.unwrap_or(Unit::NONE);
                match found.is_like(unit) {
                    true => self.scale(value, found.tens_to(unit)),
                    false => {
                        let found = Measured::new(found);
                        self.differs_from_name(name, Some(declared), unit, value, found);
                    }
                }
            }
            (Measure::Any | Measure::Lost, _) => {}
        }
    }
}

impl<'a> Checker<'a> {
    /// Checks the units of a neuron and takes them away.
    pub fn measure_neuron(&mut self, neuron: &mut Neuron) {
        if !self.units.is_used {
            return;
        }
        // A name may be read before it is known what its unit is: by `@prev`, or in a loop.
        let mut first = Pass::new(&self.units);
        first.neuron(&mut neuron.clone());
        let mut learnt = first.slots;
        learnt.retain(|_, unit| matches!(unit.measure, Measure::In(_)));
        let mut pass = Pass { learnt, ..Pass::new(&self.units) };
        pass.neuron(neuron);
        let findings = pass.findings;
        findings.into_iter().for_each(|finding| self.report(finding));
    }

    /// Takes the unit of a constant of the file from its value.
    pub fn measure_constant(&mut self, constant: &crate::ast::Const, value: &mut Expr) -> Unit {
        if !self.units.is_used {
            return Unit::NONE;
        }
        let declared = constant.dims.first().and_then(|dims| self.declared_unit(dims));
        let units = Units { numbers: self.units.numbers.clone(), ..Units::default() };
        let mut pass = Pass::new(&units);
        let found = pass.measure(value).measure;
        let unit = match (found, declared) {
            (Measure::In(found), Some(unit)) if found.is_like(unit) => {
                pass.scale(value, found.tens_to(unit));
                unit
            }
            (Measure::In(found), Some(unit)) => {
                let (name, span) =
                    (&constant.name.text, constant.dims.first().map(|dims| dims.span));
                pass.differs_from_name(name, span, unit, value, Measured::new(found));
                unit
            }
            (_, Some(unit)) => unit,
            (Measure::In(found), None) => found,
            (Measure::Any | Measure::Lost, None) => Unit::NONE,
        };
        let findings = pass.findings;
        findings.into_iter().for_each(|finding| self.report(finding));
        unit
    }

    /// Brings what is given for an option into the option's unit.
    pub fn measure_option(&mut self, option: &Choice, value: &mut Expr) {
        let mut pass = Pass::new(&self.units);
        for (slot, (unit, _)) in &self.units.declared {
            pass.slots.insert(*slot, Measured::declared(*unit));
        }
        pass.given(option.unit, &option.name, option.span, value);
        let findings = pass.findings;
        findings.into_iter().for_each(|finding| self.report(finding));
    }

    /// Requires that a value has no unit, and nothing that it is made of.
    pub fn measure_plain(&mut self, what: &str, value: &mut Expr) {
        if !self.units.is_used || value.ty == Type::Unknown {
            return;
        }
        let units = Units { numbers: self.units.numbers.clone(), ..Units::default() };
        let mut pass = Pass::new(&units);
        pass.plain(value, what);
        let findings = pass.findings;
        findings.into_iter().for_each(|finding| self.report(finding));
    }
}

/// Whether a value is a number as it is written.
fn is_number(e: &Expr) -> bool {
    matches!(e.kind, Kind::Number(_))
}
