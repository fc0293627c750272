//! The second stage of a sum: the partial sums of a gradient to the gradient.
//!
//! One function for all neurons, which every target writes in its own code.

use super::interp::Real;

/// Adds the partial sums of `G` gradients: `grad[g]` is the sum of `partial[(o * G + g) * S + s]` over
/// `o`, and for each `o` over `s`, in that order and with Kahan's compensation. `O` is what the length
/// of `partial` gives, and `G` is the length of `grad`. An infinite or NaN partial sum gives no finite
/// gradient; an infinite one may give NaN.
///
/// # Errors
///
/// Where `partial` is not whole rows of `G * S`.
pub fn run<R: Real>(partial: &[R], grad: &mut [R], s: usize) -> Result<(), RowError> {
    let g = grad.len();
    let row = g.saturating_mul(s);
    if row == 0 || !partial.len().is_multiple_of(row) {
        grad.fill(R::default());
        return if partial.is_empty() {
            Ok(())
        } else {
            Err(RowError { len: partial.len(), g, s })
        };
    }
    for (i, grad) in grad.iter_mut().enumerate() {
        let own = partial.chunks_exact(row).map(|row| &row[i * s..][..s]);
        *grad = kahan(own.flatten().copied());
    }
    Ok(())
}

/// Partial sums that are not whole rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} partial sums are not whole rows of {g} gradients by {s} lanes")]
pub struct RowError {
    /// How many there are.
    pub len: usize,
    /// `G`.
    pub g: usize,
    /// `S`.
    pub s: usize,
}

/// The sum of numbers in their order; what a step loses is taken off the next number.
fn kahan<R: Real>(numbers: impl Iterator<Item = R>) -> R {
    let (mut sum, mut lost) = (R::default(), R::default());
    for number in numbers {
        let corrected = number - lost;
        let next = sum + corrected;
        lost = (next - sum) - corrected;
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_in_their_order() {
        let partial: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let mut grad = [0.0; 3];
        run(&partial, &mut grad, 4).expect("whole rows");
        let expected =
            |g: usize| [0, 1].map(|o| (0..4).map(|s| (o * 3 + g) * 4 + s).sum::<usize>());
        assert_eq!(grad, [0, 1, 2].map(|g| expected(g).iter().sum::<usize>() as f32));
    }

    #[test]
    fn compensation_keeps_what_a_plain_sum_loses() {
        let partial = vec![0.1f32; 1_000_000];
        let mut grad = [0.0];
        run(&partial, &mut grad, 1).expect("whole rows");
        assert_eq!(grad, [(0.1f32 as f64 * 1e6) as f32]);
    }

    #[test]
    fn nothing_adds_up_to_zero_and_broken_rows_are_refused() {
        let mut grad = [1.0f32; 2];
        assert_eq!(run(&[], &mut grad, 5), Ok(()));
        assert_eq!(grad, [0.0; 2]);
        assert_eq!(run(&[1.0; 3], &mut grad, 1), Err(RowError { len: 3, g: 2, s: 1 }));
        assert_eq!(run::<f32>(&[], &mut [], 0), Ok(()));
    }
}
