//! The one list of passes, from the text of a neuron to its artifact.

mod options;
mod parallel;
mod params;
mod refuse;
mod scan;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use snn_artifact::naming::{LONG, Operand};
use snn_artifact::{self as artifact, Artifact, Manifest, Target};

use crate::check::hir::{self, Neuron};
use crate::check::{self, Resolver, Specialization};
use crate::diagnostic::{self, Diagnostic, Diagnostics};
use crate::error::{EmitError, Unsupported};
use crate::kernel::schedule;
use crate::kernel::{Kernel, Origins, Schedule, Verified};
use crate::span::SourceMap;
use crate::targets::Emitted;
use crate::{ast, diff, egraph, kernel, saves};

pub use options::Options;
pub use params::{param, params};
pub use refuse::check_built;
use refuse::{check_options, not_built};

/// A file: the name that diagnostics show, and the text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// Diagnostics with the sources that they point into.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// All that was read.
    pub sources: SourceMap,
    /// What was found, in order.
    pub diagnostics: Diagnostics,
}

impl Findings {
    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The text for people.
    pub fn render(&self, colour: bool) -> String {
        diagnostic::render(&self.sources, &self.diagnostics, colour)
    }

    /// The same as data.
    pub fn to_json(&self) -> serde_json::Value {
        diagnostic::to_json(&self.sources, &self.diagnostics)
    }
}

/// A neuron that passed all checks.
#[derive(Clone, Debug)]
pub struct Front {
    /// The neuron with its options decided.
    pub neuron: Neuron,
    /// Warnings.
    pub findings: Findings,
}

/// Why there is no artifact.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The program is wrong.
    #[error("{}", .0.render(false))]
    Findings(Findings),
    /// A target cannot do it, or we made a mistake.
    #[error(transparent)]
    Emit(#[from] EmitError),
}

/// Parses and checks a file; the program is there if nothing is wrong.
pub fn check(source: Source<'_>, resolver: &dyn Resolver) -> (Option<check::Program>, Findings) {
    let (_, program, findings) = read(source, resolver);
    (program, findings)
}

fn read(
    source: Source<'_>,
    resolver: &dyn Resolver,
) -> (ast::Module, Option<check::Program>, Findings) {
    let mut sources = SourceMap::new();
    let file = sources.add(source.name, source.text);
    let own = crate::span::Source { id: file, name: source.name.into(), text: source.text.into() };
    let (module, mut diagnostics) = ast::parse(&own);
    let (program, found) = check::check(&module, &mut sources, resolver);
    diagnostics.extend(found);
    let program = program.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    (module, program, Findings { sources, diagnostics })
}

/// Text to a checked neuron with its options decided.
///
/// # Errors
///
/// All findings of the program, or of the specialization.
pub fn front(
    source: Source<'_>,
    wanted: &Specialization,
    resolver: &dyn Resolver,
) -> Result<Front, Box<Findings>> {
    let (program, mut findings) = check(source, resolver);
    let Some(program) = program else { return Err(findings.into()) };
    wanted.add_sources(&mut findings.sources);
    match check::specialize(&program, wanted) {
        Ok(mut neuron) => {
            neuron.sources = Arc::new(findings.sources.clone());
            findings.diagnostics.extend(check::warn_stored(&neuron));
            Ok(Front { neuron, findings })
        }
        Err(found) => {
            findings.diagnostics.extend(found);
            Err(findings.into())
        }
    }
}

/// The simplified adjoint of a neuron.
pub fn middle(neuron: &Neuron, options: &Options) -> diff::Adjoint {
    middle_and_tell(neuron, options).adjoint
}

/// The same with the rules that made it.
pub fn middle_and_tell(neuron: &Neuron, options: &Options) -> egraph::Simplified {
    egraph::simplify_and_tell(&diff::differentiate(neuron), &options.simplification())
}

/// The kernels of a neuron: `forward`, `forward_train`, `backward`.
///
/// # Errors
///
/// What the target cannot do.
pub fn kernels(neuron: &Neuron, options: &Options) -> Result<Vec<Verified<Kernel>>, EmitError> {
    check_options(neuron, options)?;
    if neuron.is_parallel {
        return Ok(parallel::kernels(neuron, options)?.kernels);
    }
    let adjoint = middle(neuron, options);
    if options.tuning.scan {
        return legal(scan::lowered(neuron, &adjoint, options)?.kernels, options);
    }
    let (lowered, _) = lowered(&adjoint, options);
    legal(lowered.all(), options)
}

