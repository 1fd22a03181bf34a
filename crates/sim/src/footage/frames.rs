//! The film's pictures: read, cut to a camera's shape, enlarged, made noisy.

use std::path::Path;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;
use media::{Source, SourceError, SourceSettings, to_rgb};

/// The film's size and number of frames.
pub(super) const FILM_SIZE: Size = Size::new(640, 272);
pub(super) const COUNT: usize = 250;
/// How much of its width fills a picture of 16:9.
pub(super) const SHOWN_WIDTH: u32 = 484;

/// Reads all frames.
pub(super) async fn read(film: &Path) -> Result<Vec<Picture>, SourceError> {
    let broken = |reason: &str| SourceError::Broken { name: "the footage".to_owned(), reason: reason.to_owned() };
    let path = std::path::absolute(film).map_err(|_| broken("its place has no name"))?;
    let url = path.to_string_lossy().parse().map_err(|_| broken("its place has no name"))?;
    let source = Source::open(SourceSettings::film("the footage", url)).await?;
    let mut frames = Vec::with_capacity(COUNT);
    loop {
        match source.next().await {
            Ok(frame) => frames.push(frame.picture),
            Err(SourceError::Ended { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    if frames.len() != COUNT || frames.iter().any(|frame| frame.size() != FILM_SIZE) {
        return Err(broken("it has other frames than expected"));
    }
    Ok(frames)
}

/// Cuts the shown part out of a frame of the film, from column `left` on, and enlarges it smoothly.
pub(super) fn enlarged(frame: &Picture, left: u32, to: Size) -> Picture {
    let rgb = to_rgb(frame);
    let (pixels, stride) = rgb.plane(0);
    let columns = steps(SHOWN_WIDTH, to.width);
    let lines = steps(FILM_SIZE.height, to.height);
    let mut enlarged = Vec::with_capacity(to.pixels() as usize * 3);
    for &(above, below, down) in &lines {
        let row = |line: u32| &pixels[line as usize * stride + left as usize * 3..];
        let (above, below) = (row(above), row(below));
        for &(before, after, right) in &columns {
            for channel in 0..3 {
                let at = |row: &[u8], column: u32| f32::from(row[column as usize * 3 + channel]);
                let upper = mixed(at(above, before), at(above, after), right);
                let lower = mixed(at(below, before), at(below, after), right);
                enlarged.push(mixed(upper, lower, down).round() as u8);
            }
        }
    }
    picture(to, enlarged)
}

/// Adds faint noise that differs from frame to frame, so that a held picture is coded like a camera's.
pub(super) fn with_noise(picture: &Picture, seed: u32) -> Picture {
    let mut state = seed.wrapping_mul(0x9e37_79b1) | 1;
    let (pixels, _) = picture.plane(0);
    let noisy = pixels
        .chunks_exact(3)
        .flat_map(|rgb| {
            // xorshift; the same amount on all channels is noise of luma.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let amount = (state >> 24) as i16 % 5 - 2;
            [0, 1, 2].map(|channel| (i16::from(rgb[channel]) + amount).clamp(0, 255) as u8)
        })
        .collect();
    self::picture(picture.size(), noisy)
}

/// Returns for every new place the two old ones between which it lies, and how far from the first.
fn steps(from: u32, to: u32) -> Vec<(u32, u32, f32)> {
    let last = from - 1;
    (0..to)
        .map(|place| {
            let old = ((place as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, last as f32);
            (old as u32, (old as u32 + 1).min(last), old.fract())
        })
        .collect()
}

fn mixed(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

fn picture(size: Size, pixels: Vec<u8>) -> Picture {
    Picture::rgb(size, size.width as usize * 3, Bytes::from(pixels)).expect("every pixel was made")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame whose red is its column and whose green is its line, halved.
    fn ramp() -> Picture {
        let pixels = (0..FILM_SIZE.height)
            .flat_map(|y| (0..FILM_SIZE.width).flat_map(move |x| [(x / 4) as u8, (y / 2) as u8, 90]))
            .collect();
        picture(FILM_SIZE, pixels)
    }

    #[test]
    fn the_shown_part_fills_the_picture() {
        let to = Size::new(1280, 720);
        let enlarged = enlarged(&ramp(), 80, to);
        let (pixels, stride) = enlarged.plane(0);
        let at = |x: usize, y: usize| &pixels[y * stride + 3 * x..][..3];
        assert_eq!(enlarged.size(), to);
        assert_eq!(at(0, 0), [20, 0, 90]);
        assert_eq!(at(1279, 719), [140, 135, 90]);
        assert_eq!(at(640, 360), [80, 68, 90]);
    }

    #[test]
    fn noise_is_faint_and_new_in_every_frame() {
        let quiet = ramp();
        let [first, second] = [1, 2].map(|seed| with_noise(&quiet, seed));
        assert_ne!(first, second);
        let furthest = first.data().iter().zip(quiet.data()).map(|(a, b)| a.abs_diff(*b)).max();
        assert_eq!(furthest, Some(2));
    }
}
