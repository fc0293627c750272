//! Params whose numbers the host draws where the caller gives none.
//!
//! The generator is ChaCha with 8 rounds, keyed by the SHA-256 of the seed and the param's name, and the
//! functions are `libm`'s: the numbers are the same on every machine, and depend neither on the order of
//! declarations nor, but for how many there are, on the shape of the run.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use snn_artifact::{Distribution, Param, digest};

use super::params::{contains, rounded};
use crate::error::{Error, Result};

/// How often a number is drawn anew that is not in the range. The compiler refuses distributions of
/// which less than one number in a hundred is.
const DRAWS: usize = 10_000;

/// The first `n` numbers of a param, constrained, in its range.
///
/// # Errors
///
/// [`Error::Artifact`] where the distribution has next to no numbers in the range.
pub fn numbers(
    param: &Param,
    distribution: &Distribution,
    n: usize,
    seed: u64,
) -> Result<Vec<f32>> {
    let mut random = ChaCha8Rng::from_seed(key(&param.name, seed));
    let distribution = &of_numbers(distribution, n);
    let mut number = || {
        let mut draws = (0..DRAWS).map(|_| draw(distribution, &mut random));
        draws.find(|number| is_allowed(param, distribution, *number))
    };
    let none = || {
        let range = param.range.map(|range| range.to_string()).unwrap_or_default();
        let why = format!("no number of {distribution} was found in its range {range}");
        Error::Artifact(format!("the param `{}`: {why}", param.name))
    };
    (0..n).map(|_| number().ok_or_else(none)).collect()
}

/// A distribution of so many numbers: that of a matrix is uniform, with bounds by how many columns it has.
fn of_numbers(distribution: &Distribution, n: usize) -> Distribution {
    match *distribution {
        Distribution::KaimingUniform { a } => {
            let columns = (n as f64).sqrt().max(1.0);
            let bound = (6.0 / ((1.0 + a * a) * columns)).sqrt();
            Distribution::Uniform { low: -bound, high: bound }
        }
        other => other,
    }
}

fn key(name: &str, seed: u64) -> [u8; 32] {
    digest([&seed.to_le_bytes(), name.as_bytes()].concat())
}

fn draw(distribution: &Distribution, random: &mut ChaCha8Rng) -> f32 {
    let number = match *distribution {
        Distribution::Uniform { low, high } => low + (high - low) * unit(random),
        Distribution::Normal { mean, std } => mean + std * normal(random),
        // It was made uniform.
        Distribution::KaimingUniform { .. } => 0.0,
    };
    number as f32
}

/// From 0 to below 1, in steps of 2^-53.
fn unit(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 * (0.5 / (1_u64 << 52) as f64)
}

/// By Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * libm::log(1.0 - unit(random))).sqrt();
    radius * libm::cos(2.0 * std::f64::consts::PI * unit(random))
}

/// Whether a number, which was rounded, is one of the distribution and of the range.
fn is_allowed(param: &Param, distribution: &Distribution, number: f32) -> bool {
    let is_below = match *distribution {
        Distribution::Uniform { high, .. } => f64::from(number) < rounded(high),
        Distribution::Normal { .. } | Distribution::KaimingUniform { .. } => number.is_finite(),
    };
    is_below && param.range.is_none_or(|range| contains(range, f64::from(number), rounded))
}

#[cfg(test)]
mod tests {
    use snn_artifact::{ParamDefault, Range, Sharing};

    use super::*;

    const UNIFORM: Distribution = Distribution::Uniform { low: -1.0, high: 3.0 };
    const NORMAL: Distribution = Distribution::Normal { mean: 2.0, std: 0.5 };

    fn param(name: &str, distribution: Distribution, range: Option<Range>) -> Param {
        let default = ParamDefault::Drawn(distribution);
        Param {
            name: name.into(),
            sharing: Sharing::Neuron,
            learn: false,
            axis: None,
            default,
            range,
            via: None,
        }
    }

    fn of(name: &str, distribution: Distribution, n: usize, seed: u64) -> Vec<f32> {
        numbers(&param(name, distribution, None), &distribution, n, seed).unwrap()
    }

    fn moments(numbers: &[f32]) -> (f64, f64) {
        let n = numbers.len() as f64;
        let mean = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let square = numbers.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
        (mean, square.sqrt())
    }

    #[test]
    fn draws_are_the_same_on_every_machine() {
        // From ChaCha and SHA-256 as their papers have them, in another language.
        let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(of("w", UNIFORM, 3, 7)), [1046842898, 3197243809, 1058147563]);
        assert_eq!(bits(of("w", NORMAL, 3, 7)), [1074518554, 1073450745, 1073484610]);
    }

    #[test]
    fn seeds_and_names_give_numbers_of_their_own() {
        let drawn = of("w", UNIFORM, 8, 7);
        assert_eq!(of("w", UNIFORM, 5, 7), drawn[..5]);
        assert_ne!(of("w", UNIFORM, 8, 8), drawn);
        assert_ne!(of("b", UNIFORM, 8, 7), drawn);
    }

    #[test]
    fn distributions_have_their_moments() {
        // Ten standard errors of 100000 numbers.
        let (mean, std) = moments(&of("w", UNIFORM, 100_000, 1));
        assert!(
            (mean - 1.0).abs() < 0.04 && (std - 4.0 / 12_f64.sqrt()).abs() < 0.02,
            "{mean} {std}"
        );
        let (mean, std) = moments(&of("w", NORMAL, 100_000, 1));
        assert!((mean - 2.0).abs() < 0.02 && (std - 0.5).abs() < 0.02, "{mean} {std}");
        assert!(of("w", UNIFORM, 100_000, 1).iter().all(|x| (-1.0..3.0).contains(x)));
    }

    #[test]
    fn what_is_not_in_the_range_is_drawn_anew() {
        let range = |low, high| {
            Some(Range { low: Some(low), high: Some(high), low_closed: false, high_closed: false })
        };
        let param = param("w", NORMAL, range(2.0, 2.25));
        let drawn = numbers(&param, &NORMAL, 1000, 3).unwrap();
        assert!(drawn.iter().all(|&x| 2.0 < x && x < 2.25));
        let never = Param { range: range(50.0, 51.0), ..param };
        let error = numbers(&never, &NORMAL, 1, 3).unwrap_err().to_string();
        assert!(
            error.contains("no number of normal(2, 0.5) was found in its range (50, 51)"),
            "{error}"
        );
    }
}
