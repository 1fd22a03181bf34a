//! Pictures with known content, in every format, and files that are no pictures.

use std::io::Cursor;

use domain::geometry::{Point, Size};
use image::{ExtendedColorType, ImageEncoder as _};
use media::draw::{Canvas, Rgb};

/// A red rectangle, which the tiny model calls `object`.
pub(crate) const RED_BOX: [f32; 4] = [120.0, 60.0, 220.0, 140.0];
pub(crate) const SIZE: Size = Size { width: 416, height: 234 };

/// Grey with one red rectangle.
pub(crate) fn scene() -> Canvas {
    let mut canvas = Canvas::blank(SIZE, Rgb(128, 128, 128));
    fill(&mut canvas, RED_BOX, Rgb(220, 30, 30));
    canvas
}

/// Grey with a red rectangle for each pair of numbers from 1: `columns` × `rows`, far enough apart to be told apart.
pub(crate) fn crowd(columns: u16, rows: u16) -> Canvas {
    let size = Size { width: u32::from(columns) * 100, height: u32::from(rows) * 100 };
    let mut canvas = Canvas::blank(size, Rgb(128, 128, 128));
    for (column, row) in (0..columns).flat_map(|column| (0..rows).map(move |row| (column, row))) {
        let (x, y) = (f32::from(column) * 100.0 + 35.0, f32::from(row) * 100.0 + 35.0);
        fill(&mut canvas, [x, y, x + 30.0, y + 30.0], Rgb(220, 30, 30));
    }
    canvas
}

fn fill(canvas: &mut Canvas, [x1, y1, x2, y2]: [f32; 4], colour: Rgb) {
    let corner = |x: f32, y: f32| Point { x: x.into(), y: y.into() };
    canvas.polygon(&[corner(x1, y1), corner(x2, y1), corner(x2, y2), corner(x1, y2)], colour);
}

pub(crate) fn jpeg(canvas: Canvas) -> Vec<u8> {
    media::jpeg::encode(&canvas.into_picture(), 95).expect("is encoded").to_vec()
}

pub(crate) fn png(canvas: Canvas) -> Vec<u8> {
    let picture = canvas.into_picture();
    let Size { width, height } = picture.size();
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(Cursor::new(&mut file));
    encoder.write_image(picture.plane(0).0, width, height, ExtendedColorType::Rgb8).expect("is encoded");
    file
}

pub(crate) fn webp(canvas: Canvas) -> Vec<u8> {
    let picture = canvas.into_picture();
    let Size { width, height } = picture.size();
    let mut file = Vec::new();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(Cursor::new(&mut file));
    encoder.write_image(picture.plane(0).0, width, height, ExtendedColorType::Rgb8).expect("is encoded");
    file
}

/// A black PNG picture: few bytes, many pixels.
pub(crate) fn black_png(width: u32, height: u32) -> Vec<u8> {
    let pixels = vec![0; width as usize * height as usize];
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(Cursor::new(&mut file));
    encoder.write_image(&pixels, width, height, ExtendedColorType::L8).expect("is encoded");
    file
}

/// A small JPEG picture whose header claims other sides.
pub(crate) fn claiming_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg(scene());
    let frame = file.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("has a frame header");
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}
