//! Every figure this service counts. A camera's counters are also what its HTTP answer shows: there is one truth.

use chassis::metrics::{counter, counters, gauges, histograms};
use domain::id::CameraId;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use crate::lifecycle::Trouble;

/// Seconds, from one millisecond to the slowest that anybody would still call live.
const LATENCY_SECS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0];

/// What became of a frame that a camera sent. Every frame has exactly one fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It came between two due times.
    NotDue,
    /// It was due, and a newer one came before it could be taken.
    Overwritten,
    /// It was thrown away before it was decoded, because this machine had fallen behind the camera.
    Late,
    /// It was due, and the scene was still.
    Still,
    /// It was due, and the detector's queue was full or no model was loaded yet.
    Busy,
    /// The detector looked at it.
    Detected,
    /// The detector failed on it.
    Failed,
}

impl Fate {
    const ALL: [Self; 7] =
        [Self::NotDue, Self::Overwritten, Self::Late, Self::Still, Self::Busy, Self::Detected, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::NotDue => "not_due",
            Self::Overwritten => "overwritten",
            Self::Late => "late",
            Self::Still => "still",
            Self::Busy => "busy",
            Self::Detected => "detected",
            Self::Failed => "failed",
        }
    }
}

/// The metrics of the whole service.
#[derive(Debug)]
pub(crate) struct Metrics {
    frames: IntCounterVec,
    up: IntGaugeVec,
    reconnects: IntCounterVec,
    frame_age: HistogramVec,
    parts: IntCounterVec,
    left_coded: IntCounterVec,
    detections: IntCounterVec,
    alerts: IntCounterVec,
    capture_to_alert: HistogramVec,
    /// Viewers that watch live now, by kind.
    pub(crate) viewers: IntGaugeVec,
    /// Pictures encoded for viewers.
    pub(crate) encoded: IntCounter,
    /// Alerts whose snapshot could not be made or kept.
    pub(crate) snapshots_failed: IntCounter,
    /// Alerts that were lost because the spool was full or broken.
    pub(crate) alerts_lost: IntCounter,
    /// Motion detection that failed; the frame was then looked at.
    pub(crate) motion_failed: IntCounter,
    /// How long frames waited to be taken, from their capture.
    pub(crate) decode_wait: Histogram,
    /// How long questions waited for a detector.
    pub(crate) queue: Histogram,
    /// How long the detector ran.
    pub(crate) inference: Histogram,
    /// How long a snapshot took to draw, encode and keep.
    pub(crate) draw: Histogram,
    /// How long it took until Redis or the spool had an alert.
    pub(crate) publish: Histogram,
}

impl Metrics {
    /// Returns the metrics of this process.
    pub(crate) fn new() -> Self {
        let latencies = |name, help, labels: &[&str]| histograms(name, help, labels, LATENCY_SECS);
        let stages = latencies("ronda_stage_seconds", "Time a frame or alert spends in each stage.", &["stage"]);
        Self {
            frames: counters(
                "ronda_frames_total",
                "Frames of each camera by what became of them.",
                &["camera", "result"],
            ),
            up: gauges("ronda_camera_up", "Whether the camera streams.", &["camera"]),
            reconnects: counters(
                "ronda_camera_reconnects_total",
                "Losses of the stream by reason.",
                &["camera", "reason"],
            ),
            frame_age: latencies("ronda_frame_age_seconds", "Age of a frame when its objects are known.", &["camera"]),
            parts: counters(
                "ronda_partial_looks_total",
                "Looks of the detector at a part of the picture.",
                &["camera"],
            ),
            left_coded: counters(
                "ronda_frames_left_coded_total",
                "Frames of still scenes that were not decoded.",
                &["camera"],
            ),
            detections: counters("ronda_detections_total", "Things the detector saw.", &["camera", "class"]),
            alerts: counters("ronda_alerts_total", "Alerts raised.", &["camera", "zone", "class"]),
            capture_to_alert: latencies(
                "ronda_capture_to_alert_seconds",
                "From the capture of a frame until Redis or the spool has its alert.",
                &["camera"],
            ),
            viewers: gauges("ronda_live_viewers", "Viewers that watch live.", &["kind"]),
            encoded: counter("ronda_pictures_encoded_total", "Pictures encoded for viewers."),
            snapshots_failed: counter("ronda_snapshots_failed_total", "Alerts without their snapshot."),
            alerts_lost: counter("ronda_alerts_lost_total", "Alerts that neither Redis nor the spool took."),
            motion_failed: counter("ronda_motion_failed_total", "Frames whose motion could not be measured."),
            decode_wait: stages.with_label_values(&["decode_wait"]),
            queue: stages.with_label_values(&["queue"]),
            inference: stages.with_label_values(&["inference"]),
            draw: stages.with_label_values(&["draw"]),
            publish: stages.with_label_values(&["publish"]),
        }
    }

