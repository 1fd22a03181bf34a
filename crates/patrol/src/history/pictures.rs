//! The files of runs: photos, evidence, films. Named as visual-patrol names them, and found where it left them.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use domain::patrol::Verdict;
use jiff::Timestamp;

use super::{AlertRow, History, RunId, RunRow};

/// The word a photo's name bears until there is a verdict.
const PROCESSING: &str = "processing";
/// How many characters of a point's name stand in the name of its photo.
const LONGEST_NAME: usize = 80;

/// The files of a site, as the process of one robot sees them.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    history: History,
    data_dir: Arc<Path>,
}

impl Pictures {
    /// Returns the files beside a database.
    pub(crate) fn of(history: &History) -> Self {
        Self { history: history.clone(), data_dir: history.data_dir().into() }
    }

    /// Keeps a photo of a run and returns its path as the database has it, relative to the pictures of the robot.
    pub(crate) async fn save(
        &self,
        run: RunId,
        started_at: Timestamp,
        point_name: &str,
        jpeg: Bytes,
    ) -> anyhow::Result<String> {
        let name = format!("{}_{PROCESSING}_{}.jpg", plain_name(point_name), random_id());
        let relative = format!("{}/{name}", self.run_stem(run, started_at));
        self.write(&relative, jpeg).await?;
        Ok(relative)
    }

    /// Keeps a picture made from a photo, beside it, and returns its path.
    pub(crate) async fn save_beside(&self, image_path: &str, kind: &str, jpeg: Bytes) -> anyhow::Result<String> {
        let stem = image_path.strip_suffix(".jpg").unwrap_or(image_path);
        let relative = format!("{stem}_{kind}.jpg");
        self.write(&relative, jpeg).await?;
        Ok(relative)
    }

    /// Gives a photo the name of its verdict and returns its path. One that has such a name keeps it.
    pub(crate) async fn settled(&self, image_path: &str, verdict: Verdict) -> anyhow::Result<String> {
        let Some((before, after)) = image_path.rsplit_once(&format!("_{PROCESSING}_")) else {
            return Ok(image_path.to_owned());
        };
        let renamed = format!("{before}_{}_{after}", verdict.as_str());
        let dir = self.images_of(self.history.robot());
        let (from, to) = (inside(&dir, image_path), inside(&dir, &renamed));
        let (Some(from), Some(to)) = (from, to) else { bail!("`{image_path}` is no name of a photo") };
        match tokio::fs::rename(&from, &to).await {
            Ok(()) => Ok(renamed),
            // A crash between renaming and writing it down: it has been renamed.
            Err(_) if to.exists() => Ok(renamed),
            Err(error) => Err(error).with_context(|| format!("renaming {}", from.display())),
        }
    }

    /// Returns where the film of a run is to be written.
    pub(crate) fn video_path(&self, run: RunId, started_at: Timestamp) -> PathBuf {
        let name = format!("{}.mp4", self.run_stem(run, started_at));
        self.history.robot_dir().join("report").join("video").join(name)
    }

    /// Returns a photo of a robot, from its own directory or the one that all had in common once.
    pub(crate) async fn read(&self, robot_id: &str, image_path: &str) -> Option<Bytes> {
        let path = self.find(robot_id, image_path)?;
        tokio::fs::read(path).await.ok().map(Bytes::from)
    }

    /// Returns where a photo of a robot is.
    pub(crate) fn find(&self, robot_id: &str, image_path: &str) -> Option<PathBuf> {
        let own = is_robot_id(robot_id).then(|| self.images_of(robot_id));
        let common = self.data_dir.join("report").join("images");
        own.into_iter().chain([common]).find_map(|dir| existing(&dir, image_path))
    }

    /// Returns where the evidence of an alert is.
    pub(crate) fn find_evidence(&self, alert: &AlertRow) -> Option<PathBuf> {
        let path = alert.image_path.as_deref()?;
        let robot = is_robot_id(&alert.robot_id).then(|| self.data_dir.join(&alert.robot_id));
        let dirs = robot.into_iter().chain([self.data_dir.to_path_buf()]);
        dirs.into_iter().find_map(|dir| {
            // Only evidence is served by this name, whatever the database says.
            existing(&dir, path).filter(|found| {
                let parent = found.parent().and_then(Path::file_name);
                parent.is_some_and(|parent| parent == "live_alerts" || parent == "edge_ai_alerts")
            })
        })
    }

