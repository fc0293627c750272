//! Comparisons that say where and by how much two results differ.

/// `‖a − b‖ / ‖b‖`; where `b` is nothing but zeros, `‖a‖`.
pub fn distance<A: Copy + Into<f64>>(a: &[A], b: &[f64]) -> f64 {
    let difference: f64 = a.iter().zip(b).map(|(&a, b)| (a.into() - b).powi(2)).sum();
    let size: f64 = b.iter().map(|b| b * b).sum();
    if size == 0.0 { difference.sqrt() } else { (difference / size).sqrt() }
}

/// Panics unless `‖a − b‖ / ‖b‖` is at most `tolerance`. A NaN anywhere is a failure.
#[track_caller]
pub fn assert_close<A: Copy + Into<f64>>(what: &str, a: &[A], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len(), "{what}: different lengths");
    let apart = distance(a, b);
    // Not `apart > tolerance`, which NaN would pass.
    if apart <= tolerance {
        return;
    }
    let far = |i: &usize| {
        let difference = (a[*i].into() - b[*i]).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    };
    let worst = (0..a.len()).max_by(|i, j| far(i).total_cmp(&far(j))).unwrap_or(0);
    let (found, expected) = (a[worst].into(), b[worst]);
    panic!(
        "{what}: relative distance {apart:.2e} is above {tolerance:.0e}; at {worst} of {} it is \
         {found:e} instead of {expected:e}",
        a.len()
    );
}

/// The Euclidean norm.
pub fn norm<A: Copy + Into<f64>>(a: &[A]) -> f64 {
    a.iter().map(|&a| a.into().powi(2)).sum::<f64>().sqrt()
}

/// Panics unless `‖a − b‖` is at most `tolerance` times `size` or `‖b‖`, whichever is more: for sums that
/// may cancel, `size` being that of what they add up. A NaN anywhere is a failure.
#[track_caller]
pub fn assert_sums_close<A: Copy + Into<f64>>(
    what: &str,
    a: &[A],
    b: &[f64],
    size: f64,
    tolerance: f64,
) {
    let share = (size / norm(b)).max(1.0);
    assert_close(what, a, b, if share.is_finite() { tolerance * share } else { tolerance * size });
}

/// Panics unless both have the same bits, any NaN being equal to any NaN.
#[track_caller]
pub fn assert_bits_equal(what: &str, a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len(), "{what}: different lengths");
    let differ = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
    let Some(first) = a.iter().zip(b).position(differ) else { return };
    let count = a.iter().zip(b).filter(|&pair| differ(pair)).count();
    panic!(
        "{what}: {count} of {} differ, the first at {first}: {:e} instead of {:e}",
        a.len(),
        a[first],
        b[first]
    );
}

/// The share of steps in which a neuron fires.
pub fn firing_rate<A: Copy + Into<f64>>(spikes: &[A]) -> f64 {
    let fired = spikes.iter().filter(|&&s| s.into() != 0.0).count();
    fired as f64 / spikes.len().max(1) as f64
}

/// Panics unless 5 to 60 % of the steps have a spike: with fewer or more a comparison says little. Too
/// few numbers to have a rate pass.
#[track_caller]
pub fn assert_firing_rate<A: Copy + Into<f64>>(what: &str, spikes: &[A]) {
    let rate = firing_rate(spikes);
    let enough = spikes.len() >= 500;
    assert!(!enough || (0.05..=0.6).contains(&rate), "{what}: the firing rate is {rate:.3}");
}
