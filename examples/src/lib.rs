//! Examples.

#[cfg(feature = "torch")]
pub mod images;
