//! Lets programs of this package find libtorch when they run, where the runtime was built with it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEP_SNN_TORCH_LIBRARIES");
    if let Ok(folder) = std::env::var("DEP_SNN_TORCH_LIBRARIES") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
