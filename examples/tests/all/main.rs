//! Neurons and networks of the examples and of the book on tensors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod embedded;
mod pairs;
