//! The syntax tree as text, a line a node, for `--emit ast`.

use std::fmt::Write;

use crate::ast::*;

/// The tree of a module; expressions are in prefix form.
pub fn dump(module: &Module) -> String {
    let mut out = String::new();
    for item in &module.items {
        dump_item(&mut out, item);
    }
    out
}

fn line(out: &mut String, depth: usize, text: impl AsRef<str>, span: Span) {
    let _ = writeln!(out, "{}{}  @{span}", "  ".repeat(depth), text.as_ref());
}

fn dump_item(out: &mut String, item: &Item) {
    match &item.kind {
        ItemKind::Edition(number) => line(out, 0, format!("edition {}", number.text), item.span),
        ItemKind::Import(path) => line(out, 0, format!("import {}", path.text), item.span),
        ItemKind::Const(constant) => line(out, 0, const_text(constant), item.span),
        ItemKind::Test(test) => dump_test(out, test, item.span),
        ItemKind::Bad => line(out, 0, "bad item", item.span),
        ItemKind::Function(function) => {
            let formals = formals_text(&function.formals);
            let text = format!("fn {}{formals} = {}", function.name.text, expr(&function.body));
            line(out, 0, text, item.span);
        }
        ItemKind::Surrogate(surrogate) => {
            let formals = formals_text(&surrogate.formals);
            line(out, 0, format!("surrogate {}{formals}", surrogate.name.text), item.span);
            for function in &surrogate.functions {
                let (name, argument) = (&function.name.text, &function.argument.text);
                let text = format!("{name}({argument}) = {}", expr(&function.body));
                line(out, 1, text, function.span);
            }
        }
        ItemKind::Neuron(neuron) => dump_neuron(out, neuron, item.span),
    }
}

fn dump_test(out: &mut String, test: &Test, span: Span) {
    line(out, 0, format!("test {}", test.name.text), span);
    let given = |all: &[Given]| {
        let each = all.iter().map(|given| format!(" ({} {})", given.name.text, expr(&given.value)));
        each.collect::<String>()
    };
    for each in &test.lines {
        let text = match &each.kind {
            TestLineKind::Neuron { name, options, params } => {
                format!("neuron {}{} with{}", name.text, given(options), given(params))
            }
            TestLineKind::Given(one) => format!("given{}", given(std::slice::from_ref(one))),
            TestLineKind::Values { grad, name, numbers, exact, within } => {
                let what = if grad.is_some() { "grad " } else { "" };
                let is = if *exact { "==" } else { "~=" };
                let within = within.as_ref().map(|within| format!(" within {}", expr(within)));
                let within = within.unwrap_or_default();
                format!("expect {what}{} {is} {}{within}", name.text, expr(numbers))
            }
            TestLineKind::Gradients => "expect gradients".into(),
            TestLineKind::Bad => "bad line".into(),
        };
        line(out, 1, text, each.span);
    }
}

fn const_text(constant: &Const) -> String {
    let name = with_dims(&constant.name, &constant.dims);
    format!("const {name} = {}", expr(&constant.value))
}

fn formals_text(formals: &[Formal]) -> String {
    let mut text = String::new();
    for formal in formals {
        let default = formal.default.as_ref().map(|e| format!(" = {}", expr(e)));
        let int = if formal.int.is_some() { ": Int" } else { "" };
        let _ = write!(text, " ({}{int}{})", formal.name.text, default.unwrap_or_default());
    }
    text
}

fn dump_neuron(out: &mut String, neuron: &Neuron, span: Span) {
    let parallel = if neuron.parallel.is_some() { "parallel " } else { "" };
    line(out, 0, format!("{parallel}neuron {}", neuron.name.text), span);
    for option in &neuron.options {
        let default = option.default.as_ref().map(|e| format!(" = {}", expr(e)));
        let (name, ty) = (with_dims(&option.name, &option.dims), option.ty);
        let text = format!("option {name}: {ty:?}{}", default.unwrap_or_default());
        line(out, 1, text, option.span);
    }
    for member in &neuron.members {
        dump_member(out, member);
    }
}

fn with_dims(name: &Name, all: &[Dims]) -> String {
    let brackets: String = all.iter().map(|dims| format!(" [{}]", dims.text)).collect();
    format!("{}{brackets}", name.text)
}

fn declared(declared: &Declared) -> String {
    with_dims(&declared.name, &declared.dims)
}

