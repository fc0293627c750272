//! `snnc web`: a page that runs a neuron in a browser through WebGPU, in one file that needs no server and
//! no network.

use std::collections::BTreeMap;

use serde_json::json;
use snn_artifact::{Artifact, Axis, Code, ParamDefault, Sharing, Target};
use snn_compiler::check::PortDtype;
use snn_compiler::pipeline::{self, Options};
use snn_runtime::neuron::default_numbers;

use crate::args::{Schedule, WebArgs};
use crate::program::{self, Program};
use crate::report::{self, Reporter, Result};
use crate::write::{self, Files};

const PAGE: &str = include_str!("web/page.html");
const STYLE: &str = include_str!("web/page.css");
const LOADER: &str = include_str!("web/loader.js");
const SCRIPT: &str = include_str!("web/page.js");

/// The neurons that the page runs.
const NEURONS: usize = 64;

/// Writes the page.
pub fn web(args: &WebArgs, reporter: &Reporter) -> Result<()> {
    let special = &args.special;
    refuse(args)?;
    let program = Program::new(special)?;
    let front = program.front(reporter)?;
    let tuning = special.schedule.given();
    let options = Options { tuning, ..Options::new(Target::Wgsl) };
    let key = program::key(&front.neuron, &options);
    let artifact = pipeline::back(&front.neuron, &options, key).map_err(|e| e.to_string())?;
    let page = page(&artifact, program.source().text)?;
    write::folder(&args.out)?;
    let path = args.out.join("index.html");
    let mut files = Files::default();
    files.add(&path, page);
    files.commit()?;
    report::print(&format!("{}: open it in a browser\n", path.display()))
}

/// What a page cannot be made of.
fn refuse(args: &WebArgs) -> Result<()> {
    let special = &args.special;
    let refuse = |what: &str| Err(format!("`snnc web` has no {what}: leave it out").into());
    match special {
        _ if special.line_info => refuse("`--line-info`"),
        _ if special.schedule == Schedule::Tune => refuse("`--schedule tune`"),
        _ if special.schedule.given().scan => refuse("`--schedule scan`"),
        _ if special.dtype != PortDtype::F32 => refuse("`--dtype` but f32"),
        _ if !special.pack.is_empty() => refuse("`--pack`"),
        _ => Ok(()),
    }
}

/// The page with all that it needs inside.
fn page(artifact: &Artifact, program: &str) -> Result<String> {
    let manifest = &artifact.manifest;
    let Code::Wgsl(wgsl) = &artifact.code else { return Err("this is no WGSL".to_string().into()) };
    if manifest.draws() {
        return Err("the neuron draws random numbers, which a page cannot do".to_string().into());
    }
    if manifest.parallel {
        return Err("a page runs neurons step by step, and this one is parallel"
            .to_string()
            .into());
    }
    let mut drawn = BTreeMap::new();
    for param in &manifest.params {
        let is_refused = match &param.axis {
            Some(Axis::Elements(defaults)) => defaults.iter().any(is_drawn),
            Some(Axis::Steps) => is_drawn(&param.default),
            Some(Axis::Matrix) | None => false,
        };
        if is_refused {
            let why = format!("`{}` is indexed and drawn, which a page cannot do", param.name);
            return Err(why.into());
        }
        if is_drawn(&param.default) {
            let n = if param.sharing == Sharing::Layer { 1 } else { NEURONS };
            drawn.insert(&param.name, default_numbers(param, n, 0)?);
        }
    }
    let about = format!("{NEURONS} neurons, run by your GPU: WGSL by snnc {}", manifest.compiler);
    let data = json!({
        "manifest": manifest, "wgsl": wgsl, "drawn": drawn, "about": about, "program": program,
        "neurons": NEURONS,
    });
    // The end of a script cannot stand inside of it.
    let data = data.to_string().replace('<', "\\u003c");
    let parts = [
        ("{{title}}", manifest.neuron.as_str()),
        ("{{style}}", STYLE.trim_end()),
        ("{{loader}}", LOADER.trim_end()),
        ("{{page}}", SCRIPT.trim_end()),
        ("{{data}}", &data),
    ];
    Ok(parts.iter().fold(PAGE.to_string(), |page, (mark, text)| page.replace(mark, text)))
}

fn is_drawn(default: &ParamDefault) -> bool {
    matches!(default, ParamDefault::Drawn(_))
}
