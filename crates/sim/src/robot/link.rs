//! The robot's radio: between the network and the service, so that it can fail as radios do.
//!
//! Connections are taken from the network and given to the service through memory; what passes in between depends on the
//! [`LinkState`].

use std::io;
use std::net::SocketAddr;

use chassis::Stop;
use futures::Stream;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::warn;

/// Connections that wait to be served; more wait in the kernel's queue.
const WAITING: usize = 64;
/// Bytes under way in each direction.
const BUFFER: usize = 64 * 1024;

/// How the radio is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It works.
    #[default]
    Up,
    /// Connections are closed, and new ones at once.
    Cut,
    /// Connections stay open, new ones are accepted, and nothing comes through: nobody is told.
    BlackHole,
}

/// Takes connections until stopped, and gives them to the returned stream.
pub(super) fn take_connections(
    listener: TcpListener,
    state: watch::Receiver<LinkState>,
    stop: Stop,
) -> impl Stream<Item = io::Result<DuplexStream>> {
    let (give, given) = mpsc::channel(WAITING);
    tokio::spawn(async move { stop.or(accept(listener, state, give)).await });
    futures::stream::unfold(given, |mut given: mpsc::Receiver<DuplexStream>| async move {
        given.recv().await.map(|connection| (Ok(connection), given))
    })
}

async fn accept(listener: TcpListener, state: watch::Receiver<LinkState>, give: mpsc::Sender<DuplexStream>) {
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((connection, _)) if *state.borrow() == LinkState::Cut => drop(connection),
            Ok((connection, peer)) => {
                let (ours, theirs) = tokio::io::duplex(BUFFER);
                if give.send(theirs).await.is_err() {
                    return;
                }
                open.spawn(carry(connection, peer, ours, state.clone()));
            }
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

/// Carries bytes both ways until one side ends or the link is cut.
async fn carry(connection: TcpStream, _peer: SocketAddr, service: DuplexStream, mut state: watch::Receiver<LinkState>) {
    // Small answers are not to wait for the acknowledgement of the ones before.
    let _ = connection.set_nodelay(true);
    let (from_network, to_network) = connection.into_split();
    let (from_service, to_service) = tokio::io::split(service);
    let (up, down) = (state.clone(), state.clone());
    tokio::select! {
        _ = pump(from_network, to_service, up) => {}
        _ = pump(from_service, to_network, down) => {}
        _ = state.wait_for(|state| *state == LinkState::Cut) => {}
    }
}

/// Carries bytes one way; in a black hole they stay where they are until it is over.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<LinkState>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        // The sender lives as long as the robot.
        let _ = state.wait_for(|state| *state == LinkState::Up).await;
        to.write_all(&buffer[..count]).await?;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::StreamExt as _;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(150);
    const LIMIT: Duration = Duration::from_secs(5);

    struct Radio {
        network: TcpStream,
        service: DuplexStream,
        state: watch::Sender<LinkState>,
        _stop: Stop,
    }

    async fn radio() -> Radio {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (state, heard) = watch::channel(LinkState::Up);
        let stop = Stop::new();
        let mut taken = Box::pin(take_connections(listener, heard, stop.clone()));
        let network = TcpStream::connect(address).await.expect("it listens");
        let service = taken.next().await.expect("it goes on").expect("it is taken");
        tokio::spawn(async move { while taken.next().await.is_some() {} });
        Radio { network, service, state, _stop: stop }
    }

    async fn heard(from: &mut (impl AsyncRead + Unpin), within: Duration) -> Option<u8> {
        tokio::time::timeout(within, from.read_u8()).await.ok().and_then(Result::ok)
    }

    #[tokio::test]
    async fn a_black_hole_holds_everything_back_and_loses_nothing() {
        let mut radio = radio().await;
        radio.network.write_u8(1).await.expect("it is open");
        assert_eq!(heard(&mut radio.service, LIMIT).await, Some(1));

        radio.state.send_replace(LinkState::BlackHole);
        radio.network.write_u8(2).await.expect("nobody is told");
        radio.service.write_u8(3).await.expect("nobody is told");
        assert_eq!(heard(&mut radio.service, MOMENT).await, None);
        assert_eq!(heard(&mut radio.network, MOMENT).await, None);

        radio.state.send_replace(LinkState::Up);
        assert_eq!(heard(&mut radio.service, LIMIT).await, Some(2));
        assert_eq!(heard(&mut radio.network, LIMIT).await, Some(3));
    }

    #[tokio::test]
    async fn a_cut_closes_what_is_open_and_what_comes() {
        let mut radio = radio().await;
        let address = radio.network.peer_addr().expect("it is open");
        radio.state.send_replace(LinkState::Cut);
        let end = tokio::time::timeout(LIMIT, radio.network.read_u8()).await.expect("it ends in time");
        assert!(end.is_err());
        let mut another = TcpStream::connect(address).await.expect("the port is there");
        let end = tokio::time::timeout(LIMIT, another.read_u8()).await.expect("it ends in time");
        assert!(end.is_err());
    }
}
