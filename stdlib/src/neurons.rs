//! The neurons of the standard library as `.snn` text.

/// Each neuron file by its name, with its text.
const SOURCES: [(&str, &str); 7] = [
    ("alif", include_str!("../neurons/alif.snn")),
    ("eif", include_str!("../neurons/eif.snn")),
    ("if", include_str!("../neurons/if.snn")),
    ("izhikevich", include_str!("../neurons/izhikevich.snn")),
    ("lif", include_str!("../neurons/lif.snn")),
    ("plif", include_str!("../neurons/plif.snn")),
    ("qif", include_str!("../neurons/qif.snn")),
];

/// The names of the neuron files.
pub const NAMES: [&str; SOURCES.len()] = {
    let mut names = [""; SOURCES.len()];
    let mut i = 0;
    while i < SOURCES.len() {
        names[i] = SOURCES[i].0;
        i += 1;
    }
    names
};

/// The text of a neuron file, as `import "std/lif.snn"` brings it for the name `lif`.
pub fn source(name: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
