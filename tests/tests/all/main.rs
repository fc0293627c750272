//! What crosses packages. One binary, because each would be linked anew.

mod wgsl;
