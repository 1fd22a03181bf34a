//! Runs: how they begin, what they cost, how they end.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqliteConnection};
use vlm::Usage;

use super::spending::{self, Subject};
use super::time::{micros, naive, time, zone_name};
use super::{History, RunId};

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunStatus {
    /// Under way.
    Running,
    /// It visited every point it was to visit.
    Completed,
    /// Somebody ended it.
    Stopped,
    /// It ended by itself before it was through.
    Failed,
    /// The program ended while it was under way.
    Interrupted,
}

impl RunStatus {
    /// Every status.
    pub(crate) const ALL: [Self; 5] = [Self::Running, Self::Completed, Self::Stopped, Self::Failed, Self::Interrupted];

    /// Returns the words of the column `status`, of which the first three are the reference's.
    pub(crate) fn stored(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Stopped => "Patrol Stopped",
            Self::Failed => "Failed",
            Self::Interrupted => "Interrupted",
        }
    }

    /// Reads the column; words that nobody writes mean a run that did not come to an end of its own.
    pub(super) fn of_stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.stored() == text).unwrap_or(Self::Failed)
    }
}

/// A run that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub(crate) started_at: Timestamp,
    pub(crate) robot_serial: Option<String>,
    /// The model that will be asked.
    pub(crate) model_id: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) loops: u32,
    /// Who began it: `operator` or `schedule:<id>`.
    pub(crate) trigger: String,
    /// The points as they were when it began.
    pub(crate) plan: serde_json::Value,
}

/// Why a run does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    /// This robot has a run under way.
    #[error("run {0} of this robot is under way")]
    Open(RunId),
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// A run that was not ended: after a start, one that the end of the program interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenRun {
    pub(crate) id: RunId,
    pub(crate) started_at: Timestamp,
    pub(crate) route: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(crate) struct RunEnding {
    pub(crate) at: Timestamp,
    pub(crate) status: RunStatus,
    pub(crate) reason: Option<String>,
}

/// Tokens that were used for something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expense {
    pub(crate) at: Timestamp,
    pub(crate) usage: Usage,
    /// In US dollars, if the model's price is known.
    pub(crate) cost: Option<f64>,
    pub(crate) model: Option<String>,
}

/// The map a run was walked on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunMap {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Metres per pixel.
    pub(crate) resolution: f64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) origin_x: f64,
    pub(crate) origin_y: f64,
    pub(crate) origin_theta: f64,
}

/// A run as it stands in the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunRow {
    pub(crate) id: RunId,
    pub(crate) robot_id: String,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// The zone of the site when it was recorded.
    pub(crate) zone: String,
    pub(crate) status: RunStatus,
    pub(crate) reason: Option<String>,
    pub(crate) robot_serial: Option<String>,
    pub(crate) model_id: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) loops: u32,
    pub(crate) trigger: Option<String>,
    pub(crate) report: Option<String>,
    pub(crate) video_path: Option<String>,
    pub(crate) video_analysis: Option<String>,
    pub(crate) map: Option<RunMap>,
    pub(crate) usage: Usage,
    pub(crate) report_usage: Usage,
    pub(crate) telegram_usage: Usage,
    pub(crate) video_usage: Usage,
    pub(crate) cost: Option<f64>,
}

#[derive(FromRow)]
pub(super) struct Stored {
    id: i64,
    robot_id: Option<String>,
    started_us: Option<i64>,
    ended_us: Option<i64>,
    zone: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    robot_serial: Option<String>,
    model_id: Option<String>,
    route: Option<String>,
    dry_run: Option<bool>,
    loops: Option<u32>,
    trigger: Option<String>,
    report_content: Option<String>,
    video_path: Option<String>,
    video_analysis: Option<String>,
    map: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    total_tokens: Option<i64>,
    report_input_tokens: Option<i64>,
    report_output_tokens: Option<i64>,
    report_total_tokens: Option<i64>,
    telegram_input_tokens: Option<i64>,
    telegram_output_tokens: Option<i64>,
    telegram_total_tokens: Option<i64>,
    video_input_tokens: Option<i64>,
    video_output_tokens: Option<i64>,
    video_total_tokens: Option<i64>,
    cost: Option<f64>,
}

