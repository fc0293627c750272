//! Draws, written in the other operations, so that every target draws the same.
//!
//! The generator is Philox 4x32 with 10 rounds (Salmon et al., SC 2011), which makes numbers of a counter: the step,
//! the lane and the number of the draw, keyed by the seed. Nothing is carried from one to the next, so that
//! backward draws again what forward drew.

use super::build::Builder;
use super::{Binary, Counter, Math, Op, Unary, ValueId};
use crate::check::hir::Draw;

/// What a round multiplies with.
pub(super) const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What the keys grow by from round to round.
pub(super) const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
/// How many rounds there are.
pub(super) const ROUNDS: usize = 10;

/// How many operations a draw is.
pub(super) fn operations(draw: Draw) -> u64 {
    let mut values = Vec::new();
    let mut builder = Builder::new(&mut values);
    expand(&mut builder, draw, 0);
    let functions = match draw {
        Draw::Uniform => 0,
        Draw::Normal => [Math::Log, Math::Cos].map(super::math::operations).into_iter().sum(),
    };
    builder.body.len() as u64 + 1 + functions
}

/// The last operation of a draw. The functions of the maths library in it are still to be written out.
pub(super) fn expand(b: &mut Builder<'_>, draw: Draw, number: u32) -> Op {
    let mut philox = Philox::new(b, number);
    let first = philox.word(b, ROUNDS, 0);
    match draw {
        Draw::Uniform => uniform(b, first),
        Draw::Normal => {
            let second = philox.word(b, ROUNDS, 1);
            normal(b, first, second)
        }
    }
}

/// Of the upper 24 bits of a word, a number in `[0, 1)` that is exact in f32.
fn uniform(b: &mut Builder<'_>, word: ValueId) -> Op {
    let (by, mask, unit) = (b.int(8), b.int(0x00ff_ffff), b.real(2f64.powi(-24)));
    let upper = b.binary(Binary::Shr, word, by);
    let upper = b.binary(Binary::And, upper, mask);
    let upper = b.value(Op::IntToReal(upper));
    Op::Binary(Binary::Mul, upper, unit)
}

/// By Box and Muller. The first number is in `(0, 1]` and has 31 bits, so that the tails go on to 6.6.
fn normal(b: &mut Builder<'_>, first: ValueId, second: ValueId) -> Op {
    let (by, mask) = (b.int(1), b.int(0x7fff_ffff));
    let upper = b.binary(Binary::Shr, first, by);
    let upper = b.binary(Binary::And, upper, mask);
    let upper = b.value(Op::IntToReal(upper));
    let (unit, half) = (b.real(2f64.powi(-31)), b.real(2f64.powi(-32)));
    let upper = b.mul(upper, unit);
    let upper = b.add(upper, half);
    let log = b.unary(Unary::Math(Math::Log), upper);
    let minus_two = b.real(-2.0);
    let square = b.mul(minus_two, log);
    let radius = b.unary(Unary::Sqrt, square);
    let turn = uniform(b, second);
    let turn = b.value(turn);
    let tau = b.real(std::f64::consts::TAU);
    let angle = b.mul(turn, tau);
    let cos = b.unary(Unary::Math(Math::Cos), angle);
    Op::Binary(Binary::Mul, radius, cos)
}

/// The words of each round, as far as they are asked for.
struct Philox {
    words: [[Option<ValueId>; 4]; ROUNDS + 1],
    key: [ValueId; 2],
}

impl Philox {
    fn new(b: &mut Builder<'_>, number: u32) -> Self {
        let mut words = [[None; 4]; ROUNDS + 1];
        let step = b.value(Op::Counter(Counter::Step));
        let lane = b.value(Op::Counter(Counter::Lane));
        words[0] = [step, lane, b.int(number as i32), b.int(0)].map(Some);
        let key = [Counter::SeedLow, Counter::SeedHigh].map(|half| b.value(Op::Counter(half)));
        Self { words, key }
    }

    /// A word behind so many rounds.
    fn word(&mut self, b: &mut Builder<'_>, round: usize, which: usize) -> ValueId {
        if let Some(known) = self.words[round][which] {
            return known;
        }
        let half = if which < 2 { 1 } else { 0 };
        let multiplied = self.word(b, round - 1, 2 * half);
        let multiplier = b.int(MULTIPLIERS[half] as i32);
        let made = if which % 2 == 1 {
            b.mul(multiplied, multiplier)
        } else {
            let upper = b.binary(Binary::MulHigh, multiplied, multiplier);
            let other = self.word(b, round - 1, which + 1);
            let mixed = b.binary(Binary::Xor, upper, other);
            let key = self.key(b, round - 1, 1 - half);
            b.binary(Binary::Xor, mixed, key)
        };
        self.words[round][which] = Some(made);
        made
    }

    /// Half of the key of a round.
    fn key(&self, b: &mut Builder<'_>, round: usize, half: usize) -> ValueId {
        if round == 0 {
            return self.key[half];
        }
        let grown = b.int(WEYL[half].wrapping_mul(round as u32) as i32);
        b.add(self.key[half], grown)
    }
}
