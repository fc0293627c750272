//! Networks as data: a tree of modules with names, params, buffers and states, and what walks over it.
//!
//! A module of one's own takes part by implementing [`Module`]; all in this folder then works on it as well.

mod module;
pub(crate) mod safetensors;
mod state_dict;
mod summary;
mod tree;

#[cfg(test)]
mod tests;

pub use module::{Context, Module, Node, States, StepMode, Value};
pub use state_dict::{StateDict, load_state_dict, read_state_dict, state_dict, write_state_dict};
pub use summary::{Summary, summary};
pub use tree::{
    Entry, Kind, detach, entries, n_params, parameters, reset, to_device, to_layout, walk, walk_mut,
};
