//! What happens, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, Method, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chassis::http::{Access, Routes};
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio_stream::wrappers::BroadcastStream;

use crate::App;

/// How often a browser hears something, so that everything in between knows the connection is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

pub(crate) fn routes() -> Routes<App> {
    Routes::new().stream(Method::GET, "/api/v1/events", Access::Viewer, events)
}

/// Everything that happens to this robot. The first events are the state as it is and the run if there is one.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "robot",
    responses((status = 200, content_type = "text/event-stream", body = String,
        description = "`state` (RobotState), `run` (RunProgress), `verdict` (an inspection), `points`, `settings`, `schedules`, `reports` (read them again).")),
)]
pub(crate) async fn events(State(app): State<App>) -> Response {
    let stream = Sse::new(all(&app)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let mut answer = stream.into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn all(app: &App) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    // Listening begins before the first state is read: nothing that happens between the two is lost.
    let told = BroadcastStream::new(app.events.listen());
    let first = first(app);
    let again = app.clone();
    let rest = told.flat_map(move |told| {
        let events = match told {
            Ok(told) => vec![Event::default().event(told.name).data(told.data.as_str())],
            // This browser was too slow and missed something: it hears everything anew.
            Err(_) => first_and_lists(&again),
        };
        stream::iter(events)
    });
    stream::iter(first).chain(rest).map(Ok)
}

fn first(app: &App) -> Vec<Event> {
    let (state, run) = crate::state::first(app);
    let mut events = vec![event("state", &state)];
    events.extend(run.map(|run| event("run", &*run)));
    events
}

fn first_and_lists(app: &App) -> Vec<Event> {
    let mut events = first(app);
    let lists = ["points", "settings", "schedules", "reports"];
    events.extend(lists.into_iter().map(|name| Event::default().event(name).data("{}")));
    events
}

fn event(name: &str, body: &impl Serialize) -> Event {
    let data = serde_json::to_string(body).expect("our own answers can be written as JSON");
    Event::default().event(name).data(data)
}
