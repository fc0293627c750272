//! What is done to an input, and what has to hold of it. A property that does not hold is a panic.

use snn_artifact as artifact;
use snn_compiler::ast::{self, Module};
use snn_compiler::check::{self, Resolver, Specialization, hir};
use snn_compiler::diagnostic::Diagnostic;
use snn_compiler::error::EmitError;
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::pipeline::{self, Findings, Options};
use snn_compiler::span::{Source, SourceMap, Span};
use snn_runtime::neuron::{Array, Call, Seeds};

use crate::fuzz::typed::{Case, Facts, compare};
use crate::fuzz::{Choices, Reader, text};
use crate::interpret::Interpreted;

/// A part of the compiler or of the library that takes inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The syntax tree, and what diagnostics say of it.
    Parse,
    /// The typed program.
    Check,
    /// The printer.
    Format,
    /// Everything, to the code of a target.
    Pipeline,
    /// Well-typed programs, run on every machine. The bytes are the choices that a program is drawn by.
    Programs,
    /// Files that come from elsewhere.
    Files(Reader),
}

/// How far an input came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Its syntax is right; of a file, all of it is.
    pub parsed: bool,
    /// All of it is right; only found out where the target checks.
    pub checked: bool,
    /// What is counted of a program.
    pub facts: Facts,
}

impl Verdict {
    fn new(parsed: bool, checked: bool) -> Self {
        Self { parsed, checked, facts: Facts::default() }
    }
}

/// Longer inputs take their time by right.
const MAX_BYTES: usize = 1 << 14;

/// As much as a graph may have for the later passes to be quick.
const MAX_NODES: usize = 1500;

impl Target {
    /// Those of the compiler.
    pub const COMPILER: [Target; 5] =
        [Target::Parse, Target::Check, Target::Format, Target::Pipeline, Target::Programs];

    /// All of them.
    pub fn all() -> Vec<Target> {
        Self::COMPILER.into_iter().chain(Reader::ALL.map(Target::Files)).collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Target::Parse => "parse",
            Target::Check => "check",
            Target::Format => "format",
            Target::Pipeline => "pipeline",
            Target::Programs => "programs",
            Target::Files(reader) => reader.name(),
        }
    }

    /// What the name of an input's file ends in.
    pub fn ending(self) -> &'static str {
        match self {
            Target::Files(reader) => reader.ending(),
            _ => "snn",
        }
    }

    /// The input of a seed.
    pub fn input(self, seed: u64) -> Vec<u8> {
        let mut choices = Choices::seeded(seed);
        match self {
            Target::Programs => {
                Case::draw(&mut choices);
                choices.taken().to_vec()
            }
            Target::Files(reader) => reader.input(&mut choices),
            _ => text(&mut choices),
        }
    }

    /// An input as a file.
    pub fn file(self, input: &[u8]) -> Vec<u8> {
        match self {
            Target::Programs => Case::draw(&mut Choices::bytes(input)).file().into_bytes(),
            _ => input.to_vec(),
        }
    }

    /// Takes an input through it.
    pub fn run(self, bytes: &[u8]) -> Verdict {
        if let Target::Files(reader) = self {
            return Verdict::new(reader.read(bytes), false);
        }
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_BYTES)]);
        match self {
            Target::Parse => parse(&text),
            Target::Check => check(&text),
            Target::Format => format(&text),
            Target::Pipeline => through_all(&text),
            Target::Programs | Target::Files(_) => agree(bytes),
        }
    }
}

/// Imports of the standard library, as the program brings them.
struct Library;

impl Resolver for Library {
    fn resolve(&self, path: &str, _: &Source) -> Result<(String, String), String> {
        let name = path.strip_prefix("std/").and_then(|name| name.strip_suffix(".snn"));
        let text = name.and_then(snn::neuron::source).ok_or("there is no such file")?;
        Ok((path.into(), text.into()))
    }
}

fn read(text: &str) -> (Module, Findings) {
    let mut sources = SourceMap::new();
    let file = sources.add("fuzz.snn", text);
    let (module, diagnostics) = ast::parse(sources.get(file).unwrap());
    (module, Findings { sources, diagnostics })
}

fn parse(text: &str) -> Verdict {
    let (module, findings) = read(text);
    let source = findings.sources.get(module.file).unwrap();
    let spans = module.comments.iter().map(|comment| comment.span);
    let spans = spans.chain(module.bad.iter().copied());
    spans.chain(module.items.iter().map(|item| item.span)).for_each(|span| is_in(span, source));
    ast::dump(&module).lines().for_each(|line| ends_in(line, source));
    sound(&findings);
    let (_, diagnostics) = ast::parse_expr(source);
    sound(&Findings { sources: findings.sources.clone(), diagnostics });
    Verdict::new(!findings.has_errors(), false)
}

/// The span behind a line of a dumped tree lies in the text.
fn ends_in(line: &str, source: &Source) {
    let span = line.rsplit_once("  @").and_then(|(_, span)| span.split_once(".."));
    if let Some((start, end)) = span.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?))) {
        is_in(Span::new(source.id, start, end), source);
    }
}

fn is_in(span: Span, source: &Source) {
    assert!(source.text.get(span.range()).is_some(), "{span} is not in the text");
}

