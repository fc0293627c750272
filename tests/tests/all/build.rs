//! `snn_compiler::build`: what it writes, and what it says of what is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use snn_artifact::{Artifact, Target};
use snn_compiler::build::Build;
use snn_compiler::check::hir::Sharing;

const PLIF: &str = "\
import \"parts/leak.snn\"

neuron Plif(surr: surrogate = sigmoid(alpha: 4.0), soft: bool = false) {
  input  x
  input  type
  param  tau = 2.0 in (1, inf) via softplus learn
  param  forward = 1.0
  state  v = 0
  charge v = leak(v, x + type, tau)
  fire   s = spike(v - forward, surr)
  reset  v = if soft { v - s } else { hard(v, s, 0) }
  output s
  output v
}
";

const LEAK: &str = "fn leak(v, x, tau) = v + (x - v) / tau\n";

/// A folder of the test's own with the neuron and what it imports.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("parts")).unwrap();
    fs::write(folder.join("plif.snn"), PLIF).unwrap();
    fs::write(folder.join("parts/leak.snn"), LEAK).unwrap();
    folder
}

fn build(folder: &Path) -> Build {
    Build::new(folder.join("plif.snn")).folder(folder)
}

fn refused(build: Build, folder: &Path) -> String {
    let error = format!("{:?}", build.compile().unwrap_err());
    error.replace(folder.to_str().unwrap(), "neurons")
}

#[test]
fn what_is_saved_is_decided_by_the_build() {
    let folder = folder("build_saved");
    build(&folder).level("x86-64-v2").save("s,v:bf16").compile().unwrap();
    let bytes = fs::read(folder.join("plif.x86-64-v2.artifact")).unwrap();
    let manifest = Artifact::from_bytes(&bytes).unwrap().manifest;
    let saved = manifest.saved.iter().map(|saved| (saved.buffer.as_str(), saved.bits));
    assert_eq!(manifest.save, "s,v:bf16");
    assert_eq!(saved.collect::<Vec<_>>(), [("trace.v", 16), ("trace.s", 1)]);
    let error = refused(build(&folder).save("v:f8"), &folder);
    assert!(error.contains("`v` is saved as it is or in bf16, not `f8`"), "{error}");
    let error = refused(build(&folder).save("w"), &folder);
    assert!(error.contains("E0405"), "{error}");
}

#[test]
fn a_schedule_is_decided_by_the_build() {
    let folder = folder("build_schedule");
    build(&folder).level("x86-64-v2").schedule("chunk=4").compile().unwrap();
    let bytes = fs::read(folder.join("plif.x86-64-v2.artifact")).unwrap();
    assert_eq!(Artifact::from_bytes(&bytes).unwrap().manifest.entries["forward"].chunk, 4);
    let error = refused(build(&folder).level("x86-64-v2").schedule("backward=2x64"), &folder);
    assert!(error.contains("give chunk=STEPS alone, or choose the target ptx"), "{error}");
    let error = refused(build(&folder).schedule("fast"), &folder);
    assert!(error.contains("`fast` is none of auto, loop, scan"), "{error}");
}

#[test]
fn line_info_is_refused_where_the_code_has_no_place_for_it() {
    let folder = folder("build_lines");
    let error = refused(build(&folder).level("x86-64-v2").line_info(), &folder);
    assert!(error.contains("leave it out, or choose the target ptx"), "{error}");
}

#[test]
fn a_module_is_written_beside_its_artifacts() {
    let folder = folder("build_module");
    build(&folder).level("x86-64-v3").level("x86-64-v2").compile().unwrap();
    let text = fs::read_to_string(folder.join("plif.rs")).unwrap();
    insta::assert_snapshot!(text.replace(folder.to_str().unwrap(), "neurons"));
    for level in ["x86-64-v2", "x86-64-v3"] {
        let bytes = fs::read(folder.join(format!("plif.{level}.artifact"))).unwrap();
        let manifest = Artifact::from_bytes(&bytes).unwrap().manifest;
        assert_eq!(manifest.target, Target::Cpu { level: level.into() });
    }
}

#[test]
fn what_is_decided_is_in_the_artifact() {
    let folder = folder("build_options");
    let build = build(&folder).name("2 soft").option("soft", true).level("aarch64");
    let build = build.share("tau", Sharing::Channel).learn("forward").target(Target::Wgsl);
    build.neuron("Plif").compile().unwrap();
    let bytes = fs::read(folder.join("_2_soft.wgsl.artifact")).unwrap();
    let manifest = Artifact::from_bytes(&bytes).unwrap().manifest;
    assert_eq!(manifest.options[1], ("soft".into(), "true".into()));
    assert_eq!(manifest.params[0].sharing, snn_artifact::Sharing::Channel);
    assert!(manifest.params[1].learn);
    let text = fs::read_to_string(folder.join("_2_soft.rs")).unwrap();
    assert!(text.contains("pub mod _2_soft {") && text.contains("_2_soft.aarch64.artifact"));
}

#[test]
fn what_is_wrong_is_shown_as_snnc_shows_it() {
    let folder = folder("build_wrong");
    let leak = LEAK.replace("(x - v)", "(x - w)");
    fs::write(folder.join("parts/leak.snn"), leak).unwrap();
    insta::assert_snapshot!(refused(build(&folder).level("aarch64"), &folder));
    assert!(!folder.join("plif.rs").exists());
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder("build_missing");
    fs::remove_file(folder.join("parts/leak.snn")).unwrap();
    let error = refused(build(&folder).level("aarch64"), &folder);
    assert!(error.contains("cannot import \"parts/leak.snn\": there is no such file"), "{error}");
    let lost = Build::new(folder.join("lost.snn")).folder(&folder);
    assert_eq!(refused(lost, &folder), "\ncannot read neurons/lost.snn: there is no such file");
    fs::write(folder.join("plif.snn"), "import \"std/lif.snn\"\n").unwrap();
    let error = refused(build(&folder).level("aarch64"), &folder);
    assert!(error.contains("give it with `Build::library(snn::neuron::source)`"), "{error}");
    build(&folder).library(snn::neuron::source).level("aarch64").compile().unwrap();
    let unknown = refused(build(&folder).library(snn::neuron::source).level("vax"), &folder);
    assert!(unknown.contains("cpu cannot do the level `vax`"), "{unknown}");
}
