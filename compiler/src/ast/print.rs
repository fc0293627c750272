//! From syntax tree to text in the one style. Comments keep their places, statements their order, and
//! at most one empty line is kept between them; printing what was printed changes nothing.

use std::fmt::Write;

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

    /// Prints a line for a node, with the comments before it and the one behind it. `limit` is where
    /// the next node starts, to which a later comment belongs.
    fn line(&mut self, span: Span, text: &str, limit: usize) {
        let (start, end) = (span.start as usize, span.end as usize);
        self.comments_before(end, start);
        self.gap(start);
        self.push(text);
        self.last = Some(end);
        if let Some((comment, rest)) = self.comments.split_first()
            && (comment.span.start as usize) < limit
            && !self.source.text[end..comment.span.start as usize].contains('\n')
        {
            self.comments = rest;
            self.out.pop();
            let _ = writeln!(self.out, "  {}", self.text(comment.span));
            self.last = Some(comment.span.end as usize);
        }
    }

    /// Prints text as it stands, with the comments in it.
    fn raw(&mut self, span: Span) {
        self.comments_before(span.start as usize, span.start as usize);
        self.gap(span.start as usize);
        while self.comments.first().is_some_and(|c| c.span.start < span.end) {
            self.comments = &self.comments[1..];
        }
        self.push(self.text(span).trim_end());
        self.last = Some(span.end as usize);
    }

    /// Prints lines in braces; `end` is where the closing brace stands.
    fn block(&mut self, end: usize, lines: impl FnOnce(&mut Self)) {
        self.indent += 1;
        self.last = None;
        lines(self);
        self.comments_before(end, end);
        self.indent -= 1;
        self.push("}");
        self.last = Some(end);
    }

    fn allows(&mut self, allows: &[Name], start: u32) {
        if !allows.is_empty() {
            self.comments_before(start as usize, start as usize);
            self.gap(start as usize);
            let codes: Vec<&str> = allows.iter().map(|code| code.text.as_str()).collect();
            self.push(&format!("#[allow({})]", codes.join(", ")));
            self.last = None;
        }
    }

    fn item(&mut self, item: &Item) {
        self.allows(&item.allows, item.span.start);
        let end = item.span.end as usize;
        let all = self.source.text.len();
        match &item.kind {
            ItemKind::Edition(number) => {
                self.line(item.span, &format!("snn {}", number.text), all);
            }
            ItemKind::Import(path) => self.line(item.span, &format!("import {}", path.text), all),
            ItemKind::Const(constant) => self.constant("const", constant, item.span),
            ItemKind::Function(function) => self.function(function, item.span),
            ItemKind::Surrogate(surrogate) => self.surrogate(surrogate, end),
            ItemKind::Neuron(neuron) => self.neuron(neuron, end),
            ItemKind::Test(_) | ItemKind::Bad => self.raw(item.span),
        }
    }

    fn constant(&mut self, word: &str, constant: &Const, span: Span) {
        let head = format!("{word} {} = ", constant.name.text);
        self.value(span, head, &constant.value);
    }

    /// A line that ends with a value; a wide `if` is broken at its braces.
    fn value(&mut self, span: Span, head: String, value: &Expr) {
        let flat = format!("{head}{}", self.expr(value));
        let text = match &value.kind {
            ExprKind::If(parts) if flat.len() + 2 * self.indent > WIDTH => {
                format!("{head}{}", self.broken_if(parts))
            }
            _ => flat,
        };
        self.line(span, &text, self.source.text.len());
    }

    fn broken_if(&self, [condition, then, otherwise]: &[Expr; 3]) -> String {
        let pad = "  ".repeat(self.indent);
        let tail = match &otherwise.kind {
            ExprKind::If(parts) => self.broken_if(parts),
            _ => format!("{{\n{pad}  {}\n{pad}}}", self.expr(otherwise)),
        };
        let (condition, then) = (self.expr(condition), self.expr(then));
        format!("if {condition} {{\n{pad}  {then}\n{pad}}} else {tail}")
    }

    fn formals(&self, formals: &[Formal]) -> String {
        let each = formals.iter().map(|formal| match &formal.default {
            Some(default) => format!("{} = {}", formal.name.text, self.expr(default)),
            None => formal.name.text.clone(),
        });
        each.collect::<Vec<_>>().join(", ")
    }

    fn function(&mut self, function: &Function, span: Span) {
        let head = format!("fn {}({}) = ", function.name.text, self.formals(&function.formals));
        self.value(span, head, &function.body);
    }

    fn surrogate(&mut self, surrogate: &Surrogate, end: usize) {
        let formals = self.formals(&surrogate.formals);
        let formals = if formals.is_empty() { formals } else { format!("({formals})") };
        let text = format!("surrogate {}{formals} {{", surrogate.name.text);
        let limit = surrogate.functions.first().map_or(end, |f| f.span.start as usize);
        self.line(surrogate.name.span, &text, limit);
        self.block(end, |p| {
            for function in &surrogate.functions {
                let head = format!("{}({}) = ", function.name.text, function.argument.text);
                p.value(function.span, head, &function.body);
            }
        });
    }

    fn neuron(&mut self, neuron: &Neuron, end: usize) {
        let parallel = if neuron.parallel.is_some() { "parallel " } else { "" };
        let options: Vec<String> = neuron.options.iter().map(|o| self.option(o)).collect();
        let flat = options.join(", ");
        let options = match flat.len() {
            0 => String::new(),
            len if len + neuron.name.text.len() + 20 <= WIDTH => format!("({flat})"),
            _ => format!("(\n  {},\n)", options.join(",\n  ")),
        };
        let text = format!("{parallel}neuron {}{options} {{", neuron.name.text);
        let head = neuron.options.last().map_or(neuron.name.span, |o| neuron.name.span.to(o.span));
        let limit = neuron.members.first().map_or(end, |m| m.span.start as usize);
        self.line(head, &text, limit);
        self.block(end, |p| neuron.members.iter().for_each(|member| p.member(member)));
    }

    fn option(&self, option: &OptionDecl) -> String {
        let default = option.default.as_ref().map(|e| format!(" = {}", self.expr(e)));
        let (name, ty) = (&option.name.text, self.text(option.ty_span));
        format!("{name}: {ty}{}", default.unwrap_or_default())
    }

    fn member(&mut self, member: &Member) {
        self.allows(&member.allows, member.span.start);
        let span = member.span;
        let all = self.source.text.len();
        match &member.kind {
            MemberKind::Input(inputs) => {
                let names: Vec<String> = inputs.iter().map(|d| self.declared(d)).collect();
                self.line(span, &format!("input  {}", names.join(", ")), all);
            }
            MemberKind::State(state) => self.state(state, span),
            MemberKind::Param(param) => {
                let text = self.param(param);
                self.line(span, &text, all);
            }
            MemberKind::Const(constant) => self.constant("const ", constant, span),
            MemberKind::Let(binding) => self.binding("let    ", binding, span),
            MemberKind::Rand(rand) => {
                self.line(
                    span,
                    &format!("rand   {} ~ {}", rand.name.text, self.expr(&rand.value)),
                    all,
                );
            }
            MemberKind::Output(output) => {
                let rename = output.rename.as_ref().map(|name| format!(" as {}", name.text));
                let last = if output.last.is_some() { " last" } else { "" };
                let text =
                    format!("output {}{}{last}", output.name.text, rename.unwrap_or_default());
                self.line(span, &text, all);
            }
            MemberKind::Phase(phase) => self.phase(phase, span),
            MemberKind::Bad => self.raw(span),
        }
    }

    fn declared(&self, declared: &Declared) -> String {
        let mut text = declared.name.text.clone();
        for dims in &declared.dims {
            // A shape stands at the name and a unit behind a blank, as they were written.
            let before = self.source.text[..dims.start as usize].ends_with([' ', '\t']);
            let _ = write!(text, "{}{}", if before { " " } else { "" }, self.text(*dims));
        }
        text
    }

    fn state(&mut self, state: &State, span: Span) {
        let ty = state.ty.as_ref().map(|ty| format!(": {}", ty.text)).unwrap_or_default();
        let text = format!("state  {}{ty}", self.declared(&state.declared));
        match &state.init {
            Some(init) => self.value(span, format!("{text} = "), init),
            None => self.line(span, &text, self.source.text.len()),
        }
    }

    fn param(&self, param: &Param) -> String {
        let mut text = format!("param  {}", self.declared(&param.declared));
        for modifier in param.sorted() {
            let _ = write!(text, " {}", self.modifier(&modifier.kind));
        }
        text
    }

    fn modifier(&self, kind: &ModifierKind) -> String {
        match kind {
            ModifierKind::Per(sharing) => format!("per {}", crate::check::sharing_word(*sharing)),
            ModifierKind::Default(value) => format!("= {}", self.expr(value)),
            ModifierKind::In(range) => {
                let open = if range.low_closed { '[' } else { '(' };
                let close = if range.high_closed { ']' } else { ')' };
                format!("in {open}{}, {}{close}", self.expr(&range.low), self.expr(&range.high))
            }
            ModifierKind::Via(map) => format!("via {}", map.text),
            ModifierKind::Learn => "learn".into(),
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
            return self.statement(&format!("{word:<6} "), statement, span);
        }
        let end = span.end as usize;
        let limit = phase.statements.first().map_or(end, |s| s.span.start as usize);
        self.line(phase.word, &format!("{word} {{"), limit);
        self.block(end, |p| phase.statements.iter().for_each(|s| p.statement("", s, s.span)));
    }

    fn statement(&mut self, prefix: &str, statement: &Statement, span: Span) {
        self.allows(&statement.allows, statement.span.start);
        match &statement.kind {
            StatementKind::Assign(assign) => {
                let op = assign.op.map_or("", BinaryOp::symbol);
                let head = format!("{prefix}{} {op}= ", assign.target.text);
                match &assign.when {
                    Some(when) => {
                        let (value, when) = (self.expr(&assign.value), self.expr(when));
                        let all = self.source.text.len();
                        self.line(span, &format!("{head}{value} when {when}"), all);
                    }
                    None => self.value(span, head, &assign.value),
                }
            }
            StatementKind::Let(binding) => self.binding(&format!("{prefix}let "), binding, span),
            StatementKind::For(repeat) => {
                let (low, high) = (self.expr(&repeat.low), self.expr(&repeat.high));
                let text = format!("{prefix}for {} in {low}..{high} {{", repeat.name.text);
                let head = repeat.name.span.to(repeat.high.span);
                let end = span.end as usize;
                let limit = repeat.statements.first().map_or(end, |s| s.span.start as usize);
                self.line(head, &text, limit);
                self.block(end, |p| {
                    repeat.statements.iter().for_each(|s| p.statement("", s, s.span));
                });
            }
            StatementKind::Ode | StatementKind::Bad => self.raw(span),
        }
    }

    fn list(&self, list: &[Expr]) -> String {
        list.iter().map(|e| self.expr(e)).collect::<Vec<_>>().join(", ")
    }

    fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Number(..) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Bad => {
                self.text(expr.span).into()
            }
            ExprKind::Quantity(_, unit) => {
                let number = self.text(expr.span.to(unit.span));
                let number = number.strip_suffix(unit.text.as_str()).unwrap_or(number);
                format!("{} {}", number.trim_end(), unit.text)
            }
            ExprKind::Group(inner) => format!("({})", self.expr(inner)),
            ExprKind::Unary(UnaryOp::Negate, a) => format!("-{}", self.expr(a)),
            ExprKind::Unary(UnaryOp::Not, a) => format!("not {}", self.expr(a)),
            ExprKind::Binary(BinaryOp::Power, a, b) => format!("{}^{}", self.expr(a), self.expr(b)),
            ExprKind::Binary(op, a, b) => {
                format!("{} {} {}", self.expr(a), op.symbol(), self.expr(b))
            }
            ExprKind::If(parts) => self.flat_if(parts),
            ExprKind::Call(call) => {
                let each = call.arguments.iter().map(|argument| match &argument.name {
                    Some(name) => format!("{}: {}", name.text, self.expr(&argument.value)),
                    None => self.expr(&argument.value),
                });
                format!("{}({})", call.name.text, each.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Previous(inner) => format!("{}@prev", self.expr(inner)),
            ExprKind::Index(inner, indices) => {
                format!("{}[{}]", self.expr(inner), self.list(indices))
            }
            ExprKind::List(list) => format!("[{}]", self.list(list)),
            ExprKind::Sum(name, parts) => {
                let [low, high, term] = parts.as_ref();
                let (low, high, term) = (self.expr(low), self.expr(high), self.expr(term));
                format!("sum({} in {low}..{high}, {term})", name.text)
            }
        }
    }

    fn flat_if(&self, [condition, then, otherwise]: &[Expr; 3]) -> String {
        let tail = match &otherwise.kind {
            ExprKind::If(parts) => self.flat_if(parts),
            _ => format!("{{ {} }}", self.expr(otherwise)),
        };
        format!("if {} {{ {} }} else {tail}", self.expr(condition), self.expr(then))
    }
}
