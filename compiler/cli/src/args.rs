//! The command line: every command, its options, and how their values are written.

pub mod data;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use snn_compiler::check::hir::Sharing;
use snn_compiler::check::{PortDtype, Save};
use snn_compiler::kernel::schedule::Tuning;
use snn_compiler::link;
use snn_compiler::pipeline::Stage;

/// Compiles neurons written in `.snn` to fused forward and backward kernels, runs and times them.
#[derive(Parser)]
#[command(name = "snnc", version, propagate_version = true)]
pub struct Cli {
    /// How findings and errors are written on standard error
    #[arg(long, global = true, value_enum, default_value = "human", value_name = "FORMAT")]
    pub message_format: Format,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// One JSON object a line
    Json,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Write a file with a neuron to start from, or a crate around one
    New(NewArgs),
    /// Look for errors in neurons, and make nothing
    Check(CheckArgs),
    /// Run the tests in files, and hold each neuron's gradients against finite differences
    Test(TestArgs),
    /// Bring files into the one style
    Fmt(FmtArgs),
    /// Explain the code of an error or a warning, or a neuron: its gradient line by line, what is
    /// saved for backward, and what a step costs
    Explain(ExplainArgs),
    /// Compile a neuron to code and a manifest that says how to launch it
    Build(BuildArgs),
    /// Run a neuron over an input
    Run(RunArgs),
    /// Run a neuron over an input, and take the gradient
    Grad(GradArgs),
    /// Time a neuron, forward and backward, beside copies of as many bytes
    Bench(BenchArgs),
    /// Draw what a run wrote, or the surrogates of a file
    Plot(PlotArgs),
    /// Write a page that runs a neuron in a browser, through WebGPU
    Web(WebArgs),
    /// Data sets of events: what there is, and to prepare, check, look at and convert them
    #[command(subcommand)]
    Data(data::DataCommand),
    /// List the neurons of the standard library, which std:NAME runs
    List(ListArgs),
    /// List the devices of this machine
    Devices,
    /// Say what the kernel cache holds, or empty it
    Cache(CacheArgs),
    /// Print what a shell needs to complete command lines of snnc
    Completions(CompletionsArgs),
    /// Write the pages of the manual into a folder
    Man(ManArgs),
}

/// Arguments of `new`.
#[derive(Args)]
pub struct NewArgs {
    /// The neuron's name, a word such as Alif; the file is called after it
    pub name: String,
    /// Write a Rust crate that trains a network with the neuron, into a folder called after it
    #[arg(long = "crate")]
    pub a_crate: bool,
    /// A checkout of snnc, whose packages the crate takes in the place of published ones
    #[arg(long, value_name = "FOLDER", requires = "a_crate")]
    pub source: Option<PathBuf>,
}

/// Arguments of `fmt`.
#[derive(Args)]
pub struct FmtArgs {
    /// Change nothing; fail and show what would change
    #[arg(long)]
    pub check: bool,
    /// The files; `-` is standard input, which comes back on standard output
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
}

/// Arguments of `plot`.
#[derive(Args)]
pub struct PlotArgs {
    /// What `run` wrote (.npz), or a file whose surrogates are drawn (.snn, std:NAME)
    pub file: String,
    /// The picture, as SVG or PNG by the file's name; beside the file and called after it by default
    #[arg(short, long = "out", value_name = "PICTURE")]
    pub out: Vec<PathBuf>,
    /// npz: the number at which the potential spikes, to draw it
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub threshold: Option<f64>,
    /// snn: a surrogate with its numbers, such as 'atan(alpha: 2.0)', instead of those of the file
    #[arg(long = "surrogate", value_name = "SURROGATE")]
    pub surrogates: Vec<String>,
}

/// Arguments of `completions`.
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Args)]
pub struct ManArgs {
    /// The folder, which has to be there
    pub folder: PathBuf,
}

/// Arguments of `check`.
#[derive(Args)]
pub struct CheckArgs {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
}

/// Arguments of `test`.
#[derive(Args)]
pub struct TestArgs {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// Run only tests whose name has this in it
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Where to run: cpu, cuda:0, wgpu:0
    #[arg(long, default_value = "cpu")]
    pub device: String,
}

/// Arguments of `explain`.
#[derive(Args)]
#[command(mut_arg("file", |arg| arg.help(WHAT_TO_EXPLAIN).value_name("CODE|FILE")))]
pub struct ExplainArgs {
    /// The neuron.
    #[command(flatten)]
    pub special: Special,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Print JSON; for a file
    #[arg(long)]
    pub json: bool,
}

/// What `explain` takes.
const WHAT_TO_EXPLAIN: &str =
    "A code, such as E0401, or the file with the neuron; `-` is standard input";

