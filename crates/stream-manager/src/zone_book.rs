//! The zones of all cameras: `rois.yaml` as it is now, followed while it is edited by hand and rewritten by `PUT`. A zone
//! that changes is live with the next frame; no stream begins anew.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chassis::config::{Problem, watch_file};
use chassis::{ConfigError, Env, Stop};
use domain::entry::{Entry, EntryProblem};
use domain::geometry::Size;
use domain::id::CameraId;
use domain::zone::CameraZones;
use domain::zone::RoisFile;
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use crate::cameras_file::{Entries, located, problem_of, unreadable};
use crate::rois_text::{RewriteError, with_entry};

/// The zones of all cameras at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Zoning {
    by_camera: BTreeMap<CameraId, Arc<CameraZones>>,
    /// What is wrong with which camera's entry.
    wrong: Vec<(Option<String>, Problem)>,
    /// What is wrong with the file as a whole.
    pub(crate) problem: Option<Problem>,
}

impl Zoning {
    /// Returns the zones of a camera, if it has any entry.
    pub(crate) fn of(&self, camera: &CameraId) -> Option<Arc<CameraZones>> {
        self.by_camera.get(camera).cloned()
    }

    /// Returns the zones of every camera that has an entry.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CameraZones> {
        self.by_camera.values().map(Arc::as_ref)
    }

    /// Returns what is wrong with the entry of a camera.
    pub(crate) fn problems_of(&self, camera: &str) -> Vec<Problem> {
        let ours = self.wrong.iter().filter(|(id, _)| id.as_deref() == Some(camera));
        ours.map(|(_, problem)| problem.clone()).collect()
    }

    /// Returns what is wrong with the zones of a camera that sends pictures of this size: drawn for another size, they lie
    /// beside what they mean.
    pub(crate) fn misfits(&self, camera: &CameraId, size: Size) -> Vec<Problem> {
        let Some(zones) = self.by_camera.get(camera) else { return Vec::new() };
        let problem = |name: &str| {
            let expectation = format!(
                "zone {name:?} reaches beyond the camera's picture of {size}: say in reference_size for which size it was drawn"
            );
            Problem::new("rois.yaml", None, camera.as_str(), expectation)
        };
        zones.misfits(size).into_iter().map(problem).collect()
    }

    /// Returns everything that is wrong with the file.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problem.iter().chain(self.wrong.iter().map(|(_, problem)| problem))
    }
}

/// Keeps the zones.
pub(crate) struct ZoneBook {
    path: PathBuf,
    env: Env,
    now: watch::Sender<Arc<Zoning>>,
    /// Held while the file is rewritten, so that two edits cannot undo each other.
    edit: Mutex<()>,
}

