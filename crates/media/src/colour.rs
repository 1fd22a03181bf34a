//! From the colours of video (luma and chroma, BT.601 or BT.709, limited or full range) to those of screens and pictures
//! (RGB, and the one flavour of luma and chroma that JPEG knows), and back. Fixed-point arithmetic, 16 fractional bits.

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::{Colour, Layout, Matrix, Picture, Plane};

const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// The colours of JPEG files.
const JFIF: Colour = Colour { matrix: Matrix::Bt601, full_range: true };

/// Returns the picture as RGB, tightly packed. An RGB picture is only repacked.
pub fn to_rgb(picture: &Picture) -> Picture {
    let size = picture.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let mut rgb = vec![0; width * height * 3];
    let rows = rgb.chunks_exact_mut((width * 3).max(1)).enumerate();
    match picture.layout() {
        Layout::Rgb8 => {
            let (pixels, stride) = picture.plane(0);
            for (y, out) in rows {
                out.copy_from_slice(&pixels[y * stride..][..width * 3]);
            }
        }
        Layout::I420 => {
            let weights = FromVideo::new(picture.colour());
            let [luma, u, v] = [0, 1, 2].map(|plane| picture.plane(plane));
            let chroma_width = width.div_ceil(2);
            for (y, out) in rows {
                weights.row(
                    &luma.0[y * luma.1..][..width],
                    &u.0[y / 2 * u.1..][..chroma_width],
                    &v.0[y / 2 * v.1..][..chroma_width],
                    out,
                );
            }
        }
    }
    Picture::rgb(size, width * 3, Bytes::from(rgb)).expect("a packed buffer of the picture's own size fits it")
}

/// Returns the picture as I420 in the colours of JPEG files (BT.601, full range). One that is so already is shared, not
/// copied.
pub fn to_i420(picture: &Picture) -> Picture {
    match picture.layout() {
        Layout::Rgb8 => from_rgb(picture),
        Layout::I420 if picture.colour() == JFIF => picture.clone(),
        Layout::I420 => recoloured(picture),
    }
}

/// Weights that turn luma and chroma into red, green and blue.
struct FromVideo {
    black: i32,
    luma: i32,
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
}

impl FromVideo {
    fn new(colour: Colour) -> Self {
        let (kr, kb) = luma_shares(colour.matrix);
        let kg = 1.0 - kr - kb;
        let (luma, chroma) = ranges(colour.full_range);
        let red_v = 2.0 * (1.0 - kr);
        let blue_u = 2.0 * (1.0 - kb);
        Self {
            black: if colour.full_range { 0 } else { 16 },
            luma: fixed(luma),
            red_v: fixed(red_v * chroma),
            green_u: fixed(-blue_u * kb / kg * chroma),
            green_v: fixed(-red_v * kr / kg * chroma),
            blue_u: fixed(blue_u * chroma),
        }
    }

    fn row(&self, luma: &[u8], u: &[u8], v: &[u8], rgb: &mut [u8]) {
        let pairs = luma.chunks(2).zip(rgb.chunks_mut(6)).zip(u.iter().zip(v));
        for ((luma, out), (&u, &v)) in pairs {
            let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
            let red = self.red_v * v + HALF;
            let green = self.green_u * u + self.green_v * v + HALF;
            let blue = self.blue_u * u + HALF;
            for (&y, pixel) in luma.iter().zip(out.chunks_exact_mut(3)) {
                let y = (i32::from(y) - self.black) * self.luma;
                pixel[0] = clamped((y + red) >> BITS);
                pixel[1] = clamped((y + green) >> BITS);
                pixel[2] = clamped((y + blue) >> BITS);
            }
        }
    }
}

fn from_rgb(picture: &Picture) -> Picture {
    let size = picture.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let (pixels, stride) = picture.plane(0);
    let mut planes = Planes::new(size);
    let (kr, kb) = luma_shares(JFIF.matrix);
    let (red, blue) = (fixed(kr), fixed(kb));
    let green = (1 << BITS) - red - blue;
    let u_scale = fixed(0.5 / (1.0 - kb));
    let v_scale = fixed(0.5 / (1.0 - kr));

    for y in 0..height {
        let row = &pixels[y * stride..][..width * 3];
        for (out, rgb) in planes.luma[y * width..][..width].iter_mut().zip(row.chunks_exact(3)) {
            let sum = red * i32::from(rgb[0]) + green * i32::from(rgb[1]) + blue * i32::from(rgb[2]);
            *out = clamped((sum + HALF) >> BITS);
        }
    }
    // Chroma is the mean of up to four pixels: R, G and B first, then their difference to luma.
    for cy in 0..height.div_ceil(2) {
        for cx in 0..width.div_ceil(2) {
            let (mut sum, mut count) = ([0; 3], 0);
            for y in 2 * cy..(2 * cy + 2).min(height) {
                for x in 2 * cx..(2 * cx + 2).min(width) {
                    let rgb = &pixels[y * stride + 3 * x..][..3];
                    for (sum, &value) in sum.iter_mut().zip(rgb) {
                        *sum += i32::from(value);
                    }
                    count += 1;
                }
            }
            let [r, g, b] = sum.map(|sum| sum / count);
            let luma = (red * r + green * g + blue * b + HALF) >> BITS;
            let at = cy * planes.chroma_width + cx;
            planes.u[at] = clamped(128 + ((u_scale * (b - luma) + HALF) >> BITS));
            planes.v[at] = clamped(128 + ((v_scale * (r - luma) + HALF) >> BITS));
        }
    }
    planes.into_picture(size)
}

