//! Verified kernels to machine code, through Cranelift.
//!
//! The result is one blob of position-independent code: no relocations, no library calls, each entry at
//! an aligned offset. `docs/abi.md` says how it is called. The same options give the same bytes on every
//! machine. Nothing here chooses a schedule, simplifies, or looks at the machine it runs on.

mod form;
mod frame;
mod lanes;
mod memory;
mod ops;
mod outer;
mod product;
mod program;
mod reduce;
mod refuse;
mod run;
mod shelf;
mod sums;
mod touch;

use std::collections::BTreeMap;

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{
    AbiParam, Function, InstBuilder, Signature, UserFuncName, Value, types,
};
use cranelift_codegen::isa::{self, CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{Context, ir};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};
use snn_artifact as artifact;

use super::{Emitted, Launch};
use crate::error::{Bug, EmitError};
use crate::kernel::outer::is_needed;
use crate::kernel::{Kernel, Verified};

/// A processor family and what of it the code may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// x86-64 with SSE4.2.
    X86_64V2,
    /// x86-64 with AVX2 and FMA. Vectors still have 128 bits; the encoding is the shorter one.
    X86_64V3,
    /// 64-bit Arm.
    Aarch64,
}

/// All levels, by name.
const LEVELS: [(&str, Level); 3] =
    [("x86-64-v2", Level::X86_64V2), ("x86-64-v3", Level::X86_64V3), ("aarch64", Level::Aarch64)];

/// What x86-64-v2 has above the baseline.
const V2: [&str; 6] =
    ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt", "has_cmpxchg16b"];
/// What x86-64-v3 has above x86-64-v2.
const V3: [&str; 6] = ["has_avx", "has_avx2", "has_fma", "has_bmi1", "has_bmi2", "has_lzcnt"];

impl Level {
    /// The level of a name; `None` where there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::X86_64V2 => "x86-64-v2",
            Level::X86_64V3 => "x86-64-v3",
            Level::Aarch64 => "aarch64",
        }
    }

    /// Whether it has an instruction for `a * b + c` rounded once.
    fn has_fma(self) -> bool {
        self != Level::X86_64V2
    }

    fn triple(self) -> &'static str {
        match self {
            Level::X86_64V2 | Level::X86_64V3 => "x86_64-unknown-linux-gnu",
            Level::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    fn features(self) -> impl Iterator<Item = &'static str> {
        let (v2, v3): (&[&str], &[&str]) = match self {
            Level::X86_64V2 => (&V2, &[]),
            Level::X86_64V3 => (&V2, &V3),
            Level::Aarch64 => (&[], &[]),
        };
        v2.iter().chain(v3).copied()
    }
}

/// How kernels are emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// What the code may use.
    pub level: Level,
}

/// The second stage of sums.
pub const REDUCE: &str = "reduce";

/// Products of two sequences added up over lanes.
const OUTER: &str = "outer";

/// Entries begin at multiples of this many bytes, a cache line.
const ALIGN: usize = 64;

/// Emits kernels, the second stage of sums and, where it is needed, `outer` as one blob of machine code.
///
/// # Errors
///
/// `Unsupported` for 16-bit storage, for `fma` below x86-64-v3, and for functions of the maths library
/// in f64. `Bug` where two kernels share a name or Cranelift refuses what was built.
pub fn emit(kernels: &[&Verified<Kernel>], options: &Options) -> Result<Emitted, EmitError> {
    let isa = target_isa(options.level)?;
    let mut code = Vec::new();
    let mut entries = BTreeMap::new();
    let mut context = Context::new();
    for (name, function) in functions(kernels, options, &isa)? {
        context.clear();
        context.func = function;
        let offset = append(&mut code, &mut context, &isa, &name)?;
        let launch = Launch { symbol: name.clone(), offset, threads: 1 };
        let entry = match kernels.iter().find(|kernel| kernel.name == name) {
            Some(kernel) => super::entry(kernel, launch),
            None if name == OUTER => super::outer_entry(launch, outer::BLOCK),
            None => super::reduce_entry(launch),
        };
        if entries.insert(name.clone(), entry).is_some() {
            return Err(Bug(format!("two kernels are named `{name}`")).into());
        }
    }
    Ok(Emitted { code: artifact::Code::Cpu(code), entries })
}

