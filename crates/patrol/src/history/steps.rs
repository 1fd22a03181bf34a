//! What happened in a run, step by step, and where the robot went.

use jiff::Timestamp;
use serde::Serialize;

use super::time::{micros, time};
use super::{History, RunId};

/// One thing that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct RunStep {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// What kind of thing, as `moving` or `paused`.
    pub(crate) kind: String,
    /// The point it concerns.
    pub(crate) point: Option<String>,
    /// A sentence for people.
    pub(crate) text: String,
}

/// Where the robot was at a moment, in metres and radians on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PathPoint {
    pub(crate) at: Timestamp,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) theta: f64,
}

impl History {
    /// Writes down a step of a run. When this returns it is on disk.
    pub(crate) async fn add_step(&self, run: RunId, step: &RunStep) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO run_steps (run_id, at_us, kind, point, text) VALUES (?1, ?2, ?3, ?4, ?5)")
            .bind(run)
            .bind(micros(step.at))
            .bind(&step.kind)
            .bind(&step.point)
            .bind(&step.text)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns the steps of a run in the order they happened.
    pub(crate) async fn steps(&self, run: RunId) -> sqlx::Result<Vec<RunStep>> {
        let rows: Vec<(i64, String, Option<String>, String)> =
            sqlx::query_as("SELECT at_us, kind, point, text FROM run_steps WHERE run_id = ?1 ORDER BY id")
                .bind(run)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|(at, kind, point, text)| RunStep { at: time(at), kind, point, text }).collect())
    }

    /// Writes down where the robot went.
    pub(crate) async fn add_path(&self, run: RunId, path: &[PathPoint]) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for point in path {
            sqlx::query("INSERT INTO run_path (run_id, at_us, x, y, theta) VALUES (?1, ?2, ?3, ?4, ?5)")
                .bind(run)
                .bind(micros(point.at))
                .bind(point.x)
                .bind(point.y)
                .bind(point.theta)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// Returns where the robot went in a run.
    pub(crate) async fn path(&self, run: RunId) -> sqlx::Result<Vec<PathPoint>> {
        let rows: Vec<(i64, f64, f64, f64)> =
            sqlx::query_as("SELECT at_us, x, y, theta FROM run_path WHERE run_id = ?1 ORDER BY id")
                .bind(run)
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|(at, x, y, theta)| PathPoint { at: time(at), x, y, theta }).collect())
    }
}
