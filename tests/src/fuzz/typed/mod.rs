//! Well-typed programs, each run on every machine, under every strategy and in f64.

mod calls;
mod compare;
mod doubles;
mod expressions;
mod facts;
mod gradients;
mod kernels;
mod program;
mod shrink;

use crate::fuzz::choices::Choices;

pub use compare::compare;
pub use facts::{Facts, primitives};
pub use shrink::shrunk;

/// A program, and how it is run.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file.
    pub text: String,
    /// `T` and the shape of a step.
    pub shape: Vec<usize>,
    /// `K`, the steps of a chunk.
    pub chunk: u32,
    /// The seed of operands.
    pub numbers: u64,
    /// What the numbers of inputs are.
    pub kind: Kind,
    /// Which of the kernels are compiled.
    pub compiled: usize,
    /// Whether they also run on a GPU.
    pub on_gpu: bool,
}

/// What numbers inputs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any.
    Uniform,
    /// Multiples of an eighth, so that potentials are thresholds now and then.
    Grid,
    /// Among them such as are no numbers, infinite, tiny or negative zeros.
    Special,
}

const STEPS: [&[usize]; 12] = [
    &[1],
    &[2],
    &[3],
    &[5],
    &[7],
    &[9],
    &[1, 7],
    &[2, 2],
    &[3, 3],
    &[2, 2, 2],
    &[1, 3, 2],
    &[3, 1, 3],
];

impl Case {
    /// One that the choices say.
    pub fn draw(choices: &mut Choices<'_>) -> Self {
        let steps = 1 + choices.below(9);
        let step = choices.pick(&STEPS);
        let chunk = choices.pick(&[2, 3, 4, 1, 8]);
        let numbers = choices.below(1 << 16) as u64;
        let kind = match choices.below(20) {
            0..14 => Kind::Uniform,
            14..19 => Kind::Grid,
            _ => Kind::Special,
        };
        let compiled = choices.below(kernels::COUNT);
        let on_gpu = choices.below(16) == 15;
        let text = program::program(choices);
        Self { text, shape: [&[steps], step].concat(), chunk, numbers, kind, compiled, on_gpu }
    }

    /// The program with how it is run, as a file.
    pub fn file(&self) -> String {
        let Self { text, shape, chunk, numbers, kind, compiled, .. } = self;
        format!(
            "// T and the shape of a step {shape:?}, chunks of {chunk}, {kind:?} inputs of seed \
             {numbers}, kernels {compiled}\n{text}"
        )
    }
}
