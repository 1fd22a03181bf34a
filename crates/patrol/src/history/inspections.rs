//! Inspections: one look at one point, from the moment the robot stands there until there is a verdict.

use domain::patrol::Verdict;
use jiff::Timestamp;
use sqlx::{FromRow, SqliteConnection};
use vlm::Usage;

use super::photos::{Photo, column, photos, renamed};
use super::runs::{Expense, add_up, tokens, usage};
use super::spending::{self, Subject};
use super::time::{micros, naive, time, zone_name};
use super::{History, InspectionId, RunId};

/// What stands in the place of a verdict until there is one.
const PENDING: &str = "PENDING";

/// A look at a point that waits for its verdict.
#[derive(Debug, Clone)]
pub(crate) struct NewInspection {
    pub(crate) run: RunId,
    pub(crate) at: Timestamp,
    pub(crate) point_id: String,
    pub(crate) point_name: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) theta: f64,
    /// The question as it is asked.
    pub(crate) prompt: String,
    /// `Success`, or `Error: <code> - <title>`.
    pub(crate) moving_status: String,
    /// The photo, relative to the pictures of the robot.
    pub(crate) image_path: Option<String>,
    /// When the camera took it.
    pub(crate) captured_at: Option<Timestamp>,
    /// The photos besides the first, as they were taken.
    pub(crate) more_photos: Vec<Photo>,
    /// Which time round this was, from 1.
    pub(crate) round: u32,
}

/// What an inspection came to.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    pub(crate) at: Timestamp,
    pub(crate) verdict: Verdict,
    /// What the model answered, word by word.
    pub(crate) answer: String,
    /// What people are to read.
    pub(crate) description: String,
    pub(crate) usage: Usage,
    /// In US dollars.
    pub(crate) cost: Option<f64>,
    pub(crate) attempts: u32,
    pub(crate) model: Option<String>,
    /// The photo's name now, if it changed.
    pub(crate) image_path: Option<String>,
    /// The names of the other photos now, in their order; none if they did not change.
    pub(crate) more_paths: Vec<String>,
    /// The accepted photo this one was compared with, and the picture of the difference.
    pub(crate) previous_path: Option<String>,
    pub(crate) difference_path: Option<String>,
    pub(crate) difference_score: Option<f64>,
    /// `passed` or `failed`, if this was a control question.
    pub(crate) negative_control: Option<String>,
    /// What the local detector saw, as JSON.
    pub(crate) precheck: Option<String>,
}

impl Settlement {
    /// Returns the end of an inspection that no model was asked about.
    pub(crate) fn without_answer(
        at: Timestamp,
        verdict: Verdict,
        answer: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self {
            at,
            verdict,
            answer: answer.into(),
            description: description.into(),
            usage: Usage::default(),
            cost: None,
            attempts: 0,
            model: None,
            image_path: None,
            more_paths: Vec::new(),
            previous_path: None,
            difference_path: None,
            difference_score: None,
            negative_control: None,
            precheck: None,
        }
    }
}

/// An inspection as it stands in the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InspectionRow {
    pub(crate) id: InspectionId,
    pub(crate) run_id: RunId,
    pub(crate) robot_id: String,
    pub(crate) point_id: Option<String>,
    pub(crate) point_name: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) theta: Option<f64>,
    pub(crate) prompt: String,
    /// Nothing while it is pending.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) answer: String,
    pub(crate) description: String,
    /// The first photo, and when it was taken.
    pub(crate) image_path: Option<String>,
    pub(crate) captured_at: Option<Timestamp>,
    /// The photos besides the first.
    pub(crate) more_photos: Vec<Photo>,
    pub(crate) previous_path: Option<String>,
    pub(crate) difference_path: Option<String>,
    pub(crate) difference_score: Option<f64>,
    pub(crate) moving_status: String,
    pub(crate) at: Timestamp,
    /// The zone of the site when it was recorded.
    pub(crate) zone: String,
    pub(crate) usage: Usage,
    pub(crate) cost: Option<f64>,
    pub(crate) attempts: u32,
    pub(crate) model: Option<String>,
    pub(crate) negative_control: Option<String>,
    pub(crate) precheck: Option<String>,
    pub(crate) round: u32,
    /// Whether its photo is the one that later ones of the point are compared with.
    pub(crate) accepted: bool,
}

/// The photo that later ones of the same point are compared with.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct AcceptedPhoto {
    #[sqlx(rename = "id")]
    pub(crate) inspection: InspectionId,
    pub(crate) image_path: String,
    pub(crate) robot_id: String,
}

