//! The picture of a run: inputs, spikes as a raster, and other outputs of some neurons.

use std::collections::HashSet;

use super::axes::{Axis, Panel, SIZE, colour};
use super::scene::{Anchor, Item, Scene};
use super::{Rows, some_lanes};

/// Width of the picture, and what of it the panels leave free on both sides.
pub const WIDTH: f32 = 1120.0;
/// Left of the panels.
pub const LEFT: f32 = 84.0;
/// Right of them.
pub const RIGHT: f32 = 96.0;

/// The most rows of a raster.
const ROWS: usize = 256;

/// What is drawn.
pub struct Run<'a> {
    /// The neuron.
    pub neuron: &'a str,
    /// A line below the title.
    pub note: String,
    /// Inputs.
    pub inputs: Vec<Rows<'a>>,
    /// Outputs.
    pub outputs: Vec<Rows<'a>>,
    /// The outputs that are potentials, and the threshold they spike at.
    pub threshold: Option<(&'a str, f64)>,
}

/// Where the next panel goes.
struct Page {
    scene: Scene,
    y: f32,
    steps: usize,
}

/// Draws it.
pub fn run(run: &Run<'_>) -> Scene {
    let all = || run.inputs.iter().chain(&run.outputs);
    let steps = all().map(|rows| rows.steps).max().unwrap_or(0);
    let mut page = Page { scene: Scene::new(WIDTH, 0.0), y: 40.0, steps };
    heading(&mut page.scene, run.neuron, &run.note);
    page.y = 104.0;
    let mut left = run.inputs.len() + run.outputs.iter().map(n_panels).sum::<usize>();
    for rows in &run.inputs {
        left -= 1;
        page.lines(rows, left == 0);
    }
    for rows in &run.outputs {
        left -= n_panels(rows);
        if rows.are_spikes() {
            page.raster(rows, left == 0);
        } else {
            page.potentials(rows, run, left == 0);
        }
    }
    let mut scene = page.scene;
    scene.height = page.y + 24.0;
    if let Some(Item::Rect(paper, _)) = scene.items.first_mut() {
        paper[3] = scene.height;
    }
    scene
}

/// Panels of an output.
fn n_panels(rows: &Rows<'_>) -> usize {
    if rows.are_spikes() { 1 } else { some_lanes(rows.lanes).len() }
}

/// The title and the line below it.
pub fn heading(scene: &mut Scene, title: &str, note: &str) {
    scene.text((LEFT, 40.0), Anchor::Start, 22.0, colour::INK, title);
    scene.text((LEFT, 62.0), Anchor::Start, SIZE, colour::PALE, note);
}

impl Page {
    fn panel(&mut self, height: f32, y: Axis, gap: f32, is_last: bool) -> Panel {
        let width = self.scene.width - LEFT - RIGHT;
        let x = Axis::new(0.0, self.steps as f64, "time (steps)");
        let panel = Panel { left: LEFT, top: self.y, width, height, x, y };
        panel.draw(&mut self.scene, is_last);
        self.y += height + if is_last { 44.0 } else { gap };
        panel
    }

    /// An input: some neurons in one panel.
    fn lines(&mut self, rows: &Rows<'_>, is_last: bool) {
        let lanes = some_lanes(rows.lanes);
        let numbers: Vec<Vec<f32>> = lanes.iter().map(|&lane| rows.lane(lane)).collect();
        let title = format!("input {}", rows.name);
        let y = Axis::around(numbers.iter().flatten().copied(), title);
        let panel = self.panel(110.0, y, 38.0, is_last);
        // The first on top: where inputs are of several kinds, the last is often noise.
        for (i, numbers) in numbers.iter().enumerate().rev() {
            panel.trace(&mut self.scene, numbers, colour::LINES[i]);
        }
        panel.close(&mut self.scene);
        let entries = lanes.iter().zip(colour::LINES);
        let entries: Vec<_> =
            entries.map(|(lane, colour)| (format!("neuron {lane}"), colour, false)).collect();
        panel.legend(&mut self.scene, &entries);
    }

