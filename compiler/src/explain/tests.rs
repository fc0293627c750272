use snn_artifact::Target;

use super::*;
use crate::check::{NoImports, Specialization};
use crate::pipeline::Source;

const LIF: &str = include_str!("../../../stdlib/neurons/lif.snn");
const PLIF: &str = include_str!("../../../tests/corpus/plif.snn");

fn explained(name: &str, text: &str, save: &str, target: Target) -> Explanation {
    let wanted = Specialization { save: save.parse().expect("what to save"), ..Default::default() };
    let front = pipeline::front(Source { name, text }, &wanted, &NoImports).expect("a neuron");
    explain(&front.neuron, &front.findings.sources, &Options::new(target))
}

fn cpu() -> Target {
    Target::Cpu { level: "x86-64-v3".into() }
}

#[test]
fn lif() {
    insta::assert_snapshot!(explained("lif.snn", LIF, "auto", cpu()).to_string());
}

#[test]
fn plif_with_its_states_saved() {
    insta::assert_snapshot!(explained("plif.snn", PLIF, "states:bf16", cpu()).to_string());
}

#[test]
fn json_holds_the_same() {
    let explanation = explained("plif.snn", PLIF, "states", cpu());
    let json = explanation.to_json();
    assert_eq!(json["neuron"], "Plif");
    assert_eq!(json["saves"]["values"][0]["bytes"], 4.0);
    let backward = |which: &str| json[which]["backward"]["operations"].as_u64().expect("a number");
    assert!(backward("simplified") < backward("plain"));
    let lines = json["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), explanation.lines.len());
    assert_eq!(lines[0]["terms"][0]["name"], explanation.lines[0].terms[0].name.as_str());
}

#[test]
fn on_a_gpu_memory_decides() {
    let (cpu, gpu) = (cpu(), Target::Ptx { sm: 75 });
    let bound = |target| explained("lif.snn", LIF, "auto", target).bound;
    assert_eq!((bound(cpu).limit, bound(gpu.clone()).limit), (Limit::Arithmetic, Limit::Memory));
    let bound = bound(gpu);
    assert_eq!((bound.needed, bound.share), (20.0, 20.0 / bound.moved));
}
