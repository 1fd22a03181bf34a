//! The pictures of a site, found where the service or the reference left them.

use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The files of one robot.
pub(super) struct Files<'a> {
    pub(super) data_dir: &'a Path,
    /// Whose they are.
    pub(super) robot: &'a str,
}

impl Files<'_> {
    /// Returns a photo: from the robot's own directory, or from the one that all had in common once. One that is not
    /// there has no bytes.
    pub(super) async fn photo(&self, path: &str) -> Bytes {
        let own = self.own().map(|dir| dir.join("report").join("images"));
        let common = self.data_dir.join("report").join("images");
        first(own.into_iter().chain([common]), path).await
    }

    /// Returns the evidence of an alert. One that is not there has no bytes.
    pub(super) async fn evidence(&self, path: &str) -> Bytes {
        first(self.own().into_iter().chain([self.data_dir.to_owned()]), path).await
    }

    /// Returns a map, by the description it was kept under.
    pub(super) async fn map(&self, description: &str) -> Option<Bytes> {
        let name = hex::encode(&Sha256::digest(description.as_bytes())[..12]);
        let dir = self.own()?.join("report").join("maps");
        let map = first([dir].into_iter(), &format!("{name}.png")).await;
        (!map.is_empty()).then_some(map)
    }

    fn own(&self) -> Option<PathBuf> {
        inside(self.data_dir, self.robot).filter(|_| !self.robot.contains('/'))
    }
}

async fn first(dirs: impl Iterator<Item = PathBuf>, path: &str) -> Bytes {
    for dir in dirs {
        if let Some(file) = existing(&dir, path)
            && let Ok(content) = tokio::fs::read(file).await
        {
            return content.into();
        }
    }
    Bytes::new()
}

/// Returns the file of this name below a directory, if there is one and no link leads out.
fn existing(dir: &Path, relative: &str) -> Option<PathBuf> {
    let path = inside(dir, relative)?.canonicalize().ok()?;
    let root = dir.canonicalize().ok()?;
    (path.starts_with(root) && path.is_file()).then_some(path)
}

/// Returns a path below a directory, unless the text leads out of it.
fn inside(dir: &Path, relative: &str) -> Option<PathBuf> {
    let path = Path::new(relative);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let is_path = !relative.is_empty() && !relative.contains('\0') && path.components().all(is_plain);
    is_path.then(|| dir.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_picture_is_found_in_either_place_and_nowhere_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |path: &str, content: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("can be made");
            std::fs::write(path, content).expect("can be written");
        };
        write("robot-a/report/images/1_x/own.jpg", "own");
        write("report/images/old.jpg", "old");
        write("robot-a/report/edge_ai_alerts/1_2_rule.jpg", "alert");
        write("secret", "secret");
        let files = Files { data_dir: dir.path(), robot: "robot-a" };
        assert_eq!(files.photo("1_x/own.jpg").await, "own");
        assert_eq!(files.photo("old.jpg").await, "old");
        assert_eq!(files.evidence("report/edge_ai_alerts/1_2_rule.jpg").await, "alert");
        for path in ["missing.jpg", "../../../secret", "/etc/hostname", ""] {
            assert_eq!(files.photo(path).await, "", "{path}");
        }
        let stranger = Files { data_dir: dir.path(), robot: "../.." };
        assert_eq!(stranger.photo("old.jpg").await, "old");
        assert_eq!(stranger.photo("etc/hostname").await, "");
    }
}
