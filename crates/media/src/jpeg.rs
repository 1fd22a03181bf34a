//! JPEG through libjpeg-turbo: camera frames are encoded from their planes without a detour over RGB.

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::{Layout, Picture};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};
use turbojpeg::{Colorspace, Compressor, Decompressor, PixelFormat, Subsamp, YuvPlanesImage};

use crate::colour::to_i420;
use crate::image::{ImageError, Limits, upright};

/// Progressive files may repeat the picture at will; honest ones have about ten scans.
const MAX_SCANS: u32 = 100;

/// Encodes a picture; `quality` is 1 to 100.
///
/// # Errors
/// [`ImageError::Encode`] if the picture has no pixels or more than JPEG can hold.
pub fn encode(picture: &Picture, quality: u8) -> Result<Bytes, ImageError> {
    let mut compressor = Compressor::new().map_err(cannot_encode)?;
    compressor.set_quality(quality.clamp(1, 100).into()).map_err(cannot_encode)?;
    compressor.set_subsamp(Subsamp::Sub2x2).map_err(cannot_encode)?;
    let Size { width, height } = picture.size();
    let (width, height) = (width as usize, height as usize);
    let jpeg = match picture.layout() {
        Layout::I420 => {
            let picture = to_i420(picture);
            let [luma, u, v] = [0, 1, 2].map(|plane| picture.plane(plane));
            compressor.compress_yuv_planes_to_vec(&YuvPlanesImage {
                y_plane: luma.0,
                u_plane: u.0,
                v_plane: v.0,
                width,
                height,
                y_stride: luma.1,
                u_stride: u.1,
                v_stride: v.1,
                subsamp: Subsamp::Sub2x2,
            })
        }
        Layout::Rgb8 => {
            let (pixels, pitch) = picture.plane(0);
            compressor.compress_to_vec(turbojpeg::Image { pixels, width, pitch, height, format: PixelFormat::RGB })
        }
    };
    jpeg.map(Bytes::from).map_err(cannot_encode)
}

/// Reads a JPEG picture as RGB, upright.
///
/// # Errors
/// Every variant of [`ImageError`] but `Encode`; `Unsupported` for CMYK, whose colours nobody can tell without a profile.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Picture, ImageError> {
    limits.check_bytes(bytes)?;
    let mut decompressor = Decompressor::new().map_err(broken)?;
    decompressor.set_scan_limit(MAX_SCANS).map_err(broken)?;
    let header = decompressor.read_header(bytes).map_err(broken)?;
    if matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK) {
        return Err(ImageError::Unsupported { kind: "a CMYK JPEG picture".to_owned() });
    }
    let size = limits.check_pixels(header.width as u64, header.height as u64)?;

    let pitch = header.width * 3;
    let mut pixels = vec![0; pitch * header.height];
    let output = turbojpeg::Image {
        pixels: pixels.as_mut_slice(),
        width: header.width,
        pitch,
        height: header.height,
        format: PixelFormat::RGB,
    };
    match decompressor.decompress(bytes, output) {
        Ok(()) => {}
        Err(error) if is_harmless(&error) => {}
        Err(error) => return Err(broken(error)),
    }
    match orientation(bytes) {
        Orientation::NoTransforms => Picture::rgb(size, pitch, Bytes::from(pixels))
            .map_err(|error| ImageError::Broken { reason: error.to_string() }),
        turned => {
            let image = RgbImage::from_raw(size.width, size.height, pixels).expect("the buffer was made for this size");
            upright(DynamicImage::from(image), turned)
        }
    }
}

/// Reads the size of a JPEG picture from its head.
///
/// # Errors
/// [`ImageError::Broken`] if it is none.
pub fn size(bytes: &[u8]) -> Result<Size, ImageError> {
    let header = Decompressor::new().and_then(|mut decompressor| decompressor.read_header(bytes)).map_err(broken)?;
    let side = |length: usize| u32::try_from(length).map_err(|error| ImageError::Broken { reason: error.to_string() });
    Ok(Size::new(side(header.width)?, side(header.height)?))
}

/// Returns how the picture is to be turned, from the Exif segment if there is one.
fn orientation(jpeg: &[u8]) -> Orientation {
    const APP1: u8 = 0xe1;
    const SCAN: u8 = 0xda;
    const EXIF: &[u8] = b"Exif\0\0";

    let mut rest = jpeg.get(2..).unwrap_or_default();
    while let [0xff, marker, high, low, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(segment) = rest.get(4..2 + length).filter(|_| marker != SCAN) else {
            break;
        };
        if let (APP1, Some(exif)) = (marker, segment.strip_prefix(EXIF)) {
            return Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms);
        }
        rest = &rest[2 + length..];
    }
    Orientation::NoTransforms
}

/// Some cameras pad their pictures with bytes that mean nothing; the decoder complains, but the picture is whole.
fn is_harmless(error: &turbojpeg::Error) -> bool {
    error.to_string().contains("extraneous bytes")
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(error: turbojpeg::Error) -> ImageError {
    ImageError::Broken { reason: error.to_string() }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn cannot_encode(error: turbojpeg::Error) -> ImageError {
    ImageError::Encode { reason: error.to_string() }
}
