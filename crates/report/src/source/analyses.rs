//! The analysis of many days.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Archive;
use super::row::Row;
use crate::{AnalysisReport, Expense, Purpose, Scope};

pub(super) async fn read(archive: &Archive, id: i64, now: Timestamp) -> sqlx::Result<Option<AnalysisReport>> {
    let row =
        sqlx::query("SELECT * FROM generated_reports WHERE id = ?1").bind(id).fetch_optional(&archive.pool).await?;
    let Some(row) = row.map(Row) else { return Ok(None) };
    let zone = row.zone(&archive.zone().await?);
    let written =
        row.moment("at_us", "timestamp", &zone).unwrap_or_else(|| Timestamp::UNIX_EPOCH.to_zoned(zone.clone()));
    let day = |column: &str| row.text(column).and_then(|text| text.parse::<Date>().ok()).unwrap_or(written.date());
    let (from, to, robot) = (day("start_date"), day("end_date"), row.text("robot_id"));
    let runs = runs(archive, from, to, robot.as_deref()).await?;
    let this = Expense { purpose: Purpose::Analysis, tokens: row.tokens(""), cost: row.real("cost") };
    let scope = match robot {
        None => Scope::AllRobots,
        Some(robot) => {
            let name = archive.robot_name(&robot).await?;
            Scope::Robot(if name.is_empty() { robot } else { format!("{name} ({robot})") })
        }
    };
    Ok(Some(AnalysisReport {
        number: id,
        from,
        to,
        scope,
        text: row.text("report_content").unwrap_or_default(),
        model: row.text("model"),
        written,
        expenses: vec![runs, this],
        made: now.to_zoned(zone),
    }))
}

/// Returns what the runs used that began in the period.
async fn runs(archive: &Archive, from: Date, to: Date, robot: Option<&str>) -> sqlx::Result<Expense> {
    // The reference's column holds what the clocks of the site showed, and all programs fill it.
    let select = "SELECT * FROM patrol_runs WHERE substr(start_time, 1, 10) BETWEEN ?1 AND ?2
                      AND (?3 IS NULL OR robot_id = ?3) AND total_tokens > 0";
    let rows = sqlx::query(select).bind(from.to_string()).bind(to.to_string()).bind(robot);
    let mut sum = Expense { purpose: Purpose::Runs, tokens: crate::Tokens::default(), cost: Some(0.0) };
    for row in rows.fetch_all(&archive.pool).await?.into_iter().map(Row) {
        let tokens = row.tokens("");
        sum.tokens.input += tokens.input;
        sum.tokens.output += tokens.output;
        sum.tokens.total += tokens.total;
        sum.cost = sum.cost.zip(row.real("cost")).map(|(sum, cost)| sum + cost);
    }
    Ok(sum)
}
