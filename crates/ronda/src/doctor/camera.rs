//! Each camera, as a watcher would meet it: name, connection, password, first frame, and how many frames come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::camera::{Camera, SourceUrl};
use media::{Source, SourceError, SourceSettings};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Site;
use super::check::{Area, Check, Verdict};

/// How long looking up a name and taking a connection may take.
const REACH: Duration = Duration::from_secs(5);
/// How long a camera may take to show its first picture.
const FIRST_FRAME: Duration = Duration::from_secs(10);
/// For how long frames are counted.
const COUNTED: Duration = Duration::from_secs(4);
/// The whole check of one stream.
const LIMIT: Duration = Duration::from_secs(40);
/// Frame rates that are told are round; what is measured never is.
const TOLERANCE: f64 = 0.85;

/// A verdict that ends a check early.
type Refused = Verdict;

pub(super) fn checks(site: &Arc<Site>) -> Vec<Check> {
    let enabled = site.cameras.iter().filter(|camera| camera.enabled);
    enabled.flat_map(streams).collect()
}

/// Returns the checks of a camera's streams: the main one, and the one to detect on.
fn streams(camera: &Camera) -> Vec<Check> {
    let main = (camera.id.to_string(), "rtsp_url", camera.url.clone());
    let small = camera.detect_url.clone().map(|url| (format!("{} (detect_url)", camera.id), "detect_url", url));
    let detects_on_main = small.is_none();
    let check = |(subject, key, url): (String, &'static str, SourceUrl)| {
        let camera = camera.clone();
        // Only the stream that is detected on must have as many frames as are looked at.
        let is_watched = detects_on_main || key == "detect_url";
        let wanted = if is_watched { camera.fps_target.per_second() } else { 0.0 };
        Check::new(Area::Cameras, subject, LIMIT, async move {
            look(&camera, key, &url, wanted).await.unwrap_or_else(|refused| refused)
        })
    };
    std::iter::once(main).chain(small).map(check).collect()
}

async fn look(camera: &Camera, key: &str, url: &SourceUrl, wanted: f64) -> Result<Verdict, Refused> {
    if let Some((host, port)) = url.host_and_port() {
        reach(&host, port, key).await?;
    }
    let settings = SourceSettings {
        transport: camera.transport,
        read_timeout: FIRST_FRAME,
        // Every frame, to count them.
        fps_target: None,
        ..SourceSettings::camera(camera.id.as_str(), url.clone())
    };
    let begun = Instant::now();
    let source = match timeout(FIRST_FRAME + REACH, Source::open(settings)).await {
        Ok(source) => source.map_err(|error| refused(&error, key))?,
        Err(_) => {
            let silence = SourceError::Silent { name: camera.id.to_string(), silence: FIRST_FRAME };
            return Err(refused(&silence, key));
        }
    };
    let first = begun.elapsed();
    let fps = count(&source).await.map_err(|error| refused(&error, key));
    let info = source.info();
    source.close().await;
    let fps = fps?;
    let found = format!(
        "{} of {}, first frame after {:.1} s, {fps:.1} frames per second",
        info.codec,
        info.size,
        first.as_secs_f64()
    );
    if fps < wanted * TOLERANCE {
        let advice =
            format!("raise the frame rate in the camera's own settings, or lower fps_target to {:.0}", fps.max(1.0));
        return Ok(Verdict::warning(format!("{found}, and fps_target wants {wanted}"), advice));
    }
    Ok(Verdict::ok(found))
}

/// Finds the host and takes a connection.
async fn reach(host: &str, port: u16, key: &str) -> Result<(), Refused> {
    let addresses = match timeout(REACH, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            let advice = "check the name server in /etc/resolv.conf, or write the camera's number instead of its name";
            return Err(Verdict::failed(
                format!("the name {host:?} is not resolved within {} s", REACH.as_secs()),
                advice,
            ));
        }
    };
    if addresses.is_empty() {
        let advice = format!("correct the host in {key}, or write the camera's number instead of its name");
        return Err(Verdict::failed(format!("nobody knows the name {host:?}"), advice));
    }
    match timeout(REACH, TcpStream::connect(&addresses[..])).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            let found = format!("{host} is there and refuses connections at port {port}");
            Err(Verdict::failed(
                found,
                format!("correct the port in {key} (554 is usual), or switch RTSP on in the camera"),
            ))
        }
        Ok(Err(error)) => {
            let advice = "check its power and cable, and that this machine is in its network";
            Err(Verdict::failed(format!("{host} cannot be reached: {error}"), advice))
        }
        Err(_) => {
            let found = format!("{host} does not answer at port {port} within {} s", REACH.as_secs());
            Err(Verdict::failed(found, "check its power and cable, its address, and firewalls in between"))
        }
    }
}

/// Counts what the camera sends, also what this machine is too slow to decode.
async fn count(source: &Source) -> Result<f64, SourceError> {
    let sent = |source: &Source| {
        let counters = source.counters();
        counters.received + counters.late
    };
    let (begun, before) = (Instant::now(), sent(source));
    while begun.elapsed() < COUNTED {
        match timeout(COUNTED.saturating_sub(begun.elapsed()), source.next()).await {
            Ok(frame) => drop(frame?),
            Err(_) => break,
        }
    }
    Ok((sent(source) - before) as f64 / begun.elapsed().as_secs_f64())
}

/// Says what it means that a stream gives no frame.
fn refused(error: &SourceError, key: &str) -> Refused {
    let found = match error {
        SourceError::Unauthorized { .. } => "the camera refuses the user name or password".to_owned(),
        SourceError::NotFound { .. } => "the camera has no such stream".to_owned(),
        SourceError::Silent { silence, .. } => {
            format!("the camera lets us in and sends no picture for {} s", silence.as_secs())
        }
        other => other.to_string(),
    };
    let advice = match error {
        SourceError::Unauthorized { .. } => {
            format!("correct them in {key}; an @ in a password is written %40; some cameras lock users out for minutes")
        }
        SourceError::NotFound { .. } => {
            format!("correct the path in {key}: the camera's manual has it (Hikvision: /Streaming/Channels/101)")
        }
        SourceError::Silent { .. } => "restart the camera, or try `transport: udp`".to_owned(),
        SourceError::Unsupported { .. } => "set the camera's coding to H.264 or H.265".to_owned(),
        SourceError::System { .. } => "install the packages that `cargo xtask setup` names".to_owned(),
        SourceError::Connect { .. } | SourceError::Ended { .. } | SourceError::Broken { .. } => {
            "try the address in another player; some cameras serve only a few viewers at a time".to_owned()
        }
    };
    Verdict::failed(found, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_nobody_knows_and_a_port_that_refuses_are_told_apart() {
        let unknown = reach("no-such-camera.invalid", 554, "rtsp_url").await.expect_err("no such name");
        assert_eq!(unknown.found, "nobody knows the name \"no-such-camera.invalid\"");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let closed = reach("127.0.0.1", port, "rtsp_url").await.expect_err("nobody listens");
        assert_eq!(closed.found, format!("127.0.0.1 is there and refuses connections at port {port}"));
    }

    #[test]
    fn a_wrong_password_is_told_as_such() {
        let verdict = refused(&SourceError::Unauthorized { name: "gate".to_owned() }, "detect_url");
        assert_eq!(verdict.found, "the camera refuses the user name or password");
        assert!(verdict.advice.is_some_and(|advice| advice.starts_with("correct them in detect_url; an @")));
    }
}
