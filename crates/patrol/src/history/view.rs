//! Runs, inspections and reports as they are answered over HTTP. Times are RFC 3339 in UTC.

use domain::patrol::Verdict;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vlm::Usage;

use super::{
    AlertRow, Counts, InspectionId, InspectionRow, PathPoint, ReportId, ReportRow, ReportState, RunId, RunMap, RunRow,
    RunStatus, RunStep, RunSummary,
};

/// The longest beginning of a report that stands in a list, in characters.
const SUMMARY: usize = 240;

/// Tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct UsageView {
    /// What went in.
    pub(crate) input: u64,
    /// What came out.
    pub(crate) output: u64,
    /// Everything: input, output and what the model thought.
    pub(crate) total: u64,
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        Self { input: usage.input, output: usage.output, total: usage.total }
    }
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RunView {
    id: RunId,
    robot_id: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The time zone of the site when it was recorded.
    zone: String,
    status: RunStatus,
    /// Why it ended as it did.
    reason: Option<String>,
    route: Option<String>,
    dry_run: bool,
    loops: u32,
    /// Who began it: `operator` or `schedule:<id>`.
    trigger: Option<String>,
    robot_serial: Option<String>,
    model: Option<String>,
    /// How many inspections came to which verdict.
    #[schema(value_type = std::collections::BTreeMap<String, u32>)]
    counts: Counts,
    tokens: u64,
    usage: UsageView,
    /// In US dollars, as far as it is known.
    cost: Option<f64>,
    has_video: bool,
    /// The beginning of the report.
    summary: Option<String>,
}

impl RunView {
    /// Returns a run as a list shows it.
    pub(crate) fn of(summary: &RunSummary) -> Self {
        let RunSummary { run, counts } = summary;
        Self {
            id: run.id,
            robot_id: run.robot_id.clone(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            zone: run.zone.clone(),
            status: run.status,
            reason: run.reason.clone(),
            route: run.route.clone(),
            dry_run: run.dry_run,
            loops: run.loops,
            trigger: run.trigger.clone(),
            robot_serial: run.robot_serial.clone(),
            model: run.model_id.clone(),
            counts: counts.clone(),
            tokens: run.usage.total,
            usage: run.usage.into(),
            cost: run.cost,
            has_video: run.video_path.as_deref().is_some_and(|path| !path.is_empty()),
            summary: run.report.as_deref().filter(|report| !report.is_empty()).map(beginning),
        }
    }
}

fn beginning(report: &str) -> String {
    report.chars().take(SUMMARY).collect()
}

/// A run with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RunDetail {
    #[serde(flatten)]
    run: RunView,
    /// Markdown.
    report: Option<String>,
    video_analysis: Option<String>,
    video: Option<Film>,
    /// Where the report is as PDF.
    pdf: String,
    map: Option<MapView>,
    inspections: Vec<InspectionView>,
    steps: Vec<RunStep>,
    /// Where the robot went: metres, metres, seconds since the start.
    path: Vec<[f64; 3]>,
    alerts: Vec<AlertView>,
}

/// A film.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Film {
    url: String,
}

/// The map of a run.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct MapView {
    id: String,
    name: String,
    /// Where its picture is.
    url: String,
    /// Metres per pixel.
    resolution: f64,
    width: u32,
    height: u32,
    origin: crate::view::Origin,
}

/// Everything of a run, to be shown.
pub(crate) struct Parts {
    pub(crate) run: RunRow,
    pub(crate) counts: Counts,
    pub(crate) inspections: Vec<InspectionRow>,
    pub(crate) steps: Vec<RunStep>,
    pub(crate) path: Vec<PathPoint>,
    pub(crate) alerts: Vec<AlertRow>,
}

impl RunDetail {
    /// Returns a run with addresses below `base`.
    pub(crate) fn of(parts: Parts, base: &str) -> Self {
        let Parts { run, counts, inspections, steps, path, alerts } = parts;
        let at = format!("{base}/runs/{}", run.id);
        let seconds = |point: &PathPoint| point.at.duration_since(run.started_at).as_secs_f64();
        let summary = RunSummary { run: run.clone(), counts };
        let shown = RunView::of(&summary);
        Self {
            video: shown.has_video.then(|| Film { url: format!("{at}/video") }),
            run: shown,
            report: run.report.clone().filter(|report| !report.is_empty()),
            video_analysis: run.video_analysis.clone().filter(|analysis| !analysis.is_empty()),
            pdf: format!("{at}/report.pdf"),
            map: run.map.clone().map(|map| MapView::of(map, format!("{at}/map.png"))),
            inspections: inspections.iter().map(|row| InspectionView::of(row, base)).collect(),
            steps,
            path: path.iter().map(|point| [point.x, point.y, seconds(point)]).collect(),
            alerts: alerts.into_iter().map(|row| AlertView::of(row, base)).collect(),
        }
    }
}

impl MapView {
    fn of(map: RunMap, url: String) -> Self {
        let origin = crate::view::Origin { x: map.origin_x, y: map.origin_y, theta: map.origin_theta };
        let RunMap { id, name, resolution, width, height, .. } = map;
        Self { id, name, url, resolution, width, height, origin }
    }
}

