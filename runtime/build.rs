//! Compiles what of the bridge to libtorch has to be C++.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "torch")]
    torch();
}

#[cfg(feature = "torch")]
fn torch() {
    use std::path::PathBuf;
    println!("cargo::rerun-if-changed=src/torch/shim.cpp");
    // Set by torch-sys, which finds libtorch by LIBTORCH or in the system's folders.
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    let Some(libraries) = std::env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from) else {
        println!("cargo::error=torch-sys does not say where libtorch is");
        return;
    };
    let include = libraries.join("../include");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .file("src/torch/shim.cpp")
        .compile("snn_torch");
    // Programs of this package find it when they run; packages that depend on this one do the same with the
    // folder, which they are told as DEP_SNN_TORCH_LIBRARIES.
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", libraries.display());
    println!("cargo::metadata=libraries={}", libraries.display());
}
