//! Neurons compiled when the program runs, or taken from the cache where they were compiled before.

use std::sync::Arc;

use snn_artifact::{Artifact, Target, hash};
use snn_compiler::check::{Resolver, Specialization};
use snn_compiler::copy;
use snn_compiler::error::EmitError;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::{self, Front, Options, Source};

use crate::cache::{self, Cache};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::neuron::Neuron;

/// What is compiled.
pub struct Program<'a> {
    /// The name of the file, for diagnostics.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// What is decided about the neuron.
    pub specialization: Specialization,
    /// Finds the files that it imports.
    pub resolver: &'a dyn Resolver,
}

/// The compiler behind a cache.
#[derive(Clone, Debug)]
pub struct Jit {
    cache: Option<Cache>,
    tuning: Tuning,
    line_info: bool,
}

impl Jit {
    /// Compiles what the user's cache does not have; everything where the user has no folder for one.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where the folder is not safe or cannot be made; [`Jit::with_cache`] goes without
    /// one.
    pub fn new() -> Result<Self> {
        match Cache::open() {
            Err(Error::Cache { path, .. }) if path == cache::VARIABLE => Ok(Self::with_cache(None)),
            opened => Ok(Self::with_cache(Some(opened?))),
        }
    }

    /// Compiles what this cache does not have; without one, everything.
    pub fn with_cache(cache: Option<Cache>) -> Self {
        Self { cache, tuning: Tuning::default(), line_info: false }
    }

    /// The same with schedules that are not the target's own, such as [`Jit::tune`] finds them.
    pub fn tuned(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
    }

    /// The same with code that tells a profiler the lines of the program; PTX alone can.
    pub fn with_line_info(self, line_info: bool) -> Self {
        Self { line_info, ..self }
    }

    /// The artifact of a program for a target.
    ///
    /// # Errors
    ///
    /// [`Error::Compile`] with the rendered diagnostics of the program; [`Error::Unsupported`] for what
    /// the target cannot do.
    pub fn artifact(&self, target: &Target, program: &Program<'_>) -> Result<Artifact> {
        self.artifact_of(&self.front(program)?, target, self.tuning)
    }

    /// A program that is checked.
    pub(crate) fn front(&self, program: &Program<'_>) -> Result<Front> {
        let source = Source { name: program.name, text: program.text };
        let front = pipeline::front(source, &program.specialization, program.resolver);
        front.map_err(|findings| Error::Compile(findings.render(false)))
    }

    /// The artifact of a program that is checked, with a schedule.
    pub(crate) fn artifact_of(
        &self,
        front: &Front,
        target: &Target,
        tuning: Tuning,
    ) -> Result<Artifact> {
        let line_info = self.line_info;
        let options = Options { tuning, line_info, ..Options::new(target.clone()) };
        let key = hash(pipeline::key(&front.neuron, &options));
        self.cached(&key, || pipeline::back(&front.neuron, &options, key.clone()))
    }

    pub(crate) fn tuning(&self) -> Tuning {
        self.tuning
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    /// The copy kernel for a target, which bandwidths are measured against.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where this build cannot compile for the target.
    pub fn copy(&self, target: &Target) -> Result<Artifact> {
        let key = hash(copy::key(target));
        self.cached(&key, || copy::artifact(target, key.clone()))
    }

    fn cached(
        &self,
        key: &str,
        make: impl FnOnce() -> std::result::Result<Artifact, EmitError>,
    ) -> Result<Artifact> {
        let make = || make().map_err(refused);
        match &self.cache {
            Some(cache) => cache.get_or_make(key, make),
            None => make(),
        }
    }

    /// A program on a device.
    ///
    /// # Errors
    ///
    /// As [`Jit::artifact`] and [`Neuron::load`].
    pub fn compile(&self, device: Arc<dyn Device>, program: &Program<'_>) -> Result<Neuron> {
        let artifact = self.artifact(&device.target(), program)?;
        Neuron::load(device, artifact)
    }
}

pub(crate) fn refused(error: EmitError) -> Error {
    match error {
        EmitError::Unsupported(unsupported) => Error::Unsupported {
            device: unsupported.target.into(),
            what: unsupported.what,
            instead: unsupported.instead,
        },
        EmitError::Bug(bug) => Error::Compile(bug.to_string()),
    }
}

#[cfg(feature = "cpu")]
impl Neuron {
    /// Compiles the text of a file with one neuron, with its options as declared, for the CPU.
    ///
    /// # Errors
    ///
    /// As [`Jit::new`] and [`Jit::compile`].
    pub fn compile(text: &str) -> Result<Self> {
        let resolver = snn_compiler::check::NoImports;
        let specialization = Specialization::default();
        let program = Program { name: "<text>", text, specialization, resolver: &resolver };
        Jit::new()?.compile(Arc::new(crate::cpu::Cpu::new()?), &program)
    }
}

#[cfg(feature = "cpu")]
#[cfg(test)]
mod tests;
