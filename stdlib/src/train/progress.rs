//! How far training is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exact;
use super::meter::Meter;
use crate::data::loader::Position;

/// Numbers by name, such as the accuracy.
pub type Metrics = BTreeMap<String, f64>;

/// What came of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its number, from 0 on.
    pub epoch: u64,
    /// How many steps were done behind it, of all epochs.
    pub step: u64,
    /// The mean of the losses of its steps.
    #[serde(with = "exact")]
    pub loss: f64,
    /// The learning rate of its last step.
    #[serde(with = "exact")]
    pub rate: f64,
    /// How long its steps took, in seconds, without evaluation and checkpoints.
    #[serde(with = "exact")]
    pub seconds: f64,
    /// The most bytes that tensors on CUDA had at once during its steps.
    pub peak_bytes: Option<u64>,
    /// What evaluation gave.
    #[serde(with = "exact::map")]
    pub metrics: Metrics,
}

/// Where the loop goes on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) position: Position,
    /// Steps of all epochs.
    pub(super) step: u64,
    /// The rate that the schedule begins with.
    #[serde(with = "exact")]
    pub(super) rate: f64,
    pub(super) meter: Meter,
    /// The time that this epoch has taken so far, in seconds.
    #[serde(with = "exact")]
    pub(super) seconds: f64,
    pub(super) epochs: Vec<Report>,
}
