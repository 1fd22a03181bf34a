//! `cameras.yaml` as a list of entries, each good or with what is wrong with it.

use std::path::Path;
use std::sync::Arc;

use chassis::Env;
use chassis::config::{ConfigError, Problem, locate, parse_entries};
use domain::camera::{Camera, CamerasFile};
use domain::entry::{Entry, EntryProblem};

/// The key of the list in both `cameras.yaml` and `rois.yaml`.
pub(crate) const LIST: &str = "cameras";

/// One entry of `cameras.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    /// Its id, or its place in the file if it has none.
    pub(crate) id: String,
    /// The camera; `None` if the entry is wrong.
    pub(crate) camera: Option<Arc<Camera>>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// Reads the file.
///
/// # Errors
/// If it cannot be read, or is no list of cameras at all.
pub(crate) fn read(path: &Path, env: &Env) -> Result<Vec<Listed>, ConfigError> {
    parse(&std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?, path, env)
}

/// Returns what a failure to read a file means.
pub(crate) fn unreadable(path: &Path, source: std::io::Error) -> ConfigError {
    if source.kind() == std::io::ErrorKind::NotFound {
        ConfigError::NotFound(path.to_owned())
    } else {
        ConfigError::Unreadable { path: path.to_owned(), source }
    }
}

/// Returns a failure to read a file as a problem to be shown.
pub(crate) fn problem_of(error: ConfigError) -> Problem {
    match error {
        ConfigError::File(problem) => problem,
        ConfigError::NotFound(path) => Problem::new(path, None, "", "there is no such file"),
        ConfigError::Unreadable { path, source } => Problem::new(path, None, "", format!("cannot be read: {source}")),
        several @ ConfigError::Several(_) => Problem::new("", None, "", several.to_string()),
        ConfigError::Variable { name, expectation } => Problem::new("environment", None, name, expectation),
    }
}

fn parse(text: &str, path: &Path, env: &Env) -> Result<Vec<Listed>, ConfigError> {
    let Entries { good, places, bad } = Entries::parse(text, path, env, &["id"])?;
    let lookup = |name: &str| env.plain(name).map(str::to_owned);
    let (cameras, problems) = CamerasFile { cameras: good }.check(&lookup);
    let mut wrong = bad;
    for problem in &problems {
        wrong.push((places[problem.index], problem.id.clone(), located(text, path, places[problem.index], problem)));
    }
    // The good cameras come in the order of their entries, so what is left over are the places of the wrong ones.
    let mut good_places = places.iter().filter(|place| !wrong.iter().any(|(wrong, ..)| wrong == *place));
    let mut listed: Vec<(usize, Listed)> = cameras
        .into_iter()
        .zip(&mut good_places)
        .map(|(camera, place)| {
            (*place, Listed { id: camera.id.to_string(), camera: Some(Arc::new(camera)), problems: Vec::new() })
        })
        .collect();
    for (place, id, problem) in wrong {
        match listed.iter_mut().find(|(at, _)| *at == place) {
            Some((_, entry)) => entry.problems.push(problem),
            None => {
                let id = id.unwrap_or_else(|| format!("{LIST}[{place}]"));
                listed.push((place, Listed { id, camera: None, problems: vec![problem] }));
            }
        }
    }
    listed.sort_by_key(|(place, _)| *place);
    Ok(listed.into_iter().map(|(_, entry)| entry).collect())
}

/// The entries of a configuration file, those that could not even be read set apart.
pub(crate) struct Entries {
    /// Those that were read.
    pub(crate) good: Vec<Entry>,
    /// Where each of those stands in the file.
    pub(crate) places: Vec<usize>,
    /// Place, id and trouble of the others, as a variable that is not set.
    pub(crate) bad: Vec<(usize, Option<String>, Problem)>,
}

