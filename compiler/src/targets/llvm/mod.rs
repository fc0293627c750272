//! Kernels to PTX, by way of LLVM IR as text. `docs/abi.md` says how the entries are launched.
//!
//! A thread takes a few adjacent lanes and runs all their steps with everything in registers. The IR is
//! emitted step by step, in the order of the kernel, without any flag that would let LLVM round
//! otherwise; the text that comes out is checked for it.

mod ahead;
mod body;
mod divisors;
mod emitter;
mod function;
mod inst;
mod lines;
mod machine;
mod memory;
mod outer;
mod product;
mod segments;
mod steps;
mod stream;
mod strict;
mod sums;
mod text;
mod varying;

use std::collections::BTreeMap;
use std::fmt::Write;

use snn_artifact as artifact;

use self::lines::Lines;
pub use self::strict::check_strict;
use super::{Emitted, Launch};
use crate::error::{Bug, EmitError};
use crate::kernel::{self, Binary, Kernel, Op, Stmt, Verified, schedule};

/// What every module begins with.
const DEVICE: &str = include_str!("device.ll");

/// The second stage of sums, as `device.ll` has it.
const REDUCE: Launch = Launch { symbol: String::new(), offset: 0, threads: 1024 };

/// The name of products that are added up over lanes.
const OUTER: &str = "outer";

/// Capabilities below this one get a second text for it.
const NEWER: u32 = 90;

/// How PTX is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The oldest compute capability it is to run on, `75` for 7.5. The driver compiles it for the
    /// device at hand, from the text for 9.0 where that is as new.
    pub sm: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { sm: 75 }
    }
}

/// Emits PTX.
///
/// # Errors
///
/// [`Unsupported`](crate::error::Unsupported) for a compute capability or a schedule that PTX kernels do
/// not have; a [`Bug`] where LLVM refuses the module or the text is not strict.
pub fn emit(kernels: &[&Verified<Kernel>], options: &Options) -> Result<Emitted, EmitError> {
    super::check_sm(options.sm)?;
    let newer = (options.sm < NEWER).then_some(NEWER);
    let texts = [options.sm].into_iter().chain(newer).map(|sm| {
        let text = machine::ptx(&llvm_ir(kernels, sm)?, sm)?;
        check_strict(&text, |entry| {
            let mut own = kernels.iter().filter(|kernel| kernel.name == entry);
            entry == OUTER || own.any(|kernel| is_relaxed(kernel))
        })?;
        Ok(artifact::Ptx { sm, text })
    });
    let texts = texts.collect::<Result<Vec<_>, EmitError>>()?;
    let mut entries = BTreeMap::new();
    for kernel in kernels {
        let launch =
            Launch { symbol: kernel.name.clone(), offset: 0, threads: function::threads(kernel) };
        entries.insert(kernel.name.clone(), super::entry(kernel, launch));
    }
    let launch = Launch { symbol: "reduce".into(), ..REDUCE };
    entries.insert("reduce".into(), super::reduce_entry(launch));
    if has_outer(kernels) {
        let launch = Launch { symbol: OUTER.into(), offset: 0, threads: outer::THREADS };
        entries.insert(OUTER.into(), super::outer_entry(launch, outer::BLOCK));
    }
    Ok(Emitted { code: artifact::Code::Ptx(texts), entries })
}

/// Emits the LLVM IR that [`emit`] hands to LLVM for a compute capability.
///
/// # Errors
///
/// As [`emit`], without what LLVM itself finds.
pub fn llvm_ir(kernels: &[&Verified<Kernel>], sm: u32) -> Result<String, EmitError> {
    let mut out = String::from(DEVICE);
    let mut launched = vec![("reduce", REDUCE.threads, 1)];
    if has_outer(kernels) {
        out.push('\n');
        out.push_str(&outer::function());
        launched.push((OUTER, outer::THREADS, outer::SIDE_BY_SIDE));
    }
    let mut lines = Lines::default();
    for kernel in kernels {
        check_name(&kernel.name, &launched)?;
        out.push('\n');
        out.push_str(&function::function(kernel, lines.marks(kernel), sm)?);
        let threads = function::threads(kernel);
        launched.push((&kernel.name, threads, schedule::blocks(kernel, threads)));
    }
    let n_nodes = lines.write(&mut out);
    annotate(&mut out, &launched, n_nodes);
    Ok(out)
}

fn has_outer(kernels: &[&Verified<Kernel>]) -> bool {
    kernel::outer::is_needed(kernels.iter().map(|kernel| &***kernel))
}

/// Says how many threads a block has, and how many blocks have to run side by side, mostly one: left to
/// itself the assembler would rather spill than let fewer run.
fn annotate(out: &mut String, launched: &[(&str, u32, u32)], n_before: usize) {
    let facts = launched.iter().flat_map(|(name, threads, blocks)| {
        [("maxntidx", *threads), ("minctasm", *blocks)]
            .map(|(fact, value)| format!("!{{ptr @{name}, !\"{fact}\", i32 {value}}}"))
    });
    let facts: Vec<String> = facts.collect();
    let nodes: Vec<String> = (1..=facts.len()).map(|i| format!("!{}", n_before + i)).collect();
    _ = writeln!(out, "!nvvm.annotations = !{{{}}}", nodes.join(", "));
    for (node, fact) in nodes.iter().zip(&facts) {
        _ = writeln!(out, "{node} = {fact}");
    }
}

/// Whether a name can stand in PTX as it is and is not taken.
fn check_name(name: &str, taken: &[(&str, u32, u32)]) -> Result<(), Bug> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(plain) {
        return Err(Bug(format!("`{name}` is no name for an entry")));
    }
    if taken.iter().any(|(other, ..)| *other == name) {
        return Err(Bug(format!("two entries are named `{name}`")));
    }
    Ok(())
}

/// Whether a kernel asks for a fused multiply-add or a ratio.
fn is_relaxed(kernel: &Kernel) -> bool {
    let mut found = false;
    kernel.walk(&mut |stmt| {
        found |= match stmt {
            Stmt::Let(_, Op::Fma(..) | Op::Binary(Binary::Ratio, ..)) => true,
            Stmt::Product(product) => product.fused,
            _ => false,
        };
    });
    found
}

#[cfg(test)]
mod tests;
