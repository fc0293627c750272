//! Neurons compiled by a package's `build.rs`, to be a part of its program.
//!
//! ```no_run
//! // build.rs
//! fn main() -> snn_compiler::build::Result<()> {
//!     snn_compiler::build::compile("neurons/alif.snn")
//! }
//! ```
//!
//! The program then has `snn_runtime::include_neuron!("alif")`, a module with a struct made for the
//! neuron, and needs neither the compiler nor the file when it runs. This is the only part of the
//! compiler that touches files and the environment.

mod error;
mod files;
mod rust;
mod tensors;

use std::path::{Path, PathBuf};

use snn_artifact::Artifact;
pub use snn_artifact::Target;

use crate::check::hir::Sharing;
use crate::check::{PortDtype, Specialization};
use crate::pipeline::{self, Front, Options, Source};

pub use error::{Error, Result};

use files::Files;

/// Finds a file of the standard library by its name: `snn::neuron::source`.
pub type Library = fn(&str) -> Option<&'static str>;

/// Compiles the only neuron of a file, as it is by default, for the processors of the target that cargo
/// builds for.
///
/// # Errors
///
/// As [`Build::compile`].
pub fn compile(path: impl AsRef<Path>) -> Result<()> {
    Build::new(path).compile()
}

/// The names that Rust knows a neuron by: the module, which is what `include_neuron!` takes, of the file
/// with this stem, and the struct in it.
pub fn rust_names(stem: &str, neuron: &str) -> (String, String) {
    (rust::identifier(stem), rust::type_name(neuron))
}

/// A neuron to compile, and what is decided about it.
#[derive(Clone, Debug)]
pub struct Build {
    path: PathBuf,
    name: Option<String>,
    wanted: Specialization,
    save: Option<String>,
    dtypes: Vec<String>,
    schedule: Option<String>,
    line_info: bool,
    targets: Vec<Target>,
    library: Option<Library>,
    folder: Option<PathBuf>,
}