/// The kernels of an adjoint before they are legal, and what of a step is saved for backward.
fn lowered(adjoint: &diff::Adjoint, options: &Options) -> (kernel::Lowered, Vec<saves::Entry>) {
    // An NVIDIA GPU has what backward keeps of a chunk in registers, so that the chunks of neurons that keep
    // much are shorter.
    let is_free = matches!(options.target, Target::Ptx { .. }) && options.tuning.chunk.is_none();
    let mut schedule = options.schedule();
    if is_free && adjoint.neuron.inputs.iter().any(|input| input.draw().is_some()) {
        schedule.chunk = schedule.chunk.min(schedule::SHORT);
    }
    loop {
        let saves = saves::choose(adjoint, &options.target, schedule);
        let lowered = kernel::lower(adjoint, schedule, &saves);
        if is_free {
            let most = schedule::most_steps(&lowered.forward, adjoint.neuron.states.len());
            if schedule.chunk > most {
                schedule.chunk = most;
                continue;
            }
        }
        if !is_free || schedule.chunk == 1 || schedule::fits_one_lane(&lowered.backward) {
            let entries = saves::report::entries(adjoint, &saves, &lowered);
            return (lowered, entries);
        }
        schedule.chunk /= 2;
    }
}

/// Whether the neuron may be scanned over time: whether its states are sums of those of the step before, each times
/// what no state decides.
pub fn can_scan(neuron: &Neuron, options: &Options) -> bool {
    !neuron.is_parallel && scan::can_scan(neuron, options)
}

/// What is saved for backward, with its reasons and what other strategies would cost.
pub fn saves(neuron: &Neuron, options: &Options) -> saves::Report {
    let adjoint = middle(neuron, options);
    if neuron.is_parallel {
        return parallel::saves(&adjoint, options);
    }
    let (lowered, _) = lowered(&adjoint, options);
    saves::report(&adjoint, &options.target, lowered.backward.schedule)
}

fn legal(
    all: impl IntoIterator<Item = Kernel>,
    options: &Options,
) -> Result<Vec<Verified<Kernel>>, EmitError> {
    let capabilities = options.capabilities();
    all.into_iter()
        .map(|mut kernel| {
            if !options.line_info {
                kernel.origins = Origins::default();
            }
            kernel::verify_before_legalize(&kernel)?;
            let kernel = kernel::legalize(kernel, &capabilities)?;
            let mut kernel = kernel::relax(kernel, options.has_fma());
            if matches!(options.target, Target::Ptx { .. }) {
                let ends = kernel.buffers.iter_mut().filter(|buffer| is_of_states(buffer));
                ends.for_each(|buffer| buffer.optional = true);
            }
            Ok(kernel::verify(Kernel { schedule: options.schedule_of(&kernel), ..kernel })?)
        })
        .collect()
}

/// Whether a buffer takes the last states, or the gradients of the first ones. Few steps write little else,
/// so that it pays to leave them out where nobody reads them.
fn is_of_states(buffer: &kernel::Buffer) -> bool {
    match buffer.role {
        kernel::Role::StateOut => true,
        kernel::Role::Grad => buffer.written && buffer.shape == kernel::Shape::Lane,
        _ => false,
    }
}

/// A checked neuron to its artifact. `key` is the name that caches know it by.
///
/// # Errors
///
/// What the target cannot do.
pub fn back(neuron: &Neuron, options: &Options, key: String) -> Result<Artifact, EmitError> {
    check_options(neuron, options)?;
    if neuron.is_parallel {
        return parallel::back(neuron, options, key);
    }
    let adjoint = middle(neuron, options);
    let (kernels, saved) = match options.tuning.scan {
        true => {
            let scan::Scan { kernels, saved } = scan::lowered(neuron, &adjoint, options)?;
            (legal(kernels, options)?, saved)
        }
        false => of_loop(&adjoint, options)?,
    };
    let Emitted { code, entries } = emit(&kernels, &options.target)?;
    let manifest = manifest(neuron, options, key, &saved, entries);
    Ok(Artifact { manifest, code })
}

/// The kernels of an adjoint for all numbers of steps, and what of a step is saved for backward.
fn of_loop(
    adjoint: &diff::Adjoint,
    options: &Options,
) -> Result<(Vec<Verified<Kernel>>, Vec<saves::Entry>), EmitError> {
    let (lowered, saved) = lowered(adjoint, options);
    let mut kernels = legal(lowered.all(), options)?;
    for (ending, options) in options.others(&kernels) {
        let (lowered, _) = self::lowered(adjoint, &options);
        // Forward alone saves nothing, and so gains nothing from longer chunks.
        let left_out = usize::from(ending == LONG);
        kernels.extend(legal(lowered.renamed(ending).all(), &options)?.into_iter().skip(left_out));
    }
    Ok((kernels, saved))
}

