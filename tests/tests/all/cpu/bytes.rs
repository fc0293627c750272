//! Goldens of machine code, of this and of other processors: the sizes and the hash of the bytes of LIF
//! for every level, so that no change of them goes unseen, and what they are made from.
//!
//! A change of Cranelift or of the emitter changes them; then run the tests with `INSTA_UPDATE=always`
//! and look at the difference.

use std::fmt::Write;

use snn_artifact::{Code, Target, hash};
use snn_compiler::check::NoImports;
use snn_compiler::pipeline::{self, Options, Source, Stage};
use snn_tests::program::Program;

const LEVELS: [&str; 3] = ["x86-64-v2", "x86-64-v3", "aarch64"];

fn options(level: &str) -> Options {
    Options::new(Target::Cpu { level: level.into() })
}

#[test]
fn the_bytes_of_lif() {
    let neuron = Program::new(snn::neuron::source("lif").unwrap()).learn("tau").neuron();
    let mut text = String::new();
    for level in LEVELS {
        let artifact = pipeline::back(&neuron, &options(level), "0".into()).unwrap();
        let Code::Cpu(code) = &artifact.code else { panic!("not machine code") };
        writeln!(text, "{level}: {} bytes, sha256 {}", code.len(), hash(code)).unwrap();
        for (name, entry) in &artifact.manifest.entries {
            writeln!(text, "  {name} at {}", entry.offset).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

/// A leak of one operation, so that the text can be read.
const LEAK: &str = "\
neuron Leak() {
  input  x
  param  decay = 0.5
  state  v = 0
  charge v = decay * v + x
  output v
}
";

#[test]
fn what_arm_code_is_made_from() {
    let wanted = Default::default();
    let source = Source { name: "leak.snn", text: LEAK };
    let clif = pipeline::stage(source, &wanted, &NoImports, &options("aarch64"), Stage::Clif);
    let clif = clif.unwrap();
    let forward = clif.split("; forward_train").next().unwrap();
    insta::assert_snapshot!(forward);
}
