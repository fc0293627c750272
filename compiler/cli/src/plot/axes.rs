//! A rectangle with two axes: ticks at round numbers, a title on each, and the way from numbers to
//! places.

use super::font;
use super::scene::{Anchor, Colour, Item, Scene, Text};

/// The colours of everything.
pub mod colour {
    use super::Colour;

    /// Text.
    pub const INK: Colour = [17, 24, 39];
    /// Text that is less important.
    pub const PALE: Colour = [75, 85, 99];
    /// Grid lines.
    pub const GRID: Colour = [229, 231, 235];
    /// The frame.
    pub const FRAME: Colour = [156, 163, 175];
    /// The threshold.
    pub const THRESHOLD: Colour = [220, 38, 38];
    /// Lines, each another.
    pub const LINES: [Colour; 3] = [[37, 99, 235], [217, 119, 6], [5, 150, 105]];
}

/// The size of text.
pub const SIZE: f32 = 13.0;

/// What an axis spans and is called.
pub struct Axis {
    /// The number at its start.
    pub low: f64,
    /// The number at its end.
    pub high: f64,
    /// What it shows, with the unit.
    pub title: String,
}

impl Axis {
    /// An axis; one of no length gets some.
    pub fn new(low: f64, high: f64, title: impl Into<String>) -> Self {
        let right = low.is_finite() && high.is_finite() && high > low;
        let (low, high) = match right {
            true => (low, high),
            false if low.is_finite() => (low - 0.5, low + 0.5),
            false => (0.0, 1.0),
        };
        Self { low, high, title: title.into() }
    }

    /// An axis around all finite numbers, with some room at both ends.
    pub fn around(numbers: impl Iterator<Item = f32>, title: impl Into<String>) -> Self {
        let finite = numbers.filter(|x| x.is_finite()).map(f64::from);
        let ends = finite.fold(None, |ends: Option<(f64, f64)>, x| {
            Some(ends.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
        });
        let (low, high) = ends.unwrap_or((0.0, 1.0));
        let room = (high - low) * 0.06;
        Self::new(low - room, high + room, title)
    }

    /// Round numbers along it, about `n`.
    fn ticks(&self, n: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / n.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|m| m * power);
        let off = |step: &f64| (step / rough).ln().abs();
        let step = steps.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(power);
        let first = (self.low / step).ceil();
        let ticks = (0..=2 * n).map(|i| (first + i as f64) * step);
        ticks.take_while(|tick| *tick <= self.high + step * 1e-6).collect()
    }
}

