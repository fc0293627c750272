//! The picture of surrogates: the derivative that backward takes for that of a spike, and its primitive
//! beside the spike itself.

use super::axes::{Axis, Panel, SIZE, colour};
use super::run::{LEFT, RIGHT, WIDTH, heading};
use super::scene::{Anchor, Colour, Item, Scene};

/// Height of a panel.
const HEIGHT: f32 = 250.0;

/// The colours of surrogates beyond those of other lines.
const MORE: [Colour; 4] = [[124, 58, 237], [190, 24, 93], [8, 145, 178], [101, 67, 33]];

/// A surrogate at some distances to the threshold.
pub struct Curve {
    /// Its name and numbers.
    pub name: String,
    /// Its derivative there.
    pub derivative: Vec<f64>,
    /// Its primitive there.
    pub primitive: Vec<f64>,
}

/// Draws curves over the distances `u`.
pub fn surrogates(title: &str, u: &[f64], curves: &[Curve]) -> Scene {
    let mut scene = Scene::new(WIDTH, 0.0);
    let note =
        "what backward takes for the derivative of a spike, at each distance to the threshold";
    heading(&mut scene, title, note);
    let top = names(&mut scene, curves);
    let first = panel(&mut scene, u, top, "derivative d(u)", curves, |c| &c.derivative, false);
    let second =
        panel(&mut scene, u, first + 40.0, "primitive y(u)", curves, |c| &c.primitive, true);
    scene.height = second + 56.0;
    if let Some(Item::Rect(paper, _)) = scene.items.first_mut() {
        paper[3] = scene.height;
    }
    scene
}

fn colour_of(i: usize) -> Colour {
    let all = || colour::LINES.into_iter().chain(MORE);
    all().nth(i % (colour::LINES.len() + MORE.len())).unwrap_or(colour::INK)
}

/// A curve's line: where the colours begin again, it is dashed.
fn curve_line(i: usize, line: Vec<(f32, f32)>, width: f32) -> Item {
    let dash = (i / (colour::LINES.len() + MORE.len()) % 2 == 1).then_some(6.0);
    Item::Lines { lines: vec![line], colour: colour_of(i), width, dash }
}

/// A line without the points that cannot be seen on it.
fn bends(line: &[(f32, f32)]) -> Vec<(f32, f32)> {
    const SEEN: f32 = 0.02;
    let (mut kept, mut from) = (Vec::new(), 0);
    for (to, &(x, y)) in line.iter().enumerate() {
        let (x0, y0) = line[from];
        let is_off = |&(px, py): &(f32, f32)| {
            (py - y0 - (y - y0) * (px - x0) / (x - x0).max(f32::MIN_POSITIVE)).abs() > SEEN
        };
        if to == 0 || line[from + 1..to].iter().any(is_off) {
            from = to.saturating_sub(1);
            kept.push(line[from]);
        }
    }
    kept.extend(line.last());
    kept
}

/// Writes the names, as many in a row as there is room for; returns where the first panel goes.
fn names(scene: &mut Scene, curves: &[Curve]) -> f32 {
    let (mut x, mut y) = (LEFT, 92.0);
    for (i, curve) in curves.iter().enumerate() {
        let width = super::font::width(&curve.name, SIZE) + 58.0;
        if x + width > WIDTH - RIGHT && x > LEFT {
            (x, y) = (LEFT, y + 20.0);
        }
        scene.items.push(curve_line(i, vec![(x, y - 4.0), (x + 20.0, y - 4.0)], 2.4));
        scene.text((x + 27.0, y), Anchor::Start, SIZE, colour::INK, &curve.name);
        x += width;
    }
    y + 30.0
}

/// Draws one panel and returns where it ends.
fn panel(
    scene: &mut Scene,
    u: &[f64],
    top: f32,
    title: &str,
    curves: &[Curve],
    of: impl Fn(&Curve) -> &Vec<f64>,
    is_primitive: bool,
) -> f32 {
    let (low, high) = (u.first().copied().unwrap_or(-1.0), u.last().copied().unwrap_or(1.0));
    let numbers = curves.iter().flat_map(|curve| of(curve).iter().map(|y| *y as f32));
    // The spike is 0 and 1, and what a derivative is, is seen from 0.
    let ends = if is_primitive { vec![0.0, 1.0] } else { vec![0.0] };
    let panel = Panel {
        left: LEFT,
        top,
        width: WIDTH - LEFT - RIGHT,
        height: HEIGHT,
        x: Axis::new(low, high, "distance u to the threshold"),
        y: Axis::around(numbers.chain(ends), title),
    };
    panel.draw(scene, is_primitive);
    let zero = vec![(panel.x(0.0), panel.top), (panel.x(0.0), panel.top + panel.height)];
    scene.line(zero, colour::FRAME, 1.0);
    if is_primitive {
        let step = [(low, 0.0), (0.0, 0.0), (0.0, 1.0), (high, 1.0)];
        let line = step.iter().map(|&(x, y)| (panel.x(x), panel.y(y))).collect();
        let (lines, colour, dash) = (vec![line], colour::PALE, Some(5.0));
        scene.items.push(Item::Lines { lines, colour, width: 1.3, dash });
        panel.legend(scene, &[("the spike itself".into(), colour::PALE, true)]);
    }
    for (i, curve) in curves.iter().enumerate().rev() {
        let points = u.iter().zip(of(curve)).filter(|(_, y)| y.is_finite());
        let line = points.map(|(x, y)| (panel.x(*x), panel.y(*y))).collect::<Vec<_>>();
        if !line.is_empty() {
            scene.items.push(curve_line(i, bends(&line), 1.8));
        }
    }
    panel.close(scene);
    top + HEIGHT
}
