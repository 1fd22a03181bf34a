//! Alerts as server-sent events. A client that reads too slowly is cut off: it comes back by itself and says what it had last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event as Sent, Sse};
use axum::response::{IntoResponse, Response};
use bus::EntryId;
use chassis::http::ApiError;
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tracing::debug;

use crate::feed::{Event, Start};
use crate::metrics;
use crate::routes::App;

/// The most clients at a time.
const CLIENTS: usize = 64;
/// How often a client hears something, so that it and everything in between knows the connection is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After how long a client that was cut off comes back.
const COME_BACK: Duration = Duration::from_secs(2);
/// How many events wait for a client's connection.
const WAITING: usize = 16;
/// How long a client may take to make room for the next one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places for clients.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    places: Arc<Semaphore>,
}

impl Clients {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(CLIENTS)) }
    }

    /// Takes a place; nothing if all are taken.
    fn enter(&self) -> Option<Client> {
        self.places.clone().try_acquire_owned().ok().map(|place| Client { _place: place })
    }
}

/// One client's place, given back when it goes.
#[derive(Debug)]
struct Client {
    _place: OwnedSemaphorePermit,
}

/// How a client says what it had last, if it cannot set a header.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    last_event_id: Option<String>,
}

/// The live alerts.
#[utoipa::path(
    get, path = "/console/api/v1/events", tag = "events",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event received; those after it are sent again."),
        ("last_event_id" = Option<String>, Query, description = "The same, for clients that cannot set the header."),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
         description = "`event: alert` with the alert's JSON for every alert; `event: gap` before them if more was missed than is kept; comments as heartbeats."),
        (status = 503, description = "Too many clients.", body = chassis::http::ErrorBody),
    ),
)]
pub(crate) async fn events(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let client = app.clients.enter().ok_or_else(|| ApiError::busy("too many pages are open, close one", 5))?;
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let start = app.feed.join(last_id(header.or(asked.last_event_id.as_deref())), Timestamp::now());
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        serve(start, &sender).await;
        drop(client);
    });
    let mut answer = Sse::new(ReceiverStream::new(receiver)).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// Returns the entry that a client had last; anything else than an entry's id means that it had none.
fn last_id(text: Option<&str>) -> Option<EntryId> {
    text?.trim().parse().ok()
}

type Sender = mpsc::Sender<Result<Sent, Infallible>>;

/// Sends to one client until it goes or is too slow.
async fn serve(start: Start, sender: &Sender) {
    let Start { missed, has_gap, mut after, mut new } = start;
    let mut heartbeat = heartbeat();
    let hello = Sent::default().comment("here are the alerts").retry(COME_BACK);
    let gap = has_gap.then(|| Sent::default().event("gap").data("some alerts were missed"));
    after = missed.last().map_or(after, |event| event.id);
    for sent in [hello].into_iter().chain(gap).chain(missed.iter().map(alert)) {
        if !fits(sender, sent).await {
            return;
        }
    }
    loop {
        let sent = tokio::select! {
            () = sender.closed() => return,
            _ = heartbeat.tick() => Sent::default().comment("alive"),
            event = new.recv() => match event {
                Ok(event) if event.id <= after => continue,
                Ok(event) => alert(&event),
                Err(behind) => {
                    debug!("cut off a client: {behind}");
                    return metrics::cut_off().inc();
                }
            },
        };
        if !fits(sender, sent).await {
            return;
        }
    }
}

/// Puts an event into the client's queue; false if there is no client any more, or it does not read.
async fn fits(sender: &Sender, sent: Sent) -> bool {
    match timeout(PATIENCE, sender.send(Ok(sent))).await {
        Ok(taken) => taken.is_ok(),
        Err(_) => {
            debug!("cut off a client that does not read");
            metrics::cut_off().inc();
            false
        }
    }
}

fn alert(event: &Event) -> Sent {
    Sent::default().id(event.id.to_string()).event("alert").data(&event.json)
}

fn heartbeat() -> Interval {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    heartbeat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Feed;

    fn event(number: u64) -> Event {
        Event { id: format!("{number}-0").parse().expect("is an entry id"), json: "{}".into() }
    }

    #[test]
    fn only_an_entry_id_says_what_a_client_had() {
        assert_eq!(last_id(Some("12-3")).map(|id| id.to_string()).as_deref(), Some("12-3"));
        for none in [None, Some(""), Some("yesterday"), Some("12")] {
            assert_eq!(last_id(none), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_cut_off() {
        let feed = Feed::new();
        let start = feed.join(None, Timestamp::UNIX_EPOCH);
        let (sender, _receiver) = mpsc::channel(WAITING);
        (1..=100).for_each(|number| feed.publish(event(number)));
        serve(start, &sender).await;
        assert_eq!(sender.capacity(), 0, "the queue is full and no more was kept for it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_gets_nothing_twice_that_it_had() {
        let feed = Feed::new();
        let start = feed.join(Some("2-0".parse().expect("is an entry id")), Timestamp::UNIX_EPOCH);
        let (sender, mut receiver) = mpsc::channel(WAITING);
        (1..=3).for_each(|number| feed.publish(event(number)));
        let serving = tokio::spawn(async move { serve(start, &sender).await });
        assert!(receiver.recv().await.is_some(), "hello");
        let sent = receiver.recv().await.expect("the third").expect("cannot fail");
        assert!(format!("{sent:?}").contains("3-0"), "{sent:?}");
        drop(receiver);
        serving.await.expect("ends with its client");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_leaves_nothing_behind() {
        let feed = Feed::new();
        let (sender, receiver) = mpsc::channel(WAITING);
        drop(receiver);
        serve(feed.join(None, Timestamp::UNIX_EPOCH), &sender).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_feed_has_a_heartbeat() {
        let feed = Feed::new();
        let start = feed.join(None, Timestamp::UNIX_EPOCH);
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let serving = tokio::spawn(async move { serve(start, &sender).await });
        let began = tokio::time::Instant::now();
        for _ in 0..3 {
            assert!(receiver.recv().await.is_some(), "hello and two heartbeats");
        }
        assert_eq!(began.elapsed(), 2 * HEARTBEAT);
        drop(receiver);
        serving.await.expect("ends with its client");
    }

    #[test]
    fn there_is_a_place_for_each_client_and_no_more() {
        let clients = Clients::new();
        let inside: Vec<Client> = (0..CLIENTS).map(|_| clients.enter().expect("there is a place")).collect();
        assert!(clients.enter().is_none());
        drop(inside);
        assert!(clients.enter().is_some());
    }
}
