use std::collections::BTreeSet;

use super::*;
use crate::check::{self, Resolver};
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

/// The example in an explanation behind `Wrong:` or `Right:`, if it is a file.
fn example(text: &'static str, which: &str) -> Option<&'static str> {
    let behind = text.split_once(&format!("{which}:\n\n```snn\n"))?.1;
    behind.split_once("```").map(|(example, _)| example)
}

#[test]
fn every_wrong_example_is_wrong_as_it_says_and_every_right_one_is_right() {
    for code in codes() {
        let text = explain(code).expect("a code has its text");
        if let Some(wrong) = example(text, "Wrong") {
            let found: BTreeSet<&str> = findings(wrong).iter().map(|f| f.code).collect();
            assert_eq!(found, BTreeSet::from([code]), "{wrong}");
        }
        if let Some(right) = example(text, "Right") {
            assert_eq!(findings(right), [], "{code}: {right}");
        }
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
    for stage in ["ast", "check"] {
        for file in std::fs::read_dir(folder.join(stage)).expect("the sources are there").flatten()
        {
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
