//! The book: every alert and what became of it, in SQLite. One router at a time keeps it.

mod deliveries;
mod list;
mod record;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use store::sqlite::{self, OpenError};

pub(crate) use deliveries::{DeliveryRecord, Due, Ending};
pub(crate) use list::{AlertRecord, Cursor, Filter};
pub(crate) use record::{Outcome, Recorded};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Why the book cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BookError {
    #[error("cannot use {}: {source}", .path.display())]
    Dir { path: PathBuf, source: std::io::Error },
    #[error("{} is used by another alert router", .0.display())]
    InUse(PathBuf),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// The book. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    pool: SqlitePool,
    _lock: Arc<File>,
}

/// How many alerts came to which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Accounts {
    /// All alerts ever recorded: the sum of the others.
    pub(crate) detected: i64,
    /// Waiting for a delivery, or for another attempt.
    pub(crate) pending: i64,
    /// Taken by the other end.
    pub(crate) delivered: i64,
    /// Not delivered because enough of their kind were.
    pub(crate) silenced: i64,
    /// Not delivered because another alert stood above them.
    pub(crate) inhibited: i64,
    /// Not delivered because they were too old when they arrived.
    pub(crate) expired: i64,
    /// Not taken by the other end before the attempts ended, or refused by it.
    pub(crate) dead_lettered: i64,
}

impl Accounts {
    /// Returns each outcome with its count.
    pub(crate) fn outcomes(&self) -> [(&'static str, i64); 6] {
        [
            ("pending", self.pending),
            ("delivered", self.delivered),
            ("silenced", self.silenced),
            ("inhibited", self.inhibited),
            ("expired", self.expired),
            ("dead_lettered", self.dead_lettered),
        ]
    }
}

impl Book {
    /// Opens the book in a directory, or begins one.
    pub(crate) async fn open(dir: &Path) -> Result<Self, BookError> {
        let refuse = |source| BookError::Dir { path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(refuse)?;
        let lock = File::create(dir.join("lock")).map_err(refuse)?;
        lock.try_lock().map_err(|_| BookError::InUse(dir.to_owned()))?;
        let pool = sqlite::open(dir.join("alerts.db"), &MIGRATIONS).await?;
        Ok(Self { pool, _lock: Arc::new(lock) })
    }

    /// Returns how many alerts came to which end, all read at one moment.
    pub(crate) async fn accounts(&self) -> sqlx::Result<Accounts> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT outcome, count FROM totals").fetch_all(&self.pool).await?;
        let mut accounts = Accounts::default();
        for (outcome, count) in rows {
            accounts.detected += count;
            let place = match outcome.as_str() {
                "pending" => &mut accounts.pending,
                "delivered" => &mut accounts.delivered,
                "silenced" => &mut accounts.silenced,
                "inhibited" => &mut accounts.inhibited,
                "expired" => &mut accounts.expired,
                _ => &mut accounts.dead_lettered,
            };
            *place += count;
        }
        Ok(accounts)
    }

    /// Forgets alerts recorded before a time, unless they are still to be delivered. They stay in
    /// the accounts. Returns how many there were.
    pub(crate) async fn forget_before(&self, time: Timestamp) -> sqlx::Result<u64> {
        let forgotten = sqlx::query("DELETE FROM alerts WHERE received_at < ?1 AND outcome <> 'pending'")
            .bind(time.as_microsecond())
            .execute(&self.pool)
            .await?;
        Ok(forgotten.rows_affected())
    }
}

/// Reads a time from the book.
fn time(micros: i64) -> Timestamp {
    // Only what came out of a timestamp is ever written.
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
