//! A small world for the tests: films whose pictures carry their own number, cameras that play them, time limits.

#![allow(dead_code, reason = "every test file uses some of it")]

use std::time::Duration;

use bytes::Bytes;
use domain::geometry::Size;
use domain::picture::{Frame, Picture};
use domain::sampling::FrameRate;
use media::serve::{Film, RtspServer, ServeSettings};
use media::{Codec, Source, SourceError, SourceSettings, to_rgb};

/// The size of test films.
pub(crate) const SIZE: Size = Size { width: 320, height: 240 };
/// Frames per second of test films.
pub(crate) const FPS: u32 = 25;
/// Longer than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

const BITS: u32 = 16;

/// Returns a picture that carries a number as stripes: from left to right the bits, lowest first.
pub(crate) fn numbered(number: u32, size: Size) -> Picture {
    let (width, height) = (size.width as usize, size.height as usize);
    let row: Vec<u8> = (0..width)
        .flat_map(|x| {
            let bit = (x * BITS as usize / width) as u32;
            [if number >> bit & 1 == 1 { 220 } else { 30 }; 3]
        })
        .collect();
    Picture::rgb(size, width * 3, Bytes::from(row.repeat(height))).expect("the rows are whole")
}

/// Reads the number back.
pub(crate) fn number(picture: &Picture) -> u32 {
    let Size { width, height } = picture.size();
    let rgb = to_rgb(picture);
    let (pixels, stride) = rgb.plane(0);
    (0..BITS)
        .filter(|bit| {
            let x = (2 * bit + 1) * width / (2 * BITS);
            pixels[height as usize / 2 * stride + x as usize * 3] > 128
        })
        .map(|bit| 1 << bit)
        .sum()
}

/// Returns a film of numbered pictures.
pub(crate) fn film(codec: &Codec, frames: u32, size: Size) -> Film {
    Film::encode(size, FPS, codec, (0..frames).map(|n| numbered(n, size))).expect("the machine can encode")
}

/// Returns a server with one camera, `gate`, that plays two seconds of film.
pub(crate) fn gate(codec: &Codec) -> RtspServer {
    let server = RtspServer::start(ServeSettings::loopback()).expect("loopback has a free port");
    server.mount("gate", film(codec, 2 * FPS, SIZE));
    server
}

/// Returns settings for a camera or file that wants every frame and waits three seconds.
pub(crate) fn settings(url: &str) -> SourceSettings {
    SourceSettings {
        fps_target: None,
        read_timeout: Duration::from_secs(3),
        ..SourceSettings::camera("gate", url.parse().expect("the url is one"))
    }
}

/// Returns a rate.
pub(crate) fn fps(rate: f64) -> Option<FrameRate> {
    FrameRate::try_from(rate).ok()
}

/// Opens a source within the limit.
pub(crate) async fn open(settings: SourceSettings) -> Result<Source, SourceError> {
    within(Source::open(settings)).await
}

/// Reads frames until there are `count`.
pub(crate) async fn read(source: &Source, count: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while frames.len() < count {
        frames.push(within(source.next()).await.expect("the source goes on"));
    }
    frames
}

/// Reads until the source fails.
pub(crate) async fn read_to_the_end(source: &Source) -> (Vec<Frame>, SourceError) {
    let mut frames = Vec::new();
    loop {
        match within(source.next()).await {
            Ok(frame) => frames.push(frame),
            Err(end) => return (frames, end),
        }
    }
}

/// Waits, but not for ever.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.expect("it happens within the limit")
}

/// Waits until a condition holds, looking every few milliseconds.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, waiting).await.is_ok(), "{what}: not within {LIMIT:?}");
}
