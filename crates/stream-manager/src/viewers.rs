//! Those who watch live: the WebSocket of many cameras, and the MJPEG picture of one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ws::{Message, WebSocket};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use chassis::http::StreamGuard;
use domain::id::CameraId;
use domain::sampling::FrameRate;
use futures::{Stream, StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_stream::StreamMap;
use tracing::debug;

use crate::live::{Look, Shot};
use crate::site::Site;

/// How long one message may take to go out. A viewer who is slower than that is let go.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// Keeps proxies from closing the connection while no camera streams.
const PING_EVERY: Duration = Duration::from_secs(15);
/// What stands between two pictures of an MJPEG stream.
const BOUNDARY: &str = "frame";

/// What a viewer of the live WebSocket asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The cameras; `None` is all of them. Those that are not configured yet are shown when they are.
    pub(crate) cameras: Option<BTreeSet<String>>,
    /// The most pictures of each camera in a second.
    pub(crate) fps: Option<FrameRate>,
}

impl Wish {
    fn wants(&self, id: &CameraId) -> bool {
        self.cameras.as_ref().is_none_or(|cameras| cameras.contains(id.as_str()))
    }
}

/// Sends pictures until the viewer leaves, is too slow, or the server ends.
pub(crate) async fn websocket(mut socket: WebSocket, site: Arc<Site>, wish: Wish, guard: StreamGuard) {
    let end = tokio::select! {
        () = guard.stopped() => "the service stops",
        end = show(&mut socket, &site, &wish) => end,
    };
    debug!(end, "live viewer left");
    // Whether the viewer still hears it is no concern of ours.
    let _ = timeout(Duration::from_secs(1), socket.send(Message::Close(None))).await;
}

/// Returns why it ended.
async fn show(socket: &mut WebSocket, site: &Site, wish: &Wish) -> &'static str {
    let mut roster = site.roster();
    let mut looks = StreamMap::new();
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    roster.mark_changed();
    loop {
        let message = tokio::select! {
            changed = roster.changed() => {
                if changed.is_err() {
                    return "no camera will ever come";
                }
                let roster = Arc::clone(&roster.borrow_and_update());
                for post in roster.posts().filter(|post| wish.wants(post.id())) {
                    // A camera that went and came back has a new post; its old stream has ended by itself.
                    if !looks.contains_key(post.id()) {
                        looks.insert(post.id().clone(), Box::pin(shots(post.look(wish.fps))));
                    }
                }
                continue;
            }
            Some((id, shot)) = looks.next() => match shot.message().await {
                Ok(bytes) => Message::Binary(bytes),
                Err(error) => {
                    debug!(camera = %id, "picture cannot be encoded: {error:#}");
                    continue;
                }
            },
            _ = ping.tick() => Message::Ping(Bytes::new()),
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return "the viewer left",
                Some(Ok(_)) => continue,
            },
        };
        match timeout(SEND_LIMIT, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return "the viewer is gone",
            Err(_) => return "the viewer is too slow",
        }
    }
}

/// Returns the pictures of one camera, until it is no longer configured.
fn shots(look: Look) -> impl Stream<Item = Arc<Shot>> + Send {
    stream::unfold(look, async |mut look| look.next().await.map(|shot| (shot, look)))
}

/// Returns an endless answer of JPEG pictures.
pub(crate) fn mjpeg(look: Look, annotated: bool) -> Response {
    let parts = stream::unfold(look, move |mut look| async move {
        let shot = look.next().await?;
        let jpeg = if annotated { shot.annotated().await } else { shot.jpeg().await };
        Some((jpeg.map(|jpeg| part(&jpeg)), look))
    });
    let content_type = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let headers = [
        (header::CONTENT_TYPE, content_type.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would collect pictures before passing them on.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

fn part(jpeg: &Bytes) -> Bytes {
    let head = format!("--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
    let mut part = BytesMut::with_capacity(head.len() + jpeg.len() + 2);
    part.extend_from_slice(head.as_bytes());
    part.extend_from_slice(jpeg);
    part.extend_from_slice(b"\r\n");
    part.freeze()
}
