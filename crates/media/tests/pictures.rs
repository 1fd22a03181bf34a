//! Single pictures from outside, honest and not.

use std::io::Cursor;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use image::{DynamicImage, ImageFormat, RgbImage};
use media::image::{ImageError, Limits, decode_any};
use media::{jpeg, to_i420, to_rgb};
use turbojpeg::{Compressor, PixelFormat};

const RED: [u8; 3] = [220, 40, 30];
const BLUE: [u8; 3] = [20, 60, 200];

#[test]
fn jpeg_png_and_webp_are_recognised_by_content() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let picture = decode_any(&encoded(format), Limits::default()).expect("the file is honest");
        assert_eq!(picture.size(), Size::new(64, 48), "{format:?}");
        assert_close(pixel(&picture, 5, 5), RED, 6);
        assert_close(pixel(&picture, 60, 40), BLUE, 6);
    }
}

#[test]
fn a_jpeg_keeps_its_colours_from_planes_and_from_rgb() {
    let rgb = two_colours();
    for picture in [rgb.clone(), to_i420(&rgb)] {
        let jpeg = jpeg::encode(&picture, 90).expect("it has pixels");
        let back = jpeg::decode(&jpeg, Limits::default()).expect("we wrote it");
        assert_close(pixel(&back, 5, 5), RED, 6);
        assert_close(pixel(&back, 60, 40), BLUE, 6);
    }
}

#[test]
fn quality_is_a_trade_of_size() {
    let picture = noise(Size::new(64, 64));
    let [poor, good] = [20, 95].map(|quality| jpeg::encode(&picture, quality).expect("it has pixels").len());
    assert!(poor * 2 < good, "{poor} and {good} bytes");
}

#[test]
fn a_turned_photo_comes_out_upright() {
    // Orientation 6: the camera was held upright, the rows are its columns.
    let turned = with_orientation(&jpeg_of(&two_colours()), 6);

    let picture = decode_any(&turned, Limits::default()).expect("the file is honest");

    assert_eq!(picture.size(), Size::new(48, 64));
    assert_close(pixel(&picture, 40, 5), RED, 6);
    assert_close(pixel(&picture, 5, 60), BLUE, 6);
}

#[test]
fn nothing_and_nonsense_are_told_apart() {
    assert_eq!(decode_any(&[], Limits::default()), Err(ImageError::Empty));
    let nonsense = decode_any(b"<html>not found</html>", Limits::default());
    assert!(matches!(nonsense, Err(ImageError::Unsupported { .. })), "{nonsense:?}");
    let gif = decode_any(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", Limits::default());
    assert_eq!(gif, Err(ImageError::Unsupported { kind: "a GIF picture".to_owned() }));
}

#[test]
fn truncated_pictures_are_damaged() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = encode(&noise(Size::new(64, 48)), format);
        for cut in [whole.len() * 2 / 3, whole.len() / 4] {
            let error = decode_any(&whole[..cut], Limits::default()).expect_err("half of it is missing");
            assert!(matches!(error, ImageError::Broken { .. }), "{format:?} cut at {cut}: {error:?}");
        }
    }
}

#[test]
fn a_jpeg_with_bytes_of_padding_is_read() {
    let mut padded = jpeg_of(&two_colours());
    let end = padded.len() - 2;
    padded.splice(end..end, [0; 16]);
    assert!(decode_any(&padded, Limits::default()).is_ok());
}

#[test]
fn a_hundred_megapixels_are_refused_by_their_header() {
    let huge = [claiming(jpeg_of(&two_colours()), &JPEG_SIZE), claiming(encoded(ImageFormat::Png), &PNG_SIZE)];
    for picture in huge {
        let error = decode_any(&picture, Limits::default()).expect_err("it claims to be huge");
        assert_eq!(error, ImageError::TooManyPixels { width: 12_000, height: 12_000, limit: 40_000_000 });
    }
}

#[test]
fn a_long_file_is_refused_unread() {
    let limits = Limits { max_bytes: 100, ..Limits::default() };
    let error = decode_any(&encoded(ImageFormat::Png), limits);
    assert!(matches!(error, Err(ImageError::TooManyBytes { limit: 100, .. })), "{error:?}");
}

