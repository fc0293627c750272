//! Which samples come in which batch.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::weights::Weights;
use crate::data::error::{self, Result};
use crate::data::random::{generator, shuffle};

/// How samples are put into batches.
///
/// ```
/// # fn main() -> snn::data::Result<()> {
/// use snn::data::loader::Sampler;
///
/// let sampler = Sampler::new(10, 4, true, 7)?;
/// let sizes: Vec<usize> = sampler.epoch(0).map(|indices| indices.len()).collect();
/// assert_eq!(sizes, [4, 4, 2]);
///
/// // After two batches of epoch 5, written into a checkpoint:
/// let position = sampler.position(5, 2);
/// assert_eq!(sampler.resume(&position)?.collect::<Vec<_>>(), sampler.epoch(5).skip(2).collect::<Vec<_>>());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    plan: Plan,
    /// Shared by copies: there may be many.
    weights: Option<Arc<Weights>>,
}

/// What tells a sampler from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Plan {
    count: usize,
    batch: usize,
    shuffle: bool,
    seed: u64,
    drop_last: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weighted: Option<Weighted>,
}

/// How samples are drawn by their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Weighted {
    n_draws: usize,
    replacement: Replacement,
    digest: u64,
}

/// Whether a sample that was drawn may come again in the same epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Replacement {
    /// It may: each draw is like the first.
    With,
    /// It may not: the others are drawn from what is left, by their weights.
    Without,
}

impl Sampler {
    /// Batches of `batch` out of `count` samples, in their order or, with `shuffle`, in one that `seed`
    /// and the epoch decide. The last batch of an epoch may be smaller.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where a number is 0.
    pub fn new(count: usize, batch: usize, shuffle: bool, seed: u64) -> Result<Self> {
        for (what, n) in [("the number of samples", count), ("the size of a batch", batch)] {
            if n == 0 {
                return Err(error::argument(what, "1 or more", n));
            }
        }
        let plan = Plan { count, batch, shuffle, seed, drop_last: false, weighted: None };
        Ok(Self { plan, weights: None })
    }

    /// Batches of `batch` out of samples that are drawn by their weights, `[count]`, `n_draws` in an epoch: each draw
    /// is a sample with a probability in proportion to its weight. `seed` and the epoch decide.
    ///
    /// ```
    /// # fn main() -> snn::data::Result<()> {
    /// use snn::data::loader::{Replacement, Sampler, balanced};
    ///
    /// // One sample of class 0 and nine of class 1: half of what is drawn is of class 0.
    /// let labels = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    /// let sampler = Sampler::weighted(&balanced(&labels), 1000, Replacement::With, 100, 7)?;
    /// let n = sampler.epoch(0).flatten().filter(|index| labels[*index] == 0).count();
    /// assert!((400..600).contains(&n), "{n}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where a number is 0, where a weight is negative or not finite,
    /// where their sum is infinite or 0, and where more are to be drawn without replacement than have a weight above 0.
    pub fn weighted(
        weights: &[f64],
        n_draws: usize,
        replacement: Replacement,
        batch: usize,
        seed: u64,
    ) -> Result<Self> {
        let Self { plan, .. } = Self::new(weights.len(), batch, true, seed)?;
        let n = weights.iter().filter(|weight| **weight > 0.0).count();
        let tree = Weights::new(weights)?;
        let (most, expected) = match replacement {
            Replacement::With => (usize::MAX, "1 or more".to_string()),
            Replacement::Without => (n, format!("from 1 to {n}, which have a weight above 0")),
        };
        if !(1..=most).contains(&n_draws) {
            return Err(error::argument("the number of draws", expected, n_draws));
        }
        let weighted = Some(Weighted { n_draws, replacement, digest: tree.digest() });
        Ok(Self { plan: Plan { weighted, ..plan }, weights: Some(Arc::new(tree)) })
    }

    /// The same without the last batch of an epoch where it is smaller than the others. With more to a
    /// batch than there are samples no batch is left.
    pub fn drop_last(self) -> Self {
        Self { plan: Plan { drop_last: true, ..self.plan }, ..self }
    }

    /// How many samples there are, each of which may be drawn.
    pub fn n_samples(&self) -> usize {
        self.plan.count
    }

    /// How many samples an epoch has, those that come again counted again; with
    /// [`drop_last`](Self::drop_last) some may be left out.
    fn n_draws(&self) -> usize {
        self.plan.weighted.map_or(self.plan.count, |weighted| weighted.n_draws)
    }

    /// How many batches an epoch has.
    pub fn n_batches(&self) -> usize {
        match self.plan.drop_last {
            true => self.n_draws() / self.plan.batch,
            false => self.n_draws().div_ceil(self.plan.batch),
        }
    }

    /// The batches of an epoch.
    pub fn epoch(&self, epoch: u64) -> Epoch {
        self.from(epoch, 0)
    }

    /// Where training is after so many batches of an epoch.
    pub fn position(&self, epoch: u64, n_done: usize) -> Position {
        Position { epoch, n_done, sampler: self.plan }
    }

