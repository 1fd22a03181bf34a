//! A photo on its way to a model: the camera's own JPEG, or a smaller one if the settings ask for it.

use anyhow::Context as _;
use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use image::RgbImage;
use image::imageops::{FilterType, resize};
use media::image::Limits;
use media::jpeg;
use vlm::Jpeg;
use vlm::scale::{Policy, size_of};

/// The quality of a photo that was made smaller.
const QUALITY: u8 = 88;

/// Returns what is sent of a photo. Only one that is too large is touched.
pub(super) async fn for_model(photo: Bytes, policy: Policy) -> anyhow::Result<Jpeg> {
    let photo = Jpeg::new(photo)?;
    let Some(size) = size_of(&photo).and_then(|size| policy.smaller(size)) else {
        return Ok(photo);
    };
    let shrink = move || shrunk(photo.bytes(), size);
    let smaller = tokio::task::spawn_blocking(shrink).await.context("making a photo smaller")??;
    Ok(Jpeg::new(smaller)?)
}

fn shrunk(photo: &Bytes, size: Size) -> anyhow::Result<Bytes> {
    let picture = jpeg::decode(photo, Limits::default()).context("reading a photo")?;
    let (pixels, stride) = picture.plane(0);
    let (width, height) = (picture.size().width, picture.size().height);
    let row_bytes = width as usize * 3;
    let packed: Vec<u8> =
        pixels.chunks(stride).take(height as usize).flat_map(|row| &row[..row_bytes]).copied().collect();
    let image = RgbImage::from_raw(width, height, packed).context("a photo has fewer pixels than it says")?;
    let small = resize(&image, size.width, size.height, FilterType::Triangle);
    let small = Picture::rgb(size, size.width as usize * 3, small.into_raw().into())?;
    jpeg::encode(&small, QUALITY).context("writing a smaller photo")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(width: u32, height: u32) -> Bytes {
        let size = Size { width, height };
        let pixels = vec![90; (width * height * 3) as usize];
        let picture = Picture::rgb(size, width as usize * 3, pixels.into()).expect("is one");
        jpeg::encode(&picture, 80).expect("is encoded")
    }

    #[tokio::test]
    async fn w33_the_cameras_jpeg_is_sent_byte_for_byte_unless_it_is_too_large() {
        let original = photo(640, 360);
        for policy in [Policy::default(), Policy { longest_side: Some(640) }] {
            let sent = for_model(original.clone(), policy).await.expect("is a photo");
            assert_eq!(sent.bytes(), &original);
        }
        let small = for_model(original, Policy { longest_side: Some(320) }).await.expect("is a photo");
        assert_eq!(size_of(&small), Some(Size { width: 320, height: 180 }));
    }

    #[tokio::test]
    async fn what_is_no_photo_is_not_sent() {
        assert!(for_model(Bytes::from_static(b"\x89PNG"), Policy::default()).await.is_err());
        let broken = Bytes::from(photo(640, 360)[..300].to_vec());
        assert!(for_model(broken, Policy { longest_side: Some(100) }).await.is_err());
    }
}
