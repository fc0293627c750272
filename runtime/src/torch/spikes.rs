//! Spikes that are drawn, each with a probability of its own.
//!
//! libtorch draws numbers on the CPU one behind the other, which takes longer than what a small network does
//! with them. Here generators run side by side in the lanes of vectors and on all threads; each block of spikes
//! has generators of its own, so that what is drawn does not depend on who draws it.

use std::array::from_fn;
use std::mem::MaybeUninit;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::kernels::processor;
use crate::error::Result;

/// Generators side by side: two vectors of SSE2 or NEON, one of AVX2.
const LANES: usize = 8;
/// Spikes that have generators of their own. Seeding them costs as much as 200 spikes.
const BLOCK: usize = 8192;
/// Probabilities are counted in `2^-30`: both 0 and 1 fit an i32 then, and all of an f32 from `2^-6` on is met.
const ONE: f32 = (1 << 30) as f32;

/// Zeros and ones, `[T, N, *]`: one at each step with the probability that stands in `[N, *]`. What is below 0 or
/// NaN never spikes, what is over 1 always.
///
/// Where they are drawn on the CPU libtorch's generator is asked for a seed alone, so that it says what is drawn
/// here too, from one call to the next.
///
/// # Errors
///
/// Those of libtorch, as for a negative `steps`.
pub fn draw(probabilities: &Tensor, steps: i64) -> Result<Tensor> {
    let kind = probabilities.kind();
    let mut shape = vec![steps];
    shape.extend(probabilities.size());
    let wide = if kind == Kind::Double { kind } else { Kind::Float };
    let given = probabilities.detach().f_to_kind(wide)?;
    if given.device() != Device::Cpu || wide == Kind::Double {
        let drawn = Tensor::f_rand(shape, (wide, given.device()))?;
        return Ok(drawn.f_lt_tensor(&given)?.f_to_kind(kind)?);
    }
    let given = given.f_contiguous()?;
    let mut spikes = Tensor::f_empty(shape, (wide, Device::Cpu))?;
    let seed = Tensor::f_empty([1], (Kind::Int64, Device::Cpu))?.f_random_()?.int64_value(&[0]);
    if spikes.numel() > 0 {
        let thresholds: Vec<i32> = elements(&given).iter().copied().map(threshold).collect();
        processor()?.install(|| fill(elements_mut(&mut spikes), &thresholds, seed as u64));
    }
    Ok(spikes.f_to_kind(kind)?)
}

