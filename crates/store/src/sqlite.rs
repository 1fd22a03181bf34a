//! SQLite, opened the same way everywhere: WAL, foreign keys, migrations at start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// How long a statement waits while another connection writes.
const BUSY: Duration = Duration::from_secs(10);
/// How many connections read at the same time; one of them can write.
const CONNECTIONS: u32 = 4;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its directory cannot be made.
    #[error("cannot make {}: {source}", .path.display())]
    Dir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It cannot be opened.
    #[error("cannot open the database {}: {source}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// It cannot be brought to the form this version needs.
    #[error("cannot bring the database {} up to date: {source}", .path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: MigrateError,
    },
}

/// Opens a database, makes it if need be, and brings it up to date with `migrations`
/// (`sqlx::migrate!("./migrations")`).
///
/// A committed transaction is on disk (`synchronous = FULL`): services acknowledge after it.
pub async fn open(path: impl AsRef<Path>, migrations: &Migrator) -> Result<SqlitePool, OpenError> {
    let path = path.as_ref();
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|source| OpenError::Dir { path: dir.to_owned(), source })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .connect_with(options)
        .await
        .map_err(|source| OpenError::Open { path: path.to_owned(), source })?;
    migrations.run(&pool).await.map_err(|source| OpenError::Migrate { path: path.to_owned(), source })?;
    Ok(pool)
}
