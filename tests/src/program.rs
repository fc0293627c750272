//! Neurons from text.

use snn_compiler::ast;
use snn_compiler::check::hir::Neuron;
use snn_compiler::check::{self, NoImports, Specialization};
use snn_compiler::span::SourceMap;

/// A neuron and the options that decide it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// The file.
    pub text: String,
    /// What decides the neuron.
    pub specialization: Specialization,
}

impl Program {
    /// A file's only neuron, as it is by default.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), specialization: Specialization::default() }
    }

    /// With an option.
    pub fn option(mut self, name: &str, value: impl ToString) -> Self {
        self.specialization.options.push((name.into(), value.to_string()));
        self
    }

    /// With another sharing of a param.
    pub fn share(mut self, param: &str, sharing: check::hir::Sharing) -> Self {
        self.specialization.share.push((param.into(), sharing));
        self
    }

    /// With a learnt param.
    pub fn learn(mut self, param: &str) -> Self {
        self.specialization.learn.push(param.into());
        self
    }

    /// With what forward saves for backward.
    pub fn save(mut self, what: &str) -> Self {
        self.specialization.save = what.parse().unwrap();
        self
    }

    /// With inputs and outputs that are stored so.
    pub fn dtype(mut self, dtype: check::PortDtype) -> Self {
        self.specialization.dtype = dtype;
        self
    }

    /// What the checker makes of it; panics with the findings where it is wrong.
    #[track_caller]
    pub fn neuron(&self) -> Neuron {
        let mut sources = SourceMap::new();
        let file = sources.add("test.snn", self.text.clone());
        let (module, found) = ast::parse(sources.get(file).unwrap());
        assert!(found.is_empty(), "{found:?}");
        let (program, found) = check::check(&module, &mut sources, &NoImports);
        let Some(program) = program else { panic!("{found:?}") };
        let neuron = check::specialize(&program, &self.specialization);
        let neuron = neuron.unwrap_or_else(|f| panic!("{f:?}"));
        Neuron { sources: sources.into(), ..neuron }
    }
}
