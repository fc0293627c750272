//! DVS128 Gesture: eleven gestures of hands and arms, of 29 subjects under different lights, seen by a DVS128 (Amir et
//! al. 2017, CVPR).
//!
//! What is published are recordings of some minutes, each with a table of its gestures: the class, counted from 1, and
//! the times in µs from which on and before which a gesture is. A class may be there more than once. A sample is such
//! a cut, in an `.npz` file that NumPy reads as well. Cuts and names of samples are those of SpikingJelly, which has
//! 1176 and 288 of them; Tonic's 1077 and 264 are of other files. An end may be behind the next start, as in
//! `user22_led_labels.csv`: the cuts are left as published.

pub(super) mod labels;
mod recent;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dataset::{
    About, Access, Content, Dataset, Failure, Raw, Remote, Sample, Size, Split, Writer,
};
use super::download::Checksum;
use super::error::{self, Error, Result};
use crate::event::{self, Events, Format, Options, Order};
use recent::Recent;

/// What is published of DVS128 Gesture.
pub const DVS128_GESTURE: About = About {
    name: "DVS128 Gesture",
    folder: "dvs128-gesture",
    version: 1,
    classes: &[
        "hand_clapping",
        "right_hand_wave",
        "left_hand_wave",
        "right_arm_clockwise",
        "right_arm_counter_clockwise",
        "left_arm_clockwise",
        "left_arm_counter_clockwise",
        "arm_roll",
        "air_drums",
        "air_guitar",
        "other_gestures",
    ],
    sensor: [2, 128, 128],
    splits: &[Split { name: "train", n_samples: 1176 }, Split { name: "test", n_samples: 288 }],
    licence: "IBM, CC BY 4.0",
    citation: "A. Amir, B. Taba, D. Berg, T. Melano, J. McKinstry, C. Di Nolfo, T. Nayak, A. Andreopoulos, \
               G. Garreau, M. Mendoza, J. Kusnitz, M. Debole, S. Esser, T. Delbruck, M. Flickner, D. Modha: A low \
               power, fully event-based gesture recognition system. CVPR, pages 7243-7252, 2017",
    home: "https://research.ibm.com/interactive/dvsgesture/",
    files: &[Remote {
        name: ARCHIVE,
        access: Access::ByHand {
            page: "https://ibm.ent.box.com/s/3hiq58ww1pbbjrinh367ykfdf60xsfm8/folder/50167556794",
            how: "download DvsGesture.tar.gz",
        },
        size: Size::AtMost(1 << 33),
        checksum: Some(Checksum::md5("8a5c71fb11e24e5ca5b11866ca6c00a1")),
        content: Content::Archive(|path| {
            [".aedat", "_labels.csv", ".txt"].iter().any(|end| path.ends_with(end))
        }),
    }],
};

const ARCHIVE: &str = "DvsGesture.tar.gz";

/// The folder that it has.
pub(super) const FOLDER: &str = "DvsGesture";

/// The splits with the lists of their recordings.
pub(super) const TRIALS: [(&str, &str); 2] =
    [("train", "trials_to_train.txt"), ("test", "trials_to_test.txt")];

/// How a recording is read.
const RECORDING: Options =
    Options { format: Some(Format::Aedat3), size: Some((128, 128)), order: Order::Sort };

/// Decoded recordings that are kept: the cuts of one follow each other, but some threads may be at the one before.
const KEPT: usize = 2;

/// DVS128 Gesture, as [`DVS128_GESTURE`] says.
#[derive(Clone, Debug)]
pub struct Dvs128Gesture {
    about: About,
}

impl Default for Dvs128Gesture {
    fn default() -> Self {
        Self { about: DVS128_GESTURE }
    }
}

impl Dataset for Dvs128Gesture {
    fn about(&self) -> &About {
        &self.about
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        Ok(samples(&raw.path(ARCHIVE)?.join(FOLDER), self.about.classes.len())?)
    }
}

/// The samples of a folder in the published layout.
pub(super) fn samples<'a>(folder: &Path, n_classes: usize) -> Result<Vec<Sample<'a>>> {
    let recent = Arc::new(Recent::new(KEPT));
    let mut samples = Vec::new();
    for (split, list) in TRIALS {
        for trial in trials(&folder.join(list))? {
            samples.extend(cuts(folder, n_classes, split, &trial, &recent)?);
        }
    }
    Ok(samples)
}

/// The samples of a recording, numbered from 0 on for each class.
fn cuts<'a>(
    folder: &Path,
    n_classes: usize,
    split: &'a str,
    trial: &str,
    recent: &Arc<Recent<PathBuf, Events>>,
) -> Result<Vec<Sample<'a>>> {
    let recording = folder.join(format!("{trial}.aedat"));
    // Now, and not after an hour of other samples.
    recording.metadata().map_err(error::io("read", &recording))?;
    let cuts = labels::read(&folder.join(format!("{trial}_labels.csv")), n_classes)?;
    let mut n_before = vec![0; n_classes];
    let mut samples = Vec::with_capacity(cuts.len());
    for (class, times) in cuts {
        let name = format!("{trial}_{}.npz", n_before[class]);
        n_before[class] += 1;
        let (recent, recording) = (Arc::clone(recent), recording.clone());
        let write: Writer<'a> = Box::new(move |out| {
            let read = || Events::read(&recording, &RECORDING);
            let events = recent.get::<event::Error>(&recording, read)?;
            Ok(out.write_all(&events.between(times.clone()).to_bytes(Format::Npz)?)?)
        });
        samples.push(Sample { split, class, name, write });
    }
    Ok(samples)
}

/// The names of the recordings in a list, without their ending.
fn trials(list: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(list).map_err(error::io("read", list))?;
    let trial = |(i, line): (usize, &str)| {
        let name = line.trim();
        let stem = name.strip_suffix(".aedat").filter(|stem| !stem.contains(['/', '\\']));
        let wrong = || wrong_line(list, i, "the name of a file .aedat", line);
        (!name.is_empty()).then(|| stem.map(String::from).ok_or_else(wrong))
    };
    text.lines().enumerate().filter_map(trial).collect()
}

/// The error of a line, counted from 0.
fn wrong_line(path: &Path, line: usize, expected: impl Into<String>, found: &str) -> Error {
    let file = format!("{}, line {}", path.display(), line + 1);
    let hint = "get the archive again, or tell the maintainers if it is as published";
    Error::Format { file, expected: expected.into(), found: format!("{found:?}"), hint }
}

#[cfg(test)]
mod tests;
