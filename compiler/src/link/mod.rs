//! Machine code for linkers and C compilers: an object file around the bytes of an artifact, and a
//! header that declares its entries.
//!
//! The code is not touched: an object file with it runs to the same bits as the runtime.

mod file;
mod header;

pub use file::{Format, object};
pub use header::header;

use snn_artifact::{Artifact, Code, Manifest, Target};

use crate::error::Unsupported;

/// The name of an entry in the object file.
pub fn symbol(manifest: &Manifest, entry: &str) -> String {
    format!("{}_{entry}", manifest.neuron)
}

/// The code of an artifact with its level.
fn code(artifact: &Artifact) -> Result<(&[u8], &str), Unsupported> {
    match (&artifact.code, &artifact.manifest.target) {
        (Code::Cpu(code), Target::Cpu { level }) => Ok((code, level)),
        (_, target) => Err(Unsupported {
            target: if matches!(target, Target::Wgsl) { "wgsl" } else { "ptx" },
            what: "object files and C headers".into(),
            instead: "take the target cpu, or launch the code as docs/abi.md says".into(),
        }),
    }
}

#[cfg(feature = "cranelift")]
#[cfg(test)]
mod tests;
