//! A pixel: what decides when it fires, and its state between two frames.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

use super::super::error::{self, Result};

/// How the pixels of a sensor are. By default they are ideal: of one threshold, without noise, at once ready again.
#[derive(Clone, Debug, PartialEq)]
pub struct Pixels {
    /// How much the natural logarithm of the intensity has to fall, and to rise, for an event of polarity 0 and of 1:
    /// from 0.01 to 10.
    pub threshold: [f64; 2],
    /// The standard deviation of each threshold between pixels, in the same unit. No threshold comes below a tenth of
    /// what is asked for.
    pub mismatch: f64,
    /// What is added to every intensity before the logarithm: stray light and dark current, above 0. A pixel without
    /// light would have no logarithm.
    pub dark: f64,
    /// For how long a pixel is held after an event, in µs. What changes meanwhile is lost.
    pub refractory: f64,
    /// How many events of polarity 1 a second a pixel has where nothing changes, since its memory leaks.
    pub leak: f64,
    /// How many events a second a pixel has from noise, at random times and of both polarities alike.
    pub shot: f64,
}

impl Default for Pixels {
    fn default() -> Self {
        let [mismatch, refractory, leak, shot] = [0.0; 4];
        Self { threshold: [0.2; 2], mismatch, dark: 0.1, refractory, leak, shot }
    }
}

impl Pixels {
    /// Pixels with what real ones have, each of a common size: thresholds that differ by 0.03, 500 µs to be ready
    /// again, and an event in ten seconds from the leak and from noise each.
    #[must_use]
    pub fn real() -> Self {
        Self { mismatch: 0.03, refractory: 500.0, leak: 0.1, shot: 0.1, ..Self::default() }
    }

    /// Holds the numbers against what can be.
    pub(super) fn check(&self) -> Result<()> {
        let [fall, rise] = self.threshold;
        let numbers = [
            ("the threshold of polarity 0", fall, 0.01, 10.0),
            ("the threshold of polarity 1", rise, 0.01, 10.0),
            ("the mismatch of thresholds", self.mismatch, 0.0, 10.0),
            ("the dark intensity", self.dark, 1e-6, 1e6),
            ("the refractory period in µs", self.refractory, 0.0, 1e9),
            ("the rate of leak events in Hz", self.leak, 0.0, 1e6),
            ("the rate of noise events in Hz", self.shot, 0.0, 1e6),
        ];
        match numbers.into_iter().find(|(_, number, low, high)| !(low..=high).contains(&number)) {
            None => Ok(()),
            Some((what, number, low, high)) => {
                Err(error::argument(what, format!("from {low} to {high}"), number))
            }
        }
    }
}

/// A time that never comes.
const NEVER: f64 = f64::INFINITY;

/// A time that has passed.
const PASSED: f64 = f64::NEG_INFINITY;

/// What all pixels of a sensor have in common, with times in µs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub refractory: f64,
    /// Leak events per µs.
    pub leak: f64,
    /// Noise events per µs.
    pub shot: f64,
}

/// A pixel between two frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixel {
    /// The time of what is here.
    since: f64,
    /// The logarithm of its intensity.
    level: f64,
    /// By how much that is above what the pixel remembers.
    difference: f64,
    /// Until when it is held; while it is, the difference has no meaning.
    held: f64,
    /// The time of its next noise event.
    noise: f64,
}

impl Pixel {
    /// A pixel at its first frame. Leaks are anywhere between two events then.
    pub fn new(
        since: f64,
        level: f64,
        thresholds: [f64; 2],
        common: &Common,
        random: &mut ChaCha8Rng,
    ) -> Self {
        let difference = if common.leak > 0.0 { thresholds[1] * uniform(random) } else { 0.0 };
        let noise = since + waiting(common.shot, random);
        Self { since, level, difference, held: PASSED, noise }
    }

    /// The logarithm of its intensity.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Lets the logarithm change evenly to what it is at `end`, and tells each event's time and polarity.
    ///
    /// The difference is 0 at each event, and from there on changes evenly as well: the next crossing is where that
    /// line meets a threshold.
    pub fn advance(
        &mut self,
        end: f64,
        level: f64,
        thresholds: [f64; 2],
        common: &Common,
        random: &mut ChaCha8Rng,
        mut fire: impl FnMut(f64, u8),
    ) {
        if end <= self.since {
            return;
        }
        let slope = (level - self.level) / (end - self.since) + common.leak * thresholds[1];
        let mut t = self.since;
        (self.since, self.level) = (end, level);
        loop {
            if self.held >= t {
                if self.held >= end {
                    return;
                }
                (t, self.difference, self.held) = (self.held, 0.0, PASSED);
            }
            while self.noise < t {
                // One of a pixel that was held.
                self.noise += waiting(common.shot, random);
            }
            let crossing = t + self.time_to_cross(slope, thresholds);
            let at = crossing.min(self.noise);
            if at > end {
                self.difference += slope * (end - t);
                return;
            }
            let is_noise = self.noise <= crossing;
            let p = if is_noise {
                u8::from(random.next_u32() >> 31 == 1)
            } else {
                u8::from(slope > 0.0)
            };
            fire(at, p);
            if is_noise {
                self.noise += waiting(common.shot, random);
            }
            (t, self.difference) = (at, 0.0);
            if common.refractory > 0.0 {
                self.held = at + common.refractory;
            }
        }
    }

    /// The time until which nothing happens as long as the intensity stays.
    pub fn quiet_until(&self, thresholds: [f64; 2], common: &Common) -> f64 {
        let slope = common.leak * thresholds[1];
        let crossing = match self.held >= self.since {
            true => self.held + thresholds[1] / slope,
            false => self.since + self.time_to_cross(slope, thresholds),
        };
        crossing.min(self.noise)
    }

    /// How long the difference takes to a threshold.
    fn time_to_cross(&self, slope: f64, thresholds: [f64; 2]) -> f64 {
        match slope {
            up if up > 0.0 => ((thresholds[1] - self.difference) / up).max(0.0),
            down if down < 0.0 => ((thresholds[0] + self.difference) / -down).max(0.0),
            _ => NEVER,
        }
    }
}

/// A number from 0 on and below 1.
pub(super) fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number of mean 0 and variance 1, by Box and Muller.
pub(super) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * libm::log(1.0 - uniform(random))).sqrt();
    radius * libm::cos(std::f64::consts::TAU * uniform(random))
}

/// How long the next event of a Poisson process takes.
fn waiting(rate: f64, random: &mut ChaCha8Rng) -> f64 {
    match rate > 0.0 {
        true => -libm::log(1.0 - uniform(random)) / rate,
        false => NEVER,
    }
}
