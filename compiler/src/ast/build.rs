//! Parse pairs to syntax tree: items, declarations and phases.

use pest::Parser;
use pest::iterators::{Pair, Pairs};

use crate::ast::layout::Layout;
use crate::ast::parse::{Grammar, Rule};
use crate::ast::*;
use crate::check::hir::Sharing;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::span::{Source, Span};

/// What building a tree needs beside the pairs.
pub struct Builder<'a> {
    pub(super) source: &'a Source,
    pub(super) layout: &'a Layout,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// Where the text that is parsed starts in the file.
    pub(super) offset: usize,
    /// The pieces that do not parse.
    pub(super) bad: Vec<Span>,
    /// Whether there are brackets behind a declared name, or a unit behind a number.
    pub(super) has_units: bool,
    /// Where an expression was too deep; what else is too deep in the same item is the same mistake.
    pub(super) too_deep: Option<Span>,
    /// The comments before this one have been given to an item or left to the printer.
    comment: usize,
}

/// The first inner pair of a rule; the grammar puts one there.
pub(super) fn first<'i>(pair: &Pair<'i, Rule>, rule: Rule) -> Option<Pair<'i, Rule>> {
    pair.clone().into_inner().find(|inner| inner.as_rule() == rule)
}

/// All inner pairs of a rule.
pub(super) fn all<'i>(
    pair: &Pair<'i, Rule>,
    rule: Rule,
) -> impl Iterator<Item = Pair<'i, Rule>> + use<'i> {
    pair.clone().into_inner().filter(move |inner| inner.as_rule() == rule)
}

impl<'a> Builder<'a> {
    /// A builder for one source.
    pub fn new(source: &'a Source, layout: &'a Layout, diagnostics: &'a mut Diagnostics) -> Self {
        Self {
            source,
            layout,
            diagnostics,
            offset: 0,
            bad: Vec::new(),
            has_units: false,
            too_deep: None,
            comment: 0,
        }
    }

    /// The items of a file.
    pub fn file(&mut self, pairs: Pairs<'_, Rule>) -> Vec<Item> {
        let file = pairs.into_iter().next();
        let inner = file.into_iter().flat_map(Pair::into_inner);
        inner.filter_map(|pair| self.file_item(pair)).collect()
    }

    /// An expression that stands alone.
    pub fn lone_expr(&mut self, pairs: Pairs<'_, Rule>) -> Expr {
        let span = Span::new(self.source.id, 0, self.source.text.len());
        let inner = pairs.into_iter().next().and_then(|pair| first(&pair, Rule::expr));
        inner.map_or(Expr { kind: ExprKind::Bad, span }, |pair| self.expr(pair))
    }

    fn file_item(&mut self, pair: Pair<'_, Rule>) -> Option<Item> {
        match pair.as_rule() {
            Rule::item => Some(self.item(pair)),
            Rule::bad_item => Some(self.bad_item(pair)),
            _ => None,
        }
    }

