//! Transforms: what makes other events of events, before frames are made of them.
//!
//! A [`Transform`] is a small value whose numbers are checked when it is made. [`Compose`] puts several behind
//! each other. Where chance plays a part it comes from [`Random`], which depends on the seed, the epoch and the
//! index of the sample alone, so that neither threads nor the order of batches change what becomes of a sample.
//! What comes out is in order and on the sensor, and none of them fails for want of events.
//!
//! They are those of Tonic (Lenz et al. 2021), but for what is said of each. A [`Slicer`] makes several samples
//! of one, and [`RandomTemporalDelete`] is for frames.

mod amount;
#[cfg(doctest)]
mod book_tests;
mod compose;
mod crop;
mod downsample;
mod drop;
mod flip;
mod integrate;
mod jitter;
mod noise;
mod pixels;
mod random;
mod refractory;
mod slicer;
mod temporal;
mod time;

#[cfg(test)]
mod tests;

pub use amount::Amount;
pub use compose::{Compose, OneOf, Sometimes};
pub use crop::{CenterCrop, Crop, CropTime, FirstEvents, RandomCrop};
pub use downsample::Downsample;
pub use drop::{DropByArea, DropByTime, DropEvents, EventDrop};
pub use flip::{FlipLeftRight, FlipPolarity, FlipUpDown, MergePolarities};
pub use integrate::{Differentiate, Integrate};
pub use jitter::{Outliers, SpatialJitter, TimeJitter};
pub use noise::UniformNoise;
pub use pixels::{DropHotPixels, DropPixels, RandomDropPixels};
pub use random::Random;
pub use refractory::{Decimate, Denoise, RefractoryPeriod};
pub use slicer::Slicer;
pub use temporal::RandomTemporalDelete;
pub use time::{AlignTime, TimeReversal, TimeSkew};

use std::fmt::Debug;

use super::error::{self, Result};
use super::events::{Columns, Events};
use super::view::EventsView;

/// What makes events of events.
pub trait Transform: Debug + Send + Sync {
    /// What becomes of some events. All that is left to chance is drawn from `random`.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](super::Error::Argument) where the sensor is not one that this can be done on.
    fn apply(&self, events: Events, random: &mut Random) -> Result<Events>;
}

/// A value for each pixel of a sensor, in rows.
fn per_pixel<T: Clone>((width, height): (u16, u16), value: T) -> Result<Vec<T>> {
    let n = usize::from(width) * usize::from(height);
    let mut values = Vec::new();
    if values.try_reserve_exact(n).is_err() {
        let expected = "one of whose pixels memory holds something each";
        return Err(error::argument("the sensor", expected, format!("{width} x {height}")));
    }
    values.resize(n, value);
    Ok(values)
}

/// Where a pixel is in rows of a width.
fn pixel(width: u16, x: u16, y: u16) -> usize {
    usize::from(y) * usize::from(width) + usize::from(x)
}

/// A width and a height that there are pixels in.
fn sized(width: u16, height: u16) -> Result<(u16, u16)> {
    match width > 0 && height > 0 {
        true => Ok((width, height)),
        false => Err(error::argument(
            "the width and the height in pixels",
            "1 or more",
            format!("{width} x {height}"),
        )),
    }
}

/// The probability of something.
fn probability(p: f64) -> Result<f64> {
    match (0.0..=1.0).contains(&p) {
        true => Ok(p),
        false => Err(error::argument("a probability", "from 0 to 1", p)),
    }
}

/// The first and the last time; none where there are no events.
fn span(events: &EventsView) -> Option<(u64, u64)> {
    events.t().first().copied().zip(events.t().last().copied())
}

/// Events whose times were changed, in order again. Those of one time stay as they are.
fn sorted((width, height): (u16, u16), mut columns: Columns) -> Result<Events> {
    if columns.in_order().is_err() {
        columns.sort();
    }
    let Columns { t, x, y, p } = columns;
    Events::new(width, height, t, x, y, p)
}
