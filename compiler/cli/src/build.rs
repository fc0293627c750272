//! `snnc build`: a neuron to code and a manifest in files, or the text of a stage.

use snn_artifact::{Artifact, Code};
use snn_compiler::pipeline::{self, Options, Stage};

use crate::args::BuildArgs;
use crate::program::{self, Program};
use crate::report::{self, Failure, Reporter, Result};
use crate::source::{Files as Imports, reason};
use crate::write::Files;

/// Builds what the arguments ask for.
pub fn build(args: &BuildArgs, reporter: &Reporter) -> Result<()> {
    let program = Program::new(&args.special)?;
    let options = Options::new(program::target(&args.target)?);
    match args.emit {
        Some(stage) => emit(&program, &options, stage),
        None => write(args, &program, &options, reporter),
    }
}

fn emit(program: &Program, options: &Options, stage: Stage) -> Result<()> {
    let text = pipeline::stage(program.source(), &program.wanted, &Imports, options, stage);
    let text = text.map_err(|failure| match failure {
        pipeline::Failure::Findings(found) => Failure::Findings(found.sources, found.diagnostics),
        pipeline::Failure::Emit(error) => Failure::Message(error.to_string()),
    })?;
    report::print(text.trim_end())?;
    report::print("\n")
}

fn write(
    args: &BuildArgs,
    program: &Program,
    options: &Options,
    reporter: &Reporter,
) -> Result<()> {
    let front = program.front(reporter)?;
    let key = program::key(&front.neuron, options);
    let artifact = pipeline::back(&front.neuron, options, key);
    let Artifact { manifest, code } = artifact.map_err(|error| error.to_string())?;
    let json = serde_json::to_string_pretty(&manifest)
        .map_err(|why| format!("the manifest cannot be written: {why}"))?;
    let (code, extension) = match code {
        Code::Cpu(bytes) => (bytes, "bin"),
        Code::Ptx(text) => (text.into_bytes(), "ptx"),
        Code::Wgsl(text) => (text.into_bytes(), "wgsl"),
    };
    let at = |extension: &str| args.out.join(format!("{}.{extension}", manifest.neuron));
    std::fs::create_dir_all(&args.out)
        .map_err(|why| format!("cannot make {}: {}", args.out.display(), reason(&why)))?;
    let (code_file, manifest_file) = (at(extension), at("json"));
    let size = code.len();
    let mut files = Files::default();
    files.add(&code_file, code);
    files.add(&manifest_file, json + "\n");
    files.commit()?;
    let names: Vec<&str> = manifest.entries.keys().map(String::as_str).collect();
    report::print(&format!(
        "{}: {size} bytes, {}\n{}\n",
        code_file.display(),
        names.join(", "),
        manifest_file.display(),
    ))
}
