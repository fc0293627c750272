//! The training loop: epochs over a sampler, with checkpoints that training goes on from as if it had never been
//! stopped, a log for TensorBoard, schedules, clipping and mixed precision.
//!
//! What is to be learnt is a function that gives the loss of a batch. The loop never waits for the device within a
//! step: losses are added up there, and read every so many steps.
//!
//! ```
//! # fn main() -> Result<(), snn::train::Failure> {
//! use snn::data::loader::Sampler;
//! use snn::layer::{Linear, Neuron, Sequential};
//! use snn::nn::{self, Context, Module};
//! use snn::optim::Optimizer;
//! use snn::train::{Checkpoints, Goal, Training};
//! use tch::{Device, Kind, Reduction, Tensor};
//! # let folder = std::env::temp_dir().join(format!("snn-train-example-{}", std::process::id()));
//!
//! let x = Tensor::rand([40, 6], (Kind::Float, Device::Cpu));
//! let y = x.sum_dim_intlist([1].as_slice(), true, Kind::Float) / 6.0;
//!
//! let network = Sequential::new().with(Linear::new(6, 1)).with(Neuron::standard("lif")?.build()?);
//! let optimizer = Optimizer::adam(nn::parameters(&network), 1e-2);
//! let mut training = Training::new(network, optimizer, Sampler::new(40, 8, true, 7)?)
//!     .epochs(2)
//!     .checkpoints(Checkpoints::open(&folder)?.keep(2).best("error", Goal::Lowest))
//!     .resume(true);
//! let rates = |network: &mut Sequential, x: &Tensor, context| -> Result<Tensor, snn::Error> {
//!     let spikes = network.forward(&x.unsqueeze(0).expand([4, -1, -1], false), &context)?;
//!     nn::reset(network);
//!     Ok(spikes.mean_dim([0].as_slice(), false, Kind::Float))
//! };
//! let summary = training.run(
//!     |network, batch| {
//!         let rates = rates(network, &x.index_select(0, batch), Context::train())?;
//!         Ok(rates.mse_loss(&y.index_select(0, batch), Reduction::Mean))
//!     },
//!     |network, _| {
//!         let rates = rates(network, &x, Context::eval())?;
//!         Ok([("error".into(), (rates - &y).abs().mean(Kind::Float).double_value(&[]))].into())
//!     },
//! )?;
//! println!("{summary}");
//! assert_eq!(summary.epochs.len(), 2);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```
//!
//! A loop of one's own takes [`Stepper`] for a step and [`Checkpoints`] for what goes on, or either alone.

mod archive;
mod bar;
mod checkpoints;
mod exact;
mod meter;
mod parts;
mod progress;
mod run;
mod stepper;
mod summary;
mod training;

#[cfg(test)]
mod tests;

pub use checkpoints::{Checkpoints, Goal};
pub use parts::{Parts, network_of, restore};
pub use progress::{Metrics, Report};
pub use stepper::Stepper;
pub use summary::Summary;
pub use training::{Per, Training};

/// What a function given to the loop may fail with: anything.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A failure as an error of this crate, one that is one as it is.
fn given(failure: Failure) -> crate::Error {
    failure.downcast().map_or_else(crate::Error::Given, |own| *own)
}
