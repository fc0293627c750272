//! Neurons out of artifacts; those of a package's `build.rs` are tested in the examples.

use snn_artifact::{Artifact, Target};

use super::*;
use crate::cpu::Cpu;
use crate::device::Device as _;

fn artifact(change: impl FnOnce(&mut snn_compiler::check::Specialization)) -> Artifact {
    let resolver = &snn_compiler::check::NoImports;
    let mut specialization = snn_compiler::check::Specialization::default();
    change(&mut specialization);
    let program = Program { name: "lif.snn", text: &LIF, specialization, resolver };
    Jit::with_cache(None).artifact(&Cpu::new().unwrap().target(), &program).unwrap()
}

fn embedded(artifact: &Artifact) -> crate::Result<Neuron> {
    Neuron::embedded(&[&artifact.to_bytes().unwrap()])
}

#[test]
fn an_artifact_is_run_as_what_was_compiled() {
    let run = |neuron: Neuron| {
        let x = noise(&[19, 3, 4]).set_requires_grad(true);
        let forward = neuron.forward(&input(&x)).unwrap();
        backward(&forward);
        (forward.outputs["s"].detach(), x.grad())
    };
    assert_eq!(run(embedded(&artifact(|_| {})).unwrap()), run(neuron(&LIF)));
}

#[test]
fn what_a_build_lacks_is_told() {
    let mut foreign = artifact(|_| {});
    foreign.manifest.target = Target::Ptx { sm: 75 };
    let refused = embedded(&foreign).unwrap().forward(&input(&noise(&[4, 2, 3])));
    let refused = refused.unwrap_err().to_string();
    let Target::Cpu { level } = Cpu::new().unwrap().target() else { panic!("a CPU") };
    assert_eq!(
        refused,
        format!(
            "cpu cannot do `Lif` in f32, which this program was built without; it has it for cuda \
             in f32: add `.level(\"{level}\")` to the `Build` of its build.rs"
        )
    );
    let packed = embedded(&artifact(|s| s.pack = vec!["s".into()]));
    assert!(packed.err().unwrap().to_string().contains("the packed spikes of `s`"));
}
