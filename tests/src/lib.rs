//! What the tests of several packages share: random operands, comparisons, programs, vectors, and the
//! kernels written by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

pub mod compare;
#[path = "../reference/kernels/cuda.rs"]
pub mod cuda;
pub mod expected;
pub mod interpret;
#[path = "../reference/kernels/lif.rs"]
pub mod lif;
pub mod numbers;
pub mod operands;
pub mod program;
pub mod random;
pub mod vectors;
