//! A patrol backend in this process, without a robot and without Redis: both may be away at any time.

#![allow(dead_code, reason = "each test file uses its part of it")]

pub(crate) mod older;

use std::path::Path;
use std::time::{Duration, Instant};

use chassis::{Env, Settings, Stop};
use patrol::{Config, Service};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running backend.
pub(crate) struct Backend {
    base: String,
    stop: Stop,
    running: JoinHandle<anyhow::Result<()>>,
    pub(crate) client: reqwest::Client,
}

impl Backend {
    /// Starts the backend of a robot on a data directory.
    pub(crate) async fn start(data_dir: &Path, robot: &str) -> Self {
        Self::start_with(data_dir, robot, &[]).await
    }

    /// The same with more in its environment.
    pub(crate) async fn start_with(data_dir: &Path, robot: &str, more: &[(&str, &str)]) -> Self {
        chassis::install_tls();
        let data_dir = data_dir.to_str().expect("is UTF-8");
        let env = [
            ("ROBOT_ID", robot),
            ("ROBOT_NAME", "Ada"),
            ("ROBOT_IP", "127.0.0.1:9"),
            ("PORT", "0"),
            ("DATA_DIR", data_dir),
            ("REDIS_URL", "redis://127.0.0.1:9/"),
        ];
        let config = Config::load(&Env::of(env.into_iter().chain(more.iter().copied()))).expect("is a configuration");
        let service = Service::bind(config).await.expect("a free port");
        let base = format!("http://{}", service.address());
        let stop = Stop::new();
        let running = tokio::spawn(service.run(stop.clone()));
        let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        let mut backend = Self { base, stop, running, client };
        backend.until_live().await;
        backend
    }

    async fn until_live(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.client.get(self.url("/livez")).send().await.is_err() {
            if self.running.is_finished() {
                panic!("the backend ended: {:?}", (&mut self.running).await);
            }
            assert!(Instant::now() < deadline, "the backend does not answer");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Returns what it answers.
    pub(crate) async fn ask(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.expect("is answered")
    }

    /// Returns the status of an answer.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.ask(path).await.status().as_u16()
    }

    /// Returns an answer that must be JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.ask(path).await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.json().await.expect("is JSON")
    }

    /// Returns the bytes of an answer.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let answer = self.ask(path).await;
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        answer.bytes().await.expect("is there").to_vec()
    }

    /// Sends a body and returns the status and the JSON of the answer, null if it has none.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().expect("is a method");
        let answer = self.client.request(method, self.url(path)).json(body).send().await.expect("is answered");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Ends it.
    pub(crate) async fn end(self) {
        self.stop.stop();
        self.running.await.expect("does not panic").expect("ends well");
    }
}
