//! `snnc check`, `snnc explain`, and what is common to all commands.

use crate::program::Folder;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");
const TYPO: &str = "neuron N {\n  input  x\n  state  v = 0\n  charge v = v + y\n  output v\n}\n";
const UNUSED: &str =
    "neuron N {\n  input  x\n  param  p = 1.0\n  state  v = 0\n  charge v = v + x\n  output v\n}\n";

#[test]
fn a_right_file_says_nothing() {
    let folder = Folder::new("check_right");
    folder.write("lif.snn", LIF);
    assert_eq!(folder.snnc("check lif.snn").right(), "");
    assert_eq!(folder.snnc("check ./lif.snn lif.snn").right(), "");
}

#[test]
fn a_wrong_file_is_shown_as_rustc_would() {
    let folder = Folder::new("check_wrong");
    folder.write("n.snn", TYPO);
    insta::assert_snapshot!(folder.snnc("check n.snn").wrong());
}

#[test]
fn every_file_is_looked_at() {
    let folder = Folder::new("check_every");
    folder.write("n.snn", TYPO);
    let err = folder.snnc("check missing.snn n.snn").wrong();
    assert!(err.starts_with("error: cannot read missing.snn: there is no such file\n"), "{err}");
    assert!(err.contains("n.snn:4:"), "{err}");
}

#[test]
fn a_warning_is_no_failure() {
    let folder = Folder::new("check_warning");
    folder.write("n.snn", UNUSED);
    let done = folder.snnc("check n.snn");
    assert_eq!(done.status, 0);
    assert!(done.err.starts_with("warning"), "{}", done.err);
}

#[test]
fn json_is_one_object_a_line_wherever_the_flag_stands() {
    let folder = Folder::new("check_json");
    folder.write("n.snn", TYPO);
    let after = folder.snnc("check n.snn missing.snn --message-format json").wrong();
    let before = folder.snnc("--message-format=json check n.snn missing.snn").wrong();
    assert_eq!(before, after);
    insta::assert_snapshot!(after);
}

#[test]
fn json_holds_what_the_book_says() {
    let page = include_str!("../../../../docs/findings.md");
    let example = |language: &str| {
        let behind = page.split_once(&format!("```{language}\n")).expect("an example").1;
        behind.split_once("```").expect("the end of the example").0
    };
    let folder = Folder::new("check_json_book");
    folder.write("n.snn", example("snn"));
    let said = folder.snnc("check n.snn --message-format json").wrong();
    let [said, shown] = [said.as_str(), example("json")]
        .map(|text| serde_json::from_str::<serde_json::Value>(text).expect("one finding as JSON"));
    assert_eq!(said, shown);
}

#[test]
fn standard_input_is_a_file() {
    let folder = Folder::new("check_stdin");
    assert_eq!(folder.snnc_with("check -", LIF).right(), "");
    let err = folder.snnc_with("check -", TYPO).wrong();
    assert!(err.contains("<stdin>:4:"), "{err}");
}

#[test]
fn imports_are_beside_the_file_or_in_the_standard_library() {
    let folder = Folder::new("check_imports");
    let import = |path: &str| format!("import \"{path}\"\n{}", TYPO.replace("+ y", "+ gain(x)"));
    folder.write("lib/gain.snn", "fn gain(x) = 2 * x\n");
    folder.write("a.snn", import("lib/gain.snn"));
    folder.write("b/b.snn", import("../lib/gain.snn"));
    assert_eq!(folder.snnc("check a.snn b/b.snn").right(), "");
    folder.write("c.snn", "import \"std/lif.snn\"\n");
    assert_eq!(folder.snnc("check c.snn").right(), "");
    folder.write("d.snn", "import \"std/none.snn\"\nimport \"none.snn\"\n");
    insta::assert_snapshot!(folder.snnc("check d.snn").wrong());
}

