//! binary16 and bfloat16 in integer code: widening is exact, narrowing rounds once, half to even.

/// A format of 16 bits by the bits of its mantissa; the rest but the sign is the exponent.
struct Format {
    mantissa: u32,
}

const BINARY16: Format = Format { mantissa: 10 };
const BFLOAT16: Format = Format { mantissa: 7 };

/// The number that 16 bits of binary16 stand for. A NaN is a quiet NaN of the same sign.
pub fn f16_to_f64(bits: u16) -> f64 {
    BINARY16.widen(bits)
}

/// The nearest binary16, ties to even; too large is infinite. A NaN is a quiet NaN of the same sign.
pub fn f64_to_f16(number: f64) -> u16 {
    BINARY16.narrow(number)
}

/// The number that 16 bits of bfloat16 stand for. A NaN is a quiet NaN of the same sign.
pub fn bf16_to_f64(bits: u16) -> f64 {
    BFLOAT16.widen(bits)
}

/// The nearest bfloat16, ties to even; too large is infinite. A NaN is a quiet NaN of the same sign.
pub fn f64_to_bf16(number: f64) -> u16 {
    BFLOAT16.narrow(number)
}

impl Format {
    /// The exponent of the smallest normal number.
    fn min_exponent(&self) -> i32 {
        2 - (1 << (14 - self.mantissa))
    }

    fn infinity(&self) -> u64 {
        0x7fff & (u64::MAX << self.mantissa)
    }

    fn widen(&self, bits: u16) -> f64 {
        let sign = u64::from(bits >> 15) << 63;
        let magnitude = u64::from(bits & 0x7fff);
        if magnitude >= self.infinity() {
            let quiet = if magnitude > self.infinity() { 1 << 51 } else { 0 };
            return f64::from_bits(sign | 0x7ff << 52 | quiet);
        }
        let field = (magnitude >> self.mantissa) as i32;
        let fraction = magnitude & ((1 << self.mantissa) - 1);
        let implicit = if field > 0 { 1 << self.mantissa } else { 0 };
        let exponent = self.min_exponent() + field.max(1) - 1 - self.mantissa as i32;
        // Both factors are f64 and so is their product, so nothing is rounded.
        let scale = f64::from_bits(((1023 + exponent) as u64) << 52);
        f64::from_bits(sign | ((fraction | implicit) as f64 * scale).to_bits())
    }

    fn narrow(&self, number: f64) -> u16 {
        let sign = ((number.to_bits() >> 63) as u16) << 15;
        let quiet = 1 << (self.mantissa - 1);
        let magnitude = match number.is_nan() {
            true => self.infinity() | quiet,
            false => self.round(number.abs()).min(self.infinity()),
        };
        sign | magnitude as u16
    }

    /// The bits of a number that is not negative; those from infinity's on mean too large.
    fn round(&self, number: f64) -> u64 {
        let field = (number.to_bits() >> 52) as i32;
        let exponent = (field - 1023).max(self.min_exponent());
        // A subnormal f64 is far below half of the least number here.
        let significand = number.to_bits() & ((1 << 52) - 1) | 1 << 52;
        let shift = 52 - self.mantissa as i32 + (exponent - (field - 1023));
        if shift > 53 {
            return 0;
        }
        let rest = significand & ((1 << shift) - 1);
        let tie = 1u64 << (shift - 1);
        let down = significand >> shift;
        let up = rest > tie || rest == tie && down & 1 == 1;
        // The implicit bit of a normal number adds 1 to the exponent's field.
        (((exponent - self.min_exponent()) as u64) << self.mantissa) + down + u64::from(up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A format's conversions, the value of its least bit, and its bits of infinity.
    type Case = (fn(u16) -> f64, fn(f64) -> u16, u16);
    const CASES: [Case; 2] = [(f16_to_f64, f64_to_f16, 0x7c00), (bf16_to_f64, f64_to_bf16, 0x7f80)];

    #[test]
    fn all_numbers_read_back_to_their_bits() {
        for (widen, narrow, infinity) in CASES {
            for bits in 0..=u16::MAX {
                let number = widen(bits);
                let nan = bits & 0x7fff > infinity;
                assert_eq!(number.is_nan(), nan, "{bits:04x}");
                if nan {
                    assert!(widen(narrow(number)).is_nan() && narrow(number) >> 15 == bits >> 15);
                } else {
                    assert_eq!(narrow(number), bits, "{number}");
                    assert_eq!(f64::from(number as f32), number, "{bits:04x} is no f32");
                }
            }
        }
    }

    #[test]
    fn bfloat16_is_the_upper_half_of_an_f32() {
        for bits in (0..=u16::MAX).filter(|bits| bits & 0x7fff <= 0x7f80) {
            assert_eq!((bf16_to_f64(bits) as f32).to_bits(), u32::from(bits) << 16);
        }
    }

    #[test]
    fn known_numbers_of_binary16() {
        let cases = [(0x3c00, 1.0), (0x0001, 2f64.powi(-24)), (0x0400, 2f64.powi(-14))];
        for (bits, number) in cases.into_iter().chain([(0x7bff, 65504.0), (0xc000, -2.0)]) {
            assert_eq!(f16_to_f64(bits), number);
        }
    }

    #[test]
    fn narrowing_takes_the_nearest_and_ties_to_even() {
        for (widen, narrow, infinity) in CASES {
            for bits in 0..infinity {
                // Behind the largest number the next would be one more step of the same size.
                let (low, step) = (
                    widen(bits),
                    widen(bits.min(infinity - 2) + 1) - widen(bits.min(infinity - 2)),
                );
                let middle = low + step / 2.0;
                let even = bits + (bits & 1);
                assert_eq!(narrow(middle), even, "{bits:04x}");
                assert_eq!(narrow(middle.next_down()), bits, "{bits:04x}");
                assert_eq!(narrow(middle.next_up()), bits + 1, "{bits:04x}");
                assert_eq!(narrow(-middle), even | 0x8000, "{bits:04x}");
            }
            assert_eq!(narrow(f64::MAX), infinity);
            assert_eq!(narrow(f64::from_bits(1)), 0);
        }
    }
}
