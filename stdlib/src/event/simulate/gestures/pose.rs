//! Where elbows and hands are in a gesture.
//!
//! Places of an arm count from its shoulder, outwards and down, in lengths of an arm. Both of its limbs have half of
//! that. What comes towards the sensor or goes away from it is not there: elbows give way to the sides instead.

use std::f64::consts::TAU;

/// A place, outwards from a shoulder and down.
pub type Place = [f64; 2];

/// An arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    pub elbow: Place,
    pub hand: Place,
}

/// The length of a limb.
const LIMB: f64 = 0.5;

/// An arm that hangs down.
pub const REST: Arm = Arm { elbow: [0.06, 0.48], hand: [0.10, 0.94] };

/// A hand that goes to and fro in both directions, each at a pace of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loop {
    pub middle: Place,
    /// How far it goes from there.
    pub reach: Place,
    /// How often it does so in a turn of the gesture.
    pub pace: [f64; 2],
    /// Where it starts, in turns.
    pub start: [f64; 2],
}

/// The way of a subject to make a gesture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// How far it goes: around 1.
    pub reach: f64,
    /// By how much all hands are elsewhere than they might be.
    pub shift: Place,
    /// What the hands do in moves that the subject made up.
    pub own: [Loop; 2],
}

impl Arm {
    /// An arm with its hand at a place, or as near to it as it comes. The elbow is where it bends to: outwards and
    /// down for a hand before the chest, below the hand for one at the side.
    fn reach(hand: Place) -> Self {
        let [out, down] = hand;
        let distance = (out * out + down * down).sqrt().max(1e-9);
        let scale = (0.98 * 2.0 * LIMB / distance).min(1.0);
        let (out, down, distance) = (out * scale, down * scale, distance * scale);
        let off = (LIMB * LIMB - distance * distance / 4.0).sqrt() / distance;
        let off = if out < 0.0 { off } else { -off };
        Self { elbow: [out / 2.0 + off * down, down / 2.0 - off * out], hand: [out, down] }
    }

    /// Between this arm and another.
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let between = |a: Place, b: Place| [0, 1].map(|axis| a[axis] + share * (b[axis] - a[axis]));
        Self { elbow: between(self.elbow, other.elbow), hand: between(self.hand, other.hand) }
    }
}

/// How often a gesture is repeated in a second.
pub fn pace(gesture: usize) -> f64 {
    match gesture {
        0 => 2.2,
        1 | 2 => 1.8,
        3..=6 => 1.2,
        7 => 1.8,
        8 => 2.6,
        9 => 2.4,
        _ => 1.0,
    }
}

/// The right and the left arm of a gesture after so many turns. `shoulder` is how far it is from the middle.
pub fn arms(gesture: usize, turns: f64, style: &Style, shoulder: f64) -> [Arm; 2] {
    let (sin, cos) = (libm::sin(TAU * turns), libm::cos(TAU * turns));
    let reach = |out: f64, down: f64| {
        let [right, lower] = style.shift;
        Arm::reach([out + right, down + lower])
    };
    match gesture {
        0 => {
            let out = -shoulder + style.reach * 0.13 * (1.0 - cos);
            [Arm::reach([out, 0.3 + style.shift[1]]); 2]
        }
        1 => [wave(style, sin), REST],
        2 => [REST, wave(style, sin)],
        // The right arm's outside is the left of the picture.
        3 => [reach(0.55 - 0.28 * style.reach * cos, 0.03 + 0.3 * style.reach * sin), REST],
        4 => [reach(0.55 - 0.28 * style.reach * cos, 0.03 - 0.3 * style.reach * sin), REST],
        5 => [REST, reach(0.55 + 0.28 * style.reach * cos, 0.03 + 0.3 * style.reach * sin)],
        6 => [REST, reach(0.55 + 0.28 * style.reach * cos, 0.03 - 0.3 * style.reach * sin)],
        7 => {
            // Each forearm lies over the other's, and they change places up and down.
            let hand = |turn: f64| {
                Arm::reach([
                    -shoulder - 0.1 + 0.06 * turn * cos,
                    0.36 + 0.17 * style.reach * turn * sin,
                ])
            };
            [hand(1.0), hand(-1.0)]
        }
        8 => {
            let drum =
                |turn: f64| reach(-0.1 + 0.04 * turn * sin, 0.35 - 0.26 * style.reach * turn * sin);
            [drum(1.0), drum(-1.0)]
        }
        9 => {
            let strum = reach(-0.28 + 0.05 * sin, 0.62 + 0.17 * style.reach * sin);
            [strum, reach(0.5 + 0.06 * libm::sin(TAU * turns / 5.0), 0.12)]
        }
        _ => style.own.map(|own| {
            let at = |axis: usize| {
                let turn = own.pace[axis] * turns + own.start[axis];
                own.middle[axis] + own.reach[axis] * libm::sin(TAU * turn)
            };
            reach(at(0), at(1))
        }),
    }
}

/// An arm whose raised forearm swings from side to side.
fn wave(style: &Style, sin: f64) -> Arm {
    let [out, down] = style.shift;
    let elbow = [0.32 + out, 0.34 + down];
    let angle = 0.1 + 0.6 * style.reach * sin;
    let hand = [elbow[0] + LIMB * libm::sin(angle), elbow[1] - LIMB * libm::cos(angle)];
    Arm { elbow, hand }
}
