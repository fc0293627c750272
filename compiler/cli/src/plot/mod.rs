//! Pictures of runs and of gradients, as SVG and PNG.

mod axes;
#[cfg(feature = "data")]
pub mod events;
mod font;
mod gradient;
mod png;
mod run;
mod scene;
mod surrogate;
mod svg;

use std::path::Path;

use crate::report::{Failure, Result};
use crate::write::Files;

pub use gradient::{Gradient, gradient};
pub use run::{Run, run};
#[cfg(feature = "data")]
pub use scene::Colour;
pub use scene::Scene;
pub use surrogate::{Curve, surrogates};

/// Numbers over steps and neurons.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// What they are called.
    pub name: &'a str,
    /// How many steps.
    pub steps: usize,
    /// How many neurons, those of all batch elements counted.
    pub lanes: usize,
    /// The numbers, `[steps, lanes]`.
    pub data: &'a [f32],
}

impl<'a> Rows<'a> {
    /// The rows of an array of shape `[T, N, ...]`.
    pub fn new(name: &'a str, shape: &[usize], data: &'a [f32]) -> Self {
        let steps = shape.first().copied().unwrap_or(0);
        let lanes = data.len().checked_div(steps).unwrap_or(0);
        Self { name, steps, lanes, data }
    }

    /// The numbers of one neuron.
    fn lane(&self, lane: usize) -> Vec<f32> {
        self.data.iter().skip(lane).step_by(self.lanes.max(1)).copied().collect()
    }

    /// Whether all are 0 or 1, and some are 1 or there is nothing.
    pub fn are_spikes(&self) -> bool {
        self.data.iter().all(|&x| x == 0.0 || x == 1.0)
    }
}

/// Up to three neurons that stand for all.
fn some_lanes(lanes: usize) -> Vec<usize> {
    if lanes <= 3 { (0..lanes).collect() } else { [1, 3, 5].map(|i| i * lanes / 6).to_vec() }
}

/// Adds a picture to the files, as what its name ends in.
///
/// # Errors
///
/// Where that is neither `.svg` nor `.png`.
pub fn add(files: &mut Files, path: &Path, scene: &Scene) -> Result<()> {
    let drawn = match format(path)? {
        Format::Svg => svg::draw(scene).map(String::into_bytes),
        Format::Png => png::draw(scene),
    };
    let drawn = drawn.map_err(|why| format!("cannot draw {}: {why}", path.display()))?;
    files.add(path, drawn);
    Ok(())
}

/// What a picture is written as.
enum Format {
    Svg,
    Png,
}

fn format(path: &Path) -> Result<Format> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("svg") => Ok(Format::Svg),
        Some("png") => Ok(Format::Png),
        _ => {
            let path = path.display();
            Err(Failure::Message(format!("cannot draw {path}: its name must end in .svg or .png")))
        }
    }
}

/// Fails for names of pictures that say no format, before any work is done.
pub fn check(paths: &[std::path::PathBuf]) -> Result<()> {
    paths.iter().try_for_each(|path| format(path).map(|_| ()))
}
