//! The picture of a gradient: that of an input over time and neurons as colours, and of some neurons as
//! lines.

use super::axes::{Axis, Panel, SIZE, colour};
use super::run::{LEFT, RIGHT, WIDTH, heading};
use super::scene::{Anchor, Colour, Item, Scene};
use super::{Rows, some_lanes};

/// The most cells of a map in both directions; more are averaged.
const CELLS: (usize, usize) = (1000, 256);

/// What is drawn.
pub struct Gradient<'a> {
    /// The title.
    pub title: String,
    /// A line below it.
    pub note: String,
    /// Gradients of inputs, under the inputs' names.
    pub inputs: Vec<Rows<'a>>,
}

/// Draws it.
pub fn gradient(gradient: &Gradient<'_>) -> Scene {
    let mut scene = Scene::new(WIDTH, 0.0);
    heading(&mut scene, &gradient.title, &gradient.note);
    let mut top = 104.0;
    for rows in &gradient.inputs {
        top = map(&mut scene, rows, top);
        top = lines(&mut scene, rows, top);
    }
    scene.height = top;
    if let Some(Item::Rect(paper, _)) = scene.items.first_mut() {
        paper[3] = scene.height;
    }
    scene
}

fn time(rows: &Rows<'_>) -> Axis {
    Axis::new(0.0, rows.steps as f64, "time (steps)")
}

/// The map with its scale; returns where the next panel goes.
fn map(scene: &mut Scene, rows: &Rows<'_>, top: f32) -> f32 {
    let width = WIDTH - LEFT - RIGHT;
    let height = (rows.lanes as f32 * 5.0).clamp(80.0, 340.0);
    let y = Axis::new(-0.5, rows.lanes as f64 - 0.5, "neuron");
    let panel = Panel { left: LEFT, top, width, height, x: time(rows), y };
    panel.draw(scene, false);
    let (columns, means) = means(rows);
    let most = scale_end(&means);
    let cells: Vec<Colour> = means.iter().map(|g| shade(g / most)).collect();
    if !cells.is_empty() {
        let place = [panel.left, panel.top, width, height];
        scene.items.push(Item::Cells { place, columns, cells });
    }
    panel.close(scene);
    let what = format!("∂L/∂{} at each step and neuron", rows.name);
    scene.text((LEFT + width, top - 7.0), Anchor::End, SIZE, colour::INK, &what);
    bar(scene, &panel, most);
    top + height + 38.0
}

/// The means of cells, from the last neuron to the first: rows of a picture run down.
fn means(rows: &Rows<'_>) -> (usize, Vec<f32>) {
    let (wide, high) = (rows.steps.div_ceil(CELLS.0).max(1), rows.lanes.div_ceil(CELLS.1).max(1));
    let (columns, n_rows) = (rows.steps.div_ceil(wide), rows.lanes.div_ceil(high));
    let mut sums = vec![(0.0f64, 0u32); columns * n_rows];
    for (t, row) in rows.data.chunks(rows.lanes.max(1)).enumerate() {
        for (lane, g) in row.iter().enumerate().filter(|(_, g)| g.is_finite()) {
            let cell = &mut sums[(n_rows - 1 - lane / high) * columns + t / wide];
            *cell = (cell.0 + f64::from(*g), cell.1 + 1);
        }
    }
    (columns, sums.iter().map(|(sum, n)| (sum / f64::from((*n).max(1))) as f32).collect())
}

/// The number at the end of the scale: one of two hundred cells is beyond it.
fn scale_end(means: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = means.iter().map(|g| g.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    let end = sizes.get(sizes.len() - sizes.len().div_ceil(200).min(sizes.len())).copied();
    end.filter(|end| *end > 0.0).or(sizes.last().copied().filter(|end| *end > 0.0)).unwrap_or(1.0)
}

/// White at 0, red above, blue below, dark at the ends.
fn shade(part: f32) -> Colour {
    const RED: [[f32; 3]; 3] = [[255.0, 255.0, 255.0], [239.0, 108.0, 76.0], [103.0, 0.0, 31.0]];
    const BLUE: [[f32; 3]; 3] = [[255.0, 255.0, 255.0], [75.0, 145.0, 210.0], [5.0, 38.0, 97.0]];
    let stops = if part < 0.0 { BLUE } else { RED };
    let at = part.abs().min(1.0) * 2.0;
    let (i, rest) = if at < 1.0 { (0, at) } else { (1, at - 1.0) };
    [0, 1, 2].map(|c| (stops[i][c] + (stops[i + 1][c] - stops[i][c]) * rest).round() as u8)
}

/// The scale of colours, right of the panel.
fn bar(scene: &mut Scene, panel: &Panel, most: f32) {
    let cells: Vec<Colour> = (0..=200).map(|i| shade(1.0 - i as f32 / 100.0)).collect();
    let (left, width) = (panel.left + panel.width + 16.0, 14.0);
    let place = [left, panel.top, width, panel.height];
    scene.items.push(Item::Cells { place, columns: 1, cells });
    for (part, sign) in [(0.0, "≥ "), (0.5, ""), (1.0, "≤ −")] {
        let y = panel.top + panel.height * part;
        let text = if part == 0.5 { "0".into() } else { format!("{sign}{most:.2}") };
        let at = (left + width + 6.0, y + if part == 0.0 { 10.0 } else { 4.0 - 4.0 * part });
        scene.text(at, Anchor::Start, SIZE - 1.0, colour::PALE, &text);
    }
}

/// Some neurons as lines; returns where the next panel goes.
fn lines(scene: &mut Scene, rows: &Rows<'_>, mut top: f32) -> f32 {
    let lanes = some_lanes(rows.lanes);
    for (i, &lane) in lanes.iter().enumerate() {
        let numbers = rows.lane(lane);
        let y = Axis::around(numbers.iter().copied(), format!("∂L/∂{}", rows.name));
        let width = WIDTH - LEFT - RIGHT;
        let panel = Panel { left: LEFT, top, width, height: 90.0, x: time(rows), y };
        let is_last = i + 1 == lanes.len();
        panel.draw(scene, is_last);
        panel.trace(scene, &numbers, colour::LINES[i]);
        panel.close(scene);
        let at = (LEFT + width + 10.0, top + 49.0);
        scene.text(at, Anchor::Start, SIZE, colour::LINES[i], &format!("neuron {lane}"));
        top += 90.0 + if is_last { 68.0 } else { 12.0 };
    }
    top
}
