//! The socket over which the robot is driven by hand.

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use chassis::http::{ApiError, ErrorBody, StreamGuard};
use robot::{Activity, RobotError};
use serde::Deserialize;
use tokio::sync::mpsc;
use tracing::debug;

use crate::App;
use crate::control::{Bounds, CommandFault, Driving, Wish, drive};

/// A wish has some thirty characters.
const MESSAGE_BYTES: usize = 1024;
/// How many words to the hand wait; a hand that does not listen misses some.
const WORDS: usize = 8;

/// Who drives.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct Hand {
    /// The token: a browser cannot give a header with a WebSocket.
    control: String,
}

/// Drives the robot while the socket says so: `{"linear", "angular"}` every 100 ms, each from -1 to 1. The robot stands after
/// 300 ms of silence, and when the socket is closed.
#[utoipa::path(
    get, path = "/api/v1/drive", tag = "control", params(Hand),
    responses(
        (status = 101, description = "A WebSocket; what comes back is told below", body = Driving),
        (status = 409, description = "`run_active`, `controlled`, `not_in_control`", body = ErrorBody),
        (status = 503, description = "`robot_away`", body = ErrorBody),
    ),
)]
pub(crate) async fn drive_by_hand(
    State(app): State<App>,
    Query(hand): Query<Hand>,
    guard: StreamGuard,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    app.lease.allow(Some(&hand.control))?;
    let robot = app.link.robot();
    if let Err(error) = end_what_it_does(&app).await {
        return Err(CommandFault::of(&*robot, error).await.into());
    }
    let (wishes, heard) = mpsc::channel(1);
    let (telling, told) = mpsc::channel(WORDS);
    // Settings that change while somebody drives count at once.
    let bounds = {
        let app = app.clone();
        move |wish: Wish| {
            let pose = app.link.now().pose.map(|seen| seen.value);
            Bounds::of(&app.settings.current()).velocity(wish, pose)
        }
    };
    let driving = drive(robot, app.lease.clone(), hand.control, bounds, heard, telling);
    Ok(upgrade.max_message_size(MESSAGE_BYTES).on_upgrade(move |socket| async move {
        // The server waits for the guard, and with it until the robot stands.
        tokio::join!(driving, carry(socket, wishes, told, &guard));
    }))
}

/// A robot on its way somewhere would go on when the hand lets go.
async fn end_what_it_does(app: &App) -> Result<(), RobotError> {
    let robot = app.link.robot();
    match robot.activity().await? {
        Activity::Idle => Ok(()),
        Activity::Running(_) => robot.cancel().await,
    }
}

/// Passes wishes on and words back. When it ends, so does the driving, because nobody wishes any more.
async fn carry(
    mut socket: WebSocket,
    wishes: mpsc::Sender<Wish>,
    mut told: mpsc::Receiver<Driving>,
    guard: &StreamGuard,
) {
    loop {
        tokio::select! {
            () = guard.stopped() => return,
            word = told.recv() => {
                let Some(word) = word else { return };
                let text = serde_json::to_string(&word).expect("a word can be written");
                if socket.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    // One that waits is as good as this one: the next comes in a tenth of a second.
                    Ok(wish) => drop(wishes.try_send(wish)),
                    Err(error) => debug!("what the hand says is not understood: {error}"),
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
        }
    }
}
