//! Numbers that depend on what they are for alone: not on the machine, the thread or what came before.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A generator of its own for each purpose, seed, epoch and sample: together they are ChaCha's key, whose
/// streams have nothing to do with each other.
pub(crate) fn generator(purpose: &[u8; 8], seed: u64, epoch: u64, sample: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    let words = [*purpose, seed.to_le_bytes(), epoch.to_le_bytes(), sample.to_le_bytes()];
    for (place, word) in key.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word);
    }
    ChaCha8Rng::from_seed(key)
}

/// A number below `n`, which is over 0, each as likely as any other.
pub(crate) fn below(random: &mut ChaCha8Rng, n: u64) -> u64 {
    // The upper half of a product is spread evenly but for the first few values of the lower half, as many
    // as 2^64 leaves over when divided by n; those are drawn again.
    let left_over = n.wrapping_neg() % n;
    loop {
        let product = u128::from(random.next_u64()) * u128::from(n);
        if product as u64 >= left_over {
            return (product >> 64) as u64;
        }
    }
}

/// A number from 0 on and below 1, of 53 bits.
pub(crate) fn unit(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The same in another order, each order as likely as any other.
pub(super) fn shuffle(items: &mut [usize], random: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(random, i as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_evenly() {
        let mut random = generator(b"testing\0", 1, 2, 3);
        let mut counts = [0; 6];
        (0..6000).for_each(|_| counts[below(&mut random, 6) as usize] += 1);
        assert!(counts.iter().all(|n| (900..1100).contains(n)), "{counts:?}");
        assert!((0..100).all(|_| below(&mut random, 1) == 0));
    }

    #[test]
    fn each_part_of_the_key_counts() {
        let keys = [(b"testing\0", 1, 2, 3), (b"tests\0\0\0", 1, 2, 3), (b"testing\0", 0, 2, 3)];
        let more = [(b"testing\0", 1, 0, 3), (b"testing\0", 1, 2, 0), (b"testing\0", 2, 1, 3)];
        let first = |(p, s, e, i)| generator(p, s, e, i).next_u64();
        let mut numbers: Vec<u64> = keys.into_iter().chain(more).map(first).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 6);
    }
}
