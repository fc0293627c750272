//! What the f64 oracle says of a call, guided by the f32 program.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use snn_compiler::check::hir::{Neuron, Unary, Via};
use snn_compiler::kernel::interp::{Arg, Launch, Slice, SliceMut, run};
use snn_compiler::kernel::{Capabilities, Kernel, Verified, legalize, parse, verify};
use snn_compiler::oracle::{self, Gradients, Mode, Run, Shared};
use snn_runtime::neuron::{Array, Arrays, Call, Seeds};

use crate::operands::{Sizes, stored};

/// Lanes that one thread takes at a time.
const PIECE: usize = 1 << 15;

/// A run and its gradients, in the order that the neuron declares things.
pub fn expected(neuron: &Neuron, call: &Call, seeds: &Seeds) -> (Run, Gradients) {
    let sizes = Sizes::of(call);
    let starts: Vec<usize> = (0..sizes.lanes.max(1)).step_by(PIECE).collect();
    let functions = Functions::new(neuron, call, &sizes);
    let function = |op, a| functions.value(op, a);
    let piece = |&start: &usize| {
        let lanes = start..sizes.lanes.min(start + PIECE);
        let (call, seeds) = cut(neuron, call, seeds, &sizes, lanes);
        oracle::gradients(neuron, &call, &seeds, Mode::Single(&function))
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut pieces = Vec::new();
    for group in starts.chunks(threads) {
        std::thread::scope(|scope| {
            let running: Vec<_> =
                group.iter().map(|start| scope.spawn(move || piece(start))).collect();
            pieces.extend(running.into_iter().map(|thread| thread.join().unwrap()));
        });
    }
    joined(neuron, pieces, sizes.steps)
}

/// A call as the oracle takes it.
pub fn operands(neuron: &Neuron, call: &Call, seeds: &Seeds) -> (oracle::Call, oracle::Seeds) {
    let sizes = Sizes::of(call);
    cut(neuron, call, seeds, &sizes, 0..sizes.lanes)
}

/// Some lanes of a call as the oracle takes it.
fn cut(
    neuron: &Neuron,
    call: &Call,
    seeds: &Seeds,
    sizes: &Sizes,
    lanes: std::ops::Range<usize>,
) -> (oracle::Call, oracle::Seeds) {
    let wide = |array: &Array| {
        let rows = array.data().chunks_exact(sizes.lanes.max(1));
        rows.flat_map(|row| row[lanes.clone()].iter().copied().map(f64::from)).collect()
    };
    let find = |arrays: &Arrays, name: &str| arrays.get(name).map(wide);
    let params = neuron.params.iter().map(|param| Shared {
        values: stored(param, call, sizes).into_iter().map(f64::from).collect(),
        member: lanes.clone().map(|lane| sizes.member(param.sharing, lane) as u32).collect(),
    });
    let oracle_call = oracle::Call {
        steps: sizes.steps,
        lanes: lanes.len(),
        inputs: neuron
            .inputs
            .iter()
            .map(|input| match input.product() {
                Some(_) => Vec::new(),
                None => find(&call.inputs, &input.name).unwrap(),
            })
            .collect(),
        states: neuron.states.iter().map(|s| find(&call.states, &s.name)).collect(),
        params: params.collect(),
        weights: neuron
            .weights
            .iter()
            .map(|weight| stored(weight, call, sizes).into_iter().map(f64::from).collect())
            .collect(),
    };
    let seeds = oracle::Seeds {
        outputs: neuron.outputs.iter().map(|o| find(&seeds.outputs, &o.name)).collect(),
        states: neuron.states.iter().map(|s| find(&seeds.states, &s.name)).collect(),
    };
    (oracle_call, seeds)
}

/// Puts the lanes of pieces beside each other and adds the gradients of params.
fn joined(neuron: &Neuron, pieces: Vec<(Run, Gradients)>, steps: usize) -> (Run, Gradients) {
    let (runs, found): (Vec<Run>, Vec<Gradients>) = pieces.into_iter().unzip();
    let sequences = |of: &dyn Fn(usize) -> Vec<Vec<f64>>| beside(runs.len(), &|_| steps, of);
    let rows = |of: &dyn Fn(usize) -> Vec<Vec<f64>>| beside(runs.len(), &|_| 1, of);
    let given = |output: usize| if neuron.outputs[output].last { 1 } else { steps };
    let run = Run {
        outputs: beside(runs.len(), &given, &|i| runs[i].outputs.clone()),
        states: rows(&|i| runs[i].states.clone()),
    };
    let (mut params, mut weights) = (found[0].params.clone(), found[0].weights.clone());
    for other in &found[1..] {
        let more = other.params.iter().chain(&other.weights).flatten();
        for (sum, more) in params.iter_mut().chain(&mut weights).flatten().zip(more) {
            *sum += more;
        }
    }
    let inputs = sequences(&|i| found[i].inputs.clone());
    (run, Gradients { inputs, states: rows(&|i| found[i].states.clone()), params, weights })
}

/// Joins the rows of the pieces' arrays, of which each has so many.
fn beside(
    pieces: usize,
    rows: &dyn Fn(usize) -> usize,
    of: &dyn Fn(usize) -> Vec<Vec<f64>>,
) -> Vec<Vec<f64>> {
    let all: Vec<Vec<Vec<f64>>> = (0..pieces).map(of).collect();
    let join = |which: usize| {
        let row = |array: &[f64], t: usize| {
            let width = array.len() / rows(which).max(1);
            array[t * width..][..width].to_vec()
        };
        (0..rows(which)).flat_map(|t| all.iter().flat_map(move |p| row(&p[which], t))).collect()
    };
    (0..all[0].len()).map(join).collect()
}

/// Functions of one number as kernels compute them in f32, with those of the stored params at hand.
pub struct Functions {
    known: HashMap<(Unary, u32), f32>,
}

impl Functions {
    /// With what a call's params are made of.
    pub fn new(neuron: &Neuron, call: &Call, sizes: &Sizes) -> Self {
        let mut known = HashMap::new();
        for param in neuron.params.iter().chain(&neuron.weights) {
            let op = match param.via {
                Some(Via::Sigmoid) => Unary::Sigmoid,
                Some(Via::Softplus) => Unary::Softplus,
                Some(Via::Exp) => Unary::Exp,
                None => continue,
            };
            let x = stored(param, call, sizes);
            let bits = x.iter().map(|x| (op, x.to_bits()));
            known.extend(bits.zip(values(op, &x)));
        }
        Self { known }
    }

    /// The value of a function.
    pub fn value(&self, op: Unary, a: f32) -> f32 {
        self.known.get(&(op, a.to_bits())).copied().unwrap_or_else(|| values(op, &[a])[0])
    }
}

/// A function of many numbers.
fn values(op: Unary, x: &[f32]) -> Vec<f32> {
    let kernel = kernel(op);
    let mut y = vec![0.0; x.len()];
    let mut args = [Arg::Read(Slice::F32(x)), Arg::Write(SliceMut::F32(&mut y))];
    run(&kernel, &Launch::dense(&kernel, 0, x.len()), &mut args).unwrap();
    y
}

/// A kernel that is the function and nothing else; each is made once.
fn kernel(op: Unary) -> Arc<Verified<Kernel>> {
    static KNOWN: LazyLock<Mutex<HashMap<Unary, Arc<Verified<Kernel>>>>> =
        LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap();
    Arc::clone(known.entry(op).or_insert_with(|| Arc::new(made(op))))
}

fn made(op: Unary) -> Verified<Kernel> {
    let word = format!("{op:?}").to_lowercase();
    let text = format!(
        "kernel one f32 chunk 1 lanes 1 block 1\n  in state.x: state_in f32 lane\n  \
         out next.y: state_out f32 lane\n  %0 = load state.x\n  %1 = {word} %0\n  \
         store next.y, %1\n"
    );
    verify(legalize(parse(&text).unwrap(), &Capabilities::INTERPRETER).unwrap()).unwrap()
}
