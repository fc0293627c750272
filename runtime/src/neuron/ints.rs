//! Int states between the caller's f32 and the kernels' i32: exact, or an error.

use crate::error::{Error, Result};

/// The first number above all i32.
const END: f32 = 2_147_483_648.0;

/// That all numbers given for an int state are whole and of its range.
///
/// # Errors
///
/// [`Error::Range`] with the first that is not.
pub fn check(state: &str, numbers: &[f32]) -> Result<()> {
    let fits = |number: f32| number.fract() == 0.0 && (-END..END).contains(&number);
    match numbers.iter().position(|number| !fits(*number)) {
        None => Ok(()),
        Some(index) => Err(Error::Range {
            operand: state.into(),
            expected: "the whole numbers of an i32".into(),
            index,
            given: f64::from(numbers[index]),
        }),
    }
}

/// Checked numbers as they lie in a buffer.
pub fn of(numbers: &[f32]) -> Vec<i32> {
    numbers.iter().map(|number| *number as i32).collect()
}

/// What a kernel left, in place of the bits of its ints.
///
/// # Errors
///
/// [`Error::Range`] where an int is so large that f32 does not have it.
pub fn widen(state: &str, bits: &mut [f32]) -> Result<()> {
    for (index, number) in bits.iter_mut().enumerate() {
        let int = number.to_bits() as i32;
        *number = int as f32;
        if f64::from(*number) != f64::from(int) {
            return Err(Error::Range {
                operand: state.into(),
                expected: "the ints that f32 has exactly".into(),
                index,
                given: f64::from(int),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_come_back() {
        let numbers = [0.0, -0.0, 3.0, -7.0, 16_777_216.0, -END];
        check("r", &numbers).unwrap();
        let mut bits: Vec<f32> = of(&numbers).iter().map(|i| f32::from_bits(*i as u32)).collect();
        widen("r", &mut bits).unwrap();
        assert_eq!(bits, numbers);
    }

    #[test]
    fn other_numbers_are_refused() {
        for number in [0.5, f32::NAN, f32::INFINITY, END, -3e9] {
            let error = check("r", &[1.0, number]).unwrap_err().to_string();
            let said = "`r` must lie in the whole numbers of an i32, but element 1 is ";
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn ints_that_f32_has_not_are_refused() {
        let mut bits = [f32::from_bits(16_777_217)];
        let error = widen("r", &mut bits).unwrap_err().to_string();
        assert!(error.ends_with("but element 0 is 16777217"), "{error}");
    }
}
