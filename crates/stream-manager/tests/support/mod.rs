//! A site for tests: real RTSP cameras that show drawn scenes, a real Redis, the tiny detector, and the service itself.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod viewer;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use bus::testing::RedisServer;
use bus::{EntryId, Tail, Topic};
use bytes::Bytes;
use chassis::{Env, Settings, Stop};
use domain::alert::Alert;
use domain::geometry::Size;
use domain::picture::Picture;
use media::Codec;
use media::serve::{Film, RtspServer, ServeSettings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stream_manager::{Config, Service};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long anything may take that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// What cameras show is this large.
pub(crate) const SIZE: Size = Size { width: 640, height: 360 };
/// What cameras show has so many pictures in a second.
pub(crate) const FPS: u32 = 10;
/// A zone over the whole picture.
pub(crate) const EVERYWHERE: &str = "[[0, 0], [1, 0], [1, 1], [0, 1]]";

/// The colours that the tiny detector knows, as `object`, `pine` and `worker`.
pub(crate) const RED: [u8; 3] = [220, 20, 20];
/// See [`RED`].
pub(crate) const GREEN: [u8; 3] = [20, 200, 20];

/// Draws a grey yard with squares: colour, left edge, top edge, side.
pub(crate) fn yard(squares: &[([u8; 3], usize, usize, usize)]) -> Picture {
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let mut pixels = vec![120_u8; width * height * 3];
    for &(colour, left, top, side) in squares {
        for y in top..(top + side).min(height) {
            for x in left..(left + side).min(width) {
                pixels[(y * width + x) * 3..][..3].copy_from_slice(&colour);
            }
        }
    }
    Picture::rgb(SIZE, width * 3, Bytes::from(pixels)).expect("is a picture")
}

/// Returns a film of these pictures.
pub(crate) fn film(pictures: impl IntoIterator<Item = Picture>) -> Film {
    Film::encode(SIZE, FPS, &Codec::H264, pictures).expect("can be encoded")
}

/// A red square that stands still.
pub(crate) fn standing() -> Film {
    film(std::iter::repeat_n(yard(&[(RED, 280, 140, 80)]), 20))
}

/// A red square that goes to and fro.
pub(crate) fn walking() -> Film {
    let to_and_fro = (0..40).chain((0..40).rev());
    film(to_and_fro.map(|step| yard(&[(RED, 40 + step * 12, 140, 80)])))
}

/// A green square that stands still.
pub(crate) fn allowed() -> Film {
    film(std::iter::repeat_n(yard(&[(GREEN, 280, 140, 80)]), 20))
}

/// The service and everything around it.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) redis: RedisServer,
    pub(crate) rtsp: RtspServer,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    stop: Stop,
    running: JoinHandle<anyhow::Result<()>>,
}

/// What a site is made of.
pub(crate) struct Plan<'a> {
    pub(crate) films: Vec<(&'a str, Film)>,
    pub(crate) cameras: String,
    pub(crate) rois: String,
    pub(crate) services: &'a str,
    pub(crate) model: &'a str,
}

impl<'a> Plan<'a> {
    /// One camera `name` that shows a film, watched without the motion gate, with a zone over the whole picture.
    pub(crate) fn one(name: &'a str, film: Film) -> Self {
        Self {
            films: vec![(name, film)],
            cameras: format!("cameras:\n{}", camera(name, "motion: {enabled: false}")),
            rois: rois(name, EVERYWHERE, ""),
            ..Self::empty()
        }
    }

    /// No camera, no zone, the tiny detector.
    pub(crate) fn empty() -> Self {
        let cameras = "cameras: []\n".to_owned();
        Self { films: Vec::new(), cameras, rois: String::new(), services: "", model: "shapes" }
    }
}

/// Returns an entry of `cameras.yaml`; the address is filled in when the site starts.
pub(crate) fn camera(name: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    format!("  - {{id: {name}, name: The {name}, rtsp_url: \"${{RTSP}}/{name}\", fps_target: 5{more}}}\n")
}

/// Returns `rois.yaml` for one camera with one zone.
pub(crate) fn rois(name: &str, points: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    format!("cameras:\n  - camera_id: {name}\n    forbidden_rois: [{{name: pit, points: {points}{more}}}]\n")
}

impl Site {
    /// Starts everything and waits until the service is ready.
    pub(crate) async fn start(plan: Plan<'_>) -> Self {
        let site = Self::start_unready(plan).await;
        site.until_ready().await;
        site
    }

    /// Starts everything.
    pub(crate) async fn start_unready(plan: Plan<'_>) -> Self {
        prepare();
        let rtsp = RtspServer::start(ServeSettings::loopback()).expect("there is a free port");
        for (name, film) in plan.films {
            rtsp.mount(name, film);
        }
        let dir = tempfile::tempdir().expect("a directory");
        let redis = RedisServer::new();
        let services =
            format!("inference: {{model_path: {}, backend: tract, device: cpu}}\n{}", plan.model, plan.services);
        write(dir.path(), "cameras.yaml", &plan.cameras);
        write(dir.path(), "rois.yaml", &plan.rois);
        write(dir.path(), "services.yaml", &services);
        let (url, stop, running) = serve(dir.path(), &redis, &rtsp).await;
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        Self { dir, redis, rtsp, url, http, stop, running }
    }

