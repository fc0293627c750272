//! From a generic neuron to one with its options decided: the graph that everything after is about.

use std::collections::HashSet;
use std::sync::Arc;

use crate::ast;
use crate::check::call::quoted;
use crate::check::checker::Checker;
use crate::check::draws;
use crate::check::dtype::PortDtype;
use crate::check::eval::{self, Builder, Value};
use crate::check::functions::unknown_function;
use crate::check::hir;
use crate::check::hir::{Binary, Graph, Leaf, NodeId, Op, Sharing, Unary, Via};
use crate::check::items::Items;
use crate::check::learnt;
use crate::check::nearest::nearest;
use crate::check::normalize;
use crate::check::pack;
use crate::check::save::{self, Save};
use crate::check::scope::{Progress, Role, Symbol};
use crate::check::shapes;
use crate::check::tree::{
    Choice, Neuron, Param, ParamDefault, Program, Stage, SurrogateItem, Type,
};
use crate::check::unreachable;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{FileId, Source, SourceMap, Span};

/// What a user decides about a neuron before it is compiled.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Specialization {
    /// Which neuron; may be left out where the file has one.
    pub neuron: Option<String>,
    /// Options with their values as they would be written in the file.
    pub options: Vec<(String, String)>,
    /// Params with who shares them, where it is not as the file says.
    pub share: Vec<(String, Sharing)>,
    /// Params that are learnt beside those of which the file says so.
    pub learn: Vec<String>,
    /// What forward saves for backward.
    pub save: Save,
    /// What inputs, outputs and their gradients are stored as.
    pub dtype: PortDtype,
    /// Outputs whose spikes are given packed: as the bits of 32 steps in a word.
    pub pack: Vec<String>,
    /// Inputs that are normalised by channel where they are read.
    pub normalize: Vec<String>,
    /// Names that are outputs beside the declared ones, as they are at the end of a step: what a test looks at.
    pub watch: Vec<String>,
}

impl Specialization {
    /// Adds what the user gave as sources, so that findings of [`specialize`] can be shown with it.
    pub fn add_sources(&self, sources: &mut SourceMap) {
        self.texts().into_iter().for_each(|source| sources.add_fixed(source));
    }

    /// A source for each thing given: the neuron, then options, sharings, learnt params, what is saved, what
    /// is packed, what is normalised.
    fn texts(&self) -> Vec<Source> {
        let mut texts = vec![("<neuron>".into(), self.neuron.clone().unwrap_or_default())];
        for (name, value) in &self.options {
            texts.push((format!("<option {name}>"), format!("{name}={value}")));
        }
        for (name, sharing) in &self.share {
            let text = format!("{name}={}", crate::check::sharing_word(*sharing));
            texts.push((format!("<share {name}>"), text));
        }
        for name in &self.learn {
            texts.push((format!("<learn {name}>"), name.clone()));
        }
        texts.push(("<save>".into(), self.save.to_string()));
        for name in &self.pack {
            texts.push((format!("<pack {name}>"), name.clone()));
        }
        for name in &self.normalize {
            texts.push((format!("<normalize {name}>"), name.clone()));
        }
        let number = |(i, (name, text))| Source { id: FileId::argument(i as u32), name, text };
        texts.into_iter().enumerate().map(number).collect()
    }

    fn option_span(&self, i: usize) -> Span {
        Span::new(FileId::argument(1 + i as u32), 0, self.options[i].0.len())
    }

    fn share_span(&self, i: usize) -> Span {
        let file = FileId::argument((1 + self.options.len() + i) as u32);
        Span::new(file, 0, self.share[i].0.len())
    }

    fn learn_span(&self, i: usize) -> Span {
        let file = FileId::argument((1 + self.options.len() + self.share.len() + i) as u32);
        Span::new(file, 0, self.learn[i].len())
    }

    fn save_source(&self) -> FileId {
        let before = 1 + self.options.len() + self.share.len() + self.learn.len();
        FileId::argument(before as u32)
    }

