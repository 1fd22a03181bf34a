//! Text on plates, in DejaVu Sans: Latin, Greek and Cyrillic, compiled in, so that no machine lacks it.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use super::{Canvas, Rgb};

/// Air around the text, as a share of its height.
const PADDING: f32 = 0.28;

fn font() -> &'static FontRef<'static> {
    static FONT: OnceLock<FontRef<'static>> = OnceLock::new();
    FONT.get_or_init(|| {
        FontRef::try_from_slice(dejavu::sans_condensed::bold()).expect("the compiled-in font is a font")
    })
}

/// Returns how high a plate for text of this height is.
pub(super) fn plate_height(text_height: f32) -> f32 {
    (text_height + PADDING * text_height).round()
}

/// Draws a plate with text; the ink is black or white, whichever can be read.
pub(super) fn plate(canvas: &mut Canvas, at: (f32, f32), text: &str, height: f32, colour: Rgb) {
    let scaled = font().as_scaled(PxScale::from(height));
    let mut glyphs = Vec::with_capacity(text.len());
    let mut x = 0.0;
    let mut before = None;
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        let glyph = scaled.glyph_id(letter);
        x += before.map_or(0.0, |before| scaled.kern(before, glyph));
        glyphs.push((glyph, x));
        x += scaled.h_advance(glyph);
        before = Some(glyph);
    }

    let padding = PADDING * height;
    let (width, tall) = ((x + 2.0 * padding).round(), plate_height(height));
    let room = (canvas.size.width as f32 - width, canvas.size.height as f32 - tall);
    let left = at.0.min(room.0).max(0.0).round();
    let top = at.1.min(room.1).max(0.0).round();
    for y in top as i64..(top + tall) as i64 {
        for x in left as i64..(left + width) as i64 {
            canvas.cover(x, y, colour, 1.0);
        }
    }

    let ink = colour.ink();
    let baseline = top + (tall - scaled.height()) / 2.0 + scaled.ascent();
    for (id, x) in glyphs {
        let glyph = id.with_scale_and_position(height, point(left + padding + x, baseline));
        if let Some(outline) = font().outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, share| {
                canvas.cover(corner.x as i64 + i64::from(x), corner.y as i64 + i64::from(y), ink, share);
            });
        }
    }
}
