//! What the tests of several packages share: random operands, comparisons, programs, vectors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub mod compare;
pub mod drawn;
pub mod expected;
pub mod fuzz;
pub mod gpu;
pub mod indexed;
pub mod interpret;
pub mod numbers;
pub mod operands;
pub mod program;
pub mod random;
pub mod vectors;