/// What decides a specialisation of a neuron.
#[derive(Args)]
pub struct Special {
    /// The file with the neuron; `-` is standard input
    pub file: String,
    /// Which neuron, where the file has several
    #[arg(long, value_name = "NAME")]
    pub neuron: Option<String>,
    /// An option's value, written as in the file
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = pair)]
    pub options: Vec<(String, String)>,
    /// Who shares one number of a param: layer, channel or neuron
    #[arg(long, value_name = "PARAM=SHARING", value_parser = sharing)]
    pub share: Vec<(String, Sharing)>,
    /// A param to learn, beside those the file says are learnt
    #[arg(long, value_name = "PARAM")]
    pub learn: Vec<String>,
    /// What forward saves for backward: auto, inputs, states, states:bf16, or the names of states and
    /// values, such as v,h:bf16
    #[arg(long, value_name = "WHAT", default_value_t)]
    pub save: Save,
    /// What inputs, outputs and their gradients are stored as: f32, f16 or bf16; what is computed is f32
    #[arg(long, value_name = "TYPE", default_value_t)]
    pub dtype: PortDtype,
    /// An output of spikes to give packed: as the bits of 32 steps in a word
    #[arg(long, value_name = "OUTPUT")]
    pub pack: Vec<String>,
    /// An input to normalise by channel where it is read: (x - x.mean) * x.scale + x.shift
    #[arg(long, value_name = "INPUT")]
    pub normalize: Vec<String>,
    /// How kernels cut time and spread neurons: auto or loop, or scan,chunk=STEPS,forward=LANESxTHREADS,
    /// backward=LANESxTHREADS or some of these; scan runs segments of time side by side, of neurons that are
    /// linear in their states; tune times several on the device and takes the fastest
    #[arg(long, value_name = "SCHEDULE", default_value = "auto")]
    pub schedule: Schedule,
    /// ptx and cuda: tell profilers which line of the file each instruction is for
    #[arg(long)]
    pub line_info: bool,
}

/// Who chooses the schedules of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// The user; what is not given is left to the compiler.
    Given(Tuning),
    /// The clock.
    Tune,
}

impl Schedule {
    /// What the user gave; while the clock has not chosen, the compiler's own.
    pub fn given(self) -> Tuning {
        match self {
            Schedule::Given(tuning) => tuning,
            Schedule::Tune => Tuning::default(),
        }
    }
}

impl std::str::FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "tune" { Ok(Schedule::Tune) } else { text.parse().map(Schedule::Given) }
    }
}

/// What code is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TargetKind {
    /// Machine code for a CPU
    Cpu,
    /// PTX for NVIDIA GPUs
    Ptx,
    /// WGSL for all other GPUs
    Wgsl,
}

/// A target with what belongs to it.
#[derive(Args)]
pub struct TargetArgs {
    /// What to compile for
    #[arg(long, value_enum, default_value = "cpu")]
    pub target: TargetKind,
    /// cpu: the processors to compile for: x86-64-v2, x86-64-v3 or aarch64; this machine's by default
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// ptx: the oldest compute capability that the code runs on: 70, 72, 75, 80, 86, 87, 89 or 90; 75 by
    /// default. Below 90 there is a second text for 90 and newer
    #[arg(long, value_name = "NUMBER")]
    pub sm: Option<u32>,
}

/// Arguments of `build`.
#[derive(Args)]
pub struct BuildArgs {
    /// The neuron.
    #[command(flatten)]
    pub special: Special,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Print a stage of the compilation and build nothing: ast, hir, diff, simple, kernel, clif, llvm,
    /// ptx or wgsl
    #[arg(long, value_name = "STAGE")]
    pub emit: Option<Stage>,
    /// cpu: the form of the object file: elf, macho or coff; this system's by default
    #[arg(long, value_name = "FORMAT")]
    pub object: Option<link::Format>,
    /// The folder for the code and the manifest
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
}

/// Arguments of `web`.
#[derive(Args)]
pub struct WebArgs {
    /// The neuron.
    #[command(flatten)]
    pub special: Special,
    /// The folder for the page, index.html
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
}

