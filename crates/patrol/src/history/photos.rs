//! The photos of an inspection besides its first, which has columns of its own: a list in one column.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::InspectionId;

/// A photo of an inspection that has several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Photo {
    /// Relative to the pictures of the robot.
    pub(crate) path: String,
    /// When the camera took it.
    pub(crate) captured_at: Timestamp,
}

/// Reads the column `more_photos`.
pub(super) fn photos(text: Option<&str>) -> Vec<Photo> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Returns what stands in the column `more_photos`.
pub(super) fn column(photos: &[Photo]) -> Option<String> {
    if photos.is_empty() { None } else { serde_json::to_string(photos).ok() }
}

/// Returns the photos besides the first under their new names; nothing if they have none.
pub(super) async fn renamed(
    connection: &mut SqliteConnection,
    id: InspectionId,
    paths: &[String],
) -> sqlx::Result<Option<String>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let stored: Option<Option<String>> = sqlx::query_scalar("SELECT more_photos FROM inspection_results WHERE id = ?1")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    let stored = photos(stored.flatten().as_deref());
    let renamed: Vec<Photo> =
        stored.into_iter().zip(paths).map(|(photo, path)| Photo { path: path.clone(), ..photo }).collect();
    Ok(column(&renamed))
}
