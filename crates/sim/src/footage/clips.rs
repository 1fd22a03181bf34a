//! Which clips are made of the film, and how.

use std::ops::Range;

use domain::geometry::Size;
use domain::picture::Picture;
use media::Codec;
use media::serve::Rate;

use super::frames;

/// The size of all clips.
pub(super) const SIZE: Size = Size::new(1280, 720);
/// Frames per second, those of the film.
pub(super) const FPS: u32 = 25;

/// How one clip is made.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) codec: Codec,
    pub(super) rate: Rate,
    /// Frames of the film: one shot, so that it looks like one camera, or all.
    shot: Range<usize>,
    /// Where the 484 columns begin that are shown of the film's 640: the film is wider than a camera's picture.
    left: u32,
    /// For how many frames the last one is held, with a sensor's noise.
    held: usize,
}

/// The film's cuts are before frames 30, 76, 137, 187 and 242.
pub(super) const RECIPES: &[Recipe] = &[
    Recipe { name: "street", codec: Codec::H264, rate: Rate::Constant, shot: 0..250, left: 78, held: 0 },
    Recipe { name: "crossing", codec: Codec::H265, rate: Rate::Constant, shot: 137..187, left: 0, held: 200 },
    Recipe { name: "pavement", codec: Codec::H264, rate: Rate::Constant, shot: 187..242, left: 40, held: 245 },
    Recipe { name: "still", codec: Codec::H264, rate: Rate::Variable, shot: 170..171, left: 78, held: 249 },
];

impl Recipe {
    /// Returns the number of frames.
    pub(super) fn length(&self) -> usize {
        self.shot.len() + self.held
    }

    /// Returns the clip's pictures, made one by one.
    pub(super) fn pictures<'a>(&'a self, film: &'a [Picture]) -> impl Iterator<Item = Picture> + 'a {
        (0..self.length()).map(|index| {
            let frame = self.shot.start + index.min(self.shot.len() - 1);
            let picture = frames::enlarged(&film[frame], self.left, SIZE);
            if index < self.shot.len() && self.shot.len() > 1 {
                picture
            } else {
                frames::with_noise(&picture, index as u32)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shot_is_within_the_film() {
        assert!(RECIPES.iter().all(|recipe| !recipe.shot.is_empty() && recipe.shot.end <= frames::COUNT));
        assert!(RECIPES.iter().all(|recipe| recipe.left + frames::SHOWN_WIDTH <= frames::FILM_SIZE.width));
    }
}
