//! Links by which somebody outside may read reports, each with a password.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::time::{micros, time};
use super::{History, ReportId, RunId};

/// What a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShareScope {
    /// Every run and every report.
    All,
    /// One run.
    Run(RunId),
    /// One report.
    Report(ReportId),
}

/// A link to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewShare {
    pub(crate) token: String,
    pub(crate) label: String,
    pub(crate) scope: ShareScope,
    /// As `argon2` writes it.
    pub(crate) password_hash: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

/// A link as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShareRow {
    pub(crate) id: i64,
    pub(crate) token: String,
    pub(crate) label: String,
    pub(crate) scope: ShareScope,
    pub(crate) password_hash: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct Stored {
    id: i64,
    token: String,
    label: String,
    scope: String,
    password_hash: String,
    created_us: i64,
    expires_us: Option<i64>,
}

impl Stored {
    fn share(self) -> anyhow::Result<ShareRow> {
        Ok(ShareRow {
            id: self.id,
            token: self.token,
            label: self.label,
            scope: serde_json::from_str(&self.scope)?,
            password_hash: self.password_hash,
            created_at: time(self.created_us),
            expires_at: self.expires_us.map(time),
        })
    }
}

impl History {
    /// Makes a link.
    pub(crate) async fn add_share(&self, share: &NewShare) -> anyhow::Result<i64> {
        let id = sqlx::query_scalar(
            "INSERT INTO shares (token, label, scope, password_hash, created_us, expires_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        )
        .bind(&share.token)
        .bind(&share.label)
        .bind(serde_json::to_string(&share.scope)?)
        .bind(&share.password_hash)
        .bind(micros(share.created_at))
        .bind(share.expires_at.map(micros))
        .fetch_one(&self.pool)
        .await?;
        Ok(id)
    }

    /// Returns all links, the newest first.
    pub(crate) async fn shares(&self) -> anyhow::Result<Vec<ShareRow>> {
        let rows: Vec<Stored> = sqlx::query_as("SELECT * FROM shares ORDER BY id DESC").fetch_all(&self.pool).await?;
        rows.into_iter().map(Stored::share).collect()
    }

    /// Returns the link of a token.
    pub(crate) async fn share(&self, token: &str) -> anyhow::Result<Option<ShareRow>> {
        let row: Option<Stored> =
            sqlx::query_as("SELECT * FROM shares WHERE token = ?1").bind(token).fetch_optional(&self.pool).await?;
        row.map(Stored::share).transpose()
    }

    /// Takes a link away. Returns whether there was one.
    pub(crate) async fn delete_share(&self, id: i64) -> sqlx::Result<bool> {
        let deleted = sqlx::query("DELETE FROM shares WHERE id = ?1").bind(id).execute(&self.pool).await?;
        Ok(deleted.rows_affected() > 0)
    }

    /// Counts a guess of a link's password, before it is looked at. Returns whether it may be looked at: at most
    /// `allowed` are within `window`, from wherever they come.
    pub(crate) async fn count_guess(
        &self,
        id: i64,
        allowed: u32,
        window: Duration,
        now: Timestamp,
    ) -> sqlx::Result<bool> {
        let began = micros(now) - i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        let counted = sqlx::query(
            "UPDATE shares SET guesses = CASE WHEN guesses_since_us <= ?2 THEN 1 ELSE guesses + 1 END,
                 guesses_since_us = CASE WHEN guesses_since_us <= ?2 THEN ?3 ELSE guesses_since_us END
             WHERE id = ?1 AND (guesses_since_us <= ?2 OR guesses < ?4)",
        )
        .bind(id)
        .bind(began)
        .bind(micros(now))
        .bind(allowed)
        .execute(&self.pool)
        .await?;
        Ok(counted.rows_affected() > 0)
    }

    /// Forgets the guesses of a link's password: somebody knew it.
    pub(crate) async fn forget_guesses(&self, id: i64) -> sqlx::Result<()> {
        sqlx::query("UPDATE shares SET guesses = 0 WHERE id = ?1").bind(id).execute(&self.pool).await?;
        Ok(())
    }
}
