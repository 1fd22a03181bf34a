//! Decoded buffers as pictures, without a copy.

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::{Colour, Matrix, Picture, Plane};
use gstreamer as gst;
use gstreamer_video as video;

/// Wraps an I420 buffer; the picture keeps the decoder's memory until it is dropped.
pub(super) fn picture(sample: &gst::Sample) -> Result<Picture, String> {
    let buffer = sample.buffer_owned().ok_or("the decoder gave a sample without a buffer")?;
    let caps = sample.caps().ok_or("the decoder gave a sample without caps")?;
    let info = video::VideoInfo::from_caps(caps).map_err(|error| error.to_string())?;
    if info.format() != video::VideoFormat::I420 {
        return Err(format!("the decoder gave {} where I420 was agreed", info.format()));
    }
    // The decoder's own layout, if it says: planes may have padding around them.
    let (offsets, strides) = buffer.meta::<video::VideoMeta>().map_or_else(
        || (info.offset().to_vec(), info.stride().to_vec()),
        |meta| (meta.offset().to_vec(), meta.stride().to_vec()),
    );
    let plane = |index: usize| -> Result<Plane, String> {
        Ok(Plane {
            offset: offsets[index],
            stride: usize::try_from(strides[index]).map_err(|_| "the picture is upside down".to_owned())?,
        })
    };
    let planes = [plane(0)?, plane(1)?, plane(2)?];
    let size = Size::new(info.width(), info.height());
    let colour = colour(&info);
    let memory = buffer.into_mapped_buffer_readable().map_err(|_| "the decoder's memory cannot be read")?;
    Picture::i420(size, planes, Bytes::from_owner(memory))
        .map(|picture| picture.with_colour(colour))
        .map_err(|error| error.to_string())
}

fn colour(info: &video::VideoInfo) -> Colour {
    let colorimetry = info.colorimetry();
    Colour {
        matrix: match colorimetry.matrix() {
            video::VideoColorMatrix::Bt601 | video::VideoColorMatrix::Fcc => Matrix::Bt601,
            _ => Matrix::Bt709,
        },
        full_range: colorimetry.range() == video::VideoColorRange::Range0_255,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shares_the_buffers_memory() {
        gst::init().expect("GStreamer is installed");
        let info = video::VideoInfo::builder(video::VideoFormat::I420, 64, 48).build().expect("a plain format");
        let buffer = gst::Buffer::with_size(info.size()).expect("there is memory");
        let address = buffer.map_readable().expect("it can be read").as_ptr();
        let caps = info.to_caps().expect("a plain format");
        let sample = gst::Sample::builder().buffer(&buffer).caps(&caps).build();

        let picture = picture(&sample).expect("it is I420");

        assert_eq!(picture.data().as_ptr(), address);
        assert_eq!(picture.size(), Size::new(64, 48));
    }
}