#[derive(FromRow)]
pub(super) struct Stored {
    id: i64,
    run_id: Option<i64>,
    robot_id: Option<String>,
    point_id: Option<String>,
    point_name: Option<String>,
    coordinate_x: Option<f64>,
    coordinate_y: Option<f64>,
    theta: Option<f64>,
    prompt: Option<String>,
    verdict: Option<String>,
    ai_response: Option<String>,
    ai_description: Option<String>,
    image_path: Option<String>,
    captured_us: Option<i64>,
    more_photos: Option<String>,
    previous_path: Option<String>,
    difference_path: Option<String>,
    difference_score: Option<f64>,
    robot_moving_status: Option<String>,
    at_us: Option<i64>,
    zone: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    total_tokens: Option<i64>,
    cost: Option<f64>,
    attempts: Option<u32>,
    model: Option<String>,
    negative_control: Option<String>,
    precheck: Option<String>,
    round: Option<u32>,
    accepted: bool,
}

impl From<Stored> for InspectionRow {
    fn from(row: Stored) -> Self {
        let answer = row.ai_response.unwrap_or_default();
        Self {
            id: InspectionId(row.id),
            run_id: RunId(row.run_id.unwrap_or(0)),
            robot_id: row.robot_id.unwrap_or_default(),
            point_id: row.point_id,
            point_name: row.point_name.unwrap_or_default(),
            x: row.coordinate_x.unwrap_or(0.0),
            y: row.coordinate_y.unwrap_or(0.0),
            theta: row.theta,
            prompt: row.prompt.unwrap_or_default(),
            verdict: row.verdict.as_deref().and_then(verdict),
            description: row.ai_description.unwrap_or_else(|| described(&answer)),
            answer,
            image_path: row.image_path.filter(|path| !path.is_empty()),
            captured_at: row.captured_us.map(time),
            more_photos: photos(row.more_photos.as_deref()),
            previous_path: row.previous_path,
            difference_path: row.difference_path,
            difference_score: row.difference_score,
            moving_status: row.robot_moving_status.unwrap_or_else(|| "Success".to_owned()),
            at: time(row.at_us.unwrap_or(0)),
            zone: row.zone.unwrap_or_else(|| "UTC".to_owned()),
            usage: usage(row.input_tokens, row.output_tokens, row.total_tokens),
            cost: row.cost,
            attempts: row.attempts.unwrap_or(1),
            model: row.model,
            negative_control: row.negative_control,
            precheck: row.precheck,
            round: row.round.unwrap_or(1),
            accepted: row.accepted,
        }
    }
}

/// Reads the column `verdict`; a word that nobody writes is an error, never an OK.
fn verdict(text: &str) -> Option<Verdict> {
    (text != PENDING).then(|| text.parse().unwrap_or(Verdict::Error))
}

/// Returns what people are to read of an answer from the time when there was no column for it.
fn described(answer: &str) -> String {
    let read: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    let description = read.as_ref().and_then(|read| read["Description"].as_str());
    description.unwrap_or(answer).to_owned()
}

/// Selects inspections in the form that [`Stored`] reads.
pub(super) const SELECT: &str = "SELECT i.*, EXISTS (SELECT 1 FROM accepted_photos a WHERE a.inspection_id = i.id) \
                                 AS accepted FROM inspection_results i";