#[test]
fn what_is_no_program_is_one_line() {
    let folder = Folder::new("check_no_program");
    folder.write("n.snn", [b'n', 0xff]);
    assert_eq!(
        folder.snnc("check n.snn").wrong(),
        "error: cannot read n.snn: it is not UTF-8 text: byte 1 is wrong\n"
    );
    assert_eq!(folder.snnc("check .").wrong(), "error: cannot read .: it is a folder\n");
}

#[test]
fn a_code_is_explained() {
    let folder = Folder::new("explain");
    let text = folder.snnc("explain E0401").right();
    assert!(text.starts_with("E0401: "), "{text}");
    assert!(text.contains("Wrong:") && text.contains("Right:"), "{text}");
    assert_eq!(folder.snnc("explain e0401").right(), text);
    let err = folder.snnc("explain E9999").wrong();
    assert!(err.starts_with("error: there is no code `E9999`; they run from E0001 to "), "{err}");
    let err = folder.snnc("explain E041").wrong();
    assert!(err.ends_with("; a similar one is E0401\n"), "{err}");
    let err = folder.snnc("explain E0401 --json").wrong();
    assert!(err.starts_with("error: `--json` is for a file"), "{err}");
}

#[test]
fn a_neuron_is_explained() {
    let folder = Folder::new("explain_file");
    folder.write("lif.snn", LIF);
    let line = "explain lif.snn --level x86-64-v3 --learn tau";
    let text = folder.snnc(line).right();
    for part in [
        "neuron Lif: surr = sigmoid(alpha: 4.0)",
        "lif.snn:20: fire   s = spike(v - v_threshold, surr)\n",
        "    grad x = ",
        "    grad tau = ",
        "        by g * (1 - s) of a spike",
        "v at the start of each chunk of 16 steps but the first: 0.25",
        "held back by operations",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = folder.snnc(&format!("{line} --save states --json")).right();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    // The gradient of `tau` takes the state before the step.
    assert_eq!(json["saves"]["values"][0]["name"], "v@prev");
    assert_eq!(json["simplified"]["forward"]["saved"], 4.0);
    assert_eq!(folder.snnc_with("explain - --level x86-64-v3", LIF).status, 0);
    // As with the other commands.
    folder.write("typo.snn", TYPO);
    assert!(folder.snnc("explain typo.snn").wrong().contains("error[E0101]"));
    let err = folder.snnc("explain none.snn").wrong();
    assert_eq!(err, "error: cannot read none.snn: there is no such file\n");
}

#[test]
fn a_wrong_command_line_is_status_2() {
    let folder = Folder::new("usage");
    for line in ["", "check", "chek a.snn", "check --no-such a.snn", "run a.snn --param tau"] {
        let done = folder.snnc(line);
        assert_eq!((done.status, done.out.as_str()), (2, ""), "{line}: {}", done.err);
        assert!(done.err.contains("Usage") || done.err.contains("--help"), "{line}: {}", done.err);
    }
}

#[test]
fn help_and_version_are_results() {
    let folder = Folder::new("help");
    assert!(folder.snnc("--help").right().contains("Usage: snnc"));
    assert!(folder.snnc("--version").right().starts_with("snnc 0."));
}

#[test]
fn the_library_is_listed_and_checked_by_name() {
    let folder = Folder::new("check_std");
    let listed = folder.snnc("list");
    assert_eq!(listed.status, 0, "{}", listed.err);
    assert!(listed.out.contains("The leaky integrate-and-fire neuron\n"), "{}", listed.out);
    let all: serde_json::Value = serde_json::from_str(&folder.snnc("list --json").out).unwrap();
    let lif = all.as_array().unwrap().iter().find(|neuron| neuron["name"] == "lif").unwrap();
    assert_eq!(lif["params"][0]["name"], "tau");
    assert_eq!(lif["options"][1]["name"], "decay_input");
    assert_eq!(folder.snnc("check std:lif").status, 0);
    let unknown = folder.snnc("check std:liv");
    assert_eq!(unknown.status, 1);
    assert!(unknown.err.contains("no neuron `liv`: `snnc list`"), "{}", unknown.err);
}
