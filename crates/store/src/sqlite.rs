//! SQLite, opened the same way everywhere: WAL, foreign keys, migrations at start.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::{Instant, sleep};

/// How long a statement waits while another connection writes.
const BUSY: Duration = Duration::from_secs(10);
/// How long after a refusal the next try is.
const AGAIN: Duration = Duration::from_millis(20);
const SQLITE_BUSY: u32 = 5;
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

/// Connects to a database as everything here does: it is made if need be, written ahead (WAL), and a committed transaction
/// is on disk (`synchronous = FULL`), because services acknowledge after it.
///
/// Several programs may do so at the same moment. The change to WAL needs the file for itself and is refused at once
/// where every other statement would wait, so it is asked for again for as long as they would.
///
/// # Errors
/// If the file cannot be opened, or others keep it for 10 s.
pub async fn connect(options: SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY);
    let deadline = Instant::now() + BUSY;
    loop {
        let connected = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options.clone()).await;
        match connected {
            Err(error) if is_busy(&error) && Instant::now() < deadline => sleep(AGAIN).await,
            connected => return connected,
        }
    }
}

/// Tells whether others have the file: SQLITE_BUSY, also with more said in its upper bits.
fn is_busy(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(refusal) = error else { return false };
    refusal.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// Opens a database, makes it if need be, and brings it up to date with `migrations`
/// (`sqlx::migrate!("./migrations")`).
///
/// # Errors
/// If it cannot be [connected to](connect), or its form cannot be changed.
pub async fn open(path: impl AsRef<Path>, migrations: &Migrator) -> Result<SqlitePool, OpenError> {
    let path = path.as_ref();
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|source| OpenError::Dir { path: dir.to_owned(), source })?;
    }
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(true);
    let pool = connect(options).await.map_err(|source| OpenError::Open { path: path.to_owned(), source })?;
    migrations.run(&pool).await.map_err(|source| OpenError::Migrate { path: path.to_owned(), source })?;
    Ok(pool)
}
