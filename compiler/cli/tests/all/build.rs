//! `snnc build`, `snnc devices` and `snnc cache`.

use crate::program::Folder;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");

fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("lif.snn", LIF);
    folder
}

#[test]
fn code_and_manifest_lie_side_by_side() {
    let folder = folder("build_cpu");
    let line = "build lif.snn --level x86-64-v2 --learn tau --share tau=channel -o out";
    let said = folder.snnc(line).right();
    assert!(
        said.starts_with("out/Lif.bin: ") && said.ends_with("out/Lif.json\nout/Lif.o\nout/Lif.h\n"),
        "{said}"
    );
    assert_eq!(Folder::at(folder.path("out")).names(), ["Lif.bin", "Lif.h", "Lif.json", "Lif.o"]);
    let text = std::fs::read_to_string(folder.path("out/Lif.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(manifest["target"]["level"], "x86-64-v2");
    assert_eq!(manifest["params"][0]["sharing"], "channel");
    assert_eq!(manifest["params"][0]["learn"], true);
    let entries = manifest["entries"].as_object().expect("entries");
    let names: Vec<&String> = entries.keys().collect();
    assert_eq!(names, ["backward", "forward", "forward_train", "reduce"]);
    // The same again is the same to the byte.
    let code = std::fs::read(folder.path("out/Lif.bin")).expect("code");
    folder.snnc(line).right();
    assert_eq!(std::fs::read(folder.path("out/Lif.bin")).expect("code"), code);
}

#[test]
fn what_is_saved_is_in_the_manifest_and_in_the_header() {
    let folder = folder("build_saved");
    let buffers = |save: &str, entry: &str| {
        folder.snnc(&format!("build lif.snn --save {save}")).right();
        let text = std::fs::read_to_string(folder.path("Lif.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let buffers = manifest["entries"][entry]["buffers"].as_array().expect("buffers").clone();
        let saved = buffers.iter().filter(|buffer| buffer["role"] == "saved");
        let text = |buffer: &serde_json::Value| {
            format!("{} {} {}", buffer["name"], buffer["dtype"], buffer["shape"])
        };
        saved.map(text).collect::<Vec<_>>().join("; ").replace('"', "")
    };
    let border = "saved.v f32 [max(ceil(T / 16), 1) - 1,N]";
    for entry in ["forward_train", "backward"] {
        assert_eq!(buffers("auto", entry), border);
        assert_eq!(buffers("inputs", entry), border);
        assert_eq!(buffers("states", entry), "trace.v f32 [T,N]");
        assert_eq!(buffers("s", entry), format!("{border}; trace.s i32 [ceil(T / 16),N]"));
    }
    let header = std::fs::read_to_string(folder.path("Lif.h")).expect("a header");
    assert!(header.contains("int32_t *trace_s, /* [ceil(T / 16), N] */"), "{header}");
    let err = folder.snnc("build lif.snn --save vv").wrong();
    assert!(err.contains("error[E0405]: the neuron `Lif` computes no `vv`"), "{err}");
    assert!(err.contains("a similar name: `v`"), "{err}");
}

#[test]
fn object_files_have_the_form_asked_for() {
    let folder = folder("build_object");
    for (format, mark) in [("elf", [0x7f, b'E']), ("macho", [0xcf, 0xfa]), ("coff", [0x64, 0xaa])] {
        let level = if format == "coff" { "aarch64" } else { "x86-64-v2" };
        folder.snnc(&format!("build lif.snn --level {level} --object {format}")).right();
        assert_eq!(std::fs::read(folder.path("Lif.o")).expect("an object file")[..2], mark);
    }
    let err = folder.snnc("build lif.snn --target wgsl --object elf").wrong();
    assert!(err.contains("wgsl cannot do object files"), "{err}");
    let done = folder.snnc("build lif.snn --object a.out");
    assert!(done.err.contains("there is no object format `a.out`; there are elf"), "{}", done.err);
}

#[test]
fn wgsl_is_text() {
    let folder = folder("build_wgsl");
    folder.snnc("build lif.snn --target wgsl").right();
    let text = std::fs::read_to_string(folder.path("Lif.wgsl")).expect("text");
    assert!(text.contains("@compute"), "{text}");
}

#[test]
fn stages_are_printed_and_nothing_is_built() {
    let folder = folder("build_emit");
    for (stage, part) in [
        ("ast", "neuron"),
        ("hir", "tau"),
        ("diff", "tau"),
        ("simple", "tau"),
        ("wgsl", "@compute"),
    ] {
        let text = folder.snnc(&format!("build lif.snn --emit {stage}")).right();
        assert!(text.contains(part), "{stage}: {text}");
    }
    let kernel = folder.snnc("build lif.snn --emit kernel").right();
    assert!(kernel.starts_with("kernel forward f32 chunk "), "{kernel}");
    assert_eq!(folder.names(), ["lif.snn"]);
    let done = folder.snnc("build lif.snn --emit mlir");
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.contains("there is no stage `mlir`; there are ast, hir"), "{}", done.err);
}

#[test]
fn what_is_wrong_with_the_options_is_shown() {
    let folder = folder("build_options");
    let err = folder.snnc("build lif.snn --option decay=true --learn tao").wrong();
    insta::assert_snapshot!(err);
    let err = folder.snnc("build lif.snn --level i486").wrong();
    assert_eq!(
        err,
        "error: cpu cannot do the level `i486`; choose x86-64-v2, x86-64-v3 or aarch64\n"
    );
    let done = folder.snnc("build lif.snn --share tau=batch");
    assert_eq!(done.status, 2);
    assert!(done.err.contains("`batch` is none of layer, channel, neuron"), "{}", done.err);
    assert_eq!(folder.names(), ["lif.snn"]);
}

#[test]
fn a_schedule_decides_the_code() {
    let folder = folder("build_schedule");
    let chunk = |schedule: &str| {
        folder.snnc(&format!("build lif.snn --schedule {schedule}")).right();
        let text = std::fs::read_to_string(folder.path("Lif.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        (manifest["entries"]["forward"]["chunk"].as_u64(), manifest["key"].to_string())
    };
    let (own, other) = (chunk("auto"), chunk("chunk=4"));
    assert_eq!((own.0, other.0), (Some(16), Some(4)));
    assert_ne!(own.1, other.1);
    let kernel = folder.snnc("build lif.snn --emit kernel --schedule chunk=4").right();
    assert!(kernel.starts_with("kernel forward f32 chunk 4 "), "{kernel}");
    for (line, why) in [
        (
            "--schedule forward=2x64",
            "cpu cannot do lanes spread over threads, as in the schedule \
          forward=2x64; give chunk=STEPS alone, or choose the target ptx",
        ),
        ("--target wgsl --schedule backward=2x64", "wgsl cannot do lanes spread over threads"),
        ("--schedule tune", "`snnc bench` takes it, and prints the schedule to give here"),
    ] {
        let err = folder.snnc(&format!("build lif.snn {line}")).wrong();
        assert!(err.contains(why), "{err}");
    }
    for (schedule, why) in [
        ("fast", "`fast` is none of auto, loop, scan, chunk=STEPS"),
        ("chunk=0", "a chunk has from 1 to 1024 steps"),
        ("chunk=8,forward=2", "`2` is no LANESxTHREADS, such as 2x128"),
    ] {
        let done = folder.snnc(&format!("build lif.snn --schedule {schedule}"));
        assert_eq!(done.status, 2);
        assert!(done.err.contains(why), "{}", done.err);
    }
}

#[test]
fn a_compute_capability_is_one_of_those_there_are() {
    let folder = folder("build_sm");
    for sm in [61, 100] {
        let err = folder.snnc(&format!("build lif.snn --target ptx --sm {sm}")).wrong();
        assert!(
            err.contains(&format!("ptx cannot do the compute capability {sm}; choose 70, 72")),
            "{err}"
        );
    }
    let err = folder.snnc("build lif.snn --sm 80").wrong();
    assert_eq!(err, "error: `--sm` is for PTX: give `--target ptx` with it\n");
    assert_eq!(folder.snnc("build lif.snn --target ptx --sm new").status, 2);
}

#[cfg(feature = "llvm")]
#[test]
fn ptx_is_text_for_a_capability_and_for_newer_ones() {
    let folder = folder("build_ptx");
    let is_for = |file: &str, sm: u32| {
        let text = std::fs::read_to_string(folder.path(file)).expect("text");
        assert!(text.contains(&format!(".target sm_{sm}\n")), "{file}: {text}");
    };
    let line = "build lif.snn --target ptx --schedule forward=2x64,backward=1x256";
    folder.snnc(line).right();
    assert_eq!(folder.names(), ["Lif.json", "Lif.ptx", "Lif.sm_90.ptx", "lif.snn"]);
    is_for("Lif.ptx", 75);
    is_for("Lif.sm_90.ptx", 90);
    let text = std::fs::read_to_string(folder.path("Lif.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let of = |entry: &str| {
        let entry = &manifest["entries"][entry];
        (entry["lanes"].as_u64(), entry["threads"].as_u64())
    };
    assert_eq!(of("forward"), (Some(2), Some(64)));
    assert_eq!(of("forward_train"), (Some(2), Some(64)));
    assert_eq!(of("backward"), (Some(1), Some(256)));
    std::fs::remove_file(folder.path("Lif.sm_90.ptx")).expect("it is there");
    folder.snnc("build lif.snn --target ptx --sm 90").right();
    is_for("Lif.ptx", 90);
    assert_eq!(folder.names(), ["Lif.json", "Lif.ptx", "lif.snn"]);
    let err = folder.snnc("build lif.snn --target ptx --schedule forward=3x64").wrong();
    assert!(err.contains("ptx cannot do 3 lanes a thread, only 1, 2, 4 or 8"), "{err}");
}

#[test]
fn line_info_is_for_ptx() {
    let folder = folder("build_lines_refused");
    for line in ["build lif.snn", "build lif.snn --target wgsl", "explain lif.snn"] {
        let err = folder.snnc(&format!("{line} --line-info")).wrong();
        assert_eq!(err, "error: `--line-info` is for PTX: give `--target ptx` with it\n");
    }
    let err = folder.snnc("run lif.snn --device cpu --line-info").wrong();
    assert!(err.contains("cpu cannot do line info"), "{err}");
    assert_eq!(folder.names(), ["lif.snn"]);
}

#[cfg(feature = "llvm")]
#[test]
fn line_info_tells_of_the_files_by_the_names_given() {
    let folder = folder("build_lines");
    folder.write("parts/leak.snn", "fn leak(v, x) =\n  v + (x - v) / 2\n");
    let text = "import \"parts/leak.snn\"\n
neuron Leaky() { input x; state v = 0; charge v = leak(v, x); output v }\n";
    folder.write("leaky.snn", text.replace("; ", "\n"));
    let built = |line: &str| {
        folder.snnc(&format!("build leaky.snn --target ptx {line}")).right();
        let read = |file| std::fs::read_to_string(folder.path(file)).expect("text");
        let manifest: serde_json::Value =
            serde_json::from_str(&read("Leaky.json")).expect("a manifest");
        (read("Leaky.ptx"), manifest["key"].to_string())
    };
    let (told, key) = built("--line-info");
    let files = told.lines().filter_map(|line| line.strip_prefix("\t.file\t"));
    let mut files: Vec<&str> = files.collect();
    files.sort_unstable();
    assert_eq!(files, ["1 \"leaky.snn\"", "2 \"parts/leak.snn\""]);
    assert!(told.contains("\t.loc\t2 2 "), "{told}");
    let (plain, plain_key) = built("");
    assert!(!plain.contains(".loc"));
    // A line more changes nothing but where the others stand.
    folder.write("parts/leak.snn", "\nfn leak(v, x) =\n  v + (x - v) / 2\n");
    assert_eq!(built(""), (plain, plain_key.clone()));
    let (moved, moved_key) = built("--line-info");
    assert!(moved.contains("\t.loc\t2 3 "), "{moved}");
    assert_ne!(key, plain_key);
    assert_ne!(key, moved_key);
}

#[test]
fn what_is_not_there_yet_is_refused() {
    let folder = folder("build_later");
    for option in ["--math fast", "--bundle all.snnb"] {
        let done = folder.snnc(&format!("build lif.snn {option}"));
        assert_eq!(done.status, 2, "{option}");
        assert!(done.err.contains("unexpected argument"), "{}", done.err);
    }
    assert_eq!(folder.names(), ["lif.snn"]);
}

#[cfg(not(feature = "llvm"))]
#[test]
fn a_target_that_is_not_built_in_is_named() {
    let err = folder("build_ptx").snnc("build lif.snn --target ptx").wrong();
    assert!(err.contains("ptx") && err.contains("the feature `llvm`"), "{err}");
}

#[test]
fn the_cpu_is_a_device_and_strict() {
    let done = Folder::new("devices").snnc("devices");
    assert_eq!(done.status, 0);
    assert!(done.out.starts_with("cpu     strict ") || done.out.starts_with("cpu  strict "));
}

#[test]
fn the_cache_is_counted_and_emptied() {
    let folder = Folder::new("cache");
    let said = folder.snnc("cache").right();
    assert!(said.ends_with("kernels: 0 neurons, 0 bytes\n"), "{said}");
    let said = folder.snnc("cache clear").right();
    assert!(said.ends_with("kernels: removed 0 neurons, 0 bytes\n"), "{said}");
}
