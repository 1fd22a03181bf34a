//! Inspections that wait for their verdict: a queue that a crash does not empty.
//!
//! Whoever works on a job holds it for a time, the lease. A job whose lease ran out may be taken again, and what its
//! former holder then says about it is refused: each claim has a number.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::{FromRow, SqliteConnection};

use super::inspections::{Settlement, write_settlement};
use super::time::{micros, time};
use super::{History, InspectionId, JobId, RunId};

/// An inspection to be judged, held by whoever claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) inspection: InspectionId,
    pub(crate) run: Option<RunId>,
    /// What the inspector wrote into it.
    pub(crate) body: String,
    /// How many times it was claimed, this time included.
    pub(crate) attempts: u32,
    pub(crate) enqueued_at: Timestamp,
    /// Which claim this is.
    claim: i64,
}

#[derive(FromRow)]
struct Stored {
    id: JobId,
    inspection_id: InspectionId,
    run_id: Option<RunId>,
    body: String,
    attempts: u32,
    enqueued_us: i64,
    claim: i64,
}

impl From<Stored> for Job {
    fn from(row: Stored) -> Self {
        Self {
            id: row.id,
            inspection: row.inspection_id,
            run: row.run_id,
            body: row.body,
            attempts: row.attempts,
            enqueued_at: time(row.enqueued_us),
            claim: row.claim,
        }
    }
}

impl History {
    /// Puts an inspection into the queue of this robot, to be claimed not before a time. One that is in the queue
    /// already stays as it is.
    pub(crate) async fn enqueue_job(
        &self,
        inspection: InspectionId,
        run: Option<RunId>,
        body: &str,
        not_before: Timestamp,
    ) -> sqlx::Result<JobId> {
        sqlx::query_scalar(
            "INSERT INTO inspection_jobs (robot_id, inspection_id, run_id, body, enqueued_us, due_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (inspection_id) DO UPDATE SET body = body RETURNING id",
        )
        .bind(&*self.robot)
        .bind(inspection)
        .bind(run)
        .bind(body)
        .bind(micros(Timestamp::now()))
        .bind(micros(not_before))
        .fetch_one(&self.pool)
        .await
    }

    /// Claims the job of this robot that is due longest.
    pub(crate) async fn claim_job(&self, now: Timestamp, lease: Duration) -> sqlx::Result<Option<Job>> {
        let until = micros(now).saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
        let row: Option<Stored> = sqlx::query_as(
            "UPDATE inspection_jobs SET lease_until_us = ?3, attempts = attempts + 1, claim = claim + 1
             WHERE id = (
                 SELECT id FROM inspection_jobs
                 WHERE robot_id = ?1 AND due_us <= ?2 AND (lease_until_us IS NULL OR lease_until_us <= ?2)
                 ORDER BY due_us, id LIMIT 1)
             RETURNING id, inspection_id, run_id, body, attempts, enqueued_us, claim",
        )
        .bind(&*self.robot)
        .bind(micros(now))
        .bind(until)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(Job::from))
    }

    /// Puts a job back with what is to be known the next time, to be claimed not before a time. Returns whether the claim
    /// still held.
    pub(crate) async fn retry_job_at(&self, job: &Job, at: Timestamp, reason: &str, body: &str) -> sqlx::Result<bool> {
        let put_back = sqlx::query(
            "UPDATE inspection_jobs SET lease_until_us = NULL, due_us = ?3, last_error = ?4, body = ?5
             WHERE id = ?1 AND claim = ?2",
        )
        .bind(job.id)
        .bind(job.claim)
        .bind(micros(at))
        .bind(reason)
        .bind(body)
        .execute(&self.pool)
        .await?;
        Ok(put_back.rows_affected() > 0)
    }

    /// Takes a job out of the queue and writes down what its inspection came to, both or neither. Returns whether the
    /// claim still held.
    pub(crate) async fn settle_job(&self, job: &Job, settlement: &Settlement) -> sqlx::Result<bool> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if !take_out(&mut transaction, job).await? {
            return Ok(false);
        }
        write_settlement(&mut transaction, &self.robot, job.inspection, settlement).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Returns when the next job of this robot can be claimed: when it is due and nobody holds it.
    pub(crate) async fn next_job_at(&self) -> sqlx::Result<Option<Timestamp>> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT min(max(due_us, coalesce(lease_until_us, 0))) FROM inspection_jobs WHERE robot_id = ?1",
        )
        .bind(&*self.robot)
        .fetch_one(&self.pool)
        .await?;
        Ok(next.map(time))
    }

    /// Takes the jobs of a run that nobody holds out of the queue, and returns them.
    pub(crate) async fn cancel_jobs(&self, run: RunId, now: Timestamp) -> sqlx::Result<Vec<Job>> {
        let rows: Vec<Stored> = sqlx::query_as(
            "DELETE FROM inspection_jobs WHERE run_id = ?1 AND (lease_until_us IS NULL OR lease_until_us <= ?2)
             RETURNING id, inspection_id, run_id, body, attempts, enqueued_us, claim",
        )
        .bind(run)
        .bind(micros(now))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Job::from).collect())
    }

    /// Frees every job of this robot. For the start of its process: whoever held one is gone. Returns how many.
    pub(crate) async fn release_claims(&self) -> sqlx::Result<u64> {
        let freed = sqlx::query(
            "UPDATE inspection_jobs SET lease_until_us = NULL, claim = claim + 1
             WHERE robot_id = ?1 AND lease_until_us IS NOT NULL",
        )
        .bind(&*self.robot)
        .execute(&self.pool)
        .await?;
        Ok(freed.rows_affected())
    }

    /// Returns inspections of this robot that wait for a verdict nobody is to give: their run has ended and they are not
    /// in the queue.
    pub(crate) async fn orphaned_inspections(&self) -> sqlx::Result<Vec<InspectionId>> {
        sqlx::query_scalar(
            "SELECT i.id FROM inspection_results i JOIN patrol_runs r ON r.id = i.run_id
             WHERE i.robot_id = ?1 AND i.verdict = 'PENDING' AND r.status <> 'Running'
                 AND NOT EXISTS (SELECT 1 FROM inspection_jobs j WHERE j.inspection_id = i.id)
             ORDER BY i.id",
        )
        .bind(&*self.robot)
        .fetch_all(&self.pool)
        .await
    }

    /// Returns how many inspections of this robot wait for their verdict.
    pub(crate) async fn waiting_jobs(&self) -> sqlx::Result<u64> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM inspection_jobs WHERE robot_id = ?1")
            .bind(&*self.robot)
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Returns how many inspections of a run wait for their verdict.
    pub(crate) async fn open_jobs(&self, run: RunId) -> sqlx::Result<u64> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM inspection_jobs WHERE run_id = ?1")
            .bind(run)
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

async fn take_out(connection: &mut SqliteConnection, job: &Job) -> sqlx::Result<bool> {
    let taken = sqlx::query("DELETE FROM inspection_jobs WHERE id = ?1 AND claim = ?2")
        .bind(job.id)
        .bind(job.claim)
        .execute(connection)
        .await?;
    Ok(taken.rows_affected() > 0)
}
