//! Events of event cameras and of silicon cochleas: the type, files of them, and frames made from them.
//!
//! [`Events`] are checked columns; [`EventsView`] is a part of them. [`Events::read`] reads a file of any
//! [`Format`], [`Events::write`] writes the simple ones, and [`shd`] reads the Spiking Heidelberg data sets,
//! which are many recordings in one file. [`transform`] makes other events of events, [`frames`] cuts them
//! into slices and makes dense arrays of these, and [`simulate`] makes recordings of pictures and scenes that move.
//! A file is never believed: what it says of itself is held against its length before memory is asked for.

mod aedat;
mod atis;
#[cfg(doctest)]
mod book_tests;
mod dat;
mod error;
mod events;
mod evt;
pub mod frames;
mod hdf5;
mod input;
mod npy;
mod npz;
mod read;
pub mod shd;
pub mod simulate;
mod source;
mod text;
pub mod transform;
mod view;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub use error::{Error, Result};
pub use events::Events;
pub use read::{Format, Options, Order};
pub use view::{Event, EventsView};