    /// The place of the name of each output that is packed.
    pub(super) fn pack_spans(&self) -> impl Iterator<Item = Span> {
        spans(2 + self.options.len() + self.share.len() + self.learn.len(), &self.pack)
    }

    /// The place of the name of each input that is normalised.
    pub(super) fn normalize_spans(&self) -> impl Iterator<Item = Span> {
        let before = self.options.len() + self.share.len() + self.learn.len() + self.pack.len();
        spans(2 + before, &self.normalize)
    }
}

/// The places of names that are whole texts, of which this is the first's number.
fn spans(first: usize, names: &[String]) -> impl Iterator<Item = Span> {
    let files = (first..).map(|i| FileId::argument(i as u32));
    files.zip(names).map(|(file, name)| Span::new(file, 0, name.len()))
}

/// The neuron with its options decided.
///
/// # Errors
///
/// What is wrong with the specialization, or with the values that the program takes under it. Findings
/// about the specialization itself have spans in the sources of [`Specialization::add_sources`].
pub fn specialize(program: &Program, wanted: &Specialization) -> Result<hir::Neuron, Diagnostics> {
    let neuron = choose(program, wanted)?;
    let values = option_values(program, neuron, wanted)?;
    check_names(neuron, wanted)?;
    let mut special = Special {
        neuron,
        wanted,
        builder: Builder::new(&program.surrogates, neuron.n_slots),
        weights: Vec::new(),
    };
    special.builder.functions = &program.functions;
    special.run(values)
}

/// The neuron meant.
fn choose<'p>(program: &'p Program, wanted: &Specialization) -> Result<&'p Neuron, Diagnostics> {
    let names: Vec<&str> = program.names().collect();
    let Some(name) = &wanted.neuron else {
        return match program.neurons.as_slice() {
            [one] => Ok(one),
            all => Err(vec![which(all, &names)]),
        };
    };
    program.neurons.iter().find(|neuron| neuron.name == *name).ok_or_else(|| {
        let span = Span::new(FileId::argument(0), 0, name.len());
        let message = format!("cannot find the neuron `{name}`");
        let finding = Diagnostic::new("E0401", span, message, "not a neuron of this file");
        vec![suggest(finding, name, &names, span, "neuron")]
    })
}

fn which(neurons: &[Neuron], names: &[&str]) -> Diagnostic {
    let Some(first) = neurons.first() else {
        let span = Span::new(FileId::argument(0), 0, 0);
        return Diagnostic::new("E0401", span, "the file has no neuron", "none to compile");
    };
    let message = format!("the file has {} neurons, and none is named", neurons.len());
    let mut finding = Diagnostic::new("E0401", first.span, message, "this one");
    for neuron in &neurons[1..] {
        finding = finding.because(neuron.span, "or this one");
    }
    finding.help(format!("name one of {}", quoted(names)))
}

/// Offers the nearest of the known names, or tells them all.
pub(super) fn suggest(
    finding: Diagnostic,
    name: &str,
    known: &[&str],
    span: Span,
    what: &str,
) -> Diagnostic {
    match nearest(name, known.iter().copied()) {
        Some(near) => finding.replace(format!("a similar name: `{near}`"), span, near),
        None if known.is_empty() => finding.help(format!("it has no {what}s")),
        None => finding.help(format!("the {what}s are {}", quoted(known))),
    }
}

/// The values of all options, in the order declared, for those given.
fn option_values(
    program: &Program,
    neuron: &Neuron,
    wanted: &Specialization,
) -> Result<Vec<Option<Value>>, Diagnostics> {
    let mut values: Vec<Option<Value>> = vec![None; neuron.options.len()];
    let mut diagnostics = Vec::new();
    for (i, (name, text)) in wanted.options.iter().enumerate() {
        let span = wanted.option_span(i);
        let Some(place) = neuron.options.iter().position(|option| option.name == *name) else {
            let message = format!("the neuron `{}` has no option `{name}`", neuron.name);
            let finding = Diagnostic::new("E0402", span, message, "not an option");
            let known: Vec<&str> = neuron.options.iter().map(|o| o.name.as_str()).collect();
            diagnostics.push(suggest(finding, name, &known, span, "option"));
            continue;
        };
        if values[place].is_some() {
            let message = format!("the option `{name}` is given twice");
            diagnostics.push(Diagnostic::new("E0403", span, message, "the second"));
        }
        match option_value(program, &neuron.options[place], text, span) {
            Ok(value) => values[place] = Some(value),
            Err(findings) => diagnostics.extend(findings),
        }
    }
    if diagnostics.is_empty() { Ok(values) } else { Err(diagnostics) }
}

