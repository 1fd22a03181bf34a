//! Draws surfaces into a picture: perspective-correct every sixteen pixels, with a depth for each pixel.

use domain::geometry::Size;
use domain::picture::Picture;

use super::mesh::{SeenFace, Vector, add, cross, dot};
use super::texture::{Shine, Texture};

/// Nothing nearer than this is drawn, in metres.
const NEAR: f32 = 0.04;
/// Between pixels this far apart, textures are stretched evenly.
const STRETCH: usize = 16;
/// How much darker it gets with every metre, and how much of the light is left at most.
const FADE: f32 = 0.028;
const FADED: f32 = 0.66;

/// A picture being drawn.
pub(super) struct Raster {
    width: usize,
    height: usize,
    focal: f32,
    light: f32,
    torch: f32,
    pixels: Vec<u8>,
    /// One over the depth of what is drawn at each pixel; 0 where nothing is.
    nearness: Vec<f32>,
}

/// A number that is linear over the picture: `value = at + right × column + down × row`.
#[derive(Debug, Clone, Copy)]
struct Plane {
    at: f32,
    right: f32,
    down: f32,
}

impl Plane {
    fn value(self, column: f32, row: f32) -> f32 {
        self.at + self.right * column + self.down * row
    }
}

impl Raster {
    /// Begins with darkness.
    pub(super) fn new(size: Size, focal: f32, light: f32, torch: f32) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let pixels = vec![12; width * height * 3];
        Self { width, height, focal, light, torch, pixels, nearness: vec![0.0; width * height] }
    }

    /// Returns the picture.
    pub(super) fn into_picture(self) -> Picture {
        let size = Size::new(self.width as u32, self.height as u32);
        Picture::rgb(size, self.width * 3, self.pixels.into()).expect("every pixel was made")
    }

    /// Returns the depth of every pixel, 0 where nothing is.
    pub(super) fn depths(&self) -> Vec<f32> {
        self.nearness.iter().map(|nearness| if *nearness > 0.0 { 1.0 / nearness } else { 0.0 }).collect()
    }

    /// Draws one face.
    pub(super) fn draw(&mut self, face: &SeenFace, texture: &Texture, light: f32) {
        let corners = self.corners(face);
        if corners.len() < 3 {
            return;
        }
        let Some(planes) = self.planes(face) else { return };
        let (top, bottom) = corners
            .iter()
            .fold((f32::MAX, f32::MIN), |(top, bottom), corner| (top.min(corner.1), bottom.max(corner.1)));
        let first = (top - 0.5).ceil().max(0.0) as usize;
        let last = ((bottom - 0.5).floor() + 1.0).clamp(0.0, self.height as f32) as usize;
        for row in first..last {
            if let Some((from, to)) = self.span(&corners, row as f32 + 0.5) {
                self.draw_row(row, from, to, &planes, face, texture, light);
            }
        }
    }

    /// Cuts off what is behind the camera and returns the corners of the rest in the picture.
    fn corners(&self, face: &SeenFace) -> Vec<(f32, f32)> {
        let right = add(face.corner, face.across);
        let corners = [face.corner, right, add(right, face.up), add(face.corner, face.up)];
        let mut kept: Vec<Vector> = Vec::with_capacity(5);
        for (index, corner) in corners.into_iter().enumerate() {
            let next = corners[(index + 1) % 4];
            if corner[2] >= NEAR {
                kept.push(corner);
            }
            if (corner[2] >= NEAR) != (next[2] >= NEAR) {
                let share = (NEAR - corner[2]) / (next[2] - corner[2]);
                kept.push([0, 1, 2].map(|axis| corner[axis] + share * (next[axis] - corner[axis])));
            }
        }
        let (middle, centre) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        kept.iter().map(|at| (middle + self.focal * at[0] / at[2], centre + self.focal * at[1] / at[2])).collect()
    }

    /// Returns the planes of nearness and of both texture coordinates times nearness.
    fn planes(&self, face: &SeenFace) -> Option<[Plane; 3]> {
        let normal = cross(face.across, face.up);
        let determinant = dot(normal, face.corner);
        if determinant.abs() < 1e-9 {
            return None;
        }
        let (middle, centre) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        let plane = |row: Vector| {
            let [x, y, z] = row.map(|value| value / determinant);
            let (right, down) = (x / self.focal, y / self.focal);
            Plane { at: z - right * middle - down * centre, right, down }
        };
        Some([plane(normal), plane(cross(face.up, face.corner)), plane(cross(face.corner, face.across))])
    }

    /// Returns the columns of a row whose middles are inside a convex polygon.
    fn span(&self, corners: &[(f32, f32)], row: f32) -> Option<(usize, usize)> {
        let (mut left, mut right) = (f32::MAX, f32::MIN);
        for (index, one) in corners.iter().enumerate() {
            let other = corners[(index + 1) % corners.len()];
            if (one.1 <= row) != (other.1 <= row) {
                let at = one.0 + (row - one.1) / (other.1 - one.1) * (other.0 - one.0);
                left = left.min(at);
                right = right.max(at);
            }
        }
        let from = (left - 0.5).ceil().clamp(0.0, self.width as f32) as usize;
        let to = ((right - 0.5).floor() + 1.0).clamp(0.0, self.width as f32) as usize;
        (from < to).then_some((from, to))
    }

    #[expect(clippy::too_many_arguments, reason = "the innermost loop of a picture takes what it needs by value")]
    fn draw_row(
        &mut self,
        row: usize,
        from: usize,
        to: usize,
        planes: &[Plane; 3],
        face: &SeenFace,
        texture: &Texture,
        light: f32,
    ) {
        let down = row as f32 + 0.5;
        let start = row * self.width;
        let [nearness, across, up] = *planes;
        let mut column = from;
        while column < to {
            let end = (column + STRETCH).min(to);
            let count = end - column;
            let middle = column as f32 + 0.5;
            let near = nearness.value(middle, down);
            let block = &mut self.nearness[start + column..start + end];
            let mut value = near;
            let hidden = block.iter().all(|drawn| {
                let behind = value <= *drawn;
                value += nearness.right;
                behind
            });
            if hidden {
                column = end;
                continue;
            }
            let far = nearness.value(middle + count as f32, down);
            let depth = 1.0 / near.max(1e-6);
            let depth_at_end = 1.0 / far.max(1e-6);
            let at = |plane: Plane, column: f32, depth: f32| plane.value(column, down) * depth;
            let begin = (at(across, middle, depth), at(up, middle, depth));
            let finish = (at(across, middle + count as f32, depth_at_end), at(up, middle + count as f32, depth_at_end));
            // How fast the texture passes from this pixel to the one below says how coarse it is to be.
            let steep = |plane: Plane, value: f32| ((plane.down - value * nearness.down) * depth).abs();
            let vertical = (steep(across, begin.0) * face.part[2], steep(up, begin.1) * face.part[3]);
            let per = 1.0 / count as f32;
            let stretch = |from: f32, to: f32, begins: f32, repeats: f32| {
                ((begins + from * repeats), (to - from) * repeats * per)
            };
            let (u, u_step) = stretch(begin.0, finish.0, face.part[0], face.part[2]);
            let (v, v_step) = stretch(begin.1, finish.1, face.part[1], face.part[3]);
            let mut sampler = texture.sampler((u, u_step), (v, v_step), vertical);
            let shade = match texture.shine {
                // Sides differ a little, so that it has a shape; its colour stays what it is.
                Shine::Always => (light.max(0.88) * 256.0) as u32,
                Shine::ByDay => (self.light * 256.0) as u32,
                Shine::Lit => {
                    let fade = (1.0 - FADE * depth).max(FADED);
                    let lamp = self.torch / (1.0 + 0.5 * depth * depth);
                    ((light * fade * self.light + lamp).min(1.1) * 256.0) as u32
                }
            };
            let mut value = near;
            let pixels = self.pixels[(start + column) * 3..(start + end) * 3].chunks_exact_mut(3);
            for (drawn, pixel) in block.iter_mut().zip(pixels) {
                let texel = sampler.next_texel();
                if value > *drawn && texel >> 24 != 0 {
                    *drawn = value;
                    pixel[0] = (((texel & 0xff) * shade) >> 8).min(255) as u8;
                    pixel[1] = (((texel >> 8 & 0xff) * shade) >> 8).min(255) as u8;
                    pixel[2] = (((texel >> 16 & 0xff) * shade) >> 8).min(255) as u8;
                }
                value += nearness.right;
            }
            column = end;
        }
    }
}
