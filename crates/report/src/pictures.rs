//! The pictures of a report. A JPEG goes into the PDF as it is; it is only looked at to see whether it can be shown.

use std::num::NonZero;
use std::thread;

use bytes::Bytes;
use serde::Serialize;
use typst::foundations::Bytes as TypstBytes;
use typst::visualize::{ExchangeFormat, RasterImage};

/// What the template knows of a picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PictureView {
    /// Its file.
    pub(crate) file: String,
    /// Its width divided by its height.
    pub(crate) aspect: f64,
}

/// The pictures of a report, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    added: Vec<Bytes>,
}

/// Stands for a picture until all of them were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureId(usize);

/// The pictures of a report, each of which can be shown or not.
#[derive(Debug)]
pub(crate) struct Album {
    views: Vec<Option<PictureView>>,
    files: Vec<(String, TypstBytes)>,
}

impl Pictures {
    /// Adds a picture, JPEG or PNG.
    pub(crate) fn add(&mut self, picture: &Bytes) -> PictureId {
        self.added.push(picture.clone());
        PictureId(self.added.len() - 1)
    }

    /// Looks at all pictures. The typesetter keeps what it read, so nothing is read twice; here it is done on all
    /// processors, and one broken photo does not spoil the report.
    pub(crate) fn look(self) -> Album {
        let workers = thread::available_parallelism().map_or(1, NonZero::get).min(self.added.len()).max(1);
        let share = self.added.len().div_ceil(workers).max(1);
        let mut looked = Vec::with_capacity(self.added.len());
        thread::scope(|scope| {
            let parts: Vec<_> =
                self.added.chunks(share).map(|part| scope.spawn(|| part.iter().map(look).collect())).collect();
            for part in parts {
                // A photo that makes the decoder panic is a broken photo, and so, unluckily, are its neighbours.
                looked.extend(part.join().unwrap_or_else(|_| vec![None; share]));
            }
        });
        looked.truncate(self.added.len());
        let mut album = Album { views: Vec::new(), files: Vec::new() };
        for (index, looked) in looked.into_iter().enumerate() {
            album.views.push(looked.map(|(ending, aspect, bytes)| {
                let file = format!("/pictures/{index}.{ending}");
                album.files.push((file.clone(), bytes));
                PictureView { file, aspect }
            }));
        }
        album
    }
}

impl Album {
    /// Returns what the template needs to know of a picture; nothing if it cannot be shown.
    pub(crate) fn view(&self, id: PictureId) -> Option<PictureView> {
        self.views.get(id.0).cloned().flatten()
    }

    /// Returns the files of the pictures that can be shown.
    pub(crate) fn into_files(self) -> Vec<(String, TypstBytes)> {
        self.files
    }
}

fn look(picture: &Bytes) -> Option<(&'static str, f64, TypstBytes)> {
    let (format, ending) = match picture.first_chunk::<3>()? {
        [0xff, 0xd8, 0xff] => (ExchangeFormat::Jpg, "jpg"),
        [0x89, b'P', b'N'] => (ExchangeFormat::Png, "png"),
        _ => return None,
    };
    let bytes = TypstBytes::new(picture.clone());
    let image = RasterImage::plain(bytes.clone(), format).ok()?;
    Some((ending, f64::from(image.width()) / f64::from(image.height()), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_not_shown_and_its_neighbours_are() {
        let png = Bytes::from_static(include_bytes!("../tests/data/map.png"));
        let mut pictures = Pictures::default();
        let ids: Vec<_> = [b"" as &[u8], b"GIF89a", &[0xff, 0xd8, 0xff, 0xe0, 0], &png, &png[..40]]
            .map(|bytes| pictures.add(&Bytes::copy_from_slice(bytes)))
            .to_vec();
        let album = pictures.look();
        let shown: Vec<_> = ids.iter().map(|id| album.view(*id).map(|view| view.file)).collect();
        assert_eq!(shown, [None, None, None, Some("/pictures/3.png".to_owned()), None]);
        assert_eq!(album.into_files().len(), 1);
    }

    #[test]
    fn a_report_without_pictures_has_an_empty_album() {
        assert_eq!(Pictures::default().look().into_files().len(), 0);
    }
}
