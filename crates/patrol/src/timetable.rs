//! When the robot walks by itself: the schedules of `patrol_schedule.json`, followed by the clock of the site.
//!
//! What was looked at is written down, and every due moment with what came of it: a process that was away does not begin
//! a run twice, and does not hide one that was missed.

mod book;

use std::time::Duration;

use chassis::Stop;
use domain::patrol::Then;
use domain::patrol::event::{RunEvent, RunEventKind};
use domain::schedule::{self, Due, Place, Schedule, Site, Verdict};
use jiff::Timestamp;
use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::App;
use crate::events::Changed;
use crate::history::{RunId, ScheduleEntry, ScheduleOutcome};
use crate::metrics;
use crate::plan::{StartError, Wanted};
use crate::settings_book::Settings;

pub(crate) use book::{BookError, Timetable};

/// The longest time between two looks: the zone, the clock and the file may change.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Returns where and in which zone schedules are followed.
pub(crate) fn site(settings: &Settings) -> Site {
    let place = settings.latitude.zip(settings.longitude);
    Site { zone: settings.zone(), place: place.and_then(|(latitude, longitude)| Place::new(latitude, longitude).ok()) }
}

/// A beginning that had to wait because the robot was busy or away.
struct Waiting {
    schedule: Schedule,
    at: Timestamp,
    why: String,
}

/// Begins runs when they are due, until the [`Stop`] is set.
///
/// # Errors
/// If the records cannot be read or written.
pub(crate) async fn follow(app: App, stop: Stop) -> anyhow::Result<()> {
    let mut waiting: Vec<Waiting> = Vec::new();
    while !stop.is_stopped() {
        let now = Timestamp::now();
        let site = site(&app.settings.current());
        let schedules = app.timetable.list();
        // A robot that is new has missed nothing.
        let checked = app.history.schedule_checked().await?.unwrap_or(now);
        for schedule in &schedules {
            for due in schedule::due(schedule, &site, checked, now) {
                if let Some(postponed) = take(&app, schedule, due).await? {
                    waiting.push(postponed);
                }
            }
        }
        app.history.set_schedule_checked(now).await?;
        waiting = try_waiting(&app, waiting).await?;
        let next = schedules.iter().filter_map(|schedule| schedule::next_after(schedule, &site, now)).min();
        let until_next = next.and_then(|at| Duration::try_from(at.duration_since(Timestamp::now())).ok());
        // What waits is tried every second: a run that ends makes room for it at once.
        let longest = if waiting.is_empty() { LOOK_EVERY } else { Duration::from_secs(1) };
        let pause = until_next.unwrap_or(longest).clamp(Duration::from_millis(20), longest);
        tokio::select! {
            () = stop.stopped() => {}
            () = app.timetable.changed() => {}
            () = sleep(pause) => {}
        }
    }
    Ok(())
}

/// Deals with a moment that has come. Returns it if it has to wait.
async fn take(app: &App, schedule: &Schedule, due: Due) -> anyhow::Result<Option<Waiting>> {
    let outcome = match due.verdict {
        Verdict::Fire => ScheduleOutcome::Fired,
        Verdict::FireLate => ScheduleOutcome::Late,
        Verdict::Missed(why) => {
            missed(app, schedule, due.at, why.to_string(), true).await?;
            return Ok(None);
        }
    };
    // Written down before anything moves: whoever finds it written does not begin it again.
    if !app.history.log_schedule(&entry(schedule, due.at, outcome, None, None)).await? {
        return Ok(None);
    }
    begin(app, Waiting { schedule: schedule.clone(), at: due.at, why: String::new() }).await
}

async fn try_waiting(app: &App, waiting: Vec<Waiting>) -> anyhow::Result<Vec<Waiting>> {
    let mut still = Vec::new();
    let schedules = app.timetable.list();
    for postponed in waiting {
        let is_followed = |schedule: &Schedule| schedule.enabled && schedule.id == postponed.schedule.id;
        if !schedules.iter().any(is_followed) {
            let why = "the schedule was removed or switched off before the run could begin".to_owned();
            missed(app, &postponed.schedule, postponed.at, why, false).await?;
            continue;
        }
        match postponed.schedule.misfire.verdict(postponed.at, Timestamp::now()) {
            Verdict::Missed(_) => missed(app, &postponed.schedule, postponed.at, postponed.why, false).await?,
            Verdict::Fire | Verdict::FireLate => still.extend(begin(app, postponed).await?),
        }
    }
    Ok(still)
}

