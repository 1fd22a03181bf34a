//! A database opened by `store::sqlite`.

use sqlx::Row;
use sqlx::migrate::Migrator;
use store::sqlite::{OpenError, open};

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
