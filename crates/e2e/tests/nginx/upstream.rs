//! A server behind nginx that answers with what it was asked, so that a test can see what nginx made of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The server; dropping it closes its port and its connections.
pub(crate) struct Upstream {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Upstream {
    pub(crate) async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.context("binding a free port")?;
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                open.spawn(async move {
                    let mut stream = BufReader::new(stream);
                    // A client that goes away, in the middle or not, is nginx's business.
                    while answer(&mut stream, port).await.is_ok() {}
                });
            }
        });
        Ok(Self { port, connections, task })
    }

    /// How many connections were opened so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers one request.
async fn answer(stream: &mut BufReader<TcpStream>, port: u16) -> anyhow::Result<()> {
    let mut request = String::new();
    stream.read_line(&mut request).await?;
    let path = request.split(' ').nth(1).context("the client has gone")?.to_owned();
    let headers = headers(stream).await?;
    let length = headers.get("content-length").and_then(Value::as_str).and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;

    if path.ends_with("?endless") {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: one\n\n").await?;
        std::future::pending::<()>().await;
    }
    let body = json!({ "port": port, "path": path, "headers": headers }).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-frame-options: SAMEORIGIN\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    Ok(())
}

async fn headers(stream: &mut BufReader<TcpStream>) -> anyhow::Result<Map<String, Value>> {
    let mut headers = Map::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.into()),
            None => return Ok(headers),
        };
    }
}
