//! Inputs that nobody would write, and what has to hold of all of them.
//!
//! [`text`] makes an input, [`Target::run`] takes it through a part of the compiler, and
//! [`soak`] does so many times. A [`Reader`] is the same for files of events and archives. `fuzz/` gives the same targets to cargo-fuzz.

mod choices;
mod corpus;
mod expressions;
mod grammar;
mod mutate;
pub mod over_time;
mod readers;
mod soak;
mod targets;
pub mod typed;

pub use choices::Choices;
pub use corpus::root;
pub use readers::Reader;
pub use soak::{Failure, Plan, Summary, soak};
pub use targets::{Target, Verdict};

/// An input: a program along the grammar, one with changes, a file of the corpus with changes, or
/// bytes as they come.
pub fn text(choices: &mut Choices<'_>) -> Vec<u8> {
    match choices.below(100) {
        0..55 => grammar::program(choices).into_bytes(),
        55..65 => {
            let mut program = grammar::program(choices);
            mutate::change(&mut program, choices);
            program.into_bytes()
        }
        65..93 => mutate::corpus(choices).into_bytes(),
        _ => raw(choices),
    }
}

/// What is left of the bytes, or else some of any kind.
fn raw(choices: &mut Choices<'_>) -> Vec<u8> {
    let rest = choices.rest();
    if !rest.is_empty() {
        return rest.to_vec();
    }
    let signs = b" \n\n(){}[]=+-*/^;:,.@#\"_0159aevxs<>";
    let any = choices.percent(50);
    let byte = |choices: &mut Choices<'_>| match any {
        true => choices.below(256) as u8,
        false => choices.pick(signs),
    };
    (0..choices.below(200)).map(|_| byte(choices)).collect()
}
