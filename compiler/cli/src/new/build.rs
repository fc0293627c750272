//! Compiles the neuron into the program, which then needs neither the compiler nor the file.

fn main() -> snn_compiler::build::Result<()> {
    snn_compiler::build::compile("neurons/neuron0.snn")
}
