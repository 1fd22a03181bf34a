//! What looks become: small pictures made by rule, each with its coarser versions for what is far away.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use super::super::look::Look;
use super::paint::paint;

/// A texture, its sides powers of two, repeated in both directions. Row 0 is at the bottom.
pub(super) struct Texture {
    /// The texture, then ever coarser ones of half the size.
    levels: Vec<Level>,
    pub(super) shine: Shine,
}

/// What makes a texture bright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shine {
    /// The light that falls on it.
    Lit,
    /// It is as bright as the day, wherever it is.
    ByDay,
    /// It is always as bright as it is.
    Always,
}

struct Level {
    /// Powers of two of width and height.
    bits: (u32, u32),
    /// Red, green, blue and whether there is anything, from the lowest byte on.
    texels: Vec<u32>,
}

/// Walks through a texture in even steps.
pub(super) struct Sampler<'a> {
    texels: &'a [u32],
    bits: (u32, u32),
    at: (u32, u32),
    step: (u32, u32),
}

impl Sampler<'_> {
    /// Returns the texel at this place and goes on to the next.
    #[inline]
    pub(super) fn next_texel(&mut self) -> u32 {
        // The places are 32-bit fractions of the texture: overflowing repeats it.
        let column = self.at.0 >> (32 - self.bits.0);
        let row = self.at.1 >> (32 - self.bits.1);
        self.at = (self.at.0.wrapping_add(self.step.0), self.at.1.wrapping_add(self.step.1));
        self.texels[((row << self.bits.0) | column) as usize]
    }
}

fn fraction(value: f32) -> u32 {
    ((f64::from(value).rem_euclid(1.0)) * 4_294_967_296.0) as u64 as u32
}

impl Texture {
    /// Makes the texture of a look.
    pub(super) fn of(look: Look) -> Self {
        let size = match look {
            Look::Sign(_) | Look::ExitSign => (512, 128),
            Look::Paint(..) | Look::Glow(..) => (16, 16),
            Look::Puddle(..) | Look::Extinguisher | Look::Outline(..) => (128, 128),
            _ => (256, 256),
        };
        let shine = match look {
            Look::Glow(..) | Look::Outline(..) | Look::Puddle(..) | Look::ExitSign | Look::Screen => Shine::Always,
            Look::Window | Look::Lamp => Shine::ByDay,
            _ => Shine::Lit,
        };
        Self::painted(size, shine, &|u, v| paint(look, u, v), text_on(look))
    }

    fn painted(
        (width, height): (u32, u32),
        shine: Shine,
        paint: &dyn Fn(f32, f32) -> Option<[f32; 3]>,
        text: Option<&str>,
    ) -> Self {
        let mut texels = Vec::with_capacity((width * height) as usize);
        for row in 0..height {
            for column in 0..width {
                let at = ((column as f32 + 0.5) / width as f32, (row as f32 + 0.5) / height as f32);
                texels.push(paint(at.0, at.1).map_or(0, packed));
            }
        }
        if let Some(text) = text {
            write(&mut texels, (width, height), text);
        }
        let mut levels = vec![Level { bits: (width.ilog2(), height.ilog2()), texels }];
        while let Some(coarser) = levels.last().and_then(Level::coarser) {
            levels.push(coarser);
        }
        Self { levels, shine }
    }

    /// Begins to walk; the places and steps are in widths and heights of the texture, as is the step to the row below.
    pub(super) fn sampler(&self, u: (f32, f32), v: (f32, f32), below: (f32, f32)) -> Sampler<'_> {
        let (width, height) = (1_u32 << self.levels[0].bits.0, 1_u32 << self.levels[0].bits.1);
        let across = (u.1.abs() * width as f32).max(v.1.abs() * height as f32);
        let down = (below.0 * width as f32).max(below.1 * height as f32);
        // Between sharp and calm: surfaces seen along their plane are coarse in one direction only.
        let texels = (across * down).sqrt().max(0.35 * across.max(down)).max(1.0);
        let level = &self.levels[(texels.log2() as usize).min(self.levels.len() - 1)];
        Sampler {
            texels: &level.texels,
            bits: level.bits,
            at: (fraction(u.0), fraction(v.0)),
            step: (fraction(u.1), fraction(v.1)),
        }
    }
}

impl Level {
    /// Returns the same at half the size; nothing if a side is too short for it.
    fn coarser(&self) -> Option<Self> {
        if self.bits.0 <= 2 || self.bits.1 <= 2 {
            return None;
        }
        let bits = (self.bits.0 - 1, self.bits.1 - 1);
        let (width, row_length) = (1_usize << bits.0, 1_usize << self.bits.0);
        let texels = (0..1_usize << (bits.0 + bits.1))
            .map(|cell| {
                let corner = (cell / width) * 2 * row_length + (cell % width) * 2;
                let four = [corner, corner + 1, corner + row_length, corner + row_length + 1].map(|at| self.texels[at]);
                let full = four.iter().filter(|texel| **texel >> 24 != 0).count() as u32;
                if full < 2 {
                    return 0;
                }
                let mean = |shift: u32| four.iter().map(|texel| texel >> shift & 0xff).sum::<u32>() / full;
                mean(0) | mean(8) << 8 | mean(16) << 16 | 0xff00_0000
            })
            .collect();
        Some(Self { bits, texels })
    }
}

fn packed([red, green, blue]: [f32; 3]) -> u32 {
    let byte = |value: f32| value.clamp(0.0, 255.0) as u32;
    byte(red) | byte(green) << 8 | byte(blue) << 16 | 0xff00_0000
}

fn text_on(look: Look) -> Option<&'static str> {
    match look {
        Look::Sign(name) => Some(name),
        Look::ExitSign => Some("EXIT"),
        _ => None,
    }
}

/// Writes a word into the middle, in white.
fn write(texels: &mut [u32], (width, height): (u32, u32), text: &str) {
    let font = FontRef::try_from_slice(dejavu::sans_condensed::bold()).expect("the compiled-in font is a font");
    let size = 0.62 * height as f32;
    let scaled = font.as_scaled(PxScale::from(size));
    let length: f32 = text.chars().map(|letter| scaled.h_advance(scaled.glyph_id(letter))).sum();
    // The plate is wider than the texture's proportions say: see the sizes of signs.
    let squeeze = (0.92 * width as f32 / length).min(1.0);
    let mut x = (width as f32 - length * squeeze) / 2.0;
    let baseline = (height as f32 - scaled.height()) / 2.0 + scaled.ascent();
    for letter in text.chars() {
        let id = scaled.glyph_id(letter);
        let scale = PxScale { x: size * squeeze, y: size };
        if let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, point(x, baseline))) {
            let corner = outline.px_bounds().min;
            outline.draw(|right, down, share| {
                let (column, row) = (corner.x as i64 + i64::from(right), corner.y as i64 + i64::from(down));
                if share > 0.35 && (0..i64::from(width)).contains(&column) && (0..i64::from(height)).contains(&row) {
                    let from_bottom = i64::from(height) - 1 - row;
                    texels[(from_bottom * i64::from(width) + column) as usize] = packed([238.0, 240.0, 236.0]);
                }
            });
        }
        x += scaled.h_advance(id) * squeeze;
    }
}
