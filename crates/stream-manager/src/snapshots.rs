//! The pictures of alerts: kept in the data directory for a time and up to a size, served by the alert's id.

use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chassis::Stop;
use domain::id::AlertId;
use store::{BlobError, Blobs, Key, Limits};
use tokio::time::sleep;
use tracing::debug;

/// How often old snapshots are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// The snapshots of alerts.
#[derive(Debug, Clone)]
pub(crate) struct Snapshots {
    blobs: Blobs,
    /// What stands before the path in an alert, as `https://site.example`; may be empty.
    public_url: String,
}

impl Snapshots {
    /// Opens the directory.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn open(dir: &Path, limits: Limits, public_url: &str) -> Result<Self, BlobError> {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Ok(Self { blobs: Blobs::open(dir, limits)?, public_url })
    }

    /// Keeps a snapshot and returns where it is served, behind nginx.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) async fn put(&self, alert: &AlertId, picture: Bytes) -> Result<String, BlobError> {
        self.blobs.put(&key(alert), picture).await?;
        Ok(format!("{}/streams/snapshots/{alert}.jpg", self.public_url))
    }

    /// Returns a snapshot, if it is still there.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) async fn read(&self, alert: &AlertId) -> Result<Option<Vec<u8>>, BlobError> {
        self.blobs.read(&key(alert)).await
    }

    /// Deletes old snapshots now and then, until the [`Stop`] is set.
    ///
    /// # Errors
    /// If the directory cannot be swept.
    pub(crate) async fn sweep(&self, stop: Stop) -> anyhow::Result<()> {
        loop {
            let swept = self.blobs.sweep(SystemTime::now()).await?;
            debug!(deleted = swept.deleted, kept = swept.kept, kept_bytes = swept.kept_bytes, "snapshots swept");
            if stop.or(sleep(SWEEP_EVERY)).await.is_none() {
                return Ok(());
            }
        }
    }
}

fn key(alert: &AlertId) -> Key {
    format!("{alert}.jpg").parse().expect("an id of letters, digits and marks is a part of a key")
}
