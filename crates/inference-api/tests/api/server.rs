//! A server to ask: in this process on a port of its own, with the tiny model of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use chassis::{Env, Settings as _, Stop};
use inference_api::{Config, Health, Service};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Longer than anything here takes, even on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; it is told to stop when it is dropped.
pub(crate) struct Server {
    pub(crate) dir: TempDir,
    pub(crate) client: Client,
    url: String,
    stop: Stop,
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

/// What a server is started with.
pub(crate) struct Setup {
    pub(crate) dir: TempDir,
    variables: Vec<(String, String)>,
}

impl Setup {
    /// A site with the tiny model, which is called `shapes`, and no configuration files.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["configs", "models"] {
            fs::create_dir(dir.path().join(name)).expect("is made");
        }
        let setup = Self { dir, variables: Vec::new() };
        setup.add_shapes("shapes");
        setup
    }

    /// Sets a variable of the server's environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file below the site's directory.
    pub(crate) fn file(self, path: &str, content: &str) -> Self {
        fs::write(self.dir.path().join(path), content).expect("is written");
        self
    }

    /// Adds the tiny model under this name.
    pub(crate) fn add_shapes(&self, name: &str) {
        let committed = repository_models().join("shapes");
        let manifest = fs::read_to_string(committed.join("manifest.yaml")).expect("is committed");
        let dir = self.models_dir().join(name);
        fs::create_dir_all(&dir).expect("is made");
        fs::write(dir.join("manifest.yaml"), renamed(&manifest, name)).expect("is written");
        fs::copy(committed.join("model.onnx"), dir.join("model.onnx")).expect("is copied");
    }

    pub(crate) fn models_dir(&self) -> PathBuf {
        self.dir.path().join("models")
    }

    /// The environment of the server; tract runs the model, since the other backend may not be on this machine.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let dir = |name: &str| self.dir.path().join(name).display().to_string();
        let usual = [
            ("CONFIG_DIR", dir("configs")),
            ("MODELS_DIR", dir("models")),
            ("DATA_DIR", dir("data")),
            ("RONDA_CACHE_DIR", dir("cache")),
            ("INFERENCE_MODEL_PATH", "shapes".to_owned()),
            ("INFERENCE_BACKEND", "tract".to_owned()),
            ("PORT", "0".to_owned()),
        ];
        let usual = usual.map(|(name, value)| (name.to_owned(), value));
        usual.into_iter().filter(|(name, _)| !self.sets(name)).chain(self.variables.iter().cloned()).collect()
    }

    fn sets(&self, name: &str) -> bool {
        self.variables.iter().any(|(set, _)| set == name)
    }

    /// Starts a server that may still be loading its model.
    pub(crate) async fn begin(self) -> Server {
        let config = Config::load(&Env::of(self.variables())).expect("is right");
        let service = Service::bind(config).await.expect("a port");
        let url = format!("http://{}", service.address());
        let stop = Stop::new();
        let task = tokio::spawn(service.run(stop.clone()));
        Server { dir: self.dir, client: client(), url, stop, task: Some(task) }
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(self) -> Server {
        let server = self.begin().await;
        server.becomes_ready().await;
        server
    }
}

impl Server {
    /// Where it listens, without the scheme.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Waits until the model is loaded.
    pub(crate) async fn becomes_ready(&self) {
        let ready = async {
            while self.get("/readyz").await.status() != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ready).await.expect("becomes ready");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.expect("answers")
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.expect("is JSON")
    }

    pub(crate) async fn health(&self) -> Health {
        self.get("/health").await.json().await.expect("is JSON")
    }

    /// Returns a request with the image as `file`, declared as JPEG.
    pub(crate) fn infer(&self, image: Vec<u8>) -> RequestBuilder {
        self.upload("/infer", "file", image, Some("image/jpeg"))
    }

    pub(crate) fn upload(&self, path: &str, field: &str, image: Vec<u8>, declared: Option<&str>) -> RequestBuilder {
        let part = Part::bytes(image).file_name("image.jpg");
        let part = match declared {
            Some(kind) => part.mime_str(kind).expect("is a type"),
            None => part,
        };
        self.client.post(self.url(path)).multipart(Form::new().part(field.to_owned(), part))
    }

    /// Stops the server and returns how it ended.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.stop();
        let task = self.task.take().expect("is stopped once");
        tokio::time::timeout(PATIENCE, task).await.expect("ends").expect("does not panic")
    }

    /// Waits until the server ends by itself.
    pub(crate) async fn ended(mut self) -> anyhow::Result<()> {
        let task = self.task.take().expect("is waited for once");
        tokio::time::timeout(PATIENCE, task).await.expect("ends").expect("does not panic")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// Status and body of an answer.
pub(crate) async fn told(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("answers");
    let status = response.status().as_u16();
    (status, response.json().await.expect("is JSON"))
}

pub(crate) fn client() -> Client {
    static PROVIDER: Once = Once::new();
    // Nothing here speaks TLS, but the client wants to know how it would.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Client::builder().timeout(PATIENCE).no_proxy().build().expect("is a client")
}

/// A manifest with another name.
fn renamed(manifest: &str, name: &str) -> String {
    let line = |line: &str| if line.starts_with("name:") { format!("name: {name}\n") } else { format!("{line}\n") };
    manifest.lines().map(line).collect()
}

fn repository_models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}