impl Build {
    /// The neuron of a file; the path is seen from the package's folder.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().into(),
            name: None,
            wanted: Specialization::default(),
            save: None,
            dtypes: Vec::new(),
            schedule: None,
            line_info: false,
            targets: Vec::new(),
            library: None,
            folder: None,
        }
    }

    /// The name for `include_neuron!`; the file's without it. Two builds of one file need two names.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which neuron, where the file has several.
    pub fn neuron(mut self, name: &str) -> Self {
        self.wanted.neuron = Some(name.into());
        self
    }

    /// An option's value, written as in the file.
    pub fn option(mut self, name: &str, value: impl ToString) -> Self {
        self.wanted.options.push((name.into(), value.to_string()));
        self
    }

    /// Who shares one number of a param.
    pub fn share(mut self, param: &str, sharing: Sharing) -> Self {
        self.wanted.share.push((param.into(), sharing));
        self
    }

    /// A param to learn, beside those the file says are learnt.
    pub fn learn(mut self, param: &str) -> Self {
        self.wanted.learn.push(param.into());
        self
    }

    /// What forward saves for backward: `auto`, `inputs`, `states`, `states:bf16`, or names of states and
    /// values with commas between them. `docs/saving.md` says what each does.
    pub fn save(mut self, what: &str) -> Self {
        self.save = Some(what.into());
        self
    }

    /// What inputs, outputs and their gradients are stored as: `f32`, `f16` or `bf16`; f32 without it. May be
    /// called several times: tensors are run in each, and slices in the first.
    pub fn dtype(mut self, name: &str) -> Self {
        self.dtypes.push(name.into());
        self
    }

    /// How kernels cut time and spread neurons: `auto`, or such as `chunk=8,forward=4x128,backward=2x64`,
    /// of which `snnc bench --schedule tune` finds the fastest. The targets cpu and wgsl take `chunk` alone.
    pub fn schedule(mut self, schedule: &str) -> Self {
        self.schedule = Some(schedule.into());
        self
    }

    /// Code that tells a profiler the lines of the file. The targets cpu and wgsl refuse it.
    pub fn line_info(mut self) -> Self {
        self.line_info = true;
        self
    }

    /// Code for a level of processors; may be called several times, the best first. Without any, all
    /// levels of the target that cargo builds for.
    pub fn level(self, level: &str) -> Self {
        self.target(Target::Cpu { level: level.into() })
    }

    /// Code for another target, to be loaded on its devices; may be called several times.
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Where imports of `std/...` are found: `snn::neuron::source`.
    pub fn library(mut self, library: Library) -> Self {
        self.library = Some(library);
        self
    }

    /// The folder to write to; cargo's `OUT_DIR` without it.
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().into());
        self
    }

    /// Compiles, writes what `include_neuron!` includes, and tells cargo which files were read.
    ///
    /// # Errors
    ///
    /// The findings as `snnc check` shows them, what a target cannot do, and files that cannot be read
    /// or written.
    pub fn compile(self) -> Result<()> {
        let files = Files::new(self.library);
        let made = self.make(&files);
        files.read().iter().for_each(|file| println!("cargo:rerun-if-changed={file}"));
        for line in made?.lines().filter(|line| !line.is_empty()) {
            println!("cargo:warning={line}");
        }
        Ok(())
    }

    /// Writes everything and returns the warnings.
    fn make(&self, files: &Files) -> Result<String> {
        let (file, text) = files.main(&self.path)?;
        let source = Source { name: &file, text: &text };
        let name = rust::identifier(self.name.as_deref().unwrap_or(&stem(&self.path)));
        let tuning = self.schedule.as_deref().unwrap_or("auto").parse().map_err(Error::new)?;
        let (mut artifacts, mut warnings) = (Vec::new(), String::new());
        for wanted in self.specializations()? {
            let front = pipeline::front(source, &wanted, files);
            let front = front.map_err(|found| Error::new(found.render(false)))?;
            for target in self.chosen()? {
                let line_info = self.line_info;
                let options = Options { tuning, line_info, ..Options::new(target.clone()) };
                let artifact = artifact(&front, &options)?;
                let file = format!("{name}.{}.artifact", kind(&target, wanted.dtype));
                files::write(&self.place()?.join(&file), &bytes(&artifact)?)?;
                artifacts.push((file, artifact));
            }
            warnings = front.findings.render(false);
        }
        let text = rust::module(&name, &file, &artifacts);
        files::write(&self.place()?.join(format!("{name}.rs")), text.as_bytes())?;
        Ok(warnings)
    }

    /// What is decided about the neuron, for each type of elements.
    fn specializations(&self) -> Result<Vec<Specialization>> {
        let mut wanted = self.wanted.clone();
        if let Some(save) = &self.save {
            wanted.save = save.parse().map_err(Error::new)?;
        }
        if self.dtypes.is_empty() {
            return Ok(vec![wanted]);
        }
        let stored = |name: &String| {
            Ok(Specialization { dtype: name.parse().map_err(Error::new)?, ..wanted.clone() })
        };
        self.dtypes.iter().map(stored).collect()
    }

    fn place(&self) -> Result<PathBuf> {
        self.folder.clone().map_or_else(|| files::variable("OUT_DIR").map(PathBuf::from), Ok)
    }

    fn chosen(&self) -> Result<Vec<Target>> {
        if !self.targets.is_empty() {
            return Ok(self.targets.clone());
        }
        let processor = files::variable("CARGO_CFG_TARGET_ARCH")?;
        let levels: &[&str] = match processor.as_str() {
            "x86_64" => &["x86-64-v3", "x86-64-v2"],
            "aarch64" => &["aarch64"],
            other => return Err(Error::new(format!("cpu cannot do code for {other}"))),
        };
        Ok(levels.iter().map(|level| Target::Cpu { level: level.to_string() }).collect())
    }
}

fn artifact(front: &Front, options: &Options) -> Result<Artifact> {
    let key = snn_artifact::hash(pipeline::key(&front.neuron, options));
    pipeline::back(&front.neuron, options, key).map_err(|error| Error::new(error.to_string()))
}

fn bytes(artifact: &Artifact) -> Result<Vec<u8>> {
    artifact.to_bytes().map_err(|error| Error::new(format!("the manifest: {error}")))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A target and a type of elements as a part of a file's name.
fn kind(target: &Target, dtype: PortDtype) -> String {
    let target = match target {
        Target::Cpu { level } => level.clone(),
        Target::Ptx { sm } => format!("sm_{sm}"),
        Target::Wgsl => "wgsl".into(),
    };
    match dtype {
        PortDtype::F32 => target,
        other => format!("{other}.{target}"),
    }
}