impl Entries {
    /// Reads the entries; `id_keys` are the keys that may say which camera an entry is about.
    ///
    /// # Errors
    /// If the text is no list of entries at all.
    pub(crate) fn parse(text: &str, path: &Path, env: &Env, id_keys: &[&str]) -> Result<Self, ConfigError> {
        let mut entries = Self { good: Vec::new(), places: Vec::new(), bad: Vec::new() };
        for (place, entry) in parse_entries::<Entry>(text, path, LIST, env)?.into_iter().enumerate() {
            match entry {
                Ok(entry) => {
                    entries.good.push(entry);
                    entries.places.push(place);
                }
                Err(problem) => entries.bad.push((place, id_at(text, place, id_keys), problem)),
            }
        }
        Ok(entries)
    }
}

/// Returns the id of an entry of which something else cannot be read.
fn id_at(text: &str, place: usize, keys: &[&str]) -> Option<String> {
    let document: serde_yaml::Value = serde_yaml::from_str(text).ok()?;
    let entry = document.get(LIST)?.get(place)?;
    keys.iter().find_map(|key| entry.get(key)?.as_str()).map(str::to_owned)
}

/// Returns a problem with its line and the full path of its key.
pub(crate) fn located(text: &str, path: &Path, place: usize, problem: &EntryProblem) -> Problem {
    let entry = format!("{LIST}[{place}]");
    let key = if problem.key.is_empty() { entry.clone() } else { format!("{entry}.{}", problem.key) };
    // A key that is missing has no line; its entry has.
    let line = locate(text, &key).or_else(|| locate(text, &entry));
    Problem::new(path, line, key, problem.message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, env: &[(&str, &str)]) -> Vec<(String, bool, Vec<String>)> {
        let env = Env::of(env.iter().copied());
        parse(text, Path::new("cameras.yaml"), &env)
            .expect("is a list")
            .into_iter()
            .map(|entry| {
                let problems = entry.problems.iter().map(ToString::to_string).collect();
                (entry.id, entry.camera.is_some(), problems)
            })
            .collect()
    }

    const SITE: &str = "\
cameras:
  - id: gate
    rtsp_url: rtsp://h/1
  - id: pit
    rtsp_url: rtsp://h/2
    fps_target: fast
  - id: yard
    rtsp_url: rtsp://${YARD_USER}@h/3
  - rtsp_url: rtsp://h/4
";

    #[test]
    fn wrong_entries_stand_in_their_places_beside_the_good_ones() {
        let listed = parsed(SITE, &[]);
        let ids: Vec<_> = listed.iter().map(|(id, good, _)| (id.as_str(), *good)).collect();
        assert_eq!(ids, [("gate", true), ("pit", false), ("yard", false), ("cameras[3]", false)]);
        assert!(listed[1].2[0].starts_with("cameras.yaml:6: cameras[1].fps_target: "), "{:?}", listed[1].2);
        assert!(listed[2].2[0].contains("YARD_USER"), "{:?}", listed[2].2);
        assert!(listed[3].2[0].starts_with("cameras.yaml:9: cameras[3].id: "), "{:?}", listed[3].2);
    }

    #[test]
    fn a_variable_that_is_set_makes_the_entry_good() {
        assert_eq!(parsed(SITE, &[("YARD_USER", "ana")])[2], ("yard".to_owned(), true, vec![]));
    }

    #[test]
    fn two_cameras_with_one_id_are_one_good_and_one_wrong() {
        let listed = parsed("cameras: [{id: a, rtsp_url: /a.mp4}, {id: a, rtsp_url: /b.mp4}]", &[]);
        assert_eq!(
            listed.iter().map(|(id, good, _)| (id.as_str(), *good)).collect::<Vec<_>>(),
            [("a", true), ("a", false)]
        );
    }

    #[test]
    fn what_is_no_list_of_cameras_is_an_error() {
        assert!(parse("kameras: []", Path::new("cameras.yaml"), &Env::default()).is_err());
        assert!(matches!(read(Path::new("/nowhere/cameras.yaml"), &Env::default()), Err(ConfigError::NotFound(_))));
    }
}
