//! What is drawn on a frame: the zones, a box for each track, ALERT on those that break a rule, and a line of figures.

use std::time::Duration;

use domain::track::Track;
use media::draw::{ALERT, Canvas, Rgb, ZONE_BORDER, ZONE_FILL, of_class};

use super::Tally;
use crate::look::{Looker, Sight};

/// The plate behind the line of figures.
const PANEL: Rgb = Rgb(24, 28, 36);

/// Draws everything that was seen.
pub(super) fn draw(canvas: &mut Canvas, looker: &Looker, sight: &Sight, position: Duration, tally: &Tally) {
    for (name, polygon) in looker.zones().polygons_in(sight.size) {
        canvas.zone(polygon.corners(), Some(name), ZONE_FILL, ZONE_BORDER);
    }
    for track in &sight.tracks {
        let (label, colour) = mark(track, looker.zone_of(track));
        canvas.boxed(&track.detection.bbox, Some(&label), colour);
    }
    canvas.plate((8.0, 8.0), &figures(position, sight.tracks.len(), tally), PANEL);
}

/// Returns how a track is labelled and coloured.
fn mark(track: &Track, broken: Option<&str>) -> (String, Rgb) {
    let class = &track.detection.class_name;
    let label = format!("{class} #{} {:.0} %", track.id, track.detection.confidence * 100.0);
    match broken {
        Some(_) => (format!("ALERT {label}"), ALERT),
        None => (label, of_class(class)),
    }
}

fn figures(position: Duration, tracks: usize, tally: &Tally) -> String {
    let (minutes, seconds) = (position.as_secs() / 60, position.as_secs_f64() % 60.0);
    format!("{minutes:02}:{seconds:04.1}  tracks {tracks}  alerts {}", tally.alerts)
}

#[cfg(test)]
mod tests {
    use domain::detection::Detection;
    use domain::geometry::BBox;
    use domain::id::TrackId;
    use jiff::Timestamp;

    use super::*;

    fn track() -> Track {
        let detection = Detection {
            class_id: 0,
            class_name: "pine".into(),
            confidence: 0.874,
            bbox: BBox::new(0.0, 0.0, 1.0, 1.0),
            is_unknown: false,
        };
        let (first_seen, last_seen) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        Track { id: TrackId(3), detection, first_seen, last_seen, age_frames: 1, seen: true }
    }

    #[test]
    fn a_track_that_breaks_a_rule_is_marked() {
        assert_eq!(mark(&track(), Some("pit")), ("ALERT pine #3 87 %".to_owned(), ALERT));
        assert_eq!(mark(&track(), None), ("pine #3 87 %".to_owned(), of_class("pine")));
    }

    #[test]
    fn figures_tell_minutes_and_tenths() {
        let tally = Tally { frames: 9, tracks: 8, alerts: 7 };
        assert_eq!(figures(Duration::from_millis(65_250), 2, &tally), "01:05.2  tracks 2  alerts 7");
    }
}