#[derive(FromRow)]
struct StoredOpen {
    id: RunId,
    started_us: Option<i64>,
    route: Option<String>,
}

/// Returns tokens as columns hold them.
pub(super) fn usage(input: Option<i64>, output: Option<i64>, total: Option<i64>) -> Usage {
    let count = |tokens: Option<i64>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(0);
    Usage { input: count(input), output: count(output), total: count(total) }
}

/// Returns a number of tokens as a column holds it.
pub(super) fn tokens(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl From<Stored> for RunRow {
    fn from(row: Stored) -> Self {
        Self {
            id: RunId(row.id),
            robot_id: row.robot_id.unwrap_or_default(),
            started_at: time(row.started_us.unwrap_or(0)),
            ended_at: row.ended_us.map(time),
            zone: row.zone.unwrap_or_else(|| "UTC".to_owned()),
            status: RunStatus::of_stored(row.status.as_deref().unwrap_or_default()),
            reason: row.reason,
            robot_serial: row.robot_serial,
            model_id: row.model_id,
            route: row.route,
            dry_run: row.dry_run.unwrap_or(false),
            loops: row.loops.unwrap_or(1),
            trigger: row.trigger,
            report: row.report_content,
            video_path: row.video_path,
            video_analysis: row.video_analysis,
            map: row.map.and_then(|map| serde_json::from_str(&map).ok()),
            usage: usage(row.input_tokens, row.output_tokens, row.total_tokens),
            report_usage: usage(row.report_input_tokens, row.report_output_tokens, row.report_total_tokens),
            telegram_usage: usage(row.telegram_input_tokens, row.telegram_output_tokens, row.telegram_total_tokens),
            video_usage: usage(row.video_input_tokens, row.video_output_tokens, row.video_total_tokens),
            cost: row.cost,
        }
    }
}

/// Sums what a run cost, from its inspections and what was spent on it besides.
const ADD_UP: &str = "
UPDATE patrol_runs SET (input_tokens, output_tokens, total_tokens, cost) = (
    SELECT
        coalesce(sum(i.input_tokens), 0) + coalesce(report_input_tokens, 0)
            + coalesce(telegram_input_tokens, 0) + coalesce(video_input_tokens, 0),
        coalesce(sum(i.output_tokens), 0) + coalesce(report_output_tokens, 0)
            + coalesce(telegram_output_tokens, 0) + coalesce(video_output_tokens, 0),
        coalesce(sum(i.total_tokens), 0) + coalesce(report_total_tokens, 0)
            + coalesce(telegram_total_tokens, 0) + coalesce(video_total_tokens, 0),
        CASE WHEN count(i.cost) = 0 AND extra_cost IS NULL THEN NULL
            ELSE coalesce(sum(i.cost), 0) + coalesce(extra_cost, 0) END
    FROM inspection_results i WHERE i.run_id = patrol_runs.id)
WHERE id = ?1";
/// The names older readers look for.
const MIRROR: &str = "
UPDATE patrol_runs SET prompt_tokens = input_tokens, candidate_tokens = output_tokens,
    token_usage = json_object('prompt_token_count', input_tokens, 'candidates_token_count', output_tokens,
        'total_token_count', total_tokens)
WHERE id = ?1";

/// Sums what a run cost.
pub(super) async fn add_up(connection: &mut SqliteConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query(ADD_UP).bind(run).execute(&mut *connection).await?;
    sqlx::query(MIRROR).bind(run).execute(connection).await?;
    Ok(())
}

impl History {
    /// Begins a run, unless this robot has one under way.
    pub(crate) async fn begin_run(&self, run: &NewRun) -> Result<RunId, BeginError> {
        let zone = self.zone();
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let open: Option<RunId> =
            sqlx::query_scalar("SELECT id FROM patrol_runs WHERE robot_id = ?1 AND status = 'Running' LIMIT 1")
                .bind(&*self.robot)
                .fetch_optional(&mut *transaction)
                .await?;
        if let Some(open) = open {
            return Err(BeginError::Open(open));
        }
        let id: RunId = sqlx::query_scalar(
            "INSERT INTO patrol_runs (robot_id, start_time, started_us, zone, status, robot_serial, model_id, route,
                 dry_run, loops, trigger, plan)
             VALUES (?1, ?2, ?3, ?4, 'Running', ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id",
        )
        .bind(&*self.robot)
        .bind(naive(run.started_at, &zone))
        .bind(micros(run.started_at))
        .bind(zone_name(&zone))
        .bind(&run.robot_serial)
        .bind(&run.model_id)
        .bind(&run.route)
        .bind(run.dry_run)
        .bind(run.loops)
        .bind(&run.trigger)
        .bind(run.plan.to_string())
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Notes the robot's serial number once it is known.
    pub(crate) async fn set_run_serial(&self, run: RunId, serial: &str) -> sqlx::Result<()> {
        sqlx::query("UPDATE patrol_runs SET robot_serial = ?2 WHERE id = ?1")
            .bind(run)
            .bind(serial)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns the runs of this robot that were not ended, the oldest first. Those of the reference's programs are
    /// among them.
    pub(crate) async fn open_runs(&self) -> sqlx::Result<Vec<OpenRun>> {
        let rows: Vec<StoredOpen> = sqlx::query_as(
            "SELECT id, started_us, route FROM patrol_runs WHERE robot_id = ?1 AND status = 'Running' ORDER BY id",
        )
        .bind(&*self.robot)
        .fetch_all(&self.pool)
        .await?;
        let open =
            |row: StoredOpen| OpenRun { id: row.id, started_at: time(row.started_us.unwrap_or(0)), route: row.route };
        Ok(rows.into_iter().map(open).collect())
    }

    /// Ends a run. One that was ended stays as it is. Returns whether this call ended it.
    pub(crate) async fn finish_run(&self, run: RunId, ending: &RunEnding) -> sqlx::Result<bool> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let zone: Option<String> = sqlx::query_scalar("SELECT coalesce(zone, 'UTC') FROM patrol_runs WHERE id = ?1")
            .bind(run)
            .fetch_optional(&mut *transaction)
            .await?;
        // A run's own two times are read on the same clocks even if the setting changed while it went on.
        let zone = zone.and_then(|name| jiff::tz::TimeZone::get(&name).ok()).unwrap_or(jiff::tz::TimeZone::UTC);
        let ended = sqlx::query(
            "UPDATE patrol_runs SET status = ?2, end_time = ?3, ended_us = ?4, reason = ?5
             WHERE id = ?1 AND status = 'Running'",
        )
        .bind(run)
        .bind(ending.status.stored())
        .bind(naive(ending.at, &zone))
        .bind(micros(ending.at))
        .bind(&ending.reason)
        .execute(&mut *transaction)
        .await?;
        add_up(&mut transaction, run).await?;
        transaction.commit().await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Keeps the map that a run is walked on. A map that was kept for another run is not kept twice.
    pub(crate) async fn set_run_map(&self, run: RunId, map: &RunMap, png: &[u8]) -> anyhow::Result<()> {
        let path = self.map_path(&self.robot, map);
        let png = png.to_vec();
        tokio::task::spawn_blocking(move || keep_once(&path, &png)).await.context("keeping the map")??;
        sqlx::query("UPDATE patrol_runs SET map = ?2 WHERE id = ?1")
            .bind(run)
            .bind(serde_json::to_string(map)?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Returns the map that a run was walked on, as PNG, if it was kept.
    pub(crate) async fn run_map(&self, run: &RunRow) -> Option<Vec<u8>> {
        let map = run.map.as_ref()?;
        tokio::fs::read(self.map_path(&run.robot_id, map)).await.ok()
    }

    /// A map's file is named for what it shows: its id, size and place.
    fn map_path(&self, robot: &str, map: &RunMap) -> PathBuf {
        use sha2::{Digest, Sha256};
        let shown = serde_json::to_string(map).unwrap_or_default();
        let name = hex::encode(&Sha256::digest(shown.as_bytes())[..12]);
        self.data_dir.join(robot).join("report").join("maps").join(format!("{name}.png"))
    }

    /// Notes where the film of a run is. A place below the data directory is noted relative to it.
    pub(crate) async fn set_run_video(&self, run: RunId, path: &Path) -> sqlx::Result<()> {
        let kept = path.strip_prefix(&self.data_dir).unwrap_or(path);
        sqlx::query("UPDATE patrol_runs SET video_path = ?2 WHERE id = ?1")
            .bind(run)
            .bind(kept.to_string_lossy())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keeps what a model said of the film of a run.
    pub(crate) async fn set_video_analysis(&self, run: RunId, text: &str, expense: &Expense) -> sqlx::Result<()> {
        let set = "UPDATE patrol_runs SET video_analysis = ?5, video_input_tokens = ?2, video_output_tokens = ?3,
                       video_total_tokens = ?4 WHERE id = ?1";
        self.set_with_expense(run, set, Some(text), "video", expense).await
    }

    /// Keeps the report of a run, as Markdown.
    pub(crate) async fn set_run_report(&self, run: RunId, text: &str, expense: &Expense) -> sqlx::Result<()> {
        let set = "UPDATE patrol_runs SET report_content = ?5, report_input_tokens = ?2, report_output_tokens = ?3,
                       report_total_tokens = ?4 WHERE id = ?1";
        self.set_with_expense(run, set, Some(text), "report", expense).await
    }

    /// Notes what the message about a run cost.
    pub(crate) async fn add_telegram_expense(&self, run: RunId, expense: &Expense) -> sqlx::Result<()> {
        let set = "UPDATE patrol_runs SET telegram_input_tokens = ?2, telegram_output_tokens = ?3,
                       telegram_total_tokens = ?4, report_content = coalesce(?5, report_content) WHERE id = ?1";
        self.set_with_expense(run, set, None, "telegram", expense).await
    }

    async fn set_with_expense(
        &self,
        run: RunId,
        set: &'static str,
        text: Option<&str>,
        purpose: &str,
        expense: &Expense,
    ) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(set)
            .bind(run)
            .bind(tokens(expense.usage.input))
            .bind(tokens(expense.usage.output))
            .bind(tokens(expense.usage.total))
            .bind(text)
            .execute(&mut *transaction)
            .await?;
        if let Some(cost) = expense.cost {
            sqlx::query("UPDATE patrol_runs SET extra_cost = coalesce(extra_cost, 0) + ?2 WHERE id = ?1")
                .bind(run)
                .bind(cost)
                .execute(&mut *transaction)
                .await?;
        }
        add_up(&mut transaction, run).await?;
        let subject = Subject { robot: Some(&self.robot), run: Some(run), ..Subject::default() };
        spending::record(&mut transaction, &subject, purpose, expense).await?;
        transaction.commit().await
    }

    /// Returns a run, of whichever robot.
    pub(crate) async fn run(&self, id: RunId) -> sqlx::Result<Option<RunRow>> {
        let row: Option<Stored> =
            sqlx::query_as("SELECT * FROM patrol_runs WHERE id = ?1").bind(id).fetch_optional(&self.pool).await?;
        Ok(row.map(RunRow::from))
    }
}

fn keep_once(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let dir = path.parent().context("a file is in a directory")?;
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    store::write_whole(path, content).with_context(|| format!("writing {}", path.display()))
}