    /// Spikes: a mark for each.
    fn raster(&mut self, rows: &Rows<'_>, is_last: bool) {
        let each = rows.lanes.div_ceil(ROWS).max(1);
        let n_rows = rows.lanes.div_ceil(each);
        let height = (n_rows as f32 * 4.5).clamp(60.0, 300.0);
        let y = Axis::new(-0.5, rows.lanes as f64 - 0.5, "neuron");
        let panel = self.panel(height, y, 38.0, is_last);
        let marks = marks(rows, &panel, each);
        let (lines, width) = (marks, 1.0);
        self.scene.items.push(Item::Lines { lines, colour: colour::INK, width, dash: None });
        panel.close(&mut self.scene);
        let what = match each {
            1 => format!("spikes {} of all neurons", rows.name),
            each => format!("spikes {} of one neuron in {each}", rows.name),
        };
        let at = (LEFT + panel.width, panel.top - 7.0);
        self.scene.text(at, Anchor::End, SIZE, colour::INK, &what);
    }

    /// Another output: a panel for each of some neurons, with threshold and spikes where they are known.
    fn potentials(&mut self, rows: &Rows<'_>, run: &Run<'_>, is_last: bool) {
        let lanes = some_lanes(rows.lanes);
        let threshold = run.threshold.filter(|(name, _)| *name == rows.name).map(|(_, v)| v);
        let spikes = run.outputs.iter().find(|rows| rows.are_spikes() && !rows.data.is_empty());
        let spikes = threshold.and(spikes).filter(|spikes| spikes.lanes == rows.lanes);
        let numbers: Vec<Vec<f32>> = lanes.iter().map(|&lane| rows.lane(lane)).collect();
        for (i, (lane, numbers)) in lanes.iter().zip(&numbers).enumerate() {
            let ends = numbers.iter().copied().chain(threshold.map(|v| v as f32));
            let what = if threshold.is_some() { "potential" } else { "output" };
            let mut y = Axis::around(ends, format!("{what} {}", rows.name));
            if threshold.is_some() {
                y.high += 0.22 * (y.high - y.low);
            }
            let is_last = is_last && i + 1 == lanes.len();
            let gap = if i + 1 == lanes.len() { 38.0 } else { 12.0 };
            let panel = self.panel(104.0, y, gap, is_last);
            panel.trace(&mut self.scene, numbers, colour::LINES[i]);
            if let Some(threshold) = threshold {
                self.dashes(&panel, threshold, spikes.map(|rows| rows.lane(*lane)));
            }
            panel.close(&mut self.scene);
            let at = (LEFT + panel.width + 10.0, panel.top + panel.height / 2.0 + 4.0);
            let name = format!("neuron {lane}");
            self.scene.text(at, Anchor::Start, SIZE, colour::LINES[i], &name);
            if i == 0 && threshold.is_some() {
                let entries = [
                    ("threshold".into(), colour::THRESHOLD, true),
                    ("spike (mark above it)".into(), colour::INK, false),
                ];
                panel.legend(&mut self.scene, &entries);
            }
        }
    }

    /// The threshold, and a mark above it for each spike.
    fn dashes(&mut self, panel: &Panel, threshold: f64, spikes: Option<Vec<f32>>) {
        let y = panel.y(threshold);
        let line = vec![(panel.left, y), (panel.left + panel.width, y)];
        let (colour, dash) = (colour::THRESHOLD, Some(4.0));
        self.scene.items.push(Item::Lines { lines: vec![line], colour, width: 1.2, dash });
        let (top, bottom) = (panel.top + 4.0, y - 3.0);
        let fired = spikes.unwrap_or_default().into_iter().enumerate().filter(|(_, s)| *s > 0.5);
        let x = |t: usize| panel.x(t as f64);
        let lines = fired.map(|(t, _)| vec![(x(t), top), (x(t), bottom)]).collect();
        self.scene.items.push(Item::Lines { lines, colour: colour::INK, width: 1.0, dash: None });
    }
}

/// A short upright line for each spike; those that fall on the same half pixel are one.
fn marks(rows: &Rows<'_>, panel: &Panel, each: usize) -> Vec<Vec<(f32, f32)>> {
    let mut seen = HashSet::new();
    let mut marks = Vec::new();
    let half = (each as f64 * 0.42).max(0.3);
    for (t, row) in rows.data.chunks(rows.lanes.max(1)).enumerate() {
        for (lane, _) in row.iter().enumerate().step_by(each).filter(|(_, s)| **s > 0.5) {
            let x = panel.x(t as f64);
            if seen.insert(((x * 2.0) as i32, lane)) {
                let lane = lane as f64;
                marks.push(vec![(x, panel.y(lane - half)), (x, panel.y(lane + half))]);
            }
        }
    }
    marks
}
