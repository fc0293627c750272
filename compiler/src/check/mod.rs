//! Typed program.
pub mod hir;
