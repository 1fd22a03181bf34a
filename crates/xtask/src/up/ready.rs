//! Asks a program whether it is ready, without an HTTP library: one request, one status line.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::plan::Ready;

const PATIENCE: Duration = Duration::from_millis(500);

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It works.
    Ready,
    /// It runs and says that it cannot do its work yet.
    NotYet,
    /// Nothing listens.
    Silent,
}

/// Probes once.
pub(crate) fn probe(sign: Ready) -> Answer {
    match sign {
        Ready::Listens(port) => connect(port).map_or(Answer::Silent, |_| Answer::Ready),
        Ready::Answers(port) => match status(port, "/readyz") {
            Some(200) => Answer::Ready,
            Some(_) => Answer::NotYet,
            None => Answer::Silent,
        },
    }
}

fn status(port: u16, path: &str) -> Option<u16> {
    let mut stream = connect(port)?;
    // In one piece: a server may answer, and close, as soon as it has the first line.
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    // The status line is in the first bytes; a body that is cut short does not matter.
    let _ = stream.take(4096).read_to_string(&mut answer);
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn connect(port: u16) -> Option<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// Serves one connection with a fixed answer.
    fn serve(answer: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = [0; 512];
            let read = stream.read(&mut request).expect("a request");
            assert!(request[..read].starts_with(b"GET /readyz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).expect("the client reads");
        });
        port
    }

    #[test]
    fn a_service_is_ready_when_it_says_so() {
        let port = serve("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        assert_eq!(probe(Ready::Answers(port)), Answer::Ready);

        let port = serve("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(probe(Ready::Answers(port)), Answer::NotYet);
    }

    #[test]
    fn a_port_without_a_listener_is_silent() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        assert_eq!(probe(Ready::Listens(port)), Answer::Ready);

        drop(listener);

        assert_eq!(probe(Ready::Listens(port)), Answer::Silent);
    }
}
