//! Compiles the neuron of `fit_tau`, which then runs without the compiler.

fn main() -> snn_compiler::build::Result<()> {
    snn_compiler::build::compile("neurons/plif.snn")
}
