//! What visual-patrol's clients read, in its own columns and words.

use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, FromRow};

use super::{History, RunId};

/// Every column the reference has.
const RUN: &str = "id start_time end_time status robot_serial report_content model_id token_usage input_tokens \
    output_tokens total_tokens video_path video_analysis robot_id report_input_tokens report_output_tokens \
    report_total_tokens telegram_input_tokens telegram_output_tokens telegram_total_tokens video_input_tokens \
    video_output_tokens video_total_tokens prompt_tokens candidate_tokens sync_status";
const INSPECTION: &str = "id run_id point_name coordinate_x coordinate_y prompt ai_response is_ng ai_description \
    token_usage input_tokens output_tokens total_tokens image_path timestamp robot_moving_status robot_id \
    prompt_tokens candidate_tokens sync_status verdict";
const ALERT: &str = "id run_id rule response image_path timestamp robot_id stream_source sync_status";
const HISTORY: &str =
    "id start_time end_time status robot_serial report_content model_id total_tokens robot_id video_path";
const REPORT: &str = "id start_date end_date report_content input_tokens output_tokens total_tokens timestamp robot_id";

/// Returns the expression that makes a JSON object of columns.
fn object(columns: &str) -> String {
    let pairs: Vec<String> = columns.split_whitespace().map(|column| format!("'{column}', {column}")).collect();
    format!("json_object({})", pairs.join(", "))
}

/// What was used on one day of the reference's reckoning.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct DayUsage {
    date: String,
    input: i64,
    output: i64,
    total: i64,
}

impl History {
    /// Returns all runs, the newest first.
    pub(crate) async fn legacy_history(&self, robot: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let select =
            format!("SELECT {} FROM patrol_runs WHERE (?1 IS NULL OR robot_id = ?1) ORDER BY id DESC", object(HISTORY));
        self.objects(select, robot).await
    }

    /// Returns a run with everything that belongs to it.
    pub(crate) async fn legacy_run(&self, id: RunId) -> anyhow::Result<Option<Value>> {
        let id = id.to_string();
        let of = |columns, table, key| {
            format!("SELECT {} FROM {table} WHERE {key} = CAST(?1 AS INTEGER) ORDER BY id", object(columns))
        };
        let Some(run) = self.objects(of(RUN, "patrol_runs", "id"), Some(&id)).await?.pop() else {
            return Ok(None);
        };
        let inspections = self.objects(of(INSPECTION, "inspection_results", "run_id"), Some(&id)).await?;
        let alerts = self.legacy_alerts(&id).await?;
        Ok(Some(json!({
            "run": run, "inspections": inspections, "live_alerts": alerts, "edge_ai_alerts": alerts,
        })))
    }

    async fn legacy_alerts(&self, run: &str) -> anyhow::Result<Vec<Value>> {
        let select =
            format!("SELECT {} FROM edge_ai_alerts WHERE run_id = CAST(?1 AS INTEGER) ORDER BY id", object(ALERT));
        self.objects(select, Some(run)).await
    }

    /// Returns all reports that are complete, the newest first.
    pub(crate) async fn legacy_reports(&self) -> anyhow::Result<Vec<Value>> {
        let select = format!(
            "SELECT {} FROM generated_reports WHERE coalesce(state, 'done') = 'done' AND ?1 IS NULL
             ORDER BY at_us DESC, id DESC",
            object(REPORT)
        );
        self.objects(select, None).await
    }

    /// Returns tokens per day: runs count on the day they began, reports on the day they were made.
    pub(crate) async fn legacy_token_usage(&self, robot: Option<&str>) -> sqlx::Result<Vec<DayUsage>> {
        sqlx::query_as(
            "SELECT date, coalesce(sum(input), 0) AS input, coalesce(sum(output), 0) AS output,
                 coalesce(sum(total), 0) AS total
             FROM (
                 SELECT substr(start_time, 1, 10) AS date, input_tokens AS input, output_tokens AS output,
                     total_tokens AS total
                 FROM patrol_runs WHERE (?1 IS NULL OR robot_id = ?1)
                 UNION ALL
                 SELECT substr(timestamp, 1, 10), input_tokens, output_tokens, total_tokens
                 FROM generated_reports WHERE (?1 IS NULL OR robot_id = ?1))
             WHERE date IS NOT NULL GROUP BY date HAVING sum(total) > 0 ORDER BY date",
        )
        .bind(robot)
        .fetch_all(&self.pool)
        .await
    }

    async fn objects(&self, select: String, parameter: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let texts: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(select)).bind(parameter).fetch_all(&self.pool).await?;
        let parse = |text: &String| serde_json::from_str::<Map<String, Value>>(text).map(Value::Object);
        Ok(texts.iter().map(parse).collect::<Result<_, _>>()?)
    }
}
