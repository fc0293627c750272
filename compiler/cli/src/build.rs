//! `snnc build`: a neuron to code and a manifest in files, or the text of a stage.

use snn_artifact::{Artifact, Code, Ptx};
use snn_compiler::link::{self, Format};
use snn_compiler::pipeline::{self, Options, Stage};

use crate::args::BuildArgs;
use crate::program::{self, Program};
use crate::report::{self, Failure, Reporter, Result};
use crate::source::Files as Imports;
use crate::write::{self, Files};

/// The object files of this system.
const HOST: Format = if cfg!(target_vendor = "apple") {
    Format::MachO
} else if cfg!(windows) {
    Format::Coff
} else {
    Format::Elf
};

/// Builds what the arguments ask for.
pub fn build(args: &BuildArgs, reporter: &Reporter) -> Result<()> {
    let program = Program::new(&args.special)?;
    let options = program::options(&args.special, &args.target)?;
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
    let artifact = artifact.map_err(|error| error.to_string())?;
    let outputs = outputs(args, &artifact)?;
    write::folder(&args.out)?;
    let mut files = Files::default();
    let (mut lines, manifest) = (Vec::new(), artifact.manifest);
    for (extension, bytes) in outputs {
        let path = args.out.join(format!("{}.{extension}", manifest.neuron));
        lines.push((path.display().to_string(), bytes.len()));
        files.add(path, bytes);
    }
    files.commit()?;
    let names: Vec<&str> = manifest.entries.keys().map(String::as_str).collect();
    let (code, size) = lines.remove(0);
    let others: String = lines.iter().map(|(path, _)| format!("{path}\n")).collect();
    report::print(&format!("{code}: {size} bytes, {}\n{others}", names.join(", ")))
}

/// What is written, by the files' extensions: the code first, then the manifest, and for a CPU an object
/// file with its header.
fn outputs(args: &BuildArgs, artifact: &Artifact) -> Result<Vec<(String, Vec<u8>)>> {
    let json = serde_json::to_string_pretty(&artifact.manifest)
        .map_err(|why| format!("the manifest cannot be written: {why}"))?;
    let mut outputs: Vec<(String, Vec<u8>)> = match &artifact.code {
        Code::Cpu(bytes) => vec![("bin".into(), bytes.clone())],
        Code::Ptx(texts) => texts
            .iter()
            .enumerate()
            .map(|(i, Ptx { sm, text })| {
                let name = if i == 0 { "ptx".into() } else { format!("sm_{sm}.ptx") };
                (name, text.clone().into_bytes())
            })
            .collect(),
        Code::Wgsl(text) => vec![("wgsl".into(), text.clone().into_bytes())],
    };
    outputs.insert(1, ("json".into(), (json + "\n").into_bytes()));
    let is_cpu = matches!(artifact.code, Code::Cpu(_));
    if is_cpu || args.object.is_some() {
        let format = args.object.unwrap_or(HOST);
        outputs
            .push(("o".into(), link::object(artifact, format).map_err(|error| error.to_string())?));
        let header = link::header(artifact).map_err(|error| error.to_string())?;
        outputs.push(("h".into(), header.into_bytes()));
    }
    Ok(outputs)
}
