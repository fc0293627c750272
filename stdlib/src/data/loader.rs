//! Which samples come in which batch.
//!
//! The order of an epoch depends on the seed and the epoch's number alone, so that training goes on in the
//! middle of one from its [`Position`].
//!
//! ```
//! # fn main() -> snn::data::Result<()> {
//! use snn::data::loader::Sampler;
//!
//! let sampler = Sampler::new(10, 4, true, 7)?;
//! let sizes: Vec<usize> = sampler.epoch(0).map(|indices| indices.len()).collect();
//! assert_eq!(sizes, [4, 4, 2]);
//!
//! // After two batches of epoch 5, written into a checkpoint:
//! let position = sampler.position(5, 2);
//! assert_eq!(sampler.resume(&position)?.collect::<Vec<_>>(), sampler.epoch(5).skip(2).collect::<Vec<_>>());
//! # Ok(())
//! # }
//! ```

use serde::{Deserialize, Serialize};

use super::error::{self, Result};
use super::random::{below, generator};

/// How samples are put into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampler {
    count: usize,
    batch: usize,
    shuffle: bool,
    seed: u64,
    drop_last: bool,
}

impl Sampler {
    /// Batches of `batch` out of `count` samples, in their order or, with `shuffle`, in one that `seed`
    /// and the epoch decide. The last batch of an epoch may be smaller.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where a number is 0.
    pub fn new(count: usize, batch: usize, shuffle: bool, seed: u64) -> Result<Self> {
        for (what, n) in [("the number of samples", count), ("the size of a batch", batch)] {
            if n == 0 {
                return Err(error::argument(what, "1 or more", n));
            }
        }
        Ok(Self { count, batch, shuffle, seed, drop_last: false })
    }

    /// The same without the last batch of an epoch where it is smaller than the others. With more to a
    /// batch than there are samples no batch is left.
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// How many batches an epoch has.
    pub fn n_batches(&self) -> usize {
        match self.drop_last {
            true => self.count / self.batch,
            false => self.count.div_ceil(self.batch),
        }
    }

    /// The batches of an epoch.
    pub fn epoch(&self, epoch: u64) -> Epoch {
        self.from(epoch, 0)
    }

    /// Where training is after so many batches of an epoch.
    pub fn position(&self, epoch: u64, n_done: usize) -> Position {
        Position { epoch, n_done, sampler: *self }
    }

    /// The rest of a position's epoch; nothing where all of it was done.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where the position is of a sampler with other numbers,
    /// whose batches would be others, or lies behind the epoch's end.
    pub fn resume(&self, position: &Position) -> Result<Epoch> {
        if position.sampler != *self {
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
        let end = self.count.min(self.n_batches().saturating_mul(self.batch));
        let mut order = self.order(epoch);
        order.truncate(end);
        Epoch { order, at: n_done * self.batch, batch: self.batch }
    }

    /// All samples in the order of an epoch: each way to order them is as likely as any other.
    fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.count).collect();
        if self.shuffle {
            let mut random = generator(b"order\0\0\0", self.seed, epoch, 0);
            for i in (1..order.len()).rev() {
                order.swap(i, below(&mut random, i as u64 + 1) as usize);
            }
        }
        order
    }
}

/// Where training is in an epoch, to be written into a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    epoch: u64,
    n_done: usize,
    sampler: Sampler,
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
    order: Vec<usize>,
    at: usize,
    batch: usize,
}

impl Epoch {
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
