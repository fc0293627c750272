//! `snnc fmt`, `snnc new`, `snnc completions` and `snnc man`.

use std::path::{Path, PathBuf};

use crate::program::Folder;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");
const UGLY: &str = "neuron  N{input x // what comes in\n\n\n  state v=0 ;charge v=v+x\noutput v}\n";
const PRETTY: &str = "\
neuron N {
  input  x  // what comes in

  state  v = 0
  charge v = v + x
  output v
}
";

fn text(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.path(name)).expect("text")
}

#[test]
fn files_are_brought_into_the_one_style() {
    let folder = Folder::new("fmt");
    folder.write("a.snn", UGLY);
    folder.write("lif.snn", LIF);
    let before = std::fs::metadata(folder.path("lif.snn")).expect("a file").modified();
    assert_eq!(folder.snnc("fmt a.snn lif.snn").right(), "");
    assert_eq!((text(&folder, "a.snn").as_str(), text(&folder, "lif.snn").as_str()), (PRETTY, LIF));
    // What is right already is not written.
    let after = std::fs::metadata(folder.path("lif.snn")).expect("a file").modified();
    assert_eq!(before.expect("a time"), after.expect("a time"));
    assert_eq!(folder.snnc("fmt --check a.snn lif.snn").right(), "");
    assert_eq!(folder.names(), ["a.snn", "lif.snn"]);
}

#[test]
fn standard_input_comes_back_on_standard_output() {
    let folder = Folder::new("fmt_stdin");
    assert_eq!(folder.snnc_with("fmt -", UGLY).right(), PRETTY);
    assert!(folder.snnc_with("fmt --check -", UGLY).wrong().contains("<stdin> is not in"));
}

#[test]
fn a_check_shows_what_would_change_and_changes_nothing() {
    let folder = Folder::new("fmt_check");
    folder.write("a.snn", UGLY);
    insta::assert_snapshot!(folder.snnc("fmt --check a.snn").wrong());
    assert_eq!(text(&folder, "a.snn"), UGLY);
    let err = folder.snnc("fmt --check a.snn --message-format json").wrong();
    let line: serde_json::Value = serde_json::from_str(&err).expect("one line of JSON");
    assert!(
        line["message"].as_str().is_some_and(|m| m.starts_with("a.snn is not in the one style"))
    );
}

#[test]
fn wrong_syntax_is_shown_and_left_alone_and_the_other_files_are_formatted() {
    let folder = Folder::new("fmt_wrong");
    let wrong = UGLY.replace("=v+x", "=v+");
    folder.write("a.snn", &wrong);
    folder.write("b.snn", UGLY);
    let err = folder.snnc("fmt a.snn none.snn b.snn").wrong();
    assert!(err.contains("error[E0001]") && err.contains("a.snn:5:"), "{err}");
    assert!(err.contains("cannot read none.snn: there is no such file"), "{err}");
    assert_eq!((text(&folder, "a.snn"), text(&folder, "b.snn").as_str()), (wrong, PRETTY));
    // What a file means is not looked at.
    folder.write("c.snn", PRETTY.replace("+ x", "+ y"));
    folder.snnc("fmt --check c.snn").right();
}

#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("fmt_mode");
    folder.write("a.snn", UGLY);
    let mode = |bits| std::fs::Permissions::from_mode(bits);
    std::fs::set_permissions(folder.path("a.snn"), mode(0o640)).expect("permissions");
    symlink("a.snn", folder.path("b.snn")).expect("a link");
    folder.snnc("fmt b.snn").right();
    assert_eq!(text(&folder, "a.snn"), PRETTY);
    let is_link = |name| folder.path(name).symlink_metadata().expect("a file").is_symlink();
    assert!(is_link("b.snn") && !is_link("a.snn"));
    let bits = std::fs::metadata(folder.path("a.snn")).expect("a file").permissions().mode();
    assert_eq!(bits & 0o777, 0o640);
    folder.write("c.snn", UGLY);
    std::fs::set_permissions(folder.path("c.snn"), mode(0o440)).expect("permissions");
    assert_eq!(folder.snnc("fmt c.snn").wrong(), "error: cannot write c.snn: it is read-only\n");
    assert_eq!(text(&folder, "c.snn"), UGLY);
}

/// The `.snn` files below a folder, but for those that test the printer.
fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            programs(&path, found);
        }
        let is_test = ["everything.snn", "wide.snn"].contains(&name.as_str());
        if path.extension().is_some_and(|e| e == "snn") && !is_test {
            found.push(path);
        }
    }
}

#[test]
fn every_program_of_the_repository_is_in_the_one_style() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    programs(&root, &mut found);
    assert!(found.len() >= 6, "{found:?}");
    let names: Vec<_> = found.iter().map(|path| path.to_string_lossy()).collect();
    Folder::new("fmt_all").snnc(&format!("fmt --check {}", names.join(" "))).right();
}

