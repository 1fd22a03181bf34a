//! Pictures with what is known drawn into them: zones, and a box with a label around each thing. Takes the CPU for
//! milliseconds: not for the runtime's threads.

use bytes::Bytes;
use domain::picture::Picture;
use domain::zone::CameraZones;
use media::draw::{ALERT, Canvas, ZONE_BORDER, ZONE_FILL, of_class};

use crate::view::LiveTrack;

/// Returns a JPEG with every zone and every track; what is where it must not be is drawn last, in the colour of alarm.
pub(crate) fn annotated(
    picture: &Picture,
    tracks: &[LiveTrack],
    zones: &CameraZones,
    quality: u8,
) -> anyhow::Result<Bytes> {
    drawn(picture, tracks, zones, |_| true, quality)
}

/// Returns the JPEG of an alert: the one zone that it is about, and every track.
pub(crate) fn snapshot(
    picture: &Picture,
    tracks: &[LiveTrack],
    zones: &CameraZones,
    zone: &str,
    quality: u8,
) -> anyhow::Result<Bytes> {
    drawn(picture, tracks, zones, |name| name == zone, quality)
}

fn drawn(
    picture: &Picture,
    tracks: &[LiveTrack],
    zones: &CameraZones,
    shows: impl Fn(&str) -> bool,
    quality: u8,
) -> anyhow::Result<Bytes> {
    let mut canvas = Canvas::new(picture);
    let outlines = zones.polygons_in(picture.size());
    for (name, outline) in outlines.filter(|(name, _)| shows(name)) {
        canvas.zone(outline.corners(), Some(name), ZONE_FILL, ZONE_BORDER);
    }
    let (alarming, calm): (Vec<_>, Vec<_>) = tracks.iter().partition(|track| track.zone.as_deref().is_some_and(&shows));
    for track in calm {
        canvas.boxed(&track.bbox, Some(&label(track)), of_class(&track.class_name));
    }
    for track in alarming {
        canvas.boxed(&track.bbox, Some(&label(track)), ALERT);
    }
    Ok(media::jpeg::encode(&canvas.into_picture(), quality)?)
}

fn label(track: &LiveTrack) -> String {
    format!("{} {:.0} % #{}", track.class_name, track.confidence * 100.0, track.track_id)
}
