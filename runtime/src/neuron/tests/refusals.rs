use std::sync::Arc;

use snn_artifact::{Artifact, Code, Dtype, Manifest, Role, Sharing, Target};

use super::device::Fake;
use super::{array, call, neuron, scale};
use crate::neuron::{Array, Call, Neuron, Seeds};

const LARGE: usize = 1 << 30;

fn forward(change: impl FnOnce(&mut Call)) -> String {
    let mut call = call(&[2, 3, 4]);
    change(&mut call);
    match neuron(scale(Sharing::Channel), LARGE).forward(&call) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn operands_that_the_neuron_does_not_have() {
    let add = |arrays: &mut crate::neuron::Arrays, name: &str| {
        arrays.insert(name.into(), Array::scalar(1.0));
    };
    assert_eq!(forward(|c| add(&mut c.inputs, "y")), "`Scale` has no input `y`; it has `x`");
    assert_eq!(forward(|c| add(&mut c.params, "tau")), "`Scale` has no param `tau`; it has `a`");
    assert_eq!(forward(|c| add(&mut c.states, "*")), "`Scale` has no state `*`; it has `v`");
}

#[test]
fn operands_of_other_shapes() {
    assert_eq!(
        forward(|c| c.sizes = vec![2, 4, 3]),
        "`sizes` must have shape [2, 3, 4], which the inputs have, but has [2, 4, 3]"
    );
    assert_eq!(forward(|c| c.sizes = vec![2, 3, 4]), "");
    assert_eq!(
        forward(|c| drop(c.inputs.insert("x".into(), array(&[7])))),
        "`x` must have shape [T, N, *], but has [7]"
    );
    assert_eq!(
        forward(|c| drop(c.states.insert("v".into(), array(&[12])))),
        "`v` must have shape [3, 4], but has [12]"
    );
    assert_eq!(
        forward(|c| drop(c.params.insert("a".into(), array(&[3])))),
        "`a` must have shape [4], since it is per channel, or [], but has [3]"
    );
    assert!(forward(|c| c.channel_axis = Some(3)).contains("no channel axis 3"));
    assert_eq!(forward(|c| c.channel_axis = Some(-1)), "");
}

#[test]
fn inputs_that_are_missing_or_differ() {
    assert_eq!(forward(|c| c.inputs.clear()), "input `x` of `Scale` was not given");
    let mut manifest = scale(Sharing::Layer);
    manifest.inputs.push(snn_artifact::Port {
        name: "y".into(),
        dtype: Dtype::F32,
        last: false,
        packed: false,
    });
    let mut call = call(&[2, 3, 4]);
    call.inputs.insert("y".into(), array(&[2, 2, 4]));
    let error = neuron(manifest, LARGE).forward(&call).unwrap_err().to_string();
    assert_eq!(
        error,
        "`y` must have shape [2, 3, 4], which `x` has, or 1 for a size behind T, but has [2, 2, 4]"
    );
    let mut manifest = scale(Sharing::Layer);
    manifest.inputs.clear();
    for entry in manifest.entries.values_mut() {
        entry.buffers.retain(|b| !b.name.ends_with(".x"));
        entry.scalars.retain(|s| !s.ends_with(".x"));
    }
    let without = neuron(manifest, LARGE);
    let refused = |sizes: &[usize]| {
        let call = Call { sizes: sizes.to_vec(), ..Call::default() };
        without.forward(&call).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&[]),
        "`sizes` must have shape [T, N, *], since `Scale` has no input that says it, but has []"
    );
    assert_eq!(refused(&[7]), "`sizes` must have shape [T, N, *], but has [7]");
}

#[test]
fn seeds_that_do_not_fit() {
    let grad = |change: fn(&mut Seeds)| {
        let mut seeds = Seeds::default();
        change(&mut seeds);
        let neuron = neuron(scale(Sharing::Layer), LARGE);
        neuron.grad(&call(&[2, 3, 4]), &seeds).unwrap_err().to_string()
    };
    assert_eq!(
        grad(|s| drop(s.outputs.insert("v".into(), Array::scalar(1.0)))),
        "`Scale` has no output `v`; it has `s`"
    );
    assert_eq!(
        grad(|s| drop(s.outputs.insert("s".into(), array(&[3, 4])))),
        "`grad.output.s` must have shape [2, 3, 4], but has [3, 4]"
    );
    assert_eq!(
        grad(|s| drop(s.states.insert("v".into(), array(&[1])))),
        "`grad.next.v` must have shape [3, 4], but has [1]"
    );
}

