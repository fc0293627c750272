//! Compiles the neuron of `fit_tau`, which then runs without the compiler, and lets examples find libtorch.

fn main() -> snn_compiler::build::Result<()> {
    println!("cargo::rerun-if-env-changed=DEP_SNN_TORCH_LIBRARIES");
    if let Ok(folder) = std::env::var("DEP_SNN_TORCH_LIBRARIES") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    // ANCHOR: build
    snn_compiler::build::Build::new("neurons/plif.snn").dtype("f32").dtype("bf16").compile()
    // ANCHOR_END: build
}
