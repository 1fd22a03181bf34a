//! The MJPEG stream of a camera, as browsers show it in an image.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::time::timeout;

use super::picture::BOUNDARY;
use super::{Picture, Viewer};

/// A picture that did not change is sent again so often, so that nobody on the way takes the stream for dead.
const REPEAT_EVERY: Duration = Duration::from_secs(5);
/// How long a viewer waits for a first picture.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns a stream of pictures, which ends when the robot is lost: an old picture is not shown as if it were so now.
pub(crate) fn mjpeg(viewer: Viewer) -> Response {
    let parts = stream::unfold(Watching { viewer, shown: None }, |mut watching| async {
        let part = watching.next().await?;
        Some((Ok::<_, Infallible>(part), watching))
    });
    let opening = stream::once(async { Ok(Bytes::from(format!("--{BOUNDARY}\r\n"))) });
    let content_type = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let headers = [
        (header::CONTENT_TYPE, content_type.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would collect pictures before passing them on.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(opening.chain(parts))).into_response()
}

/// One viewer's stream.
#[derive(Debug)]
pub(super) struct Watching {
    pub(super) viewer: Viewer,
    pub(super) shown: Option<Arc<Picture>>,
}

impl Watching {
    /// Waits for the next part; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        match &self.shown {
            Some(shown) => match timeout(REPEAT_EVERY, self.viewer.next()).await {
                Ok(picture) => self.shown = Some(picture?),
                Err(_) => return Some(shown.part()),
            },
            None => self.shown = Some(timeout(PATIENCE, self.first()).await.ok()?),
        }
        self.shown.as_ref().map(|picture| picture.part())
    }

    async fn first(&mut self) -> Arc<Picture> {
        loop {
            if let Some(picture) = self.viewer.next().await {
                return picture;
            }
        }
    }
}
