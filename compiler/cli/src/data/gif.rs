//! Frames as a picture that moves.

use std::borrow::Cow;

use gif::{Encoder, Frame, Repeat};

use super::levels::{Frames, palette};
use crate::report::Result;

/// The least width of a sample in pixels.
const WIDTH: usize = 128;

/// Pixels between two samples, and around all.
const GAP: usize = 4;

/// The number of a colour that is in no frame: between samples.
const PAPER: u8 = 255;

/// Draws samples beside and below each other, all from their first frame to their last in the same time.
///
/// # Errors
///
/// Where the picture is too large for a GIF.
pub fn draw(samples: &[Frames], seconds: f64) -> Result<Vec<u8>> {
    let n_frames = samples.iter().map(|sample| sample.frames.len()).max().unwrap_or(0);
    let (width, height) = samples.iter().fold((1, 1), |(width, height), sample| {
        (width.max(sample.width), height.max(sample.height))
    });
    let scale = WIDTH.div_ceil(width);
    let columns = (1..).find(|n| n * n >= samples.len()).unwrap_or(1);
    let rows = samples.len().div_ceil(columns);
    let sides = [(columns, width), (rows, height)].map(|(n, size)| GAP + n * (size * scale + GAP));
    let [Ok(full_width), Ok(full_height)] = sides.map(u16::try_from) else {
        return Err(format!(
            "the picture would have {} x {} pixels: draw fewer samples",
            sides[0], sides[1]
        )
        .into());
    };
    let mut colours: Vec<u8> = palette().concat();
    colours.resize(3 * usize::from(PAPER), 0);
    colours.extend([255; 3]);
    let failed = |why: gif::EncodingError| format!("cannot draw a GIF: {why}");
    let mut bytes = Vec::new();
    let mut encoder =
        Encoder::new(&mut bytes, full_width, full_height, &colours).map_err(failed)?;
    encoder.set_repeat(Repeat::Infinite).map_err(failed)?;
    // In hundredths of a second; most programs take less than two for ten.
    let delay = (100.0 * seconds / n_frames.max(1) as f64).round().clamp(2.0, 100.0) as u16;
    for i in 0..n_frames {
        let mut pixels = vec![PAPER; sides[0] * sides[1]];
        for (place, sample) in samples.iter().enumerate() {
            let Some(frame) = sample.frames.get(i) else { continue };
            let left = GAP + place % columns * (width * scale + GAP);
            let top = GAP + place / columns * (height * scale + GAP);
            for row in 0..sample.height * scale {
                let line = (top + row) * sides[0] + left;
                let from = &frame[row / scale * sample.width..][..sample.width];
                for (column, pixel) in pixels[line..][..sample.width * scale].iter_mut().enumerate()
                {
                    *pixel = from[column / scale];
                }
            }
        }
        let buffer = Cow::Owned(pixels);
        let frame =
            Frame { width: full_width, height: full_height, delay, buffer, ..Frame::default() };
        encoder.write_frame(&frame).map_err(failed)?;
    }
    drop(encoder);
    Ok(bytes)
}
