//! What this crate's tests share: the shapes detector of the repository, and pictures for it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::Picture;

use crate::manifest::Manifest;
use crate::models::Models;

/// The repository's models.
pub(crate) fn models_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

/// The repository's models, with a cache that holds nothing.
pub(crate) fn models() -> Models {
    Models::new(models_dir(), "/nonexistent")
}

pub(crate) fn shapes_manifest() -> Manifest {
    models().manifest("shapes").expect("the repository's manifest is good")
}

pub(crate) fn shapes_model() -> Vec<u8> {
    models().read(&shapes_manifest()).expect("the repository's model is the manifest's")
}

/// Red, green and blue as the shapes detector likes them.
pub(crate) const RED: [u8; 3] = [220, 30, 30];
pub(crate) const GREEN: [u8; 3] = [30, 200, 40];
pub(crate) const BLUE: [u8; 3] = [30, 40, 220];

/// A grey picture with rectangles `(left, top, right, bottom, colour)`.
pub(crate) fn scene(size: Size, rectangles: &[(u32, u32, u32, u32, [u8; 3])]) -> Picture {
    let pixel = |x: u32, y: u32| {
        let inside =
            |&&(x1, y1, x2, y2, _): &&(u32, u32, u32, u32, [u8; 3])| (x1..x2).contains(&x) && (y1..y2).contains(&y);
        rectangles.iter().rev().find(inside).map_or([112; 3], |rectangle| rectangle.4)
    };
    let pixels: Vec<u8> =
        (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
    Picture::rgb(size, size.width as usize * 3, Bytes::from(pixels)).expect("every pixel is there")
}

/// The cache of fetched models and libraries, as every program finds it.
pub(crate) fn cache_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("RONDA_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("ronda")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/ronda")))
        .expect("a machine that tests has a home")
}

/// Says that a test did not see everything; where `CI` is set, everything must be there.
pub(crate) fn skipped(reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "in CI nothing may be missing: {reason}");
    eprintln!("not everything is tested: {reason}");
}
