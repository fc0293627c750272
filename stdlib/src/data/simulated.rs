//! Sets of recordings that no camera made: as large as they are asked for, the same on every machine, and prepared
//! without a download.
//!
//! [`SimulatedSaccades`] is as N-MNIST, with the images of Fashion-MNIST. [`SimulatedGestures`] is as DVS128 Gesture,
//! with figures that are drawn. They are for trying out, for tests and for learning: what a network makes of them says
//! little about what it makes of recordings.

mod gestures;
mod saccades;

use super::dataset::{About, Split};

pub use gestures::{SIMULATED_GESTURES, SimulatedGestures};
pub use saccades::{SIMULATED_SACCADES, SimulatedSaccades};

/// Splits of so many samples.
fn splits(n_train: usize, n_test: usize) -> &'static [Split] {
    let splits =
        [("train", n_train), ("test", n_test)].map(|(name, n_samples)| Split { name, n_samples });
    // What is published is known when a program is built, and so are all other splits. The few bytes of these stay
    // until the program ends.
    Box::leak(Box::new(splits))
}

/// The folder of a set's samples: sets of other sizes are kept beside each other.
fn variant(about: &About) -> String {
    let counts: Vec<String> =
        about.splits.iter().map(|split| format!("{}-{}", split.n_samples, split.name)).collect();
    counts.join("-")
}

#[cfg(test)]
mod tests;
