//! Goldens of what every program of the corpus becomes, a section a stage; and its own text.
//!
//! A change of the compiler changes many of them: run with `INSTA_UPDATE=always` and read the difference.

use std::fmt::Write;

use snn_artifact::{Target, hash};
use snn_compiler::check::NoImports;
use snn_compiler::pipeline::{self, Options, Source, Stage};
use snn_compiler::span::SourceMap;
use snn_compiler::{ast, check};

use super::case::folder;

/// The stages that no target has a part in.
const STAGES: [(&str, Stage); 5] = [
    ("ast", Stage::Ast),
    ("hir", Stage::Hir),
    ("diff", Stage::Diff),
    ("simple", Stage::Simple),
    ("kernel", Stage::Kernel),
];

/// Most lines of a stage that a golden has. Of longer ones, which are functions written out, a hash says
/// whether the rest is the same.
const LINES: usize = 600;

/// The names and texts of all programs.
pub fn texts() -> Vec<(String, String)> {
    let entries = folder().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_string();
    let mut all: Vec<_> =
        entries.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect();
    all.sort();
    all
}

/// What code is made of, and its targets.
const CODE: [(&str, Stage, &str); 3] = [
    ("clif for x86-64-v3", Stage::Clif, "x86-64-v3"),
    ("clif for aarch64", Stage::Clif, "aarch64"),
    ("wgsl", Stage::Wgsl, "x86-64-v3"),
];

/// The programs whose code has a golden: an adaptive threshold, int states, levels, and functions.
const CODED: [&str; 4] = ["alif", "refractory", "integer", "resonate_and_fire"];

#[test]
fn every_stage_of_every_program() {
    let target = Target::Cpu { level: "x86-64-v3".into() };
    for (name, text) in texts() {
        let stages = STAGES.map(|(stage, which)| section(&text, stage, which, &target));
        snapshot(&name, &stages.concat());
    }
}

#[test]
fn code_of_some_programs() {
    for (name, text) in texts().iter().filter(|(name, _)| CODED.contains(&name.as_str())) {
        let stages = CODE.map(|(title, stage, level)| {
            section(text, title, stage, &Target::Cpu { level: level.into() })
        });
        snapshot(&format!("code_of_{name}"), &stages.concat());
    }
}

/// The programs whose PTX has a golden: int states, params for each step, and two states at once.
#[cfg(feature = "llvm")]
const IN_PTX: [&str; 3] = ["refractory", "timed_decay", "resonate_and_fire"];

#[cfg(feature = "llvm")]
#[test]
fn ptx_of_some_programs() {
    let target = Target::Ptx { sm: 75 };
    for (name, text) in texts().iter().filter(|(name, _)| IN_PTX.contains(&name.as_str())) {
        snapshot(&format!("ptx_of_{name}"), &section(text, "ptx", Stage::Ptx, &target));
    }
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(name, text);
    });
}

/// A stage of a program, of a long one the beginning and a hash.
fn section(text: &str, title: &str, stage: Stage, target: &Target) -> String {
    let source = Source { name: "program.snn", text };
    let options = Options::new(target.clone());
    let found = pipeline::stage(source, &Default::default(), &NoImports, &options, stage);
    let found = found.unwrap_or_else(|e| panic!("{e}"));
    let n_lines = found.lines().count();
    let mut section = format!("== {title}: {n_lines} lines\n");
    found.lines().take(LINES).for_each(|line| writeln!(section, "{}", line.trim_end()).unwrap());
    if n_lines > LINES {
        writeln!(section, "... sha256 {}", hash(found.as_bytes())).unwrap();
    }
    section
}

#[test]
fn every_program_is_in_the_one_style_and_without_warnings() {
    for (name, text) in texts() {
        let mut sources = SourceMap::new();
        let file = sources.add("program.snn", text.clone());
        let source = sources.get(file).unwrap();
        let (module, mut found) = ast::parse(source);
        assert!(ast::print(&module, source) == text, "{name}: run `snnc fmt`");
        found.extend(check::check(&module, &mut sources, &NoImports).1);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}
