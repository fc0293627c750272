//! From syntax tree to text in the one style. Comments keep their places, statements their order, and
//! at most one empty line is kept between them; printing what was printed changes nothing.

mod doc;
mod expr;

use std::fmt::Write;

use self::doc::{Doc, group, lay_out, nest, text};
use crate::ast::*;
use crate::span::Source;

/// The widest line that is not broken.
const WIDTH: usize = 100;

/// The canonical text of a module parsed from `source`.
pub fn print(module: &Module, source: &Source) -> String {
    let mut printer = Printer { source, comments: &module.comments, ..Printer::new(source) };
    for item in &module.items {
        printer.item(item);
    }
    printer.comments_before(source.text.len(), source.text.len());
    printer.out
}

struct Printer<'a> {
    source: &'a Source,
    comments: &'a [Comment],
    out: String,
    indent: usize,
    /// Where the last printed thing ends in the source; none at the start of a block.
    last: Option<usize>,
}

impl<'a> Printer<'a> {
    fn new(source: &'a Source) -> Self {
        Self { source, comments: &[], out: String::new(), indent: 0, last: None }
    }

    fn text(&self, span: Span) -> &'a str {
        &self.source.text[span.range()]
    }

    /// Keeps one empty line where the source has some.
    fn gap(&mut self, start: usize) {
        if let Some(last) = self.last.filter(|&last| last < start) {
            let between = &self.source.text[last..start];
            if between.bytes().filter(|&b| b == b'\n').count() > 1 {
                self.out.push('\n');
            }
        }
    }

    fn push(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Prints the comments that start before `end`, each on a line of its own.
    fn comments_before(&mut self, end: usize, node: usize) {
        while let Some((comment, rest)) = self.comments.split_first()
            && (comment.span.start as usize) < end
        {
            self.comments = rest;
            self.gap((comment.span.start as usize).min(node));
            self.push(self.text(comment.span));
            self.last = Some(comment.span.end as usize);
        }
    }

    /// Prints a line for a node, broken where it is too wide, with the comments before it and the one
    /// behind it.
    fn line(&mut self, span: Span, line: &Doc) {
        let (start, end) = (span.start as usize, span.end as usize);
        self.comments_before(end, start);
        self.gap(start);
        let text = lay_out(line, self.indent, WIDTH);
        self.push(&text);
        self.last = Some(end);
        self.comment_behind(end);
    }

    /// Prints the comment that stands behind `end` with nothing but punctuation between.
    fn comment_behind(&mut self, end: usize) {
        if let Some((comment, rest)) = self.comments.split_first()
            && let Some(between) = self.source.text.get(end..comment.span.start as usize)
            && between.bytes().all(|b| b" \t;,".contains(&b))
        {
            self.comments = rest;
            self.out.pop();
            let _ = writeln!(self.out, "  {}", self.text(comment.span));
            self.last = Some(comment.span.end as usize);
        }
    }

    /// Where the text goes on behind `{`, which is the next bracket but for those in comments and for
    /// closing ones.
    fn behind_brace(&self, start: usize) -> usize {
        let mut at = start;
        let mut comments = self.comments.iter();
        while let Some(byte) = self.source.text.as_bytes().get(at) {
            match byte {
                b'{' => return at + 1,
                b'/' => {
                    at = comments
                        .find(|c| c.span.start as usize == at)
                        .map_or(at + 1, |c| c.span.end as usize)
                }
                _ => at += 1,
            }
        }
        start
    }

    /// Prints a line that ends with `{`; `head` is what of it the tree knows.
    fn head(&mut self, head: Span, line: Doc) {
        let end = self.behind_brace(head.end as usize);
        let span = Span { end: end as u32, ..head };
        self.line(span, &Doc::All(vec![line, text(" {")]));
    }

    /// Prints text as it stands, but for how far its lines are indented.
    fn raw(&mut self, span: Span) {
        let start = self.behind_attributes(span);
        self.comments_before(start, start);
        self.gap(start);
        while self.comments.first().is_some_and(|c| c.span.start < span.end) {
            self.comments = &self.comments[1..];
        }
        let outer = self.indent;
        for line in self.source.text[start..span.end as usize].lines() {
            let (opened, closed, first) = braces(line);
            self.indent = self.indent.saturating_sub(first);
            match line.trim() {
                "" => self.out.push('\n'),
                line => self.push(line),
            }
            self.indent = (self.indent + first + opened).saturating_sub(closed).max(outer);
        }
        self.indent = outer;
        self.last = Some(span.end as usize);
        self.comment_behind(span.end as usize);
    }

    /// Where a node's own text starts.
    fn behind_attributes(&self, span: Span) -> usize {
        let (mut at, end) = (span.start as usize, span.end as usize);
        loop {
            let rest = &self.source.text[at..end];
            at += rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            let comment = self.comments.iter().find(|c| c.span.start as usize == at);
            match (comment, rest.find(']')) {
                (Some(comment), _) => at = comment.span.end as usize,
                (None, Some(close)) if rest.starts_with("#[") => at += close + 1,
                _ => return at,
            }
        }
    }

    /// Prints lines in braces; `end` is behind the closing brace.
    fn block(&mut self, end: usize, lines: impl FnOnce(&mut Self)) {
        self.indent += 1;
        self.last = None;
        lines(self);
        self.comments_before(end, end);
        self.indent -= 1;
        self.push("}");
        self.last = Some(end);
        self.comment_behind(end);
    }

    fn allows(&mut self, allows: &[Name], start: u32) {
        if let Some(line) = allow_text(allows) {
            self.comments_before(start as usize, start as usize);
            self.gap(start as usize);
            self.push(&line);
            self.last = None;
        }
    }

    fn item(&mut self, item: &Item) {
        self.allows(&item.allows, item.span.start);
        match &item.kind {
            ItemKind::Edition(number) => {
                self.line(item.span, &text(format!("snn {}", number.text)));
            }
            ItemKind::Import(path) => self.line(item.span, &text(format!("import {}", path.text))),
            ItemKind::Const(constant) => self.constant("const", constant, item.span),
            ItemKind::Function(function) => self.function(function, item.span),
            ItemKind::Surrogate(surrogate) => self.surrogate(surrogate, item.span),
            ItemKind::Neuron(neuron) => self.neuron(neuron, item.span),
            ItemKind::Test(test) => self.test(test, item.span),
            ItemKind::Bad => self.raw(item.span),
        }
    }

    fn test(&mut self, test: &Test, item: Span) {
        self.head(test.name.span, text(format!("test {}", test.name.text)));
        self.block(item.end as usize, |p| test.lines.iter().for_each(|line| p.test_line(line)));
    }

    fn test_line(&mut self, line: &TestLine) {
        let span = line.span;
        match &line.kind {
            TestLineKind::Neuron { name, options, params } => {
                let head = self.test_subject(name, options, params);
                self.line(span, &head);
            }
            TestLineKind::Given(Given { name, value }) => {
                self.value(span, format!("{} = ", name.text), value);
            }
            TestLineKind::Values { grad, name, numbers, exact, within } => {
                let name = match grad {
                    Some(_) => format!("grad({})", name.text),
                    None => name.text.clone(),
                };
                let is = if *exact { "==" } else { "~=" };
                let mut parts = vec![text(format!("expect {name} {is} ")), self.expr(numbers)];
                if let Some(within) = within {
                    parts.extend([text(" within "), self.expr(within)]);
                }
                self.line(span, &Doc::All(parts));
            }
            TestLineKind::Gradients => self.line(span, &text("expect gradients")),
            TestLineKind::Bad => self.raw(span),
        }
    }

    fn test_subject(&self, name: &Name, options: &[Given], params: &[Given]) -> Doc {
        let given = |is: &str, given: &Given| {
            let name = format!("{}{is}", given.name.text);
            Doc::All(vec![text(name), self.expr(&given.value)])
        };
        let head = format!("neuron {}", name.text);
        let mut line = match options {
            [] => vec![text(head)],
            _ => {
                let each = options.iter().map(|option| given(": ", option)).collect();
                vec![self.arguments(&format!("{head}("), each, ",")]
            }
        };
        for (i, param) in params.iter().enumerate() {
            line.extend([text(if i == 0 { " { " } else { "; " }), given(" = ", param)]);
        }
        if !params.is_empty() {
            line.push(text(" }"));
        }
        Doc::All(line)
    }

    fn constant(&mut self, word: &str, constant: &Const, span: Span) {
        let name = self.with_dims(&constant.name, &constant.dims);
        self.value(span, format!("{word} {name} = "), &constant.value);
    }

    /// A line that ends with a value.
    fn value(&mut self, span: Span, head: String, value: &Expr) {
        let value = self.expr(value);
        self.line(span, &Doc::All(vec![text(head), value]));
    }

    fn formals(&self, open: String, formals: &[Formal]) -> Doc {
        let each = formals.iter().map(|formal| {
            let int = if formal.int.is_some() { ": int" } else { "" };
            let name = format!("{}{int}", formal.name.text);
            match &formal.default {
                Some(default) => Doc::All(vec![text(name + " = "), self.expr(default)]),
                None => text(name),
            }
        });
        self.arguments(&open, each.collect(), ",")
    }

    fn function(&mut self, function: &Function, span: Span) {
        let head = self.formals(format!("fn {}(", function.name.text), &function.formals);
        let body = self.expr(&function.body);
        self.line(span, &Doc::All(vec![head, text(" = "), body]));
    }

    fn surrogate(&mut self, surrogate: &Surrogate, item: Span) {
        let name = format!("surrogate {}", surrogate.name.text);
        let (line, last) = match surrogate.formals.last() {
            Some(last) => {
                let default = last.default.as_ref().map(|default| default.span);
                let line = self.formals(format!("{name}("), &surrogate.formals);
                (line, default.or(last.int).unwrap_or(last.name.span))
            }
            None => (text(name), surrogate.name.span),
        };
        self.head(surrogate.name.span.to(last), line);
        self.block(item.end as usize, |p| {
            for function in &surrogate.functions {
                let head = format!("{}({}) = ", function.name.text, function.argument.text);
                p.value(function.span, head, &function.body);
            }
        });
    }

    fn neuron(&mut self, neuron: &Neuron, item: Span) {
        let parallel = if neuron.parallel.is_some() { "parallel " } else { "" };
        let name = format!("{parallel}neuron {}", neuron.name.text);
        let last = neuron.options.last();
        let has_comments = |p: &Self| {
            let Some(last) = last else { return false };
            let end = p.behind_brace(last.span.end as usize) as u32;
            p.comments.iter().any(|c| neuron.name.span.end <= c.span.start && c.span.start < end)
        };
        self.comments_before(neuron.name.span.end as usize, item.start as usize);
        if has_comments(self) {
            self.options_in_lines(neuron, name);
        } else {
            let line = match last {
                Some(_) => {
                    let options = neuron.options.iter().map(|option| self.option(option));
                    self.arguments(&format!("{name}("), options.collect(), ",")
                }
                None => text(name),
            };
            let last = last.map_or(neuron.name.span, |option| option.span);
            self.head(neuron.name.span.to(last), line);
        }
        self.block(item.end as usize, |p| neuron.members.iter().for_each(|m| p.member(m)));
    }

    /// Options with comments among them, each on a line of its own.
    fn options_in_lines(&mut self, neuron: &Neuron, name: String) {
        self.line(neuron.name.span, &text(format!("{name}(")));
        self.indent += 1;
        self.last = None;
        for option in &neuron.options {
            let line = Doc::All(vec![self.option(option), text(",")]);
            self.line(option.span, &line);
        }
        let last = neuron.options.last().map_or(neuron.name.span, |option| option.span);
        let end = self.behind_brace(last.end as usize);
        self.comments_before(end, end);
        self.indent -= 1;
        self.push(") {");
        self.comment_behind(end);
    }

    fn option(&self, option: &OptionDecl) -> Doc {
        let name = self.with_dims(&option.name, &option.dims);
        let head = format!("{name}: {}", self.text(option.ty_span));
        match &option.default {
            Some(default) => Doc::All(vec![text(head), text(" = "), self.expr(default)]),
            None => text(head),
        }
    }

    fn member(&mut self, member: &Member) {
        self.allows(&member.allows, member.span.start);
        let span = member.span;
        match &member.kind {
            MemberKind::Input(inputs) => {
                let mut names: Vec<Doc> = Vec::new();
                for input in inputs {
                    if !names.is_empty() {
                        names.extend([text(","), Doc::Fill]);
                    }
                    names.push(text(self.declared(input)));
                }
                self.line(span, &Doc::All(vec![text("input  "), nest(names)]));
            }
            MemberKind::State(state) => self.state(state, span),
            MemberKind::Param(param) => {
                let line = self.param(param);
                self.line(span, &line);
            }
            MemberKind::Const(constant) => self.constant("const ", constant, span),
            MemberKind::Let(binding) => self.binding("let    ", binding, span),
            MemberKind::Rand(rand) => {
                self.value(span, format!("rand   {} ~ ", rand.name.text), &rand.value);
            }
            MemberKind::Output(output) => {
                let rename = output.rename.as_ref().map(|name| format!(" as {}", name.text));
                let last = if output.last.is_some() { " last" } else { "" };
                let (name, rename) = (&output.name.text, rename.unwrap_or_default());
                self.line(span, &text(format!("output {name}{rename}{last}")));
            }
            MemberKind::Phase(phase) => self.phase(phase, span),
            MemberKind::Bad => self.raw(span),
        }
    }

    fn declared(&self, declared: &Declared) -> String {
        self.with_dims(&declared.name, &declared.dims)
    }

    /// A name with its shape, which stands at it, and its unit, which stands behind a blank, as they were
    /// written.
    fn with_dims(&self, name: &Name, all: &[Dims]) -> String {
        let mut text = name.text.clone();
        for dims in all {
            let before = self.source.text[..dims.span.start as usize].ends_with([' ', '\t']);
            let _ = write!(text, "{}[{}]", if before { " " } else { "" }, one_line(&dims.text));
        }
        text
    }

    fn state(&mut self, state: &State, span: Span) {
        let ty = state.ty.as_ref().map(|ty| format!(": {}", ty.text)).unwrap_or_default();
        let head = format!("state  {}{ty}", self.declared(&state.declared));
        match &state.init {
            Some(init) => self.value(span, format!("{head} = "), init),
            None => self.line(span, &text(head)),
        }
    }

    fn param(&self, param: &Param) -> Doc {
        let mut all = vec![text(format!("param  {}", self.declared(&param.declared)))];
        for modifier in param.sorted() {
            all.extend([text(" "), self.modifier(&modifier.kind)]);
        }
        Doc::All(all)
    }

    fn modifier(&self, kind: &ModifierKind) -> Doc {
        match kind {
            ModifierKind::Per(sharing) => {
                text(format!("per {}", crate::check::sharing_word(*sharing)))
            }
            ModifierKind::Default(value) => Doc::All(vec![text("= "), self.expr(value)]),
            ModifierKind::In(range) => {
                let open = if range.low_closed { "in [" } else { "in (" };
                let close = if range.high_closed { "]" } else { ")" };
                let (low, high) = (self.expr(&range.low), self.expr(&range.high));
                group(vec![text(open), low, text(","), nest(vec![Doc::Line, high]), text(close)])
            }
            ModifierKind::Via(map) => text(format!("via {}", map.text)),
            ModifierKind::Learn => text("learn"),
        }
    }

    fn binding(&mut self, word: &str, binding: &Let, span: Span) {
        let mutable = if binding.mutable.is_some() { "mut " } else { "" };
        let head = format!("{word}{mutable}{} = ", self.declared(&binding.declared));
        self.value(span, head, &binding.value);
    }

    fn phase(&mut self, phase: &Phase, span: Span) {
        let word = phase.kind.word();
        if let (false, [statement]) = (phase.braces, phase.statements.as_slice()) {
            // An attribute behind the word is the statement's and not the member's.
            let allows = allow_text(&statement.allows).map(|allow| allow + " ");
            let prefix = format!("{word:<6} {}", allows.unwrap_or_default());
            return self.statement(&prefix, statement, span);
        }
        self.head(phase.word, text(word));
        self.block(span.end as usize, |p| p.statements(&phase.statements));
    }

    fn statements(&mut self, statements: &[Statement]) {
        for statement in statements {
            self.allows(&statement.allows, statement.span.start);
            self.statement("", statement, statement.span);
        }
    }

    fn statement(&mut self, prefix: &str, statement: &Statement, span: Span) {
        match &statement.kind {
            StatementKind::Assign(assign) => {
                let op = assign.op.map_or("", BinaryOp::symbol);
                let head = text(format!("{prefix}{} {op}= ", assign.target.text));
                let mut all = vec![head, self.expr(&assign.value)];
                if let Some(when) = &assign.when {
                    all.extend([text(" when "), self.expr(when)]);
                }
                self.line(span, &Doc::All(all));
            }
            StatementKind::Let(binding) => self.binding(&format!("{prefix}let "), binding, span),
            StatementKind::For(repeat) => {
                let range = self.range(&repeat.low, &repeat.high);
                let head = text(format!("{prefix}for {} in ", repeat.name.text));
                let start = repeat.name.span.to(repeat.high.span);
                self.head(start, Doc::All(vec![head, range]));
                self.block(span.end as usize, |p| p.statements(&repeat.statements));
            }
            StatementKind::Ode(ode) => self.ode(prefix, ode, span),
            StatementKind::Bad => self.raw(span),
        }
    }
}

