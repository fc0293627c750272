use proptest::prelude::*;

use super::*;
use crate::check::{self, NoImports};
use crate::diagnostic::{Diagnostics, render, to_json};
use crate::span::{Source, SourceMap};

/// A file with every form of the language.
const EVERYTHING: &str = include_str!("everything.snn");
const LIF: &str = include_str!("../../../stdlib/neurons/lif.snn");
const IF: &str = include_str!("../../../stdlib/neurons/if.snn");

fn parsed(text: &str) -> (Module, Source, Diagnostics) {
    let source = Source { id: FileId(0), name: "test.snn".into(), text: text.into() };
    let (module, diagnostics) = parse(&source);
    (module, source, diagnostics)
}

/// The canonical text of a file without mistakes in its syntax.
fn printed(text: &str) -> String {
    let (module, source, diagnostics) = parsed(text);
    assert_eq!(diagnostics, [], "{text}");
    print(&module, &source)
}

/// The tree of a text, without its places.
fn shape(text: &str) -> String {
    let tree = dump(&parsed(text).0);
    let lines = tree.lines().map(|line| line.rsplit_once("  @").map_or(line, |(tree, _)| tree));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every stage of the front end on a text. Whatever the text, this comes back.
fn run_through(text: &str) {
    let mut sources = SourceMap::new();
    let id = sources.add("test.snn", text);
    let source = sources.get(id).expect("just added").clone();
    let (module, mut all) = parse(&source);
    print(&module, &source);
    dump(&module);
    let is_whole = all.is_empty();
    let (program, findings) = check::check(&module, &mut sources, &NoImports);
    assert!(program.is_none() || is_whole, "a broken text has a meaning:\n{text}");
    all.extend(findings);
    if let Some(program) = program {
        for name in program.names() {
            let wanted = check::Specialization { neuron: Some(name.into()), ..Default::default() };
            check::specialize(&program, &wanted).map(|neuron| check::print(&neuron)).ok();
        }
    } else {
        assert!(!all.is_empty(), "nothing is said about\n{text}");
    }
    render(&sources, &all, false);
    to_json(&sources, &all);
}

#[test]
fn every_form_of_the_language_parses_and_is_printed_in_one_style() {
    insta::assert_snapshot!(printed(EVERYTHING));
}

#[test]
fn every_form_has_a_place_in_the_tree() {
    insta::assert_snapshot!(shape(EVERYTHING));
}

#[test]
fn printing_keeps_the_tree_and_prints_itself_again() {
    let preludes =
        [include_str!("../prelude/functions.snn"), include_str!("../prelude/surrogates.snn")];
    for text in [EVERYTHING, LIF, IF, preludes[0], preludes[1]] {
        let once = printed(text);
        assert_eq!(shape(&once), shape(text));
        assert_eq!(printed(&once), once);
    }
}

#[test]
fn units_stand_behind_blanks() {
    let text = "const e[V]=5 [ mV/ms ]\nneuron N(dt[ms]:float=1ms) {\n  param p[3]  [nS] = 2nS in (0  nS,\n    5 [\n    mS/cm^2 ])\n}\n";
    let expected = "const e[V] = 5 [mV/ms]\nneuron N(dt[ms]: float = 1 ms) {\n  param  p[3] [nS] = 2 nS in (0 nS, 5 [mS/cm^2])\n}\n";
    assert_eq!(printed(text), expected);
    assert_eq!(shape(expected), shape(text));
    assert_eq!(printed(expected), expected);
}

#[test]
fn parallel_neurons_are_printed_as_they_are() {
    let text = "parallel neuron P {\n  input  x[T]\n  param  w[T,T]=kaiming_uniform( a:1 ) learn\n  param  c[2] = 1\n  fire   y = (w*band(2))@x + w@(w  @ conv(c,x))\n  output y\n}\n";
    let expected = "parallel neuron P {\n  input  x[T]\n  param  w[T, T] = kaiming_uniform(a: 1) learn\n  param  c[2] = 1\n  fire   y = (w * band(2)) @ x + w @ (w @ conv(c, x))\n  output y\n}\n";
    assert_eq!(printed(text), expected);
    assert_eq!(shape(expected), shape(text));
    assert_eq!(printed(expected), expected);
}

#[test]
fn the_standard_neurons_are_in_the_one_style() {
    assert_eq!(printed(LIF), LIF);
    assert_eq!(printed(IF), IF);
}

#[test]
fn precedences_are_those_of_mathematics() {
    let text = "fn f(a, b, c) = -a^2 * b + c / 2 < 3 or not a == b and b - c - a > 2^b^-1";
    insta::assert_snapshot!(shape(text), @"fn f (a) (b) (c) = (or (< (+ (* (- (^ a 2.0)) b) (/ c 2.0)) 3.0) (and (not (== a b)) (> (- (- b c) a) (^ 2.0 (^ b (- 1.0))))))");
}

#[test]
fn lines_go_on_in_brackets_and_behind_operators() {
    let text = "const a = 1 +\n  2\nconst b = max(1,\n  2\n)\nconst c =\n  3; const d = 4 // end\n";
    assert_eq!(shape(text).lines().count(), 4);
    assert_eq!(parsed(text).2, []);
}

#[test]
fn documentation_stands_at_what_it_documents() {
    let (module, _, _) = parsed(LIF);
    assert!(module.items[0].docs[0].starts_with("Leaks towards rest"));
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    let deep = "(".repeat(10_000);
    let long = format!("const a = 1{}", " + 1".repeat(10_000));
    let negated = format!("const a = {}1", "- ".repeat(10_000));
    let branches = |n| format!("const a = {}{{ 1 }}", "if true { 1 } else ".repeat(n));
    let large = "x".repeat(2 << 20);
    for text in [deep, long, negated, branches(1_000), branches(50_000), large] {
        let (_, _, diagnostics) = parsed(&text);
        let codes: Vec<&str> = diagnostics.iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&"E0003"), "{codes:?}");
        run_through(&text);
    }
}

