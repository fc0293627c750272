//! The neurons that are timed, and the sizes.

use snn_compiler::check::PortDtype;
use snn_compiler::check::hir::Sharing;

use crate::program::Program;

/// A neuron that is timed.
#[derive(Clone, Debug)]
pub struct Case {
    /// What tables call it.
    pub name: &'static str,
    /// Its file in the standard library.
    pub file: &'static str,
    /// What its inputs and outputs are stored as.
    pub dtype: PortDtype,
    /// The param that is learnt, and who shares it.
    pub learn: Option<(&'static str, Sharing)>,
}

/// The neurons, with arctan surrogates.
pub const CASES: [Case; 15] = [
    case("LIF", "lif"),
    case("IF", "if"),
    learnt("PLIF", Sharing::Layer),
    learnt("PLIF per channel", Sharing::Channel),
    case("ALIF", "alif"),
    case("QIF", "qif"),
    case("Izhikevich", "izhikevich"),
    case("EIF", "eif"),
    Case { dtype: PortDtype::Bf16, ..case("LIF", "lif") },
    Case { dtype: PortDtype::Bf16, ..case("IF", "if") },
    Case { dtype: PortDtype::Bf16, ..learnt("PLIF", Sharing::Layer) },
    Case { dtype: PortDtype::Bf16, ..learnt("PLIF per channel", Sharing::Channel) },
    Case { dtype: PortDtype::F16, ..case("LIF", "lif") },
    Case { dtype: PortDtype::F16, ..learnt("PLIF", Sharing::Layer) },
    Case { dtype: PortDtype::F16, ..learnt("PLIF per channel", Sharing::Channel) },
];

const fn case(name: &'static str, file: &'static str) -> Case {
    Case { name, file, dtype: PortDtype::F32, learn: None }
}

const fn learnt(name: &'static str, sharing: Sharing) -> Case {
    Case { learn: Some(("k", sharing)), ..case(name, "plif") }
}

impl Case {
    /// The neuron as it is compiled.
    pub fn program(&self) -> Program {
        let text = snn::neuron::source(self.file).expect("it is in the standard library");
        let program = Program::new(text).option("surr", "atan(alpha: 2.0)").dtype(self.dtype);
        match self.learn {
            Some((param, sharing)) => program.share(param, sharing),
            None => program,
        }
    }
}
