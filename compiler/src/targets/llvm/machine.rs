//! LLVM itself: reads IR, verifies it, simplifies it and writes PTX.

use std::sync::Once;

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple,
};

use crate::error::Bug;

const TRIPLE: &str = "nvptx64-nvidia-cuda";

/// The emission is already unrolled and in the order wanted, so only what cleans up is run: nothing that
/// duplicates code or moves loads behind stores.
const PASSES: &str = "always-inline,function(early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,\
    gvn,instcombine<no-verify-fixpoint>,simplifycfg),globaldce";

/// The PTX of a module for a compute capability (`75` for 7.5).
///
/// # Errors
///
/// A [`Bug`] with LLVM's words where the text is no valid module.
pub(super) fn ptx(ir: &str, sm: u32) -> Result<String, Bug> {
    static INITIALIZED: Once = Once::new();
    INITIALIZED.call_once(|| Target::initialize_nvptx(&InitializationConfig::default()));
    let context = Context::create();
    let module = parse(&context, ir)?;
    let machine = machine(sm)?;
    module
        .run_passes(PASSES, &machine, PassBuilderOptions::create())
        .map_err(|e| bug("simplify", e))?;
    let text =
        machine.write_to_memory_buffer(&module, FileType::Assembly).map_err(|e| bug("emit", e))?;
    let text = text.as_slice().strip_suffix(&[0]).unwrap_or(text.as_slice());
    String::from_utf8(text.to_vec()).map_err(|e| bug("emit", e))
}

/// Reads and verifies a module.
fn parse<'c>(context: &'c Context, ir: &str) -> Result<Module<'c>, Bug> {
    let buffer = MemoryBuffer::create_from_memory_range_copy(ir.as_bytes(), "kernels");
    let module = context.create_module_from_ir(buffer).map_err(|e| bug("read", e))?;
    module.verify().map_err(|e| bug("verify", e))?;
    Ok(module)
}

fn machine(sm: u32) -> Result<TargetMachine, Bug> {
    let triple = TargetTriple::create(TRIPLE);
    let target = Target::from_triple(&triple).map_err(|e| bug("find NVPTX", e))?;
    let machine = target.create_target_machine(
        &triple,
        &format!("sm_{sm}"),
        "",
        OptimizationLevel::Aggressive,
        RelocMode::Default,
        CodeModel::Default,
    );
    machine.ok_or_else(|| Bug(format!("LLVM makes no machine for sm_{sm}")))
}

fn bug(what: &str, error: impl std::fmt::Display) -> Bug {
    Bug(format!("LLVM could not {what} the module: {error}"))
}
