//! What is done now and then: rows of the older program are read, files that must go are deleted.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use chassis::Stop;
use tracing::info;

use super::History;
use super::retention::{Kept, Kind, Limits, doomed};
use crate::settings_book::{Settings, SettingsBook};

/// How often rows of the older program are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often files are swept, in looks.
const SWEEP_EVERY: u32 = 10;

/// Keeps the history in order until the stop is set.
pub(crate) async fn upkeep(history: History, settings: SettingsBook, stop: Stop) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = 0;
    while stop.or(ticks.tick()).await.is_some() {
        history.adopt().await.context("reading rows of the older program")?;
        if looks % SWEEP_EVERY == 0 {
            history.sweep(&settings.current()).await.context("deleting old files")?;
        }
        looks += 1;
    }
    Ok(())
}

impl History {
    /// Deletes the files of this robot that the settings do not allow to stay. The rows stay. Returns how many.
    pub(crate) async fn sweep(&self, settings: &Settings) -> anyhow::Result<usize> {
        let limits = limits(settings);
        if limits == Limits::default() {
            return Ok(0);
        }
        let accepted: Vec<String> = sqlx::query_scalar(
            "SELECT i.image_path FROM accepted_photos a JOIN inspection_results i ON i.id = a.inspection_id
             WHERE a.robot_id = ?1 AND i.image_path IS NOT NULL",
        )
        .bind(self.robot())
        .fetch_all(&self.pool)
        .await?;
        let report = self.robot_dir().join("report");
        tokio::task::spawn_blocking(move || swept(&report, &accepted, limits)).await.context("sweeping")?
    }
}

fn limits(settings: &Settings) -> Limits {
    let days = |days: u32| (days > 0).then(|| Duration::from_secs(u64::from(days) * 24 * 3600));
    let bytes = |gigabytes: f64| (gigabytes > 0.0).then_some((gigabytes * 1e9) as u64);
    Limits {
        film_age: days(settings.video_retention_days),
        photo_age: days(settings.picture_retention_days),
        quota: bytes(settings.files_quota_gb),
        free: bytes(settings.min_free_gb),
    }
}

fn swept(report: &Path, accepted: &[String], limits: Limits) -> anyhow::Result<usize> {
    let images = report.join("images");
    let accepted: BTreeSet<PathBuf> = accepted.iter().map(|path| images.join(path)).collect();
    let mut files = Vec::new();
    let places =
        [("video", Kind::Film), ("images", Kind::Photo), ("live_alerts", Kind::Photo), ("edge_ai_alerts", Kind::Photo)];
    for (name, kind) in places {
        collect(&report.join(name), kind, &accepted, &mut files)
            .with_context(|| format!("looking through {}", report.join(name).display()))?;
    }
    let free = free_bytes(report).unwrap_or(u64::MAX);
    let gone = doomed(files, limits, SystemTime::now(), free);
    for file in &gone {
        match std::fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("deleting {}", file.path.display()));
            }
            _ => {}
        }
        // The directory of a run goes with its last photo.
        let parent = file.path.parent().filter(|parent| parent.parent() == Some(&images));
        if let Some(parent) = parent {
            let _ = std::fs::remove_dir(parent);
        }
    }
    if !gone.is_empty() {
        let bytes: u64 = gone.iter().map(|file| file.bytes).sum();
        info!(count = gone.len(), bytes, "deleted old films and photos");
    }
    Ok(gone.len())
}

fn collect(dir: &Path, kind: Kind, accepted: &BTreeSet<PathBuf>, files: &mut Vec<Kept>) -> io::Result<()> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let Ok(facts) = std::fs::symlink_metadata(&path) else { continue };
        if facts.is_dir() {
            collect(&path, kind, accepted, files)?;
        } else {
            let accepted = accepted.contains(&path);
            files.push(Kept { kind, written: facts.modified()?, bytes: facts.len(), accepted, path });
        }
    }
    Ok(())
}

fn free_bytes(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use chassis::Env;
    use serde_json::json;

    use super::super::tests::{at, history};
    use super::*;

    fn put(history: &History, path: &str, age: Duration) -> PathBuf {
        let path = history.robot_dir().join("report").join(path);
        std::fs::create_dir_all(path.parent().expect("is in a directory")).expect("is made");
        std::fs::write(&path, b"content").expect("is written");
        let file = std::fs::File::options().write(true).open(&path).expect("is there");
        file.set_modified(SystemTime::now() - age).expect("its time can be set");
        path
    }

    #[tokio::test]
    async fn w27_old_files_go_and_accepted_photos_and_rows_stay() {
        let (_dir, history) = history().await;
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        let (old_film, new_film) = (put(&history, "video/1_x.mp4", days(9)), put(&history, "video/2_x.mp4", days(1)));
        let accepted = put(&history, "images/1_x/Gate_OK_1.jpg", days(9));
        let alone = put(&history, "images/0_x/Gate_OK_0.jpg", days(9));
        sqlx::raw_sql(
            "INSERT INTO inspection_results (robot_id, point_id, image_path, verdict, at_us)
                 VALUES ('robot-a', 'gate', '1_x/Gate_OK_1.jpg', 'OK', 0);",
        )
        .execute(&history.pool)
        .await
        .expect("is written");
        assert!(history.accept(crate::history::InspectionId(1), at(0)).await.expect("is written"));

        let settings = SettingsBook::open(&history, &Env::default()).await.expect("is opened");
        assert_eq!(history.sweep(&settings.current()).await.expect("is swept"), 0, "by default all is kept");
        let limits = json!({"video_retention_days": 7, "picture_retention_days": 7});
        settings.change(limits.as_object().expect("is an object")).await.expect("is saved");
        assert_eq!(history.sweep(&settings.current()).await.expect("is swept"), 2);
        assert!(!old_film.exists() && new_film.exists() && accepted.exists());
        assert!(
            !alone.parent().expect("is in a directory").exists(),
            "the directory of a run goes with its last photo"
        );
        let row = history.inspection(crate::history::InspectionId(1)).await.expect("is readable");
        assert!(row.is_some_and(|row| row.accepted));
    }
}
