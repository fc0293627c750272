//! Steps folded into the batch, for what has no state.

use tch::Tensor;

use super::misfit;
use crate::error::Result;
use crate::nn::{Context, StepMode};

/// Runs an operation over `[N, *]` on `[T, N, *]`, or in single-step mode on `[N, *]` itself. It is given how often
/// what it computes counts: `T` times where all steps are the same memory, and so are computed once.
pub fn folded(
    layer: &str,
    input: &Tensor,
    context: &Context,
    run: impl FnOnce(&Tensor, i64) -> Result<Tensor>,
) -> Result<Tensor> {
    if context.step_mode == StepMode::Single {
        return run(input, 1);
    }
    let [steps, batch, ..] = input.size()[..] else {
        return Err(misfit(layer, "[T, N, *]", input));
    };
    if steps > 1 && input.stride()[0] == 0 {
        let one = run(&input.f_select(0, 0)?, steps)?.f_unsqueeze(0)?;
        let mut size = one.size();
        size[0] = steps;
        return Ok(one.f_expand(size, false)?);
    }
    let output = run(&input.f_flatten(0, 1)?, 1)?;
    // -1 would be ambiguous where there is nothing.
    Ok(output.f_unflatten(0, [steps, batch])?)
}
