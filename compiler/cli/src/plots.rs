//! `snnc plot`: pictures of what `run` and `grad` wrote, and of the surrogates of a file.

use std::path::{Path, PathBuf};

use snn_compiler::ast::ItemKind;
use snn_compiler::check::{self, Specialization};
use snn_compiler::oracle::{self, Call, Direction, Mode};
use snn_compiler::pipeline::{self, Source};
use snn_compiler::span::SourceMap;

use crate::args::PlotArgs;
use crate::array::{self, Plain};
use crate::plot::{self, Curve, Rows, Scene};
use crate::report::{Failure, Reporter, Result, print};
use crate::source::{self, Files as Imports, Text};
use crate::write::Files;

/// How many distances a surrogate is drawn at, on each side of the threshold.
const POINTS: i32 = 600;

/// How far from the threshold it is drawn.
const REACH: f64 = 3.0;

/// A neuron that spikes at its input, so that its output is a surrogate's primitive.
const SPIKE: &str = "neuron SnncPlot(surr: surrogate = atan(alpha: 2.0)) {\n  input x\n  \
                     state v = 0\n  charge v = x\n  fire s = spike(v, surr)\n  output s\n}\n";

/// Draws what the arguments ask for.
pub fn plot(args: &PlotArgs, reporter: &Reporter) -> Result<()> {
    let standard = source::standard_file(&args.file);
    let path = Path::new(standard.as_deref().unwrap_or(&args.file));
    let pictures = match args.out.as_slice() {
        [] => vec![path.with_extension("svg")],
        given => given.to_vec(),
    };
    plot::check(&pictures)?;
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let scene = match extension.as_deref() {
        Some("npz") if args.surrogates.is_empty() => of_arrays(path, args.threshold)?,
        Some("snn") if args.threshold.is_none() => of_surrogates(args, reporter)?,
        Some("npz") => return Err(Failure::Message("`--surrogate` is for .snn files".into())),
        Some("snn") => return Err(Failure::Message("`--threshold` is for .npz files".into())),
        _ => {
            let message = "expected a file whose name ends in .npz or .snn";
            return Err(Failure::Message(format!("cannot draw {}: {message}", args.file)));
        }
    };
    save(&pictures, &scene)
}

fn save(pictures: &[PathBuf], scene: &Scene) -> Result<()> {
    let mut files = Files::default();
    pictures.iter().try_for_each(|path| plot::add(&mut files, path, scene))?;
    let names = files.names();
    files.commit()?;
    print(&(names.join("\n") + "\n"))
}

/// The picture of a run, or of gradients where the file has them.
fn of_arrays(path: &Path, threshold: Option<f64>) -> Result<Scene> {
    let arrays = array::read_all(path)?;
    let rows = |prefix: &str| -> Vec<Rows<'_>> {
        let named =
            arrays.iter().filter_map(|(name, array)| Some((name.strip_prefix(prefix)?, array)));
        let sequences = named.filter(|(name, array)| !name.contains('.') && array.shape.len() > 1);
        sequences.map(|(name, Plain { shape, data })| Rows::new(name, shape, data)).collect()
    };
    let (inputs, outputs) = (rows("input."), rows(""));
    let title = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let all = inputs.first().or(outputs.first());
    let Some(first) = all else {
        let message = "it has no output of shape [T, N, ...]";
        return Err(Failure::Message(format!("cannot draw {}: {message}", path.display())));
    };
    let note = format!("{} steps of {} neurons", first.steps, first.lanes);
    if !inputs.is_empty() {
        let title = format!("{title}: gradient");
        return Ok(plot::gradient(&plot::Gradient { title, note, inputs }));
    }
    // The potential is the output whose last value was written as a state's.
    let is_state = |rows: &&Rows<'_>| {
        arrays.iter().any(|(name, _)| name.strip_prefix("state.") == Some(rows.name))
    };
    let potential = outputs.iter().find(is_state).map(|rows| rows.name);
    let (neuron, inputs) = (title.as_ref(), Vec::new());
    let threshold = potential.zip(threshold);
    Ok(plot::run(&plot::Run { neuron, note, inputs, outputs, threshold }))
}

