//! Reading rows that visual-patrol wrote: their moments, their verdicts, their robot.
//!
//! This happens when the database is opened and now and then afterwards, as a site may run both programs while it
//! changes over.

use jiff::tz::TimeZone;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::History;
use super::time::{from_naive, micros, zone_name};

/// A table with naive times, and the columns that hold them: theirs and ours. The first is always filled.
const DATED: [(&str, &[(&str, &str)]); 4] = [
    ("patrol_runs", &[("start_time", "started_us"), ("end_time", "ended_us")]),
    ("inspection_results", &[("timestamp", "at_us")]),
    ("edge_ai_alerts", &[("timestamp", "at_us")]),
    ("generated_reports", &[("timestamp", "at_us")]),
];

/// How a verdict is read from what the reference stored. A text is never searched for words: what has no answer of the
/// agreed form was not judged.
const JUDGE: &str = "
UPDATE inspection_results SET verdict = CASE
    WHEN ai_response = 'Move Failed' OR robot_moving_status LIKE 'Error%' THEN 'UNREACHABLE'
    WHEN ai_response LIKE 'AI Error%' THEN 'ERROR'
    WHEN is_ng = 1 THEN 'NG'
    WHEN is_ng = 0 THEN 'OK'
    WHEN json_valid(ai_response) THEN CASE json_extract(ai_response, '$.is_NG')
        WHEN 1 THEN 'NG' WHEN 0 THEN 'OK' ELSE 'ERROR' END
    ELSE 'ERROR' END
WHERE verdict IS NULL";

/// Rows from the time when there was one robot and no column for it. A report without a robot is one of all robots and
/// is nobody's.
const ATTRIBUTE: [&str; 3] = [
    "UPDATE patrol_runs SET robot_id = ?1 WHERE robot_id IS NULL",
    "UPDATE inspection_results SET robot_id =
         coalesce((SELECT robot_id FROM patrol_runs WHERE patrol_runs.id = inspection_results.run_id), ?1)
     WHERE robot_id IS NULL",
    "UPDATE edge_ai_alerts SET robot_id =
         coalesce((SELECT robot_id FROM patrol_runs WHERE patrol_runs.id = edge_ai_alerts.run_id), ?1)
     WHERE robot_id IS NULL",
];

/// What the reference spent, for the accounts: a run's tokens at its start, a report's when it was made.
const ACCOUNT: [&str; 2] = [
    "INSERT INTO token_spending (at_us, robot_id, run_id, purpose, model, input, output, total)
     SELECT started_us, robot_id, id, 'run', model_id,
         coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(total_tokens, 0)
     FROM patrol_runs WHERE trigger IS NULL AND ended_us IS NOT NULL AND total_tokens > 0
         AND NOT EXISTS (SELECT 1 FROM token_spending WHERE token_spending.run_id = patrol_runs.id)",
    "INSERT INTO token_spending (at_us, robot_id, report_id, purpose, input, output, total)
     SELECT at_us, robot_id, id, 'report',
         coalesce(input_tokens, 0), coalesce(output_tokens, 0), coalesce(total_tokens, 0)
     FROM generated_reports WHERE state IS NULL AND total_tokens > 0
         AND NOT EXISTS (SELECT 1 FROM token_spending WHERE token_spending.report_id = generated_reports.id)",
];

impl History {
    /// Reads the rows that the reference wrote since this was last done.
    pub(crate) async fn adopt(&self) -> sqlx::Result<()> {
        if !self.has_unread().await? {
            return Ok(());
        }
        let zone = self.zone();
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for statement in ATTRIBUTE {
            sqlx::query(statement).bind(&*self.robot).execute(&mut *transaction).await?;
        }
        sqlx::query(JUDGE).execute(&mut *transaction).await?;
        for (table, times) in DATED {
            // Reports alone bear the time of the machine, everything else that of the settings.
            let zone = if table == "generated_reports" { TimeZone::system() } else { zone.as_ref().clone() };
            date(&mut transaction, table, times, &zone).await?;
        }
        for statement in ACCOUNT {
            sqlx::query(statement).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Looks without the write lock, which a patrol may need.
    async fn has_unread(&self) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM patrol_runs WHERE started_us IS NULL)
                 OR EXISTS (SELECT 1 FROM inspection_results WHERE verdict IS NULL)
                 OR EXISTS (SELECT 1 FROM edge_ai_alerts WHERE at_us IS NULL)
                 OR EXISTS (SELECT 1 FROM generated_reports WHERE at_us IS NULL)
                 OR EXISTS (SELECT 1 FROM patrol_runs WHERE ended_us IS NULL AND end_time IS NOT NULL)",
        )
        .fetch_one(&self.pool)
        .await
    }
}

/// Fills our time columns of a table.
///
/// A time that cannot be read is the beginning of 1970: the row is kept and stands at the end of every list.
async fn date(
    connection: &mut SqliteConnection,
    table: &str,
    times: &[(&str, &str)],
    zone: &TimeZone,
) -> sqlx::Result<()> {
    for (index, (theirs, ours)) in times.iter().enumerate() {
        let is_always_filled = index == 0;
        let unread = if is_always_filled { "" } else { " AND theirs IS NOT NULL" };
        let select = format!(
            "SELECT id, theirs FROM (SELECT id, {theirs} AS theirs, {ours} AS ours FROM {table})
             WHERE ours IS NULL{unread}"
        );
        let rows: Vec<(i64, Option<String>)> =
            sqlx::query_as(AssertSqlSafe(select)).fetch_all(&mut *connection).await?;
        let fill = format!("UPDATE {table} SET {ours} = ?2, zone = coalesce(zone, ?3) WHERE id = ?1");
        for (id, text) in rows {
            let at = text.as_deref().and_then(|text| from_naive(text, zone));
            sqlx::query(AssertSqlSafe(fill.clone()))
                .bind(id)
                .bind(at.map_or(0, micros))
                .bind(zone_name(zone))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}
