//! The kernel `y = x`, emitted as neurons are: what their bandwidth is measured against.

use snn_artifact::{ABI, Artifact, Dtype, Manifest, SCHEMA, Target};

use crate::error::{Bug, EmitError};
use crate::kernel::{self, Kernel, Schedule, Verified};
use crate::pipeline;
use crate::targets::Emitted;

/// The name of its entry.
pub const ENTRY: &str = "copy";

/// Everything that decides its code, as text.
pub fn key(target: &Target) -> String {
    format!("snnc {} abi {ABI}\ntarget {target:?}\n{}", env!("CARGO_PKG_VERSION"), text(target))
}

/// Its artifact. `key` is the name that caches know it by.
///
/// # Errors
///
/// What the target cannot do.
pub fn artifact(target: &Target, key: String) -> Result<Artifact, EmitError> {
    let Emitted { code, entries } = pipeline::emit(&[verified(target)?], target)?;
    let manifest = Manifest {
        schema: SCHEMA,
        abi: ABI,
        compiler: env!("CARGO_PKG_VERSION").into(),
        key,
        neuron: ENTRY.into(),
        options: Vec::new(),
        target: target.clone(),
        math: "strict".into(),
        compute: Dtype::F32,
        inputs: Vec::new(),
        outputs: Vec::new(),
        states: Vec::new(),
        params: Vec::new(),
        save: String::new(),
        saved: Vec::new(),
        entries,
        parallel: false,
        matrices: Vec::new(),
        outer: Vec::new(),
    };
    Ok(Artifact { manifest, code })
}

fn verified(target: &Target) -> Result<Verified<Kernel>, EmitError> {
    let kernel = kernel::parse(&text(target));
    let kernel = kernel.map_err(|why| Bug(format!("the copy: {why}")))?;
    // Nothing in it is for `legalize`.
    Ok(kernel::verify(kernel)?)
}

fn text(target: &Target) -> String {
    let Schedule { chunk, lanes, block } = kernel::schedule(target);
    format!(
        "kernel {ENTRY} f32 chunk {chunk} lanes {lanes} block {block}\n\
         in x: input f32 sequence\n\
         out y: output f32 sequence\n\
         chunks forward\nsteps forward\n%0 = load x\nstore y, %0\nend\nend\n"
    )
}
