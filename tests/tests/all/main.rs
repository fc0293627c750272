//! What crosses packages. One binary, because each would be linked anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod build;
mod cpu;
mod fuzz;
mod language;
mod library;
#[cfg(unix)]
mod link;
mod oracle;
mod parity;
#[cfg(feature = "llvm")]
mod ptx;
mod reference;
mod tidy;
mod wgsl;
