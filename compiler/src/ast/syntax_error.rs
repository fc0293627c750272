//! Syntax errors in words: what was expected, what is there, and what was likely meant.

use pest::error::{Error, ErrorVariant, InputLocation};

use crate::ast::build::Builder;
use crate::ast::parse::Rule;
use crate::check::nearest::nearest;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// The words a line of a neuron may start with.
const MEMBER_WORDS: [&str; 10] =
    ["input", "state", "param", "const", "let", "rand", "output", "charge", "fire", "reset"];

/// The words an item may start with.
const ITEM_WORDS: [&str; 7] = ["neuron", "parallel", "surrogate", "fn", "const", "import", "test"];

/// The words a line of a phase may start with.
const STATEMENT_WORDS: [&str; 3] = ["let", "for", "ode"];

/// The words a line of a test may start with.
const TEST_WORDS: [&str; 2] = ["neuron", "expect"];

/// What a rule is called in "expected ...", in the order in which they are listed.
#[rustfmt::skip]
const NAMES: &[(Rule, &str)] = &[
    (Rule::item, "an item"), (Rule::ident, "a name"), (Rule::declared, "a name"),
    (Rule::member, "a declaration or a phase"), (Rule::statement, "a statement"),
    (Rule::assignment, "an assignment"), (Rule::block, "`{`"), (Rule::body, "`{`"),
    (Rule::expr, "an expression"), (Rule::ident, "a name"), (Rule::quantity, "a number"),
    (Rule::negate, "an expression"), (Rule::not, "an expression"), (Rule::r#if, "an expression"),
    (Rule::sum, "an expression"), (Rule::call, "an expression"), (Rule::truth, "an expression"),
    (Rule::list, "an expression"), (Rule::group, "an expression"), (Rule::argument, "an argument"),
    (Rule::add, "an operator"), (Rule::subtract, "an operator"), (Rule::multiply, "an operator"),
    (Rule::divide, "an operator"), (Rule::power, "an operator"), (Rule::compare, "an operator"),
    (Rule::and, "an operator"), (Rule::or, "an operator"), (Rule::matmul, "an operator"),
    (Rule::option_type, "a type (`bool`, `int`, `float`, `surrogate` or `fn`)"),
    (Rule::sharing, "`layer`, `channel` or `neuron`"),
    (Rule::default, "`=`"), (Rule::equals, "`=`"), (Rule::assign_op, "`=`"),
    (Rule::per, "`per`"), (Rule::kw_per, "`per`"), (Rule::range, "`in`"), (Rule::kw_in, "`in`"),
    (Rule::via, "`via`"), (Rule::kw_via, "`via`"), (Rule::kw_learn, "`learn`"),
    (Rule::kw_as, "`as`"), (Rule::kw_last, "`last`"), (Rule::kw_else, "`else`"),
    (Rule::kw_neuron, "`neuron`"), (Rule::range_open, "`(` or `[`"), (Rule::range_close, "`)` or `]`"),
    (Rule::open_paren, "`(`"), (Rule::close_paren, "`)`"), (Rule::open_bracket, "`[`"),
    (Rule::close_bracket, "`]`"), (Rule::open_brace, "`{`"), (Rule::close_brace, "`}`"),
    (Rule::comma, "`,`"), (Rule::colon, "`:`"), (Rule::tilde, "`~`"), (Rule::dots, "`..`"),
    (Rule::formals, "`(`"), (Rule::formal, "a name"), (Rule::string, "a string"),
    (Rule::surrogate_formals, "`(`"), (Rule::surrogate_formal, "a name"), (Rule::kw_int, "`int`"),
    (Rule::kw_method, "`method`"), (Rule::method, "`method`"), (Rule::kw_steps, "`steps`"),
    (Rule::steps, "`steps`"), (Rule::ode_block, "`{`"), (Rule::ode_line, "an equation"),
    (Rule::equation, "an equation"), (Rule::derivative, "`dv/dt`"), (Rule::kw_let, "`let`"),
    (Rule::integer, "a whole number"), (Rule::surrogate_function, "`d(u) = ...` or `y(u) = ...`"),
    (Rule::test_line, "a line of a test"), (Rule::kw_expect, "`expect`"),
    (Rule::subject, "`neuron`"), (Rule::values, "`expect`"), (Rule::gradients, "`expect`"),
    (Rule::given, "a name"), (Rule::exactly, "`==`"), (Rule::nearly, "`~=`"),
    (Rule::kw_within, "`within`"), (Rule::kw_grad, "`grad`"), (Rule::kw_gradients, "`gradients`"),
    (Rule::choices, "`(`"), (Rule::choice, "a name"), (Rule::numbers, "`{`"),
    (Rule::raw_braces, "`{`"), (Rule::end, "the end of the line"), (Rule::EOI, "the end of the line"),
];

impl Builder<'_> {
    /// Reports why the text from `start` to `end` is no `rule`. The error's place counts from `start`.
    pub(super) fn explain(&mut self, error: &Error<Rule>, start: usize, end: usize, rule: Rule) {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => start + at,
        };
        let finding = match error.variant {
            ErrorVariant::ParsingError { ref positives, .. } => {
                self.expected(positives, at, end, rule, start)
            }
            ErrorVariant::CustomError { ref message } => {
                let there = "the parser stops here";
                Diagnostic::new("E0003", self.piece(at, end), message.clone(), there)
            }
        };
        self.diagnostics.push(finding);
    }

    /// Reports that the parser gave a whole file up.
    pub(super) fn refuse(&mut self, error: &Error<Rule>) {
        self.explain(error, 0, self.source.text.len(), Rule::file);
    }

    fn expected(
        &self,
        positives: &[Rule],
        at: usize,
        end: usize,
        rule: Rule,
        start: usize,
    ) -> Diagnostic {
        let (there, found) = self.found(at, end);
        let expected = list(positives);
        let message = format!("expected {expected}, found {found}");
        let finding = Diagnostic::new("E0001", there, message, format!("expected {expected}"));
        self.hint(finding, there, rule, start)
    }

    /// The token at a place, and what to call it.
    fn found(&self, at: usize, end: usize) -> (Span, String) {
        let text = &self.layout.text;
        let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{0b}');
        let rest = &text[at.min(text.len())..end.min(text.len())];
        let rest = rest.trim_start_matches(blank);
        let at = end.min(text.len()) - rest.len();
        let len = match rest.chars().next() {
            None | Some('\n' | ';') => 0,
            Some(c) if c.is_alphanumeric() || c == '_' => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
                .unwrap_or(rest.len()),
            Some('"') => match rest[1..].find(['"', '\u{0b}']) {
                Some(close) => 1 + close + usize::from(rest[1 + close..].starts_with('"')),
                None => rest.len(),
            },
            Some(c) => c.len_utf8(),
        };
        let span = self.piece(at, at + len);
        // As it was written: in a string that nothing closes brackets were taken out.
        let word = self.source.text.get(at..at + len).unwrap_or(&rest[..len]);
        let name = if len == 0 { "the end of the line".into() } else { format!("`{word}`") };
        (span, name)
    }

    fn piece(&self, start: usize, end: usize) -> Span {
        let len = self.source.text.len();
        Span::new(self.source.id, start.min(len), end.min(len))
    }

    /// Adds what was likely meant.
    fn hint(&self, finding: Diagnostic, there: Span, rule: Rule, start: usize) -> Diagnostic {
        let word = &self.source.text[there.range()];
        let at_start = there.start as usize == start;
        let words: &[&str] = match rule {
            Rule::lone_item => &ITEM_WORDS,
            Rule::lone_member => &MEMBER_WORDS,
            Rule::lone_statement => &STATEMENT_WORDS,
            Rule::lone_test_line => &TEST_WORDS,
            _ => &[],
        };
        if at_start && let Some(near) = nearest(word, words.iter().copied()) {
            return finding.replace(format!("a word with a similar name: `{near}`"), there, near);
        }
        // The words that are expected stand in the message between backticks.
        let expected: Vec<&str> = finding.primary.text.split('`').skip(1).step_by(2).collect();
        let words = expected.iter().copied().filter(|word| word.len() > 1);
        if word.len() > 1
            && let Some(near) = nearest(word, words)
        {
            let near = near.to_owned();
            return finding.replace(format!("a word with a similar name: `{near}`"), there, near);
        }
        let is_value = word.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
        if is_value && expected.contains(&"=") {
            let start = Span { end: there.start, ..there };
            return finding.replace("a value stands behind `=`", start, "= ");
        }
        let text = &self.source.text[start..];
        let assigns = text.split_once('=').is_some_and(|(left, _)| {
            let target = left.trim_end_matches(['+', '-', '*', '/']).trim();
            !target.is_empty() && target.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        if at_start && rule == Rule::lone_member && assigns {
            return finding.help("an assignment stands in a phase: `charge`, `fire` or `reset`");
        }
        if rule == Rule::lone_statement && word == "if" && at_start {
            return finding.help("`if` is an expression here: `v = if c { a } else { b }`");
        }
        let wants_name = finding.message.starts_with("expected a name,");
        if wants_name && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return finding.help(format!("`{word}` is a word of the language"));
        }
        if word.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
            return finding.help("names have ASCII letters, digits and `_`");
        }
        match word {
            "&" | "|" => self.logical(finding, there),
            "!" => finding.replace("negation is `not`", there, "not "),
            "#" => finding.replace("a comment starts with `//`", there, "//"),
            _ => finding,
        }
    }

    /// Adds the word for `&&` or `||`.
    fn logical(&self, finding: Diagnostic, there: Span) -> Diagnostic {
        let both = Span { end: there.end + 1, ..there };
        match self.source.text.get(both.range()) {
            Some("&&") => finding.replace("this operator is `and`", both, "and"),
            Some("||") => finding.replace("this operator is `or`", both, "or"),
            _ => finding.help("the logical operators are `and`, `or` and `not`"),
        }
    }
}

fn list(positives: &[Rule]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (rule, name) in NAMES {
        if positives.contains(rule) && !names.contains(name) {
            names.push(name);
        }
    }
    let is_expr = names.contains(&"an expression");
    names.retain(|name| !is_expr || !matches!(*name, "a name" | "a number" | "`(`" | "`[`"));
    let is_operator = names.contains(&"an operator");
    names.retain(|name| !is_operator || !matches!(*name, "`(`" | "`[`"));
    match names.as_slice() {
        [] => "something else".into(),
        [one] => (*one).into(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
