//! Logs of training.

pub mod events;
mod png;
mod record;

pub use crate::data::{Error, Result};
