//! Buckets of one width between the smallest and the largest number.

use super::message::Histogram;

/// How many buckets; TensorBoard draws fewer.
const BUCKETS: usize = 64;

/// The histogram of those numbers that are finite; none where there is not one.
pub(super) fn of(values: &[f32]) -> Option<Histogram> {
    let finite = || values.iter().filter(|value| value.is_finite()).map(|value| f64::from(*value));
    let min = finite().reduce(f64::min)?;
    let max = finite().reduce(f64::max)?;
    let sums = finite().fold([0.0; 3], |[n, sum, squares], x| [n + 1.0, sum + x, squares + x * x]);
    let n_buckets = if min < max { BUCKETS } else { 1 };
    let width = (max - min) / n_buckets as f64;
    let mut counts = vec![0.0; n_buckets];
    for value in finite() {
        // 0 divided by 0 is NaN, and that is cast to 0.
        let bucket = ((value - min) / width) as usize;
        counts[bucket.min(n_buckets - 1)] += 1.0;
    }
    let limit = |i| if i == n_buckets { max } else { min + width * i as f64 };
    let limits = (1..=n_buckets).map(limit).collect();
    Some(Histogram { moments: [min, max, sums[0], sums[1], sums[2]], limits, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finite_number_is_in_one_bucket() {
        let values = [3.0, -1.0, f32::NAN, 0.5, f32::INFINITY, 3.0];
        let histogram = of(&values).unwrap();
        assert_eq!(histogram.moments, [-1.0, 3.0, 4.0, 5.5, 19.25]);
        assert_eq!((histogram.limits.len(), histogram.limits[63]), (64, 3.0));
        let filled: Vec<_> = (0..64).filter(|i| histogram.counts[*i] > 0.0).collect();
        assert_eq!(filled, [0, 24, 63]);
        assert_eq!(histogram.counts[63], 2.0);
        assert!(histogram.limits.is_sorted());
    }

    #[test]
    fn one_number_has_one_bucket_and_none_has_no_histogram() {
        let histogram = of(&[2.0, 2.0]).unwrap();
        assert_eq!((histogram.limits, histogram.counts), (vec![2.0], vec![2.0]));
        assert_eq!(of(&[f32::NAN, f32::NEG_INFINITY]), None);
        let widest = of(&[f32::MIN, f32::MAX]).unwrap();
        assert!(widest.limits.iter().all(|limit| limit.is_finite()));
        assert_eq!(of(&[0.0, f32::from_bits(1)]).unwrap().counts.iter().sum::<f64>(), 2.0);
    }
}