    /// Returns the meters of one camera, all at their present values.
    pub(crate) fn camera(&self, id: &CameraId) -> Meters {
        let id = id.as_str();
        let up = self.up.with_label_values(&[id]);
        up.set(0);
        Meters {
            camera: id.to_owned(),
            fates: Fate::ALL.map(|fate| self.frames.with_label_values(&[id, fate.as_str()])),
            up,
            reconnects: self.reconnects.clone(),
            frame_age: self.frame_age.with_label_values(&[id]),
            parts: self.parts.with_label_values(&[id]),
            left_coded: self.left_coded.with_label_values(&[id]),
            detections: self.detections.clone(),
            alerts: self.alerts.clone(),
            capture_to_alert: self.capture_to_alert.with_label_values(&[id]),
        }
    }

    /// Returns how long the stages took so far, as name, count and sum of seconds.
    pub(crate) fn stages(&self) -> Vec<(&'static str, u64, f64)> {
        [
            ("decode_wait", &self.decode_wait),
            ("queue", &self.queue),
            ("inference", &self.inference),
            ("draw", &self.draw),
            ("publish", &self.publish),
        ]
        .map(|(name, stage)| (name, stage.get_sample_count(), stage.get_sample_sum()))
        .to_vec()
    }

    /// Forgets a camera that is no longer configured.
    pub(crate) fn forget(&self, id: &CameraId) {
        for fate in Fate::ALL {
            let _ = self.frames.remove_label_values(&[id.as_str(), fate.as_str()]);
        }
        let _ = self.parts.remove_label_values(&[id.as_str()]);
        let _ = self.left_coded.remove_label_values(&[id.as_str()]);
        let _ = self.up.remove_label_values(&[id.as_str()]);
        let _ = self.frame_age.remove_label_values(&[id.as_str()]);
        let _ = self.capture_to_alert.remove_label_values(&[id.as_str()]);
    }
}

/// The meters of one camera.
#[derive(Debug)]
pub(crate) struct Meters {
    camera: String,
    fates: [IntCounter; Fate::ALL.len()],
    up: IntGauge,
    reconnects: IntCounterVec,
    parts: IntCounter,
    left_coded: IntCounter,
    detections: IntCounterVec,
    alerts: IntCounterVec,
    /// Age of a frame when its objects are known.
    pub(crate) frame_age: Histogram,
    /// From capture to alert.
    pub(crate) capture_to_alert: Histogram,
}

impl Meters {
    /// Counts frames.
    pub(crate) fn frames(&self, fate: Fate, count: u64) {
        self.fates[fate as usize].inc_by(count);
    }

    /// Returns how many frames met this fate.
    pub(crate) fn met(&self, fate: Fate) -> u64 {
        self.fates[fate as usize].get()
    }

    /// Tells whether the camera streams.
    pub(crate) fn set_up(&self, up: bool) {
        self.up.set(i64::from(up));
    }

    /// Counts a loss of the stream.
    pub(crate) fn lost(&self, trouble: Trouble) {
        self.reconnects.with_label_values(&[&self.camera, trouble.as_str()]).inc();
    }

    /// Counts a look at a part of the picture.
    pub(crate) fn looked_at_part(&self) {
        self.parts.inc();
    }

    /// Returns how many looks were looks at a part of the picture.
    pub(crate) fn parts(&self) -> u64 {
        self.parts.get()
    }

    /// Counts frames that were not decoded.
    pub(crate) fn left_coded(&self, frames: u64) {
        self.left_coded.inc_by(frames);
    }

    /// Returns how many frames were not decoded.
    pub(crate) fn frames_left_coded(&self) -> u64 {
        self.left_coded.get()
    }

    /// Counts a thing that the detector saw.
    pub(crate) fn detected(&self, class: &str) {
        self.detections.with_label_values(&[&self.camera, class]).inc();
    }

    /// Counts an alert.
    pub(crate) fn alerted(&self, zone: &str, class: &str) {
        self.alerts.with_label_values(&[&self.camera, zone, class]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_shows_every_fate_from_its_first_moment() {
        let meters = Metrics::new().camera(&"metrics-1".parse().expect("is an id"));
        meters.frames(Fate::Overwritten, 3);
        assert_eq!((meters.met(Fate::Overwritten), meters.met(Fate::Still)), (3, 0));
        let text = chassis::metrics::text();
        assert!(text.contains(r#"ronda_frames_total{camera="metrics-1",result="overwritten"} 3"#), "{text}");
        assert!(text.contains(r#"ronda_frames_total{camera="metrics-1",result="detected"} 0"#), "{text}");
    }

    #[test]
    fn a_camera_that_is_gone_leaves_no_gauge_behind() {
        let metrics = Metrics::new();
        let id = "metrics-2".parse().expect("is an id");
        metrics.camera(&id).set_up(true);
        metrics.forget(&id);
        assert!(!chassis::metrics::text().contains("metrics-2"));
    }
}
