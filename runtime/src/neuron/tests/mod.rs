//! Runs on a device of our own that writes down what it is asked for.

mod device;
mod refusals;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use snn_artifact::naming::Operand;
use snn_artifact::{
    ABI, Artifact, Buffer, Code, Dtype, Entry, Manifest, Param, ParamDefault, Port, Role, SCHEMA,
    Sharing, Target,
};

use super::{Array, Call, Neuron};
use device::Fake;

/// The lanes of a block.
const BLOCK: u32 = 4;

/// `s = a x`, and `v` grows by the sum of `x`.
fn scale(sharing: Sharing) -> Manifest {
    let port = |name: &str| {
        vec![Port { name: name.into(), dtype: Dtype::F32, last: false, packed: false }]
    };
    let param = Param {
        name: "a".into(),
        sharing,
        learn: true,
        axis: None,
        default: ParamDefault::Number(2.0),
        range: None,
        via: None,
    };
    Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: String::new(),
        key: String::new(),
        neuron: "Scale".into(),
        options: vec![],
        target: Target::Wgsl,
        math: "strict".into(),
        compute: Dtype::F32,
        inputs: port("x"),
        outputs: port("s"),
        states: port("v"),
        params: vec![param],
        save: String::new(),
        saved: Vec::new(),
        entries: entries(sharing),
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    }
}

fn entries(sharing: Sharing) -> BTreeMap<String, Entry> {
    let (param, partial) = match sharing {
        Sharing::Layer => ("1", "ceil(N / 4)"),
        Sharing::Channel => ("C", "ceil(N / gcd(S, 16))"),
        Sharing::Neuron => ("M", "N"),
    };
    let param = buffer("param.a", &[param], false);
    let given = [buffer("input.x", &["T", "N"], false), param, optional("state.v", &["N"])];
    let gives = [buffer("output.s", &["T", "N"], true), buffer("next.v", &["N"], true)];
    let saved = buffer("saved.v", &["max(ceil(T / 8), 1) - 1", "N"], true);
    let backward = [
        Buffer { written: false, ..saved.clone() },
        optional("grad.output.s", &["T", "N"]),
        optional("grad.next.v", &["N"]),
        buffer("grad.input.x", &["T", "N"], true),
        buffer("grad.state.v", &["N"], true),
        buffer("partial.a", &[partial], true),
    ];
    let reduce = [sum("partial", Role::Partial, false), sum("grad", Role::Grad, true)];
    let entries = [
        ("forward", [&given[..], &gives].concat()),
        ("forward_train", [&given[..], &gives, &[saved]].concat()),
        ("backward", [&given[..], &backward].concat()),
        ("reduce", reduce.to_vec()),
    ];
    entries.map(|(name, buffers)| (name.into(), entry(name, buffers))).into()
}

fn sum(name: &str, role: Role, written: bool) -> Buffer {
    let (name, shape) = (name.into(), vec![]);
    Buffer { name, role, dtype: Dtype::F32, shape, written, optional: false, binding: None }
}

fn buffer(name: &str, shape: &[&str], written: bool) -> Buffer {
    let role = match Operand::parse(name).unwrap() {
        Operand::Input(_) => Role::Input,
        Operand::Param(_) => Role::Param,
        Operand::State(_) => Role::StateIn,
        Operand::Output(_) => Role::Output,
        Operand::Next(_) => Role::StateOut,
        Operand::Saved(_) | Operand::Trace(_) => Role::Saved,
        Operand::Partial(_) => Role::Partial,
        _ => Role::Grad,
    };
    let shape = shape.iter().map(|s| s.to_string()).collect();
    Buffer { shape, ..sum(name, role, written) }
}

fn optional(name: &str, shape: &[&str]) -> Buffer {
    Buffer { optional: true, ..buffer(name, shape, false) }
}

fn entry(name: &str, buffers: Vec<Buffer>) -> Entry {
    let sequences = buffers.iter().filter(|b| b.shape == ["T", "N"]);
    let strides = sequences.map(|b| format!("stride.{}", b.name));
    let mut scalars: Vec<String> = ["T", "N", "C", "S", "M"].map(String::from).into();
    scalars.extend(strides);
    if name == "reduce" {
        scalars = ["G", "S", "O"].map(String::from).into();
    }
    Entry {
        symbol: name.into(),
        offset: 0,
        buffers,
        scalars,
        uniform: vec![],
        chunk: 8,
        lanes: 1,
        threads: 1,
        block: BLOCK,
        bytes: 8.0,
    }
}

fn neuron(manifest: Manifest, max_buffer: usize) -> Neuron {
    neuron_on(manifest, Fake { max_buffer, max_turns: usize::MAX })
}

fn neuron_on(manifest: Manifest, device: Fake) -> Neuron {
    let artifact = Artifact { manifest, code: Code::Wgsl(String::new()) };
    Neuron::load(Arc::new(device), artifact).unwrap()
}

/// Numbers that no two lanes or steps share.
fn array(shape: &[usize]) -> Array {
    let n: usize = shape.iter().product();
    Array::new(shape.to_vec(), (0..n).map(|i| (i % 509) as f32 * 0.25 - 50.0).collect()).unwrap()
}

fn call(shape: &[usize]) -> Call {
    let mut call = Call::default();
    call.inputs.insert("x".into(), array(shape));
    call
}
