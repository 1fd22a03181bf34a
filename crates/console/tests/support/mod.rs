//! A running console, and a page that reads its events.

use std::time::Duration;

use bus::testing::RedisServer;
use chassis::{Env, Settings, Stop};
use console::{Config, Console};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A console on a port of its own.
pub(crate) struct Running {
    pub(crate) base: String,
    stop: Stop,
    end: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Starts a console; services that are not named are at an address where nothing answers.
    pub(crate) async fn start(redis: &RedisServer, variables: &[(&str, &str)]) -> Self {
        // As every process of ours does at its start.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redis = redis.url_text();
        let mut all = vec![
            ("PORT", "0"),
            ("CONFIG_DIR", "/nowhere"),
            ("REDIS_URL", redis.as_str()),
            ("STREAM_MANAGER_URL", "http://127.0.0.1:9"),
            ("ALERT_ROUTER_URL", "http://127.0.0.1:9"),
            ("INFERENCE_API_URL", "http://127.0.0.1:9"),
        ];
        all.retain(|(name, _)| !variables.iter().any(|(other, _)| other == name));
        let config = Config::load(&Env::of(all.into_iter().chain(variables.iter().copied()))).expect("is valid");
        let console = Console::bind(config).await.expect("there is a port");
        let (base, stop) = (format!("http://{}", console.address()), Stop::new());
        let end = tokio::spawn(console.run(stop.clone()));
        Self { base, stop, end }
    }

    /// Returns what the system page is told.
    pub(crate) async fn system(&self) -> Value {
        // Answers hold for a second; a test wants to know how it is now.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let answer = client().get(format!("{}/console/api/v1/system", self.base)).send().await.expect("answers");
        answer.json().await.expect("is JSON")
    }

    /// Stops the console and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.stop();
        timeout(PATIENCE, self.end).await.expect("ends").expect("does not panic").expect("does not fail");
    }
}

/// One event.
#[derive(Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// A page that reads events.
pub(crate) struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    /// Opens the stream, after the event with this id if there is one, and waits until it flows.
    pub(crate) async fn open(console: &Running, last: Option<&str>) -> Self {
        let mut request = client().get(format!("{}/console/api/v1/events", console.base));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = request.send().await.expect("answers");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self { answer, text: String::new() };
        let hello = stream.next().await.expect("says hello");
        assert!(hello.starts_with(':'), "{hello}");
        stream
    }

    /// Waits for the next alert.
    pub(crate) async fn alert(&mut self) -> Received {
        loop {
            let event = self.next().await.expect("the stream goes on");
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            if field("event:") == Some("alert") {
                let data = field("data:").expect("an alert has data");
                let id = field("id:").expect("an alert has an id").to_owned();
                return Received { id, data: serde_json::from_str(data).expect("is JSON") };
            }
        }
    }

    /// Waits for the next event or comment; nothing when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(event);
            }
            let chunk = timeout(PATIENCE, self.answer.chunk()).await.expect("something comes in time").ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).expect("is text"));
        }
    }
}

fn client() -> Client {
    Client::builder().no_proxy().build().expect("can be made")
}