    /// Returns where the film of a run is. The reference wrote absolute paths, most of them of its container: what counts
    /// is the end of one.
    pub(crate) fn find_video(&self, run: &RunRow) -> Option<PathBuf> {
        let noted = Path::new(run.video_path.as_deref().filter(|path| !path.is_empty())?);
        let name = noted.file_name()?.to_str()?;
        let robots = [noted_robot(noted), Some(run.robot_id.as_str())];
        robots.into_iter().flatten().filter(|robot| is_robot_id(robot)).find_map(|robot| {
            let dir = self.data_dir.join(robot).join("report").join("video");
            existing(&dir, name)
        })
    }

    fn images_of(&self, robot_id: &str) -> PathBuf {
        self.data_dir.join(robot_id).join("report").join("images")
    }

    /// The name a run's files begin with: its number and when it began, on the clocks of the site.
    fn run_stem(&self, run: RunId, started_at: Timestamp) -> String {
        let local = started_at.to_zoned(self.history.zone().as_ref().clone());
        format!("{run}_{}", local.strftime("%Y%m%d_%H%M%S"))
    }

    async fn write(&self, relative: &str, content: Bytes) -> anyhow::Result<()> {
        let dir = self.images_of(self.history.robot());
        let path = inside(&dir, relative).with_context(|| format!("`{relative}` is no name of a photo"))?;
        let write = move || {
            let parent = path.parent().unwrap_or(&path);
            std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
            store::write_whole(&path, &content).with_context(|| format!("writing {}", path.display()))
        };
        tokio::task::spawn_blocking(write).await.context("writing a photo")?
    }
}

/// Returns whether a text is the id of a robot, or the one the reference gives a robot without one.
pub(crate) fn is_robot_id(text: &str) -> bool {
    let is_named = |rest: &str| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    text == "default" || text.strip_prefix("robot-").is_some_and(is_named)
}

/// The directory before `report/video` in a noted path.
fn noted_robot(path: &Path) -> Option<&str> {
    let robot = path.ancestors().nth(3)?;
    robot.file_name()?.to_str()
}

/// Returns a path below a directory, unless the text leads out of it.
fn inside(dir: &Path, relative: &str) -> Option<PathBuf> {
    let path = Path::new(relative);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let is_path = !relative.is_empty() && !relative.contains(['\0', '\\']) && path.components().all(is_plain);
    is_path.then(|| dir.join(path))
}

/// Returns the file of this name below a directory, if there is one and no link leads out.
fn existing(dir: &Path, relative: &str) -> Option<PathBuf> {
    let path = inside(dir, relative)?.canonicalize().ok()?;
    let root = dir.canonicalize().ok()?;
    (path.starts_with(root) && path.is_file()).then_some(path)
}

/// Returns the name of a point as it stands in names of files: what is not plain is `_`.
fn plain_name(point_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !"/\\?%*:|\"<>#".contains(c) || c == ' ' { c } else { '_' };
    let name: String = point_name.chars().take(LONGEST_NAME).map(plain).collect();
    // A name that begins with a dot would be hidden.
    name.strip_prefix('.').map(|rest| format!("_{rest}")).unwrap_or(name)
}

/// Returns a new random id in the form of a UUID of version 4.
fn random_id() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_the_reference_writes_it() {
        assert_eq!(plain_name("大廳/Lobby"), "___Lobby");
        assert_eq!(plain_name("..\\etc"), "_._etc");
        assert_eq!(plain_name(&"x".repeat(200)).len(), LONGEST_NAME);
    }

    #[test]
    fn no_text_leads_out_of_the_directory() {
        for text in ["", "/etc/passwd", "../secret.key", "a/../../b", "a\\..\\b", "./a", "a\0b", ".."] {
            assert_eq!(inside(Path::new("/data"), text), None, "{text:?}");
        }
        assert_eq!(inside(Path::new("/data"), "1_x/門.jpg"), Some(PathBuf::from("/data/1_x/門.jpg")));
    }

    #[test]
    fn a_random_id_is_a_uuid_of_version_4() {
        let id = random_id();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
    }

    #[test]
    fn a_robot_is_named_robot_something() {
        for (text, expected) in
            [("robot-a", true), ("default", true), ("robot-", false), ("robot-../x", false), ("report", false)]
        {
            assert_eq!(is_robot_id(text), expected, "{text}");
        }
    }
}