fn load(change: impl FnOnce(&mut Manifest)) -> String {
    let mut manifest = scale(Sharing::Layer);
    change(&mut manifest);
    let artifact = Artifact { manifest, code: Code::Wgsl(String::new()) };
    let loaded =
        Neuron::load(Arc::new(Fake { max_buffer: LARGE, max_turns: usize::MAX }), artifact);
    let error = loaded.unwrap_err().to_string();
    error.trim_start_matches("this artifact cannot be loaded: ").into()
}

/// The types that there are.
const ELEMENTS: &str = "inputs and outputs are f32, f16 or bf16, states f32 or i32, each as its buffers \
                        are, and all else is f32";

#[test]
fn artifacts_that_do_not_fit() {
    assert_eq!(
        load(|m| m.schema = 9),
        "it has schema 9 and kernel ABI 3; this runtime takes schema 1 and kernel ABI 3"
    );
    assert_eq!(load(|m| m.target = Target::Ptx { sm: 75 }), "it is PTX, and fake needs WGSL");
    assert_eq!(load(|m| drop(m.entries.remove("forward"))), "it has no entry `forward`");
    assert_eq!(
        load(|m| m.inputs[0].dtype = Dtype::I32),
        format!("fake cannot do input `x` of type i32; {ELEMENTS}")
    );
    assert_eq!(
        load(|m| m.inputs[0].dtype = Dtype::F16),
        format!("fake cannot do buffer `input.x` of type f32; {ELEMENTS}")
    );
    assert_eq!(
        load(|m| m.states[0].dtype = Dtype::F16),
        format!("fake cannot do state `v` of type f16; {ELEMENTS}")
    );
    assert_eq!(
        load(|m| m.states[0].dtype = Dtype::I32),
        format!("fake cannot do buffer `state.v` of type f32; {ELEMENTS}")
    );
}

#[test]
fn entries_that_ask_for_what_is_not_known() {
    let change = |change: fn(&mut snn_artifact::Entry)| {
        load(|m| change(m.entries.get_mut("forward").unwrap()))
    };
    assert_eq!(change(|e| e.buffers[0].name = "x".into()), "buffer `x` of `forward` is not known");
    assert_eq!(
        change(|e| e.buffers[0].name = "input.y".into()),
        "buffer `input.y` of `forward` is of a `y` that the neuron does not have"
    );
    assert_eq!(
        change(|e| e.buffers[0].role = Role::Grad),
        "buffer `input.x` of `forward` has the role Grad"
    );
    assert_eq!(
        change(|e| e.buffers[1].shape = vec!["C".into()]),
        "buffer `param.a` of `forward` has the shape [C]"
    );
    let lanes = |m: &mut Manifest| {
        *m = scale(Sharing::Channel);
        m.entries.get_mut("backward").unwrap().buffers.last_mut().unwrap().shape = vec!["N".into()];
    };
    assert_eq!(load(lanes), "buffer `partial.a` of `backward` has the shape [N]");
    assert_eq!(
        change(|e| e.scalars.push("stride.y".into())),
        "scalar `stride.y` of `forward` is not known"
    );
    assert_eq!(
        load(|m| m.entries.get_mut("reduce").unwrap().scalars.reverse()),
        "its entry `reduce` does not take `partial`, `grad` and G, S, O"
    );
}

#[test]
fn an_artifact_without_backward_gives_no_gradients() {
    let mut manifest = scale(Sharing::Layer);
    manifest.entries.remove("backward");
    let neuron = neuron(manifest, LARGE);
    assert!(neuron.forward(&call(&[2, 3])).is_ok());
    let error = neuron.grad(&call(&[2, 3]), &Seeds::ones()).unwrap_err().to_string();
    assert_eq!(error, "this artifact cannot be loaded: it has no entry `backward`");
}
