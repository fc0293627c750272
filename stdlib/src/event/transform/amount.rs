//! Numbers that are the same for all samples, or drawn for each.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::super::error::{self, Result};
use super::Random;

/// A number, or a range that it is drawn from for each sample, each number of it as likely as any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount<T> {
    least: T,
    most: T,
}

impl<T: Copy> From<T> for Amount<T> {
    fn from(amount: T) -> Self {
        Self { least: amount, most: amount }
    }
}

impl<T> From<RangeInclusive<T>> for Amount<T> {
    fn from(range: RangeInclusive<T>) -> Self {
        let (least, most) = range.into_inner();
        Self { least, most }
    }
}

impl<T: Copy + PartialOrd + Display> Amount<T> {
    /// The same, where it is within bounds.
    pub(super) fn within(self, what: &str, bounds: RangeInclusive<T>) -> Result<Self> {
        let (low, high) = bounds.into_inner();
        self.checked(what, &format!("from {low} to {high}"), |n| low <= n && n <= high)
    }

    /// The same, where both ends are allowed and in order.
    pub(super) fn checked(
        self,
        what: &str,
        expected: &str,
        is_allowed: impl Fn(T) -> bool,
    ) -> Result<Self> {
        let Self { least, most } = self;
        if is_allowed(least) && is_allowed(most) && least <= most {
            return Ok(self);
        }
        let (start, end) = (least.to_string(), most.to_string());
        let found = if start == end { start } else { format!("{start}..={end}") };
        Err(error::argument(what, format!("{expected}, or a range of such"), found))
    }
}

impl Amount<f64> {
    pub(super) fn draw(&self, random: &mut Random) -> f64 {
        self.least + (self.most - self.least) * random.unit()
    }
}

impl Amount<u64> {
    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        self.least + random.below((self.most - self.least).saturating_add(1))
    }
}
