//! Optimizers whose states can be saved, learning rates over time, and loss scaling. A step takes a few kernels
//! whatever the number of params, and never waits for the device.

mod optimizer;
mod scaler;
mod schedule;

#[cfg(test)]
mod tests;

pub use optimizer::{Method, Optimizer};
pub use scaler::Scaler;
pub use schedule::Schedule;
