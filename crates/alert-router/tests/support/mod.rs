//! A site for the alert router: a real Redis, a real HTTP receiver, and the router as a process.

#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod receiver;

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use bus::testing::RedisServer;
use bus::{Publisher, Topic};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use receiver::Receiver;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Everything around the router.
pub(crate) struct Site {
    pub(crate) redis: RedisServer,
    pub(crate) receiver: Receiver,
    pub(crate) dir: TempDir,
    pub(crate) client: reqwest::Client,
}

impl Site {
    pub(crate) async fn new() -> Self {
        chassis::install_tls();
        Self {
            redis: RedisServer::new(),
            receiver: Receiver::start().await,
            dir: tempfile::tempdir().expect("a directory"),
            client: reqwest::Client::builder().timeout(PATIENCE).build().expect("a client"),
        }
    }

    /// Starts a router that delivers to the receiver.
    pub(crate) async fn router(&self, settings: &[(&str, &str)]) -> Router {
        let router = self.started_router(settings);
        self.until_ready(&router).await;
        router
    }

    /// Starts a router and does not wait for it.
    pub(crate) fn started_router(&self, settings: &[(&str, &str)]) -> Router {
        let port = free_port();
        Router { child: self.command(&port, settings).spawn().expect("is built"), port }
    }

    /// Returns the command that starts a router.
    pub(crate) fn command(&self, port: &str, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alert-router"));
        command
            .env_clear()
            .env("PORT", port)
            .env("CONFIG_DIR", self.dir.path())
            .env("DATA_DIR", self.dir.path())
            .env("REDIS_URL", self.redis.url_text())
            .env("ALERTING_PROTOCOL", "webhook")
            .env("ALERTING_WEBHOOK_URL", self.receiver.url())
            .env("ALERTING_WEBHOOK_SECRET", SECRET)
            .env("ALERTING_DEBOUNCE_WINDOW_SECONDS", "0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    pub(crate) async fn until_ready(&self, router: &Router) {
        until("the router is ready", async || self.readiness(router).await == Some(200)).await;
    }

    pub(crate) async fn readiness(&self, router: &Router) -> Option<u16> {
        let answer = self.client.get(router.url("/readyz")).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Returns what the router answers, which must be a success.
    pub(crate) async fn get(&self, router: &Router, path: &str) -> Value {
        let answer = self.client.get(router.url(path)).send().await.expect("is answered");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("is JSON")
    }

    /// Returns how many alerts came to which end, after checking that they add up.
    pub(crate) async fn accounts(&self, router: &Router) -> Value {
        let accounts = self.get(router, "/api/v1/status").await["accounts"].clone();
        let number = |key: &str| accounts[key].as_i64().expect("is a number");
        let outcomes = ["pending", "delivered", "silenced", "inhibited", "expired", "dead_lettered"];
        assert_eq!(outcomes.iter().map(|key| number(key)).sum::<i64>(), number("detected"), "{accounts}");
        accounts
    }

    /// Waits until so many alerts came to this end.
    pub(crate) async fn until_accounts(&self, router: &Router, outcome: &str, count: i64) {
        let what = format!("{count} alerts are {outcome}");
        until(&what, async || self.accounts(router).await[outcome] == count).await;
    }

    /// Sends an alert over Redis.
    pub(crate) async fn publish(&self, alert: &Value) {
        let publisher = Publisher::connect(&self.redis.url()).expect("the URL is good");
        publisher.publish(&Topic::new("alerts", 10_000), alert).await.expect("Redis is there");
    }

    /// Returns how many messages were delivered to the group and not acknowledged.
    pub(crate) async fn pending(&self) -> u64 {
        let inspector = bus::Inspector::connect(&self.redis.url()).expect("the URL is good");
        let state = inspector.stream("alerts").await.expect("Redis is there");
        state.groups.first().map_or(0, |group| group.pending)
    }
}

/// A running router, killed when the test ends.
pub(crate) struct Router {
    child: Child,
    port: String,
}

impl Router {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("is piped, and asked for once")
    }

    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(killed.expect("there is kill").success());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("is our child");
        self.child.wait().expect("is our child");
    }

    /// Waits for its end.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("is our child") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the router does not end");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Terminates it and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.terminate();
        assert_eq!(self.exit_code().await, Some(0));
    }

    /// Terminates it and returns what it wrote to its standard output.
    pub(crate) async fn output(mut self) -> String {
        let mut stdout = self.stdout();
        self.stop().await;
        let mut text = String::new();
        stdout.read_to_string(&mut text).expect("is text");
        text
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition, not for ever.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("has an address").port().to_string()
}

/// An alert of the stream manager, raised so many seconds before now.
pub(crate) fn alert(id: &str, seconds_ago: f64) -> Value {
    alert_at(id, Timestamp::now() - SignedDuration::from_secs_f64(seconds_ago))
}

/// An alert of the stream manager.
pub(crate) fn alert_at(id: &str, time: Timestamp) -> Value {
    json!({
        "camera_id": "gate",
        "timestamp": time.to_string(),
        "detection": {
            "class_id": 0, "class_name": "object", "confidence": 0.5, "bbox": [10.0, 20.0, 30.0, 40.0],
            "center": [20.0, 30.0], "is_unknown": false,
        },
        "roi_hit": true,
        "frame_id": "gate_1",
        "roi_name": "pit",
        "violation_type": "forbidden_class",
        "allowed_classes": ["pine", "worker"],
        "strict_mode": true,
        "alert_id": id,
        "track_id": 7,
        "severity": "warning",
    })
}
