//! The standard library: neurons in `.snn`, and what networks of them need.

pub mod neurons;
