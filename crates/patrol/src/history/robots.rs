//! The robots of a site, and which of them are there.
//!
//! A program that has not been heard of for a while counts as gone, whatever it wrote last; and whether the program runs
//! and whether it reaches its robot are two questions.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::time::{from_naive, micros, naive, time};
use super::{History, RunId};

/// How long a program counts as running after it was last heard of: three heartbeats and a little.
const BACKEND_EXPIRES_AFTER: Duration = Duration::from_secs(35);
/// How long one of the reference does, whose heart beats every 30 s.
const REFERENCE_EXPIRES_AFTER: Duration = Duration::from_secs(95);

/// Whether a program reaches its robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub(crate) enum LinkState {
    /// It does.
    Online,
    /// It does not.
    Offline,
    /// Nobody knows: it has not tried, or it is gone.
    Unknown,
}

/// Whether the program of a robot runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BackendState {
    /// It was heard of lately.
    Online,
    /// It was not.
    Offline,
}

/// A sign of life of a robot's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    pub(crate) at: Timestamp,
    pub(crate) robot_name: String,
    pub(crate) robot_ip: String,
    pub(crate) link: LinkState,
    pub(crate) battery: Option<u8>,
    pub(crate) run: Option<RunId>,
}

/// A robot of the site, as of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RobotRow {
    pub(crate) robot_id: String,
    pub(crate) robot_name: String,
    pub(crate) robot_ip: Option<String>,
    pub(crate) backend: BackendState,
    pub(crate) link: LinkState,
    /// When its program was last heard of.
    pub(crate) backend_seen: Option<Timestamp>,
    /// When its program last reached it.
    pub(crate) robot_seen: Option<Timestamp>,
    /// The reference's column, naive and local.
    pub(crate) last_seen: Option<String>,
    pub(crate) battery: Option<u8>,
    pub(crate) run: Option<RunId>,
}

#[derive(FromRow)]
struct Stored {
    robot_id: String,
    robot_name: Option<String>,
    robot_ip: Option<String>,
    last_seen: Option<String>,
    status: Option<String>,
    backend_seen_us: Option<i64>,
    robot_seen_us: Option<i64>,
    link: Option<LinkState>,
    battery: Option<u8>,
    run_id: Option<RunId>,
}

impl Stored {
    fn seen_at(self, now: Timestamp) -> RobotRow {
        let ours = self.backend_seen_us.map(time);
        // A program of the reference writes only its own column, on the clocks of its container.
        let theirs = self.last_seen.as_deref().and_then(|text| from_naive(text, &TimeZone::system()));
        let is_ours = ours >= theirs;
        let seen = ours.max(theirs);
        let limit = if is_ours { BACKEND_EXPIRES_AFTER } else { REFERENCE_EXPIRES_AFTER };
        let is_alive = seen.is_some_and(|seen| now.duration_since(seen).unsigned_abs() <= limit);
        let link = match (self.link, self.status.as_deref()) {
            _ if !is_alive => LinkState::Unknown,
            (Some(link), _) if is_ours => link,
            (_, Some("online")) => LinkState::Online,
            _ => LinkState::Offline,
        };
        RobotRow {
            robot_id: self.robot_id,
            robot_name: self.robot_name.unwrap_or_default(),
            robot_ip: self.robot_ip,
            backend: if is_alive { BackendState::Online } else { BackendState::Offline },
            link,
            backend_seen: seen,
            robot_seen: self.robot_seen_us.map(time),
            last_seen: self.last_seen,
            battery: self.battery.filter(|_| is_alive),
            run: self.run_id.filter(|_| is_alive),
        }
    }
}

impl History {
    /// Writes a sign of life of this robot's program. To be called every ten seconds.
    pub(crate) async fn heartbeat(&self, beat: &Heartbeat) -> sqlx::Result<()> {
        let is_reached = beat.link == LinkState::Online;
        sqlx::query(
            "INSERT INTO robots (robot_id, robot_name, robot_ip, last_seen, status, backend_seen_us, robot_seen_us, link,
                 battery, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (robot_id) DO UPDATE SET robot_name = excluded.robot_name, robot_ip = excluded.robot_ip,
                 last_seen = coalesce(excluded.last_seen, last_seen), status = excluded.status,
                 backend_seen_us = excluded.backend_seen_us,
                 robot_seen_us = coalesce(excluded.robot_seen_us, robot_seen_us), link = excluded.link,
                 battery = excluded.battery, run_id = excluded.run_id",
        )
        .bind(&*self.robot)
        .bind(&beat.robot_name)
        .bind(&beat.robot_ip)
        // For the reference's readers a robot was seen when it was reached, not when its program wrote this.
        .bind(is_reached.then(|| naive(beat.at, &TimeZone::system())))
        .bind(if is_reached { "online" } else { "offline" })
        .bind(micros(beat.at))
        .bind(is_reached.then(|| micros(beat.at)))
        .bind(beat.link)
        .bind(beat.battery)
        .bind(beat.run)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Returns the robots of the site as of a moment, by id.
    pub(crate) async fn robots(&self, now: Timestamp) -> sqlx::Result<Vec<RobotRow>> {
        let rows: Vec<Stored> = sqlx::query_as("SELECT * FROM robots ORDER BY robot_id").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|row| row.seen_at(now)).collect())
    }

    /// Takes a robot that is no longer there off the list. Its runs stay. Returns whether there was one.
    pub(crate) async fn forget_robot(&self, robot_id: &str) -> sqlx::Result<bool> {
        let gone = sqlx::query("DELETE FROM robots WHERE robot_id = ?1").bind(robot_id).execute(&self.pool).await?;
        Ok(gone.rows_affected() > 0)
    }
}
