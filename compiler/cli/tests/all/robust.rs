//! Every command with what goes wrong around it: files that are none, folders in their place, numbers
//! that are none, disks that are full, readers that left. The error is clear, the status 1, and nothing
//! is half written.

use std::process::{Command, Stdio};

use crate::program::Folder;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");

fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("lif.snn", LIF);
    folder.write("x.csv", "1,2\n3,4\n");
    folder
}

/// The commands that read a program, with the rest of a right command line.
const READERS: [(&str, &str); 7] = [
    ("check", ""),
    ("fmt", ""),
    ("build", "-o out"),
    ("run", "--generate ramp --out o.npz"),
    ("grad", "--generate ramp --out o.npz"),
    ("bench", "--sizes 2,8"),
    ("plot", "-o o.svg"),
];

#[test]
fn a_program_that_is_none_is_one_clear_line() {
    let folder = folder("robust_program");
    folder.write("latin.snn", b"// caf\xe9\n");
    folder.write("zero.snn", b"\0\0\0");
    std::fs::create_dir(folder.path("folder.snn")).expect("a folder");
    let before = folder.names();
    for (command, rest) in READERS {
        for (file, why) in [
            ("latin.snn", "it is not UTF-8 text: byte 6 is wrong"),
            ("folder.snn", "it is a folder"),
            ("none.snn", "there is no such file"),
        ] {
            let err = folder.snnc(&format!("{command} {file} {rest}")).wrong();
            assert_eq!(err, format!("error: cannot read {file}: {why}\n"), "{command}");
        }
        let done = folder.snnc(&format!("{command} zero.snn {rest}"));
        assert_eq!((done.status, done.out.as_str()), (1, ""), "{command}: {}", done.err);
        assert!(done.err.contains("E0001"), "{command}: {}", done.err);
    }
    assert_eq!(folder.names(), before);
}

#[test]
fn params_that_are_no_numbers_or_out_of_range_are_refused() {
    let folder = folder("robust_params");
    let before = folder.names();
    for (value, part) in [
        ("NaN", "tau"),
        ("inf", "tau"),
        ("-inf", "tau"),
        ("1", "tau"),
        ("-3", "tau"),
        ("1e99", "tau"),
        ("two", "tau"),
        ("", "NAME=VALUE"),
    ] {
        for command in ["run", "grad"] {
            let line = format!("{command} lif.snn --input x=x.csv --param tau={value} --out o.npz");
            let done = folder.snnc(&line);
            let status = if value.is_empty() { 2 } else { 1 };
            assert_eq!((done.status, done.out.as_str()), (status, ""), "{value}: {}", done.err);
            assert!(done.err.contains(part), "{value}: {}", done.err);
        }
    }
    assert_eq!(folder.names(), before);
}

#[test]
fn inputs_of_the_wrong_kind_are_refused_and_nan_goes_through() {
    let folder = folder("robust_inputs");
    std::fs::create_dir(folder.path("folder.npy")).expect("a folder");
    folder.write("empty.npy", "");
    folder.write("cut.npz", &b"PK\x03\x04"[..]);
    folder.write("v.csv", "1,2,3\n");
    let before = folder.names();
    for (args, part) in [
        ("--input x=folder.npy", "it is a folder"),
        ("--input x=empty.npy", "it is no npy file"),
        ("--input x=cut.npz", "it is no npz file"),
        ("--input x=x.csv --state v=v.csv", "`v`"),
        ("--input x=x.csv --state w=v.csv", "`w`"),
        ("--input x=x.csv --neuron Lef", "Lef"),
    ] {
        let err = folder.snnc(&format!("run lif.snn {args} --out o.npz")).wrong();
        assert!(err.contains(part), "{args}: {err}");
    }
    assert_eq!(folder.names(), before);
    folder.write("nan.csv", "NaN,1\ninf,1\n");
    let said = folder.snnc("grad lif.snn --input x=nan.csv --out o.npz --plot o.svg").right();
    assert!(said.contains("infinite or NaN"), "{said}");
}

