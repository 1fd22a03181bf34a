//! When a command is over: when the robot says how this very command ended, and never by anything else.
//!
//! Right after it took a command the robot still says that it has nothing to do, and the last result it tells is that of
//! the command before. So neither "nothing to do" nor "there is a result" means anything without the command's id.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::debug;

use super::connection::Connection;
use super::{activity, get, seen};
use crate::{Activity, Command, CommandId, Outcome, RobotError, api};

/// How long the robot is asked to hold a call before we look at what it is doing.
const HOLD: Duration = Duration::from_secs(5);
/// The same while the robot does not seem to run the command.
const SHORT_HOLD: Duration = Duration::from_millis(500);
/// The least time between two looks, for robots that answer at once.
const PAUSE: Duration = Duration::from_millis(200);
/// The time between two looks while the robot is away.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Tells the robot to do something.
pub(super) async fn start(connection: &Connection, command: Command) -> Result<CommandId, RobotError> {
    let request = api::StartCommandRequest {
        cancel_all: command.interrupts(),
        command: Some(command.into_wire()?),
        ..Default::default()
    };
    let call = "start_command";
    let answer = connection.call(call, |mut robot| async move { robot.start_command(request).await }).await?;
    super::accepted(call, answer.result)?;
    if answer.command_id.is_empty() {
        return Err(RobotError::Malformed { call, what: "the command's id" });
    }
    Ok(CommandId(answer.command_id))
}

/// Waits for the end of one command.
pub(super) async fn outcome(
    connection: &Connection,
    command: &CommandId,
    limit: Duration,
    acceptance: Duration,
) -> Result<Outcome, RobotError> {
    let deadline = Instant::now() + limit;
    let mut cursor = 0;
    // Since when the robot runs something else, or nothing.
    let mut gone: Option<Instant> = None;
    loop {
        let began = Instant::now();
        let left = deadline.saturating_duration_since(began);
        if left.is_zero() {
            return Err(RobotError::StillRunning { command: command.clone(), limit });
        }
        let hold = if gone.is_some() { SHORT_HOLD } else { HOLD };
        let look = look(connection, command, cursor, hold.min(left)).await;
        let pause = match look {
            Ok(Look::Over(outcome)) => return Ok(outcome),
            Ok(Look::Running { cursor: newest }) => {
                (cursor, gone) = (newest, None);
                PAUSE
            }
            Ok(Look::Elsewhere { cursor: newest }) => {
                cursor = newest;
                if gone.get_or_insert(began).elapsed() >= acceptance {
                    return last_look(connection, command).await;
                }
                PAUSE
            }
            Err(error @ RobotError::Unsupported { .. }) => return Err(error),
            Err(error) => {
                debug!(command = %command, "cannot look after a command now: {error}");
                // Perhaps the robot was restarted, and counts anew.
                (cursor, gone) = (0, None);
                AWAY_PAUSE
            }
        };
        if began.elapsed() < pause {
            sleep(pause.min(left)).await;
        }
    }
}

/// What one look at the robot showed.
enum Look {
    Over(Outcome),
    Running { cursor: i64 },
    Elsewhere { cursor: i64 },
}

async fn look(connection: &Connection, command: &CommandId, cursor: i64, hold: Duration) -> Result<Look, RobotError> {
    let request = seen(cursor);
    let last = connection
        .hold("get_last_command_result", hold, |mut robot| async move { robot.get_last_command_result(request).await })
        .await?;
    let mut newest = cursor;
    if let Some(last) = last {
        if let Some(outcome) = ending(&last, command) {
            return Ok(Look::Over(outcome));
        }
        newest = last.metadata.map_or(0, |metadata| metadata.cursor);
    }
    let state =
        connection.call("get_command_state", |mut robot| async move { robot.get_command_state(get()).await }).await?;
    Ok(match activity(&state) {
        Activity::Running(running) if running == *command => Look::Running { cursor: newest },
        _ => Look::Elsewhere { cursor: newest },
    })
}

/// Asks once more, now that the robot had time to say how it ended.
async fn last_look(connection: &Connection, command: &CommandId) -> Result<Outcome, RobotError> {
    let call = "get_last_command_result";
    let last = connection.call(call, |mut robot| async move { robot.get_last_command_result(get()).await }).await?;
    ending(&last, command).ok_or_else(|| RobotError::Forgotten { command: command.clone() })
}

/// Returns how the command ended, if this is the end of it.
fn ending(last: &api::GetLastCommandResultResponse, command: &CommandId) -> Option<Outcome> {
    let result = last.result.filter(|_| last.command_id == command.0)?;
    Some(Outcome { success: result.success, error_code: result.error_code })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w07_completion_is_only_by_matching_command_id() {
        let ours = CommandId("b".to_owned());
        let told = |id: &str, result| api::GetLastCommandResultResponse {
            command_id: id.to_owned(),
            result,
            ..Default::default()
        };
        let done = Some(api::Result { success: true, error_code: 0 });
        assert_eq!(ending(&told("a", done), &ours), None);
        assert_eq!(ending(&told("", done), &ours), None);
        assert_eq!(ending(&told("b", None), &ours), None);
        assert_eq!(ending(&told("b", done), &ours), Some(Outcome { success: true, error_code: 0 }));
    }
}
