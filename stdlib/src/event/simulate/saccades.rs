//! An image that three saccades move over a sensor, as those that N-MNIST was recorded with (Orchard et al. 2015,
//! Frontiers in Neuroscience 9:437).
//!
//! There a camera was turned before a screen. What it saw is undone by the authors' function `stabilize`, with
//! moves of the image by (3.5, 7), (3.5, -7) and (-7, 0) pixels in 105 ms each: an isosceles triangle. Here the moves
//! are these. Each begins and ends at rest, by `3 s^2 - 2 s^3` of its way, so that events come in three bursts.

use super::super::error::{self, Result};
use super::super::events::Events;
use super::sensor::Sensor;

/// The moves of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Saccades {
    /// By how many pixels each moves the image to the right and down.
    pub moves: Vec<[f64; 2]>,
    /// How long each takes, in µs.
    pub duration: u64,
    /// The time between two frames, in µs. An edge should move by less than half a pixel from one to the next.
    pub step: u64,
}

impl Default for Saccades {
    fn default() -> Self {
        Self { moves: vec![[3.5, 7.0], [3.5, -7.0], [-7.0, 0.0]], duration: 105_000, step: 3500 }
    }
}

/// A grey image: 0 for black to 255 for white, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    /// `[rows, columns]` without gaps.
    pub pixels: &'a [u8],
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
}

impl Saccades {
    /// Records an image on a black screen. White has the intensity 1. The way of the image is in the middle of the
    /// sensor. Of N-MNIST's 34 x 34 pixels, an image of 28 x 28 leaves half a pixel at two of its three corners.
    ///
    /// `seed` and `number` are those of [`Sensor::record`].
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::event::Error::Argument) where the image has not as many pixels as its size says, a
    /// move is not finite, or a time is 0 or over 10⁹ µs.
    pub fn record(&self, sensor: &Sensor, image: &Image, seed: u64, number: u64) -> Result<Events> {
        self.check(image)?;
        let (width, height) = sensor.size();
        let screen = Screen::new(image);
        let mut frame = vec![0.0; usize::from(width) * usize::from(height)];
        let mut recording = sensor.record(seed, number);
        let mut corner = self.start([width, height], image);
        let mut start = 0;
        screen.show(&mut frame, usize::from(width), corner);
        recording.frame(start, &frame)?;
        for [right, down] in &self.moves {
            let mut t = 0;
            while t < self.duration {
                t = (t + self.step).min(self.duration);
                let s = t as f64 / self.duration as f64;
                let way = s * s * (3.0 - 2.0 * s);
                let [x, y] = corner;
                screen.show(&mut frame, usize::from(width), [x + right * way, y + down * way]);
                recording.frame(start + t, &frame)?;
            }
            corner = [corner[0] + right, corner[1] + down];
            start += self.duration;
        }
        Ok(recording.finish())
    }

    /// Where the image's first pixel is, so that the least box around its way is in the middle.
    fn start(&self, sensor: [u16; 2], image: &Image) -> [f64; 2] {
        let sizes = [image.columns, image.rows];
        [0, 1].map(|axis| {
            let (mut at, mut low, mut high) = (0.0_f64, 0.0_f64, 0.0_f64);
            for step in &self.moves {
                at += step[axis];
                (low, high) = (low.min(at), high.max(at));
            }
            (f64::from(sensor[axis]) - sizes[axis] as f64 - (high - low)) / 2.0 - low
        })
    }

    fn check(&self, image: &Image) -> Result<()> {
        let Image { pixels, rows, columns } = image;
        if rows.checked_mul(*columns) != Some(pixels.len()) {
            let expected = format!("{rows} x {columns}, the rows and columns of the image");
            return Err(error::argument("the number of pixels", expected, pixels.len()));
        }
        if !self.moves.iter().flatten().all(|way| way.is_finite()) {
            let found = format!("{:?}", self.moves);
            return Err(error::argument("the moves of an image", "finite", found));
        }
        let times = [("the duration of a move", self.duration), ("the time of a frame", self.step)];
        match times.into_iter().find(|(_, t)| !(1..=1_000_000_000).contains(t)) {
            None => Ok(()),
            Some((what, t)) => Err(error::argument(what, "from 1 to 10^9 µs", t)),
        }
    }
}

/// An image with a black border of a pixel, white being 1.
struct Screen {
    /// Row by row.
    intensities: Vec<f32>,
    columns: usize,
}

impl Screen {
    fn new(image: &Image) -> Self {
        let [rows, columns] = [image.rows + 2, image.columns + 2];
        let mut intensities = vec![0.0; rows * columns];
        let inside = intensities.chunks_mut(columns).skip(1).take(image.rows);
        for (line, pixels) in inside.zip(image.pixels.chunks(image.columns.max(1))) {
            line[1..=image.columns]
                .iter_mut()
                .zip(pixels)
                .for_each(|(to, from)| *to = f32::from(*from) / 255.0);
        }
        Self { intensities, columns }
    }

    /// Draws it with the image's first pixel at a place, evenly between its pixels and black around it.
    fn show(&self, frame: &mut [f32], width: usize, corner: [f64; 2]) {
        frame.fill(0.0);
        // The pixel of the frame that is between the first two of the screen, and by how much it is so.
        let [x, y] = corner.map(f64::floor);
        let [fx, fy] = [(corner[0] - x) as f32, (corner[1] - y) as f32];
        // Places beyond any image have no pixel either way.
        let [x, y] = [x, y].map(|whole| whole.clamp(-1e9, 1e9) as i64);
        for (row, lines) in
            (y..).zip(self.intensities.windows(2 * self.columns).step_by(self.columns))
        {
            let Some(line) =
                usize::try_from(row).ok().and_then(|row| frame.chunks_mut(width).nth(row))
            else {
                continue;
            };
            let (above, here) = lines.split_at(self.columns);
            for (column, (above, here)) in (x..).zip(above.windows(2).zip(here.windows(2))) {
                let Some(value) =
                    usize::try_from(column).ok().and_then(|column| line.get_mut(column))
                else {
                    continue;
                };
                let [above, here] = [above, here].map(|pair| fx * pair[0] + (1.0 - fx) * pair[1]);
                *value = fy * above + (1.0 - fy) * here;
            }
        }
    }
}
