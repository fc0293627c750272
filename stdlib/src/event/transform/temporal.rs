//! Frames that are left out.

use super::super::error::{self, Result};
use super::super::frames::Frames;
use super::Random;

/// Leaves so many frames, which chance chooses, in their order: `[T, C, H, W]` becomes `[remain, C, H, W]`.
///
/// SpikingJelly's `RandomTemporalDelete`, of Fang et al. 2021 (Deep residual learning in spiking neural
/// networks, NeurIPS), for one sample; there all samples of a batch lose the same frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomTemporalDelete {
    remain: usize,
}

impl RandomTemporalDelete {
    /// How many frames are left.
    pub fn new(remain: usize) -> Self {
        Self { remain }
    }

    /// What is left of frames.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there are fewer frames.
    pub fn apply<T: Copy>(&self, frames: &Frames<T>, random: &mut Random) -> Result<Frames<T>> {
        let [n, ..] = frames.shape();
        if n < self.remain {
            let expected = format!("at most {n}, the number of frames");
            return Err(error::argument(
                "the number of frames that are left",
                expected,
                self.remain,
            ));
        }
        let mut is_left = random.choose(n, self.remain);
        let left: Vec<usize> = (0..n).filter(|_| is_left()).collect();
        frames.select(&left)
    }
}
