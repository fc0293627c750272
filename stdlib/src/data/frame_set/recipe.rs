//! How frames are made, with a name by which they are known again.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::codec;
use super::element::Element;
use crate::data::archive::name;
use crate::data::dataset::Failure;
use crate::data::error::{self, Result};
use crate::event::frames::{Frames, Slices, voxel_grid};
use crate::event::{self, EventsView};

/// How events are cut into slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cut {
    /// So many slices of as many events each ([`Slices::by_number`]).
    Number(usize),
    /// So many slices of as much time each ([`Slices::by_time`]).
    Time(usize),
    /// Slices of so many µs, as many as there are ([`Slices::by_duration`]).
    Duration(u64),
}

impl Cut {
    /// The slices of some events.
    ///
    /// # Errors
    ///
    /// Those of the functions of [`Slices`].
    pub fn slices(self, events: EventsView<'_>) -> event::Result<Slices<'_>> {
        match self {
            Self::Number(n) => Slices::by_number(events, n),
            Self::Time(n) => Slices::by_time(events, n),
            Self::Duration(duration) => Slices::by_duration(events, duration),
        }
    }

    fn parts(self) -> (&'static str, u64) {
        match self {
            Self::Number(n) => ("number", n as u64),
            Self::Time(n) => ("time", n as u64),
            Self::Duration(duration) => ("duration", duration),
        }
    }

    /// `number-16`.
    fn name(self) -> String {
        let (name, n) = self.parts();
        format!("{name}-{n}")
    }

    fn parameters(self) -> Value {
        let (name, n) = self.parts();
        json!({ name: n })
    }
}

type Make = dyn Fn(EventsView<'_>) -> std::result::Result<Vec<u8>, Failure> + Send + Sync;

/// How frames are made of events.
#[derive(Clone)]
pub struct Recipe {
    name: String,
    parameters: Value,
    /// Frames as they stand in a file.
    make: Arc<Make>,
}

impl Recipe {
    /// Counts of events ([`Slices::count`]).
    #[must_use]
    pub fn count(cut: Cut) -> Self {
        let parameters = json!({ "frames": "count", "cut": cut.parameters() });
        Self::new(format!("count-{}", cut.name()), parameters, move |events| {
            Ok(cut.slices(events)?.count()?)
        })
    }

    /// Whether there was an event ([`Slices::binary`]).
    #[must_use]
    pub fn binary(cut: Cut) -> Self {
        let parameters = json!({ "frames": "binary", "cut": cut.parameters() });
        Self::new(format!("binary-{}", cut.name()), parameters, move |events| {
            Ok(cut.slices(events)?.binary()?)
        })
    }

    /// How lately there was one, with `tau` in µs ([`Slices::time_surface`]).
    #[must_use]
    pub fn time_surface(cut: Cut, tau: f64) -> Self {
        let parameters = json!({ "frames": "time surface", "cut": cut.parameters(), "tau": tau });
        Self::new(format!("surface-{}-tau-{tau:e}", cut.name()), parameters, move |events| {
            Ok(cut.slices(events)?.time_surface(tau)?)
        })
    }

    /// Events spread over bins of time ([`voxel_grid`]).
    #[must_use]
    pub fn voxel_grid(bins: usize) -> Self {
        let parameters = json!({ "frames": "voxel grid", "bins": bins });
        Self::new(format!("voxels-{bins}"), parameters, move |events| Ok(voxel_grid(events, bins)?))
    }

    /// Frames of a function of one's own, which are known again by the name alone: a function that is another one, or
    /// whose parameters are others, has to have another name, like `polarity-sum-8`. Frames that have no name are
    /// made each time by [`Samples::map`](crate::data::loader::Samples::map) instead.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::data::Error::Argument) where the name is not one that a folder can have.
    pub fn own<T: Element>(
        name: &str,
        make: impl Fn(EventsView<'_>) -> std::result::Result<Frames<T>, Failure> + Send + Sync + 'static,
    ) -> Result<Self> {
        if !name::split(name).is_ok_and(|names| names == [name]) {
            let expected = "one that a folder can have";
            return Err(error::argument("the name of frames", expected, format!("{name:?}")));
        }
        // Never one of those above.
        Ok(Self::new(format!("own-{name}"), json!({ "frames": "own", "name": name }), make))
    }

    fn new<T: Element>(
        name: String,
        parameters: Value,
        make: impl Fn(EventsView<'_>) -> std::result::Result<Frames<T>, Failure> + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(move |events: EventsView<'_>| Ok(codec::encode(&make(events)?)?));
        Self { name, parameters, make }
    }

    /// The name of the folder of such frames.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What decides about the frames.
    pub(super) fn parameters(&self) -> &Value {
        &self.parameters
    }

    /// The content of a file with the frames of some events.
    pub(super) fn file(&self, events: EventsView<'_>) -> std::result::Result<Vec<u8>, Failure> {
        (self.make)(events)
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recipe").field(&self.name).finish()
    }
}
