//! A picture as SVG text.

use std::fmt::Write;

use super::font;
use super::png;
use super::scene::{Anchor, Colour, Item, Scene, Text};

/// The text of the file.
pub fn draw(scene: &Scene) -> Result<String, String> {
    let (width, height) = (scene.width, scene.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{}\">\n",
        font::FAMILY
    );
    for item in &scene.items {
        draw_item(&mut out, item)?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn draw_item(out: &mut String, item: &Item) -> Result<(), String> {
    // Writing to a string does not fail.
    let _ = match item {
        Item::Rect([x, y, w, h], colour) => {
            let fill = hex(*colour);
            writeln!(
                out,
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\" fill=\"{fill}\"/>"
            )
        }
        Item::Lines { lines, colour, width, dash } => {
            let dash = dash.map(|d| format!(" stroke-dasharray=\"{d}\"")).unwrap_or_default();
            let (path, stroke) = (path(lines), hex(*colour));
            writeln!(
                out,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" \
                 stroke-linejoin=\"round\"{dash}/>"
            )
        }
        Item::Text(text) => write_text(out, text),
        Item::Cells { place: [x, y, w, h], columns, cells } => {
            let image = base64(&png::cells(*columns, cells)?);
            writeln!(
                out,
                "<image x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\" \
                 preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
                 href=\"data:image/png;base64,{image}\"/>"
            )
        }
    };
    Ok(())
}

fn write_text(out: &mut String, text: &Text) -> std::fmt::Result {
    let (x, y) = text.at;
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let turn =
        if text.upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    let (size, fill) = (text.size, hex(text.colour));
    let words = text.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(
        out,
        "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\" \
         fill=\"{fill}\"{turn}>{words}</text>"
    )
}

/// The lines as one path.
fn path(lines: &[Vec<(f32, f32)>]) -> String {
    let mut path = String::new();
    for line in lines {
        for (i, (x, y)) in line.iter().enumerate() {
            let _ = write!(path, "{}{x:.2} {y:.2}", if i == 0 { 'M' } else { 'L' });
        }
    }
    path
}

fn hex(colour: Colour) -> String {
    let [red, green, blue] = colour;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            (0..3).fold(0, |bits, i| bits << 8 | u32::from(group.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { letter as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn text_cannot_leave_its_place() {
        let mut scene = Scene::new(10.0, 10.0);
        scene.text((0.0, 0.0), Anchor::Start, 8.0, [0; 3], "a<b>&amp;");
        let text = draw(&scene).expect("a picture");
        assert!(text.contains("a&lt;b&gt;&amp;amp;</text>"), "{text}");
    }
}
