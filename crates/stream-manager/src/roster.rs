//! All cameras of the site in the order of `cameras.yaml`, and what follows from an edit of that file.

use std::collections::BTreeSet;
use std::sync::Arc;

use chassis::config::Problem;
use domain::camera::Camera;
use jiff::Timestamp;

use crate::cameras_file::Listed;
use crate::lifecycle::State;
use crate::post::Post;
use crate::view;
use crate::zone_book::Zoning;

/// The cameras of the site.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// One for each entry of the file.
    pub(crate) places: Vec<Place>,
    /// What is wrong with the file as a whole.
    pub(crate) problems: Vec<Problem>,
}

/// One entry of the file.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A camera that is watched, and what is wrong with its entry now; then it goes on as it was configured last.
    Watched {
        /// The camera.
        post: Arc<Post>,
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// An entry that never was right.
    Wrong {
        /// Its id, or its place in the file.
        id: String,
        /// Since when it is known.
        since: Timestamp,
        /// What is wrong.
        problems: Vec<Problem>,
    },
}

impl Roster {
    /// Returns the cameras that are watched.
    pub(crate) fn posts(&self) -> impl Iterator<Item = &Arc<Post>> {
        self.places.iter().filter_map(|place| match place {
            Place::Watched { post, .. } => Some(post),
            Place::Wrong { .. } => None,
        })
    }

    /// Returns everything that is wrong in the file.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        let places = self.places.iter().flat_map(|place| match place {
            Place::Watched { problems, .. } | Place::Wrong { problems, .. } => problems,
        });
        self.problems.iter().chain(places)
    }

    /// Returns the camera with this id, if it is watched.
    pub(crate) fn post(&self, id: &str) -> Option<&Arc<Post>> {
        self.posts().find(|post| post.id().as_str() == id)
    }
}

impl Place {
    /// Returns the id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Watched { post, .. } => post.id().as_str(),
            Self::Wrong { id, .. } => id,
        }
    }

    /// Returns how it is doing.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Watched { post, .. } => post.state().0,
            Self::Wrong { .. } => State::Invalid,
        }
    }

    /// Returns what HTTP shows, with what is wrong with the camera's zones.
    pub(crate) fn view(&self, zoning: &Zoning, now: Timestamp) -> view::Camera {
        match self {
            Self::Watched { post, problems } => {
                let size = post.picture_size();
                let misfits = size.map(|size| zoning.misfits(post.id(), size)).unwrap_or_default();
                let problems = problems.iter().cloned().chain(zoning.problems_of(self.id())).chain(misfits);
                post.view(problems.map(|problem| view::Problem::from(&problem)).collect(), now)
            }
            Self::Wrong { id, since, problems } => view::Camera {
                id: id.clone(),
                name: id.clone(),
                enabled: false,
                state: State::Invalid,
                reason: problems.first().map(|problem| format!("{}: {}", problem.key, problem.expectation)),
                since: *since,
                url: None,
                stream: None,
                fps_target: 0.0,
                fps_measured: None,
                counters: view::Counters::default(),
                last_frame_at: None,
                problems: problems.iter().map(view::Problem::from).collect(),
            },
        }
    }
}

/// What is to be done about one entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// Its id, or its place in the file.
    pub(crate) id: String,
    /// What is to be done.
    pub(crate) action: Action,
    /// What is wrong with it.
    pub(crate) problems: Vec<Problem>,
}

/// What is to be done about one entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Watch the camera as it is configured now.
    Watch(Arc<Camera>),
    /// Go on as the camera was configured before its entry became wrong.
    Keep,
    /// Show what is wrong.
    Show,
}

/// Decides what an edited file means, given the cameras that are watched now.
pub(crate) fn plan(listed: Vec<Listed>, watched: &BTreeSet<String>) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let (good, wrong): (Vec<_>, Vec<_>) = listed.into_iter().enumerate().partition(|(_, entry)| entry.camera.is_some());
    let mut places: Vec<usize> = Vec::new();
    for (place, Listed { id, camera, problems }) in good.into_iter().chain(wrong) {
        let action = match camera {
            Some(camera) => Action::Watch(camera),
            None if watched.contains(&id) => Action::Keep,
            None => Action::Show,
        };
        // A second, wrong entry with the id of a camera is that camera's problem.
        let same = wanted.iter_mut().find(|other| other.id == id && action != Action::Show);
        match same {
            Some(other) => other.problems.extend(problems),
            None => {
                places.push(place);
                wanted.push(Wanted { id, action, problems });
            }
        }
    }
    let mut ordered: Vec<_> = places.into_iter().zip(wanted).collect();
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, wanted)| wanted).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn good(id: &str) -> Listed {
        let text = format!("cameras: [{{id: {id}, rtsp_url: /{id}.mp4}}]");
        let file: domain::camera::CamerasFile = serde_yaml::from_str(&text).expect("is a list");
        let camera = file.check(&|_| None).0.pop().expect("is a camera");
        Listed { id: id.to_owned(), camera: Some(Arc::new(camera)), problems: Vec::new() }
    }

    fn wrong(id: &str) -> Listed {
        let problem = Problem::new(Path::new("cameras.yaml"), None, "cameras[0].fps_target", "must be a number");
        Listed { id: id.to_owned(), camera: None, problems: vec![problem] }
    }

    fn actions(listed: Vec<Listed>, watched: &[&str]) -> Vec<(String, &'static str, usize)> {
        let watched = watched.iter().map(|id| (*id).to_owned()).collect();
        plan(listed, &watched)
            .into_iter()
            .map(|wanted| {
                let action = match wanted.action {
                    Action::Watch(_) => "watch",
                    Action::Keep => "keep",
                    Action::Show => "show",
                };
                (wanted.id, action, wanted.problems.len())
            })
            .collect()
    }

    #[test]
    fn a_wrong_entry_of_a_new_camera_is_shown_and_one_of_a_watched_camera_changes_nothing() {
        let seen = actions(vec![wrong("a"), good("b"), wrong("c")], &["c"]);
        assert_eq!(seen, [("a".into(), "show", 1), ("b".into(), "watch", 0), ("c".into(), "keep", 1)]);
    }

    #[test]
    fn a_second_entry_with_the_id_of_a_camera_is_that_cameras_problem() {
        assert_eq!(actions(vec![good("a"), wrong("a")], &["a"]), [("a".into(), "watch", 1)]);
    }

    #[test]
    fn a_second_entry_is_shown_by_itself_before_the_first_was_ever_watched() {
        let seen = actions(vec![wrong("a"), good("a")], &[]);
        assert_eq!(seen, [("a".into(), "show", 1), ("a".into(), "watch", 0)]);
    }
}
