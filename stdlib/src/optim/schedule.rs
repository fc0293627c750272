//! Learning rates over time.

/// A learning rate as a function of how many epochs, or steps, are done.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// The same all the time.
    Constant,
    /// A factor after each of so many.
    Step {
        /// How many.
        every: usize,
        /// The factor.
        factor: f64,
    },
    /// Half a cosine from the first rate to the last.
    Cosine {
        /// After how many the last is reached; it stays behind.
        over: usize,
        /// The last rate.
        last: f64,
    },
    /// A line from 0 to the first rate, and then another schedule.
    WarmUp {
        /// How many the line takes.
        over: usize,
        /// What comes then.
        then: Box<Schedule>,
    },
}

impl Schedule {
    /// The rate after so many, where the first is `rate`.
    pub fn rate(&self, rate: f64, done: usize) -> f64 {
        match self {
            Schedule::Constant => rate,
            Schedule::Step { every, factor } => {
                let times = done.checked_div(*every).unwrap_or(0);
                rate * factor.powi(i32::try_from(times).unwrap_or(i32::MAX))
            }
            Schedule::Cosine { over, last } => {
                let part = done.min(*over) as f64 / (*over).max(1) as f64;
                last + (rate - last) * (1.0 + (std::f64::consts::PI * part).cos()) / 2.0
            }
            Schedule::WarmUp { over, .. } if done < *over => {
                rate * (done + 1) as f64 / *over as f64
            }
            Schedule::WarmUp { over, then } => then.rate(rate, done - over),
        }
    }
}