/// Recolours I420 without a detour over RGB: grey stays grey, so luma and chroma need three weights each at most.
fn recoloured(picture: &Picture) -> Picture {
    let size = picture.size();
    let (width, height) = (size.width as usize, size.height as usize);
    let weights = Recolour::new(picture.colour());
    let [luma, u, v] = [0, 1, 2].map(|plane| picture.plane(plane));
    let mut planes = Planes::new(size);
    let chroma_width = planes.chroma_width;
    for y in 0..height {
        weights.luma_row(
            &luma.0[y * luma.1..][..width],
            &u.0[y / 2 * u.1..][..chroma_width],
            &v.0[y / 2 * v.1..][..chroma_width],
            &mut planes.luma[y * width..][..width],
        );
    }
    for y in 0..height.div_ceil(2) {
        weights.chroma_row(
            &u.0[y * u.1..][..chroma_width],
            &v.0[y * v.1..][..chroma_width],
            &mut planes.u[y * chroma_width..][..chroma_width],
            &mut planes.v[y * chroma_width..][..chroma_width],
        );
    }
    planes.into_picture(size)
}

/// Weights that turn luma and chroma of a camera into those of JPEG.
struct Recolour {
    black: i32,
    luma: i32,
    luma_u: i32,
    luma_v: i32,
    u_u: i32,
    u_v: i32,
    v_u: i32,
    v_v: i32,
}

impl Recolour {
    fn new(from: Colour) -> Self {
        let (kr, kb) = luma_shares(from.matrix);
        let kg = 1.0 - kr - kb;
        let (jr, jb) = luma_shares(JFIF.matrix);
        let jg = 1.0 - jr - jb;
        let (luma, chroma) = ranges(from.full_range);
        // What one step of u and of v adds to R, G and B, and through them to JPEG's luma.
        let of_u = [0.0, -2.0 * (1.0 - kb) * kb / kg, 2.0 * (1.0 - kb)];
        let of_v = [2.0 * (1.0 - kr), -2.0 * (1.0 - kr) * kr / kg, 0.0];
        let to_luma = |rgb: [f64; 3]| jr * rgb[0] + jg * rgb[1] + jb * rgb[2];
        let (luma_u, luma_v) = (to_luma(of_u), to_luma(of_v));
        Self {
            black: if from.full_range { 0 } else { 16 },
            luma: fixed(luma),
            luma_u: fixed(luma_u * chroma),
            luma_v: fixed(luma_v * chroma),
            u_u: fixed((of_u[2] - luma_u) / (2.0 * (1.0 - jb)) * chroma),
            u_v: fixed((of_v[2] - luma_v) / (2.0 * (1.0 - jb)) * chroma),
            v_u: fixed((of_u[0] - luma_u) / (2.0 * (1.0 - jr)) * chroma),
            v_v: fixed((of_v[0] - luma_v) / (2.0 * (1.0 - jr)) * chroma),
        }
    }

    fn luma_row(&self, luma: &[u8], u: &[u8], v: &[u8], out: &mut [u8]) {
        for ((luma, out), (&u, &v)) in luma.chunks(2).zip(out.chunks_mut(2)).zip(u.iter().zip(v)) {
            let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
            let shift = self.luma_u * u + self.luma_v * v + HALF;
            for (&y, out) in luma.iter().zip(out) {
                *out = clamped(((i32::from(y) - self.black) * self.luma + shift) >> BITS);
            }
        }
    }

    fn chroma_row(&self, u: &[u8], v: &[u8], u_out: &mut [u8], v_out: &mut [u8]) {
        for ((&u, &v), (u_out, v_out)) in u.iter().zip(v).zip(u_out.iter_mut().zip(v_out)) {
            let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
            *u_out = clamped(128 + ((self.u_u * u + self.u_v * v + HALF) >> BITS));
            *v_out = clamped(128 + ((self.v_u * u + self.v_v * v + HALF) >> BITS));
        }
    }
}

/// Three packed planes under construction.
struct Planes {
    luma: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
    chroma_width: usize,
}

impl Planes {
    fn new(size: Size) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let chroma_width = width.div_ceil(2);
        let chroma = vec![0; chroma_width * height.div_ceil(2)];
        Self { luma: vec![0; width * height], u: chroma.clone(), v: chroma, chroma_width }
    }

    fn into_picture(self, size: Size) -> Picture {
        let (luma, chroma) = (self.luma.len(), self.u.len());
        let planes = [
            Plane { offset: 0, stride: size.width as usize },
            Plane { offset: luma, stride: self.chroma_width },
            Plane { offset: luma + chroma, stride: self.chroma_width },
        ];
        let pixels = Bytes::from([self.luma, self.u, self.v].concat());
        Picture::i420(size, planes, pixels).expect("packed planes of the picture's own size fit it").with_colour(JFIF)
    }
}

/// The shares of red and blue in luma.
fn luma_shares(matrix: Matrix) -> (f64, f64) {
    match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
    }
}

/// What luma and chroma are to be multiplied by to span 0 to 255.
fn ranges(full: bool) -> (f64, f64) {
    if full { (1.0, 1.0) } else { (255.0 / 219.0, 255.0 / 224.0) }
}

fn fixed(value: f64) -> i32 {
    (value * f64::from(1 << BITS)).round() as i32
}

fn clamped(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}
