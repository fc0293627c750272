//! `snnc data list` and `snnc data info`: which sets there are, and all about one.

use std::fmt::Write;

use serde_json::{Value, json};
use snn::data::dataset::{self, About, Access, Remote, Size};
use snn::data::sets::SETS;

use super::Chosen;
use crate::args::data::{Choice, InfoArgs, ListArgs};
use crate::report::{Result, print};

/// Prints the sets, a line each, or all about them as JSON.
pub fn list(args: &ListArgs) -> Result<()> {
    let choice = Choice { cache: args.cache.clone(), train: None, test: None, seed: None };
    let all = SETS.iter().map(|entry| Chosen::new(entry.name(), &choice));
    let all = all.collect::<Result<Vec<Chosen>>>()?;
    if args.json {
        let all = all.iter().map(json).collect::<Result<Vec<Value>>>()?;
        return print(&format!("{:#}\n", Value::from(all)));
    }
    let width = SETS.iter().map(|entry| entry.name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for chosen in &all {
        let about = chosen.set.about();
        let n: Vec<String> = about.splits.iter().map(|split| split.n_samples.to_string()).collect();
        let is_prepared = dataset::prepared(&*chosen.set, &chosen.places)?.is_some();
        let state = if is_prepared { ", prepared" } else { "" };
        _ = writeln!(
            text,
            "{:width$}  {} samples, {} classes, {}; {}{state}",
            chosen.entry.name(),
            n.join(" + "),
            about.classes.len(),
            sensor(about),
            how(chosen),
        );
    }
    print(&text)
}

/// Prints all about a set.
pub fn info(args: &InfoArgs) -> Result<()> {
    let chosen = Chosen::new(&args.set.name, &args.set.choice)?;
    if args.json {
        return print(&format!("{:#}\n", json(&chosen)?));
    }
    let about = chosen.set.about();
    let splits = about.splits.iter().map(|split| format!("{} to {}", split.n_samples, split.name));
    let folder = dataset::folder(&*chosen.set, &chosen.places)?;
    let is_prepared = dataset::prepared(&*chosen.set, &chosen.places)?.is_some();
    let state = if is_prepared { "prepared" } else { "not prepared" };
    let mut text = format!("{}\n", about.name);
    let mut line = |name: &str, what: &str| _ = writeln!(text, "  {name:9} {what}");
    line("samples", &splits.collect::<Vec<_>>().join(", "));
    line("classes", &about.classes.join(", "));
    line("sensor", &sensor(about));
    line("licence", about.licence);
    line("to cite", about.citation);
    line("home", about.home);
    for file in about.files {
        line("file", &format!("{}: {}", file.name, from(file)));
    }
    if about.files.is_empty() {
        line("file", "none is published: it is simulated");
    }
    line("folder", &format!("{}, {state}", folder.display()));
    print(&text)
}

fn json(chosen: &Chosen) -> Result<Value> {
    let about = chosen.set.about();
    let split = |split: &dataset::Split| (split.name.to_string(), Value::from(split.n_samples));
    let folder = dataset::folder(&*chosen.set, &chosen.places)?;
    Ok(json!({
        "name": chosen.entry.name(),
        "title": about.name,
        "simulated": chosen.entry.is_simulated(),
        "classes": about.classes,
        "sensor": { "polarities": about.sensor[0], "height": about.sensor[1], "width": about.sensor[2] },
        "splits": about.splits.iter().map(split).collect::<serde_json::Map<_, _>>(),
        "licence": about.licence,
        "citation": about.citation,
        "home": about.home,
        "files": about.files.iter().map(file).collect::<Vec<_>>(),
        "folder": folder.display().to_string(),
        "prepared": dataset::prepared(&*chosen.set, &chosen.places)?.is_some(),
    }))
}

fn file(file: &Remote) -> Value {
    let checksum = file.checksum.as_ref().map(ToString::to_string);
    let (Size::Exact(bytes) | Size::AtMost(bytes)) = file.size;
    let at_most = matches!(file.size, Size::AtMost(_));
    match file.access {
        Access::Urls(urls) => json!({
            "name": file.name, "urls": urls, "checksum": checksum, "bytes": bytes, "at_most": at_most,
        }),
        Access::ByHand { page, how } => json!({
            "name": file.name, "page": page, "how": how, "checksum": checksum, "bytes": bytes, "at_most": at_most,
        }),
    }
}

/// Where a file is had, and what it has to be.
fn from(file: &Remote) -> String {
    let from = match file.access {
        Access::Urls(urls) => urls.join(" or "),
        Access::ByHand { page, how } => format!("{how} at {page}"),
    };
    file.checksum.as_ref().map_or(from.clone(), |checksum| format!("{from}; {checksum}"))
}

fn sensor(about: &About) -> String {
    let [_, height, width] = about.sensor;
    format!("{width} x {height}")
}

/// How a set is had.
fn how(chosen: &Chosen) -> &'static str {
    let files = chosen.set.about().files;
    match files.iter().any(|file| matches!(file.access, Access::ByHand { .. })) {
        true => "its files come by hand",
        false if files.is_empty() => "simulated",
        false => "downloaded",
    }
}
