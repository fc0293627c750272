//! Loading and launching: the driver compiles PTX when it is loaded.

use std::collections::BTreeMap;
use std::ffi::{CString, c_void};
use std::sync::Arc;

use cudarc::driver::{result, sys};
use snn_artifact::{Code, Entry};

use super::context::Context;
use super::driver::words;
use super::memory;
use super::primary::Primary;
use crate::device::{Argument, Module};
use crate::error::{Error, Result};

/// Most blocks of a launch.
const MOST_BLOCKS: usize = i32::MAX as usize;

/// Most blocks of a launch of `reduce`, whose blocks take any number of sums in turn.
const MOST_REDUCE_BLOCKS: usize = 1 << 16;

/// Steps of either sequence whose products a block of `outer` adds up.
const OUTER_TILE: usize = 64;

/// Bytes kept of the driver's words about PTX that it refuses.
const LOG: usize = 8192;

/// Loaded PTX, to be launched on a stream.
pub struct CudaModule {
    context: Arc<Context>,
    loaded: Arc<Loaded>,
}

/// Loaded PTX, which all streams of a device share.
pub struct Loaded {
    primary: Arc<Primary>,
    raw: sys::CUmodule,
    kernels: BTreeMap<String, Kernel>,
}

struct Kernel {
    entry: Entry,
    function: sys::CUfunction,
    usage: Usage,
}

/// What the driver's compiler made of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Registers of a thread.
    pub registers: u32,
    /// Bytes of local memory of a thread, which only stack and spills take.
    pub local: u32,
    /// Most threads that a block may have.
    pub threads: u32,
}

// SAFETY: modules and functions may be used from any thread whose context is bound, as each use does.
unsafe impl Send for Loaded {}
// SAFETY: as above; nothing here changes after creation.
unsafe impl Sync for Loaded {}

impl Drop for Loaded {
    fn drop(&mut self) {
        if self.primary.wait_for_all().is_ok() {
            // SAFETY: no launch of it is under way, and it is unloaded once.
            _ = unsafe { result::module::unload(self.raw) };
        }
    }
}

/// Loads PTX, which the driver compiles for the device; what is loaded already is taken as it is.
pub fn load(
    context: &Arc<Context>,
    code: &Code,
    entries: &BTreeMap<String, Entry>,
) -> Result<CudaModule> {
    let Code::Ptx(texts) = code else {
        return Err(Error::Artifact(format!("it is not PTX, which {} needs", context.name)));
    };
    let newest = texts.iter().filter(|ptx| ptx.sm <= context.capability).max_by_key(|ptx| ptx.sm);
    let newest = newest.ok_or_else(|| {
        let oldest = texts.iter().map(|ptx| ptx.sm).min().unwrap_or(0);
        Error::Unsupported {
            device: context.name.clone(),
            what: format!("PTX for sm_{oldest} on a device of sm_{}", context.capability),
            instead: format!("compile it for sm_{} or older", context.capability),
        }
    })?;
    let key = format!("{entries:?}\n{}", newest.text);
    let primary = context.primary();
    let loaded = primary.module(&key, || compiled(primary, &newest.text, entries))?;
    Ok(CudaModule { context: Arc::clone(context), loaded })
}

fn compiled(
    primary: &Arc<Primary>,
    text: &str,
    entries: &BTreeMap<String, Entry>,
) -> Result<Arc<Loaded>> {
    primary.bind()?;
    let raw = compile(primary, text)?;
    let mut loaded = Loaded { primary: Arc::clone(primary), raw, kernels: BTreeMap::new() };
    for (name, entry) in entries {
        loaded.kernels.insert(name.clone(), kernel(primary, raw, entry)?);
    }
    Ok(Arc::new(loaded))
}

fn compile(device: &Primary, text: &str) -> Result<sys::CUmodule> {
    let image = CString::new(text).map_err(|_| Error::Artifact("its PTX holds a NUL".into()))?;
    let mut log = vec![0_u8; LOG];
    let mut options = [
        sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER,
        sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
        sys::CUjit_option::CU_JIT_GENERATE_LINE_INFO,
    ];
    // Without the option the driver leaves the lines out that the text tells of.
    let has_lines = usize::from(text.contains("\n\t.loc\t"));
    let mut values =
        [log.as_mut_ptr().cast::<c_void>(), LOG as *mut c_void, has_lines as *mut c_void];
    let mut module = std::ptr::null_mut();
    // SAFETY: the text ends in NUL, there are three options with a value each, as the driver defines
    // them, and the log outlives the call.
    let loaded = unsafe {
        sys::cuModuleLoadDataEx(
            &mut module,
            image.as_ptr().cast(),
            options.len() as u32,
            options.as_mut_ptr(),
            values.as_mut_ptr(),
        )
    };
    loaded.result().map_err(|error| {
        let end = log.iter().position(|byte| *byte == 0).unwrap_or(LOG);
        let said = String::from_utf8_lossy(&log[..end]).trim().to_string();
        let why = words(error);
        device
            .failure("compiling PTX", if said.is_empty() { why } else { format!("{why}: {said}") })
    })?;
    Ok(module)
}