#[test]
fn a_new_neuron_is_right_formatted_and_runs() {
    let folder = Folder::new("new");
    assert_eq!(folder.snnc("new CubaLif").right(), "cuba_lif.snn\n");
    assert!(text(&folder, "cuba_lif.snn").contains("neuron CubaLif("));
    assert_eq!(folder.snnc("check cuba_lif.snn").right(), "");
    assert_eq!(folder.snnc("fmt --check cuba_lif.snn").right(), "");
    folder.snnc("grad cuba_lif.snn --generate step --steps 9 --neurons 3").right();
    folder.write("lif.snn", "mine");
    let err = folder.snnc("new Lif").wrong();
    assert_eq!(err, "error: cannot write lif.snn: it is there already\n");
    assert_eq!(text(&folder, "lif.snn"), "mine");
    for name in ["2nd", "neuron", "a.b", "../up", "exp"] {
        let done = folder.snnc(&format!("new {name}"));
        assert_eq!(done.status, if done.err.is_empty() { 0 } else { 1 }, "{name}: {}", done.err);
    }
    let err = folder.snnc("new neuron").wrong();
    assert_eq!(err, "error: `neuron` cannot be a neuron's name: take a word such as Alif\n");
}

/// That it builds and trains is a step of `cargo xtask test`, since it takes a minute.
#[test]
fn a_new_crate_is_whole_and_its_neuron_right() {
    let folder = Folder::new("new_crate");
    let said = folder.snnc("new CubaLif --crate").right();
    assert!(said.starts_with("cuba_lif\n\nTo train it"), "{said}");
    assert!(said.ends_with("\n\n  cd cuba_lif\n  cargo run\n"), "{said}");
    assert_eq!(folder.names(), ["cuba_lif"]);
    let made = Folder::at(folder.path("cuba_lif"));
    let files = [".gitignore", "Cargo.toml", "README.md", "build.rs", "neurons", "src"];
    assert_eq!(made.names(), files);
    assert_eq!(made.snnc("check neurons/cuba_lif.snn").right(), "");
    insta::assert_snapshot!(text(&made, "Cargo.toml"));
    let main = text(&made, "src/main.rs");
    for part in ["include_neuron!(\"cuba_lif\")", "(cuba_lif::ARTIFACTS)", "neurons/cuba_lif.snn"] {
        assert!(main.contains(part), "{part} is not in\n{main}");
    }
    for file in files.iter().filter(|file| file.contains('.')) {
        let text = text(&made, file).to_lowercase();
        assert!(!text.contains("neuron0") && !text.contains("version\" }"), "{file}: {text}");
    }
    let err = folder.snnc("new CubaLif --crate").wrong();
    assert_eq!(err, "error: cannot write cuba_lif: it is there already\n");
    // Names that Rust has words of its own for.
    folder.snnc("new Fn --crate").right();
    let main = text(&Folder::at(folder.path("fn")), "src/main.rs");
    assert!(
        main.contains("include_neuron!(\"r#fn\")") && main.contains("(r#fn::ARTIFACTS)"),
        "{main}"
    );
}

#[test]
fn a_new_crate_may_take_its_packages_out_of_a_checkout() {
    let folder = Folder::new("new_source");
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("a folder");
    folder.snnc(&format!("new Lif --crate --source {}", root.display())).right();
    let manifest = text(&folder, "lif/Cargo.toml");
    let patched = format!("snn-runtime = {{ path = {:?} }}", root.join("runtime"));
    assert!(manifest.contains("[patch.crates-io]") && manifest.contains(&patched), "{manifest}");
    let err = folder.snnc("new Alif --crate --source .").wrong();
    assert_eq!(err, "error: --source .: this is no checkout of snnc: it has no stdlib\n");
    let err = folder.snnc("new Alif --crate --source none").wrong();
    assert!(err.starts_with("error: --source none: "), "{err}");
    assert_eq!(folder.names(), ["lif"]);
    assert_eq!(folder.snnc("new Alif --source .").status, 2);
}

#[test]
fn every_shell_is_told_the_commands() {
    let folder = Folder::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = folder.snnc(&format!("completions {shell}")).right();
        assert!(said.contains("channel-axis") && said.contains("bench"), "{shell}");
    }
    assert_eq!(folder.snnc("completions csh").status, 2);
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = Folder::new("man");
    std::fs::create_dir(folder.path("pages")).expect("a folder");
    let said = folder.snnc("man pages").right();
    assert!(said.contains("pages/snnc.1\n") && said.contains("pages/snnc-run.1\n"), "{said}");
    assert!(said.contains("pages/snnc-data-show.1\n") && !said.contains("help"), "{said}");
    assert!(text(&folder, "pages/snnc-run.1").contains("snnc\\-run"));
    let err = folder.snnc("man none").wrong();
    assert!(err.contains("there is no such folder"), "{err}");
}
