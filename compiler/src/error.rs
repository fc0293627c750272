//! Failures behind `check`: what a target cannot do, and our own bugs. Neither is the user's mistake.

/// A form that a target does not have. Every one stands in `docs/unsupported.md`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{target} cannot do {what}; {instead}")]
pub struct Unsupported {
    /// The target that cannot.
    pub target: &'static str,
    /// What it cannot do.
    pub what: String,
    /// What the user can do instead, with the targets that can.
    pub instead: String,
}

/// An invariant of ours that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bug in snnc, please report it: {0}")]
pub struct Bug(pub String);

/// Why a checked program gave no artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The target lacks a form.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// An invariant of ours does not hold.
    #[error(transparent)]
    Bug(#[from] Bug),
}
