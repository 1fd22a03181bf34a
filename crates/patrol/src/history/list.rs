//! Runs, page by page, the newest first.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use domain::patrol::Verdict;
use jiff::Timestamp;

use super::runs::{RunRow, RunStatus, Stored};
use super::time::micros;
use super::{History, RunId};

/// How many inspections of a run came to which verdict.
pub(crate) type Counts = BTreeMap<Verdict, u32>;

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunFilter {
    pub(crate) robot_id: Option<String>,
    pub(crate) status: Option<RunStatus>,
    /// Those with an inspection of this verdict.
    pub(crate) verdict: Option<Verdict>,
    /// Begun at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Begun before this time.
    pub(crate) to: Option<Timestamp>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunSummary {
    pub(crate) run: RunRow,
    pub(crate) counts: Counts,
}

/// The place after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunCursor {
    started_us: i64,
    id: i64,
}

impl fmt::Display for RunCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.started_us, self.id)
    }
}

impl FromStr for RunCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = text
            .split_once('.')
            .and_then(|(started, id)| Some(Self { started_us: started.parse().ok()?, id: id.parse().ok()? }));
        place.ok_or("is not a cursor that this API gave out")
    }
}

impl History {
    /// Returns a page of runs, and the place where the next page begins if there is one.
    pub(crate) async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<RunCursor>,
        limit: u16,
    ) -> sqlx::Result<(Vec<RunSummary>, Option<RunCursor>)> {
        let after = after.unwrap_or(RunCursor { started_us: i64::MAX, id: i64::MAX });
        let mut rows: Vec<Stored> = sqlx::query_as(
            "SELECT * FROM patrol_runs r
             WHERE (started_us, id) < (?1, ?2)
                 AND (?3 IS NULL OR robot_id = ?3) AND (?4 IS NULL OR status = ?4)
                 AND (?5 IS NULL OR started_us >= ?5) AND (?6 IS NULL OR started_us < ?6)
                 AND (?7 IS NULL OR EXISTS (
                     SELECT 1 FROM inspection_results i WHERE i.run_id = r.id AND i.verdict = ?7))
             ORDER BY started_us DESC, id DESC LIMIT ?8",
        )
        .bind(after.started_us)
        .bind(after.id)
        .bind(&filter.robot_id)
        .bind(filter.status.map(RunStatus::stored))
        .bind(filter.from.map(micros))
        .bind(filter.to.map(micros))
        .bind(filter.verdict.map(Verdict::as_str))
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await?;
        let is_last = rows.len() <= usize::from(limit);
        rows.truncate(usize::from(limit));
        let runs: Vec<RunRow> = rows.into_iter().map(RunRow::from).collect();
        let next = runs.last().filter(|_| !is_last);
        let next = next.map(|run| RunCursor { started_us: micros(run.started_at), id: run.id.0 });
        let mut counts = self.counts(&runs).await?;
        let summary = |run: RunRow| RunSummary { counts: counts.remove(&run.id).unwrap_or_default(), run };
        Ok((runs.into_iter().map(summary).collect(), next))
    }

    /// Returns how the inspections of runs came out.
    async fn counts(&self, runs: &[RunRow]) -> sqlx::Result<HashMap<RunId, Counts>> {
        let ids: Vec<i64> = runs.iter().map(|run| run.id.0).collect();
        let rows: Vec<(RunId, String, u32)> = sqlx::query_as(
            "SELECT run_id, verdict, count(*) FROM inspection_results
             WHERE run_id IN (SELECT value FROM json_each(?1)) AND verdict IS NOT NULL GROUP BY run_id, verdict",
        )
        .bind(serde_json::Value::from(ids).to_string())
        .fetch_all(&self.pool)
        .await?;
        let mut counts: HashMap<RunId, Counts> = HashMap::new();
        for (run, verdict, count) in rows {
            // What is pending has no verdict and is not counted.
            if let Ok(verdict) = Verdict::from_str(&verdict) {
                counts.entry(run).or_default().insert(verdict, count);
            }
        }
        Ok(counts)
    }

    /// Returns how the inspections of a run came out.
    pub(crate) async fn run_counts(&self, run: &RunRow) -> sqlx::Result<Counts> {
        let mut counts = self.counts(std::slice::from_ref(run)).await?;
        Ok(counts.remove(&run.id).unwrap_or_default())
    }
}
