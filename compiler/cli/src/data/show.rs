//! `snnc data show`: pictures of samples and of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use snn::data::sets;
use snn::event::{Events, Options};

use super::levels::{self, Frames};
use super::{Chosen, convert, gif};
use crate::args::data::ShowArgs;
use crate::plot::events::{Spikes, Strip, raster, sheet};
use crate::plot::{self, Scene};
use crate::report::{Failure, Result, print};
use crate::write::Files;

/// Frames of a sample by default, and of one that moves.
const N_FRAMES: usize = 8;
const N_MOVING: usize = 40;

/// Frames beside each other.
const COLUMNS: usize = 8;

/// What a picture is drawn as, by its name.
const ENDINGS: [&str; 3] = ["png", "svg", "gif"];

/// Most samples and frames of a picture.
const MOST: usize = 256;

/// What is drawn.
struct Shown {
    title: String,
    note: String,
    /// Each with what it is.
    recordings: Vec<(String, Events)>,
}

/// Draws what is asked for.
pub fn show(args: &ShowArgs) -> Result<()> {
    let n_frames = args.frames.unwrap_or(N_FRAMES);
    for (what, n) in [("samples", args.samples), ("frames", n_frames)] {
        if !(1..=MOST).contains(&n) {
            return Err(format!("cannot draw {n} {what}: a picture has from 1 to {MOST}").into());
        }
    }
    if let Some(path) = args.out.iter().find(|path| !ENDINGS.iter().any(|end| ends_in(path, end))) {
        let path = path.display();
        return Err(format!("cannot draw {path}: its name must end in .png, .svg or .gif").into());
    }
    let shown = if sets::find(&args.what).is_ok() { of_set(args)? } else { of_file(args)? };
    let pictures = match args.out.as_slice() {
        [] => vec![by_default(&args.what)],
        given => given.to_vec(),
    };
    let mut files = Files::default();
    for path in &pictures {
        if ends_in(path, "gif") {
            files.add(path, moving(&shown, args.frames.unwrap_or(N_MOVING))?);
        } else {
            plot::add(&mut files, path, &still_picture(&shown, n_frames)?)?;
        }
    }
    let names = files.names();
    files.commit()?;
    print(&(names.join("\n") + "\n"))
}

/// Samples of a set, of one class after the other.
fn of_set(args: &ShowArgs) -> Result<Shown> {
    let chosen = Chosen::new(&args.what, &args.choice)?;
    let about = chosen.set.about();
    let splits: Vec<&str> = about.splits.iter().map(|split| split.name).collect();
    if !splits.contains(&args.split.as_str()) {
        let (name, splits) = (chosen.entry.name(), splits.join(", "));
        return Err(format!("{name} has no split {}: it has {splits}", args.split).into());
    }
    let samples = chosen.prepared()?.samples(&args.split);
    let [_, height, width] = about.sensor.map(|size| u16::try_from(size).ok());
    let options = Options { size: width.zip(height), ..Options::default() };
    let recordings = of_all_classes(&samples, args.samples).into_iter().map(|(path, class)| {
        let events = Events::read(path, &options)?;
        Ok((label(about.classes.get(*class).copied().unwrap_or_default(), &events), events))
    });
    let note = format!(
        "{} of {} samples in {}",
        args.samples.min(samples.len()),
        samples.len(),
        args.split
    );
    Ok(Shown { title: about.name.into(), note, recordings: recordings.collect::<Result<_>>()? })
}

/// Some samples: the first of each class, then the second, until there are enough.
fn of_all_classes(samples: &[(PathBuf, usize)], n: usize) -> Vec<&(PathBuf, usize)> {
    let mut n_before = BTreeMap::new();
    let mut ordered: Vec<_> = samples
        .iter()
        .map(|sample| {
            let before: &mut usize = n_before.entry(sample.1).or_default();
            *before += 1;
            ((*before, sample.1), sample)
        })
        .collect();
    ordered.sort_by_key(|(key, _)| *key);
    ordered.into_iter().take(n).map(|(_, sample)| sample).collect()
}

fn of_file(args: &ShowArgs) -> Result<Shown> {
    let path = Path::new(&args.what);
    if args.what != "-" && !path.exists() {
        let what = "there is no such file, and no data set of that name: `snnc data list` says which there are";
        return Err(Failure::Message(format!("cannot show {}: {what}", args.what)));
    }
    let events = convert::read(path, &args.reading)?;
    let note = format!("a sensor of {} x {}", events.width(), events.height());
    let title = path.file_name().map_or(args.what.clone(), |name| name.to_string_lossy().into());
    Ok(Shown { title, note, recordings: vec![(label("", &events), events)] })
}

/// What a recording is, with how much there is in it.
fn label(class: &str, events: &Events) -> String {
    let span = events.t().first().zip(events.t().last()).map_or(0, |(first, last)| last - first);
    let what = format!("{} events in {:.0} ms", events.len(), span as f64 / 1000.0);
    if class.is_empty() { what } else { format!("{class}: {what}") }
}

fn still_picture(shown: &Shown, n_frames: usize) -> Result<Scene> {
    let recordings = || shown.recordings.iter();
    if recordings().all(|(_, events)| events.height() <= 1) {
        let all: Vec<Spikes> = recordings().map(|(label, events)| spikes(label, events)).collect();
        return Ok(raster(&shown.title, &shown.note, &all));
    }
    let palette = levels::palette();
    let strip = |(label, events): &(String, Events)| {
        let Frames { width, frames, .. } = levels::frames(events.view(), n_frames)?;
        let colour = |frame: Vec<u8>| frame.iter().map(|n| palette[usize::from(*n)]).collect();
        let frames = frames.into_iter().map(colour).collect();
        Ok(Strip { label: label.clone(), columns: width.max(1), frames })
    };
    let strips = recordings().map(strip).collect::<Result<Vec<Strip>>>()?;
    let note =
        format!("{}; {n_frames} frames of equal time, orange brighter and blue darker", shown.note);
    Ok(sheet(&shown.title, &note, &strips, n_frames.min(COLUMNS)))
}

fn spikes(label: &str, events: &Events) -> Spikes {
    let start = events.t().first().copied().unwrap_or(0);
    let spike =
        |event: snn::event::Event| ((event.t - start) as f64 / 1000.0, usize::from(event.x));
    let spikes = events.view().iter().map(spike).collect();
    Spikes { label: label.into(), channels: usize::from(events.width()), spikes }
}

fn moving(shown: &Shown, n_frames: usize) -> Result<Vec<u8>> {
    if let Some((_, events)) = shown.recordings.iter().find(|(_, events)| events.height() <= 1) {
        let sensor = format!("{} x {}", events.width(), events.height());
        let message =
            format!("a sensor of {sensor} has no picture that moves: draw a .png or .svg");
        return Err(Failure::Message(message));
    }
    let frames = shown.recordings.iter().map(|(_, events)| levels::frames(events.view(), n_frames));
    let span = |events: &Events| {
        let ends = events.t().first().zip(events.t().last());
        ends.map_or(0.0, |(first, last)| (last - first) as f64 / 1e6)
    };
    let longest = shown.recordings.iter().map(|(_, events)| span(events)).fold(0.0, f64::max);
    gif::draw(&frames.collect::<Result<Vec<Frames>>>()?, longest)
}

fn ends_in(path: &Path, end: &str) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(end))
}

/// Called after the set or the file, in the folder one is in or beside the file.
fn by_default(what: &str) -> PathBuf {
    match what {
        "-" => "events.png".into(),
        what if sets::find(what).is_ok() => format!("{what}.png").into(),
        file => Path::new(file).with_extension("png"),
    }
}
