//! Single pictures from outside: whatever the sender calls them, they are recognised by their first bytes, and no more
//! memory is spent on them than the limits say, because the size is read before anything is allocated.
//!
//! Pictures come out upright: the orientation that a phone notes in the file is applied, as OpenCV, browsers and picture
//! viewers do, so that boxes found in the picture are where the person who sent it sees them. Transparency is ignored.

use std::io::Cursor;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use crate::jpeg;

/// How much an incoming picture may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Width times height.
    pub max_pixels: u64,
    /// Length of the file.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// 40 megapixels, 20 MiB: more than any camera on the market of fixed cameras gives.
    fn default() -> Self {
        Self { max_pixels: 40_000_000, max_bytes: 20 << 20 }
    }
}

impl Limits {
    pub(crate) fn check_bytes(self, bytes: &[u8]) -> Result<(), ImageError> {
        match bytes.len() {
            0 => Err(ImageError::Empty),
            len if len > self.max_bytes => Err(ImageError::TooManyBytes { bytes: len, limit: self.max_bytes }),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_pixels(self, width: u64, height: u64) -> Result<Size, ImageError> {
        let too_many = ImageError::TooManyPixels { width, height, limit: self.max_pixels };
        if width.saturating_mul(height) > self.max_pixels {
            return Err(too_many);
        }
        match (u32::try_from(width), u32::try_from(height)) {
            (Ok(width), Ok(height)) => Ok(Size { width, height }),
            _ => Err(too_many),
        }
    }
}

/// Why a picture was not read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// There are no bytes.
    #[error("the picture is empty")]
    Empty,
    /// The file is too long.
    #[error("the picture has {bytes} bytes, at most {limit} are read")]
    TooManyBytes {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The picture is too large.
    #[error("the picture has {width} x {height} pixels, at most {limit} are read")]
    TooManyPixels {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
        /// The limit of their product.
        limit: u64,
    },
    /// Reading it would need more memory than its pixel count allows for.
    #[error("the picture needs too much memory to be read")]
    TooMuchMemory,
    /// It is a picture, or something else, of a kind that is not read here.
    #[error("{kind} is not read, only JPEG, PNG and WebP")]
    Unsupported {
        /// What it seems to be.
        kind: String,
    },
    /// It is truncated or damaged.
    #[error("the picture is damaged: {reason}")]
    Broken {
        /// What the decoder said.
        reason: String,
    },
    /// It cannot be written.
    #[error("the picture cannot be encoded: {reason}")]
    Encode {
        /// What the encoder said.
        reason: String,
    },
}

/// Reads a JPEG, PNG or WebP picture as RGB.
///
/// # Errors
/// Every variant of [`ImageError`] but `Encode`.
pub fn decode_any(bytes: &[u8], limits: Limits) -> Result<Picture, ImageError> {
    limits.check_bytes(bytes)?;
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg::decode(bytes, limits),
        Ok(format @ (ImageFormat::Png | ImageFormat::WebP)) => decode(bytes, format, limits),
        Ok(other) => Err(ImageError::Unsupported {
            kind: format!("a {} picture", other.extensions_str().first().unwrap_or(&"foreign").to_uppercase()),
        }),
        Err(_) => Err(ImageError::Unsupported { kind: "something that is no picture".to_owned() }),
    }
}

fn decode(bytes: &[u8], format: ImageFormat, limits: Limits) -> Result<Picture, ImageError> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(width.into(), height.into())?;

    // Sixteen bits a channel with alpha is the dearest; whatever else a file asks for is an attack.
    let mut memory = image::Limits::no_limits();
    memory.max_alloc = Some(limits.max_pixels.saturating_mul(8).saturating_add(1 << 20));
    decoder.set_limits(memory).map_err(broken)?;

    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    upright(image, orientation)
}

/// Turns an image as its file asks and makes it a picture.
pub(crate) fn upright(mut image: DynamicImage, orientation: Orientation) -> Result<Picture, ImageError> {
    image.apply_orientation(orientation);
    let rgb = image.into_rgb8();
    let size = Size { width: rgb.width(), height: rgb.height() };
    let stride = size.width as usize * 3;
    Picture::rgb(size, stride, Bytes::from(rgb.into_raw()))
        .map_err(|error| ImageError::Broken { reason: error.to_string() })
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(error: image::ImageError) -> ImageError {
    match error {
        image::ImageError::Limits(_) => ImageError::TooMuchMemory,
        image::ImageError::Unsupported(error) => ImageError::Unsupported { kind: error.to_string() },
        other => ImageError::Broken { reason: other.to_string() },
    }
}