    fn bad_item(&mut self, pair: Pair<'_, Rule>) -> Item {
        let span = self.span(&pair);
        let docs = self.docs(span);
        if let Some(mut pairs) = self.retry(&pair, Rule::lone_item)
            && let Some(item) = pairs.next().and_then(|lone| first(&lone, Rule::item))
        {
            let item = self.item(item);
            self.offset = 0;
            return item;
        }
        Item { allows: Vec::new(), docs, kind: ItemKind::Bad, span }
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> Item {
        self.too_deep = None;
        let span = self.span(&pair);
        let docs = self.docs(span);
        let mut item = Item { allows: self.allows(&pair), docs, kind: ItemKind::Bad, span };
        for inner in pair.into_inner() {
            if inner.as_rule() != Rule::attribute {
                item.kind = self.item_kind(inner);
            }
        }
        item
    }

    fn item_kind(&mut self, pair: Pair<'_, Rule>) -> ItemKind {
        match pair.as_rule() {
            Rule::edition => {
                self.word(&pair, Rule::integer).map_or(ItemKind::Bad, ItemKind::Edition)
            }
            Rule::import => self.word(&pair, Rule::string).map_or(ItemKind::Bad, ItemKind::Import),
            Rule::test => self.test(&pair).map_or(ItemKind::Bad, ItemKind::Test),
            Rule::constant => ItemKind::Const(self.constant(pair)),
            Rule::function => ItemKind::Function(self.function(pair)),
            Rule::surrogate => ItemKind::Surrogate(self.surrogate(pair)),
            Rule::neuron => ItemKind::Neuron(self.neuron(pair)),
            _ => ItemKind::Bad,
        }
    }

    fn constant(&mut self, pair: Pair<'_, Rule>) -> Const {
        let Declared { name, dims } = self.declared_in(&pair);
        Const { name, dims, value: self.expr_in(&pair) }
    }

    fn function(&mut self, pair: Pair<'_, Rule>) -> Function {
        Function {
            name: self.name(&pair),
            formals: self.formals(&pair, Rule::formals),
            body: self.expr_in(&pair),
        }
    }

    /// The arguments in a list of a function or a surrogate.
    fn formals(&mut self, pair: &Pair<'_, Rule>, which: Rule) -> Vec<Formal> {
        let inner = first(pair, which).into_iter().flat_map(Pair::into_inner);
        let is_formal = |rule| matches!(rule, Rule::formal | Rule::surrogate_formal);
        let each = inner.filter(|pair| is_formal(pair.as_rule()));
        each.map(|pair| {
            let int = first(&pair, Rule::kw_int).map(|word| self.span(&word));
            let default = first(&pair, Rule::expr).map(|e| self.expr(e));
            Formal { name: self.name(&pair), int, default }
        })
        .collect()
    }

    fn surrogate(&mut self, pair: Pair<'_, Rule>) -> Surrogate {
        let (name, formals) = (self.name(&pair), self.formals(&pair, Rule::surrogate_formals));
        let mut functions = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::surrogate_function => functions.extend(self.surrogate_function(inner)),
                Rule::bad_statement => {
                    self.refuse_piece(&inner, Rule::lone_surrogate_function);
                }
                _ => {}
            }
        }
        Surrogate { name, formals, functions }
    }

    fn surrogate_function(&mut self, pair: Pair<'_, Rule>) -> Option<SurrogateFunction> {
        let span = self.span(&pair);
        let mut names = all(&pair, Rule::ident).map(|ident| self.ident(&ident));
        let (name, argument) = (names.next()?, names.next()?);
        drop(names);
        Some(SurrogateFunction { name, argument, body: self.expr_in(&pair), span })
    }

    fn neuron(&mut self, pair: Pair<'_, Rule>) -> Neuron {
        let parallel = first(&pair, Rule::kw_parallel).map(|word| self.span(&word));
        let name = self.name(&pair);
        let mut options = Vec::new();
        for list in all(&pair, Rule::options) {
            for inner in list.into_inner() {
                options.extend(self.option(inner));
            }
        }
        let body = first(&pair, Rule::body);
        let inner = body.into_iter().flat_map(Pair::into_inner);
        let members = inner.filter_map(|pair| self.body_member(pair)).collect();
        Neuron { parallel, name, options, members }
    }

    fn option(&mut self, pair: Pair<'_, Rule>) -> Option<OptionDecl> {
        if pair.as_rule() == Rule::bad_option {
            self.refuse_piece(&pair, Rule::lone_option);
            return None;
        }
        let word = first(&pair, Rule::option_type)?;
        let ty = match word.as_str() {
            "bool" => OptionType::Bool,
            "int" => OptionType::Int,
            "float" => OptionType::Float,
            "surrogate" => OptionType::Surrogate,
            _ => OptionType::Function,
        };
        let default = first(&pair, Rule::expr).map(|e| self.expr(e));
        let (span, ty_span) = (self.span(&pair), self.span(&word));
        let Declared { name, dims } = self.declared_in(&pair);
        Some(OptionDecl { name, dims, ty, ty_span, default, span })
    }

    fn body_member(&mut self, pair: Pair<'_, Rule>) -> Option<Member> {
        match pair.as_rule() {
            Rule::member => Some(self.member(pair)),
            Rule::bad_statement => {
                let span = self.span(&pair);
                let docs = self.docs(span);
                self.refuse_piece(&pair, Rule::lone_member);
                Some(Member { allows: Vec::new(), docs, kind: MemberKind::Bad, span })
            }
            _ => None,
        }
    }

    fn member(&mut self, pair: Pair<'_, Rule>) -> Member {
        let span = self.span(&pair);
        let docs = self.docs(span);
        let mut member = Member { allows: self.allows(&pair), docs, kind: MemberKind::Bad, span };
        for inner in pair.into_inner() {
            if !matches!(inner.as_rule(), Rule::attribute | Rule::end) {
                member.kind = self.member_kind(inner);
            }
        }
        member
    }

    fn member_kind(&mut self, pair: Pair<'_, Rule>) -> MemberKind {
        match pair.as_rule() {
            Rule::input => {
                MemberKind::Input(all(&pair, Rule::declared).map(|d| self.declared(d)).collect())
            }
            Rule::state => MemberKind::State(self.state(pair)),
            Rule::param => MemberKind::Param(self.param(pair)),
            Rule::constant => MemberKind::Const(self.constant(pair)),
            Rule::r#let => MemberKind::Let(self.binding(pair)),
            Rule::rand => {
                MemberKind::Rand(Rand { name: self.name(&pair), value: self.expr_in(&pair) })
            }
            Rule::output => MemberKind::Output(self.output(pair)),
            Rule::phase => MemberKind::Phase(self.phase(pair)),
            _ => MemberKind::Bad,
        }
    }

    fn declared(&mut self, pair: Pair<'_, Rule>) -> Declared {
        Declared {
            name: self.name(&pair),
            dims: all(&pair, Rule::dims).map(|dims| self.dims(&dims)).collect(),
        }
    }

    /// What stands in brackets behind a name or a number.
    pub(super) fn dims(&mut self, pair: &Pair<'_, Rule>) -> Dims {
        self.has_units = true;
        let span = self.span(pair);
        let open = pair.as_str().trim_start_matches('[');
        let inside = open.trim_end_matches(']');
        let text = inside.trim();
        let blanks = inside.len() - inside.trim_start().len();
        let start = span.start + (pair.as_str().len() - open.len() + blanks) as u32;
        let inner = Span { start, end: start + text.len() as u32, ..span };
        // Axes are written with a blank between them.
        let axes: Vec<&str> = text.split(',').map(str::trim).collect();
        Dims { text: axes.join(", "), inner, span }
    }

    fn declared_in(&mut self, pair: &Pair<'_, Rule>) -> Declared {
        match first(pair, Rule::declared) {
            Some(inner) => self.declared(inner),
            None => Declared { name: self.name(pair), dims: Vec::new() },
        }
    }

    fn state(&mut self, pair: Pair<'_, Rule>) -> State {
        State {
            declared: self.declared_in(&pair),
            ty: self.word(&pair, Rule::ident),
            init: first(&pair, Rule::expr).map(|e| self.expr(e)),
        }
    }

    fn param(&mut self, pair: Pair<'_, Rule>) -> Param {
        let declared = self.declared_in(&pair);
        let modifiers = pair.into_inner().filter_map(|inner| self.modifier(inner)).collect();
        Param { declared, modifiers }
    }

    fn modifier(&mut self, pair: Pair<'_, Rule>) -> Option<Modifier> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::default => ModifierKind::Default(self.expr_in(&pair)),
            Rule::per => ModifierKind::Per(match first(&pair, Rule::sharing)?.as_str() {
                "layer" => Sharing::Layer,
                "channel" => Sharing::Channel,
                _ => Sharing::Neuron,
            }),
            Rule::range => ModifierKind::In(self.range(pair)?),
            Rule::via => ModifierKind::Via(self.name(&pair)),
            Rule::kw_learn => ModifierKind::Learn,
            _ => return None,
        };
        Some(Modifier { kind, span })
    }

    fn range(&mut self, pair: Pair<'_, Rule>) -> Option<Range> {
        let mut ends = all(&pair, Rule::expr);
        let (low, high) = (ends.next()?, ends.next()?);
        let (open, close) = (first(&pair, Rule::range_open)?, first(&pair, Rule::range_close)?);
        Some(Range {
            low_closed: open.as_str() == "[",
            low: self.expr(low),
            high: self.expr(high),
            high_closed: close.as_str() == "]",
            span: self.span(&open).to(self.span(&close)),
        })
    }

    fn binding(&mut self, pair: Pair<'_, Rule>) -> Let {
        Let {
            mutable: first(&pair, Rule::kw_mut).map(|word| self.span(&word)),
            declared: self.declared_in(&pair),
            value: self.expr_in(&pair),
        }
    }

    fn output(&mut self, pair: Pair<'_, Rule>) -> Output {
        Output {
            name: self.name(&pair),
            rename: all(&pair, Rule::ident).nth(1).map(|ident| self.ident(&ident)),
            last: first(&pair, Rule::kw_last).map(|word| self.span(&word)),
        }
    }

    fn phase(&mut self, pair: Pair<'_, Rule>) -> Phase {
        let word = first(&pair, Rule::phase_name);
        let kind = match word.as_ref().map(Pair::as_str) {
            Some("fire") => PhaseKind::Fire,
            Some("reset") => PhaseKind::Reset,
            _ => PhaseKind::Charge,
        };
        let word = word.map_or(self.span(&pair), |word| self.span(&word));
        let block = first(&pair, Rule::block);
        let statements = match &block {
            Some(block) => self.statements(block.clone()),
            None => all(&pair, Rule::statement).map(|s| self.statement(s)).collect(),
        };
        Phase { kind, word, braces: block.is_some(), statements }
    }

    fn statements(&mut self, block: Pair<'_, Rule>) -> Vec<Statement> {
        block
            .into_inner()
            .filter_map(|pair| match pair.as_rule() {
                Rule::statement => Some(self.statement(pair)),
                Rule::bad_statement => {
                    let span = self.span(&pair);
                    self.refuse_piece(&pair, Rule::lone_statement);
                    Some(Statement { allows: Vec::new(), kind: StatementKind::Bad, span })
                }
                _ => None,
            })
            .collect()
    }

    fn statement(&mut self, pair: Pair<'_, Rule>) -> Statement {
        let span = self.span(&pair);
        let allows = self.allows(&pair);
        let mut kind = StatementKind::Bad;
        for inner in pair.into_inner() {
            kind = match inner.as_rule() {
                Rule::assignment => self.assignment(inner),
                Rule::r#let => StatementKind::Let(self.binding(inner)),
                Rule::r#for => self.repeat(inner),
                Rule::ode => StatementKind::Ode(self.ode(inner)),
                _ => continue,
            };
        }
        Statement { allows, kind, span }
    }

    fn assignment(&mut self, pair: Pair<'_, Rule>) -> StatementKind {
        let op = match first(&pair, Rule::assign_op).as_ref().map(Pair::as_str) {
            Some("+=") => Some(BinaryOp::Add),
            Some("-=") => Some(BinaryOp::Subtract),
            Some("*=") => Some(BinaryOp::Multiply),
            Some("/=") => Some(BinaryOp::Divide),
            _ => None,
        };
        let when = first(&pair, Rule::when).map(|when| self.expr_in(&when));
        let (target, value) = (self.name(&pair), self.expr_in(&pair));
        StatementKind::Assign(Assign { target, op, value, when })
    }

    fn repeat(&mut self, pair: Pair<'_, Rule>) -> StatementKind {
        let mut bounds = all(&pair, Rule::expr);
        let (low, high, block) = (bounds.next(), bounds.next(), first(&pair, Rule::block));
        let (Some(low), Some(high), Some(block)) = (low, high, block) else {
            return StatementKind::Bad;
        };
        StatementKind::For(For {
            name: self.name(&pair),
            low: self.expr(low),
            high: self.expr(high),
            statements: self.statements(block),
        })
    }

    fn ode(&mut self, pair: Pair<'_, Rule>) -> Ode {
        let word = first(&pair, Rule::kw_ode).map_or(self.span(&pair), |word| self.span(&word));
        let method = first(&pair, Rule::method).and_then(|m| self.word(&m, Rule::ident));
        let steps = first(&pair, Rule::steps).map(|steps| self.expr_in(&steps));
        let block = first(&pair, Rule::ode_block).into_iter().flat_map(Pair::into_inner);
        Ode { word, method, steps, lines: block.filter_map(|line| self.ode_line(line)).collect() }
    }

    fn ode_line(&mut self, pair: Pair<'_, Rule>) -> Option<OdeLine> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::ode_line => {
                let inner = pair.into_inner().next()?;
                match inner.as_rule() {
                    Rule::r#let => OdeLineKind::Let(self.binding(inner)),
                    _ => OdeLineKind::Equation(self.equation(inner)?),
                }
            }
            Rule::bad_statement => {
                self.refuse_piece(&pair, Rule::lone_ode_line);
                OdeLineKind::Bad
            }
            _ => return None,
        };
        Some(OdeLine { kind, span })
    }

    /// The name is what stands between the `d` and the `/`.
    fn equation(&mut self, pair: Pair<'_, Rule>) -> Option<Equation> {
        let left = first(&pair, Rule::derivative)?;
        let span = self.span(&left);
        let text = left.as_str().strip_prefix('d')?.split([' ', '/']).next()?;
        let start = span.start + 1;
        let name = Span { start, end: start + text.len() as u32, ..span };
        let name = Name { text: text.to_owned(), span: name };
        Some(Equation { name, left: span, value: self.expr_in(&pair) })
    }

    /// Where a pair stands, without the blanks that a rule may end with.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let end = self.source.text.len();
        let start = (pair.as_span().start() + self.offset).min(end);
        let text = pair.as_str().trim_end_matches([' ', '\t', '\r', '\n', '\u{0b}']);
        Span::new(self.source.id, start, (start + text.len()).min(end))
    }

    /// A name from its own pair.
    pub(super) fn ident(&self, pair: &Pair<'_, Rule>) -> Name {
        Name { text: pair.as_str().to_owned(), span: self.span(pair) }
    }

    /// The first inner pair of a rule as a name.
    pub(super) fn word(&self, pair: &Pair<'_, Rule>, rule: Rule) -> Option<Name> {
        first(pair, rule).map(|inner| self.ident(&inner))
    }

    /// The first name in a pair; the grammar puts one there.
    pub(super) fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        let empty = || Name { text: String::new(), span: self.span(pair) };
        self.word(pair, Rule::ident).unwrap_or_else(empty)
    }

    /// The first expression in a pair; the grammar puts one there.
    pub(super) fn expr_in(&mut self, pair: &Pair<'_, Rule>) -> Expr {
        let bad = Expr { kind: ExprKind::Bad, span: self.span(pair) };
        first(pair, Rule::expr).map_or(bad, |inner| self.expr(inner))
    }

    fn allows(&self, pair: &Pair<'_, Rule>) -> Vec<Name> {
        let attributes = all(pair, Rule::attribute);
        attributes.flat_map(|a| all(&a, Rule::ident)).map(|code| self.ident(&code)).collect()
    }

    /// The `///` lines directly before a node that have not been taken yet.
    fn docs(&mut self, node: Span) -> Vec<String> {
        let mut docs = Vec::new();
        let comments = &self.layout.comments;
        while let Some(comment) = comments.get(self.comment).filter(|c| c.span.start < node.start) {
            if comment.kind == CommentKind::Doc {
                let text = &self.source.text[comment.span.range()][3..];
                docs.push(text.strip_prefix(' ').unwrap_or(text).to_owned());
            }
            self.comment += 1;
        }
        docs
    }

    /// Reports why a piece does not parse.
    pub(super) fn refuse_piece(&mut self, pair: &Pair<'_, Rule>, rule: Rule) {
        if self.retry(pair, rule).is_some() {
            self.offset = 0;
            let message = "this cannot stand here";
            let there = "right by itself, but not in this place";
            self.diagnostics.push(Diagnostic::new("E0001", self.span(pair), message, there));
        }
    }

    /// Parses a bad piece again alone and reports why it fails. The offset stays at the piece, so
    /// that what did parse can be built.
    fn retry<'p>(&mut self, pair: &Pair<'p, Rule>, rule: Rule) -> Option<Pairs<'p, Rule>> {
        let span = self.span(pair);
        let (start, end) = (span.start as usize, span.end as usize);
        let silent = self.layout.broken.iter().any(|hole| hole.start < end && start < hole.end);
        self.offset = span.start as usize;
        self.bad.push(span);
        match Grammar::parse(rule, pair.as_str()) {
            Ok(pairs) => return Some(pairs),
            Err(error) if !silent => {
                let (start, end) = (self.offset, self.offset + pair.as_str().len());
                self.explain(&error, start, end, rule);
            }
            Err(_) => {}
        }
        self.offset = 0;
        None
    }
}