/// The value of an option from its text.
fn option_value(
    program: &Program,
    option: &Choice,
    text: &str,
    name: Span,
) -> Result<Value, Diagnostics> {
    // The value stands behind the name and `=` in the source that findings show.
    let text = format!("{}{text}", " ".repeat(name.end as usize + 1));
    let source = Source { id: name.file, name: String::new(), text };
    let (tree, diagnostics) = ast::parse_expr(&source);
    let Some(tree) = tree.filter(|_| diagnostics.is_empty()) else {
        return Err(diagnostics);
    };
    if let (Type::Bool, ast::ExprKind::Name(name)) = (option.ty, &tree.kind) {
        let message = format!("expected a bool for the option `{}`, found `{name}`", option.name);
        let finding = Diagnostic::new("E0201", tree.span, message, "not a bool");
        return Err(vec![finding.help("a bool is `true` or `false`")]);
    }
    if option.ty == Type::Function {
        return function_value(program, &tree);
    }
    let files = [Items::default()];
    let mut checker = Checker::new(&files, program.surrogates.clone(), HashSet::new());
    let mut builder = Builder::new(&program.surrogates, program.constants.len() as u32);
    for (constant, value, unit) in &program.constants {
        let slot = checker.slot();
        checker.units.set(slot, Some(*unit), option.span);
        let (ty, span) = (Type::Real, option.span);
        let ty = if value.fract() == 0.0 { Type::Whole } else { ty };
        let (stage, smooth, progress) = (Stage::Const, false, Progress::Ready);
        let symbol = Symbol { role: Role::Const, slot, ty, stage, smooth, progress, span };
        checker.scope.insert(constant, symbol);
        builder.set(slot, Value::Number(*value));
    }
    let what = format!("{} for the option `{}`", option.ty.name(), option.name);
    let mut value = checker.option_value(&tree, option.ty, &what);
    checker.measure_option(option, &mut value);
    if !checker.diagnostics.is_empty() {
        return Err(checker.diagnostics);
    }
    let value = builder.eval(&value).map_err(|finding| vec![*finding])?;
    check_int(option, &value, tree.span)?;
    Ok(value)
}

/// The function that an option's text names.
fn function_value(program: &Program, tree: &ast::Expr) -> Result<Value, Diagnostics> {
    let names = &program.function_names;
    let ast::ExprKind::Name(name) = &tree.kind else {
        let finding =
            Diagnostic::new("E0201", tree.span, "expected the name of a function", "not a name");
        return Err(vec![finding]);
    };
    let found = names.iter().find(|(known, _)| known == name);
    found.map(|(_, item)| Value::Function(*item)).ok_or_else(|| {
        let known = names.iter().map(|(name, _)| name.as_str()).collect();
        vec![unknown_function(name, tree.span, known)]
    })
}

fn check_int(option: &Choice, value: &Value, span: Span) -> Result<(), Diagnostics> {
    if let (Type::Int, Value::Number(number)) = (option.ty, value) {
        eval::in_range(*number, span).map_err(|finding| vec![*finding])?;
    }
    Ok(())
}

fn check_names(neuron: &Neuron, wanted: &Specialization) -> Result<(), Diagnostics> {
    let shared = wanted.share.iter().enumerate().map(|(i, s)| (s.0.as_str(), wanted.share_span(i)));
    let learnt = wanted.learn.iter().enumerate().map(|(i, s)| (s.as_str(), wanted.learn_span(i)));
    let known: Vec<&str> = neuron.params.iter().map(|param| param.name.as_str()).collect();
    let mut diagnostics = Vec::new();
    for (name, span) in shared.chain(learnt) {
        if !known.contains(&name) {
            let message = format!("the neuron `{}` has no param `{name}`", neuron.name);
            let finding = Diagnostic::new("E0404", span, message, "not a param");
            diagnostics.push(suggest(finding, name, &known, span, "param"));
        }
    }
    diagnostics.extend(normalize::check(neuron, wanted));
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics) }
}