fn dump_member(out: &mut String, member: &Member) {
    let text = match &member.kind {
        MemberKind::Input(inputs) => {
            format!("input {}", inputs.iter().map(declared).collect::<Vec<_>>().join(" "))
        }
        MemberKind::State(state) => {
            let ty = state.ty.as_ref().map(|ty| format!(": {}", ty.text)).unwrap_or_default();
            let init = state.init.as_ref().map(|e| format!(" = {}", expr(e))).unwrap_or_default();
            format!("state {}{ty}{init}", declared(&state.declared))
        }
        MemberKind::Param(param) => {
            let mut text = format!("param {}", declared(&param.declared));
            for modifier in param.sorted() {
                let _ = write!(text, " {}", modifier_text(&modifier.kind));
            }
            text
        }
        MemberKind::Const(constant) => const_text(constant),
        MemberKind::Let(binding) => let_text(binding),
        MemberKind::Rand(rand) => format!("rand {} {}", rand.name.text, expr(&rand.value)),
        MemberKind::Output(output) => {
            let rename = output.rename.as_ref().map(|name| format!(" as {}", name.text));
            let last = if output.last.is_some() { " last" } else { "" };
            format!("output {}{}{last}", output.name.text, rename.unwrap_or_default())
        }
        MemberKind::Phase(phase) => phase.kind.word().into(),
        MemberKind::Bad => "bad".into(),
    };
    line(out, 1, text, member.span);
    if let MemberKind::Phase(phase) = &member.kind {
        dump_statements(out, 2, &phase.statements);
    }
}

fn modifier_text(kind: &ModifierKind) -> String {
    match kind {
        ModifierKind::Default(value) => format!("= {}", expr(value)),
        ModifierKind::Per(sharing) => format!("per {}", crate::check::sharing_word(*sharing)),
        ModifierKind::In(range) => {
            let open = if range.low_closed { '[' } else { '(' };
            let close = if range.high_closed { ']' } else { ')' };
            format!("in {open}{}, {}{close}", expr(&range.low), expr(&range.high))
        }
        ModifierKind::Via(map) => format!("via {}", map.text),
        ModifierKind::Learn => "learn".into(),
    }
}

fn let_text(binding: &Let) -> String {
    let mutable = if binding.mutable.is_some() { "mut " } else { "" };
    format!("let {mutable}{} = {}", declared(&binding.declared), expr(&binding.value))
}

fn dump_statements(out: &mut String, depth: usize, statements: &[Statement]) {
    for statement in statements {
        let text = match &statement.kind {
            StatementKind::Assign(assign) => {
                let op = assign.op.map_or("", BinaryOp::symbol);
                let when = assign.when.as_ref().map(|e| format!(" when {}", expr(e)));
                let value = expr(&assign.value);
                format!("{} {op}= {value}{}", assign.target.text, when.unwrap_or_default())
            }
            StatementKind::Let(binding) => let_text(binding),
            StatementKind::For(repeat) => {
                format!("for {} {} {}", repeat.name.text, expr(&repeat.low), expr(&repeat.high))
            }
            StatementKind::Ode(ode) => {
                let method = ode.method.as_ref().map(|method| format!(" method {}", method.text));
                let steps = ode.steps.as_ref().map(|steps| format!(" steps {}", expr(steps)));
                format!("ode{}{}", method.unwrap_or_default(), steps.unwrap_or_default())
            }
            StatementKind::Bad => "bad".into(),
        };
        line(out, depth, text, statement.span);
        match &statement.kind {
            StatementKind::For(repeat) => dump_statements(out, depth + 1, &repeat.statements),
            StatementKind::Ode(ode) => dump_equations(out, depth + 1, ode),
            _ => {}
        }
    }
}

fn dump_equations(out: &mut String, depth: usize, ode: &Ode) {
    for OdeLine { kind, span } in &ode.lines {
        let text = match kind {
            OdeLineKind::Let(binding) => let_text(binding),
            OdeLineKind::Equation(equation) => {
                format!("d {} = {}", equation.name.text, expr(&equation.value))
            }
            OdeLineKind::Bad => "bad".into(),
        };
        line(out, depth, text, *span);
    }
}

fn exprs<'a>(list: impl IntoIterator<Item = &'a Expr>) -> String {
    list.into_iter().map(expr).collect::<Vec<_>>().join(" ")
}

fn expr(node: &Expr) -> String {
    match &node.kind {
        ExprKind::Number(value, _) => format!("{value:?}"),
        ExprKind::Quantity(value, unit) => format!("({value:?} [{}])", unit.text),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Group(inner) => expr(inner),
        ExprKind::Unary(UnaryOp::Negate, a) => format!("(- {})", expr(a)),
        ExprKind::Unary(UnaryOp::Not, a) => format!("(not {})", expr(a)),
        ExprKind::Binary(op, a, b) => format!("({} {} {})", op.symbol(), expr(a), expr(b)),
        ExprKind::If(parts) => format!("(if {})", exprs(parts.iter())),
        ExprKind::Call(call) => {
            let mut text = format!("({}", call.name.text);
            for argument in &call.arguments {
                let name = argument.name.as_ref().map(|name| format!("{}: ", name.text));
                let _ = write!(text, " {}{}", name.unwrap_or_default(), expr(&argument.value));
            }
            text + ")"
        }
        ExprKind::Previous(inner) => format!("(prev {})", expr(inner)),
        ExprKind::Index(inner, indices) => format!("(index {} {})", expr(inner), exprs(indices)),
        ExprKind::List(list) => format!("[{}]", exprs(list)),
        ExprKind::Sum(name, parts) => format!("(sum {} {})", name.text, exprs(parts.iter())),
        ExprKind::Bad => "bad".into(),
    }
}
