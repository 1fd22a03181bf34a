//! An npm registry with one package, as far as `npm pack` asks.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// The registry; it ends when it is dropped.
pub(crate) struct Registry {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    archive: Vec<u8>,
    is_empty: AtomicBool,
    is_over: AtomicBool,
}

impl Registry {
    pub(crate) fn start(archive: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("has an address");
        let state = Arc::new(State { archive, is_empty: AtomicBool::new(false), is_over: AtomicBool::new(false) });
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for connection in listener.incoming() {
                if shared.is_over.load(Ordering::SeqCst) {
                    return;
                }
                // A client that goes away in the middle is its own problem.
                let _ = connection.and_then(|connection| answer(&connection, address, &shared));
            }
        });
        Self { address, state, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn empty(&self) {
        self.state.is_empty.store(true, Ordering::SeqCst);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        // One more connection wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut connection: &TcpStream, address: SocketAddr, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match path {
        _ if state.is_empty.load(Ordering::SeqCst) => ("404 Not Found", Vec::new()),
        "/shapes-weights-npm" => ("200 OK", metadata(address).into_bytes()),
        "/shapes-weights-npm.tgz" => ("200 OK", state.archive.clone()),
        _ => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    connection.write_all(&body)
}

fn metadata(address: SocketAddr) -> String {
    serde_json::json!({
        "name": "shapes-weights-npm",
        "dist-tags": { "latest": "1.0.0" },
        "versions": { "1.0.0": {
            "name": "shapes-weights-npm",
            "version": "1.0.0",
            "dist": { "tarball": format!("http://{address}/shapes-weights-npm.tgz") },
        }},
    })
    .to_string()
}
