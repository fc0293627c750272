//! The kernels of one neuron: simplified or not, under every strategy, in f32 and in f64.

use snn_artifact::Target;
use snn_compiler::check::Save;
use snn_compiler::check::hir::Neuron;
use snn_compiler::diff::Adjoint;
use snn_compiler::error::EmitError;
use snn_compiler::kernel::{
    self, Capabilities, Float, Kernel, Storage, Verified, legalize, relax, verify,
    verify_before_legalize,
};
use snn_compiler::pipeline::{self, Options};
use snn_compiler::saves;

/// How many kernels [`all`] has.
pub const COUNT: usize = 6;

/// What decides the kernels of a neuron beside the target.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whether they are simplified.
    pub simplify: bool,
    /// What is saved.
    pub save: Save,
}

impl Wanted {
    /// Whether gradients have the error of numbers saved in 16 bits.
    pub fn is_narrow(&self) -> bool {
        self.save == Save::States { narrow: true }
    }

    /// The neuron that asks for it.
    pub fn neuron(&self, neuron: &Neuron) -> Neuron {
        Neuron { save: self.save.clone(), ..neuron.clone() }
    }

    /// Options with which it is compiled.
    pub fn options(&self, options: &Options) -> Options {
        Options { simplify: self.simplify, ..options.clone() }
    }

    /// The adjoint that kernels are made of.
    pub fn adjoint(&self, neuron: &Neuron, options: &Options) -> Adjoint {
        pipeline::middle(&self.neuron(neuron), &self.options(options))
    }
}

/// Every strategy, the first as plain as it gets; the last saves one of the named values.
pub fn all(neuron: &Neuron, number: u64) -> [Wanted; COUNT] {
    let named = &neuron.named;
    let one = (!named.is_empty()).then(|| {
        let named = &named[number as usize % named.len()];
        Save::Names(vec![(named.name.clone(), false)])
    });
    let wanted = |simplify, save| Wanted { simplify, save };
    [
        wanted(false, Save::Auto),
        wanted(true, Save::Auto),
        wanted(true, Save::Inputs),
        wanted(true, Save::States { narrow: false }),
        wanted(true, Save::States { narrow: true }),
        wanted(false, one.unwrap_or(Save::States { narrow: false })),
    ]
}

/// The adjoints of all; only names of what is saved decide how one is simplified.
pub fn adjoints(neuron: &Neuron, all: &[Wanted], options: &Options) -> Vec<Adjoint> {
    let mut made: Vec<Adjoint> = Vec::new();
    for (i, wanted) in all.iter().enumerate() {
        let is_named = matches!(wanted.save, Save::Names(_));
        let alike = all[..i].iter().position(|other| other.simplify == wanted.simplify);
        let adjoint = match alike.filter(|_| !is_named) {
            Some(other) => {
                let mut adjoint = made[other].clone();
                adjoint.neuron.save = wanted.save.clone();
                adjoint
            }
            None => wanted.adjoint(neuron, options),
        };
        made.push(adjoint);
    }
    made
}

/// The kernels of an adjoint, computed in f32 or f64.
pub fn of(
    adjoint: &Adjoint,
    options: &Options,
    float: Float,
) -> Result<Vec<Verified<Kernel>>, EmitError> {
    let schedule = options.schedule();
    let saves = saves::choose(adjoint, &options.target, schedule);
    let lowered = kernel::lower(adjoint, schedule, &saves);
    let capabilities = match (float, &options.target) {
        (Float::F64, _) => Capabilities::INTERPRETER,
        (_, Target::Wgsl) => Capabilities::WGSL,
        _ => Capabilities::CPU,
    };
    let all = [lowered.forward, lowered.forward_train, lowered.backward];
    let legal = |mut kernel: Kernel| {
        if float == Float::F64 {
            widen(&mut kernel);
        }
        verify_before_legalize(&kernel)?;
        Ok(verify(relax(legalize(kernel, &capabilities)?, options.has_fma()))?)
    };
    all.into_iter().map(legal).collect()
}

/// Makes the reals of a kernel and of its buffers f64.
fn widen(kernel: &mut Kernel) {
    kernel.compute = Float::F64;
    let reals = kernel.buffers.iter_mut().filter(|buffer| buffer.storage == Storage::F32);
    reals.for_each(|buffer| buffer.storage = Storage::F64);
}
