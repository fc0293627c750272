//! The font of pictures, which is part of the program: a machine need not have any.

use std::sync::LazyLock;

use ttf_parser::{Face, OutlineBuilder};

/// The font. It is whole, so that this is never none.
static FACE: LazyLock<Option<Face<'static>>> =
    LazyLock::new(|| Face::parse(epaint_default_fonts::UBUNTU_LIGHT, 0).ok());

/// What an SVG calls it, and what else to take.
pub const FAMILY: &str = "Ubuntu, 'DejaVu Sans', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/// The width of a text.
pub fn width(text: &str, size: f32) -> f32 {
    let Some(face) = &*FACE else { return 0.0 };
    let advance = |c| face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph));
    let units: u32 = text.chars().map(|c| u32::from(advance(c).unwrap_or(0))).sum();
    units as f32 * size / f32::from(face.units_per_em())
}

/// Draws the outlines of a text that begins at 0 on the base line, y downwards.
pub fn outline(text: &str, size: f32, pen: &mut dyn OutlineBuilder) {
    let Some(face) = &*FACE else { return };
    let scale = size / f32::from(face.units_per_em());
    let mut x = 0.0;
    for glyph in text.chars().filter_map(|c| face.glyph_index(c)) {
        face.outline_glyph(glyph, &mut Placed { pen, x, scale });
        x += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * scale;
    }
}

/// A pen that moves and scales what it is told.
struct Placed<'p> {
    pen: &'p mut dyn OutlineBuilder,
    x: f32,
    scale: f32,
}

impl Placed<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Placed<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.pen.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.pen.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.pen.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.pen.curve_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.pen.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_picture_is_in_the_font() {
        let face = FACE.as_ref().expect("the font");
        for c in (' '..='~').chain(['∂', '−', '·', '×', '–', 'µ']) {
            assert!(face.glyph_index(c).is_some(), "{c}");
        }
        assert!(width("mm", 10.0) > width("ii", 10.0));
    }
}
