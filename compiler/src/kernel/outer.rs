//! The gradients of a matrix and of params with a number for each step: products of two sequences, added up over lanes.
//!
//! One function for all neurons, which every target writes in its own code.

use super::interp::Real;
use super::{Kernel, Shape, lower};

/// The first stage of `Σ left[t, n] * right[k, n]` over the lanes `n`, for each block of `block` lanes: `partial[p, t, k]`,
/// with the plain sum of `left[t, n]` at `k = K` behind the others. The order in which a target adds is its own, as long
/// as it depends on nothing but `T`, `K` and the lanes. `partial` is `[ceil(N / block), T, K + 1]`.
///
/// Both sequences are dense here, `[T, N]` and `[K, N]`.
pub fn run<R: Real>(left: &[R], right: &[R], partial: &mut [R], lanes: usize, block: usize) {
    let (left, right) = (rows(left, lanes), rows(right, lanes));
    let sums = left.len() * (right.len() + 1);
    for (p, partial) in partial.chunks_exact_mut(sums.max(1)).enumerate() {
        let own = |row: &[R]| row[p * block..lanes.min((p + 1) * block)].to_vec();
        for (left, sums) in left.iter().zip(partial.chunks_exact_mut(right.len() + 1)) {
            let left = own(left);
            for (right, sum) in right.iter().zip(&mut *sums) {
                let terms = left.iter().zip(own(right)).map(|(&a, b)| a * b);
                *sum = terms.fold(R::default(), |sum, term| sum + term);
            }
            sums[right.len()] = left.iter().fold(R::default(), |sum, &term| sum + term);
        }
    }
}

fn rows<R>(sequence: &[R], lanes: usize) -> Vec<&[R]> {
    sequence.chunks_exact(lanes.max(1)).collect()
}

/// Whether the gradients of some of these kernels are made by it: whether one goes backwards and takes a matrix, or what
/// has a number for each step.
pub fn is_needed<'a>(mut kernels: impl Iterator<Item = &'a Kernel>) -> bool {
    kernels.any(|kernel| {
        let mut shapes = kernel.buffers.iter().map(|buffer| buffer.shape);
        lower::is_backward(kernel) && shapes.any(|s| matches!(s, Shape::Matrix | Shape::Step))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_added_apart() {
        // Two steps, three columns, five lanes, in blocks of two.
        let left: Vec<f32> = (0..10).map(|i| i as f32).collect();
        let right: Vec<f32> = (0..15).map(|i| (i * i) as f32).collect();
        let mut partial = vec![0.0; 3 * 2 * 4];
        run(&left, &right, &mut partial, 5, 2);
        let sum = |t: usize, k: usize, lanes: std::ops::Range<usize>| -> f32 {
            lanes.map(|n| left[t * 5 + n] * if k == 3 { 1.0 } else { right[k * 5 + n] }).sum()
        };
        for (p, lanes) in [0..2, 2..4, 4..5].into_iter().enumerate() {
            for (t, k) in (0..2).flat_map(|t| (0..4).map(move |k| (t, k))) {
                assert_eq!(partial[(p * 2 + t) * 4 + k], sum(t, k, lanes.clone()), "{p} {t} {k}");
            }
        }
    }
}
