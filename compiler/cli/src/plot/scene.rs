//! A picture as a list of shapes, in the order they are drawn. The unit is a CSS pixel.

/// Red, green and blue.
pub type Colour = [u8; 3];

/// A picture.
pub struct Scene {
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// What is in it.
    pub items: Vec<Item>,
}

/// Where a text stands about its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Begins there.
    Start,
    /// Has its middle there.
    Middle,
    /// Ends there.
    End,
}

/// A text on one line.
#[derive(Clone)]
pub struct Text {
    /// The anchor's place, on the base line.
    pub at: (f32, f32),
    /// The height of the font.
    pub size: f32,
    /// Where the text stands about its place.
    pub anchor: Anchor,
    /// Its colour.
    pub colour: Colour,
    /// Whether it runs upwards.
    pub upwards: bool,
    /// What it says.
    pub text: String,
}

/// A shape.
pub enum Item {
    /// A filled rectangle: left, top, width, height.
    Rect([f32; 4], Colour),
    /// Lines through points, each list one line.
    Lines {
        /// The lines.
        lines: Vec<Vec<(f32, f32)>>,
        /// Their colour.
        colour: Colour,
        /// Their width.
        width: f32,
        /// Lengths of dash and gap; none for a line without gaps.
        dash: Option<f32>,
    },
    /// A text.
    Text(Text),
    /// A rectangle of coloured cells.
    Cells {
        /// Left, top, width, height.
        place: [f32; 4],
        /// Cells in a row.
        columns: usize,
        /// The cells, row by row from the top.
        cells: Vec<Colour>,
    },
}

impl Scene {
    /// An empty picture on white.
    pub fn new(width: f32, height: f32) -> Self {
        let paper = Item::Rect([0.0, 0.0, width, height], [255; 3]);
        Self { width, height, items: vec![paper] }
    }

    /// Adds a line through points.
    pub fn line(&mut self, points: Vec<(f32, f32)>, colour: Colour, width: f32) {
        self.items.push(Item::Lines { lines: vec![points], colour, width, dash: None });
    }

    /// Adds a text that reads from left to right.
    pub fn text(&mut self, at: (f32, f32), anchor: Anchor, size: f32, colour: Colour, text: &str) {
        let text = text.into();
        self.items.push(Item::Text(Text { at, size, anchor, colour, upwards: false, text }));
    }
}
