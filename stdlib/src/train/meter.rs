//! Losses, added up on their device and seldom read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tch::{Kind, Tensor};

use super::exact;
use crate::error::Result;

/// The losses since they were read last, and those of the epoch that were read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Meter {
    sum: Sum,
    n: u64,
    #[serde(with = "exact")]
    read: f64,
    n_read: u64,
}

/// A sum in f32 on a device; nothing before the first number.
#[derive(Debug, Default)]
struct Sum(Option<Tensor>);

impl Clone for Meter {
    fn clone(&self) -> Self {
        let sum = Sum(self.sum.0.as_ref().map(Tensor::shallow_clone));
        Self { sum, ..*self }
    }
}

impl Meter {
    /// Adds a loss, `[]`, without waiting for it.
    pub(super) fn add(&mut self, loss: &Tensor) -> Result<()> {
        let loss = loss.f_to_kind(Kind::Float)?;
        self.sum = Sum(Some(match &self.sum.0 {
            None => loss,
            // One that was read from a checkpoint is on the CPU still.
            Some(sum) => sum.f_to(loss.device())?.f_add(&loss)?,
        }));
        self.n += 1;
        Ok(())
    }

    /// The mean of the losses since the last time, for which it waits; nothing where there were none.
    pub(super) fn read(&mut self) -> Result<Option<f64>> {
        let Some(sum) = self.sum.0.take() else { return Ok(None) };
        let (sum, n) = (sum.f_double_value(&[])?, std::mem::take(&mut self.n));
        self.read += sum;
        self.n_read += n;
        Ok(Some(sum / n as f64))
    }

    /// The mean of all that was read since the last time; NaN where there was nothing.
    pub(super) fn end(&mut self) -> f64 {
        let mean = self.read / self.n_read as f64;
        *self = Self::default();
        mean
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.as_ref().map(|sum| sum.double_value(&[]).to_string()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let number = text.map(|text| text.parse::<f32>()).transpose();
        Ok(Self(number.map_err(serde::de::Error::custom)?.map(Tensor::from)))
    }
}
