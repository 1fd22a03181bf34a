//! The simulated cameras: one RTSP server, and what each of its cameras plays.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use media::serve::{Film, MountState, RtspServer, ServeError, ServeSettings};
use serde::Serialize;

use crate::footage::Footage;
use crate::scene::{Scene, Truth};

/// By how much each camera's film is ahead of the one's before it: cameras of a site do not tick together.
const STAGGER: Duration = Duration::from_millis(437);

/// What a camera plays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plays {
    /// A clip of the [`Footage`], by name.
    Clip(&'static str),
    /// The [`Scene::yard`], whose truth is known.
    Yard,
}

impl FromStr for Plays {
    type Err = MountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "yard" || text == "scene" {
            return Ok(Self::Yard);
        }
        Footage::clips().find(|clip| *clip == text).map(Self::Clip).ok_or_else(|| MountError::Unknown {
            what: text.to_owned(),
            known: Footage::clips().chain(["yard"]).collect::<Vec<_>>().join(", "),
        })
    }
}

impl fmt::Display for Plays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clip(name) => name,
            Self::Yard => "yard",
        })
    }
}

/// One camera: its name in the URL, and what it plays. Written `name=what`, or `what` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its name.
    pub name: String,
    /// What it plays.
    pub plays: Plays,
}

/// Why a text is no [`Mount`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// Nothing of this name can be played.
    #[error("there is nothing called {what} to play, only {known}")]
    Unknown {
        /// What was asked for.
        what: String,
        /// What there is.
        known: String,
    },
    /// The name cannot stand in a URL.
    #[error("a camera's name has letters, digits, - and _, which {name:?} has not")]
    Name {
        /// The name.
        name: String,
    },
}

impl FromStr for Mount {
    type Err = MountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, plays) = text.split_once('=').unwrap_or((text, text));
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(MountError::Name { name: name.to_owned() });
        }
        Ok(Self { name: name.to_owned(), plays: plays.parse()? })
    }
}

/// Running cameras. Dropping them takes them off the network.
#[derive(Debug)]
pub struct Cameras {
    server: RtspServer,
    playing: BTreeMap<String, Playing>,
}

#[derive(Debug)]
struct Playing {
    plays: Plays,
    ahead: Duration,
    /// Known truth, if there is any.
    scene: Option<Scene>,
}

/// One camera and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraState {
    /// Its name.
    pub name: String,
    /// What it plays.
    pub plays: String,
    /// `playing`, `silent` or `stopped`.
    pub state: &'static str,
    /// Where it is.
    pub url: String,
}

impl Cameras {
    /// Starts cameras. Takes a moment: films are read and scenes encoded. Not for an async task.
    ///
    /// # Errors
    /// If the port is taken or a clip was not fetched.
    pub fn start(bind: IpAddr, port: u16, mounts: &[Mount], footage: &Footage) -> Result<Self, ServeError> {
        let server = RtspServer::start(ServeSettings { bind, port, credentials: None })?;
        let mut films: BTreeMap<&Plays, Film> = BTreeMap::new();
        let mut playing = BTreeMap::new();
        for (mount, place) in mounts.iter().zip(0..) {
            let scene = (mount.plays == Plays::Yard).then(Scene::yard);
            if !films.contains_key(&mount.plays) {
                films.insert(&mount.plays, film(&mount.plays, scene.as_ref(), footage)?);
            }
            let ahead = STAGGER * place;
            server.mount_ahead(&mount.name, films[&mount.plays].clone(), ahead);
            playing.insert(mount.name.clone(), Playing { plays: mount.plays.clone(), ahead, scene });
        }
        Ok(Self { server, playing })
    }

    /// Returns the port of the RTSP server.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Returns the address of a camera.
    pub fn url(&self, name: &str) -> String {
        self.server.url(name)
    }

    /// Returns every camera and what it does.
    pub fn list(&self) -> Vec<CameraState> {
        let states = self.server.mounts();
        let known = states.into_iter().filter_map(|(name, state)| Some((self.playing.get(&name)?, name, state)));
        known
            .map(|(playing, name, state)| CameraState {
                plays: playing.plays.to_string(),
                state: match state {
                    MountState::Playing => "playing",
                    MountState::Silent => "silent",
                    MountState::Stopped => "stopped",
                },
                url: self.url(&name),
                name,
            })
            .collect()
    }

    /// Takes a camera off the network: its viewers are cut off, and it does not exist for new ones.
    ///
    /// # Errors
    /// If there is no such camera.
    pub fn stop(&self, name: &str) -> Result<(), ServeError> {
        self.server.stop_mount(name)
    }

    /// Brings a stopped or silent camera back.
    ///
    /// # Errors
    /// If there is no such camera.
    pub fn start_again(&self, name: &str) -> Result<(), ServeError> {
        self.server.start_mount(name)
    }

    /// Makes a camera keep its connections and send nothing.
    ///
    /// # Errors
    /// If there is no such camera.
    pub fn silence(&self, name: &str) -> Result<(), ServeError> {
        self.server.silence_mount(name)
    }

    /// Returns the scene that a camera shows, if its truth is known.
    pub fn scene(&self, name: &str) -> Option<&Scene> {
        self.playing.get(name)?.scene.as_ref()
    }

    /// Returns what a camera's picture contains at a time of the wall clock, or nothing if nobody knows.
    pub fn truth(&self, name: &str, at: Timestamp) -> Option<Vec<Truth>> {
        let playing = self.playing.get(name)?;
        let running = at.duration_since(self.server.began());
        let running = Duration::try_from(running).unwrap_or_default();
        Some(playing.scene.as_ref()?.truth(running + playing.ahead))
    }
}

fn film(plays: &Plays, scene: Option<&Scene>, footage: &Footage) -> Result<Film, ServeError> {
    match (plays, scene) {
        (Plays::Clip(name), _) => footage.film(name),
        (Plays::Yard, Some(scene)) => scene.film(),
        (Plays::Yard, None) => Scene::yard().film(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_written_as_name_and_what_it_plays() {
        let mount = |name: &str, plays| Ok(Mount { name: name.to_owned(), plays });
        assert_eq!("gate-1=street".parse(), mount("gate-1", Plays::Clip("street")));
        assert_eq!("yard".parse(), mount("yard", Plays::Yard));
    }

    #[test]
    fn a_mount_of_nothing_or_without_a_name_is_refused() {
        let refused = |text: &str| text.parse::<Mount>().err().map(|error| error.to_string());
        assert_eq!(
            refused("gate=beach").as_deref(),
            Some("there is nothing called beach to play, only street, crossing, pavement, still, yard")
        );
        assert!(refused("a/b=street").is_some() && refused("=street").is_some());
    }
}