/// What an artifact says of its neuron.
fn manifest(
    neuron: &Neuron,
    options: &Options,
    key: String,
    saved: &[saves::Entry],
    entries: BTreeMap<String, artifact::Entry>,
) -> Manifest {
    let port = |name: &str, ty| artifact::Port {
        name: name.into(),
        dtype: dtype(ty),
        last: false,
        packed: false,
    };
    let streamed = |name: &str, ty| match ty {
        hir::Type::Real => artifact::Port { dtype: neuron.dtype.into(), ..port(name, ty) },
        _ => port(name, ty),
    };
    Manifest {
        schema: artifact::SCHEMA,
        abi: artifact::ABI,
        compiler: env!("CARGO_PKG_VERSION").into(),
        key,
        neuron: neuron.name.clone(),
        options: neuron.options.clone(),
        target: options.target.clone(),
        math: "strict".into(),
        compute: artifact::Dtype::F32,
        inputs: neuron
            .inputs
            .iter()
            .filter(|input| input.is_given())
            .map(|input| streamed(&input.name, hir::Type::Real))
            .collect(),
        outputs: neuron
            .outputs
            .iter()
            .map(|output| {
                let ty = neuron.graph.node(output.value).ty;
                let hir::Output { last, packed, .. } = *output;
                artifact::Port { last, packed, ..streamed(&output.name, ty) }
            })
            .collect(),
        states: neuron.states.iter().map(|state| port(&state.name, state.ty)).collect(),
        params: params(neuron),
        save: neuron.save.to_string(),
        saved: saved.iter().map(self::saved).collect(),
        entries,
        parallel: neuron.is_parallel,
        matrices: Vec::new(),
        outer: Vec::new(),
    }
}

fn saved(entry: &saves::Entry) -> artifact::Saved {
    artifact::Saved {
        buffer: Operand::Trace(&entry.name).to_string(),
        bits: entry.width.bits(),
        why: entry.why.to_string(),
    }
}

/// Kernels to code.
///
/// # Errors
///
/// What the target cannot do, or that this build has no back end for it.
pub fn emit(kernels: &[Verified<Kernel>], target: &Target) -> Result<Emitted, EmitError> {
    let kernels: Vec<&Verified<Kernel>> = kernels.iter().collect();
    match target {
        #[cfg(feature = "cranelift")]
        Target::Cpu { level } => {
            use crate::targets::cranelift;
            cranelift::emit(&kernels, &cranelift::Options { level: self::level(level)? })
        }
        #[cfg(feature = "llvm")]
        Target::Ptx { sm } => {
            use crate::targets::llvm;
            llvm::emit(&kernels, &llvm::Options { sm: *sm })
        }
        #[cfg(feature = "wgsl")]
        Target::Wgsl => crate::targets::wgsl::emit(&kernels, &Default::default()),
        #[allow(unreachable_patterns, reason = "all back ends may be built in")]
        _ => Err(not_built(target).into()),
    }
}

#[cfg(feature = "cranelift")]
fn level(name: &str) -> Result<crate::targets::cranelift::Level, Unsupported> {
    crate::targets::cranelift::Level::from_name(name).ok_or_else(|| Unsupported {
        target: "cpu",
        what: format!("the level `{name}`"),
        instead: "choose x86-64-v2, x86-64-v3 or aarch64".into(),
    })
}

/// Everything that decides the code of a neuron, as text. Equal texts are equal artifacts.
pub fn key(neuron: &Neuron, options: &Options) -> String {
    let Schedule { chunk, lanes, block } = options.schedule();
    let tuning = options.tuning;
    let (version, source) = (env!("CARGO_PKG_VERSION"), env!("SNNC_SOURCE"));
    let mut text = format!("snnc {version} {source} abi {}\n", artifact::ABI);
    let _ = writeln!(text, "target {:?} simplify {}", options.target, options.simplify);
    let _ = writeln!(text, "math strict compute f32 chunk {chunk} lanes {lanes} block {block}");
    let _ = writeln!(text, "schedule {tuning}");
    text.push_str(&check::print(neuron));
    // Buffers of what is saved are called after these.
    for named in &neuron.named {
        let _ = writeln!(text, "named {} {}", named.name, named.node.0);
    }
    if options.line_info {
        let sources = neuron.sources.iter();
        sources.for_each(|source| _ = writeln!(text, "lines {:?} {:?}", source.name, source.text));
    }
    text
}

