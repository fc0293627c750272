//! Capsules on an even background, with soft edges of a pixel.

/// A picture of intensities.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    intensities: Vec<f32>,
}

impl Canvas {
    pub fn new(width: u16, height: u16) -> Self {
        let [width, height] = [width, height].map(usize::from);
        Self { width, height, intensities: vec![0.0; width * height] }
    }

    /// Width and height.
    pub fn size(&self) -> [f64; 2] {
        [self.width as f64, self.height as f64]
    }

    /// All of them, row by row.
    pub fn intensities(&self) -> &[f32] {
        &self.intensities
    }

    /// Leaves nothing but the background.
    pub fn clear(&mut self, intensity: f64) {
        self.intensities.fill(intensity as f32);
    }

    /// Draws all that is nearer than a radius to the line from one place to another; in pixels, with (0, 0) in the
    /// middle of the first pixel.
    pub fn capsule(&mut self, from: [f64; 2], to: [f64; 2], radius: f64, intensity: f64) {
        let way = [to[0] - from[0], to[1] - from[1]];
        let length = way[0] * way[0] + way[1] * way[1];
        // Around the capsule, and on the picture.
        let range = |axis: usize, size: usize| {
            let low = from[axis].min(to[axis]) - radius - 1.0;
            let high = from[axis].max(to[axis]) + radius + 2.0;
            low.clamp(0.0, size as f64) as usize..high.clamp(0.0, size as f64) as usize
        };
        let columns = range(0, self.width);
        for row in range(1, self.height) {
            let line = row * self.width;
            for column in columns.clone() {
                let place = [column as f64 - from[0], row as f64 - from[1]];
                let along = place[0] * way[0] + place[1] * way[1];
                let share = if length > 0.0 { (along / length).clamp(0.0, 1.0) } else { 0.0 };
                let off = [place[0] - share * way[0], place[1] - share * way[1]];
                let square = off[0] * off[0] + off[1] * off[1];
                if square < (radius + 0.5) * (radius + 0.5) {
                    let covered = (radius + 0.5 - square.sqrt()).min(1.0) as f32;
                    let value = &mut self.intensities[line + column];
                    *value += covered * (intensity as f32 - *value);
                }
            }
        }
    }
}