/// The numbers of a dense tensor of f32 on the CPU.
fn elements(tensor: &Tensor) -> &[f32] {
    // SAFETY: so many numbers lie there, which live as long as the tensor, and nobody writes to them meanwhile.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The memory of a new tensor of f32 on the CPU, which nobody else has a handle of.
fn elements_mut(tensor: &mut Tensor) -> &mut [MaybeUninit<f32>] {
    // SAFETY: so many numbers lie there, which live as long as the tensor.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast(), tensor.numel()) }
}

/// Of how many out of `2^30` draws a probability makes spikes.
fn threshold(probability: f32) -> i32 {
    // The conversion saturates, and makes 0 of NaN.
    ((probability * ONE) as i32).min(1 << 30)
}

/// Draws rows of spikes, each by the same thresholds.
fn fill(spikes: &mut [MaybeUninit<f32>], thresholds: &[i32], seed: u64) {
    let per_row = thresholds.len().div_ceil(BLOCK);
    let rows = spikes.par_chunks_mut(thresholds.len()).enumerate();
    rows.for_each(|(t, row)| {
        let blocks = row.par_chunks_mut(BLOCK).zip(thresholds.par_chunks(BLOCK)).enumerate();
        blocks.for_each(|(i, (spikes, thresholds))| {
            fill_block(spikes, thresholds, &mut Lanes::new(seed, (t * per_row + i) as u64));
        });
    });
}

fn fill_block(spikes: &mut [MaybeUninit<f32>], thresholds: &[i32], random: &mut Lanes) {
    let (whole, rest) = spikes.as_chunks_mut::<LANES>();
    let (thresholds, last) = thresholds.as_chunks::<LANES>();
    for (spikes, thresholds) in whole.iter_mut().zip(thresholds) {
        let drawn = random.next();
        *spikes = from_fn(|i| MaybeUninit::new(spike(drawn[i], thresholds[i])));
    }
    for ((spike_of, &threshold), drawn) in rest.iter_mut().zip(last).zip(random.next()) {
        spike_of.write(spike(drawn, threshold));
    }
}

fn spike(drawn: u32, threshold: i32) -> f32 {
    if ((drawn >> 2) as i32) < threshold { 1.0 } else { 0.0 }
}

/// A generator for each lane: xoshiro128++ (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
/// Generators", ACM Transactions on Mathematical Software 2021).
struct Lanes([[u32; LANES]; 4]);

impl Lanes {
    /// Those of a block. ChaCha's streams have nothing to do with each other, so that neither have these.
    fn new(seed: u64, block: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(block);
        Self(from_fn(|_| from_fn(|_| random.next_u32())))
    }

    fn next(&mut self) -> [u32; LANES] {
        let [a, b, c, d] = &mut self.0;
        from_fn(|i| {
            let drawn = a[i].wrapping_add(d[i]).rotate_left(7).wrapping_add(a[i]);
            let shifted = b[i] << 9;
            c[i] ^= a[i];
            d[i] ^= b[i];
            b[i] ^= c[i];
            a[i] ^= d[i];
            c[i] ^= shifted;
            d[i] = d[i].rotate_left(11);
            drawn
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_reference() {
        let mut lanes = Lanes([1, 2, 3, 4].map(|word| [word; LANES]));
        // The first of the authors' program for the state 1, 2, 3, 4.
        for expected in [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274] {
            assert_eq!(lanes.next(), [expected; LANES]);
        }
    }

    #[test]
    fn thresholds_are_probabilities() {
        let exact = [(0.0, 0), (1.0, 1 << 30), (0.5, 1 << 29), (2.0_f32.powi(-30), 1)];
        let outside = [(-1.0, 0), (2.0, 1 << 30), (f32::INFINITY, 1 << 30), (f32::NAN, 0)];
        for (probability, expected) in exact.into_iter().chain(outside) {
            assert_eq!(threshold(probability).max(0), expected, "{probability}");
        }
        for grey in 4..=255 {
            let probability = grey as f32 / 255.0;
            assert_eq!(threshold(probability) as f32 / ONE, probability);
            assert_eq!(f64::from(threshold(probability)) / f64::from(ONE), f64::from(probability));
        }
        let below = |threshold| [0, 1, 2, 3, u32::MAX].map(|drawn| spike(drawn, threshold));
        assert_eq!(below(0), [0.0; 5]);
        assert_eq!(below(1), [1.0, 1.0, 1.0, 1.0, 0.0]);
        assert_eq!(below(1 << 30), [1.0; 5]);
    }

    /// `[steps, probabilities]` of so many of each, in f64.
    fn drawn(probabilities: &[f32], each: i64, steps: i64) -> Tensor {
        let own = Tensor::from_slice(probabilities).unsqueeze(1).expand([-1, each], false);
        draw(&own, steps).unwrap().to_kind(Kind::Double)
    }

    /// By how many standard deviations a mean of `n` draws is off.
    fn deviation(mean: f64, probability: f64, n: f64) -> f64 {
        (mean - probability).abs() / (probability * (1.0 - probability) / n).sqrt()
    }

    #[test]
    fn each_place_and_step_spikes_as_often_as_it_is_to() {
        let _turn = seeded(3);
        let probabilities = [0.001, 0.1, 0.25, 0.5, 0.75, 0.99];
        // Neither the blocks nor the lanes are full.
        let (each, steps) = (40_003, 21);
        let spikes = drawn(&probabilities, each, steps);
        let by_step = spikes.mean_dim([2].as_slice(), false, Kind::Double);
        let by_lane = spikes.narrow(2, 0, 40_000).reshape([steps, 6, 5000, 8]);
        let by_lane = by_lane.mean_dim([0, 2].as_slice(), false, Kind::Double);
        for (i, &probability) in probabilities.iter().enumerate() {
            let p = f64::from(probability);
            for t in 0..steps {
                let mean = by_step.double_value(&[t, i as i64]);
                assert!(deviation(mean, p, each as f64) < 5.0, "{mean} for {p} at step {t}");
            }
            for lane in 0..8 {
                let mean = by_lane.double_value(&[i as i64, lane]);
                assert!(deviation(mean, p, 105_000.0) < 5.0, "{mean} for {p} in lane {lane}");
            }
        }
    }

    #[test]
    fn spikes_have_nothing_to_do_with_those_beside_them() {
        let _turn = seeded(4);
        let (n, steps) = (100_000, 8);
        let spikes = drawn(&[0.5], n, steps).reshape([steps, n]) - 0.5;
        // Of the step before, of the next lane, of the next vector, of the next block.
        for (steps_off, lanes_off) in [(1, 0), (0, 1), (0, 8), (1, 1), (0, BLOCK as i64)] {
            let (t, m) = (steps - steps_off, n - lanes_off);
            let one = spikes.narrow(0, 0, t).narrow(1, 0, m);
            let other = spikes.narrow(0, steps_off, t).narrow(1, lanes_off, m);
            let product = (one * other * 4.0).mean(Kind::Double).double_value(&[]);
            let deviation = product.abs() * ((t * m) as f64).sqrt();
            assert!(deviation < 5.0, "{deviation} at {steps_off}, {lanes_off}");
        }
    }

    #[test]
    fn counts_over_steps_are_binomial() {
        let _turn = seeded(5);
        let (n, steps, p) = (200_000_i64, 4, 0.3_f64);
        let counts = drawn(&[0.3], n, steps).sum_dim_intlist([0].as_slice(), false, Kind::Int64);
        let chi_square: f64 = (0..=4)
            .map(|k| {
                let ways = [1.0, 4.0, 6.0, 4.0, 1.0][k as usize];
                let expected = n as f64 * ways * p.powi(k) * (1.0 - p).powi(4 - k);
                let found = counts.eq(i64::from(k)).sum(Kind::Int64).int64_value(&[]) as f64;
                (found - expected).powi(2) / expected
            })
            .sum();
        // Of 4 degrees of freedom; one in a million is over this.
        assert!(chi_square < 33.4, "{chi_square}");
    }

    #[test]
    fn the_seed_says_what_is_drawn_and_nothing_else() {
        let numbers = Tensor::full([3, 5000], 0.5, (Kind::Float, Device::Cpu));
        let both = || {
            let _turn = seeded(6);
            (draw(&numbers, 3).unwrap(), draw(&numbers, 3).unwrap())
        };
        let ((a, b), (again, behind)) = (both(), both());
        assert_eq!((&a, &b), (&again, &behind));
        assert!(a != b && a.get(0) != a.get(1) && a.get(0).get(0) != a.get(0).get(1));
        let thresholds = vec![1 << 29; 20_000];
        let on = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let mut spikes = Tensor::empty([2, 20_000], (Kind::Float, Device::Cpu));
            pool.install(|| fill(elements_mut(&mut spikes), &thresholds, 7));
            spikes
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn types_shapes_and_layouts_are_those_given() {
        for kind in [Kind::Float, Kind::Half, Kind::BFloat16, Kind::Double] {
            let row = Tensor::from_slice(&[0.0_f32, 1.0, f32::NAN, 2.0]).to_kind(kind);
            let columns = row.unsqueeze(0).expand([9000, 4], false).transpose(0, 1);
            let spikes = draw(&columns, 2).unwrap();
            assert_eq!((spikes.size(), spikes.kind()), (vec![2, 4, 9000], kind));
            let rates = spikes.mean_dim([0, 2].as_slice(), false, Kind::Float);
            assert_eq!(Vec::<f32>::try_from(rates).unwrap(), [0.0, 1.0, 0.0, 1.0], "{kind:?}");
        }
        let empty = Tensor::zeros([0, 4], (Kind::Float, Device::Cpu));
        assert_eq!(draw(&empty, 2).unwrap().size(), [2, 0, 4]);
        assert_eq!(draw(&Tensor::from(0.5_f32), 0).unwrap().size(), [0]);
        assert!(draw(&Tensor::from(0.5_f32), -1).is_err());
    }

    /// Seeds libtorch's generator, which is one for all threads, and keeps other tests from it.
    fn seeded(seed: i64) -> std::sync::MutexGuard<'static, ()> {
        static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        tch::manual_seed(seed);
        turn
    }
}
