//! A figure whose arms move, seen from the front: the eleven gestures of DVS128 Gesture (Amir et al. 2017, CVPR).
//!
//! A [`Subject`] has a size, a place, clothes, a light and ways to move of its own. It is a head, a trunk and arms of
//! two limbs, drawn as capsules before an even background, and makes one gesture after another with its arms down in
//! between, as in a recording of DVS128 Gesture. The gestures are drawn from their names, not measured: who wants to
//! know how a network does on people needs the recordings.
//!
//! Sides are those of the subject, so that its right arm is on the left of the picture. Turns are as the sensor sees
//! them: a hand that goes clockwise goes from the top of the picture to its right.

mod draw;
mod pose;
mod subject;

use std::ops::Range;

use super::super::error::{self, Result};
use super::super::events::Events;
use super::sensor::Sensor;
use draw::Canvas;

pub use subject::Subject;

/// How many gestures there are.
pub const N_GESTURES: usize = 11;

/// When a subject makes which gestures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The gestures, one after the other, as numbers below [`N_GESTURES`] in the order of DVS128 Gesture's classes:
    /// hands that clap, the right and the left hand that wave, the right arm that turns clockwise and the other way,
    /// the left arm that does so, arms that roll around each other, drums and a guitar in the air, and moves that the
    /// subject has made up.
    pub gestures: Vec<usize>,
    /// How long each is made, in µs.
    pub duration: u64,
    /// How long the arms are moved down and up again before each, in µs.
    pub pause: u64,
    /// The time between two frames, in µs. An edge should move by less than half a pixel from one to the next.
    pub step: u64,
}

impl Default for Session {
    fn default() -> Self {
        let gestures = (0..N_GESTURES).collect();
        Self { gestures, duration: 1_500_000, pause: 500_000, step: 2500 }
    }
}

impl Session {
    /// Records a subject. `seed` and `number` are those of [`Sensor::record`].
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where a gesture is not below [`N_GESTURES`], or a time is
    /// 0 or over 10⁹ µs.
    pub fn record(
        &self,
        sensor: &Sensor,
        subject: &Subject,
        seed: u64,
        number: u64,
    ) -> Result<Events> {
        self.check()?;
        let (width, height) = sensor.size();
        let mut canvas = Canvas::new(width, height);
        let mut recording = sensor.record(seed, number);
        let end = self.gestures.len() as u64 * (self.pause + self.duration);
        let mut t = 0;
        loop {
            self.draw(&mut canvas, subject, t);
            recording.frame(t, canvas.intensities())?;
            if t == end {
                return Ok(recording.finish());
            }
            t = (t + self.step).min(end);
        }
    }

    /// The gestures with the times in µs from which on and before which they are.
    pub fn cuts(&self) -> impl ExactSizeIterator<Item = (usize, Range<u64>)> + '_ {
        let cut = |(i, gesture): (usize, &usize)| {
            let end = (i as u64 + 1) * (self.pause + self.duration);
            (*gesture, end - self.duration..end)
        };
        self.gestures.iter().enumerate().map(cut)
    }

    /// Draws the subject as it is at a time.
    fn draw(&self, canvas: &mut Canvas, subject: &Subject, t: u64) {
        let turn = self.pause + self.duration;
        let (i, into) = ((t / turn) as usize, t % turn);
        let gesture = |i: usize| self.gestures.get(i).copied();
        let seconds = |t: u64| t as f64 / 1e6;
        // Down from the gesture before, then up to the next one, then that.
        let half = self.pause / 2;
        let (gesture, time, raised) = match i.checked_sub(1).map(gesture) {
            _ if into >= self.pause => (gesture(i), seconds(into - self.pause), 1.0),
            _ if into >= half => {
                (gesture(i), 0.0, (into - half) as f64 / (self.pause - half) as f64)
            }
            None => (gesture(i), 0.0, 0.0),
            Some(before) => (before, seconds(self.duration), 1.0 - into as f64 / half as f64),
        };
        let raised = raised * raised * (3.0 - 2.0 * raised);
        let arms = subject.arms(gesture.unwrap_or_default(), time, raised);
        subject.draw(canvas, arms, seconds(t));
    }

    fn check(&self) -> Result<()> {
        if let Some(gesture) = self.gestures.iter().find(|gesture| **gesture >= N_GESTURES) {
            let expected = format!("a number below {N_GESTURES}");
            return Err(error::argument("a gesture", expected, gesture));
        }
        let times = [
            ("the duration of a gesture", self.duration),
            ("the pause before a gesture", self.pause),
            ("the time of a frame", self.step),
        ];
        match times.into_iter().find(|(_, t)| !(1..=1_000_000_000).contains(t)) {
            None => Ok(()),
            Some((what, t)) => Err(error::argument(what, "from 1 to 10^9 µs", t)),
        }
    }
}
