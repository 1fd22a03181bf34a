//! Every figure this service counts. A camera's counters are also what its HTTP answer shows: there is one truth.

use std::collections::HashMap;
use std::sync::Arc;

use chassis::metrics::{counter, counters, describe_machine, float_gauges, gauges, histograms, refreshed};
use domain::alert::Severity;
use domain::id::CameraId;
use jiff::Timestamp;
use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use crate::lifecycle::{State, Trouble};
use crate::site::Site;

/// Seconds, from one millisecond to the slowest that anybody would still call live.
const LATENCY_SECS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0];

/// Seconds without a picture: from one that nobody notices to an hour.
const DARK_SECS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 15.0, 30.0, 60.0, 300.0, 3600.0];

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
    state: IntGaugeVec,
    last_frame: GaugeVec,
    first_frame: HistogramVec,
    outage: HistogramVec,
    reconnects: IntCounterVec,
    frame_age: HistogramVec,
    parts: IntCounterVec,
    left_coded: IntCounterVec,
    detections: IntCounterVec,
    alerts: IntCounterVec,
    capture_to_alert: HistogramVec,
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
            state: gauges("ronda_camera_state", "1 for the state that the camera is in.", &["camera", "state"]),
            last_frame: float_gauges(
                "ronda_camera_last_frame_timestamp_seconds",
                "When the last frame was captured, as Unix time; 0 before the first.",
                &["camera"],
            ),
            first_frame: histograms(
                "ronda_camera_first_frame_seconds",
                "From the attempt to open the stream that worked until its first frame.",
                &["camera"],
                DARK_SECS,
            ),
            outage: histograms(
                "ronda_camera_outage_seconds",
                "From the loss of the stream until its first frame afterwards.",
                &["camera"],
                DARK_SECS,
            ),
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
            alerts: counters("ronda_alerts_total", "Alerts raised.", &["camera", "zone", "class", "severity"]),
            capture_to_alert: latencies(
                "ronda_capture_to_alert_seconds",
                "From the capture of a frame until Redis or the spool has its alert.",
                &["camera"],
            ),
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
        Trouble::ALL.into_iter().for_each(|trouble| drop(self.reconnects.with_label_values(&[id, trouble.as_str()])));
        Meters {
            camera: id.to_owned(),
            fates: Fate::ALL.map(|fate| self.frames.with_label_values(&[id, fate.as_str()])),
            up: self.up.with_label_values(&[id]),
            states: SHOWN_STATES.map(|(state, name)| (state, self.state.with_label_values(&[id, name]))),
            last_frame: self.last_frame.with_label_values(&[id]),
            first_frame: self.first_frame.with_label_values(&[id]),
            outage: self.outage.with_label_values(&[id]),
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
        let id = id.as_str();
        let counters = [&self.frames, &self.reconnects, &self.parts, &self.left_coded, &self.detections, &self.alerts];
        counters.into_iter().for_each(|counter| forget(counter, id));
        [&self.up, &self.state].into_iter().for_each(|gauge| forget(gauge, id));
        forget(&self.last_frame, id);
        let histograms = [&self.first_frame, &self.outage, &self.frame_age, &self.capture_to_alert];
        histograms.into_iter().for_each(|histogram| forget(histogram, id));
    }
}

/// Removes every series of a camera.
fn forget<B: MetricVecBuilder>(metrics: &MetricVec<B>, camera: &str) {
    for family in metrics.collect() {
        for metric in family.get_metric() {
            let labels: HashMap<&str, &str> =
                metric.get_label().iter().map(|label| (label.name(), label.value())).collect();
            if labels.get("camera") == Some(&camera) {
                // Fails only if somebody else has just removed it.
                let _ = metrics.remove(&labels);
            }
        }
    }
}

/// Begins to show what is looked up: the machine, and what is wrong in the files that are followed.
pub(crate) fn describe(site: &Arc<Site>) {
    describe_machine();
    let errors = gauges("ronda_config_errors", "Wrong entries in a file that is followed.", &["file"]);
    let site = Arc::downgrade(site);
    refreshed("ronda_config_errors", move || {
        let Some(site) = site.upgrade() else { return };
        let show = |file, count: usize| errors.with_label_values(&[file]).set(count.try_into().unwrap_or(i64::MAX));
        show("cameras.yaml", site.cameras().problems().count());
        show("rois.yaml", site.zone_book.now().problems().count());
    });
}

/// The states of a camera that has an entry without mistakes, with their names.
const SHOWN_STATES: [(State, &str); 5] = [
    (State::Starting, "starting"),
    (State::Streaming, "streaming"),
    (State::Reconnecting, "reconnecting"),
    (State::Failed, "failed"),
    (State::Disabled, "disabled"),
];

/// The meters of one camera.
#[derive(Debug)]
pub(crate) struct Meters {
    camera: String,
    fates: [IntCounter; Fate::ALL.len()],
    up: IntGauge,
    states: [(State, IntGauge); SHOWN_STATES.len()],
    last_frame: Gauge,
    reconnects: IntCounterVec,
    parts: IntCounter,
    left_coded: IntCounter,
    detections: IntCounterVec,
    alerts: IntCounterVec,
    /// From the attempt to open the stream until its first frame.
    pub(crate) first_frame: Histogram,
    /// From the loss of the stream until its first frame afterwards.
    pub(crate) outage: Histogram,
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

    /// Tells what the camera does.
    pub(crate) fn set_state(&self, now: State) {
        self.up.set((now == State::Streaming).into());
        for (state, shown) in &self.states {
            shown.set((*state == now).into());
        }
    }

    /// Tells when the last frame was captured.
    pub(crate) fn frame_captured(&self, at: Timestamp) {
        self.last_frame.set(at.as_duration().as_secs_f64());
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
    pub(crate) fn alerted(&self, zone: &str, class: &str, severity: Severity) {
        self.alerts.with_label_values(&[&self.camera, zone, class, severity.as_str()]).inc();
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
    fn a_camera_that_is_gone_leaves_nothing_behind_and_takes_nothing_with_it() {
        let metrics = Metrics::new();
        let [gone, stays] = ["metrics-2", "metrics-3"].map(|id| id.parse::<CameraId>().expect("is an id"));
        for id in [&gone, &stays] {
            let meters = metrics.camera(id);
            meters.set_state(State::Streaming);
            meters.detected("person");
            meters.alerted("pit", "person", Severity::Critical);
            meters.lost(Trouble::Silent);
        }
        metrics.forget(&gone);
        let text = chassis::metrics::text();
        assert!(!text.contains("metrics-2"), "{text}");
        for line in [
            "ronda_camera_up{camera=\"metrics-3\"} 1\n",
            "ronda_camera_state{camera=\"metrics-3\",state=\"streaming\"} 1\n",
            "ronda_camera_state{camera=\"metrics-3\",state=\"failed\"} 0\n",
            "ronda_camera_reconnects_total{camera=\"metrics-3\",reason=\"silent\"} 1\n",
            "ronda_camera_reconnects_total{camera=\"metrics-3\",reason=\"ended\"} 0\n",
            "ronda_alerts_total{camera=\"metrics-3\",class=\"person\",severity=\"critical\",zone=\"pit\"} 1\n",
            "ronda_camera_last_frame_timestamp_seconds{camera=\"metrics-3\"} 0\n",
        ] {
            assert!(text.contains(line), "{line} is missing in {text}");
        }
    }
}
