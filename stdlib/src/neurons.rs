//! The neurons of the standard library as `.snn` text.

/// The files in `neurons/` by their names.
macro_rules! library {
    ($($name:literal)*) => {
        /// The names of the neuron files, in alphabetical order.
        pub const NAMES: &[&str] = &[$($name),*];

        /// Each neuron file by its name, with its text.
        const SOURCES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../neurons/", $name, ".snn")))),*];
    };
}

library! {
    "alif" "eif" "if" "izhikevich" "lif" "plif" "qif"
}

/// The text of a neuron file, as `import "std/lif.snn"` brings it for the name `lif`, and `snnc run std:lif` runs it.
pub fn source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