fn kernel(device: &Primary, module: sys::CUmodule, entry: &Entry) -> Result<Kernel> {
    let missing = || Error::Artifact(format!("its PTX has no entry `{}`", entry.symbol));
    let symbol = CString::new(entry.symbol.as_str()).map_err(|_| missing())?;
    // SAFETY: the module was just loaded.
    let function = unsafe { result::module::get_function(module, symbol) };
    let function = function.map_err(|error| match error.0 {
        sys::CUresult::CUDA_ERROR_NOT_FOUND => missing(),
        _ => device.error(&format!("finding `{}`", entry.symbol), error),
    })?;
    let usage = usage(device, entry, function)?;
    if entry.threads == 0 || entry.block == 0 || entry.threads > usage.threads {
        return Err(Error::Unsupported {
            device: device.name.clone(),
            what: format!(
                "`{}` with blocks of {} threads, for which its {} registers leave room for {}",
                entry.symbol, entry.threads, usage.registers, usage.threads
            ),
            instead: "compile it for smaller blocks or chunks".into(),
        });
    }
    Ok(Kernel { entry: entry.clone(), function, usage })
}

fn usage(device: &Primary, entry: &Entry, function: sys::CUfunction) -> Result<Usage> {
    use sys::CUfunction_attribute as Attribute;
    let read = |attribute| {
        // SAFETY: the function belongs to a loaded module.
        let value = unsafe { result::function::get_function_attribute(function, attribute) };
        let value = value.map_err(|e| device.error(&format!("asking about `{}`", entry.symbol), e));
        value.map(|value| u32::try_from(value).unwrap_or(0))
    };
    Ok(Usage {
        registers: read(Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS)?,
        local: read(Attribute::CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)?,
        threads: read(Attribute::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
    })
}

impl CudaModule {
    /// What the driver's compiler made of an entry; none where there is no such entry.
    pub fn usage(&self, entry: &str) -> Option<Usage> {
        self.loaded.kernels.get(entry).map(|kernel| kernel.usage)
    }

    fn failure(&self, entry: &str, why: String) -> Error {
        self.context.failure(&format!("launching `{entry}`"), why)
    }

    /// The addresses of the arguments, after a check against the signature; 0 for what was left out.
    fn addresses(&self, entry: &Entry, arguments: &[Argument<'_>]) -> Result<Vec<u64>> {
        let (given, wanted) = (arguments.len(), entry.buffers.len());
        if given != wanted {
            let why = format!("{given} buffers were given for {wanted}");
            return Err(self.failure(&entry.symbol, why));
        }
        let address = |(argument, buffer): (&Argument<'_>, &snn_artifact::Buffer)| {
            let wrong = |why| Err(self.failure(&entry.symbol, format!("`{}` {why}", buffer.name)));
            match argument {
                Argument::Absent if buffer.optional => Ok(0),
                Argument::Absent => wrong("was left out"),
                Argument::Read(_) if buffer.written => wrong("is written, but was given to read"),
                Argument::Write(_) if !buffer.written => wrong("is read, but was given to write"),
                Argument::Read(memory) => Ok(memory::of(&self.context, *memory)?.pointer()),
                Argument::Write(memory) => Ok(memory::of(&self.context, &**memory)?.pointer()),
            }
        };
        arguments.iter().zip(&entry.buffers).map(address).collect()
    }
}

impl Module for CudaModule {
    fn launch(
        &self,
        entry: &str,
        first_lane: usize,
        lanes: usize,
        buffers: &mut [Argument<'_>],
        scalars: &[i64],
    ) -> Result<()> {
        let unknown = || Error::Artifact(format!("it has no entry `{entry}`"));
        let kernel = self.loaded.kernels.get(entry).ok_or_else(unknown)?;
        let mut values = self.addresses(&kernel.entry, buffers)?;
        let (given, wanted) = (scalars.len(), kernel.entry.scalars.len());
        if given != wanted {
            let why = format!("{given} scalars were given for {wanted}");
            return Err(self.failure(entry, why));
        }
        values.extend(scalars.iter().map(|scalar| scalar.cast_unsigned()));
        values.push(first_lane as u64);
        if lanes == 0 {
            return Ok(());
        }
        let blocks = self.blocks(entry, &kernel.entry, lanes, scalars)?;
        let mut pointers: Vec<*mut c_void> =
            values.iter_mut().map(|value| std::ptr::from_mut(value).cast()).collect();
        self.context.bind()?;
        // SAFETY: the function takes one 64-bit parameter for each buffer and scalar of the entry, then
        // one more, or for `reduce` ignores it; the driver copies them before it returns. Buffers are
        // live memory of this device, freed behind this launch on the same stream.
        let launched = unsafe {
            result::launch_kernel(
                kernel.function,
                (blocks, 1, 1),
                (kernel.entry.threads, 1, 1),
                0,
                self.context.stream(),
                &mut pointers,
            )
        };
        launched.map_err(|error| self.context.error(&format!("launching `{entry}`"), error))
    }

    fn spills(&self, entry: &str) -> bool {
        self.usage(entry).is_some_and(|usage| usage.local > 0)
    }
}

impl CudaModule {
    fn blocks(&self, name: &str, entry: &Entry, lanes: usize, scalars: &[i64]) -> Result<u32> {
        let blocks = match name {
            "outer" => {
                let tiles = |size: i64| usize::try_from(size).unwrap_or(0).div_ceil(OUTER_TILE);
                let tiles = tiles(scalars[0]).saturating_mul(tiles(scalars[2] + 1));
                lanes.div_ceil(entry.block as usize).saturating_mul(tiles)
            }
            "reduce" => lanes.min(MOST_REDUCE_BLOCKS),
            _ => {
                let each = lanes.div_ceil(entry.block as usize);
                each.saturating_mul(entry.segments(scalars))
            }
        };
        let fits = blocks <= MOST_BLOCKS;
        let too_many = || self.failure(name, format!("{lanes} lanes are too many for one launch"));
        if fits { Ok(blocks as u32) } else { Err(too_many()) }
    }
}
