//! The rows of the settings. What they mean is for the settings book to say.

use jiff::tz::TimeZone;

use super::History;

/// A change of stored settings: the value as JSON, or nothing to take it away.
pub(crate) type Change = (String, Option<String>);

impl History {
    /// Returns the settings of the site as they are stored, by key.
    pub(crate) async fn site_settings(&self) -> sqlx::Result<Vec<(String, String)>> {
        sqlx::query_as("SELECT key, value FROM global_settings ORDER BY key").fetch_all(&self.pool).await
    }

    /// Returns what this robot has different, by key.
    pub(crate) async fn own_settings(&self) -> sqlx::Result<Vec<(String, String)>> {
        sqlx::query_as("SELECT key, value FROM robot_settings WHERE robot_id = ?1 ORDER BY key")
            .bind(&*self.robot)
            .fetch_all(&self.pool)
            .await
    }

    /// Changes settings of the site, all or none.
    pub(crate) async fn change_site_settings(&self, changes: &[Change]) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (key, value) in changes {
            let change = match value {
                Some(value) => sqlx::query(
                    "INSERT INTO global_settings (key, value) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )
                .bind(key)
                .bind(value),
                None => sqlx::query("DELETE FROM global_settings WHERE key = ?1").bind(key),
            };
            change.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Changes what this robot has different, all or none.
    pub(crate) async fn change_own_settings(&self, changes: &[Change]) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (key, value) in changes {
            let change = match value {
                Some(value) => sqlx::query(
                    "INSERT INTO robot_settings (robot_id, key, value) VALUES (?1, ?2, ?3)
                     ON CONFLICT (robot_id, key) DO UPDATE SET value = excluded.value",
                )
                .bind(&*self.robot)
                .bind(key)
                .bind(value),
                None => sqlx::query("DELETE FROM robot_settings WHERE robot_id = ?1 AND key = ?2")
                    .bind(&*self.robot)
                    .bind(key),
            };
            change.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Returns whether something that is done once per site was done, and notes that it is.
    pub(crate) async fn first_time(&self, mark: &str) -> sqlx::Result<bool> {
        let marked = sqlx::query("INSERT INTO site_marks (name, value) VALUES (?1, 'done') ON CONFLICT DO NOTHING")
            .bind(mark)
            .execute(&self.pool)
            .await?;
        Ok(marked.rows_affected() > 0)
    }

    /// Moves what was written from the log into the database, so that what was overwritten is overwritten there too. Left
    /// for later if somebody reads just now.
    pub(crate) async fn settle_log(&self) -> sqlx::Result<()> {
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_optional(&self.pool).await?;
        Ok(())
    }

    /// Returns the zone the settings name, if it is one: what the reference's naive times are read in.
    pub(super) async fn stored_zone(&self) -> sqlx::Result<Option<TimeZone>> {
        let stored: Option<String> = sqlx::query_scalar("SELECT value FROM global_settings WHERE key = 'timezone'")
            .fetch_optional(&self.pool)
            .await?;
        let name: Option<String> = stored.and_then(|stored| serde_json::from_str(&stored).ok());
        Ok(name.and_then(|name| TimeZone::get(&name).ok()))
    }
}