/// What a text may be made of: words of the language, names, and punctuation.
const TOKENS: &[&str] = &[
    "neuron",
    "parallel",
    "surrogate",
    "fn",
    "const",
    "import",
    "test",
    "input",
    "state",
    "param",
    "let",
    "rand",
    "output",
    "charge",
    "fire",
    "reset",
    "if",
    "else",
    "and",
    "or",
    "not",
    "true",
    "for",
    "in",
    "via",
    "per",
    "learn",
    "as",
    "when",
    "last",
    "ode",
    "layer",
    "sum",
    "spike",
    "detach",
    "hard",
    "reset_voltage",
    "atan",
    "N",
    "v",
    "x",
    "s",
    "d",
    "u",
    "1",
    "2.5",
    "1e999",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "=",
    "+=",
    "+",
    "-",
    "*",
    "/",
    "^",
    "<",
    "==",
    "@",
    "@prev",
    "~",
    ",",
    ":",
    ".",
    "..",
    ";",
    "\n",
    "\n",
    "//",
    "///",
    "\"",
    "#[allow(W0310)]",
    "é",
    "\u{b}",
    "snn 1",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(TOKENS), 0..60).prop_map(|tokens| tokens.join(" "))
}

/// A right file with some of its lines gone, twice there, or cut.
fn damaged() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![EVERYTHING, LIF, IF]);
    let cuts = prop::collection::vec(
        (any::<prop::sample::Index>(), 0..3, any::<prop::sample::Index>()),
        1..4,
    );
    (text, cuts).prop_map(|(text, cuts)| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (line, what, at) in cuts {
            let i = line.index(lines.len());
            match what {
                0 => lines.insert(i, lines[i].clone()),
                1 => {
                    let cut = at.index(lines[i].chars().count() + 1);
                    lines[i] = lines[i].chars().take(cut).collect();
                }
                _ => {
                    lines.remove(i);
                }
            }
        }
        lines.join("\n")
    })
}

/// What is printed in too little room, and comments wherever they can be.
const WIDE: &str = include_str!("wide.snn");

#[test]
fn what_is_too_wide_is_broken_where_a_line_may_end() {
    let once = printed(WIDE);
    assert!(once.lines().all(|line| line.chars().count() <= 100), "{once}");
    insta::assert_snapshot!(once);
}

#[test]
fn what_was_silenced_and_documented_stays_so() {
    for text in [EVERYTHING, WIDE] {
        assert_eq!(notes(&printed(text)), notes(text));
    }
}

#[test]
fn line_ends_of_windows_are_those_of_the_one_style() {
    let text = EVERYTHING.replace('\n', "\r\n");
    assert_eq!(printed(&text), printed(EVERYTHING));
}

/// What the tree leaves out: silenced codes and documentation, by item and member, and all comments.
fn notes(text: &str) -> (Vec<String>, Vec<String>) {
    let (module, source, _) = parsed(text);
    let mut notes = Vec::new();
    for item in &module.items {
        notes.push(format!("{:?} {:?}", allows(&item.allows), item.docs));
        let ItemKind::Neuron(neuron) = &item.kind else { continue };
        for member in &neuron.members {
            notes.push(format!("{:?} {:?}", allows(&member.allows), member.docs));
            if let MemberKind::Phase(phase) = &member.kind {
                notes.extend(phase.statements.iter().map(|s| format!("{:?}", allows(&s.allows))));
            }
        }
    }
    let comments = module.comments.iter().map(|c| source.text[c.span.range()].to_owned());
    (notes, comments.collect())
}