/// What stands in brackets, with a blank where it had several, or a newline.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Printer<'_> {
    fn ode(&mut self, prefix: &str, ode: &Ode, span: Span) {
        let (mut line, mut head) = (vec![text(format!("{prefix}ode"))], ode.word);
        if let Some(method) = &ode.method {
            line.push(text(format!(" method {}", method.text)));
            head = head.to(method.span);
        }
        if let Some(steps) = &ode.steps {
            line.extend([text(" steps "), self.expr(steps)]);
            head = head.to(steps.span);
        }
        self.head(head, Doc::All(line));
        self.block(span.end as usize, |p| ode.lines.iter().for_each(|line| p.ode_line(line)));
    }

    fn ode_line(&mut self, line: &OdeLine) {
        match &line.kind {
            OdeLineKind::Let(binding) => self.binding("let ", binding, line.span),
            OdeLineKind::Equation(equation) => {
                self.value(line.span, format!("d{}/dt = ", equation.name.text), &equation.value);
            }
            OdeLineKind::Bad => self.raw(line.span),
        }
    }
}

fn allow_text(allows: &[Name]) -> Option<String> {
    let codes: Vec<&str> = allows.iter().map(|code| code.text.as_str()).collect();
    (!codes.is_empty()).then(|| format!("#[allow({})]", codes.join(", ")))
}

/// The braces of a line outside of comments and strings: opened, closed, and those it starts with.
fn braces(line: &str) -> (usize, usize, usize) {
    let (mut opened, mut closed, mut first) = (0, 0, 0);
    let (mut quoted, mut bare) = (false, true);
    let code = line.split("//").next().unwrap_or_default();
    for byte in code.trim().bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'{' if !quoted => opened += 1,
            b'}' if !quoted => {
                closed += 1;
                first += usize::from(bare);
            }
            _ => {}
        }
        bare &= byte == b'}';
    }
    (opened, closed, first)
}
