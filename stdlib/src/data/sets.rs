//! The event data sets of this library, by their names.
//!
//! ```
//! use snn::data::sets::{self, Choice};
//!
//! # fn main() -> snn::data::Result<()> {
//! let set = sets::find("simulated-gestures")?.make(&Choice::default())?;
//! assert_eq!(set.about().classes.len(), 11);
//! # Ok(())
//! # }
//! ```

use super::dataset::{About, Dataset};
use super::dvs128_gesture::{DVS128_GESTURE, Dvs128Gesture};
use super::error::{self, Result};
use super::mnist;
use super::n_mnist::{N_MNIST, NMnist};
use super::shd::{SHD, SpikingHeidelbergDigits};
use super::simulated::{
    SIMULATED_GESTURES, SIMULATED_SACCADES, SimulatedGestures, SimulatedSaccades,
};

/// All of them, in the order of their names. A new set is a line here.
pub const SETS: &[Entry] = &[
    Entry::published(&DVS128_GESTURE, || Box::new(Dvs128Gesture::default())),
    Entry::published(&N_MNIST, || Box::new(NMnist::default())),
    Entry::published(&SHD, || Box::new(SpikingHeidelbergDigits::default())),
    Entry::simulated(&SIMULATED_GESTURES, |choice| {
        let [train, test] = choice.counts([8, 2]);
        Box::new(SimulatedGestures::new(train, test).seed(choice.seed.unwrap_or_default()))
    }),
    Entry::simulated(&SIMULATED_SACCADES, |choice| {
        let [train, test] = choice.counts([0, 1].map(|i| SIMULATED_SACCADES.splits[i].n_samples));
        let set = SimulatedSaccades::new(train, test).seed(choice.seed.unwrap_or_default());
        Box::new(set.images(choice.images.clone()))
    }),
];

/// A set of the library.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    name: &'static str,
    make: Make,
}

#[derive(Clone, Copy, Debug)]
enum Make {
    Published(fn() -> Box<dyn Dataset>),
    Simulated(fn(&Choice) -> Box<dyn Dataset>),
}

/// What may be chosen of a set that is simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// How many images or subjects there are to train with; the set's own number where there is none.
    pub train: Option<usize>,
    /// How many there are to test with.
    pub test: Option<usize>,
    /// Where random numbers start.
    pub seed: Option<u64>,
    /// Where images are looked for.
    pub images: mnist::Places,
}

impl Choice {
    fn counts(&self, by_default: [usize; 2]) -> [usize; 2] {
        [self.train.unwrap_or(by_default[0]), self.test.unwrap_or(by_default[1])]
    }
}

impl Entry {
    const fn published(about: &'static About, make: fn() -> Box<dyn Dataset>) -> Self {
        Self { name: about.folder, make: Make::Published(make) }
    }

    const fn simulated(about: &'static About, make: fn(&Choice) -> Box<dyn Dataset>) -> Self {
        Self { name: about.folder, make: Make::Simulated(make) }
    }

    /// What it is called: its folder in the cache.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is as large as one likes.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        matches!(self.make, Make::Simulated(_))
    }

    /// The set.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where something is chosen of a set that is as published.
    pub fn make(&self, choice: &Choice) -> Result<Box<dyn Dataset>> {
        match self.make {
            Make::Simulated(make) => Ok(make(choice)),
            Make::Published(make) => match (choice.train, choice.test, choice.seed) {
                (None, None, None) => Ok(make()),
                _ => {
                    let what = "a set with counts and a seed of one's own";
                    Err(error::argument(what, "one that is simulated", self.name()))
                }
            },
        }
    }
}

/// The set of a name.
///
/// # Errors
///
/// [`Error::Argument`](super::Error::Argument) with the names of all sets where there is none of that one.
pub fn find(name: &str) -> Result<&'static Entry> {
    SETS.iter().find(|entry| entry.name() == name).ok_or_else(|| {
        let names: Vec<&str> = SETS.iter().map(Entry::name).collect();
        error::argument("a data set", format!("one of {}", names.join(", ")), name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_lead_to_their_sets() {
        assert!(SETS.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        for entry in SETS {
            let set = find(entry.name()).unwrap().make(&Choice::default()).unwrap();
            assert_eq!(set.about().folder, entry.name());
            assert_eq!(set.about().files.is_empty(), entry.is_simulated());
        }
        let message = find("mnist").unwrap_err().to_string();
        assert!(message.starts_with("a data set must be one of dvs128-gesture, n-mnist, "));
        assert!(message.ends_with(", but is mnist"), "{message}");
    }

    #[test]
    fn only_what_is_simulated_is_as_large_as_one_likes() {
        let choice = Choice { train: Some(3), test: Some(4), seed: Some(5), ..Choice::default() };
        for entry in SETS {
            let set = entry.make(&choice);
            assert_eq!(set.is_ok(), entry.is_simulated());
            if let Ok(set) = set {
                let n: Vec<usize> = set.about().splits.iter().map(|s| s.n_samples).collect();
                assert!(n == [3, 4] || n == [33, 44], "{n:?}");
                assert_eq!(set.parameters()["seed"], 5);
            }
        }
    }
}