/// Findings point into what was read, and can be shown.
fn sound(findings: &Findings) {
    let places = |finding: &Diagnostic| {
        let labels = finding.secondary.iter().map(|label| label.span);
        let fixes = finding.helps.iter().flat_map(|help| &help.replace).map(|(span, _)| *span);
        labels.chain(fixes).chain([finding.primary.span]).collect::<Vec<Span>>()
    };
    for span in findings.diagnostics.iter().flat_map(places) {
        let source = findings.sources.get(span.file);
        is_in(span, source.unwrap_or_else(|| panic!("{span} is of no file")));
    }
    if !findings.diagnostics.is_empty() {
        assert!(!findings.render(false).is_empty());
        assert!(findings.to_json().is_array() || findings.to_json().is_object());
    }
}

fn check(text: &str) -> Verdict {
    let (verdict, _) = checked(text);
    verdict
}

/// The neurons of a program that is right, as they are by default.
fn checked(text: &str) -> (Verdict, Vec<hir::Neuron>) {
    let parsed = !read(text).1.has_errors();
    let source = pipeline::Source { name: "fuzz.snn", text };
    let (program, findings) = pipeline::check(source, &Library);
    sound(&findings);
    assert_eq!(program.is_some(), !findings.has_errors(), "a program or errors");
    let Some(program) = program else { return (Verdict::new(parsed, false), Vec::new()) };
    let neurons = program.names().filter_map(|name| special(&program, name, &findings)).collect();
    (Verdict::new(parsed, true), neurons)
}

fn special(program: &check::Program, name: &str, findings: &Findings) -> Option<hir::Neuron> {
    let wanted = Specialization { neuron: Some(name.into()), ..Specialization::default() };
    match check::specialize(program, &wanted) {
        Ok(neuron) => {
            assert!(!check::print(&neuron).is_empty());
            Some(neuron)
        }
        Err(diagnostics) => {
            let mut sources = findings.sources.clone();
            wanted.add_sources(&mut sources);
            assert!(!diagnostics.is_empty(), "a neuron or errors");
            sound(&Findings { sources, diagnostics });
            None
        }
    }
}

fn format(text: &str) -> Verdict {
    let (module, findings) = read(text);
    if findings.has_errors() {
        return Verdict::default();
    }
    let source = findings.sources.get(module.file).unwrap();
    let printed = ast::print(&module, source);
    let (again, found) = read(&printed);
    assert!(!found.has_errors(), "printed, it is wrong:\n{printed}\n{}", found.render(false));
    let other = found.sources.get(again.file).unwrap();
    assert_eq!(tree(&module), tree(&again), "printed, it is another tree:\n{printed}");
    assert_eq!(comments(&module, source), comments(&again, other), "comments of\n{printed}");
    let twice = ast::print(&again, other);
    assert_eq!(printed, twice, "printed twice, it is another text");
    Verdict::new(true, false)
}

/// The tree without its places.
fn tree(module: &Module) -> Vec<String> {
    let dump = ast::dump(module);
    let line = |line: &str| line.rsplit_once("  @").map_or(line, |(text, _)| text).to_string();
    dump.lines().map(line).collect()
}

/// All comments; where one stood inside of an expression its place is another.
fn comments(module: &Module, source: &Source) -> Vec<String> {
    let text = |span: Span| source.text[span.range()].trim().to_string();
    let mut all: Vec<String> = module.comments.iter().map(|comment| text(comment.span)).collect();
    all.sort();
    all
}

fn through_all(text: &str) -> Verdict {
    let (verdict, neurons) = checked(text);
    neurons.iter().filter(|neuron| neuron.graph.len() <= MAX_NODES).for_each(compile);
    verdict
}

/// Code for the web by the whole pipeline; for the processor, and for the interpreter, the same kernels.
fn compile(neuron: &hir::Neuron) {
    // A short chunk is a schedule like any other, and makes less code.
    let options = |target| Options { tuning: Tuning::of_chunk(2), ..Options::new(target) };
    right(pipeline::back(neuron, &options(artifact::Target::Wgsl), "".into()));
    let cpu = options(artifact::Target::Cpu { level: "x86-64-v3".into() });
    let Some(kernels) = right(pipeline::kernels(neuron, &cpu)) else { return };
    right(pipeline::emit(&kernels, &cpu.target));
    // Products and their gradients are several launches, which the interpreter does not know.
    if neuron.is_parallel {
        return;
    }
    let array = || Array::new(vec![3, 2], vec![0.5, -1.0, 2.0, 0.0, 1e30, 1.0]).unwrap();
    let inputs = neuron.inputs.iter().map(|input| (input.name.clone(), array()));
    let call = Call { inputs: inputs.collect(), sizes: vec![3, 2], ..Call::default() };
    Interpreted::of(neuron, kernels).grad(&call, &Seeds::default());
}

/// What there is, where it is not refused.
fn right<T>(made: Result<T, EmitError>) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(EmitError::Bug(bug)) => panic!("{bug}"),
        Err(_) => None,
    }
}

/// A well-typed program on every machine.
fn agree(choices: &[u8]) -> Verdict {
    let facts = compare(&Case::draw(&mut Choices::bytes(choices)));
    Verdict { parsed: true, checked: true, facts }
}
