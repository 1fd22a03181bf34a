//! Driving by hand while a key or a finger is held: the hand that is not heard has let go.
//!
//! The robot itself holds a velocity for 0.3 s only, so that it stops too when we are cut off from it.

use std::sync::Arc;
use std::time::Duration;

use robot::{Robot, RobotError, Velocity};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};
use utoipa::ToSchema;

use super::{Allowed, Lease};

/// A hand that was not heard for so long has let go.
const SILENCE: Duration = Duration::from_millis(300);
/// How often the robot is told its velocity.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How long one such call may take; the next is more use than its answer.
const TELL_LIMIT: Duration = Duration::from_millis(500);
/// How often the robot is asked for leave to be driven.
const LEAVE_EVERY: Duration = Duration::from_secs(1);
/// How often the robot is told to stand before that is left to itself.
const STOP_ATTEMPTS: usize = 3;

/// What is said of a robot that is not driven at the moment.
const STANDING: &str = "standing";

/// What the hand wants: shares of the robot's greatest speeds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
pub(crate) struct Wish {
    /// -1 to 1; backwards if negative.
    pub(crate) linear: f64,
    /// -1 to 1; to the left if positive.
    pub(crate) angular: f64,
}

/// What the hand is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Driving {
    /// Whether the robot is driven now.
    pub(crate) driving: bool,
    /// Why not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Driving {
    fn yes() -> Self {
        Self { driving: true, reason: None }
    }

    fn no(reason: impl Into<String>) -> Self {
        Self { driving: false, reason: Some(reason.into()) }
    }
}

/// Drives the robot as the hand wants and `bounds` allow, until there are no more wishes or the hand may not drive any
/// more. Also when this future is dropped, the robot is told to stand.
pub(crate) async fn drive(
    robot: Arc<dyn Robot>,
    lease: Lease,
    token: String,
    bounds: impl Fn(Wish) -> Allowed,
    mut wishes: mpsc::Receiver<Wish>,
    told: mpsc::Sender<Driving>,
) {
    let (target, targets) = watch::channel(Velocity::ZERO);
    let (refusals, mut refused) = mpsc::channel(1);
    let pilot = tokio::spawn(pilot(robot, targets, refusals));
    let mut last = Driving::no(STANDING);
    let mut let_go = Instant::now();
    info!("the robot is driven by hand");
    loop {
        let news = tokio::select! {
            wish = wishes.recv() => {
                let Some(wish) = wish else { break };
                if let Err(refused) = lease.allow(Some(&token)) {
                    say(&told, Driving::no(refused.to_string()));
                    break;
                }
                let Allowed { velocity, reason } = bounds(wish);
                target.send_replace(velocity);
                let_go = Instant::now() + SILENCE;
                let moves = velocity != Velocity::ZERO;
                let word = match reason {
                    // What it does all the same is less than what was wished.
                    Some(reason) => Driving { driving: moves, reason: Some(reason.to_string()) },
                    None if moves => Driving::yes(),
                    // A hand that has let go knows that the robot stands.
                    None if !last.driving => continue,
                    None => Driving::no(STANDING),
                };
                if word == last {
                    continue;
                }
                word
            }
            () = sleep_until(let_go), if last.driving => {
                target.send_replace(Velocity::ZERO);
                Driving::no(format!("nothing was heard for {} ms", SILENCE.as_millis()))
            }
            Some(reason) = refused.recv() => {
                if !say(&told, Driving::no(reason)) {
                    break;
                }
                continue;
            }
        };
        last = news.clone();
        if !say(&told, news) {
            break;
        }
    }
    drop(target);
    // The pilot goes on by itself; this is only for those who want to know that the robot stands.
    let _ = pilot.await;
}

/// Says something to the hand, if it listens: nothing here waits for it, or it could not let go. Returns whether it is
/// still there.
fn say(told: &mpsc::Sender<Driving>, word: Driving) -> bool {
    !matches!(told.try_send(word), Err(mpsc::error::TrySendError::Closed(_)))
}

/// Tells the robot its velocity again and again while it is not zero, and to stand when nobody sets one any more.
async fn pilot(robot: Arc<dyn Robot>, mut targets: watch::Receiver<Velocity>, refusals: mpsc::Sender<String>) {
    let mut moving = false;
    let mut leave_asked: Option<Instant> = None;
    loop {
        let velocity = *targets.borrow_and_update();
        if velocity != Velocity::ZERO || moving {
            match tell(&*robot, velocity).await {
                Ok(()) => moving = velocity != Velocity::ZERO,
                // The robot needs to be asked for leave, which ends by itself after a minute. What is wanted may be
                // something else by then.
                Err(RobotError::Refused { .. }) if leave_asked.is_none_or(|at| at.elapsed() > LEAVE_EVERY) => {
                    leave_asked = Some(Instant::now());
                    if let Err(error) = robot.set_manual_control(true).await {
                        refuse(&refusals, &error);
                    }
                    continue;
                }
                Err(error) => refuse(&refusals, &error),
            }
        }
        let end = if velocity == Velocity::ZERO && !moving {
            targets.changed().await
        } else {
            tokio::select! {
                changed = targets.changed() => changed,
                () = sleep(TELL_EVERY) => Ok(()),
            }
        };
        if end.is_err() {
            break;
        }
    }
    stand(&*robot).await;
    info!("the robot is no longer driven by hand");
}

/// Sets the velocity once.
async fn tell(robot: &dyn Robot, velocity: Velocity) -> Result<(), RobotError> {
    let told = timeout(TELL_LIMIT, robot.set_velocity(velocity)).await;
    told.unwrap_or(Err(RobotError::TimedOut { call: "set_velocity", limit: TELL_LIMIT }))
}

fn refuse(refusals: &mpsc::Sender<String>, error: &RobotError) {
    debug!("the robot does not let itself be driven: {error}");
    // A hand that is being told already need not be told twice.
    let _ = refusals.try_send(error.to_string());
}

async fn stand(robot: &dyn Robot) {
    for _ in 0..STOP_ATTEMPTS {
        match timeout(TELL_LIMIT, robot.set_velocity(Velocity::ZERO)).await {
            // It is not driven by hand any more, or never was.
            Ok(Ok(()) | Err(RobotError::Refused { .. })) => break,
            _ => sleep(TELL_EVERY).await,
        }
    }
    if let Err(error) = robot.set_manual_control(false).await {
        warn!("the robot could not be told that it is no longer driven by hand: {error}");
    }
}
