//! A subject: how it looks and moves.

use rand_chacha::ChaCha8Rng;

use super::super::pixel::uniform;
use super::N_GESTURES;
use super::draw::Canvas;
use super::pose::{self, Arm, Loop, REST, Style};
use crate::data::random::generator;

/// A figure of a size, at a place, in clothes and a light of its own, with its own ways to move.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The length of an arm, and where the middle between the shoulders is, for a picture of size 1.
    arm: f64,
    place: [f64; 2],
    /// Half of the way between the shoulders and the radius of a limb, in lengths of an arm.
    shoulder: f64,
    limb: f64,
    head: f64,
    /// Intensities.
    background: f64,
    trunk: f64,
    sleeves: f64,
    skin: f64,
    /// Turns in a second, and where each gesture starts, in turns.
    paces: [f64; N_GESTURES],
    starts: [f64; N_GESTURES],
    styles: [Style; N_GESTURES],
    /// How it sways, in turns.
    sway: f64,
}

impl Subject {
    /// The subject of a number, of all those that belong to a seed. `light` is what the intensities are multiplied
    /// by: in a weaker light, the dark intensity of pixels takes more of the contrast.
    #[must_use]
    pub fn new(seed: u64, number: u64, light: f64) -> Self {
        let mut random = generator(b"gestures", seed, 0, number);
        let mut within = |low: f64, high: f64| within(&mut random, low, high);
        let arm = within(0.3, 0.37);
        let place = [0.5 + within(-0.05, 0.05), 0.42 + within(-0.04, 0.04)];
        let (shoulder, limb, head) = (within(0.32, 0.4), within(0.075, 0.1), within(0.2, 0.25));
        let background = light * within(0.4, 0.55);
        // Sleeves are darker than the background and lighter than the trunk, and skin is lighter than all.
        let trunk = light * within(0.08, 0.16);
        let (sleeves, skin) = (light * within(0.2, 0.3), light * within(0.75, 1.0));
        let pace = within(0.8, 1.25);
        let paces = std::array::from_fn(|i| pose::pace(i) * pace * within(0.9, 1.1));
        let starts = std::array::from_fn(|_| within(0.0, 1.0));
        let styles = std::array::from_fn(|_| Style {
            reach: within(0.85, 1.15),
            shift: [within(-0.04, 0.04), within(-0.05, 0.05)],
            own: [0, 1].map(|_| own(&mut within)),
        });
        let sway = within(0.0, 1.0);
        Self {
            arm,
            place,
            shoulder,
            limb,
            head,
            background,
            trunk,
            sleeves,
            skin,
            paces,
            starts,
            styles,
            sway,
        }
    }

    /// The right and the left arm some seconds after a gesture's start, raised to it by a share.
    pub(super) fn arms(&self, gesture: usize, seconds: f64, raised: f64) -> [Arm; 2] {
        let turns = self.starts[gesture] + self.paces[gesture] * seconds;
        let arms = pose::arms(gesture, turns, &self.styles[gesture], self.shoulder);
        arms.map(|arm| REST.towards(&arm, raised))
    }

    /// Draws the subject some seconds after the start of a recording.
    pub(super) fn draw(&self, canvas: &mut Canvas, arms: [Arm; 2], seconds: f64) {
        let [width, height] = canvas.size();
        let size = width.min(height);
        let sway = |pace: f64| libm::sin(std::f64::consts::TAU * (pace * seconds + self.sway));
        let middle = [
            width / 2.0 + (self.place[0] - 0.5 + 0.006 * sway(0.31)) * size,
            height / 2.0 + (self.place[1] - 0.5 + 0.003 * sway(0.47)) * size,
        ];
        let unit = self.arm * size;
        let at = |right: f64, down: f64| [middle[0] + right * unit, middle[1] + down * unit];

        canvas.clear(self.background);
        let hips = self.shoulder * 0.75;
        for side in [-1.0, 1.0] {
            let [top, bottom] =
                [at(side * self.shoulder * 0.55, 0.14), at(side * hips * 0.55, 2.4)];
            canvas.capsule(top, bottom, self.shoulder * 0.55 * unit, self.trunk);
        }
        canvas.capsule(at(0.0, 0.0), at(0.0, -0.25), 0.1 * unit, self.skin);
        canvas.capsule(at(0.0, -0.42), at(0.0, -0.5), self.head * unit, self.skin);
        let sides = [(-1.0, arms[0]), (1.0, arms[1])];
        let place = |side: f64, [out, down]: [f64; 2]| at(side * (self.shoulder + out), down);
        for (side, arm) in sides {
            let [shoulder, elbow] = [place(side, [0.0, 0.06]), place(side, arm.elbow)];
            canvas.capsule(shoulder, elbow, 1.15 * self.limb * unit, self.sleeves);
        }
        for (side, arm) in sides {
            let [elbow, hand] = [place(side, arm.elbow), place(side, arm.hand)];
            canvas.capsule(elbow, hand, 0.85 * self.limb * unit, 0.85 * self.skin);
            canvas.capsule(hand, hand, 1.2 * self.limb * unit, self.skin);
        }
    }
}

/// Moves that are none of the other gestures: a hand goes to and fro at different paces in both directions.
fn own(within: &mut impl FnMut(f64, f64) -> f64) -> Loop {
    let paces = [1.0, 2.0, 3.0];
    let first = within(0.0, 3.0) as usize % 3;
    let second = (first + 1 + within(0.0, 2.0) as usize) % 3;
    Loop {
        middle: [within(0.3, 0.45), within(-0.35, 0.35)],
        reach: [within(0.12, 0.25), within(0.12, 0.3)],
        pace: [paces[first], paces[second]],
        start: [within(0.0, 1.0), within(0.0, 1.0)],
    }
}

fn within(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * uniform(random)
}
