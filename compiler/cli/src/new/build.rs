//! Compiles the neuron into the program, and lets the program find libtorch when it runs.

fn main() -> snn_compiler::build::Result<()> {
    println!("cargo::rerun-if-env-changed=DEP_SNN_TORCH_LIBRARIES");
    if let Ok(folder) = std::env::var("DEP_SNN_TORCH_LIBRARIES") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    snn_compiler::build::compile("neurons/neuron0.snn")
}
