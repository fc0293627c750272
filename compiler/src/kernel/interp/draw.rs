//! What a draw is, without the operations that targets get for it.

use crate::check::hir::Draw;
use crate::kernel::draw::{MULTIPLIERS, ROUNDS, WEYL};

/// The four words of a counter and a key.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let product = |word: u32, by: u32| u64::from(word) * u64::from(by);
        let (first, second) =
            (product(counter[0], MULTIPLIERS[0]), product(counter[2], MULTIPLIERS[1]));
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// The draw with a number, of a lane at a step.
pub fn draw(draw: Draw, number: u32, seed: u64, step: u32, lane: u32) -> f64 {
    let key = [seed as u32, (seed >> 32) as u32];
    let words = philox([step, lane, number, 0], key);
    let uniform = |word: u32| f64::from(word >> 8) * 2f64.powi(-24);
    match draw {
        Draw::Uniform => uniform(words[0]),
        Draw::Normal => {
            let first = f64::from(words[0] >> 1) * 2f64.powi(-31) + 2f64.powi(-32);
            let angle = std::f64::consts::TAU * uniform(words[1]);
            (-2.0 * libm::log(first)).sqrt() * libm::cos(angle)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of Random123, the generator's authors' own library.
    #[test]
    fn the_generator_gives_its_known_answers() {
        let all = u32::MAX;
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let known = [
            (([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (([all; 4], [all; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                (pi, [0xa409_3822, 0x299f_31d0]),
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for ((counter, key), words) in known {
            assert_eq!(philox(counter, key), words, "{counter:x?} {key:x?}");
        }
    }
}
