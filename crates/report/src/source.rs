//! The contents of reports out of a site's data directory: one reader for the service and for the command line.
//!
//! It only reads, and it takes the database as it is: brought up by the service, or as either generation of
//! visual-patrol left it. What is not there is missing in the report, which says so; a verdict is never guessed from a
//! text.

mod analyses;
mod files;
mod row;
mod runs;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::{AnalysisReport, RunReport};

/// Why a site's records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no database that can be read.
    #[error("cannot open the database {}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The database failed.
    #[error("cannot read the database")]
    Read(#[from] sqlx::Error),
}

/// The records of a site: the database and the files beside it.
#[derive(Debug, Clone)]
pub struct Archive {
    pool: SqlitePool,
    data_dir: PathBuf,
}

impl Archive {
    /// Returns the records of which somebody has the database open.
    #[must_use]
    pub fn new(pool: SqlitePool, data_dir: PathBuf) -> Self {
        Self { pool, data_dir }
    }

    /// Opens the records in a data directory to read them. Nothing is written, so the directory may be a copy on a
    /// medium that cannot be.
    ///
    /// # Errors
    ///
    /// If there is no database.
    pub async fn open(data_dir: &Path) -> Result<Self, ArchiveError> {
        let path = data_dir.join("report").join("report.db");
        // Without a log beside it nobody has it open, and it can be read without making one.
        let is_at_rest = !path.with_extension("db-wal").exists();
        let options = SqliteConnectOptions::new().filename(&path).read_only(true).immutable(is_at_rest);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|source| ArchiveError::Open { path, source })?;
        Ok(Self::new(pool, data_dir.to_owned()))
    }

    /// Returns the report of a run, as it is now; nothing if there is no such run.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn run(&self, id: i64, now: Timestamp) -> Result<Option<RunReport>, ArchiveError> {
        Ok(runs::read(self, id, now).await?)
    }

    /// Returns the number of the latest run, if there is one.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn latest_run(&self) -> Result<Option<i64>, ArchiveError> {
        Ok(sqlx::query_scalar("SELECT max(id) FROM patrol_runs").fetch_one(&self.pool).await?)
    }

    /// Returns an analysis of several days, as it is now; nothing if there is no such analysis.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub async fn analysis(&self, id: i64, now: Timestamp) -> Result<Option<AnalysisReport>, ArchiveError> {
        Ok(analyses::read(self, id, now).await?)
    }

    /// Returns the zone of the site's settings.
    async fn zone(&self) -> sqlx::Result<TimeZone> {
        let stored: Option<String> = if self.has_table("global_settings").await? {
            let select = sqlx::query_scalar("SELECT value FROM global_settings WHERE key = 'timezone'");
            select.fetch_optional(&self.pool).await?
        } else {
            None
        };
        let name = stored.and_then(|stored| serde_json::from_str::<String>(&stored).ok());
        Ok(name.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC))
    }

    /// Returns what people call a robot; nothing if it was never told.
    async fn robot_name(&self, robot: &str) -> sqlx::Result<String> {
        if !self.has_table("robots").await? {
            return Ok(String::new());
        }
        let select = sqlx::query_scalar("SELECT robot_name FROM robots WHERE robot_id = ?1").bind(robot);
        let name: Option<Option<String>> = select.fetch_optional(&self.pool).await?;
        Ok(name.flatten().unwrap_or_default())
    }

    async fn has_table(&self, name: &str) -> sqlx::Result<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?1)")
            .bind(name)
            .fetch_one(&self.pool)
            .await
    }
}