    /// The rest of a position's epoch; nothing where all of it was done.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where the position is of a sampler with other numbers,
    /// whose batches would be others, or lies behind the epoch's end.
    pub fn resume(&self, position: &Position) -> Result<Epoch> {
        if position.sampler != self.plan {
            let expected = format!("of {self:?}");
            return Err(error::argument("the position", expected, format!("{position:?}")));
        }
        if position.n_done > self.n_batches() {
            let expected = format!("{} or fewer, as an epoch has", self.n_batches());
            return Err(error::argument("the number of batches", expected, position.n_done));
        }
        Ok(self.from(position.epoch, position.n_done))
    }

    fn from(&self, epoch: u64, n_done: usize) -> Epoch {
        let batch = self.plan.batch;
        let mut order = self.order(epoch);
        order.truncate(self.n_batches().saturating_mul(batch));
        Epoch { number: epoch, order, at: n_done * batch, batch }
    }

    /// All samples in the order of an epoch: each way to order them is as likely as any other, but for weights.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let Plan { count, seed, weighted, .. } = self.plan;
        if let Some((weights, weighted)) = self.weights.as_ref().zip(weighted) {
            let mut random = generator(b"weighted", seed, epoch, 0);
            return weights.draw(weighted.n_draws, weighted.replacement, &mut random);
        }
        let mut order: Vec<usize> = (0..count).collect();
        if self.plan.shuffle {
            shuffle(&mut order, &mut generator(b"order\0\0\0", seed, epoch, 0));
        }
        order
    }
}

/// Where training is in an epoch, to be written into a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    epoch: u64,
    n_done: usize,
    sampler: Plan,
}

impl Position {
    /// The number of the epoch, from 0 on.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many of its batches are done.
    pub fn n_done(&self) -> usize {
        self.n_done
    }
}

/// The batches of an epoch: the indices of the samples of each.
#[derive(Clone, Debug)]
pub struct Epoch {
    number: u64,
    order: Vec<usize>,
    at: usize,
    batch: usize,
}

impl Epoch {
    /// The number of the epoch, from 0 on.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The samples of all batches that are left, one behind the other.
    pub fn rest(&self) -> &[usize] {
        self.order.get(self.at..).unwrap_or_default()
    }
}

impl Iterator for Epoch {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let batch = self.rest().chunks(self.batch).next()?.to_vec();
        self.at += batch.len();
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.rest().len().div_ceil(self.batch);
        (n, Some(n))
    }
}

impl ExactSizeIterator for Epoch {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sampler(count: usize, batch: usize) -> Sampler {
        Sampler::new(count, batch, true, 7).unwrap()
    }

    #[test]
    fn epochs_and_seeds_have_orders_of_their_own_and_keep_them() {
        let orders = [(7, 0), (7, 1), (8, 0), (8, 1)];
        let order = |(seed, epoch)| Sampler::new(8, 8, true, seed).unwrap().order(epoch);
        let orders = orders.map(order);
        assert!((0..4).all(|i| !orders[..i].contains(&orders[i])), "{orders:?}");
        // The numbers are the same on every machine and in every version.
        assert_eq!(orders[0], [5, 7, 2, 4, 0, 1, 6, 3]);
        let plain = Sampler::new(5, 2, false, 7).unwrap();
        assert_eq!(plain.epoch(3).collect::<Vec<_>>(), [vec![0, 1], vec![2, 3], vec![4]]);
        assert_eq!(plain.drop_last().epoch(3).collect::<Vec<_>>(), [[0, 1], [2, 3]]);
        assert_eq!(sampler(3, 4).drop_last().epoch(0).len(), 0);
    }

    #[test]
    fn every_order_comes_about_as_often() {
        let sampler = sampler(3, 3);
        let mut counts = std::collections::BTreeMap::new();
        (0..1200).for_each(|epoch| *counts.entry(sampler.order(epoch)).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|n| (150..250).contains(n)), "{counts:?}");
    }

    #[test]
    fn a_position_survives_a_checkpoint_and_fits_its_sampler_alone() {
        let position = sampler(10, 4).position(2, 1);
        let text = serde_json::to_string(&position).unwrap();
        let read: Position = serde_json::from_str(&text).unwrap();
        assert_eq!((read, read.epoch(), read.n_done()), (position, 2, 1));
        assert!(sampler(10, 5).resume(&read).unwrap_err().to_string().contains("batch: 5"));
        assert!(sampler(10, 4).drop_last().resume(&read).is_err());
        assert!(sampler(10, 4).resume(&sampler(10, 4).position(0, 4)).is_err());
        assert_eq!(sampler(10, 4).resume(&sampler(10, 4).position(0, 3)).unwrap().len(), 0);
        assert!(Sampler::new(0, 1, true, 0).is_err() && Sampler::new(1, 0, true, 0).is_err());
    }

    proptest! {
        #[test]
        fn each_sample_comes_once(count in 1_usize..60, batch in 1_usize..70, epoch: u64, done in 0_usize..60) {
            let sampler = sampler(count, batch);
            let batches: Vec<_> = sampler.epoch(epoch).collect();
            prop_assert_eq!(batches.len(), sampler.n_batches());
            let mut all = batches.concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..count));
            let done = done % (batches.len() + 1);
            let rest = sampler.resume(&sampler.position(epoch, done)).unwrap();
            prop_assert_eq!(rest.len(), batches.len() - done);
            prop_assert!(rest.eq(batches[done..].iter().cloned()));
        }
    }
}