fn dtype(ty: hir::Type) -> artifact::Dtype {
    match ty {
        hir::Type::Real => artifact::Dtype::F32,
        hir::Type::Int | hir::Type::Bool => artifact::Dtype::I32,
    }
}

/// The text forms between the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The syntax tree.
    Ast,
    /// The typed program.
    Hir,
    /// The program with its adjoint.
    Diff,
    /// The same, simplified.
    Simple,
    /// The kernels.
    Kernel,
    /// Cranelift's IR.
    Clif,
    /// LLVM's IR.
    Llvm,
    /// PTX.
    Ptx,
    /// WGSL.
    Wgsl,
}

impl Stage {
    /// All stages in their order, with their names.
    pub const ALL: [(&'static str, Stage); 9] = [
        ("ast", Stage::Ast),
        ("hir", Stage::Hir),
        ("diff", Stage::Diff),
        ("simple", Stage::Simple),
        ("kernel", Stage::Kernel),
        ("clif", Stage::Clif),
        ("llvm", Stage::Llvm),
        ("ptx", Stage::Ptx),
        ("wgsl", Stage::Wgsl),
    ];
}

impl std::str::FromStr for Stage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, stage)| *stage).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("there is no stage `{name}`; there are {}", names.join(", "))
        })
    }
}

/// The text of a stage. Stages of one target ask for the options of that target.
///
/// # Errors
///
/// What is wrong with the program, or what the target cannot do.
pub fn stage(
    source: Source<'_>,
    wanted: &Specialization,
    resolver: &dyn Resolver,
    options: &Options,
    stage: Stage,
) -> Result<String, Failure> {
    if stage == Stage::Ast {
        let (module, _, findings) = read(source, resolver);
        let is_right = !findings.has_errors();
        return is_right.then(|| ast::dump(&module)).ok_or(Failure::Findings(findings));
    }
    let front = front(source, wanted, resolver).map_err(|found| Failure::Findings(*found))?;
    Ok(of_neuron(&front.neuron, options, stage)?)
}

fn of_neuron(neuron: &Neuron, options: &Options, stage: Stage) -> Result<String, EmitError> {
    Ok(match stage {
        Stage::Ast | Stage::Hir => check::print(neuron),
        Stage::Diff => diff::print(&diff::differentiate(neuron)),
        Stage::Simple => diff::print(&middle(neuron, options)),
        Stage::Kernel => {
            let kernels = kernels(neuron, options)?;
            let texts: Vec<String> = kernels.iter().map(|kernel| kernel::print(kernel)).collect();
            texts.join("\n")
        }
        Stage::Clif | Stage::Llvm | Stage::Ptx | Stage::Wgsl => {
            let target = code_target(options, stage);
            let options = Options { target, ..options.clone() };
            code(&kernels(neuron, &options)?, &options.target, stage)?
        }
    })
}

/// The target of a code stage: the one asked for, where it has that stage.
fn code_target(options: &Options, stage: Stage) -> Target {
    match (stage, &options.target) {
        (Stage::Clif, Target::Cpu { .. })
        | (Stage::Llvm | Stage::Ptx, Target::Ptx { .. })
        | (Stage::Wgsl, Target::Wgsl) => options.target.clone(),
        (Stage::Llvm | Stage::Ptx, _) => Target::Ptx { sm: 75 },
        (Stage::Wgsl, _) => Target::Wgsl,
        _ => Target::Cpu { level: "x86-64-v3".into() },
    }
}

/// The text of kernels as code, or as what code is made from.
fn code(kernels: &[Verified<Kernel>], target: &Target, stage: Stage) -> Result<String, EmitError> {
    #[allow(unused_variables, reason = "not every build has the back ends that take them")]
    let all: Vec<&Verified<Kernel>> = kernels.iter().collect();
    match (stage, target) {
        #[cfg(feature = "cranelift")]
        (Stage::Clif, Target::Cpu { level }) => {
            let level = self::level(level)?;
            let options = crate::targets::cranelift::Options { level };
            return crate::targets::cranelift::clif(&all, &options);
        }
        #[cfg(feature = "llvm")]
        (Stage::Llvm, Target::Ptx { sm }) => return crate::targets::llvm::llvm_ir(&all, *sm),
        _ => {}
    }
    match emit(kernels, target)?.code {
        artifact::Code::Wgsl(text) => Ok(text),
        artifact::Code::Ptx(mut texts) => Ok(texts.swap_remove(0).text),
        artifact::Code::Cpu(_) => Err(not_built(target).into()),
    }
}
