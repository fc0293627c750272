//! From the text of a neuron to fused forward and backward kernels.
//!
//! The modules stand in the order of the data: text, syntax, typed program, gradient, simplification, what is saved,
//! kernel, code. Nothing but `build` touches a file or the environment; nothing
//! touches a clock or a device.

pub mod ast;
#[cfg(feature = "build")]
pub mod build;
pub mod check;
pub mod copy;
pub mod diagnostic;
pub mod diff;
pub mod egraph;
pub mod error;
pub mod explain;
pub mod kernel;
#[cfg(feature = "link")]
pub mod link;
pub mod oracle;
pub mod pipeline;
pub mod saves;
pub mod span;
pub mod targets;
