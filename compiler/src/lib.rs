//! From the text of a neuron to fused forward and backward kernels.
//!
//! The modules stand in the order of the data: text, syntax, typed program, gradient, simplification,
//! kernel, code. Nothing here touches a file, a clock, the environment or a device.

pub mod ast;
pub mod check;
pub mod copy;
pub mod diagnostic;
pub mod diff;
pub mod egraph;
pub mod error;
pub mod kernel;
pub mod oracle;
pub mod pipeline;
pub mod span;
pub mod targets;
