//! Examples.

#[cfg(feature = "torch")]
pub mod clock;
#[cfg(feature = "torch")]
pub mod images;
#[cfg(feature = "torch")]
pub mod training;
