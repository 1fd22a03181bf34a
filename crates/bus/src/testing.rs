//! A private `redis-server` for tests: it keeps its data over a restart and ends with the test.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::RedisUrl;

/// How long the server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `redis-server` on a free port of loopback, with its data in a temporary directory.
///
/// It must be started on the thread of the test: the kernel ends it with that thread.
#[derive(Debug)]
pub struct RedisServer {
    dir: TempDir,
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server and waits until it answers.
    ///
    /// # Panics
    /// If there is no `redis-server` that starts here: a test cannot go on without it.
    #[expect(clippy::new_without_default, reason = "starting a process is not a default")]
    pub fn new() -> Self {
        // Somebody else may take the port between finding and using it.
        let started = (0..5).find_map(|_| {
            let dir = tempfile::tempdir().expect("there is room for a directory");
            let port = free_port().expect("there is a free port");
            let mut server = Self { dir, port, child: None };
            server.start().is_ok().then_some(server)
        });
        started.expect("redis-server (Debian package `redis-server`) starts here")
    }

    /// Returns its URL.
    pub fn url(&self) -> RedisUrl {
        self.url_text().parse().expect("is a Redis URL")
    }

    /// Returns its URL as a text, for `REDIS_URL`.
    pub fn url_text(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again on the same port, with the data it had.
    pub fn start(&mut self) -> io::Result<()> {
        // The kernel ends the server when the test's thread is gone, however it went.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "redis-server", "--bind", "127.0.0.1"])
            .args(["--port", &self.port.to_string(), "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.ask("PING").is_ok_and(|answer| answer.starts_with("+PONG")) {
                return Ok(());
            }
            let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
            if let Some(status) = ended {
                return Err(io::Error::other(format!("redis-server ended: {status}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::other("redis-server does not answer"))
    }

    /// Ends it, as an operator would.
    pub fn stop(&mut self) {
        // The connection is closed without an answer.
        let _ = self.ask("SHUTDOWN NOSAVE");
        self.wait();
    }

    /// Ends it without warning, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
        self.wait();
    }

    /// Sends one command (words parted by blanks) and returns the raw answer.
    pub fn ask(&self, command: &str) -> io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        write!(connection, "{command}\r\n")?;
        let mut answer = vec![0; 64 * 1024];
        let length = connection.read(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    fn wait(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
