//! The score of control questions: how often which model was right about a picture whose true answer is known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::FromRow;

use super::History;
use super::spending::QUARTER_US;
use super::time::micros;

/// How often something was answered how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ControlScore {
    /// The model said that nothing is wrong, which is so.
    pub(crate) passed: u64,
    /// It saw something that is not there.
    pub(crate) failed: u64,
    /// It did not answer.
    pub(crate) unanswered: u64,
}

impl ControlScore {
    fn count(&mut self, answer: &str, times: u64) {
        match answer {
            "passed" => self.passed += times,
            "failed" => self.failed += times,
            _ => self.unanswered += times,
        }
    }
}

#[derive(FromRow)]
struct Quarter {
    quarter: i64,
    model: Option<String>,
    answer: String,
    times: i64,
}

impl History {
    /// Returns the score of each model on each day of the site on which it was asked, the oldest first.
    pub(crate) async fn control_scores(
        &self,
        robot: Option<&str>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> sqlx::Result<BTreeMap<(Date, String), ControlScore>> {
        let rows: Vec<Quarter> = sqlx::query_as(
            "SELECT at_us / ?4 AS quarter, model, negative_control AS answer, count(*) AS times FROM inspection_results
             WHERE negative_control IS NOT NULL AND at_us IS NOT NULL
                 AND (?1 IS NULL OR robot_id = ?1) AND (?2 IS NULL OR at_us >= ?2) AND (?3 IS NULL OR at_us < ?3)
             GROUP BY quarter, model, answer ORDER BY quarter",
        )
        .bind(robot)
        .bind(from.map(micros))
        .bind(to.map(micros))
        .bind(QUARTER_US)
        .fetch_all(&self.pool)
        .await?;
        let mut scores: BTreeMap<(Date, String), ControlScore> = BTreeMap::new();
        for row in rows {
            let key = (self.date_of_quarter(row.quarter), row.model.unwrap_or_default());
            let score = scores.entry(key).or_default();
            score.count(&row.answer, u64::try_from(row.times).unwrap_or(0));
        }
        Ok(scores)
    }
}
