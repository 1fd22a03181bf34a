//! The client of the tests: asks like any other client, with a limit.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

/// Asks one server.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    base: String,
}

impl Http {
    /// A client of the server on a port of this machine.
    pub fn on(port: u16) -> anyhow::Result<Self> {
        Self::at(&format!("localhost:{port}"))
    }

    /// A client of the server at a `host:port`.
    pub fn at(address: &str) -> anyhow::Result<Self> {
        // The second call in a process finds the provider installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("building the client")?;
        Ok(Self { client, base: format!("http://{address}") })
    }

    /// The answer to a GET, whatever its status.
    pub async fn get(&self, path: &str) -> anyhow::Result<reqwest::Response> {
        let request = self.client.get(format!("{}{path}", self.base));
        request.send().await.with_context(|| format!("asking for {path}"))
    }

    /// The status of a GET; nothing if there was no answer.
    pub async fn status(&self, path: &str) -> Option<u16> {
        Some(self.get(path).await.ok()?.status().as_u16())
    }

    /// The JSON of a GET that must succeed.
    pub async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.get(path).await?.error_for_status().with_context(|| format!("asking for {path}"))?;
        answer.json().await.with_context(|| format!("reading the answer to {path}"))
    }

    /// The bytes of a GET that must succeed.
    pub async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let answer = self.get(path).await?.error_for_status().with_context(|| format!("asking for {path}"))?;
        Ok(answer.bytes().await.with_context(|| format!("reading the answer to {path}"))?.to_vec())
    }

    /// Starts a request of any kind.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }
}
