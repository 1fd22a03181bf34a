//! A database opened by `store::sqlite`.

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};
use store::sqlite::{OpenError, connect, open};

static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

#[tokio::test]
async fn a_new_database_is_made_with_its_directory_and_keeps_its_rows() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("deep/alerts.db");
    let pool = open(&path, &MIGRATIONS).await.expect("is made");
    sqlx::query("INSERT INTO owners (id) VALUES (7)").execute(&pool).await.expect("is inserted");
    pool.close().await;
    let pool = open(&path, &MIGRATIONS).await.expect("is opened again");
    let row = sqlx::query("SELECT id FROM owners").fetch_one(&pool).await.expect("is there");
    assert_eq!(row.get::<i64, _>("id"), 7);
    let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&pool).await.expect("has a mode");
    assert_eq!(mode.get::<String, _>(0), "wal");
}

#[tokio::test]
async fn a_reference_to_nothing_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let pool = open(dir.path().join("a.db"), &MIGRATIONS).await.expect("is made");
    let orphan = sqlx::query("INSERT INTO things (name, owner) VALUES ('x', 1)");
    assert!(orphan.execute(&pool).await.is_err());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("alerts.db");
    std::fs::write(&path, "this is no database, and long enough to tell so".repeat(50)).expect("is written");
    let error = open(&path, &MIGRATIONS).await.expect_err("is no database");
    assert!(matches!(error, OpenError::Open { .. }), "{error}");
    assert!(error.to_string().contains("alerts.db: "), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn programs_that_open_an_older_database_at_the_same_moment_all_get_it() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().expect("a directory");
        let options = SqliteConnectOptions::new().filename(dir.path().join("old.db"));
        let mut old = options.clone().create_if_missing(true).connect().await.expect("is made");
        sqlx::query("CREATE TABLE rows (id INTEGER)").execute(&mut old).await.expect("is made");
        old.close().await.expect("is closed");

        let programs: Vec<_> = (0..8)
            .map(|_| {
                let options = options.clone();
                tokio::spawn(async move {
                    let pool = connect(options).await?;
                    sqlx::query("INSERT INTO rows VALUES (1)").execute(&pool).await.map(drop)
                })
            })
            .collect();
        for program in programs {
            program.await.expect("does not panic").expect("gets the database");
        }
    }
}
