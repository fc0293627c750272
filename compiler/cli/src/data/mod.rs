//! `snnc data`: data sets of events, and files of them.

mod convert;
mod gif;
mod info;
mod levels;
mod show;

use std::fmt::Write;

use snn::data::dataset::{self, Dataset, Places};
use snn::data::sets::{self, Entry};
use snn::data::{download, mnist};

use crate::args::data::{Choice, DataCommand, FetchArgs, SetArgs};
use crate::report::{Failure, Result, print};

impl From<snn::data::Error> for Failure {
    fn from(error: snn::data::Error) -> Self {
        Failure::Message(error.to_string())
    }
}

impl From<snn::event::Error> for Failure {
    fn from(error: snn::event::Error) -> Self {
        // What to do is said as programs write it.
        Failure::Message(error.to_string().replace("`Order::Sort`", "`--sort`"))
    }
}

/// Does what is asked for.
pub fn run(command: &DataCommand) -> Result<()> {
    match command {
        DataCommand::List(args) => info::list(args),
        DataCommand::Info(args) => info::info(args),
        DataCommand::Download(args) => download(args),
        DataCommand::Prepare(args) => prepare(args),
        DataCommand::Verify(args) => verify(args),
        DataCommand::Show(args) => show::show(args),
        DataCommand::Convert(args) => convert::convert(args),
    }
}

/// A set with where it is.
struct Chosen {
    entry: &'static Entry,
    set: Box<dyn Dataset>,
    places: Places,
}

impl Chosen {
    fn new(name: &str, choice: &Choice) -> Result<Self> {
        Self::with(name, choice, Places { cache: choice.cache.clone(), ..Places::default() })
    }

    /// A set with files of the user's own, and with or without downloads.
    fn fetching(args: &FetchArgs) -> Result<Self> {
        let SetArgs { name, choice } = &args.set;
        let download = download::Options { offline: args.offline, ..download::Options::default() };
        let (folder, cache) = (args.folder.clone(), choice.cache.clone());
        Self::with(name, choice, Places { folder, cache, download, ..Places::default() })
    }

    fn with(name: &str, choice: &Choice, places: Places) -> Result<Self> {
        let entry = sets::find(name)?;
        let images = mnist::Places {
            folder: places.folder.clone(),
            cache: places.cache.clone(),
            download: places.download.clone(),
            ..mnist::Places::default()
        };
        let Choice { train, test, seed, .. } = *choice;
        let set = entry.make(&sets::Choice { train, test, seed, images })?;
        Ok(Self { entry, set, places })
    }

    /// The samples, if they are prepared.
    fn prepared(&self) -> Result<dataset::Prepared> {
        let prepared = dataset::prepared(&*self.set, &self.places)?;
        prepared.ok_or_else(|| {
            let name = self.entry.name();
            let message = match dataset::folder(&*self.set, &self.places) {
                Ok(folder) => format!("{name} is not prepared in {}", folder.display()),
                Err(why) => why.to_string(),
            };
            Failure::Message(format!(
                "{message}: do so with `snnc data prepare {name}` and the same options"
            ))
        })
    }
}

/// Downloads and unpacks, and says where everything is.
fn download(args: &FetchArgs) -> Result<()> {
    let chosen = Chosen::fetching(args)?;
    let files = chosen.set.about().files;
    if files.is_empty() {
        let name = chosen.entry.name();
        return print(&format!(
            "{name}: nothing is published; `snnc data prepare {name}` makes it\n"
        ));
    }
    let raw = dataset::fetch(&*chosen.set, &chosen.places)?;
    let paths = files.iter().map(|file| Ok(format!("{}\n", raw.path(file.name)?.display())));
    print(&paths.collect::<Result<String>>()?)
}

/// Prepares, and says where the samples are.
fn prepare(args: &FetchArgs) -> Result<()> {
    let chosen = Chosen::fetching(args)?;
    let prepared = dataset::prepare(&*chosen.set, &chosen.places)?;
    let mut line = format!("{}:", prepared.folder().display());
    for (i, split) in chosen.set.about().splits.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        _ = write!(line, "{comma} {} samples in {}", split.n_samples, split.name);
    }
    print(&(line + "\n"))
}

/// Reads all files, and says that they are right.
fn verify(args: &SetArgs) -> Result<()> {
    let prepared = Chosen::new(&args.name, &args.choice)?.prepared()?;
    prepared.verify()?;
    let n = prepared.manifest().files.len();
    print(&format!("{}: {n} files are as they were written\n", prepared.folder().display()))
}
