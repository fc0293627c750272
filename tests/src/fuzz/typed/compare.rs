//! One program on every machine. What differs is a panic.
//!
//! Forward has the same bits in all kernels, whatever they save and whether they are simplified, on every
//! machine; it is computed as the oracle computes it in f32. Backward of the same kernels has the same
//! bits on every machine. What kernels differ in is held against the oracle, twice:
//!
//! - in f64, where rounding is no excuse: within [`EXACT`] of the gradient's size, or within [`WORSE`]
//!   times as much as it moves where what is given moves by [`NUDGE`]: at a tie, or where numbers cancel;
//! - in f32, with derivatives that the oracle takes in f64 at the points that f32 gives: within [`NEAR`],
//!   or, where the program is so ill-conditioned that the plain kernels are further away, within
//!   [`WORSE`] times as far as those. How many of the gradients need that is counted.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use snn_artifact::Target;
use snn_compiler::check::hir::{Graph, Neuron, Node, Op, Type};
use snn_compiler::check::{NoImports, Specialization};
use snn_compiler::diff::Adjoint;
use snn_compiler::error::EmitError;
use snn_compiler::kernel::Float;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::{self, Options};
use snn_runtime::cpu::Cpu;
use snn_runtime::device::Device;
use snn_runtime::neuron::{Arrays, Call, Forward, Gradients, Seeds};

use crate::compare::assert_bits_equal;
use crate::fuzz::typed::gradients::{Results, double, errors, least, single};
use crate::fuzz::typed::kernels::{self, Wanted};
use crate::fuzz::typed::{Case, Facts, calls, doubles};
use crate::interpret::Interpreted;

/// How far gradients in f64 may be from the oracle's.
const EXACT: f64 = 1e-9;
/// How far gradients in f32 may be.
const NEAR: f64 = 1e-5;
/// How many times as far as those of the plain kernels they may be otherwise.
const WORSE: f64 = 64.0;
/// How far a number is moved, as a share of it, to find out what a gradient is sensitive to.
const NUDGE: f64 = 1e-12;
/// Products of larger numbers overflow in f32, in one form of a gradient and not in another, and what is
/// added to them is lost.
const HUGE: f64 = 1e18;
/// How far gradients with states in bfloat16 mostly are.
const NARROW: f64 = 5e-2;

thread_local! {
    /// The processor, with one thread for each that soaks.
    static CPU: Arc<dyn Device> = Arc::new(Cpu::with_threads(1).unwrap());
    /// Not closed at the end of its thread: a driver that is unloaded then may leave it code to run that is
    /// no longer there.
    static GPU: ManuallyDrop<Option<Arc<dyn Device>>> = ManuallyDrop::new(gpu());
}

#[cfg(feature = "wgpu")]
fn gpu() -> Option<Arc<dyn Device>> {
    snn_runtime::devices::open("wgpu:0").ok()
}

#[cfg(not(feature = "wgpu"))]
fn gpu() -> Option<Arc<dyn Device>> {
    None
}

/// Runs a case on all machines and says what it was like.
pub fn compare(case: &Case) -> Facts {
    let mut facts = Facts::default();
    facts.add("programs", 1);
    facts.add_text(&case.text);
    let neuron = &neuron(&case.text);
    let (call, seeds) = calls::draw(neuron, case);
    let cpu = CPU.with(Arc::clone);
    let run = Run { case, neuron, call: &call, seeds: &seeds };
    let options = Options { tuning: Tuning::of_chunk(case.chunk), ..Options::new(cpu.target()) };
    let all = kernels::all(neuron, case.numbers);
    let adjoints = kernels::adjoints(neuron, &all, &options);
    let found = run.strategies(&all, &adjoints, &options);
    describe(neuron, &found[0], &mut facts);
    let which = case.compiled;
    run.device(&cpu, &all[which], &options, &found[which]);
    facts.add("on the cpu", 1);
    if case.on_gpu {
        run.on_gpu(&all[which], &found[0], &mut facts);
    }
    run.in_doubles(&all, &adjoints, &options, &mut facts);
    run.in_singles(&all, &found, &mut facts);
    facts
}

/// The neuron of a program. One with which something is wrong is a mistake of whoever drew it.
fn neuron(text: &str) -> Neuron {
    let source = pipeline::Source { name: "typed.snn", text };
    let front = pipeline::front(source, &Specialization::default(), &NoImports);
    front.unwrap_or_else(|findings| panic!("{}", findings.render(false))).neuron
}

/// A neuron with its operands.
struct Run<'a> {
    case: &'a Case,
    neuron: &'a Neuron,
    call: &'a Call,
    seeds: &'a Seeds,
}