/// What a neuron runs over, and where.
#[derive(Args)]
pub struct Operands {
    /// An input of shape [T, N, ...]: NAME=file.npy, file.npz, file.npz:member or file.csv
    #[arg(long = "input", value_name = "NAME=FILE", value_parser = pair)]
    pub inputs: Vec<(String, String)>,
    /// Make the inputs that are not given
    #[arg(long, value_enum, value_name = "KIND")]
    pub generate: Option<Generator>,
    /// Steps of a made input, or of a neuron without an input
    #[arg(long, value_name = "T", default_value_t = 1000)]
    pub steps: usize,
    /// Neurons of a made input, or how many there are of one without an input
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub neurons: usize,
    /// Where random numbers start: those of a made input, of params that are drawn, and of what the neuron draws
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// The number of the first step for what the neuron draws: the steps of the runs that this one goes on from
    #[arg(long, value_name = "T0", default_value_t = 0)]
    pub first_step: u32,
    /// A param's number, or its numbers: NAME=2.0 or NAME=file.npy
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub params: Vec<(String, String)>,
    /// A state before the first step: NAME=file.npy
    #[arg(long = "state", value_name = "NAME=FILE", value_parser = pair)]
    pub states: Vec<(String, String)>,
    /// The axis of the input, counting T as 0, whose elements share a param `per channel`: 2 by
    /// default, and the neurons' in [T, N]
    #[arg(long, value_name = "AXIS", allow_negative_numbers = true)]
    pub channel_axis: Option<isize>,
    /// Where to run: cpu, cuda:0, wgpu:0
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// The file for the results: every output by its name, every last state as state.NAME
    #[arg(long, value_name = "FILE.npz")]
    pub out: Option<PathBuf>,
    /// A picture, as SVG or PNG by the file's name
    #[arg(long = "plot", value_name = "FILE")]
    pub plots: Vec<PathBuf>,
}

/// The inputs that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Generator {
    /// From 0 at the first step to 2 at the last
    Ramp,
    /// 0, then for the half in the middle a level that differs between neurons, then 0
    Step,
    /// Random numbers from 0 to 2, all equally likely
    Noise,
}

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArgs {
    /// The neuron.
    #[command(flatten)]
    pub special: Special,
    /// Its operands.
    #[command(flatten)]
    pub operands: Operands,
}

/// Arguments of `grad`.
#[derive(Args)]
pub struct GradArgs {
    /// The neuron.
    #[command(flatten)]
    pub special: Special,
    /// Its operands.
    #[command(flatten)]
    pub operands: Operands,
    /// The gradient of an output: NAME=file.npy; without any, that of the sum of all outputs is taken
    #[arg(long = "grad", value_name = "NAME=FILE", value_parser = pair)]
    pub grads: Vec<(String, String)>,
    /// The gradient of a last state: NAME=file.npy
    #[arg(long = "grad-state", value_name = "NAME=FILE", value_parser = pair)]
    pub grad_states: Vec<(String, String)>,
}

/// Arguments of `bench`.
#[derive(Args)]
pub struct BenchArgs {
    /// The neuron.
    #[command(flatten)]
    pub special: Special,
    /// Steps and neurons to time, such as 4,1048576;16,1048576
    #[arg(long, value_name = "T,N;...", default_value = "4,1048576;16,1048576;64,1048576")]
    pub sizes: Sizes,
    /// Where to run: cpu, cuda:0, wgpu:0
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// Threads of the cpu
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub threads: usize,
    /// Beside it, the kernels written by hand
    #[arg(long)]
    pub reference: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Steps and neurons to time.
#[derive(Clone, Debug)]
pub struct Sizes(pub Vec<(usize, usize)>);

impl std::str::FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size = |part: &str| {
            let (steps, neurons) = part.split_once(',')?;
            Some((steps.trim().parse().ok()?, neurons.trim().parse().ok()?))
        };
        let sizes = text.split(';').map(|part| {
            size(part).ok_or_else(|| format!("`{part}` is no size: write T,N such as 16,4096"))
        });
        Ok(Sizes(sizes.collect::<Result<_, _>>()?))
    }
}

/// Arguments of `list`.
#[derive(Args)]
pub struct ListArgs {
    /// Print all about them as JSON: options, inputs, params, states, outputs
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `cache`.
#[derive(Args)]
pub struct CacheArgs {
    /// What to do; without it, say what is there.
    #[command(subcommand)]
    pub action: Option<CacheAction>,
}

/// What can be done to the cache.
#[derive(Subcommand)]
pub enum CacheAction {
    /// Remove every kernel
    Clear,
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.into(), value.into()))
        }
        _ => Err("write NAME=VALUE".into()),
    }
}

fn sharing(text: &str) -> Result<(String, Sharing), String> {
    let (name, word) = pair(text)?;
    let all = [Sharing::Layer, Sharing::Channel, Sharing::Neuron];
    let found = all.into_iter().find(|s| snn_compiler::check::sharing_word(*s) == word);
    let sharing = found.ok_or_else(|| format!("`{word}` is none of layer, channel, neuron"))?;
    Ok((name, sharing))
}