fn allows(allows: &[Name]) -> Vec<&str> {
    allows.iter().map(|code| code.text.as_str()).collect()
}

/// An expression in which `~` stands where a line may end.
fn expression() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["x", "v", "1.5", "membrane_potential", "2", "c[t]", "(v)"]);
    leaf.prop_map(String::from).prop_recursive(6, 40, 3, |inner| {
        let ops = prop::sample::select(vec!["+", "-", "*", "/", "^", "<", "and", "or", "@"]);
        let pair = (inner.clone(), ops, inner.clone());
        let pair = pair.prop_map(|(a, op, b)| match op {
            // Comparisons are not chained.
            "<" => format!("({a} <~{b})"),
            op => format!("{a} {op}~{b}"),
        });
        let three = (inner.clone(), inner.clone(), inner.clone());
        let several = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            3 => pair,
            1 => inner.clone().prop_map(|a| format!("(~{a}~)")),
            1 => inner.clone().prop_map(|a| format!("-{a}")),
            1 => several.clone().prop_map(|all| format!("some_function(~{}~)", all.join(",~"))),
            1 => several.prop_map(|all| format!("[~{}~]", all.join(",~"))),
            1 => three.clone().prop_map(|(c, a, b)| format!("if {c} {{~{a}~}} else {{~{b}~}}")),
            1 => three.prop_map(|(a, b, c)| format!("sum(i in {a}..{b},~{c})")),
        ]
    })
}

/// A file around some expressions, with newlines and comments where a line may end.
fn modules() -> impl Strategy<Value = String> {
    let breaks =
        prop::collection::vec(prop::sample::select(vec![" ", "\n", " // c\n", "\n\n // d\n"]), 8);
    (prop::collection::vec(expression(), 6), breaks).prop_map(|(e, breaks)| {
        let text = format!(
            "fn f(a,~b = {}) =~{} // f\n~neuron Several(n: int = {},~m: float = 0.5) {{~input x,~y\n~\
             param p learn in (0,~1] =~{}~// p\n  charge {{ a = {}; for i in 0..3 {{ b +=~{} }} // b\n }}\n}} // end",
            e[0], e[1], e[2], e[3], e[4], e[5]
        );
        let (mut out, mut breaks) = (String::new(), breaks.iter().cycle());
        for part in text.split('~') {
            if !out.is_empty() {
                out.push_str(breaks.next().expect("they repeat"));
            }
            out.push_str(part);
        }
        out
    })
}

#[test]
fn brackets_far_from_balanced_are_read_in_no_time() {
    // Each that nothing closes doubles the ways to read what follows.
    let text =
        format!("neuron N {}({{{}\n  input x\n  output x\n}}\n", "(".repeat(60), ")".repeat(60));
    let start = std::time::Instant::now();
    let (_, _, diagnostics) = parsed(&text);
    assert!(
        !diagnostics.is_empty() && start.elapsed().as_secs_f64() < 1.0,
        "{:?}",
        start.elapsed()
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_front_end_panic(text in any::<String>()) {
        run_through(&text);
    }

    #[test]
    fn no_words_make_the_front_end_panic(text in soup()) {
        run_through(&text);
    }

    #[test]
    fn no_damage_makes_the_front_end_panic(text in damaged()) {
        run_through(&text);
    }

    #[test]
    fn printing_what_was_printed_changes_nothing(text in damaged()) {
        let (module, source, diagnostics) = parsed(&text);
        prop_assume!(diagnostics.is_empty());
        let once = print(&module, &source);
        prop_assert_eq!(shape(&once), shape(&text));
        prop_assert_eq!(printed(&once), once);
    }

    #[test]
    fn any_expression_is_printed_as_itself(text in modules()) {
        let (_, _, diagnostics) = parsed(&text);
        prop_assert_eq!(&diagnostics, &[], "{}", text);
        let once = printed(&text);
        prop_assert_eq!(shape(&once), shape(&text), "{}", &once);
        let sorted = |text: &str| {
            let mut comments = notes(text).1;
            comments.sort();
            comments
        };
        prop_assert_eq!(sorted(&once), sorted(&text));
        prop_assert_eq!(printed(&once), once);
    }
}

#[test]
fn brackets_that_close_nothing_are_one_mistake_a_line() {
    let (_, _, found) = parsed("const a = 1))) + 2)]\nconst b = 2)\n");
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["E0002", "E0002"]);
}

#[test]
fn a_string_that_nothing_closes_is_shown_as_it_was_written() {
    let (_, _, found) = parsed("neuron N {\n  input \"{[(\n  output x\n}\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "expected a name, found `\"{[(`");
}