impl Run<'_> {
    /// All kernels on the interpreter, with the same bits forward.
    fn strategies(
        &self,
        all: &[Wanted],
        adjoints: &[Adjoint],
        options: &Options,
    ) -> Vec<Gradients> {
        let mut found: Vec<Gradients> = Vec::new();
        for (wanted, adjoint) in all.iter().zip(adjoints) {
            let kernels = kernels::of(adjoint, options, Float::F32);
            let kernels = kernels.unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
            let interpreted = Interpreted::of(self.neuron, kernels);
            let gradients = interpreted.grad(self.call, self.seeds);
            let alone = interpreted.forward(self.call);
            same_forward(&format!("{wanted:?}, forward alone"), &alone, &gradients.forward);
            if let Some(first) = found.first() {
                same_forward(&format!("{wanted:?}"), &gradients.forward, &first.forward);
            }
            found.push(gradients);
        }
        found
    }

    /// A device has the interpreter's bits.
    fn device(
        &self,
        device: &Arc<dyn Device>,
        wanted: &Wanted,
        options: &Options,
        expected: &Gradients,
    ) {
        let what = format!("{} with {wanted:?}", device.name());
        let (neuron, options) = (wanted.neuron(self.neuron), wanted.options(options));
        let made = pipeline::back(&neuron, &options, "typed".into());
        let artifact = made.unwrap_or_else(|error| panic!("{what}: {error}"));
        let loaded = snn_runtime::neuron::Neuron::load(Arc::clone(device), artifact);
        let loaded = loaded.unwrap_or_else(|error| panic!("{what}: {error}"));
        let found = loaded.grad(self.call, self.seeds);
        let found = &found.unwrap_or_else(|error| panic!("{what}: {error}"));
        let alone = loaded.forward(self.call);
        let alone = alone.unwrap_or_else(|error| panic!("{what}: {error}"));
        same_forward(&format!("{what}, forward alone"), &alone, &found.forward);
        same_forward(&what, &found.forward, &expected.forward);
        same_arrays(&format!("gradient on {what}"), &found.inputs, &expected.inputs);
        same_arrays(&format!("gradient on {what}"), &found.states, &expected.states);
        // Sums over lanes may be taken in another order.
        for (operand, error) in errors(&found.into(), &expected.into(), least(self.seeds)) {
            assert!(error <= NEAR, "{what}, gradient of {operand} is off by {error:.1e}");
        }
    }

    /// A GPU has the bits of the interpreter with the kernels that it runs, and so those of the others
    /// forward, where it can do all of the program.
    fn on_gpu(&self, wanted: &Wanted, base: &Gradients, facts: &mut Facts) {
        let Some(gpu) = GPU.with(|gpu| (**gpu).clone()) else { return };
        let options =
            Options { tuning: Tuning::of_chunk(self.case.chunk), ..Options::new(Target::Wgsl) };
        let adjoint = wanted.adjoint(self.neuron, &options);
        match kernels::of(&adjoint, &options, Float::F32) {
            // WGSL has no numbers of 16 bits.
            Ok(_) if wanted.is_narrow() => facts.add("on a gpu, refused", 1),
            Ok(kernels) => {
                let expected = Interpreted::of(self.neuron, kernels).grad(self.call, self.seeds);
                same_forward("kernels of a GPU", &expected.forward, &base.forward);
                self.device(&gpu, wanted, &options, &expected);
                facts.add("on a gpu", 1);
            }
            Err(EmitError::Unsupported(_)) => facts.add("on a gpu, refused", 1),
            Err(error) => panic!("{error}"),
        }
    }

    /// Kernels in f64 give what the oracle gives.
    fn in_doubles(
        &self,
        all: &[Wanted],
        adjoints: &[Adjoint],
        options: &Options,
        facts: &mut Facts,
    ) {
        let of = |share| double(self.neuron, self.call, self.seeds, share);
        let (truth, least) = (of(0.0), least(self.seeds));
        let moved = || [NUDGE, -NUDGE].map(|share| errors(&of(share), &truth, least));
        let mut moves: Option<[Vec<(String, f64)>; 2]> = None;
        let mut plain: Option<Vec<(String, f64)>> = None;
        for (wanted, adjoint) in all.iter().zip(adjoints).filter(|(w, _)| !w.is_narrow()) {
            let kernels = kernels::of(adjoint, options, Float::F64).unwrap();
            let found = doubles::grad(self.neuron, &kernels, self.call, self.seeds);
            if !same_run(&found, &truth, EXACT) {
                facts.add("in f64, forward differs", 1);
                continue;
            }
            facts.add("in f64, compared", 1);
            let errors = errors(&found, &truth, least);
            let plain = plain.get_or_insert_with(|| errors.clone());
            for (i, ((operand, error), (_, plain))) in errors.iter().zip(plain).enumerate() {
                // The oracle takes 0 * inf as 0. Where the plain kernels have no number none has to be.
                if !plain.is_finite() {
                    facts.add("gradients in f64, of no number", 1);
                    continue;
                }
                // Not `error > EXACT`, which NaN would pass.
                if *error <= EXACT {
                    continue;
                }
                let moves = moves.get_or_insert_with(moved);
                let is_sensitive = moves.iter().any(|moves| *error <= WORSE * moves[i].1);
                let kind = match () {
                    () if is_sensitive => "sensitive",
                    () if self.has_huge_numbers(&found) => "of huge numbers",
                    () => panic!("{wanted:?} in f64, gradient of {operand} is off by {error:.1e}"),
                };
                facts.add(&format!("gradients in f64, {kind}"), 1);
            }
        }
    }

    /// Whether products of what goes in or comes out, or stands in the program, may overflow.
    fn has_huge_numbers(&self, base: &Results) -> bool {
        let is_huge = |number: f64| number.is_finite() && number.abs() > HUGE;
        let is_constant = |(_, node): (_, &Node)| match node.op {
            Op::Const(number) => is_huge(number.value()) || is_huge(1.0 / number.value()),
            _ => false,
        };
        let given = self.call.inputs.values().chain(self.call.states.values());
        let given = given.flat_map(|array| array.data()).copied().map(f64::from);
        let found = base.outputs.values().chain(base.last.values()).flatten().copied();
        given.chain(found).any(is_huge) || self.neuron.graph.iter().any(is_constant)
    }

    /// Gradients in f32 are near the oracle's.
    fn in_singles(&self, all: &[Wanted], found: &[Gradients], facts: &mut Facts) {
        let truth = single(self.neuron, self.call, self.seeds);
        let base = Results::from(&found[0]);
        assert!(
            same_run(&base, &truth, 0.0),
            "forward in f32 is not the oracle's:\n{base:?}\n{truth:?}"
        );
        let least = least(self.seeds);
        let plain = errors(&base, &truth, least);
        let is_huge = self.has_huge_numbers(&base);
        for (wanted, found) in all.iter().zip(found) {
            let errors = errors(&found.into(), &truth, least);
            for ((operand, error), (_, plain)) in errors.iter().zip(&plain) {
                let narrow = if wanted.is_narrow() { ", bf16" } else { "" };
                let kind = match () {
                    () if *error <= NEAR => "within 1e-5",
                    () if wanted.is_narrow() && *error <= NARROW => "within 5e-2",
                    () if wanted.is_narrow() => "beyond",
                    () if *error <= WORSE * plain => "ill-conditioned",
                    // Where the plain kernels have no number none has to be.
                    () if !plain.is_finite() => "of no number",
                    () if is_huge => "of huge numbers",
                    () => panic!(
                        "{wanted:?}, gradient of {operand} is off by {error:.1e}, plain by {plain:.1e}"
                    ),
                };
                facts.add(&format!("gradients in f32{narrow}, {kind}"), 1);
            }
        }
    }
}