pub(super) struct Special<'p> {
    pub(super) neuron: &'p Neuron,
    pub(super) wanted: &'p Specialization,
    pub(super) builder: Builder<'p>,
    /// Params `[T, T]`.
    pub(super) weights: Vec<hir::Param>,
}

impl Special<'_> {
    fn run(&mut self, values: Vec<Option<Value>>) -> Result<hir::Neuron, Diagnostics> {
        let options = self.options(values)?;
        let mut made = self.build(options).map_err(|finding| vec![*finding])?;
        made.save.check(&made, self.wanted.save_source())?;
        pack::pack(&mut made, self.wanted)?;
        Ok(made)
    }

    fn build(&mut self, options: Vec<(String, String)>) -> eval::Result<hir::Neuron> {
        let neuron = self.neuron;
        let is_const = |stage: Stage| stage == Stage::Const;
        for bind in neuron.outer.iter().filter(|bind| is_const(bind.value.stage)) {
            self.builder.bind(bind)?;
        }
        let mut inputs = Vec::new();
        for (i, input) in neuron.inputs.iter().enumerate() {
            let node = self.leaf(Leaf::Input(i as u32), input.span);
            self.builder.set(input.slot, Value::Node(node));
            let (name, span) = (input.name.clone(), input.span);
            inputs.push(hir::Input { name, from: hir::From::Caller, span });
        }
        let mut params = Vec::new();
        for param in &neuron.params {
            self.declare(param, &mut inputs, &mut params)?;
        }
        self.draw_all(&mut inputs);
        self.normalize(&mut params);
        for bind in neuron.outer.iter().filter(|bind| !is_const(bind.value.stage)) {
            self.builder.bind(bind)?;
        }
        let mut states = Vec::new();
        for state in &neuron.states {
            let (init, ty) = match state.ty {
                Type::Int => (self.builder.whole(&state.init)?, hir::Type::Int),
                _ => (self.builder.real(&state.init)?, hir::Type::Real),
            };
            let (name, span) = (state.name.clone(), state.span);
            states.push(hir::State { name, ty, init, next: init, span });
        }
        for (i, (state, made)) in neuron.states.iter().zip(&states).enumerate() {
            let leaf = Op::Leaf(Leaf::State(i as u32));
            let node = self.builder.graph.add(leaf, made.ty, state.span);
            if !state.hidden {
                self.builder.set(state.slot, Value::Node(node));
            }
            if let Some(before) = state.before {
                self.builder.set(before, Value::Node(node));
            }
        }
        let (charge, rest) = neuron.steps.split_at(neuron.n_charged);
        charge.iter().try_for_each(|step| self.builder.step(step))?;
        let charged = save::charged(&self.builder, &neuron.states);
        rest.iter().try_for_each(|step| self.builder.step(step))?;
        for (made, state) in states.iter_mut().zip(&neuron.states) {
            made.next = match state.ty {
                Type::Int => self.builder.slot_int(state.slot, state.span)?,
                _ => self.builder.slot_real(state.slot, state.span)?,
            };
        }
        let mut outputs = Vec::new();
        for output in &neuron.outputs {
            let value = self.builder.slot_real(output.slot, output.span)?;
            let (name, last, span) = (output.name.clone(), output.last, output.span);
            outputs.push(hir::Output { name, value, last, packed: false, span });
        }
        for name in &self.wanted.watch {
            self.watch(name, &mut outputs)?;
        }
        let named = save::named(&mut self.builder, neuron, charged);
        let mut made = hir::Neuron {
            name: neuron.name.clone(),
            span: neuron.span,
            sources: Arc::default(),
            options,
            inputs,
            states,
            params,
            outputs,
            surrogates: std::mem::take(&mut self.builder.surrogates),
            graph: std::mem::take(&mut self.builder.graph),
            named,
            solved: std::mem::take(&mut self.builder.solved),
            save: self.wanted.save.clone(),
            dtype: self.wanted.dtype,
            is_parallel: neuron.is_parallel,
            weights: std::mem::take(&mut self.weights),
            matrices: Vec::new(),
            products: Vec::new(),
        };
        if made.is_parallel {
            shapes::take_apart(&mut made, std::mem::take(&mut self.builder.products))?;
        }
        unreachable::remove_unreachable(&mut made);
        learnt::require_primitives(&made)?;
        Ok(made)
    }

    /// Makes an output of a name that is none.
    fn watch(&mut self, name: &str, outputs: &mut Vec<hir::Output>) -> eval::Result<()> {
        let neuron = self.neuron;
        let is_known = outputs.iter().any(|output| output.name == name);
        let states = neuron.states.iter().map(|state| (state.name.as_str(), state.slot));
        let inputs = neuron.inputs.iter().map(|input| (input.name.as_str(), input.slot));
        let draws = neuron.draws.iter().map(|draw| (draw.name.as_str(), draw.slot));
        let made = neuron.names.iter().map(|(name, slot)| (name.as_str(), *slot));
        let mut all = states.chain(inputs).chain(draws).chain(made);
        let Some((_, slot)) = all.find(|(known, _)| *known == name).filter(|_| !is_known) else {
            return Ok(());
        };
        let span = neuron.span;
        let value = self.builder.slot(slot, span)?;
        let node = self.builder.node(value, span)?;
        let value = match self.builder.graph.node(node).ty {
            hir::Type::Bool => self.builder.graph.add(Op::BoolToReal(node), hir::Type::Real, span),
            _ => self.builder.widened(node, span),
        };
        outputs.push(hir::Output { name: name.into(), value, last: false, packed: false, span });
        Ok(())
    }

    pub(super) fn leaf(&mut self, leaf: Leaf, span: Span) -> NodeId {
        self.builder.graph.add(Op::Leaf(leaf), hir::Type::Real, span)
    }

    /// Gives the options their values, and says what they are in canonical text.
    fn options(
        &mut self,
        values: Vec<Option<Value>>,
    ) -> Result<Vec<(String, String)>, Diagnostics> {
        let mut texts = Vec::new();
        for (option, given) in self.neuron.options.iter().zip(values) {
            let value = match (given, &option.default) {
                (Some(value), _) => value,
                (None, Some(default)) => {
                    let value = self.builder.eval(default).map_err(|finding| vec![*finding])?;
                    check_int(option, &value, default.span)?;
                    value
                }
                (None, None) => {
                    let message = format!("the option `{}` has no default", option.name);
                    let finding = Diagnostic::new("E0403", option.span, message, "needs a value")
                        .help(format!("give it one: `{}=...`", option.name));
                    return Err(vec![finding]);
                }
            };
            texts.push((option.name.clone(), self.text(option, &value)));
            self.builder.set(option.slot, value);
        }
        Ok(texts)
    }

    fn text(&self, option: &Choice, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Number(value) if option.ty == Type::Int => format!("{value}"),
            Value::Number(value) => format!("{value:?}"),
            Value::Surrogate(item, arguments) => self.surrogate_text(*item, arguments, option.span),
            Value::Function(item) => {
                let function = self.builder.functions.get(item.0 as usize);
                function.map(|function| function.name.clone()).unwrap_or_default()
            }
            Value::Node(_) | Value::Elements(_) => String::new(),
        }
    }

    fn surrogate_text(&self, item: SurrogateItem, arguments: &[Value], span: Span) -> String {
        let item = self.builder.item(item, span);
        item.map(|item| eval::surrogate_text(item, arguments)).unwrap_or_default()
    }

    /// A param with one of its declared defaults.
    pub(super) fn param(
        &mut self,
        param: &Param,
        default: &ParamDefault,
    ) -> eval::Result<hir::Param> {
        let range = self.range(param)?;
        let default = draws::decided(&mut self.builder, param, default, range)?;
        let overridden = self.wanted.share.iter().rev().find(|(name, _)| *name == param.name);
        let sharing = overridden.map_or(param.sharing, |(_, sharing)| *sharing);
        let learn = param.learn || self.wanted.learn.contains(&param.name);
        let via = param.via.map(|(via, _)| via);
        Ok(hir::Param {
            name: param.name.clone(),
            of: None,
            sharing,
            learn,
            default,
            range,
            via,
            span: param.span,
        })
    }

    /// The numbers a param may have. A map has a range of its own where none is written.
    fn range(&mut self, param: &Param) -> eval::Result<Option<hir::Range>> {
        let Some(written) = &param.range else {
            return Ok(param.via.map(|(via, _)| natural_range(via)));
        };
        let (low, high) = (self.builder.number(&written.low)?, self.builder.number(&written.high)?);
        let (low_closed, high_closed) = (written.low_closed, written.high_closed);
        let range = hir::Range { low, high, low_closed, high_closed };
        let is_empty = if low_closed && high_closed { low > high } else { low >= high };
        if is_empty || low.is_nan() || high.is_nan() {
            let message = format!("the range of `{}` is empty", param.name);
            let there = format!("no number is in {range}");
            return Err(Box::new(Diagnostic::new("E0308", written.span, message, there)));
        }
        if let Some((via, span)) = param.via {
            check_map(via, span, range, written.span)?;
        }
        Ok(Some(range))
    }

    /// The number that expressions read: for a param with a map, made of the stored one.
    pub(super) fn constrained(&mut self, param: &hir::Param, leaf: Leaf) -> NodeId {
        let stored = self.leaf(leaf, param.span);
        constrain(&mut self.builder.graph, param, stored)
    }
}