    pub(crate) async fn until_ready(&self) {
        let is_ready =
            async || self.http.get(self.at("/readyz")).send().await.is_ok_and(|a| a.status() == StatusCode::OK);
        until("the service is ready", is_ready).await;
    }

    /// Returns an address of the service.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Replaces a configuration file.
    pub(crate) fn edit(&self, file: &str, text: &str) {
        write(self.dir.path(), file, text);
    }

    /// Asks for JSON that must be there.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Asks for JSON.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.http.request(method, self.at(path));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("is answered");
        let status = answer.status();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Returns what is known of a camera.
    pub(crate) async fn camera(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/cameras/{id}")).await
    }

    /// Waits until a camera is in a state, and returns what is known of it then.
    pub(crate) async fn until_camera(&self, id: &str, state: &str) -> Value {
        until(&format!("{id} is {state}"), async || {
            let (_, camera) = self.ask(Method::GET, &format!("/api/v1/cameras/{id}"), None).await;
            camera["state"] == state
        })
        .await;
        self.camera(id).await
    }

    /// Returns a counter of a camera, as `/counters/detected`.
    pub(crate) async fn count(&self, id: &str, pointer: &str) -> u64 {
        let camera = self.camera(id).await;
        camera.pointer(pointer).and_then(Value::as_u64).expect("is a number")
    }

    /// Waits until a counter has grown by `more` since now.
    pub(crate) async fn until_more(&self, id: &str, pointer: &str, more: u64) {
        let before = self.count(id, pointer).await;
        until(&format!("{id}{pointer} grows"), async || self.count(id, pointer).await >= before + more).await;
    }

    /// Reads the alerts from the first on.
    pub(crate) fn alerts(&self) -> Alerts {
        let topic: Topic<Alert> = Topic::new("alerts", 10_000);
        Alerts { tail: Tail::open(&self.redis.url(), &topic, Some(EntryId::ZERO)).expect("the URL is good") }
    }

    /// Ends the service and waits until it has ended by itself.
    pub(crate) async fn stop(self) {
        end(self.stop, self.running).await;
    }

    /// Ends the service and starts it again with the same files.
    pub(crate) async fn restart(&mut self, meanwhile: impl FnOnce(&mut Self)) {
        let running = std::mem::replace(&mut self.running, tokio::spawn(async { Ok(()) }));
        end(self.stop.clone(), running).await;
        meanwhile(self);
        (self.url, self.stop, self.running) = serve(self.dir.path(), &self.redis, &self.rtsp).await;
    }
}

async fn end(stop: Stop, running: JoinHandle<anyhow::Result<()>>) {
    stop.stop();
    let ended = timeout(PATIENCE, running).await.expect("it ends");
    ended.expect("it does not panic").expect("it ends well");
}

/// Starts the service on a directory.
async fn serve(dir: &Path, redis: &RedisServer, rtsp: &RtspServer) -> (String, Stop, JoinHandle<anyhow::Result<()>>) {
    let stop = Stop::new();
    let rtsp = rtsp.url("");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let env = Env::of([
        ("CONFIG_DIR", text(dir)),
        ("DATA_DIR", text(&dir.join("data"))),
        ("MODELS_DIR", text(&models)),
        ("RONDA_CACHE_DIR", text(&dir.join("cache"))),
        ("REDIS_URL", redis.url_text()),
        ("RTSP", rtsp.trim_end_matches('/').to_owned()),
        ("PORT", "0".to_owned()),
    ]);
    let config = Config::load(&env).expect("the configuration is good");
    let service = Service::bind(config).await.expect("there is a free port");
    let url = format!("http://{}", service.address());
    (url, stop.clone(), tokio::spawn(service.run(stop)))
}

/// The alerts in Redis.
pub(crate) struct Alerts {
    tail: Tail<Alert>,
}

impl Alerts {
    /// Waits for the next alert.
    pub(crate) async fn next(&mut self) -> Alert {
        timeout(PATIENCE, self.tail.next()).await.expect("there is an alert").expect("Redis is there").1
    }

    /// Returns those that come within a time.
    pub(crate) async fn within(&mut self, time: Duration) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let end = Instant::now() + time;
        while let Ok(next) = timeout(end.saturating_duration_since(Instant::now()), self.tail.next()).await {
            alerts.push(next.expect("Redis is there").1);
        }
        alerts
    }
}

/// Returns the ids of alerts, and makes sure that each is there once.
pub(crate) fn ids(alerts: &[Alert]) -> BTreeSet<String> {
    let ids: BTreeSet<_> = alerts.iter().map(|alert| alert.alert_id.to_string()).collect();
    assert_eq!(ids.len(), alerts.len(), "an alert came twice");
    ids
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the error that an answer tells.
pub(crate) fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or_default()
}

/// Returns an entry of `rois.yaml` as JSON.
pub(crate) fn zone_entry(camera: &str, name: &str) -> Value {
    json!({ "camera_id": camera, "forbidden_rois": [{ "name": name, "points": [[0, 0], [1, 0], [1, 1], [0, 1]] }] })
}

/// Copies a configuration aside and renames it, as editors do.
fn write(dir: &Path, file: &str, text: &str) {
    let aside = dir.join(format!("{file}.new"));
    fs::write(&aside, text).expect("is written");
    fs::rename(&aside, dir.join(file)).expect("is renamed");
}

fn text(path: &Path) -> String {
    PathBuf::from(path).into_os_string().into_string().expect("is UTF-8")
}

fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The HTTP client of the tests needs a provider though it speaks plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