#[test]
fn cmyk_is_unsupported() {
    let mut compressor = Compressor::new().expect("there is memory");
    let cmyk = compressor
        .compress_to_vec(turbojpeg::Image {
            pixels: [90; 16 * 16 * 4].as_slice(),
            width: 16,
            pitch: 64,
            height: 16,
            format: PixelFormat::CMYK,
        })
        .expect("turbojpeg writes CMYK");
    assert_eq!(
        decode_any(&cmyk, Limits::default()),
        Err(ImageError::Unsupported { kind: "a CMYK JPEG picture".to_owned() })
    );
}

#[test]
fn grey_and_transparent_pictures_become_rgb() {
    let grey = DynamicImage::ImageLuma8(image::GrayImage::from_pixel(8, 8, image::Luma([77])));
    let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(8, 8, image::Rgba([10, 20, 30, 0])));
    for (image, expected) in [(grey, [77; 3]), (clear, [10, 20, 30])] {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, ImageFormat::Png).expect("PNG holds it");
        let picture = decode_any(file.get_ref(), Limits::default()).expect("the file is honest");
        assert_eq!(pixel(&picture, 4, 4), expected);
    }
}

/// Where a file says how large it is, and in how many bytes each.
struct SizeField {
    marker: &'static [u8],
    /// From the marker to the first number.
    skip: usize,
    bytes: usize,
}

const JPEG_SIZE: SizeField = SizeField { marker: &[0xff, 0xc0], skip: 5, bytes: 2 };
const PNG_SIZE: SizeField = SizeField { marker: b"IHDR", skip: 4, bytes: 4 };

/// Makes a file claim 12000 x 12000 pixels.
fn claiming(mut file: Vec<u8>, field: &SizeField) -> Vec<u8> {
    let marker = file.windows(field.marker.len()).position(|window| window == field.marker).expect("a header");
    let number = 12_000_u32.to_be_bytes();
    for side in 0..2 {
        let at = marker + field.skip + side * field.bytes;
        file[at..at + field.bytes].copy_from_slice(&number[4 - field.bytes..]);
    }
    if field.marker == b"IHDR" {
        let checksum = crc32(&file[marker..marker + 17]).to_be_bytes();
        file[marker + 17..marker + 21].copy_from_slice(&checksum);
    }
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc: u32, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 * (crc & 1))))
}

/// Red at the top left half, blue at the bottom right.
fn two_colours() -> Picture {
    picture(Size::new(64, 48), |x, y| if x * 48 + y * 64 < 64 * 48 { RED } else { BLUE })
}

fn noise(size: Size) -> Picture {
    let mut state = 1_u32;
    picture(size, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        [(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8]
    })
}

fn picture(size: Size, mut colour: impl FnMut(u32, u32) -> [u8; 3]) -> Picture {
    let pixels: Vec<u8> =
        (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y))).flat_map(|(x, y)| colour(x, y)).collect();
    Picture::rgb(size, size.width as usize * 3, Bytes::from(pixels)).expect("every pixel is there")
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    encode(&two_colours(), format)
}

fn encode(picture: &Picture, format: ImageFormat) -> Vec<u8> {
    if format == ImageFormat::Jpeg {
        return jpeg_of(picture);
    }
    let Size { width, height } = picture.size();
    let image = RgbImage::from_raw(width, height, picture.plane(0).0.to_vec()).expect("every pixel is there");
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).expect("the format holds RGB");
    file.into_inner()
}

fn jpeg_of(picture: &Picture) -> Vec<u8> {
    jpeg::encode(picture, 95).expect("it has pixels").to_vec()
}

/// Puts an Exif segment with nothing but an orientation behind the first marker.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() + 2) as u16;
    [&jpeg[..2], &[0xff, 0xe1], &length.to_be_bytes(), &exif, &jpeg[2..]].concat()
}

fn pixel(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let rgb = to_rgb(picture);
    let (pixels, stride) = rgb.plane(0);
    pixels[y * stride + 3 * x..][..3].try_into().expect("three bytes")
}

fn assert_close(actual: [u8; 3], expected: [u8; 3], tolerance: u8) {
    let near = actual.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= tolerance);
    assert!(near, "{actual:?} is not {expected:?}");
}
