//! What holds over all files of the repository.

use std::path::{Path, PathBuf};

use snn_compiler::diagnostic::{codes, explain};

/// The packages by their folders, with those of ours that they may name and what they must not.
const PACKAGES: [(&str, &[&str], &[&str]); 7] = [
    ("compiler/artifact", &[], &["pest", "egg", "inkwell", "cudarc", "wgpu", "tch"]),
    ("compiler", &["snn-artifact"], &["cudarc", "wgpu", "tch", "rand"]),
    ("runtime", &["snn-artifact", "snn-compiler"], &["pest", "egg", "inkwell"]),
    ("stdlib", &["snn-artifact", "snn-compiler", "snn-runtime"], &["cudarc", "wgpu"]),
    ("compiler/cli", &["snn-artifact", "snn-compiler", "snn-runtime", "snn"], &["cudarc", "wgpu"]),
    ("examples", &["snn", "snn-runtime"], &["cudarc", "wgpu"]),
    ("xtask", &[], &["clap", "serde_json", "indicatif"]),
];

/// The folders in which foreign code is called.
const UNSAFE: [&str; 5] = [
    "runtime/src/cpu/",
    "runtime/src/cuda/",
    "runtime/src/wgpu/",
    "runtime/src/torch/",
    "compiler/src/targets/llvm/",
];

/// Most lines of a source file.
const LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// All files below a folder of the repository, by their paths from its root; what git ignores is left
/// out.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in root().join(folder).read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        let inside = path.strip_prefix(root()).unwrap();
        match path.is_dir() {
            true => found.extend(files(inside.to_str().unwrap())),
            false => found.push(inside.to_path_buf()),
        }
    }
    found
}

/// The Rust files below a folder with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let rust = files(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    rust.map(|path| (path.to_str().unwrap().replace('\\', "/"), read(&path))).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// What a package needs to run: the names under its `[dependencies]`.
fn dependencies(folder: &str) -> Vec<String> {
    let text = read(&Path::new(folder).join("Cargo.toml"));
    let section = text.split("\n[").find_map(|section| section.strip_prefix("dependencies]\n"));
    let lines = section.unwrap_or_default().lines();
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(String::from).collect()
}

#[test]
fn packages_name_only_what_lies_before_them() {
    for (folder, ours, never) in PACKAGES {
        for name in dependencies(folder) {
            let foreign = name != "snn" && name != "snnc" && !name.starts_with("snn-");
            assert!(foreign || ours.contains(&name.as_str()), "{folder} must not need {name}");
            assert!(!never.contains(&name.as_str()), "{folder} must not need {name}");
        }
    }
    assert!(dependencies("runtime").contains(&"snn-artifact".to_string()));
    assert_eq!(dependencies("xtask"), [] as [&str; 0]);
}

/// What `cargo xtask copy` copies.
const COPIES: [(&str, &str); 1] = [("grammars/snn.pest", "compiler/src/ast/snn.pest")];

#[test]
fn copies_are_current() {
    for (from, to) in COPIES {
        assert!(read(from.as_ref()) == read(to.as_ref()), "{to}: run `cargo xtask copy`");
    }
}

/// `cargo package` takes nothing from outside of a package; tests alone may look there.
#[test]
fn packages_hold_what_they_are_made_from() {
    let mut n_files = 0;
    let folders = PACKAGES.iter().map(|(folder, ..)| *folder).filter(|folder| *folder != "xtask");
    for folder in folders.chain(["tests"]) {
        let all = sources(&format!("{folder}/src"));
        let is_test = |path: &str| path.strip_prefix(folder).unwrap().contains("test");
        for (path, text) in all.iter().filter(|(path, _)| !is_test(path)) {
            let parent = Path::new(path).parent().unwrap();
            for start in ["include_str!(\"", "include_bytes!(\"", "#[path = \""] {
                for file in text.split(start).skip(1).filter_map(|rest| rest.split('"').next()) {
                    let up = file.matches("../").count();
                    let depth = parent.strip_prefix(folder).unwrap().components().count();
                    assert!(up <= depth, "{path}: {file} lies outside of the package");
                    n_files += 1;
                }
            }
            assert!(!text.contains(concat!("grammar = \"..", "/")), "{path}");
        }
    }
    assert!(n_files >= 4, "{n_files}");
}

