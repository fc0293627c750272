//! From arguments to a checked neuron, its warnings shown.

use snn_artifact::Target;
use snn_compiler::check::Specialization;
use snn_compiler::check::hir;
use snn_compiler::pipeline::{self, Front, Options};
use snn_compiler::targets;
use snn_runtime::cpu::host_level;

use crate::args::{Schedule, Special, TargetArgs, TargetKind};
use crate::report::{Failure, Reporter, Result};
use crate::source::{self, Files, Text};

/// A neuron's text, and what was decided about it.
pub struct Program {
    text: Text,
    /// What was decided.
    pub wanted: Specialization,
}

impl Program {
    /// Reads the file and takes what the arguments decide.
    pub fn new(special: &Special) -> Result<Self> {
        let wanted = Specialization {
            neuron: special.neuron.clone(),
            options: special.options.clone(),
            share: special.share.clone(),
            learn: special.learn.clone(),
            save: special.save.clone(),
            dtype: special.dtype,
            pack: special.pack.clone(),
            normalize: special.normalize.clone(),
            watch: Vec::new(),
        };
        Ok(Self { text: source::read(&special.file)?, wanted })
    }

    /// The text as the compiler takes it.
    pub fn source(&self) -> pipeline::Source<'_> {
        pipeline::Source { name: &self.text.name, text: &self.text.text }
    }

    /// Checks it and shows warnings.
    pub fn front(&self, reporter: &Reporter) -> Result<Front> {
        let front = pipeline::front(self.source(), &self.wanted, &Files);
        let front = front.map_err(|found| Failure::Findings(found.sources, found.diagnostics))?;
        reporter.findings(&front.findings.sources, &front.findings.diagnostics);
        Ok(front)
    }
}

/// The compute capability of PTX where none is given.
const SM: u32 = 75;

/// What the arguments decide about a build for a target.
pub fn options(special: &Special, target: &TargetArgs) -> Result<Options> {
    let line_info = special.line_info;
    if line_info && target.target != TargetKind::Ptx {
        return Err("`--line-info` is for PTX: give `--target ptx` with it".to_string().into());
    }
    let target = self::target(target)?;
    match special.schedule {
        Schedule::Given(tuning) => Ok(Options { tuning, line_info, ..Options::new(target) }),
        Schedule::Tune => Err(Failure::Message(
            "`--schedule tune` times kernels on a device: `snnc bench` takes it, and prints the \
             schedule to give here"
                .into(),
        )),
    }
}

/// The target of the arguments.
pub fn target(args: &TargetArgs) -> Result<Target> {
    if args.sm.is_some() && args.target != TargetKind::Ptx {
        return Err("`--sm` is for PTX: give `--target ptx` with it".to_string().into());
    }
    Ok(match args.target {
        TargetKind::Cpu => Target::Cpu { level: level(args.level.as_deref())? },
        TargetKind::Ptx => Target::Ptx { sm: sm(args.sm.unwrap_or(SM))? },
        TargetKind::Wgsl => Target::Wgsl,
    })
}

fn sm(given: u32) -> Result<u32> {
    targets::check_sm(given).map_err(|error| error.to_string())?;
    Ok(given)
}

fn level(given: Option<&str>) -> Result<String> {
    let level = given.map(String::from).or_else(|| host_level().map(String::from));
    level.ok_or_else(|| {
        Failure::Message("this processor has none of the levels; give one with `--level`".into())
    })
}

/// The name that caches know an artifact by.
pub fn key(neuron: &hir::Neuron, options: &Options) -> String {
    snn_artifact::hash(pipeline::key(neuron, options))
}
