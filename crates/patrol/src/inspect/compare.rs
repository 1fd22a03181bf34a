//! The difference between a photo and the one of its waypoint that somebody accepted.

use anyhow::Context as _;
use bytes::Bytes;
use media::image::Limits;
use media::jpeg;
use vision::{DifferenceSettings, difference, marked};

use crate::history::{History, InspectionId, Pictures};

/// The quality of the picture that shows the difference.
const QUALITY: u8 = 85;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Compared {
    /// The accepted photo.
    pub(super) previous_path: Option<String>,
    /// The photo with frames around what changed; nothing if nothing did.
    pub(super) difference_path: Option<String>,
    /// From 0 (the same) to 1 (everything).
    pub(super) score: Option<f64>,
}

/// Compares the photo of an inspection with the accepted one of its waypoint, if there is one.
pub(super) async fn compare(
    history: &History,
    pictures: &Pictures,
    inspection: InspectionId,
    point_id: &str,
    image_path: &str,
    photo: Bytes,
) -> anyhow::Result<Compared> {
    let accepted = history.last_accepted(point_id).await.context("finding the accepted photo")?;
    let Some(accepted) = accepted.filter(|accepted| accepted.inspection != inspection) else {
        return Ok(Compared::default());
    };
    let Some(earlier) = pictures.read(&accepted.robot_id, &accepted.image_path).await else {
        return Ok(Compared::default());
    };
    let found = tokio::task::spawn_blocking(move || changed(&earlier, &photo)).await.context("comparing photos")??;
    let difference_path = match found.picture {
        Some(picture) => Some(pictures.save_beside(image_path, "difference", picture).await?),
        None => None,
    };
    Ok(Compared { previous_path: Some(accepted.image_path), difference_path, score: Some(found.score) })
}

struct Changed {
    score: f64,
    picture: Option<Bytes>,
}

/// Some tens of milliseconds of work.
fn changed(earlier: &Bytes, later: &Bytes) -> anyhow::Result<Changed> {
    let earlier = jpeg::decode(earlier, Limits::default()).context("reading the accepted photo")?;
    let later = jpeg::decode(later, Limits::default()).context("reading the photo")?;
    let found = difference(&earlier, &later, &DifferenceSettings::default())?;
    let picture = if found.regions.is_empty() {
        None
    } else {
        Some(jpeg::encode(&marked(&later, &found.regions), QUALITY).context("writing the difference")?)
    };
    Ok(Changed { score: found.score, picture })
}
