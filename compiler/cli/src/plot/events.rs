//! Pictures of events: frames of recordings, a row for each, and rasters of those of sensors with one row.

use super::axes::{Axis, Panel, SIZE, colour};
use super::run::{LEFT, RIGHT, WIDTH, heading};
use super::scene::{Anchor, Colour, Item, Scene};

/// The width of a frame.
const FRAME: f32 = 112.0;

/// Between two frames.
const GAP: f32 = 4.0;

/// Most cells of a raster, in both directions.
const CELLS: (usize, usize) = (560, 233);

/// A recording as frames.
pub struct Strip {
    /// What it is, above its frames.
    pub label: String,
    /// Pixels in a row of a frame.
    pub columns: usize,
    /// The frames, row by row.
    pub frames: Vec<Vec<Colour>>,
}

/// A recording of a sensor with one row.
pub struct Spikes {
    /// What it is, above its raster.
    pub label: String,
    /// The channels of the sensor.
    pub channels: usize,
    /// The times in ms and the channels, in the order of times.
    pub spikes: Vec<(f64, usize)>,
}

/// Draws recordings below each other, `columns` frames beside each other.
pub fn sheet(title: &str, note: &str, strips: &[Strip], columns: usize) -> Scene {
    let left = 24.0;
    let width = 2.0 * left + columns as f32 * (FRAME + GAP) - GAP;
    let mut scene = Scene::new(width.max(360.0), 0.0);
    scene.text((left, 40.0), Anchor::Start, 22.0, colour::INK, title);
    scene.text((left, 62.0), Anchor::Start, SIZE, colour::PALE, note);
    let mut top = 96.0;
    for strip in strips {
        scene.text((left, top), Anchor::Start, SIZE, colour::INK, &strip.label);
        top += 8.0;
        let rows = |frame: &Vec<Colour>| frame.len() as f32 / strip.columns as f32;
        let height = strip.frames.first().map_or(0.0, rows) * FRAME / strip.columns as f32;
        for line in strip.frames.chunks(columns.max(1)) {
            for (i, cells) in line.iter().enumerate() {
                let place = [left + i as f32 * (FRAME + GAP), top, FRAME, height];
                scene.items.push(Item::Cells {
                    place,
                    columns: strip.columns,
                    cells: cells.clone(),
                });
            }
            top += height + GAP;
        }
        top += 24.0;
    }
    finish(scene, top)
}

/// Draws the spikes of recordings below each other, over time and channel.
pub fn raster(title: &str, note: &str, recordings: &[Spikes]) -> Scene {
    let mut scene = Scene::new(WIDTH, 0.0);
    heading(&mut scene, title, note);
    let width = WIDTH - LEFT - RIGHT;
    let mut top = 104.0;
    for (i, recording) in recordings.iter().enumerate() {
        let end = recording.spikes.last().map_or(1.0, |(t, _)| *t);
        let height = (recording.channels as f32 * 4.0).clamp(60.0, 220.0);
        let y = Axis::new(-0.5, recording.channels as f64 - 0.5, "channel");
        let panel =
            Panel { left: LEFT, top, width, height, x: Axis::new(0.0, end, "time (ms)"), y };
        panel.draw(&mut scene, true);
        let (columns, cells) = cells(recording, &panel.x);
        let place = [LEFT, top, width, height];
        scene.items.push(Item::Cells { place, columns, cells });
        panel.close(&mut scene);
        let at = (LEFT + width, top - 7.0);
        scene.text(at, Anchor::End, SIZE, colour::INK, &recording.label);
        top += height + if i + 1 == recordings.len() { 56.0 } else { 84.0 };
    }
    finish(scene, top)
}

/// How dark the cells of a raster are, from the last channel to the first: rows of a picture run down.
fn cells(recording: &Spikes, time: &Axis) -> (usize, Vec<Colour>) {
    let high = recording.channels.div_ceil(CELLS.1).max(1);
    let (columns, rows) = (CELLS.0, recording.channels.div_ceil(high));
    let mut counts = vec![0_u32; columns * rows];
    for (t, channel) in &recording.spikes {
        let share = (t - time.low) / (time.high - time.low);
        let column = ((share * columns as f64) as usize).min(columns - 1);
        counts[(rows - 1 - channel / high) * columns + column] += 1;
    }
    let shade = |n: &u32| {
        // One spike alone is to be seen as well.
        let part = [0.0, 0.75, 1.0][(*n as usize).min(2)];
        [0, 1, 2].map(|c| (255.0 + part * (f32::from(colour::INK[c]) - 255.0)) as u8)
    };
    (columns, counts.iter().map(shade).collect())
}

/// Ends the paper at a height.
fn finish(mut scene: Scene, height: f32) -> Scene {
    scene.height = height;
    if let Some(Item::Rect(paper, _)) = scene.items.first_mut() {
        paper[3] = height;
    }
    scene
}
