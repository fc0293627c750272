//! Frames of events as a few levels of two colours.

use snn::event::EventsView;
use snn::event::frames::Slices;

use crate::plot::Colour;
use crate::report::Result;

/// The levels of a polarity, that of no event included.
const LEVELS: u8 = 4;

/// The most rows and columns of a frame; larger sensors have pixels put together.
const MOST: usize = 256;

const NOTHING: Colour = [15, 23, 42];
/// What became darker, and what became brighter.
const FULL: [Colour; 2] = [[56, 189, 248], [251, 146, 60]];

/// Frames of a recording, each `height` rows of `width` numbers of the [`palette`].
pub struct Frames {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The frames, in their order.
    pub frames: Vec<Vec<u8>>,
}

/// All colours, the number of a pixel's being `brighter * LEVELS + darker`.
pub fn palette() -> Vec<Colour> {
    let colour = |number: u8| {
        let [darker, brighter] = [number % LEVELS, number / LEVELS].map(share);
        [0, 1, 2].map(|c| {
            let more =
                |part: f32, full: Colour| part * (f32::from(full[c]) - f32::from(NOTHING[c]));
            let value = f32::from(NOTHING[c]) + more(darker, FULL[0]) + more(brighter, FULL[1]);
            value.clamp(0.0, 255.0) as u8
        })
    };
    (0..LEVELS * LEVELS).map(colour).collect()
}

fn share(level: u8) -> f32 {
    f32::from(level) / f32::from(LEVELS - 1)
}

/// Cuts events into frames by time.
///
/// # Errors
///
/// Where there are too many frames.
pub fn frames(events: EventsView<'_>, n_frames: usize) -> Result<Frames> {
    let slices = Slices::by_time(events, n_frames)?;
    let [full_width, full_height] = [events.size().0, events.size().1].map(usize::from);
    let each = full_width.max(full_height).div_ceil(MOST).max(1);
    let (width, height) = (full_width.div_ceil(each), full_height.div_ceil(each));
    let count = |slice: EventsView<'_>| {
        let mut counts = vec![[0_u32; 2]; width * height];
        for event in slice.iter() {
            let at = usize::from(event.y) / each * width + usize::from(event.x) / each;
            counts[at][usize::from(event.p)] += 1;
        }
        counts
    };
    let counts: Vec<Vec<[u32; 2]>> = slices.iter().map(count).collect();
    let most = most(&counts);
    let level = |count: u32| {
        count.saturating_mul(u32::from(LEVELS - 1)).div_ceil(most).min(u32::from(LEVELS - 1))
    };
    let number = |[darker, brighter]: &[u32; 2]| {
        (level(*brighter) * u32::from(LEVELS) + level(*darker)) as u8
    };
    let frames = counts.iter().map(|frame| frame.iter().map(number).collect()).collect();
    Ok(Frames { width, height, frames })
}

/// The count of the highest level: of those that are not 0, one in twenty is beyond it.
fn most(counts: &[Vec<[u32; 2]>]) -> u32 {
    let mut all: Vec<u32> = counts.iter().flatten().flatten().copied().filter(|n| *n > 0).collect();
    all.sort_unstable();
    all.get(all.len() * 19 / 20).copied().unwrap_or(1)
}
