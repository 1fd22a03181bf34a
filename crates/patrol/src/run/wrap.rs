//! What is done before a run drives and after it is back: the robot's number and map, verdicts that are still out, the
//! film, the report. All of it is bounded in time, and none of it keeps a run from ending.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use domain::patrol::CameraSide;
use domain::patrol::run::{Outcome, Part};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};
use vlm::Question;

use super::film::Film;
use super::report_text::{self, Besides, Finding};
use crate::App;
use crate::history::{InspectionRow, Pictures, RunId, RunMap};
use crate::inspect::Consulted;

/// How long verdicts that are still out are waited for; they come later all the same.
const VERDICTS: Duration = Duration::from_secs(480);
/// The same after a stop: somebody wants the robot.
const VERDICTS_AFTER_STOP: Duration = Duration::from_secs(20);
/// How often it is looked whether they are in.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a model may take for a film.
const FILM_LIMIT: Duration = Duration::from_secs(240);
/// How long a model may take for a text.
const TEXT_LIMIT: Duration = Duration::from_secs(120);

/// Writes down which robot walks and on which map.
pub(super) async fn note_robot(app: &App, run: RunId) {
    let state = app.link.now();
    if let Some(serial) = &state.serial
        && let Err(cause) = app.history.set_run_serial(run, serial).await
    {
        warn!(run = run.0, "the robot's serial number is not recorded: {cause}");
    }
    if let Some(map) = &state.map {
        let shown = RunMap {
            id: map.id.0.clone(),
            name: map.name.clone(),
            resolution: map.resolution,
            width: map.size.width,
            height: map.size.height,
            origin_x: map.origin.x,
            origin_y: map.origin.y,
            origin_theta: map.origin.theta,
        };
        if let Err(cause) = app.history.set_run_map(run, &shown, &map.png).await {
            warn!(run = run.0, "the map of the run is not kept: {cause:#}");
        }
    }
}

/// Waits for a picture taken after a moment and keeps it. Returns its name and when it was taken.
pub(super) async fn fresh_picture(
    app: &App,
    (run, started_at): (RunId, Timestamp),
    point: &str,
    side: CameraSide,
    after: Timestamp,
    limit: Duration,
) -> anyhow::Result<(String, Timestamp)> {
    let picture = app.hub.fresh_after(side, after, limit).await?;
    let jpeg = picture.shot.jpeg.clone();
    let image_path = Pictures::of(&app.history).save(run, started_at, point, jpeg).await?;
    Ok((image_path, picture.at()))
}

/// The work after a round.
pub(super) struct Wrapping {
    pub(super) app: App,
    pub(super) run: RunId,
    pub(super) outcome: Outcome,
    pub(super) film: Option<Film>,
}

impl Wrapping {
    /// Does it, and tells which part it has come to.
    pub(super) async fn carry_out(self, tell: impl Fn(Part)) {
        let Self { app, run, outcome, film } = self;
        app.companions.end(run).await;
        tell(Part::Pictures);
        await_verdicts(&app, run, outcome).await;
        let film = match film {
            Some(film) => film.end(&app, run).await,
            None => None,
        };
        if matches!(outcome, Outcome::Stopped | Outcome::Interrupted) {
            return;
        }
        if let Some(film) = film {
            tell(Part::Film);
            if let Err(cause) = look_at_film(&app, run, &film).await {
                warn!(run = run.0, "the film of the run is not looked at: {cause:#}");
            }
        }
        tell(Part::Report);
        if let Err(cause) = write_report(&app, run).await {
            warn!(run = run.0, "the run has no report: {cause:#}");
        }
    }
}

async fn await_verdicts(app: &App, run: RunId, outcome: Outcome) {
    let limit = match outcome {
        Outcome::Completed | Outcome::Failed => VERDICTS,
        Outcome::Stopped | Outcome::Interrupted => VERDICTS_AFTER_STOP,
    };
    let deadline = Instant::now() + limit;
    loop {
        match app.inspector.open(run).await {
            Ok(0) => return,
            // W-36: whoever stopped the run does not wait for them; what nobody is judging yet is not judged any more.
            Ok(open) if Instant::now() >= deadline && outcome == Outcome::Stopped => {
                info!(run = run.0, open, "pictures of a stopped run are not judged any more");
                if let Err(cause) = app.inspector.cancel(run).await {
                    warn!(run = run.0, "verdicts that are out are not cancelled: {cause:#}");
                }
                return;
            }
            Ok(open) if Instant::now() >= deadline => {
                info!(run = run.0, open, "verdicts are still out; they are recorded when they come");
                return;
            }
            Ok(_) => {}
            Err(cause) => return warn!(run = run.0, "cannot tell which verdicts are out: {cause:#}"),
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn look_at_film(app: &App, run: RunId, film: &Path) -> anyhow::Result<()> {
    let question = Question::text(app.settings.current().video_prompt.clone(), FILM_LIMIT);
    let seen = app.inspector.consult("video", question, Some(film)).await?;
    app.history.set_video_analysis(run, &seen.text, &seen.expense).await.context("recording what the film shows")
}

async fn write_report(app: &App, run: RunId) -> anyhow::Result<()> {
    let rows = app.history.inspections(run).await.context("reading the inspections")?;
    let is_inspected = rows.iter().any(|row| row.verdict.is_some_and(domain::patrol::Verdict::is_judged));
    if !is_inspected {
        info!(run = run.0, "nothing was inspected, there is nothing to report");
        return Ok(());
    }
    let film = app.history.run(run).await.context("reading the run")?.and_then(|run| run.video_analysis);
    let zone = app.settings.current().zone();
    let when = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let alerts = app.history.alerts(run).await.context("reading the alerts")?;
    let alerts = alerts.iter().map(|alert| (when(alert.at), alert.rule.clone())).collect();
    let besides = Besides { film: film.as_deref(), alerts };
    let prompt = report_text::report(&app.settings.current().report_prompt, &findings(&rows), &besides);
    let Some(written) = ask_text(app, "report", prompt).await? else { return Ok(()) };
    app.history.set_run_report(run, &written.text, &written.expense).await.context("recording the report")
}

/// Returns what a model is told of the inspections.
pub(super) fn findings(rows: &[InspectionRow]) -> Vec<Finding> {
    let finding = |row: &InspectionRow| Finding {
        point: row.point_name.clone(),
        verdict: row.verdict,
        text: if row.verdict.is_some_and(domain::patrol::Verdict::is_judged) && !row.answer.is_empty() {
            row.answer.clone()
        } else {
            row.description.clone()
        },
    };
    rows.iter().map(finding).collect()
}

/// Asks the model for a text; nothing if there is no model.
pub(super) async fn ask_text(app: &App, purpose: &'static str, prompt: String) -> anyhow::Result<Option<Consulted>> {
    if app.inspector.is_configured().is_err() {
        return Ok(None);
    }
    let question = Question::text(prompt, TEXT_LIMIT);
    Ok(Some(app.inspector.consult(purpose, question, None).await?))
}