/// A tick's number as short as it can be told from the others.
fn label(tick: f64, span: f64) -> String {
    let digits = (1.0 - span.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = if !(1e-6..=1e7).contains(&span) {
        format!("{tick:.1e}")
    } else {
        let text = format!("{tick:.digits$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').into(),
            false => text,
        }
    };
    if text == "-0" { "0".into() } else { text.replace('-', "−") }
}

/// The rectangle.
pub struct Panel {
    /// Left end.
    pub left: f32,
    /// Upper end.
    pub top: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// The axis along the bottom.
    pub x: Axis,
    /// The axis along the left.
    pub y: Axis,
}

impl Panel {
    /// Where a number of the x axis is.
    pub fn x(&self, x: f64) -> f32 {
        self.left + self.width * ((x - self.x.low) / (self.x.high - self.x.low)) as f32
    }

    /// Where a number of the y axis is.
    pub fn y(&self, y: f64) -> f32 {
        self.top + self.height * ((self.y.high - y) / (self.y.high - self.y.low)) as f32
    }

    /// Draws the grid, the frame, ticks and titles; `numbers` of the x axis stand only below the lowest
    /// of panels that share it.
    pub fn draw(&self, scene: &mut Scene, numbers: bool) {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        for tick in self.x.ticks((self.width / 110.0) as usize) {
            let x = self.x(tick);
            scene.line(vec![(x, self.top), (x, bottom)], colour::GRID, 1.0);
            if numbers {
                let text = label(tick, self.x.high - self.x.low);
                scene.text((x, bottom + 18.0), Anchor::Middle, SIZE, colour::PALE, &text);
            }
        }
        for tick in self.y.ticks((self.height / 28.0).max(2.0) as usize) {
            let y = self.y(tick);
            scene.line(vec![(self.left, y), (right, y)], colour::GRID, 1.0);
            let text = label(tick, self.y.high - self.y.low);
            let at = (self.left - 7.0, y + SIZE * 0.35);
            scene.text(at, Anchor::End, SIZE, colour::PALE, &text);
        }
        if numbers {
            let at = (self.left + self.width / 2.0, bottom + 38.0);
            scene.text(at, Anchor::Middle, SIZE, colour::INK, &self.x.title);
        }
        scene.items.push(Item::Text(Text {
            at: (self.left - 52.0, self.top + self.height / 2.0),
            size: SIZE,
            anchor: Anchor::Middle,
            colour: colour::INK,
            upwards: true,
            text: self.y.title.clone(),
        }));
    }

    /// Draws the frame, over what is in the panel.
    pub fn close(&self, scene: &mut Scene) {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        let corners =
            [(self.left, self.top), (right, self.top), (right, bottom), (self.left, bottom)];
        let mut around = corners.to_vec();
        around.extend([corners[0], corners[1]]);
        scene.line(around, colour::FRAME, 1.0);
    }

    /// Draws numbers over steps. Where several steps fall on a pixel, their least and greatest are drawn.
    pub fn trace(&self, scene: &mut Scene, numbers: &[f32], colour: Colour) {
        let each = numbers.len().div_ceil((self.width as usize * 2).max(1)).max(1);
        let mut lines: Vec<Vec<(f32, f32)>> = vec![Vec::new()];
        for (i, group) in numbers.chunks(each).enumerate() {
            for number in ends(group) {
                if number.is_finite() {
                    let point = (self.x((i * each) as f64), self.y(f64::from(number)));
                    if let Some(line) = lines.last_mut() {
                        line.push(point);
                    }
                } else if lines.last().is_some_and(|line| !line.is_empty()) {
                    lines.push(Vec::new());
                }
            }
        }
        lines.retain(|line| !line.is_empty());
        scene.items.push(Item::Lines { lines, colour, width: 1.1, dash: None });
    }

    /// Writes the names of lines at the upper right, above the panel.
    pub fn legend(&self, scene: &mut Scene, entries: &[(String, Colour, bool)]) {
        let mut x = self.left + self.width;
        for (name, colour, dashed) in entries.iter().rev() {
            x -= font::width(name, SIZE);
            scene.text((x, self.top - 7.0), Anchor::Start, SIZE, colour::INK, name);
            let y = self.top - 11.0;
            let line = vec![(x - 26.0, y), (x - 6.0, y)];
            let dash = dashed.then_some(4.0);
            scene.items.push(Item::Lines { lines: vec![line], colour: *colour, width: 2.0, dash });
            x -= 42.0;
        }
    }
}

/// The least and the greatest of a group, in their order; one number alone is itself.
fn ends(group: &[f32]) -> Vec<f32> {
    let by = |better: fn(f32, f32) -> bool| {
        let best = |best: usize, i: usize| if better(group[i], group[best]) { i } else { best };
        (0..group.len()).reduce(best)
    };
    match (by(|a, b| a < b), by(|a, b| a > b)) {
        (Some(low), Some(high)) if low != high => vec![group[low.min(high)], group[low.max(high)]],
        (Some(only), _) => vec![group[only]],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let ticks = |low, high, n| Axis::new(low, high, "").ticks(n);
        assert_eq!(ticks(0.0, 2000.0, 4), [0.0, 500.0, 1000.0, 1500.0, 2000.0]);
        assert_eq!(ticks(-0.06, 1.06, 3), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(3.0, 3.0, 2), [2.5, 3.0, 3.5]);
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(label(0.5, 1.0), "0.5");
        assert_eq!(label(-1500.0, 2000.0), "−1500");
        assert_eq!(label(-0.0, 2.0), "0");
        assert_eq!(label(0.02, 0.05), "0.02");
    }

    #[test]
    fn no_numbers_are_an_axis_too() {
        let axis = Axis::around([f32::NAN, f32::INFINITY].into_iter(), "");
        assert!(axis.low < axis.high);
    }
}