/// The number that expressions read of a param, made of the stored one.
pub(super) fn constrain(graph: &mut Graph, param: &hir::Param, stored: NodeId) -> NodeId {
    let (Some(via), Some(range)) = (param.via, param.range) else { return stored };
    let (op, scale) = match via {
        Via::Sigmoid => (Unary::Sigmoid, range.high - range.low),
        Via::Softplus => (Unary::Softplus, 1.0),
        Via::Exp => (Unary::Exp, 1.0),
    };
    let mut value = graph.unary(op, stored, param.span);
    if scale != 1.0 {
        let scale = graph.constant(scale, param.span);
        value = graph.binary(Binary::Mul, scale, value, param.span);
    }
    if range.low != 0.0 {
        let low = graph.constant(range.low, param.span);
        value = graph.binary(Binary::Add, low, value, param.span);
    }
    value
}

fn natural_range(via: Via) -> hir::Range {
    let high = if via == Via::Sigmoid { 1.0 } else { f64::INFINITY };
    hir::Range { low: 0.0, high, low_closed: false, high_closed: false }
}

/// A map reaches an open range, finite for `sigmoid` and without an upper end for the others.
fn check_map(via: Via, map: Span, range: hir::Range, written: Span) -> eval::Result<()> {
    let is_finite = range.high.is_finite();
    let is_open = range.low.is_finite() && !range.low_closed && !range.high_closed;
    if is_open && is_finite == (via == Via::Sigmoid) {
        return Ok(());
    }
    let word = crate::check::print::via_word(via);
    let reach = match via {
        Via::Sigmoid => "a finite open range, `(0, 1)`",
        _ => "an open range without an upper end, `(0, inf)`",
    };
    let message = format!("`via {word}` does not fit the range {range}");
    let finding = Diagnostic::new("E0307", map, message, format!("reaches {reach}"))
        .because(written, "the range");
    Err(Box::new(match (is_open, is_finite) {
        (true, true) => finding.replace("the map of a finite open range", map, "sigmoid"),
        (true, false) => finding.replace("a map of a range without an upper end", map, "softplus"),
        (false, _) => finding.help("every map needs a range with a lower end and with open ends"),
    }))
}