/// Runs with standard output on a file; returns the status and what was said.
fn onto(folder: &Folder, line: &str, out: Stdio) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_snnc"))
        .current_dir(folder.path(""))
        .args(line.split_whitespace())
        .env("SNNC_CACHE", folder.path(".cache"))
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output())
        .expect("snnc ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

/// Commands that write to standard output.
const WRITERS: [&str; 10] = [
    "explain E0401",
    "build lif.snn --emit kernel",
    "run lif.snn --generate ramp --steps 3",
    "grad lif.snn --generate ramp --steps 3",
    "bench lif.snn --sizes 2,8",
    "devices",
    "cache",
    "completions bash",
    "--help",
    "new Other",
];

#[test]
fn a_reader_that_left_is_no_error() {
    let folder = folder("robust_pipe");
    for line in WRITERS {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let (status, err) = onto(&folder, line, writer.into());
        assert_eq!(status, Some(0), "{line}: {err}");
        assert!(!err.contains("panic"), "{line}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let folder = folder("robust_full");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    for line in WRITERS.into_iter().filter(|line| *line != "--help").chain(["fmt -"]) {
        let (status, err) = onto(&folder, line, full().into());
        if line.starts_with("fmt") {
            // Standard input was empty, which prints nothing.
            assert_eq!((status, err.as_str()), (Some(0), ""));
            continue;
        }
        assert_eq!(status, Some(1), "{line}: {err}");
        assert!(err.contains("cannot write to standard output"), "{line}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn an_output_that_cannot_be_written_leaves_nothing_behind() {
    let folder = folder("robust_output");
    folder.write("file", "in the way");
    std::fs::create_dir_all(folder.path("taken.npz/inside")).expect("a folder");
    let before = folder.names();
    for (line, part) in [
        ("build lif.snn -o file", "cannot make file"),
        ("build lif.snn -o file/below", "cannot make file/below"),
        ("run lif.snn --generate ramp --out file/o.npz", "cannot write file/o.npz"),
        ("run lif.snn --generate ramp --out none/o.npz", "there is no such folder"),
        ("run lif.snn --generate ramp --out taken.npz", "cannot write taken.npz"),
        ("grad lif.snn --generate ramp --out o.npz --plot file/o.svg", "cannot write file/o.svg"),
        ("man file", "cannot write file/snnc.1"),
        ("plot lif.snn -o taken.npz/none/o.svg", "there is no such folder"),
    ] {
        let err = folder.snnc(line).wrong();
        assert!(err.contains(part), "{line}: {err}");
        assert_eq!(err.lines().count(), 1, "{line}: {err}");
    }
    assert_eq!(folder.names(), before);
    assert_eq!(Folder::at(folder.path("taken.npz")).names(), ["inside"]);
}

/// Commands that write files, with one of them.
#[cfg(unix)]
const MAKERS: [(&str, &str); 8] = [
    ("run lif.snn --generate ramp --out o.npz", "o.npz"),
    ("run lif.snn --generate ramp --plot o.svg", "o.svg"),
    ("grad lif.snn --generate ramp --out o.npz --plot o.png", "o.npz"),
    ("build lif.snn -o out", "Lif.bin"),
    ("plot lif.snn -o o.svg", "o.svg"),
    ("man .", "snnc.1"),
    ("new Other --crate", "other"),
    ("fmt wide.snn", "wide.snn"),
];

/// A file that `fmt` would change, longer than the space left.
#[cfg(unix)]
fn wide() -> String {
    format!("neuron  N{{input x\nstate v=0 ;charge v=v+x\noutput v}}\n{}", "// words\n".repeat(200))
}

/// Runs in a shell where a file may be 1024 bytes long, behind what the shell does first.
#[cfg(unix)]
fn in_little_space(folder: &Folder, first: &str, line: &str) -> (Option<i32>, String) {
    let script = format!("{first} ulimit -f 2; exec \"$0\" {line}");
    let output = Command::new("sh")
        .current_dir(folder.path(""))
        .args(["-c", &script, env!("CARGO_BIN_EXE_snnc")])
        .env("SNNC_CACHE", folder.path(".cache"))
        .output()
        .expect("a shell");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_for_a_file_is_said_and_nothing_is_half_written() {
    let folder = folder("robust_room");
    folder.write("wide.snn", wide());
    std::fs::create_dir(folder.path("out")).expect("a folder");
    let before = folder.names();
    for (line, file) in MAKERS {
        // Ignored, the signal of a file that is too long leaves an error, as a full disk does.
        let (status, err) = in_little_space(&folder, "trap '' XFSZ;", line);
        assert_eq!(status, Some(1), "{line}: {err}");
        assert!(err.starts_with("error: cannot write ") && err.contains(file), "{line}: {err}");
        assert_eq!((err.lines().count(), folder.names()), (1, before.clone()), "{line}: {err}");
    }
    assert!(Folder::at(folder.path("out")).names().is_empty());
    assert_eq!(std::fs::read_to_string(folder.path("wide.snn")).expect("text"), wide());
}

#[cfg(unix)]
#[test]
fn what_is_killed_while_it_writes_leaves_the_old_file() {
    let folder = folder("robust_killed");
    folder.write("wide.snn", wide());
    folder.write("o.npz", "old");
    folder.write("o.svg", "old");
    for (line, file) in MAKERS.into_iter().filter(|(_, f)| !["Lif.bin", "snnc.1"].contains(f)) {
        let (status, err) = in_little_space(&folder, "", line);
        assert_eq!(status, None, "{line}: {err}");
        let old = if file == "wide.snn" { wide() } else { "old".into() };
        match std::fs::read_to_string(folder.path(file)) {
            Ok(text) => assert_eq!(text, old, "{line}"),
            Err(_) => assert_eq!(file, "other", "{line}"),
        }
    }
    // The next run is not disturbed by what lies about.
    folder.snnc("run lif.snn --generate ramp --out o.npz").right();
    assert!(std::fs::metadata(folder.path("o.npz")).expect("a file").len() > 1024);
}
