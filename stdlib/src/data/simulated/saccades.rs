//! Images of Fashion-MNIST before a sensor, in N-MNIST's format.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::data::dataset::{
    About, Dataset, Failure, Item, Options, Prepared, Raw, Sample, Split, Writer,
};
use crate::data::error::{self, Error, Result};
use crate::data::images::Labelled;
use crate::data::mnist::{self, FashionMnist};
use crate::event::simulate::saccades::{Image, Saccades};
use crate::event::simulate::{Pixels, Sensor};
use crate::event::{self, Format};

/// What the set is, with as many samples as by default.
pub const SIMULATED_SACCADES: About = About {
    name: "simulated saccades",
    folder: "simulated-saccades",
    version: 1,
    classes: &FashionMnist::ABOUT.classes,
    sensor: [2, 34, 34],
    splits: &[Split { name: "train", n_samples: 2000 }, Split { name: "test", n_samples: 500 }],
    licence: FashionMnist::ABOUT.licence,
    citation: FashionMnist::ABOUT.citation,
    home: FashionMnist::ABOUT.home,
    files: &[],
};

/// A number that cannot be, as an error of data.
fn wrong(error: event::Error) -> Error {
    Error::Item { item: SIMULATED_SACCADES.name.into(), why: error.to_string() }
}

/// The images of Fashion-MNIST, or of another such set, moved over a sensor of 34 x 34 pixels by the saccades of N-MNIST.
///
/// A sample is a file as one of N-MNIST, `00001.bin` for the first image of a split. The images are looked for as
/// [`mnist::About::load`] does.
#[derive(Clone, Debug)]
pub struct SimulatedSaccades {
    about: About,
    set: &'static mnist::About,
    images: mnist::Places,
    pixels: Pixels,
    saccades: Saccades,
    seed: u64,
}

impl Default for SimulatedSaccades {
    fn default() -> Self {
        let [train, test] = [0, 1].map(|i| SIMULATED_SACCADES.splits[i].n_samples);
        Self::new(train, test)
    }
}

impl SimulatedSaccades {
    /// The first images of each split: at most 60 000 and 10 000.
    #[must_use]
    pub fn new(n_train: usize, n_test: usize) -> Self {
        let about = About { splits: super::splits(n_train, n_test), ..SIMULATED_SACCADES };
        let (images, saccades) = (mnist::Places::default(), Saccades::default());
        let (set, pixels) = (&FashionMnist::ABOUT, Pixels::real());
        Self { about, set, images, pixels, saccades, seed: 0 }
    }

    /// The images of another set, such as `&Mnist::ABOUT`.
    #[must_use]
    pub fn of(self, set: &'static mnist::About) -> Self {
        let (classes, licence) = (&set.classes, set.licence);
        let (citation, home) = (set.citation, set.home);
        Self { about: About { classes, licence, citation, home, ..self.about }, set, ..self }
    }

    /// Where the images are looked for.
    #[must_use]
    pub fn images(self, places: mnist::Places) -> Self {
        Self { images: places, ..self }
    }

    /// How the sensor's pixels are, in place of [`Pixels::real`].
    #[must_use]
    pub fn pixels(self, pixels: Pixels) -> Self {
        Self { pixels, ..self }
    }

    /// How the images are moved.
    #[must_use]
    pub fn saccades(self, saccades: Saccades) -> Self {
        Self { saccades, ..self }
    }

    /// Where random numbers start: those of the sensor's pixels and of noise. 0 by default.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Writes the set in N-MNIST's layout, for whoever reads that: `Train/0/00001.bin`, and `manifest.json`. A folder
    /// that a run before has left is gone on with.
    ///
    /// # Errors
    ///
    /// Those of [`mnist::About::load`] and of [`Prepared::new`], and [`Error::Argument`](crate::data::Error::Argument)
    /// where the set is larger than there are images, or a number of it is outside of what it may be.
    pub fn write(&self, folder: &Path, options: &Options) -> Result<Prepared> {
        self.about.check()?;
        let path = |sample: &Sample| {
            let split = if sample.split == "train" { "Train" } else { "Test" };
            format!("{split}/{}/{}", sample.class, sample.name)
        };
        let samples = self.all()?.into_iter();
        let items: Vec<_> =
            samples.map(|sample| Item { path: path(&sample), write: sample.write }).collect();
        Prepared::new(folder, &self.about.stamp(self.parameters()), &items, options)
    }

    fn all(&self) -> Result<Vec<Sample<'_>>> {
        let [_, height, width] = self.about.sensor.map(|size| size as u16);
        let sensor = Sensor::new(width, height, &self.pixels, self.seed).map_err(wrong)?;
        let sensor = Arc::new(sensor);
        let mut samples = Vec::new();
        let parts = [mnist::Split::Train, mnist::Split::Test];
        for ((part, split), first) in parts.into_iter().zip(self.about.splits).zip([0, 1 << 32]) {
            let images = Arc::new(self.set.load(part, &self.images)?);
            let count = images.labels.len();
            if split.n_samples > count {
                let expected = format!("at most {count}");
                return Err(error::argument("the number of images", expected, split.n_samples));
            }
            samples.extend(
                (0..split.n_samples).map(|i| self.sample(split.name, i, first, &images, &sensor)),
            );
        }
        Ok(samples)
    }

    /// The sample of an image. The numbers of recordings go on from `first`.
    fn sample<'a>(
        &'a self,
        split: &'static str,
        i: usize,
        first: u64,
        images: &Arc<Labelled>,
        sensor: &Arc<Sensor>,
    ) -> Sample<'a> {
        let (class, name) = (usize::from(images.labels[i]), format!("{:05}.bin", i + 1));
        let (images, sensor) = (Arc::clone(images), Arc::clone(sensor));
        let write: Writer<'a> = Box::new(move |out| {
            let images = &images.images;
            let (rows, columns) = (images.rows, images.columns);
            let image = Image { pixels: images.image(i)?, rows, columns };
            let events = self.saccades.record(&sensor, &image, self.seed, first + i as u64)?;
            Ok(out.write_all(&events.view().to_bytes(Format::Atis)?)?)
        });
        Sample { split, class, name, write }
    }
}

impl Dataset for SimulatedSaccades {
    fn about(&self) -> &About {
        &self.about
    }

    fn parameters(&self) -> Value {
        // Numbers as text, which is compared as it stands.
        let [pixels, saccades] = [format!("{:?}", self.pixels), format!("{:?}", self.saccades)];
        let images: Vec<&str> = self.set.files.iter().map(|file| file.sha256).collect();
        json!({ "pixels": pixels, "saccades": saccades, "seed": self.seed, "images": images })
    }

    fn variant(&self) -> String {
        format!("{}-{}", self.set.folder, super::variant(&self.about))
    }

    fn samples<'a>(&'a self, _: &'a Raw) -> std::result::Result<Vec<Sample<'a>>, Failure> {
        Ok(self.all()?)
    }
}
