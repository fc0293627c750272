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

/// Generators side by side: a vector of AVX2, two of NEON.
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

/// A row's part. Rotations, of which there are two a draw, are instructions of vectors from AVX2 on only.
fn fill_block(spikes: &mut [MaybeUninit<f32>], thresholds: &[i32], random: &mut Lanes) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has it.
        return unsafe { fill_block_avx2(spikes, thresholds, random) };
    }
    fill_lanes(spikes, thresholds, random);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_block_avx2(spikes: &mut [MaybeUninit<f32>], thresholds: &[i32], random: &mut Lanes) {
    fill_lanes(spikes, thresholds, random);
}

#[inline(always)]
fn fill_lanes(spikes: &mut [MaybeUninit<f32>], thresholds: &[i32], random: &mut Lanes) {
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

    #[inline(always)]
    fn next(&mut self) -> [u32; LANES] {
        let [a, b, c, d] = self.0;
        let drawn = from_fn(|i| a[i].wrapping_add(d[i]).rotate_left(7).wrapping_add(a[i]));
        let c_a: [u32; LANES] = from_fn(|i| c[i] ^ a[i]);
        let d_b: [u32; LANES] = from_fn(|i| d[i] ^ b[i]);
        self.0 = [
            from_fn(|i| a[i] ^ d_b[i]),
            from_fn(|i| b[i] ^ c_a[i]),
            from_fn(|i| c_a[i] ^ (b[i] << 9)),
            d_b.map(|word| word.rotate_left(11)),
        ];
        drawn
    }
}

#[cfg(test)]
mod tests;
