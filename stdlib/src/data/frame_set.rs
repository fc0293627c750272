//! Frames of an event data set, made once and kept on the disk.
//!
//! ```no_run
//! # fn main() -> snn::data::Result<()> {
//! use snn::data::dataset::Places;
//! use snn::data::event_set::EventSet;
//! use snn::data::frame_set::{Cut, FrameSet, Recipe};
//! use snn::data::n_mnist::NMnist;
//!
//! let places = Places::default();
//! let set = EventSet::open(&NMnist::default(), &places)?;
//! let frames = FrameSet::open(&set, &Recipe::count(Cut::Number(16)), &places.prepare)?;
//! let train = frames.split::<u8>("train")?;
//! let (first, label) = train.get(0)?; // [16, 2, 34, 34]
//! # Ok(())
//! # }
//! ```
//!
//! The frames lie beside the samples that they are made of, in `frames/VARIANT/RECIPE/` in the set's folder in the
//! cache, a file for each sample. Their manifest knows the recipe and the checksums of all samples: frames that were
//! made in another way or from other samples are made anew, what was interrupted goes on where it was, and processes
//! wait for each other ([`Prepared::new`]).

mod codec;
mod element;
mod recipe;

use std::fs;
use std::io::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::dataset::{Failure, Item, Options, Prepared, Stamp};
use super::download::hexadecimal;
use super::error::{self, Error, Result};
use super::event_set::EventSet;
use super::files::parent;
use super::loader::Samples;
use crate::event::frames::Frames;

pub use element::Element;
pub use recipe::{Cut, Recipe};

/// The version of what is written, another after each change of the files or of how frames are made.
const VERSION: u32 = 1;

/// What the name of a file of frames ends in, behind that of its sample.
const ENDING: &str = ".frames";

/// The frames of a set. It is only a table of files; what it gives is read anew each time.
#[derive(Clone, Debug)]
pub struct FrameSet {
    prepared: Prepared,
    splits: Vec<&'static str>,
    classes: &'static [&'static str],
}

impl FrameSet {
    /// The frames of all samples of a set, which are made where they are not there.
    ///
    /// # Errors
    ///
    /// Those of [`Prepared::new`], among them [`Error::Item`] with the sample that no frames can be made of.
    pub fn open(set: &EventSet, recipe: &Recipe, options: &Options) -> Result<Self> {
        let samples = set.prepared().folder();
        let variant = samples.file_name().unwrap_or_default();
        let folder = parent(parent(samples)).join("frames").join(variant).join(recipe.name());
        Self::open_in(&folder, set, recipe, options)
    }

    /// The same in a folder of the caller's own, which has nothing else in it.
    ///
    /// # Errors
    ///
    /// As of [`FrameSet::open`].
    pub fn open_in(
        folder: &Path,
        set: &EventSet,
        recipe: &Recipe,
        options: &Options,
    ) -> Result<Self> {
        let splits = set.splits().iter().map(|split| split.name).collect();
        let stamp = stamp(set.prepared(), recipe)?;
        let opened = |prepared| Self { prepared, splits, classes: set.classes() };
        if let Some(prepared) = Prepared::open(folder, &stamp)? {
            return Ok(opened(prepared));
        }
        let mut items = Vec::new();
        for split in set.splits() {
            let recordings = Arc::new(set.split(split.name)?);
            for (index, (path, _)) in set.prepared().paths(split.name).enumerate() {
                let recordings = recordings.clone();
                let write = move |out: &mut dyn Write| -> std::result::Result<(), Failure> {
                    let (events, _) = recordings.get(index)?;
                    Ok(out.write_all(&recipe.file(events.view())?)?)
                };
                items.push(Item { path: format!("{path}{ENDING}"), write });
            }
        }
        Prepared::new(folder, &stamp, &items, options).map(opened)
    }

    /// The names of the classes, by their labels.
    #[must_use]
    pub fn classes(&self) -> &'static [&'static str] {
        self.classes
    }

    /// The files of the frames.
    #[must_use]
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// The frames of a split, in the order of its samples, as numbers of a type: counts as `u8` take the least room
    /// and are the quickest to copy, where none is over 255.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where the set has no such split.
    pub fn split<T: Element>(&self, name: &str) -> Result<CachedFrames<T>> {
        if !self.splits.contains(&name) {
            let expected = format!("one of {:?}", self.splits);
            return Err(error::argument("a split", expected, format!("{name:?}")));
        }
        Ok(CachedFrames { samples: self.prepared.samples(name), element: PhantomData })
    }
}

/// What frames are made from and how.
fn stamp(samples: &Prepared, recipe: &Recipe) -> Result<Stamp> {
    let manifest = samples.manifest();
    let wrong = |e: serde_json::Error| error::io("read", samples.folder())(e.into());
    let digest = Sha256::digest(serde_json::to_vec(manifest).map_err(wrong)?);
    let sources = [("samples".into(), format!("SHA-256 {}", hexadecimal(&digest)))].into();
    let (set, parameters) = (manifest.stamp.set.clone(), recipe.parameters().clone());
    Ok(Stamp { set, version: VERSION, parameters, sources })
}

/// The frames of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedFrames<T> {
    samples: Vec<(PathBuf, usize)>,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> CachedFrames<T> {
    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Reads the frames of a sample, `[T, C, H, W]`, and its class.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] where there is no such sample, [`Error::Io`] where its file cannot be read,
    /// [`Error::Format`] where that is damaged or has numbers that do not fit into `T`.
    pub fn get(&self, index: usize) -> Result<(Frames<T>, usize)> {
        let n = self.len();
        let none = || error::argument("the index of a sample", format!("below {n}"), index);
        let (path, label) = self.samples.get(index).ok_or_else(none)?;
        let file = fs::read(path).map_err(error::io("read", path))?;
        let frames = codec::decode(&file).map_err(|(expected, found)| {
            let hint = "ask for frames of a larger type where a number is too large, or else delete the folder of the \
                        frames, and have it made again";
            Error::Format { file: path.display().to_string(), expected, found, hint }
        })?;
        Ok((frames, *label))
    }
}

impl<T: Element> Samples for CachedFrames<T> {
    type Sample = (Frames<T>, usize);

    fn n_samples(&self) -> usize {
        self.len()
    }

    fn sample(&self, _epoch: u64, index: usize) -> std::result::Result<Self::Sample, Failure> {
        Ok(self.get(index)?)
    }

    fn name(&self, index: usize) -> String {
        let name = |(path, _): &(PathBuf, usize)| path.display().to_string();
        self.samples.get(index).map_or_else(|| format!("sample {index}"), name)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.samples.get(index).map(|(_, label)| *label)
    }
}

#[cfg(test)]
mod tests;
