//! Arrays in files: npy, npz and csv read, npz written, and inputs made up.

mod csv;
pub mod generate;
mod npy;
mod npz;

use std::fs;
use std::path::Path;

use crate::report::{Failure, Result};
use crate::source::reason;

pub use npy::Elements;
pub use npz::write as write_npz;

/// A row-major array.
#[derive(Clone, Debug, PartialEq)]
pub struct Plain {
    /// Elements along each axis.
    pub shape: Vec<usize>,
    /// The elements.
    pub data: Vec<f32>,
}

/// What an operand is, where the file alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One row a step.
    Sequence,
    /// Numbers without an axis for steps: a single row or column of a csv is one of them.
    Numbers,
}

/// Reads the array of an operand from `file.npy`, `file.npz`, `file.npz:member` or `file.csv`.
pub fn read(operand: &str, place: &str, kind: Kind) -> Result<Plain> {
    let failed = |why: String| Failure::Message(format!("cannot read `{operand}`: {place}: {why}"));
    let (file, member) = split(place);
    let open = || fs::read(file).map_err(|why| reason(&why));
    let extension = Path::new(file).extension().map(|e| e.to_string_lossy().to_lowercase());
    let array = match extension.as_deref() {
        Some("npy") => open().and_then(|bytes| npy::read(&bytes)),
        Some("npz") => {
            let name = operand.rsplit_once(' ').map_or(operand, |(_, name)| name);
            open().and_then(|bytes| npz::read(&bytes, member, name))
        }
        Some("csv") => open().and_then(|bytes| csv::read(&bytes, kind)),
        _ => Err("expected a file whose name ends in .npy, .npz or .csv".into()),
    };
    array.map_err(failed)
}

/// Reads every array of an npz file, by its name.
pub fn read_all(path: &Path) -> Result<Vec<(String, Plain)>> {
    let bytes = fs::read(path).map_err(|why| reason(&why));
    bytes
        .and_then(|bytes| npz::read_all(&bytes))
        .map_err(|why| Failure::Message(format!("cannot read {}: {why}", path.display())))
}

/// The file, and the member of an npz behind its name.
fn split(place: &str) -> (&str, Option<&str>) {
    match place.rsplit_once(':') {
        Some((file, member)) if file.to_lowercase().ends_with(".npz") => (file, Some(member)),
        _ => (place, None),
    }
}

/// How many elements an array of this shape has; none where that is more than memory can hold.
fn n_elements(shape: &[usize], size: usize) -> Option<usize> {
    // An axis of 0 elements makes the product 0 whatever the others are, so that it alone is not enough.
    let bytes = shape.iter().filter(|&&n| n > 0).try_fold(size, |all, &n| all.checked_mul(n))?;
    let fits = isize::try_from(bytes).is_ok();
    fits.then(|| shape.iter().product())
}

/// A shape as it is written: `[2, 3]`.
pub fn shown(shape: &[usize]) -> String {
    format!("{shape:?}")
}