/// Fails where a file has one of some words outside of comments.
fn none_has(files: &[(String, String)], words: &[&str]) {
    for (path, text) in files {
        for (i, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let word = words.iter().find(|word| code.contains(*word));
            assert!(word.is_none(), "{path}:{}: {}", i + 1, word.unwrap_or(&""));
        }
    }
}

#[test]
fn the_compiler_touches_nothing_but_its_input() {
    let tests = |path: &str| path.contains("/tests") || path.contains("compiler/src/build/");
    let files: Vec<_> = sources("compiler/src").into_iter().filter(|(p, _)| !tests(p)).collect();
    assert!(files.len() > 50);
    let words = ["std::fs", "std::env", "std::time", "std::net", "std::process", "std::thread"];
    none_has(&files, &words);
}

#[test]
fn the_oracle_shares_nothing_with_what_it_checks() {
    none_has(&sources("compiler/src/oracle"), &["::diff", "::egraph", "::kernel", "::targets"]);
}

#[test]
fn foreign_code_is_called_from_few_folders() {
    let all = ["compiler", "runtime", "stdlib", "tests", "examples", "xtask"];
    let all = all.into_iter().flat_map(sources);
    let safe: Vec<_> = all.filter(|(path, _)| !UNSAFE.iter().any(|f| path.contains(f))).collect();
    let words = ["fn", "impl", "{", "extern"].map(|word| ["unsafe", word].join(" "));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    none_has(&safe, &words);
    none_has(&safe, &[concat!("allow(unsafe", "_code"), concat!("expect(unsafe", "_code")]);
}

#[test]
fn files_are_short() {
    let code = ["rs", "snn", "pest", "ll", "wgsl", "cu", "kernel"];
    let all = ["compiler", "runtime", "stdlib", "tests", "examples", "xtask", "grammars"];
    for path in all.into_iter().flat_map(files) {
        if path.extension().is_some_and(|e| code.iter().any(|c| e == *c)) {
            let lines = read(&path).lines().count();
            assert!(lines <= LINES, "{} has {lines} lines, more than {LINES}", path.display());
        }
    }
}

#[test]
fn every_code_of_a_finding_has_an_explanation_and_two_tests() {
    let goldens = files("compiler/src")
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "snap"));
    let goldens: Vec<String> = goldens.map(|path| read(&path)).collect();
    // No program leads to E0999, which is a bug of ours; what a test in a file finds, the program's own tests show.
    for code in codes().filter(|code| !["E0705", "E0706", "E0999"].contains(code)) {
        let text = explain(code).unwrap();
        // The tests of the diagnostics run the examples.
        assert!(["Wrong:", "Right:"].iter().all(|which| text.contains(which)), "{code}");
        let shown = format!("[{code}]:");
        let shown = goldens.iter().filter(|golden| golden.contains(&shown)).count();
        assert!(shown >= 2, "{code} is shown by {shown} goldens");
    }
}

#[test]
fn no_golden_waits_to_be_looked_at() {
    for path in ["compiler", "runtime", "stdlib", "tests"].into_iter().flat_map(files) {
        let name = path.to_str().unwrap();
        assert!(!name.ends_with(".snap.new") && !name.ends_with(".pending-snap"), "{name}");
    }
}

#[test]
fn what_targets_refuse_stands_in_the_book() {
    let page = Path::new("docs/unsupported.md");
    if !root().join(page).exists() {
        return;
    }
    let page = read(page);
    for path in ["compiler/src/targets", "compiler/src/kernel"].into_iter().flat_map(sources) {
        let (path, text) = path;
        let refuses = text.contains("Unsupported {") && !path.contains("/tests");
        let target = path.split('/').nth(3).filter(|_| path.contains("/targets/"));
        let (Some(target), true) = (target, refuses) else { continue };
        assert!(page.contains(target), "{path} refuses something, but the page has no {target}");
    }
}

/// Links between the pages of the book and to files of the repository lead somewhere.
#[test]
fn links_of_the_book_lead_somewhere() {
    let pages =
        files("docs").into_iter().filter(|path| path.extension().is_some_and(|e| e == "md"));
    for page in pages {
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let elsewhere = link.contains("://") || file.is_empty() || file.contains(' ');
            let there = root().join(&page).parent().unwrap().join(file).exists();
            assert!(elsewhere || there, "{}: {link}", page.display());
        }
    }
}
