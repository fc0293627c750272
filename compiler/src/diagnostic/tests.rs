use std::collections::BTreeSet;

use super::*;
use crate::check::{self, Resolver, Specialization};
use crate::span::{Source, SourceMap};

/// Knows one file, which imports itself.
struct Itself;

impl Resolver for Itself {
    fn resolve(&self, path: &str, _: &Source) -> Result<(String, String), String> {
        match path {
            "this file.snn" => Ok(("example.snn".into(), String::new())),
            _ => Err("there is no such file".into()),
        }
    }
}

fn findings(text: &str) -> Diagnostics {
    let mut sources = SourceMap::new();
    let id = sources.add("example.snn", text);
    let (module, mut all) = crate::ast::parse(sources.get(id).expect("just added"));
    all.extend(check::check(&module, &mut sources, &Itself).1);
    all
}

/// The files that the commands in explanations name.
const LIF: &str = include_str!("../../../stdlib/neurons/lif.snn");
const OTHER: &str = "neuron Other {\n  input x\n  state v = 0\n  charge v = x\n  output v\n}\n";

const LARGE: &str =
    "neuron Large {\n  input x\n  state v = 0\n  charge v = clamp(v + x, 0, 1e5)\n  output v\n}\n";

/// What is said of a neuron as a command specializes it.
fn findings_of_command(command: &str) -> Diagnostics {
    let mut sources = SourceMap::new();
    let mut words = command.split_whitespace().skip(2);
    let text = match words.next() {
        Some("lif.snn") => LIF.to_owned(),
        Some("large.snn") => LARGE.to_owned(),
        Some("two.snn") => format!("{LIF}{OTHER}"),
        file => panic!("{command}: {file:?}"),
    };
    let id = sources.add("example.snn", text.as_str());
    let (module, _) = crate::ast::parse(sources.get(id).expect("just added"));
    let program = check::check(&module, &mut sources, &Itself).0.expect("nothing is wrong");
    let mut wanted = Specialization::default();
    while let (Some(flag), Some(value)) = (words.next(), words.next()) {
        match flag {
            "--neuron" => wanted.neuron = Some(value.into()),
            "--learn" => wanted.learn.push(value.into()),
            "--pack" => wanted.pack.push(value.into()),
            "--normalize" => wanted.normalize.push(value.into()),
            "--dtype" => wanted.dtype = value.parse().expect("a type"),
            "--save" => wanted.save = value.parse().expect("what to save"),
            "--option" => {
                let (name, value) = value.split_once('=').expect("an option has a value");
                wanted.options.push((name.into(), value.into()));
            }
            "--target" => {}
            _ => panic!("{command}: {flag}"),
        }
    }
    match check::specialize(&program, &wanted) {
        Ok(neuron) => check::warn_stored(&neuron),
        Err(findings) => findings,
    }
}

/// What is said of the example in an explanation behind `Wrong:` or `Right:`.
fn example(code: &str, which: &str) -> Diagnostics {
    let text = explain(code).expect("a code has its text");
    let inside = |language: &str| {
        let behind = text.split_once(&format!("{which}:\n\n```{language}\n"))?.1;
        behind.split_once("```").map(|(example, _)| example)
    };
    match (inside("snn"), inside("sh")) {
        (Some(program), _) => findings(program),
        (None, Some(command)) => findings_of_command(command),
        (None, None) => panic!("{code} has no example behind `{which}:`"),
    }
}

/// The codes that no example shows here: a bug of ours has no program that is known to lead to it, and what a test in
/// a file finds is known when the test is run.
const UNSHOWN: [&str; 3] = ["E0705", "E0706", "E0999"];

#[test]
fn every_wrong_example_is_wrong_as_it_says_and_every_right_one_is_right() {
    for code in codes().filter(|code| !UNSHOWN.contains(code)) {
        let found: Vec<&str> = example(code, "Wrong").iter().map(|f| f.code).collect();
        assert_eq!(found, [code], "the wrong example");
        assert_eq!(example(code, "Right"), [], "{code}: the right example");
    }
}

#[test]
fn codes_are_sorted_and_each_has_a_title() {
    let all: Vec<&str> = codes().collect();
    assert!(all.is_sorted() && all.len() > 40);
    for code in all {
        let first =
            explain(code).and_then(|text| text.lines().next()).expect("a code has its text");
        assert!(first.len() > code.len() + 4, "{first}");
    }
    assert_eq!(explain("E1234"), None);
    assert_eq!(explain("e0101"), explain("E0101"));
}

#[test]
fn every_code_that_the_compiler_gives_is_explained() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut given = BTreeSet::new();
    let mut folders = ["ast", "check"].map(|stage| folder.join(stage)).to_vec();
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).expect("the sources are there").flatten() {
            if file.path().is_dir() {
                folders.push(file.path());
            }
            let Ok(text) = std::fs::read_to_string(file.path()) else { continue };
            for part in text.split('"') {
                let is_code = part.len() == 5
                    && part.starts_with(['E', 'W'])
                    && part[1..].bytes().all(|byte| byte.is_ascii_digit());
                if is_code {
                    given.insert(part.to_owned());
                }
            }
        }
    }
    let explained: BTreeSet<String> = codes().map(str::to_owned).collect();
    assert_eq!(given, explained);
}

#[test]
fn json_has_lines_columns_and_replacements() {
    let mut sources = SourceMap::new();
    let id = sources.add("a.snn", "const µ = 1\nconst b = aa\n");
    let finding = Diagnostic::new("E0101", Span::new(id, 23, 25), "cannot find `aa`", "unknown")
        .replace("a similar name", Span::new(id, 23, 25), "a");
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&to_json(&sources, &vec![finding])).expect("JSON is text")
    );
}

#[test]
fn text_can_have_colour_and_needs_no_source() {
    let sources = SourceMap::new();
    let finding = Diagnostic::new("E0101", Span::default(), "cannot find `aa`", "not known");
    let plain = render(&sources, &vec![finding.clone()], false);
    insta::assert_snapshot!(plain);
    assert!(!plain.contains('\u{1b}'));
    assert!(render(&sources, &vec![finding], true).contains('\u{1b}'));
}
