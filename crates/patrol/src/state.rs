//! How the robot is, put together of all that knows a part of it, and told to browsers when it changes.

use std::sync::Arc;
use std::time::Duration;

use chassis::Stop;
use domain::patrol::Waypoint;
use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use crate::App;
use crate::history::{InspectionId, InspectionView};
use crate::metrics;
use crate::plan::StartError;
use crate::view::{self, RobotState};

/// Where what an inspection links to is answered.
const API: &str = "/api/v1";
/// The least time between two tellings: ten in a second.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How often browsers are told though nothing changed: cameras and viewers have no event of their own.
const TELL_ANYWAY: Duration = Duration::from_secs(2);

/// Returns how the robot is now.
pub(crate) fn robot(app: &App) -> RobotState {
    let state = app.link.now();
    RobotState {
        robot_id: app.config.robot_id.to_string(),
        robot_name: app.config.robot_name.clone(),
        link: state.link_shown(),
        battery: state.battery_shown(),
        pose: state.pose_shown(),
        map: state.map_shown(),
        moving: state.is_moving(),
        faults: state.faults_shown(),
        emergency_stop: state.is_emergency_stopped(),
        run: app.runner.progress().as_deref().cloned(),
        control: app.lease.view(),
        cameras: app.hub.view(),
    }
}

/// Tells browsers how the robot is, at once when it changes, until the [`Stop`] is set.
///
/// # Errors
/// Never.
pub(crate) async fn tell(app: App, stop: Stop) -> anyhow::Result<()> {
    let (mut link, mut run, mut control) = (app.link.state(), app.runner.watch(), app.lease.changes());
    while !stop.is_stopped() {
        let next = Instant::now() + TELL_EVERY;
        if app.events.is_heard() {
            let state = robot(&app);
            if let Some(pose) = state.pose.filter(|_| state.moving) {
                metrics::state_told(Timestamp::now().duration_since(pose.stamp).as_secs_f64());
            }
            app.events.state(&state);
        }
        let anyway = next + TELL_ANYWAY;
        let changed = async {
            sleep_until(next).await;
            tokio::select! {
                _ = link.changed() => {}
                _ = run.changed() => {}
                _ = control.changed() => {}
                () = sleep_until(anyway) => {}
            }
        };
        if stop.or(changed).await.is_none() {
            break;
        }
    }
    Ok(())
}

impl App {
    /// Tells browsers what an inspection came to.
    pub(crate) async fn tell_verdict(&self, inspection: InspectionId) {
        match self.history.inspection(inspection).await {
            Ok(Some(row)) => self.events.verdict(&InspectionView::of(&row, API)),
            Ok(None) => {}
            Err(cause) => warn!(inspection = inspection.0, "browsers are not told of a verdict: {cause}"),
        }
    }
}

/// Returns the waypoints of a route, or the list without one.
pub(crate) async fn waypoints(app: &App, route: Option<&str>) -> Result<Vec<Waypoint>, StartError> {
    let Some(name) = route else {
        return app.points.list().await.map_err(StartError::Database);
    };
    let found = app.points.route(name).await.map_err(StartError::Database)?;
    found.ok_or_else(|| StartError::NoRoute(name.to_owned()))
}

/// What every route that streams state needs at its begin: the state, and the run if there is one.
pub(crate) fn first(app: &App) -> (RobotState, Option<Arc<view::RunProgress>>) {
    (robot(app), app.runner.progress())
}
