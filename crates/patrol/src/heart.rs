//! Says now and then that this process runs, how its robot is, and what waits.

use std::time::Duration;

use chassis::Stop;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::App;
use crate::history::{Heartbeat, LinkState, RunId};
use crate::view;

/// How often it is said; silence of three such times counts as gone.
const BEAT: Duration = Duration::from_secs(10);

/// Beats until the [`Stop`] is set.
///
/// # Errors
/// Never: a beat that cannot be written is missed.
pub(crate) async fn beat(app: App, stop: Stop) -> anyhow::Result<()> {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut link = app.link.state();
    loop {
        if let Err(cause) = app.history.heartbeat(&now(&app)).await {
            warn!("the other robots of the site are not told that this one is here: {cause}");
        }
        if let Err(cause) = app.inspector.show().await {
            debug!("some figures are not brought up to date: {cause:#}");
        }
        let was_connected = app.link.now().is_connected();
        let due = async {
            tokio::select! {
                _ = ticks.tick() => {}
                // A robot that comes or goes is told at once.
                _ = link.wait_for(|state| state.is_connected() != was_connected) => {}
            }
        };
        if stop.or(due).await.is_none() {
            return Ok(());
        }
    }
}

fn now(app: &App) -> Heartbeat {
    let state = crate::state::robot(app);
    Heartbeat {
        at: Timestamp::now(),
        robot_name: state.robot_name,
        robot_ip: app.config.robot_address.clone(),
        link: match state.link.state {
            view::LinkState::Connecting => LinkState::Unknown,
            view::LinkState::Connected => LinkState::Online,
            view::LinkState::Lost => LinkState::Offline,
        },
        battery: state.battery.map(|battery| battery.percent.clamp(0.0, 100.0) as u8),
        run: app.runner.under_way().map(|progress| RunId(progress.run_id)),
    }
}
