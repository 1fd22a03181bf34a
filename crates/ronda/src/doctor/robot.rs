//! Each robot: does it answer, how full is its battery, and may it drive?

use std::sync::Arc;
use std::time::Duration;

use domain::robots::SiteRobot;
use robot::kachaka::Limits;
use robot::{Fault, Kachaka, Robot as _, RobotError};

use super::Site;
use super::check::{Area, Check, Verdict};

/// Below this the patrol process sends a robot home unless the settings say otherwise.
const LOW_BATTERY: f64 = 15.0;
/// All questions together.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) fn checks(site: &Arc<Site>) -> Vec<Check> {
    let check = |robot: &SiteRobot| {
        let robot = robot.clone();
        Check::new(Area::Robots, robot.id.clone(), LIMIT, async move {
            ask(&robot).await.unwrap_or_else(|error| unreached(&robot, &error))
        })
    };
    site.robots.iter().map(check).collect()
}

async fn ask(site_robot: &SiteRobot) -> Result<Verdict, RobotError> {
    let robot = Kachaka::with_limits(&site_robot.address, Limits::default())?;
    let version = robot.version().await?;
    let battery = robot.battery().await?;
    let mut faults = Vec::new();
    for code in robot.active_faults().await? {
        faults.push(robot.fault(code).await);
    }
    let charging = if battery.charging { ", charging" } else { "" };
    let found =
        format!("version {version} answers at {}, battery {:.0} %{charging}", site_robot.address, battery.percent);
    Ok(judge(found, battery.percent, battery.charging, &faults))
}

fn judge(found: String, percent: f64, is_charging: bool, faults: &[Fault]) -> Verdict {
    if faults.iter().any(|fault| fault.code == Fault::PAUSED) {
        let found = format!("{found}; its emergency stop is set");
        return Verdict::warning(found, "make sure that the way is clear, then press the robot's power button");
    }
    if let Some(fault) = faults.first() {
        let Fault { code, title, description } = fault;
        let help = if description.is_empty() { "look at the robot and its app" } else { description };
        return Verdict::warning(format!("{found}; it reports {code}, {title}"), help);
    }
    if percent < LOW_BATTERY && !is_charging {
        return Verdict::warning(format!("{found}, which is low"), "send it home, or put it on its charger");
    }
    Verdict::ok(found)
}

fn unreached(robot: &SiteRobot, error: &RobotError) -> Verdict {
    let advice = match error {
        RobotError::Address { .. } => "write it as host:port, as 192.168.50.133:26400",
        RobotError::Unsupported { .. } => "bring the robot's software up to date with its app",
        _ => {
            "see that it is on and in this network, that its address in robots.yaml is right, and that the gRPC \
              interface is switched on in its app"
        }
    };
    Verdict::failed(format!("{error} at {}", robot.address), advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    #[test]
    fn an_emergency_stop_comes_before_everything_else() {
        let paused = Fault { code: Fault::PAUSED, title: "Paused".to_owned(), description: String::new() };
        let verdict = judge("battery 3 %".to_owned(), 3.0, false, &[paused]);
        assert_eq!((verdict.state, verdict.found.as_str()), (State::Warning, "battery 3 %; its emergency stop is set"));
    }

    #[test]
    fn a_low_battery_is_told_unless_it_is_being_filled() {
        let state = |percent, is_charging| judge("battery".to_owned(), percent, is_charging, &[]).state;
        assert_eq!([state(90.0, false), state(9.0, false), state(9.0, true)], [State::Ok, State::Warning, State::Ok]);
    }
}