/// The functions that [`emit`] compiles, as Cranelift's text.
///
/// # Errors
///
/// Those of [`emit`] that are found before compilation.
pub fn clif(kernels: &[&Verified<Kernel>], options: &Options) -> Result<String, EmitError> {
    let isa = target_isa(options.level)?;
    let functions = functions(kernels, options, &isa)?;
    let text = functions.iter().map(|(name, function)| format!("; {name}\n{function}"));
    Ok(text.collect::<Vec<_>>().join("\n"))
}

/// Builds all entries by name: the kernels in the order given, then [`REDUCE`] and, where needed, [`OUTER`].
fn functions(
    kernels: &[&Verified<Kernel>],
    options: &Options,
    isa: &OwnedTargetIsa,
) -> Result<Vec<(String, Function)>, EmitError> {
    let mut shared = FunctionBuilderContext::new();
    let mut functions = Vec::new();
    for kernel in kernels {
        refuse::refuse(kernel, options.level)?;
        let function = lanes::function(kernel, new_function(functions.len()), &mut shared, isa)?;
        functions.push((kernel.name.clone(), function));
    }
    let function = reduce::function(new_function(functions.len()), &mut shared, isa);
    functions.push((REDUCE.into(), function));
    if is_needed(kernels.iter().map(|kernel| &***kernel)) {
        let fused = options.level.has_fma();
        let function = outer::function(new_function(functions.len()), &mut shared, isa, fused);
        functions.push((OUTER.into(), function));
    }
    Ok(functions)
}

/// An empty function `(buffers, scalars, begin, end)`.
fn new_function(index: usize) -> Function {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.extend([AbiParam::new(types::I64); 4]);
    Function::with_name_signature(UserFuncName::user(0, index as u32), signature)
}

fn target_isa(level: Level) -> Result<OwnedTargetIsa, Bug> {
    let mut flags = settings::builder();
    // A frame may be larger than the guard page at the end of a stack, so it is touched page by page.
    let shared = [
        // The simplifier puts pure operations right before their use, which takes apart what stands side
        // by side; kernels come simplified.
        ("opt_level", "none"),
        ("regalloc_algorithm", "backtracking"),
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ];
    for (name, value) in shared {
        flags.set(name, value).map_err(|e| bug(level, e))?;
    }
    let mut builder = isa::lookup_by_name(level.triple()).map_err(|e| bug(level, e))?;
    for feature in level.features() {
        builder.enable(feature).map_err(|e| bug(level, e))?;
    }
    builder.finish(settings::Flags::new(flags)).map_err(|e| bug(level, e))
}

fn bug(level: Level, error: impl std::fmt::Display) -> Bug {
    Bug(format!("Cranelift for {}: {error}", level.name()))
}

/// Compiles a function behind the code so far and returns where it begins.
fn append(
    code: &mut Vec<u8>,
    context: &mut Context,
    isa: &OwnedTargetIsa,
    name: &str,
) -> Result<u64, Bug> {
    let refused = |error: String| Bug(format!("Cranelift refuses `{name}`: {error}"));
    let compiled = context
        .compile(&**isa, &mut ControlPlane::default())
        .map_err(|e| refused(format!("{:?}", e.inner)))?;
    if !compiled.buffer.relocs().is_empty() {
        return Err(refused(format!("relocations {:?}", compiled.buffer.relocs())));
    }
    code.resize(code.len().next_multiple_of(ALIGN), 0);
    let offset = code.len() as u64;
    code.extend_from_slice(compiled.buffer.data());
    Ok(offset)
}

/// A variable of code with its first value.
fn variable(b: &mut FunctionBuilder<'_>, ty: ir::Type, value: Value) -> Variable {
    let variable = b.declare_var(ty);
    b.def_var(variable, value);
    variable
}

/// Adds a product to a sum: rounded with it where `fused`, else before.
fn add_product(
    b: &mut FunctionBuilder<'_>,
    fused: bool,
    variable: Variable,
    (x, y): (Value, Value),
) {
    let sum = b.use_var(variable);
    let sum = if fused {
        b.ins().fma(x, y, sum)
    } else {
        let term = b.ins().fmul(x, y);
        b.ins().fadd(sum, term)
    };
    b.def_var(variable, sum);
}

/// What accesses to memory may rely on: they never fault, and nothing about alignment.
fn flags() -> ir::MemFlagsData {
    ir::MemFlagsData::new().with_notrap()
}

#[cfg(test)]
mod tests;