/// Why an edit was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// Somebody else has changed the zones since the editor read them.
    #[error("the zones were changed by somebody else in the meantime")]
    Changed,
    /// The entry is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<domain::entry::Problem>),
    /// The entry is about another camera than the path.
    #[error("camera_id must be {0}, the camera of the path")]
    OtherCamera(CameraId),
    /// A text would be replaced by a variable of this process when the file is read.
    #[error("texts must not hold `${{`")]
    Variable,
    /// The file is not what we would write.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    /// The file cannot be read or written.
    #[error("cannot change {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ZoneBook {
    /// Opens the file; it need not be there.
    pub(crate) fn open(path: impl Into<PathBuf>, env: Env) -> Self {
        let book = Self { path: path.into(), env, now: watch::Sender::default(), edit: Mutex::new(()) };
        book.reload();
        book
    }

    /// Returns the zones as they are now.
    pub(crate) fn now(&self) -> Arc<Zoning> {
        Arc::clone(&self.now.borrow())
    }

    /// Follows the file until the [`Stop`] is set.
    ///
    /// # Errors
    /// Never: what is wrong with the file is shown, and the zones stay as they were.
    pub(crate) async fn follow(&self, stop: Stop) -> anyhow::Result<()> {
        let mut changes = watch_file(&self.path);
        loop {
            self.reload();
            if stop.or(changes.next()).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads the file. What cannot be read leaves the zones as they were.
    fn reload(&self) {
        let before = self.now();
        let read = match fs::read_to_string(&self.path) {
            Ok(text) => parse(&text, &self.path, &self.env, &before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Zoning::default()),
            Err(error) => Err(unreadable(&self.path, error)),
        };
        let zoning = read.unwrap_or_else(|error| Zoning { problem: Some(problem_of(error)), ..(*before).clone() });
        for problem in zoning.problems().filter(|problem| !before.problems().any(|known| known == *problem)) {
            warn!("{problem}");
        }
        self.now.send_if_modified(|now| {
            let differs = **now != zoning;
            if differs {
                info!(cameras = zoning.by_camera.len(), "zones have changed");
                *now = Arc::new(zoning);
            }
            differs
        });
    }

    /// Replaces the entry of a camera, if it still is the one with the tag `expected`.
    ///
    /// # Errors
    /// [`EditError`]; the file is then as it was.
    pub(crate) async fn put(
        &self,
        camera: &CameraId,
        entry: &Entry,
        expected: Option<&str>,
    ) -> Result<Arc<CameraZones>, EditError> {
        let zones = CameraZones::check(entry).map_err(EditError::Invalid)?;
        if zones.camera_id() != camera {
            return Err(EditError::OtherCamera(camera.clone()));
        }
        let written = serde_yaml::to_value(zones.to_entry()).map_err(RewriteError::Syntax)?;
        if holds_variable(&written) {
            return Err(EditError::Variable);
        }
        let _editing = self.edit.lock().await;
        self.reload();
        if expected.is_some_and(|expected| expected != "*" && expected != tag(&self.of_or_none(camera))) {
            return Err(EditError::Changed);
        }
        self.rewrite(camera, written).await?;
        self.reload();
        Ok(self.of_or_none(camera))
    }

    /// Returns the zones of a camera; the defaults if it has no entry.
    pub(crate) fn of_or_none(&self, camera: &CameraId) -> Arc<CameraZones> {
        self.now().of(camera).unwrap_or_else(|| Arc::new(CameraZones::none(camera.clone())))
    }

    async fn rewrite(&self, camera: &CameraId, entry: serde_yaml::Value) -> Result<(), EditError> {
        let (path, camera) = (self.path.clone(), camera.clone());
        let work = move || {
            let failed = |source| EditError::Io { path: path.clone(), source };
            // A link stays a link: what it points to is replaced.
            let target = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            let (text, permissions) = match fs::read_to_string(&target) {
                Ok(text) => (text, Some(fs::metadata(&target).map_err(failed)?.permissions())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
                Err(error) => return Err(failed(error)),
            };
            let text = with_entry(&text, camera.as_str(), entry)?;
            store::write_whole(&target, text.as_bytes()).map_err(failed)?;
            permissions.map_or(Ok(()), |permissions| fs::set_permissions(&target, permissions)).map_err(failed)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(EditError::Io { path: self.path.clone(), source: io::Error::other(error) }))
    }
}

/// Returns what changes when the zones do: the entity tag of HTTP.
pub(crate) fn tag(zones: &CameraZones) -> String {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(&zones.to_entry()).unwrap_or_default().hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

fn parse(text: &str, path: &Path, env: &Env, before: &Zoning) -> Result<Zoning, ConfigError> {
    if serde_yaml::from_str::<serde_yaml::Value>(text).is_ok_and(|document| document.is_null()) {
        return Ok(Zoning::default());
    }
    let Entries { good, places, bad } = Entries::parse(text, path, env, &["camera_id", "id"])?;
    let (zones, problems) = RoisFile { cameras: good }.check();
    let mut by_camera: BTreeMap<_, _> =
        zones.into_iter().map(|zones| (zones.camera_id().clone(), Arc::new(zones))).collect();
    let found = |problem: &EntryProblem| {
        let place = places[problem.index];
        (problem.id.clone(), located(text, path, place, problem))
    };
    let wrong: Vec<_> =
        bad.into_iter().map(|(_, id, problem)| (id, problem)).chain(problems.iter().map(found)).collect();
    // A slip in an edit must not leave a camera without its zones.
    for (id, _) in &wrong {
        let kept = id.as_ref().and_then(|id| before.by_camera.iter().find(|(camera, _)| camera.as_str() == id));
        if let Some((camera, zones)) = kept {
            by_camera.entry(camera.clone()).or_insert_with(|| Arc::clone(zones));
        }
    }
    Ok(Zoning { by_camera, wrong, problem: None })
}

fn holds_variable(value: &serde_yaml::Value) -> bool {
    match value {
        serde_yaml::Value::String(text) => text.contains("${"),
        serde_yaml::Value::Sequence(list) => list.iter().any(holds_variable),
        serde_yaml::Value::Mapping(map) => map.iter().any(|(key, value)| holds_variable(key) || holds_variable(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "\
# Drawn by hand.
cameras:
  - camera_id: pit
    forbidden_rois: [{name: rim, points: [[0, 0], [9, 0], [9, 9]]}]
  - camera_id: gate
    allowed_classes: [car]
";

    struct Site {
        dir: tempfile::TempDir,
        book: ZoneBook,
    }

    impl Site {
        fn new(text: Option<&str>) -> Self {
            let dir = tempfile::tempdir().expect("a directory");
            if let Some(text) = text {
                fs::write(dir.path().join("rois.yaml"), text).expect("is written");
            }
            let book = ZoneBook::open(dir.path().join("rois.yaml"), Env::default());
            Self { dir, book }
        }

        fn text(&self) -> String {
            fs::read_to_string(self.dir.path().join("rois.yaml")).expect("is there")
        }

        fn edit(&self, text: &str) {
            fs::write(self.dir.path().join("rois.yaml"), text).expect("is written");
            self.book.reload();
        }

        fn names(&self, camera: &str) -> Vec<String> {
            let zones = self.book.of_or_none(&id(camera));
            zones.zones().iter().map(|zone| zone.name.to_string()).collect()
        }

        async fn put(&self, camera: &str, json: &str, expected: Option<&str>) -> Result<(), EditError> {
            let entry: Entry = serde_json::from_str(json).expect("is JSON");
            self.book.put(&id(camera), &entry, expected).await.map(drop)
        }
    }

    fn id(text: &str) -> CameraId {
        text.parse().expect("is an id")
    }

    const YARD: &str =
        r#"{"camera_id":"yard","forbidden_rois":[{"name":"door","points":[[0.1,0.1],[0.9,0.1],[0.5,0.9]]}]}"#;

    #[tokio::test]
    async fn an_edit_is_live_at_once_and_keeps_the_other_cameras() {
        let site = Site::new(Some(SITE));
        site.put("yard", YARD, None).await.expect("is stored");
        assert_eq!((site.names("yard"), site.names("pit")), (vec!["door".to_owned()], vec!["rim".to_owned()]));
        assert!(site.text().starts_with(SITE), "{}", site.text());
        let again = ZoneBook::open(site.dir.path().join("rois.yaml"), Env::default());
        assert_eq!(again.now(), site.book.now());
    }

    #[tokio::test]
    async fn a_missing_file_is_no_trouble_and_is_made() {
        let site = Site::new(None);
        assert_eq!(*site.book.now(), Zoning::default());
        site.put("yard", YARD, None).await.expect("is stored");
        assert_eq!(site.names("yard"), ["door"]);
    }

    #[tokio::test]
    async fn the_second_of_two_editors_is_told() {
        let site = Site::new(Some(SITE));
        let read = tag(&site.book.of_or_none(&id("yard")));
        site.put("yard", YARD, Some(&read)).await.expect("is stored");
        let late = site.put("yard", r#"{"camera_id":"yard"}"#, Some(&read)).await;
        assert!(matches!(late, Err(EditError::Changed)), "{late:?}");
        site.put("yard", r#"{"camera_id":"yard"}"#, Some("*")).await.expect("any will do");
        assert!(site.names("yard").is_empty());
    }

    #[tokio::test]
    async fn what_is_wrong_is_refused_in_words_and_changes_nothing() {
        let site = Site::new(Some(SITE));
        let two_corners = r#"{"camera_id":"pit","forbidden_rois":[{"points":[[0,0],[1,1]]}]}"#;
        let refused = site.put("pit", two_corners, None).await.expect_err("two corners");
        assert_eq!(refused.to_string(), "forbidden_rois[0].points: a polygon has at least 3 points, not 2");
        assert!(matches!(site.put("pit", YARD, None).await, Err(EditError::OtherCamera(_))));
        let secret = r#"{"camera_id":"pit","allowed_classes":["${REDIS_PASSWORD}"]}"#;
        assert!(matches!(site.put("pit", secret, None).await, Err(EditError::Variable)));
        assert_eq!(site.text(), SITE);
    }

    #[test]
    fn a_slip_in_an_edit_leaves_the_camera_its_zones() {
        let site = Site::new(Some(SITE));
        site.edit(&SITE.replace("[9, 0]", "[9, x]"));
        assert_eq!(site.names("pit"), ["rim"]);
        let problems = site.book.now().problems_of("pit");
        assert!(problems[0].to_string().contains("rois.yaml:4: cameras[0].forbidden_rois[0].points: "), "{problems:?}");
        site.edit(SITE);
        assert!(site.book.now().problems().next().is_none());
    }

    #[test]
    fn zones_drawn_for_a_larger_picture_are_told() {
        let site = Site::new(Some(&SITE.replace("[9, 9]", "[1900, 9]")));
        let zoning = site.book.now();
        assert_eq!(zoning.misfits(&id("pit"), Size::new(1920, 1080)), []);
        let told = zoning.misfits(&id("pit"), Size::new(640, 360)).remove(0).to_string();
        let expected = "rois.yaml: pit: zone \"rim\" reaches beyond the camera's picture of 640x360: \
                        say in reference_size for which size it was drawn";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_file_that_cannot_be_read_leaves_all_zones_and_says_so() {
        let site = Site::new(Some(SITE));
        site.edit("cameras: [");
        assert_eq!(site.names("pit"), ["rim"]);
        assert!(site.book.now().problem.is_some());
    }

    #[test]
    fn an_entry_that_is_gone_takes_its_zones_along() {
        let site = Site::new(Some(SITE));
        site.edit("cameras: [{camera_id: gate}]");
        assert!(site.names("pit").is_empty());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let site = Site::new(None);
        let real = site.dir.path().join("real.yaml");
        fs::write(&real, SITE).expect("is written");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("is changed");
        symlink(&real, site.dir.path().join("rois.yaml")).expect("is linked");
        site.put("yard", YARD, None).await.expect("is stored");
        assert!(fs::read_to_string(&real).expect("is there").contains("yard"));
        assert_eq!(fs::metadata(&real).expect("is there").permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(site.dir.path().join("rois.yaml")).expect("is there").is_symlink());
    }
}
