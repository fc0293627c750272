//! Figures that make gestures, in the files of DVS128 Gesture.

use std::path::Path;

use serde_json::{Value, json};

use crate::data::dataset::{
    About, Dataset, Failure, Item, Options, Prepared, Raw, Sample, Split, Writer,
};
use crate::data::dvs128_gesture::{self, DVS128_GESTURE, FOLDER, TRIALS, labels};
use crate::data::error::Result;
use crate::event::Format;
use crate::event::simulate::gestures::{Session, Subject};
use crate::event::simulate::{Pixels, Sensor};

/// What the set is, with as many samples as by default.
pub const SIMULATED_GESTURES: About = About {
    name: "simulated gestures",
    folder: "simulated-gestures",
    version: 1,
    classes: DVS128_GESTURE.classes,
    sensor: [2, 128, 128],
    splits: &[
        Split { name: "train", n_samples: 8 * 11 },
        Split { name: "test", n_samples: 2 * 11 },
    ],
    licence: "whatever one likes: it is drawn",
    citation: DVS128_GESTURE.citation,
    home: DVS128_GESTURE.home,
    files: &[],
};

/// What a recording is named by, with the light it is made in.
const LIGHTS: [(&str, f64); 5] =
    [("fluorescent", 1.0), ("fluorescent_led", 0.9), ("lab", 0.6), ("led", 0.45), ("natural", 1.2)];

/// Figures that make the eleven gestures of DVS128 Gesture before a sensor of 128 x 128 pixels, each in a recording of
/// its own.
///
/// The recordings and their tables are as those that are published, and are read as these.
#[derive(Clone, Debug)]
pub struct SimulatedGestures {
    about: About,
    /// How many subjects there are to train and to test with.
    n_subjects: [usize; 2],
    pixels: Pixels,
    session: Session,
    seed: u64,
}

impl Default for SimulatedGestures {
    fn default() -> Self {
        Self::new(8, 2)
    }
}

impl SimulatedGestures {
    /// A set of so many subjects to train and to test with, each with a recording of all gestures.
    #[must_use]
    pub fn new(n_train: usize, n_test: usize) -> Self {
        let new = Self {
            about: SIMULATED_GESTURES,
            n_subjects: [n_train, n_test],
            pixels: Pixels::real(),
            session: Session::default(),
            seed: 0,
        };
        new.session(Session::default())
    }

    /// What a subject does in its recording.
    #[must_use]
    pub fn session(self, session: Session) -> Self {
        let [train, test] = self.n_subjects.map(|n| n * session.gestures.len());
        let about = About { splits: super::splits(train, test), ..self.about };
        Self { about, session, ..self }
    }

    /// How the sensor's pixels are, in place of [`Pixels::real`].
    #[must_use]
    pub fn pixels(self, pixels: Pixels) -> Self {
        Self { pixels, ..self }
    }

    /// Where random numbers start: those of subjects, of the sensor's pixels and of noise. 0 by default.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Writes the recordings in the layout of DVS128 Gesture, for whoever reads that: `DvsGesture` with
    /// `user01_fluorescent.aedat`, `user01_fluorescent_labels.csv`, `trials_to_train.txt` and so on, and
    /// `manifest.json`. A folder that a run before has left is gone on with.
    ///
    /// # Errors
    ///
    /// Those of [`Prepared::new`], and [`Error::Item`](crate::data::Error::Item) where a number of the set is outside
    /// of what it may be.
    pub fn write(&self, folder: &Path, options: &Options) -> Result<Prepared> {
        self.about.check()?;
        Prepared::new(folder, &self.about.stamp(self.parameters()), &self.files(), options)
    }

    /// The published layout.
    fn files(&self) -> Vec<Item<Writer<'_>>> {
        let mut files = Vec::new();
        let mut number = 0;
        for ((_, list), n_subjects) in TRIALS.into_iter().zip(self.n_subjects) {
            let mut names = String::new();
            for _ in 0..n_subjects {
                let (light, intensity) = LIGHTS[number % LIGHTS.len()];
                let trial = format!("user{:02}_{light}", number + 1);
                names += &format!("{trial}.aedat\n");
                files.push(text(format!("{trial}_labels.csv"), labels::table(self.session.cuts())));
                let subject = number as u64;
                let write: Writer<'_> =
                    Box::new(move |out| Ok(out.write_all(&self.recording(subject, intensity)?)?));
                files.push(Item { path: format!("{FOLDER}/{trial}.aedat"), write });
                number += 1;
            }
            files.push(text(list.into(), names));
        }
        files
    }

    /// The file of a subject's recording.
    fn recording(&self, subject: u64, light: f64) -> std::result::Result<Vec<u8>, Failure> {
        let [_, height, width] = self.about.sensor.map(|size| size as u16);
        let sensor = Sensor::new(width, height, &self.pixels, self.seed)?;
        let figure = Subject::new(self.seed, subject, light);
        let events = self.session.record(&sensor, &figure, self.seed, subject)?;
        Ok(events.view().to_bytes(Format::Aedat3)?)
    }
}

/// A file of text in the published folder.
fn text<'a>(name: String, text: String) -> Item<Writer<'a>> {
    let write: Writer<'a> = Box::new(move |out| Ok(out.write_all(text.as_bytes())?));
    Item { path: format!("{FOLDER}/{name}"), write }
}

impl Dataset for SimulatedGestures {
    fn about(&self) -> &About {
        &self.about
    }

    fn parameters(&self) -> Value {
        // Numbers as text, which is compared as it stands.
        let [pixels, session] = [format!("{:?}", self.pixels), format!("{:?}", self.session)];
        json!({ "pixels": pixels, "session": session, "seed": self.seed })
    }

    fn variant(&self) -> String {
        super::variant(&self.about)
    }

    fn samples<'a>(&'a self, raw: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        let recordings = raw.make(&self.variant(), &self.files())?;
        Ok(dvs128_gesture::samples(&recordings.folder().join(FOLDER), self.about.classes.len())?)
    }
}