/// An inspection.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct InspectionView {
    id: InspectionId,
    run_id: RunId,
    robot_id: String,
    point_id: Option<String>,
    point_name: String,
    x: f64,
    y: f64,
    theta: Option<f64>,
    prompt: String,
    /// Nothing while it is being judged.
    verdict: Option<Verdict>,
    description: String,
    /// Where the photo is; the first, if there are several.
    picture: Option<String>,
    /// Every photo, as they were taken.
    pictures: Vec<PhotoView>,
    /// Where the accepted photo is that it was compared with.
    previous: Option<String>,
    /// Where the picture of the difference is.
    difference: Option<String>,
    /// How different it is, from 0 to 1.
    difference_score: Option<f64>,
    moving_status: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    usage: UsageView,
    cost: Option<f64>,
    attempts: u32,
    model: Option<String>,
    /// `passed` or `failed`, if this was a control question.
    negative_control: Option<String>,
    /// What the local detector saw.
    #[schema(value_type = Option<Object>)]
    precheck: Option<serde_json::Value>,
    /// Which round of the run, from 1.
    #[serde(rename = "loop")]
    #[schema(rename = "loop")]
    round: u32,
    /// Whether its photo is the accepted one of its point.
    accepted: bool,
}

impl InspectionView {
    /// Returns an inspection with addresses below `base`.
    pub(crate) fn of(row: &InspectionRow, base: &str) -> Self {
        let url = |path: &Option<String>, name: &str| {
            path.as_ref().map(|_| format!("{base}/inspections/{}/{name}.jpg", row.id))
        };
        Self {
            id: row.id,
            run_id: row.run_id,
            robot_id: row.robot_id.clone(),
            point_id: row.point_id.clone(),
            point_name: row.point_name.clone(),
            x: row.x,
            y: row.y,
            theta: row.theta,
            prompt: row.prompt.clone(),
            verdict: row.verdict,
            description: row.description.clone(),
            picture: url(&row.image_path, "picture"),
            pictures: pictures(row, base),
            previous: url(&row.previous_path, "previous"),
            difference: url(&row.difference_path, "difference"),
            difference_score: row.difference_score,
            moving_status: row.moving_status.clone(),
            at: row.at,
            usage: row.usage.into(),
            cost: row.cost,
            attempts: row.attempts,
            model: row.model.clone(),
            negative_control: row.negative_control.clone(),
            precheck: row.precheck.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            round: row.round,
            accepted: row.accepted,
        }
    }
}

/// A photo of an inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PhotoView {
    /// Where it is.
    url: String,
    /// When the camera took it, if that is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    captured_at: Option<Timestamp>,
}

/// Returns the photos of an inspection with addresses below `base`: `picture.jpg`, `picture-2.jpg` and so on.
fn pictures(row: &InspectionRow, base: &str) -> Vec<PhotoView> {
    let at = |name: String| format!("{base}/inspections/{}/{name}", row.id);
    let first =
        row.image_path.iter().map(|_| PhotoView { url: at("picture.jpg".to_owned()), captured_at: row.captured_at });
    let more = row.more_photos.iter().zip(2..).map(|(photo, number)| PhotoView {
        url: at(format!("picture-{number}.jpg")),
        captured_at: Some(photo.captured_at),
    });
    first.chain(more).collect()
}

/// Returns which photo a name of [`pictures`] stands for besides the first: 0 for `picture-2.jpg`.
pub(crate) fn further_photo(name: &str) -> Option<usize> {
    let number: usize = name.strip_prefix("picture-")?.strip_suffix(".jpg")?.parse().ok()?;
    number.checked_sub(2)
}

/// An alert of a live monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AlertView {
    id: i64,
    rule: String,
    response: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Where the evidence is.
    picture: Option<String>,
    stream_source: String,
}

impl AlertView {
    fn of(row: AlertRow, base: &str) -> Self {
        Self {
            picture: row.image_path.map(|_| format!("{base}/alerts/{}/picture.jpg", row.id)),
            id: row.id,
            rule: row.rule,
            response: row.response,
            at: row.at,
            stream_source: row.stream_source,
        }
    }
}

/// A report over several days.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ReportView {
    id: ReportId,
    /// The first day, `YYYY-MM-DD`.
    from: String,
    /// The last day.
    to: String,
    /// Nothing if it is about all robots.
    robot_id: Option<String>,
    status: ReportState,
    /// Why it could not be written.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    usage: UsageView,
    cost: Option<f64>,
    model: Option<String>,
    /// What it was to contain. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    /// Markdown. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
    /// Where it is as PDF.
    pdf: Option<String>,
}

impl ReportView {
    /// Returns a report as a list shows it, with addresses below `base`.
    pub(crate) fn listed(row: &ReportRow, base: &str) -> Self {
        Self {
            id: row.id,
            from: row.from.clone(),
            to: row.to.clone(),
            robot_id: row.robot_id.clone(),
            status: row.state,
            reason: row.error.clone(),
            created_at: row.at,
            usage: row.usage.into(),
            cost: row.cost,
            model: row.model.clone(),
            prompt: None,
            report: None,
            pdf: (row.state == ReportState::Done).then(|| format!("{base}/reports/{}/report.pdf", row.id)),
        }
    }

    /// Returns a whole report with addresses below `base`.
    pub(crate) fn of(row: &ReportRow, base: &str) -> Self {
        let prompt = row.prompt.clone().unwrap_or_default();
        Self { prompt: Some(prompt), report: Some(row.content.clone()), ..Self::listed(row, base) }
    }
}
