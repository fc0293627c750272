//! What the tests of several packages share: random operands, comparisons, programs, vectors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub mod compare;
pub mod numbers;
pub mod program;
pub mod vectors;
