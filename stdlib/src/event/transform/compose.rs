//! Transforms made of transforms.

use std::sync::Arc;

use super::super::error::{self, Result};
use super::super::events::Events;
use super::{Random, Transform, probability};

impl<T: Transform + ?Sized> Transform for Box<T> {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        (**self).apply(events, random)
    }
}

impl<T: Transform + ?Sized> Transform for Arc<T> {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        (**self).apply(events, random)
    }
}

/// Transforms one behind the other.
///
/// Each draws from numbers of its own, so that what one of them draws changes nothing for those behind it.
#[derive(Clone, Debug, Default)]
pub struct Compose {
    transforms: Vec<Arc<dyn Transform>>,
}

impl Compose {
    /// None, which leaves events as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// These and another one behind them.
    #[must_use]
    pub fn then(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Arc::new(transform));
        self
    }

    /// What becomes of the events of a sample in an epoch.
    ///
    /// # Errors
    ///
    /// Those of the transforms.
    pub fn run(&self, events: Events, seed: u64, epoch: u64, sample: u64) -> Result<Events> {
        self.apply(events, &mut Random::new(seed, epoch, sample))
    }
}

impl Transform for Compose {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let mut each = self.transforms.iter();
        each.try_fold(events, |events, transform| transform.apply(events, &mut random.fork()))
    }
}

/// A transform that is done with a probability.
#[derive(Clone, Debug)]
pub struct Sometimes {
    probability: f64,
    transform: Arc<dyn Transform>,
}

impl Sometimes {
    /// A transform with the probability that it is done.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the probability is not from 0 to 1.
    pub fn new(p: f64, transform: impl Transform + 'static) -> Result<Self> {
        Ok(Self { probability: probability(p)?, transform: Arc::new(transform) })
    }
}

impl Transform for Sometimes {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        match random.chance(self.probability) {
            true => self.transform.apply(events, random),
            false => Ok(events),
        }
    }
}

/// One of several transforms, each as likely as any other.
#[derive(Clone, Debug)]
pub struct OneOf {
    transforms: Vec<Arc<dyn Transform>>,
}

impl OneOf {
    /// The transforms that one is taken of. An empty [`Compose`] is the one that does nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where there is none.
    pub fn new(transforms: Vec<Arc<dyn Transform>>) -> Result<Self> {
        match transforms.is_empty() {
            true => Err(error::argument("the number of transforms", "1 or more", 0)),
            false => Ok(Self { transforms }),
        }
    }
}

impl Transform for OneOf {
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events> {
        let chosen = random.below(self.transforms.len() as u64) as usize;
        self.transforms[chosen].apply(events, random)
    }
}
