//! Inputs where there are none: a ramp, a step, noise. The same arguments give the same bits anywhere.

use super::{Plain, n_elements, shown};
use crate::args::Generator;
use crate::report::Result;

/// An input of shape `[T, N, ...]`.
pub fn make(kind: Generator, shape: &[usize], seed: u64) -> Result<Plain> {
    let n = n_elements(shape, size_of::<f32>());
    let n = n.ok_or_else(|| format!("an input of shape {} is too large", shown(shape)))?;
    let steps = shape.first().copied().unwrap_or(0);
    let neurons = n.checked_div(steps).unwrap_or(0);
    let mut data: Vec<f32> = Vec::new();
    data.try_reserve_exact(n)
        .map_err(|_| format!("no memory for an input of shape {}", shown(shape)))?;
    let mut noise = Noise(seed);
    for t in 0..steps {
        data.extend((0..neurons).map(|i| match kind {
            Generator::Ramp => 2.0 * part(t, steps.saturating_sub(1)),
            Generator::Step if t < steps / 4 || t >= steps - steps / 4 => 0.0,
            Generator::Step => 2.0 * part(i + 1, neurons),
            Generator::Noise => noise.next(),
        }));
    }
    Ok(Plain { shape: shape.to_vec(), data })
}

fn part(of: usize, whole: usize) -> f32 {
    (of as f64 / whole.max(1) as f64) as f32
}

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct Noise(u64);

impl Noise {
    /// A number from 0 to 2, of 2^24 equally likely ones.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 40) as f32 * (2.0 / (1 << 24) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_levels_are_as_said() {
        let made = |kind| make(kind, &[8, 2], 1).map(|a| a.data).unwrap_or_default();
        let ramp = made(Generator::Ramp);
        assert_eq!((ramp[0], ramp[15]), (0.0, 2.0));
        let step = made(Generator::Step);
        assert_eq!(
            (&step[..4], &step[4..6], &step[12..]),
            (&[0.0; 4][..], &[1.0, 2.0][..], &[0.0; 4][..])
        );
        let noise = made(Generator::Noise);
        assert!(noise.iter().all(|x| (0.0..2.0).contains(x)));
        assert_eq!(noise, made(Generator::Noise));
    }

    #[test]
    fn empty_and_huge_inputs() {
        for (steps, neurons) in [(0, 3), (3, 0), (1, 1)] {
            let shape = make(Generator::Step, &[steps, neurons], 0).map(|a| a.shape);
            assert_eq!(shape.ok(), Some(vec![steps, neurons]));
        }
        assert!(make(Generator::Ramp, &[usize::MAX, 2], 0).is_err());
        assert!(make(Generator::Ramp, &[usize::MAX / 16, 1], 0).is_err());
    }
}
