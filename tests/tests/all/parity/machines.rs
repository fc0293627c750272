//! What neurons are run on: the interpreter and every device there is.

use std::sync::{Arc, LazyLock};

use snn_artifact::Target;
use snn_compiler::check::NoImports;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::Options;
use snn_runtime::Error;
use snn_runtime::cache::{Cache, VARIABLE};
use snn_runtime::device::Device;
use snn_runtime::devices;
use snn_runtime::jit::{self, Jit};
use snn_runtime::neuron::Neuron;
use snn_tests::interpret::Interpreted;
use snn_tests::numbers::is_soak;
use snn_tests::program::Program;

/// The devices that tests run on, with the variable that makes each obligatory.
const NAMES: [(&str, &str); 3] =
    [("cpu", ""), ("wgpu:0", "SNNC_REQUIRE_WGPU"), ("cuda:0", "SNNC_REQUIRE_CUDA")];

/// Set where a folder is packed for a machine with a GPU: each program has to have its PTX in the cache.
const PACKED: &str = "SNN_PTX_IN_CACHE";

/// The devices there are. What is missing is said, and is a failure where it is required.
pub fn devices() -> &'static [Arc<dyn Device>] {
    static DEVICES: LazyLock<Vec<Arc<dyn Device>>> = LazyLock::new(|| {
        let wanted = std::env::var("SNN_DEVICES").ok();
        let wanted = |name: &str| wanted.as_ref().is_none_or(|w| w.split(',').any(|w| w == name));
        let named = NAMES.into_iter().filter(|(name, _)| wanted(name));
        named.filter_map(|(name, required)| open(name, required)).collect()
    });
    &DEVICES
}

/// Those for the `i`th of many programs: where every change has to pass, GPUs run only a few.
pub fn some_devices(i: usize) -> &'static [Arc<dyn Device>] {
    let all = devices();
    if i < 2 || is_soak() { all } else { &all[..1] }
}

fn open(name: &str, required: &str) -> Option<Arc<dyn Device>> {
    match devices::open(name) {
        Ok(device) => Some(device),
        Err(error) => {
            let is_required =
                required.is_empty() || std::env::var(required).is_ok_and(|v| v == "1");
            assert!(!is_required, "{name} is required: {error}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// The compiler of the tests. Only a cache that the caller named is used, never the user's own.
pub fn compiler() -> &'static Jit {
    static JIT: LazyLock<Jit> = LazyLock::new(|| tuned(Tuning::default()));
    &JIT
}

/// The same for another schedule.
pub fn tuned(tuning: Tuning) -> Jit {
    let named = std::env::var_os(VARIABLE).is_some();
    Jit::with_cache(named.then(|| Cache::open().unwrap())).tuned(tuning)
}

/// A program as the runtime takes it.
pub fn source(program: &Program) -> jit::Program<'_> {
    jit::Program {
        name: "test.snn",
        text: &program.text,
        specialization: program.specialization.clone(),
        resolver: &NoImports,
    }
}

/// The neuron on every device that can do what it saves, and its kernels for that device on the
/// interpreter.
pub fn load(program: &Program) -> Vec<(Neuron, Interpreted)> {
    let neuron = program.neuron();
    if std::env::var_os(PACKED).is_some() {
        let ptx = compiler().artifact(&Target::Ptx { sm: 75 }, &source(program));
        ptx.unwrap_or_else(|e| panic!("{e}: {}", program.text));
    }
    let compile = |device: &Arc<dyn Device>| {
        let made = match compiler().compile(Arc::clone(device), &source(program)) {
            Err(Error::Unsupported { what, .. }) if what.contains("` stored as ") => return None,
            made => made.unwrap_or_else(|e| panic!("{e}")),
        };
        Some((made, Interpreted::new(&neuron, &Options::new(device.target()))))
    };
    devices().iter().filter_map(compile).collect()
}

/// The neuron on one device.
pub fn neuron(device: &Arc<dyn Device>, program: &Program) -> Neuron {
    let made = compiler().compile(Arc::clone(device), &source(program));
    made.unwrap_or_else(|e| panic!("{e}: {}", program.text))
}

/// The neuron on the interpreter, with the kernels that any CPU gets.
pub fn interpreted(program: &Program, chunk: Option<u32>) -> Interpreted {
    let target = Target::Cpu { level: "x86-64-v2".into() };
    Interpreted::new(
        &program.neuron(),
        &Options { tuning: Tuning { chunk, ..Tuning::default() }, ..Options::new(target) },
    )
}