impl History {
    /// Writes down a look at a point; its verdict is pending until [`settle`](Self::settle).
    pub(crate) async fn add_inspection(&self, new: &NewInspection) -> sqlx::Result<InspectionId> {
        let zone = self.zone();
        sqlx::query_scalar(
            "INSERT INTO inspection_results (run_id, robot_id, point_id, point_name, coordinate_x, coordinate_y, theta,
                 prompt, robot_moving_status, image_path, captured_us, more_photos, round, timestamp, at_us, zone, verdict,
                 is_ng, ai_response, ai_description, input_tokens, output_tokens, total_tokens)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 'PENDING', 1, '', '', 0, 0, 0)
             RETURNING id",
        )
        .bind(new.run)
        .bind(&*self.robot)
        .bind(&new.point_id)
        .bind(&new.point_name)
        .bind(new.x)
        .bind(new.y)
        .bind(new.theta)
        .bind(&new.prompt)
        .bind(&new.moving_status)
        .bind(&new.image_path)
        .bind(new.captured_at.map(micros))
        .bind(column(&new.more_photos))
        .bind(new.round)
        .bind(naive(new.at, &zone))
        .bind(micros(new.at))
        .bind(zone_name(&zone))
        .fetch_one(&self.pool)
        .await
    }

    /// Writes down what an inspection came to. Doing it again replaces what stood there.
    pub(crate) async fn settle(&self, id: InspectionId, settlement: &Settlement) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        write_settlement(&mut transaction, &self.robot, id, settlement).await?;
        sqlx::query("DELETE FROM inspection_jobs WHERE inspection_id = ?1").bind(id).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Returns an inspection, of whichever robot.
    pub(crate) async fn inspection(&self, id: InspectionId) -> sqlx::Result<Option<InspectionRow>> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT} WHERE i.id = ?1"));
        let row: Option<Stored> = sqlx::query_as(sql).bind(id).fetch_optional(&self.pool).await?;
        Ok(row.map(InspectionRow::from))
    }

    /// Returns the inspections of a run in the order they were made.
    pub(crate) async fn inspections(&self, run: RunId) -> sqlx::Result<Vec<InspectionRow>> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT} WHERE i.run_id = ?1 ORDER BY i.id"));
        let rows: Vec<Stored> = sqlx::query_as(sql).bind(run).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(InspectionRow::from).collect())
    }

    /// Makes the photo of an inspection the one that later ones of its point are compared with. Returns whether the
    /// inspection has a photo and a point.
    pub(crate) async fn accept(&self, id: InspectionId, at: Timestamp) -> sqlx::Result<bool> {
        let accepted = sqlx::query(
            "INSERT INTO accepted_photos (robot_id, point_id, inspection_id, accepted_us)
             SELECT robot_id, point_id, id, ?2 FROM inspection_results
             WHERE id = ?1 AND image_path IS NOT NULL AND point_id IS NOT NULL
             ON CONFLICT (robot_id, point_id) DO UPDATE
                 SET inspection_id = excluded.inspection_id, accepted_us = excluded.accepted_us",
        )
        .bind(id)
        .bind(micros(at))
        .execute(&self.pool)
        .await?;
        Ok(accepted.rows_affected() > 0)
    }

    /// Returns the accepted photo of a point of this robot.
    pub(crate) async fn last_accepted(&self, point_id: &str) -> sqlx::Result<Option<AcceptedPhoto>> {
        sqlx::query_as(
            "SELECT i.id, i.image_path, i.robot_id FROM accepted_photos a
             JOIN inspection_results i ON i.id = a.inspection_id
             WHERE a.robot_id = ?1 AND a.point_id = ?2 AND i.image_path IS NOT NULL",
        )
        .bind(&*self.robot)
        .bind(point_id)
        .fetch_optional(&self.pool)
        .await
    }
}

/// Writes a settlement, what it cost, and what the run costs with it.
pub(super) async fn write_settlement(
    connection: &mut SqliteConnection,
    robot: &str,
    id: InspectionId,
    settlement: &Settlement,
) -> sqlx::Result<()> {
    let Settlement { usage, verdict, .. } = settlement;
    let more_photos = renamed(connection, id, &settlement.more_paths).await?;
    let run: Option<RunId> = sqlx::query_scalar(
        "UPDATE inspection_results SET verdict = ?2, is_ng = ?3, ai_response = ?4, ai_description = ?5,
             input_tokens = ?6, output_tokens = ?7, total_tokens = ?8, prompt_tokens = ?6, candidate_tokens = ?7,
             token_usage = json_object('prompt_token_count', ?6, 'candidates_token_count', ?7, 'total_token_count', ?8),
             cost = ?9, attempts = ?10, model = ?11, image_path = coalesce(?12, image_path), previous_path = ?13,
             difference_path = ?14, difference_score = ?15, negative_control = ?16, precheck = ?17,
             more_photos = coalesce(?18, more_photos)
         WHERE id = ?1 RETURNING run_id",
    )
    .bind(id)
    .bind(verdict.as_str())
    // The reference knows two verdicts: what is not known to be fine must not look fine to it.
    .bind(*verdict != Verdict::Ok)
    .bind(&settlement.answer)
    .bind(&settlement.description)
    .bind(tokens(usage.input))
    .bind(tokens(usage.output))
    .bind(tokens(usage.total))
    .bind(settlement.cost)
    .bind(settlement.attempts)
    .bind(&settlement.model)
    .bind(&settlement.image_path)
    .bind(&settlement.previous_path)
    .bind(&settlement.difference_path)
    .bind(settlement.difference_score)
    .bind(&settlement.negative_control)
    .bind(&settlement.precheck)
    .bind(more_photos)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(run) = run {
        add_up(connection, run).await?;
    }
    // Settling again replaces what was settled, its price too.
    sqlx::query("DELETE FROM token_spending WHERE inspection_id = ?1").bind(id).execute(&mut *connection).await?;
    if usage.total > 0 {
        let (at, cost, model) = (settlement.at, settlement.cost, settlement.model.clone());
        let expense = Expense { at, usage: *usage, cost, model };
        let subject = Subject { robot: Some(robot), run, inspection: Some(id), report: None };
        spending::record(connection, &subject, "inspection", &expense).await?;
    }
    Ok(())
}