/// The picture of the surrogates that a file has and its neurons use.
fn of_surrogates(args: &PlotArgs, reporter: &Reporter) -> Result<Scene> {
    let text = source::read(&args.file)?;
    let specs = match args.surrogates.as_slice() {
        [] => specs(&text, reporter)?,
        given => given.to_vec(),
    };
    if specs.is_empty() {
        let message = "it has no surrogate; name one with `--surrogate`";
        return Err(Failure::Message(format!("cannot draw {}: {message}", text.name)));
    }
    let distances: Vec<f64> =
        (-POINTS..=POINTS).map(|i| f64::from(i) * REACH / f64::from(POINTS)).collect();
    let curves = specs.iter().map(|spec| curve(&text, spec, &distances));
    let curves = curves.collect::<Result<Vec<_>>>()?;
    let title = match (curves.as_slice(), args.surrogates.is_empty()) {
        ([one], false) => format!("Surrogate {}", one.name.split('(').next().unwrap_or_default()),
        ([_], true) => format!("Surrogate of {}", text.name),
        _ => format!("Surrogates of {}", text.name),
    };
    Ok(plot::surrogates(&title, &distances, &curves))
}

/// The surrogates of a file, each once: its own where every argument has a default, and those that its
/// neurons spike with when their options are what they are by default.
fn specs(text: &Text, reporter: &Reporter) -> Result<Vec<String>> {
    let (program, found) = pipeline::check(as_source(&text.name, &text.text), &Imports);
    let Some(program) = program else {
        return Err(Failure::Findings(found.sources, found.diagnostics));
    };
    reporter.findings(&found.sources, &found.diagnostics);
    let mut sources = SourceMap::new();
    let id = sources.add(text.name.as_str(), text.text.as_str());
    let mut specs = Vec::new();
    if let Some(source) = sources.get(id) {
        for item in snn_compiler::ast::parse(source).0.items {
            let ItemKind::Surrogate(surrogate) = item.kind else { continue };
            if surrogate.formals.iter().all(|formal| formal.default.is_some()) {
                specs.push(surrogate.name.text);
            }
        }
    }
    for name in program.names() {
        let wanted = Specialization { neuron: Some(name.into()), ..Specialization::default() };
        let neuron = check::specialize(&program, &wanted);
        let surrogates = neuron.into_iter().flat_map(|neuron| neuron.surrogates);
        // What a param is an argument of has no curve until the neuron runs.
        for surrogate in surrogates.filter(|surrogate| !surrogate.has_arguments()) {
            let is_known = specs.iter().any(|spec| {
                *spec == surrogate.name || surrogate.name.split('(').next() == Some(spec)
            });
            if !is_known {
                specs.push(surrogate.name);
            }
        }
    }
    Ok(specs)
}

fn as_source<'a>(name: &'a str, text: &'a str) -> Source<'a> {
    Source { name, text }
}

/// A surrogate at distances, by the oracle's f64.
fn curve(text: &Text, spec: &str, distances: &[f64]) -> Result<Curve> {
    let whole = format!("{}\n{SPIKE}", text.text);
    let wanted = Specialization {
        neuron: Some("SnncPlot".into()),
        options: vec![("surr".into(), spec.into())],
        ..Specialization::default()
    };
    let front = pipeline::front(as_source(&text.name, &whole), &wanted, &Imports);
    let neuron = front.map_err(|found| Failure::Findings(found.sources, found.diagnostics))?.neuron;
    let lanes = distances.len();
    let call = Call {
        steps: 1,
        lanes,
        inputs: vec![distances.to_vec()],
        states: vec![None],
        ..Call::default()
    };
    let direction = Direction { inputs: vec![Some(vec![1.0; lanes])], ..Direction::default() };
    let values = oracle::run(&neuron, &call, Mode::Smooth).outputs;
    let slopes = oracle::derivative(&neuron, &call, &direction, Mode::Smooth).outputs;
    Ok(Curve {
        name: neuron.surrogates.first().map_or_else(|| spec.into(), |s| s.name.clone()),
        derivative: slopes.into_iter().next().unwrap_or_default(),
        primitive: values.into_iter().next().unwrap_or_default(),
    })
}
