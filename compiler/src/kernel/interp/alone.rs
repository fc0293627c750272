//! A function of the maths library, or a draw, as kernels in f32 compute it: what oracles in f64 are told of the f32
//! program.

use super::{Arg, Launch, Slice, SliceMut, run};
use crate::check::hir::{self, Draw};
use crate::error::EmitError;
use crate::kernel::names::Word;
use crate::kernel::{Capabilities, Verified, legalize, parse, verify};

/// A function of many numbers.
///
/// # Errors
///
/// None for the functions of [`hir::Unary`] but `sign`.
pub fn function(op: hir::Unary, x: &[f32]) -> Result<Vec<f32>, EmitError> {
    let text = format!(
        "kernel one f32 chunk 1 lanes 1 block 1\n  in state.x: state_in f32 lane\n  \
         out next.y: state_out f32 lane\n  %0 = load state.x\n  %1 = {} %0\n  store next.y, %1\n",
        crate::check::unary_word(op)
    );
    let kernel = kernel(&text)?;
    let mut y = vec![0.0; x.len()];
    let mut args = [Arg::Read(Slice::F32(x)), Arg::Write(SliceMut::F32(&mut y))];
    launch(&kernel, &Launch::dense(&kernel, 0, x.len()), &mut args)?;
    Ok(y)
}

/// A draw of steps and lanes, step by step.
///
/// # Errors
///
/// None.
pub fn draws(
    draw: Draw,
    number: u32,
    (steps, lanes): (usize, usize),
    seed: u64,
    first_step: u32,
) -> Result<Vec<f32>, EmitError> {
    let text = format!(
        "kernel one f32 chunk 4 lanes 1 block 1\n  out output.y: output f32 sequence\n  chunks forward\n    \
         steps forward\n      %0 = draw {} {number}\n      store output.y, %0\n    end\n  end\n",
        draw.word()
    );
    let kernel = kernel(&text)?;
    let mut y = vec![0.0; steps * lanes];
    let dense = Launch::dense(&kernel, steps, lanes);
    let args = &mut [Arg::Write(SliceMut::F32(&mut y))];
    launch(&kernel, &Launch { seed, first_step, ..dense }, args)?;
    Ok(y)
}

fn kernel(text: &str) -> Result<Verified<crate::kernel::Kernel>, EmitError> {
    let kernel = parse(text).map_err(|error| bug(error.to_string()))?;
    Ok(verify(legalize(kernel, &Capabilities::INTERPRETER)?)?)
}

fn launch(
    kernel: &Verified<crate::kernel::Kernel>,
    launch: &Launch,
    args: &mut [Arg<'_>],
) -> Result<(), EmitError> {
    run(kernel, launch, args).map_err(|error| bug(error.to_string()))
}

fn bug(what: String) -> EmitError {
    crate::error::Bug(what).into()
}
