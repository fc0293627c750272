//! Lanes in tiles: a device may not take buffers as large as a run needs, but lanes do not talk to each
//! other, so that a run over some of them after others gives the same.
//!
//! A tile is a whole number of blocks where that fits, so that the sums of blocks, laid end to end, are
//! those of one launch.

use std::borrow::Cow;
use std::ops::Range;

use snn_artifact::{Buffer, Entry, Manifest};

use super::array;
use super::check::{BACKWARD, FORWARD, FORWARD_TRAIN};
use super::geometry::Geometry;
use crate::error::{Error, Result};
use crate::shape::evaluate;

/// How the lanes of a run are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiles {
    lanes: usize,
    tile: usize,
    /// Whether each tile but the last is whole blocks.
    pub whole_blocks: bool,
}

/// Bytes of a buffer, or of those that share a binding.
struct Demand {
    name: String,
    fixed: usize,
    each_lane: usize,
}

impl Demand {
    /// How many lanes fit into so many bytes; none where not even one does.
    fn lanes(&self, most: usize) -> Option<usize> {
        let room = most.checked_sub(self.fixed)?;
        Some(room.checked_div(self.each_lane).unwrap_or(usize::MAX)).filter(|lanes| *lanes > 0)
    }

    fn refuse(&self, device: &str) -> Error {
        let bytes = self.fixed.saturating_add(self.each_lane);
        Error::OutOfMemory { device: device.into(), operand: self.name.clone(), bytes }
    }
}

impl Tiles {
    /// The fewest tiles whose buffers all have at most `most` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`] of the device where not even one lane fits.
    pub fn new(
        manifest: &Manifest,
        geometry: &Geometry,
        device: &str,
        most: usize,
    ) -> Result<Self> {
        let mut fits = geometry.lanes.max(1);
        let launched = [FORWARD, FORWARD_TRAIN, BACKWARD];
        let launched = launched.iter().filter_map(|name| manifest.launches(name, geometry.steps));
        let launched = launched.flatten();
        for (name, entry) in launched {
            for demand in demands(name, entry, geometry)? {
                fits = fits.min(demand.lanes(most).ok_or_else(|| demand.refuse(device))?);
            }
        }
        Ok(Self::cut(geometry.lanes, fits, block(manifest, geometry.steps)))
    }

    fn cut(lanes: usize, fits: usize, block: usize) -> Self {
        if fits >= lanes {
            return Self { lanes, tile: lanes, whole_blocks: true };
        }
        match fits / block * block {
            0 => Self { lanes, tile: fits, whole_blocks: false },
            tile => Self { lanes, tile, whole_blocks: true },
        }
    }

    /// The lanes of each tile; one without lanes where there are none at all.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + use<> {
        let Self { lanes, tile, .. } = *self;
        let n = if lanes == 0 { 1 } else { lanes.div_ceil(tile) };
        (0..n).map(move |i| i * tile..(i * tile).saturating_add(tile).min(lanes))
    }

    /// Whether one tile holds all.
    pub fn is_whole(&self) -> bool {
        self.tile == self.lanes
    }
}

/// The lanes of a block of the entry that adds up blocks; of forward where there is none.
fn block(manifest: &Manifest, steps: usize) -> usize {
    let of = |name| manifest.entry_for(name, steps);
    let entry = of(BACKWARD).or_else(|| of(FORWARD));
    entry.map_or(1, |(_, entry)| entry.block.max(1) as usize)
}

/// What an entry binds. Buffers that share a binding are copied into one.
fn demands(name: &str, entry: &Entry, geometry: &Geometry) -> Result<Vec<Demand>> {
    let mut demands: Vec<(Option<u32>, Demand)> = Vec::new();
    for buffer in &entry.buffers {
        let fixed = bytes(name, buffer, geometry, 0)?;
        let each_lane = bytes(name, buffer, geometry, 1)?.saturating_sub(fixed);
        let binding = buffer.binding.as_ref().map(|binding| binding.index);
        let shared = demands.iter_mut().find(|(known, _)| known.is_some() && *known == binding);
        if let Some((_, demand)) = shared {
            demand.fixed = demand.fixed.saturating_add(fixed);
            demand.each_lane = demand.each_lane.saturating_add(each_lane);
        } else {
            demands.push((binding, Demand { name: buffer.name.clone(), fixed, each_lane }));
        }
    }
    Ok(demands.into_iter().map(|(_, demand)| demand).collect())
}

/// The bytes of a buffer of an entry, in a launch over so many lanes.
///
/// # Errors
///
/// [`Error::Artifact`] where its shape has no value.
pub fn bytes(entry: &str, buffer: &Buffer, geometry: &Geometry, lanes: usize) -> Result<usize> {
    let wrong =
        |why: &str| Error::Artifact(format!("buffer `{}` of `{entry}`: {why}", buffer.name));
    let mut sizes = Vec::new();
    for size in &buffer.shape {
        let size = evaluate(size, &|name| geometry.scalar(name, lanes)).map_err(|e| wrong(&e))?;
        sizes.push(usize::try_from(size).map_err(|_| wrong("a size is below 0"))?);
    }
    let bytes = array::count(&sizes).and_then(|n| n.checked_mul(buffer.dtype.size()));
    bytes.ok_or_else(|| wrong("it is larger than memory"))
}

/// The tile's columns of rows, side by side; the rows themselves where the tile is all of them.
pub fn gather<'a>(rows: &'a [f32], width: usize, tile: &Range<usize>) -> Cow<'a, [f32]> {
    if tile.len() == width || width == 0 {
        return Cow::Borrowed(rows);
    }
    let mut columns = Vec::with_capacity(rows.len() / width * tile.len());
    rows.chunks_exact(width).for_each(|row| columns.extend_from_slice(&row[tile.clone()]));
    Cow::Owned(columns)
}

/// Puts the tile's columns back into the rows.
pub fn scatter(columns: &[f32], rows: &mut [f32], width: usize, tile: &Range<usize>) {
    let columns = columns.chunks_exact(tile.len().max(1));
    for (row, column) in rows.chunks_exact_mut(width.max(1)).zip(columns) {
        row[tile.clone()].copy_from_slice(column);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_whole_blocks_where_these_fit() {
        let cut = |lanes, fits, block| {
            let tiles = Tiles::cut(lanes, fits, block);
            let ends = tiles.ranges().map(|range| (range.start, range.end));
            (ends.collect::<Vec<_>>(), tiles.whole_blocks)
        };
        assert_eq!(cut(10, 10, 4), (vec![(0, 10)], true));
        assert_eq!(cut(10, 9, 4), (vec![(0, 8), (8, 10)], true));
        assert_eq!(cut(10, 7, 4), (vec![(0, 4), (4, 8), (8, 10)], true));
        assert_eq!(cut(5, 2, 4), (vec![(0, 2), (2, 4), (4, 5)], false));
        assert_eq!(cut(0, 1, 4), (vec![(0, 0)], true));
    }

    #[test]
    fn columns_come_back_to_their_rows() {
        let rows: Vec<f32> = (0..12).map(|i| i as f32).collect();
        assert_eq!(*gather(&rows, 4, &(1..3)), [1.0, 2.0, 5.0, 6.0, 9.0, 10.0]);
        assert!(matches!(gather(&rows, 4, &(0..4)), Cow::Borrowed(_)));
        let mut back = vec![0.0; 12];
        for tile in [0..1, 1..3, 3..4] {
            scatter(&gather(&rows, 4, &tile), &mut back, 4, &tile);
        }
        assert_eq!(back, rows);
    }
}