/// Whether forward gave the same numbers, but for what two maths libraries may differ in.
fn same_run(found: &Results, expected: &Results, within: f64) -> bool {
    let near = |a: &f64, b: &f64| (a - b).abs() <= within * b.abs().max(1.0);
    let same = |a: &f64, b: &f64| a == b || (a.is_nan() && b.is_nan()) || near(a, b);
    let both = found.outputs.iter().chain(&found.last);
    let both = both.zip(expected.outputs.iter().chain(&expected.last));
    let mut both = both.flat_map(|((_, a), (_, b))| a.iter().zip(b));
    both.all(|(a, b)| same(a, b))
}

#[track_caller]
fn same_forward(what: &str, found: &Forward, expected: &Forward) {
    same_arrays(what, &found.outputs, &expected.outputs);
    same_arrays(what, &found.states, &expected.states);
}

#[track_caller]
fn same_arrays(what: &str, found: &Arrays, expected: &Arrays) {
    assert!(found.keys().eq(expected.keys()), "{what}: {:?}", found.keys());
    for (operand, found) in found {
        assert_bits_equal(&format!("{what}: {operand}"), found.data(), expected[operand].data());
    }
}

/// Counts what a program is and does.
fn describe(neuron: &Neuron, found: &Gradients, facts: &mut Facts) {
    facts.add("states", neuron.states.len() as u64);
    facts.add("nodes", neuron.graph.len() as u64);
    facts.add("depth", depth(&neuron.graph));
    let fired = |prefix: &str| {
        let outputs = found.forward.outputs.iter().filter(|(name, _)| name.starts_with(prefix));
        let mut numbers = outputs.flat_map(|(_, array)| array.data());
        numbers.any(|number| *number != 0.0)
    };
    let spikes = ["s", "z", "l"].into_iter().any(fired);
    facts.add("that spike", u64::from(spikes));
    let is_reset = neuron.states.iter().any(|state| {
        let needed = neuron.graph.needed([state.next]);
        neuron
            .graph
            .iter()
            .any(|(id, node)| needed[id.0 as usize] && matches!(node.op, Op::Spike(..)))
    });
    facts.add("that spike and reset", u64::from(spikes && is_reset));
    facts.add("with an int state", u64::from(neuron.states.iter().any(|s| s.ty == Type::Int)));
    let arrays = [&found.forward.outputs, &found.forward.states, &found.inputs, &found.params];
    let mut numbers = arrays.into_iter().flat_map(Arrays::values).flat_map(|array| array.data());
    facts.add("with finite numbers alone", u64::from(numbers.all(|number| number.is_finite())));
}

/// The most operations one in another.
fn depth(graph: &Graph) -> u64 {
    let mut depths: Vec<u64> = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let below = node.op.operands().map(|operand| depths[operand.0 as usize]).max();
        depths.push(below.map_or(0, |below| below + 1));
    }
    depths.into_iter().max().unwrap_or_default()
}
