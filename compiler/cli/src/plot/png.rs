//! A picture as PNG, two pixels for each unit.

use tiny_skia::{
    FillRule, FilterQuality, Paint, PathBuilder, Pixmap, PixmapPaint, Rect, Stroke, StrokeDash,
    Transform,
};
use ttf_parser::OutlineBuilder;

use super::font;
use super::scene::{Anchor, Colour, Item, Scene, Text};

/// Pixels for a unit.
const SCALE: f32 = 2.0;

/// The bytes of the file.
pub fn draw(scene: &Scene) -> Result<Vec<u8>, String> {
    let size = |length: f32| (length * SCALE).ceil() as u32;
    let pixmap = Pixmap::new(size(scene.width), size(scene.height));
    let mut pixmap = pixmap.ok_or("the picture is too large")?;
    for item in &scene.items {
        draw_item(&mut pixmap, item);
    }
    pixmap.encode_png().map_err(|why| why.to_string())
}

fn draw_item(pixmap: &mut Pixmap, item: &Item) {
    let scale = Transform::from_scale(SCALE, SCALE);
    match item {
        Item::Rect([x, y, w, h], colour) => {
            if let Some(rect) = Rect::from_xywh(*x, *y, *w, *h) {
                pixmap.fill_rect(rect, &paint(*colour), scale, None);
            }
        }
        Item::Lines { lines, colour, width, dash } => {
            let mut path = PathBuilder::new();
            for line in lines {
                for (i, (x, y)) in line.iter().enumerate() {
                    if i == 0 { path.move_to(*x, *y) } else { path.line_to(*x, *y) }
                }
            }
            let dash = dash.and_then(|d| StrokeDash::new(vec![d, d], 0.0));
            let line_join = tiny_skia::LineJoin::Round;
            let stroke = Stroke { width: *width, dash, line_join, ..Stroke::default() };
            if let Some(path) = path.finish() {
                pixmap.stroke_path(&path, &paint(*colour), &stroke, scale, None);
            }
        }
        Item::Text(text) => draw_text(pixmap, text, scale),
        Item::Cells { place, columns, cells } => draw_cells(pixmap, *place, *columns, cells),
    }
}

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour[0], colour[1], colour[2], 255);
    paint
}

fn draw_text(pixmap: &mut Pixmap, text: &Text, scale: Transform) {
    let width = font::width(&text.text, text.size);
    let back = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => width / 2.0,
        Anchor::End => width,
    };
    let mut pen = Pen(PathBuilder::new());
    font::outline(&text.text, text.size, &mut pen);
    let Some(path) = pen.0.finish() else { return };
    let turn = if text.upwards { -90.0 } else { 0.0 };
    let place =
        scale.pre_translate(text.at.0, text.at.1).pre_rotate(turn).pre_translate(-back, 0.0);
    pixmap.fill_path(&path, &paint(text.colour), FillRule::Winding, place, None);
    // The font is a light one: a hair around the letters makes it a regular one.
    let hair = Stroke { width: text.size * 0.022, ..Stroke::default() };
    pixmap.stroke_path(&path, &paint(text.colour), &hair, place, None);
}

fn draw_cells(pixmap: &mut Pixmap, place: [f32; 4], columns: usize, cells: &[Colour]) {
    let [x, y, w, h] = place;
    let Some(image) = pixels(columns, cells) else { return };
    let (sx, sy) = (w / image.width() as f32, h / image.height() as f32);
    let place = Transform::from_scale(SCALE, SCALE).pre_translate(x, y).pre_scale(sx, sy);
    let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
    pixmap.draw_pixmap(0, 0, image.as_ref(), &paint, place, None);
}

/// Cells as the bytes of a PNG, a pixel each.
pub fn cells(columns: usize, cells: &[Colour]) -> Result<Vec<u8>, String> {
    let image = pixels(columns, cells).ok_or("there are no cells")?;
    image.encode_png().map_err(|why| why.to_string())
}

fn pixels(columns: usize, cells: &[Colour]) -> Option<Pixmap> {
    let rows = cells.len().checked_div(columns)?;
    let mut image = Pixmap::new(u32::try_from(columns).ok()?, u32::try_from(rows).ok()?)?;
    for (bytes, cell) in image.data_mut().chunks_exact_mut(4).zip(cells) {
        bytes.copy_from_slice(&[cell[0], cell[1], cell[2], 255]);
    }
    Some(image)
}

/// Takes outlines from the font.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