/// Begins a run. Returns it if it has to wait.
async fn begin(app: &App, due: Waiting) -> anyhow::Result<Option<Waiting>> {
    let Waiting { schedule, at, why: waited_for } = due;
    let wanted = Wanted {
        route: schedule.route.clone(),
        points: None,
        loops: 1,
        dry_run: false,
        then: Then::Home,
        trigger: format!("schedule:{}", schedule.id),
    };
    match app.runner.start(wanted).await {
        Ok(run) => {
            let is_late = !matches!(schedule.misfire.verdict(at, Timestamp::now()), Verdict::Fire);
            let outcome = if is_late { ScheduleOutcome::Late } else { ScheduleOutcome::Fired };
            info!(schedule = %schedule.id, run = run.0, is_late, "a scheduled run begins");
            metrics::scheduled(if is_late { "late" } else { "fired" });
            app.history.amend_schedule(&entry(&schedule, at, outcome, None, Some(run))).await?;
            app.events.changed(Changed::Schedules);
            Ok(None)
        }
        Err(error) if may_pass(&error) => {
            let why = error.to_string();
            if waited_for.is_empty() {
                // A process that ends while this waits leaves no run that seems to have begun.
                let waits = format!("{why}; it may still begin");
                app.history.amend_schedule(&entry(&schedule, at, ScheduleOutcome::Missed, Some(waits), None)).await?;
                app.events.changed(Changed::Schedules);
            }
            Ok(Some(Waiting { schedule, at, why }))
        }
        Err(error) => {
            missed(app, &schedule, at, error.to_string(), false).await?;
            Ok(None)
        }
    }
}

/// Returns whether the same run may begin a little later.
fn may_pass(error: &StartError) -> bool {
    use StartError::{BatteryLow, Controlled, RobotNotReady, RunActive};
    matches!(error, RunActive(_) | BatteryLow { .. } | RobotNotReady(_) | Controlled(_))
}

async fn missed(app: &App, schedule: &Schedule, at: Timestamp, why: String, is_new: bool) -> anyhow::Result<()> {
    let entry = entry(schedule, at, ScheduleOutcome::Missed, Some(why.clone()), None);
    if is_new {
        if !app.history.log_schedule(&entry).await? {
            return Ok(());
        }
    } else {
        app.history.amend_schedule(&entry).await?;
    }
    warn!(schedule = %schedule.id, planned_at = %at, "a scheduled run is missed: {why}");
    metrics::scheduled("missed");
    app.events.changed(Changed::Schedules);
    let event = RunEvent {
        id: format!("{}-{}-{}", app.config.robot_id, schedule.id, at.as_second()),
        kind: RunEventKind::ScheduleMissed,
        robot_id: app.config.robot_id.to_string(),
        robot_name: app.config.robot_name.clone(),
        run_id: 0,
        at: Timestamp::now(),
        point: None,
        verdict: None,
        text: format!("the run planned for {at} was missed: {why}"),
    };
    app.events.publish(&event).await;
    Ok(())
}

fn entry(
    schedule: &Schedule,
    planned_at: Timestamp,
    outcome: ScheduleOutcome,
    reason: Option<String>,
    run: Option<RunId>,
) -> ScheduleEntry {
    ScheduleEntry { schedule_id: schedule.id.to_string(), planned_at, at: Timestamp::now(), outcome, reason, run }
}

/// Tells the operator of a file that cannot be read.
pub(crate) fn open(app_dir: &std::path::Path, data_dir: &std::path::Path) -> Timetable {
    let (timetable, problem) = Timetable::open(app_dir, data_dir);
    if let Some(problem) = problem {
        error!("the schedules cannot be read, none is followed until the file is mended: {problem}");
    }
    timetable
}
