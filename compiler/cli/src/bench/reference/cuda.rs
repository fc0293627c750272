//! How the entries of `lif.cu` are called, as the manifest of an artifact: a runtime then loads and
//! launches them like compiled ones. Their PTX is made by
//!
//! ```text
//! nvcc -ptx -O3 -arch=sm_75 compiler/cli/src/bench/reference/lif.cu -o lif.ptx
//! ```

use snn_artifact::{
    ABI, Artifact, Buffer, Code, Dtype, Entry, Manifest, Param, ParamDefault, Port, Ptx, Role,
    SCHEMA, Sharing, Target,
};

/// Steps from one saved potential to the next, as in `lif.cu`.
const CHUNK: u32 = 8;

/// A buffer: its name, its role and its shape. What starts with `>` is written, what ends in `?` may be
/// left out.
type Line = (&'static str, Role, &'static [&'static str]);

const SEQUENCE: &[&str] = &["T", "N"];
const LANE: &[&str] = &["N"];
const LAYER: &[&str] = &["1"];
const SAVED: &[&str] = &["max(ceil(T / 8), 1) - 1", "N"];

/// What all entries read first.
const GIVEN: [Line; 5] = [
    ("input.x", Role::Input, SEQUENCE),
    ("state.v?", Role::StateIn, LANE),
    ("param.tau", Role::Param, LAYER),
    ("param.v_threshold", Role::Param, LAYER),
    ("param.v_reset", Role::Param, LAYER),
];

const FORWARD: [Line; 2] =
    [(">output.s", Role::Output, SEQUENCE), (">next.v", Role::StateOut, LANE)];

const TRAIN: [Line; 1] = [(">saved.v", Role::Saved, SAVED)];

const BACKWARD: [Line; 5] = [
    ("saved.v", Role::Saved, SAVED),
    ("grad.output.s", Role::Grad, SEQUENCE),
    ("grad.next.v?", Role::Grad, LANE),
    (">grad.input.x", Role::Grad, SEQUENCE),
    (">grad.state.v", Role::Grad, LANE),
];

/// The artifact of the PTX that `lif.cu` was compiled to.
pub fn artifact(ptx: String) -> Artifact {
    let entries = [
        ("forward", [&GIVEN[..], &FORWARD].concat(), 8.0),
        ("forward_train", [&GIVEN[..], &FORWARD, &TRAIN].concat(), 8.0 + 4.0 / f64::from(CHUNK)),
        ("backward", [&GIVEN[..], &BACKWARD].concat(), 12.0 + 4.0 / f64::from(CHUNK)),
    ];
    let entries =
        entries.map(|(name, lines, bytes)| (name.to_string(), entry(name, &lines, bytes)));
    let port = |name: &str| {
        vec![Port { name: name.into(), dtype: Dtype::F32, last: false, packed: false }]
    };
    let manifest = Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: "nvcc".into(),
        key: String::new(),
        neuron: "Lif".into(),
        options: vec![],
        target: Target::Ptx { sm: 75 },
        math: "fast".into(),
        compute: Dtype::F32,
        inputs: port("x"),
        outputs: port("s"),
        states: port("v"),
        params: [("tau", 2.0), ("v_threshold", 1.0), ("v_reset", 0.0)].map(param).to_vec(),
        save: String::new(),
        saved: Vec::new(),
        entries: entries.into(),
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    };
    Artifact { manifest, code: Code::Ptx(vec![Ptx { sm: 75, text: ptx }]) }
}

fn param((name, default): (&str, f64)) -> Param {
    let (sharing, learn) = (Sharing::Layer, false);
    let default = ParamDefault::Number(default);
    Param { name: name.into(), sharing, learn, axis: None, default, range: None, via: None }
}

fn entry(name: &str, lines: &[Line], bytes: f64) -> Entry {
    let buffers: Vec<Buffer> = lines.iter().map(buffer).collect();
    let sequences = buffers.iter().filter(|buffer| buffer.shape == SEQUENCE);
    let strides = sequences.map(|buffer| format!("stride.{}", buffer.name));
    let scalars = ["T", "N", "C", "S", "M"].map(String::from).into_iter().chain(strides).collect();
    Entry {
        symbol: format!("lif_{name}"),
        offset: 0,
        buffers,
        scalars,
        uniform: vec![],
        chunk: CHUNK,
        lanes: 4,
        threads: 128,
        block: 512,
        bytes,
    }
}

fn buffer(&(name, role, shape): &Line) -> Buffer {
    let bare = name.trim_start_matches('>').trim_end_matches('?');
    Buffer {
        name: bare.into(),
        role,
        dtype: Dtype::F32,
        shape: shape.iter().map(|size| size.to_string()).collect(),
        written: name.starts_with('>'),
        optional: name.ends_with('?'),
        binding: None,
    }
}
