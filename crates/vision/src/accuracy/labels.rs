//! What people see in the frames of a film, as a file says it (`models/labels`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::geometry::{BBox, Size};
use serde::Deserialize;

/// A labelled film.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Which film it is.
    pub film: FilmRef,
    /// The classes that are labelled; nothing is said of others.
    pub classes: Vec<String>,
    /// What is in each labelled frame.
    pub pictures: Vec<LabelledPicture>,
}

/// A film that is not in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilmRef {
    /// The SHA-256 of its file.
    pub sha256: String,
    /// How many frames it has.
    pub frames: usize,
    /// Their size.
    pub size: Size,
}

/// What is in one frame.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledPicture {
    /// The frame's number, from 0 on.
    pub frame: usize,
    /// Boxes around things, by class, in pixels.
    #[serde(default)]
    pub things: BTreeMap<String, Vec<BBox>>,
    /// Parts of the picture where nothing is judged.
    #[serde(default)]
    pub ignore: Vec<BBox>,
}

/// Why labels cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LabelsError {
    /// The file cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file says something else.
    #[error("{}: not the labels of a film", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Which line and key.
        source: serde_yaml::Error,
    },
    /// A frame is labelled in a way that cannot be.
    #[error("{}: frame {frame}: {expectation}", .path.display())]
    Frame {
        /// The file.
        path: PathBuf,
        /// The frame.
        frame: usize,
        /// What is wanted there.
        expectation: String,
    },
}

impl Labels {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`LabelsError`].
    pub fn read(path: &Path) -> Result<Self, LabelsError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| LabelsError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Checks a text; `path` is only named in errors.
    ///
    /// # Errors
    /// [`LabelsError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, LabelsError> {
        let labels: Self =
            serde_yaml::from_str(text).map_err(|source| LabelsError::Syntax { path: path.to_owned(), source })?;
        let mut before = None;
        for picture in &labels.pictures {
            labels.check(picture, before).map_err(|expectation| LabelsError::Frame {
                path: path.to_owned(),
                frame: picture.frame,
                expectation,
            })?;
            before = Some(picture.frame);
        }
        Ok(labels)
    }

    fn check(&self, picture: &LabelledPicture, before: Option<usize>) -> Result<(), String> {
        if before.is_some_and(|before| picture.frame <= before) || picture.frame >= self.film.frames {
            return Err("a number above the one before it and below the film's frames".to_owned());
        }
        if let Some(class) = picture.things.keys().find(|class| !self.classes.contains(class)) {
            return Err(format!("classes that are listed, not {class:?}"));
        }
        let boxes = picture.things.values().flatten().chain(&picture.ignore);
        if let Some(bad) = boxes.into_iter().find(|bbox| bbox.area() <= 0.0 || **bbox != bbox.clip(self.film.size)) {
            return Err(format!("boxes with an area inside the picture, not {bad:?}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
film: { sha256: ab, frames: 10, size: [64, 32] }
classes: [car, person]
pictures:
  - frame: 0
  - { frame: 4, things: { car: [[0, 0, 10, 10], [20, 5, 64, 32]] }, ignore: [[0, 0, 5, 5]] }
";

    fn parse(text: &str) -> Result<Labels, String> {
        Labels::parse(text, Path::new("l.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_frame_may_hold_things_of_several_classes_or_nothing() {
        let labels = parse(GOOD).expect("it is good");
        assert_eq!(labels.pictures[0], LabelledPicture::default());
        assert_eq!(labels.pictures[1].things["car"][1], BBox::new(20.0, 5.0, 64.0, 32.0));
        assert_eq!(labels.pictures[1].ignore, [BBox::new(0.0, 0.0, 5.0, 5.0)]);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_frame() {
        for (from, to, says) in [
            ("frame: 0", "frame: 5", "frame 4: a number above"),
            ("frame: 4", "frame: 10", "frame 10: a number above"),
            ("{ car:", "{ tree:", "frame 4: classes that are listed, not \"tree\""),
            ("[20, 5, 64, 32]", "[20, 5, 65, 32]", "frame 4: boxes with an area inside the picture"),
            ("[0, 0, 5, 5]", "[5, 0, 5, 5]", "frame 4: boxes with an area inside the picture"),
            ("ignore", "ignored", "not the labels of a film"),
        ] {
            let said = parse(&GOOD.replace(from, to)).expect_err(from);
            assert!(said.contains(says), "{said}");
        }
    }

    #[test]
    fn the_committed_labels_are_good() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/labels/street.yaml");
        let labels = Labels::read(&path).expect("they are good");
        let things: usize = labels.pictures.iter().flat_map(|picture| picture.things.values()).map(Vec::len).sum();
        assert!(labels.pictures.len() >= 60 && things >= 150, "{} pictures, {things} things", labels.pictures.len());
    }
}
