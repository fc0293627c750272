//! Typed program.
pub mod hir;
pub(crate) mod nearest;

/// The word a sharing is written with.
pub fn sharing_word(sharing: hir::Sharing) -> &'static str {
    match sharing {
        hir::Sharing::Layer => "layer",
        hir::Sharing::Channel => "channel",
        hir::Sharing::Neuron => "neuron",
    }
}
