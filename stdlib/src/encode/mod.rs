//! Numbers from 0 to 1 as spikes over time, `[N, *]` to `[T, N, *]`.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};

#[cfg(test)]
mod tests;

/// A spike at each step with the number as its probability: 0 never spikes, 1 always. What is drawn depends on the
/// state of libtorch's generator alone. SpikingJelly's `PoissonEncoder`.
///
/// # Errors
///
/// Those of libtorch.
pub fn poisson(numbers: &Tensor, steps: i64) -> Result<Tensor> {
    Ok(snn_runtime::torch::spikes::draw(numbers, steps)?)
}

/// When the one spike of a number comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Latency {
    /// `(T - 1)(1 - x)` steps after the first.
    Linear,
    /// `T - 1 - ln(1 + (e^(T - 1) - 1) x)` steps after the first, so that small numbers lie further apart.
    Logarithmic,
}

/// One spike for each number, the earlier the larger it is; rounded half to even. SpikingJelly's `LatencyEncoder`.
///
/// # Errors
///
/// [`Error::Settings`] where there is no step, or so many that `e^(T - 1)` is no f64; those of libtorch.
pub fn latency(numbers: &Tensor, steps: i64, latency: Latency) -> Result<Tensor> {
    let most = match latency {
        Latency::Linear => i64::from(i32::MAX),
        Latency::Logarithmic => 700,
    };
    check("latency", steps, most)?;
    let (last, wide) = ((steps - 1) as f64, numbers.f_to_kind(Kind::Double)?);
    let at = match latency {
        Latency::Linear => (1.0 - wide) * last,
        Latency::Logarithmic => last - (wide * last.exp_m1()).f_log1p()?,
    };
    let at = at.f_round()?.f_clamp(0.0, last)?.f_to_kind(Kind::Int64)?;
    let spikes = at.f_one_hot(steps)?.f_movedim_int(-1, 0)?;
    Ok(spikes.f_to_kind(numbers.kind())?)
}

/// The binary digits behind the point, the first at the first step, over and over; a spike at digit `k` stands for
/// `2^-k`. SpikingJelly's `WeightedPhaseEncoder`.
///
/// # Errors
///
/// [`Error::Settings`] where there is no digit or more than an f64 has; those of libtorch.
pub fn weighted_phase(numbers: &Tensor, digits: i64, steps: i64) -> Result<Tensor> {
    check("weighted_phase", digits, 52)?;
    let mut rest = numbers.f_to_kind(Kind::Double)?;
    let mut spikes = Vec::new();
    for digit in 1..=digits {
        let weight = 2.0_f64.powi(-(digit as i32));
        let spike = rest.f_ge(weight)?.f_to_kind(Kind::Double)?;
        rest = rest.f_sub(&(&spike * weight))?;
        spikes.push(spike);
    }
    periodic(&Tensor::f_stack(&spikes, 0)?.f_to_kind(numbers.kind())?, steps)
}

/// A sequence `[P, N, *]` over and over, for so many steps. SpikingJelly's `PeriodicEncoder`.
///
/// # Errors
///
/// [`Error::Settings`] where the sequence has no step; those of libtorch.
pub fn periodic(sequence: &Tensor, steps: i64) -> Result<Tensor> {
    let period = sequence.size().first().copied().unwrap_or(0);
    check("periodic", period, i64::MAX)?;
    let options = (Kind::Int64, sequence.device());
    let at = Tensor::f_arange(steps, options)?.f_remainder(period)?;
    Ok(sequence.f_index_select(0, &at)?)
}

fn check(layer: &str, steps: i64, most: i64) -> Result<()> {
    if (1..=most).contains(&steps) {
        return Ok(());
    }
    let why = match most {
        i64::MAX => format!("has {steps} steps, but takes 1 or more"),
        _ => format!("has {steps} steps, but takes 1 to {most}"),
    };
    Err(Error::Settings { layer: layer.into(), why })
}
