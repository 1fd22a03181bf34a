//! What is remembered of runs, in `DATA_DIR/report/report.db`: one SQLite database that all robots of a site share.
//!
//! The tables, names and files of visual-patrol stay what they are, and its programs can still read the database. What
//! they have no place for stands in columns and tables of our own. Times are kept as UTC with the zone they were
//! recorded in; the reference's naive local columns are filled besides.

mod adopt;
mod alerts;
mod controls;
mod ids;
mod inspections;
mod jobs;
mod legacy;
mod list;
mod photos;
mod pictures;
mod reports;
mod retention;
mod robots;
mod runs;
mod schedules;
mod schema;
mod settings;
mod shares;
mod spending;
mod steps;
#[cfg(test)]
mod tests;
mod time;
mod upkeep;
mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use jiff::tz::TimeZone;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

pub(crate) use alerts::AlertRow;
pub(crate) use controls::ControlScore;
pub(crate) use ids::{InspectionId, JobId, ReportId, RunId};
pub(crate) use inspections::{InspectionRow, NewInspection, Settlement};
pub(crate) use jobs::Job;
pub(crate) use legacy::DayUsage;
pub(crate) use list::{Counts, RunFilter, RunSummary};
pub(crate) use photos::Photo;
pub(crate) use pictures::{Pictures, is_robot_id};
pub(crate) use reports::{ReportFilter, ReportRow, ReportState};
pub(crate) use robots::{BackendState, Heartbeat, LinkState, RobotRow};
pub(crate) use runs::{BeginError, Expense, NewRun, RunEnding, RunMap, RunRow, RunStatus};
pub(crate) use schedules::{ScheduleEntry, ScheduleOutcome};
pub(crate) use shares::{NewShare, ShareRow, ShareScope};
pub(crate) use spending::{DaySpending, Spent};
pub(crate) use steps::{PathPoint, RunStep};
pub(crate) use upkeep::upkeep;
pub(crate) use view::{InspectionView, Parts, ReportView, RunDetail, RunView, UsageView, further_photo};

/// The site's database, as the process of one robot sees it. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pool: SqlitePool,
    data_dir: Arc<Path>,
    robot: Arc<str>,
    zone: Arc<ArcSwap<TimeZone>>,
}

impl History {
    /// Opens the site's database in a data directory, or begins one, and brings it to today's form in place.
    pub(crate) async fn open(data_dir: &Path, robot: &str) -> anyhow::Result<Self> {
        let path = data_dir.join("report").join("report.db");
        let dir = data_dir.join("report");
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            // The reference declares foreign keys and never meant them: rows of deleted runs exist.
            .foreign_keys(false)
            // What was a secret in plain text must not live on in the pages it was deleted from.
            .pragma("secure_delete", "ON");
        let pool = store::sqlite::connect(options).await;
        let pool = pool.with_context(|| format!("opening the database {}", path.display()))?;
        schema::bring_up(&pool)
            .await
            .with_context(|| format!("bringing the database {} up to date", path.display()))?;
        let history = Self {
            pool,
            data_dir: data_dir.into(),
            robot: robot.into(),
            zone: Arc::new(ArcSwap::from_pointee(TimeZone::UTC)),
        };
        if let Some(zone) = history.stored_zone().await.context("reading the time zone of the site")? {
            history.set_zone(zone);
        }
        history.adopt().await.with_context(|| format!("reading rows of visual-patrol in {}", path.display()))?;
        Ok(history)
    }

    /// Returns the connections to the database, for who only reads.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Returns the id of the robot whose process this is.
    pub(crate) fn robot(&self) -> &str {
        &self.robot
    }

    /// Returns the data directory of the site.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns the directory of this robot's own files.
    pub(crate) fn robot_dir(&self) -> PathBuf {
        self.data_dir.join(&*self.robot)
    }

    /// Sets the zone that new rows are recorded in: that of the settings.
    pub(crate) fn set_zone(&self, zone: TimeZone) {
        self.zone.store(Arc::new(zone));
    }

    /// Returns the zone that new rows are recorded in.
    pub(crate) fn zone(&self) -> Arc<TimeZone> {
        self.zone.load_full()
    }
}
