//! The neurons of the matrix: IF, LIF and parametric LIF in all their forms.

use snn_compiler::check::hir::Sharing;
use snn_tests::program::Program;

use crate::oracle::PLIF;

/// A neuron with its options and the param that is learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// `if`, `lif` or `plif`.
    pub neuron: &'static str,
    /// The reset subtracts the threshold.
    pub soft: bool,
    /// No gradient goes through the reset's spike.
    pub detach: bool,
    /// The input is divided by the time constant; always false for IF.
    pub decay: bool,
    /// The learnt param, and who shares it.
    pub learnt: Option<(&'static str, Sharing)>,
}

pub const SHARINGS: [Sharing; 3] = [Sharing::Layer, Sharing::Channel, Sharing::Neuron];

/// All variants of a neuron.
pub fn variants(neuron: &'static str) -> Vec<Variant> {
    let learnt: Vec<Option<(&str, Sharing)>> = match neuron {
        "if" => std::iter::once(None).chain(SHARINGS.map(|s| Some(("v_threshold", s)))).collect(),
        "lif" => std::iter::once(None).chain(SHARINGS.map(|s| Some(("tau", s)))).collect(),
        _ => SHARINGS.map(|s| Some(("k", s))).to_vec(),
    };
    let decays: &[bool] = if neuron == "if" { &[false] } else { &[true, false] };
    let mut all = Vec::new();
    for learnt in learnt {
        for &decay in decays {
            for (soft, detach) in [(false, false), (false, true), (true, false), (true, true)] {
                all.push(Variant { neuron, soft, detach, decay, learnt });
            }
        }
    }
    all
}

/// All variants of all neurons.
pub fn all() -> Vec<Variant> {
    ["if", "lif", "plif"].into_iter().flat_map(variants).collect()
}

impl Variant {
    /// The file and what decides the neuron.
    pub fn program(&self) -> Program {
        // PLIF with its potential as a second output.
        let text = match self.neuron {
            "plif" => PLIF,
            neuron => snn::neuron::source(neuron).expect("it is in the library"),
        };
        let program =
            Program::new(text).option("soft_reset", self.soft).option("detach_reset", self.detach);
        let program = match self.neuron {
            "if" => program,
            _ => program.option("decay_input", self.decay),
        };
        match self.learnt {
            Some((param, sharing)) => program.share(param, sharing).learn(param),
            None => program,
        }
    }

    /// The same with a second output `u`, the distance to the threshold.
    pub fn with_distance(&self) -> Program {
        let mut program = self.program();
        let fired = "fire   s = spike(v - v_threshold, surr)";
        assert!(program.text.contains(fired));
        let both = "fire {\n    s = spike(v - v_threshold, surr)\n    u = v - v_threshold\n  }";
        program.text =
            program.text.replace(fired, both).replace("output s", "output s\n  output u");
        program
    }

    /// A name for messages.
    pub fn name(&self) -> String {
        let word = |yes: bool, word: &str| if yes { format!(" {word}") } else { String::new() };
        let learnt = self.learnt.map(|(p, s)| format!(" {p} per {s:?}").to_lowercase());
        let reset = if self.soft { " soft" } else { " hard" };
        let words = [word(self.detach, "detached"), word(self.decay, "decayed")].concat();
        format!("{}{reset}{words}{}", self.neuron, learnt.unwrap_or_default())
    }
}
