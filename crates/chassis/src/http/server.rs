//! The HTTP server: accepts connections, up to a number; serves routes; ends in an orderly way.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Request;
use axum::middleware::from_fn_with_state;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tower::util::MapRequest;
use tracing::{debug, info, warn};

use super::routes::Rewrite;
use super::streams::Streams;
use super::{Routes, admin, meter, wrap};
use crate::tasks::Stop;

/// How many connections are served at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 1024;
/// How long a connection may take to send the head of a request, or stay idle. Longer than nginx
/// keeps its idle connections (60 s), so that the two do not meet in closing one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// How long requests and streams may take to end after the server was told to.
const DRAIN: Duration = Duration::from_secs(8);
/// How long to wait when no connection can be accepted, as with no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process has the port.
    #[error("cannot listen on {address}: another process has this port")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// Any other reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Serves `routes` on `address` until the [`Stop`] is set; adds `/live /livez /ready /readyz /metrics`.
pub async fn serve(address: SocketAddr, routes: Routes, stop: Stop) -> anyhow::Result<()> {
    Server::bind(address).await?.run(routes, stop).await
}

/// A server that has its port and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    connections: usize,
}

impl Server {
    /// Takes the port. Port 0 takes any free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse { address },
            _ => ServeError::Listen { address, source },
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, connections: CONNECTIONS })
    }

    /// Returns the address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes how many connections are served at a time.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Serves until the [`Stop`] is set, then lets requests finish and ends streams.
    pub async fn run(self, routes: Routes, stop: Stop) -> anyhow::Result<()> {
        meter::begin();
        let streams = Streams::new(stop.clone());
        let (router, rewrite) = complete(routes, &streams);
        info!(address = %self.address, "listening");
        let mut open = JoinSet::new();
        let free = Arc::new(Semaphore::new(self.connections));
        let accept = async {
            loop {
                let place = free.clone().acquire_owned().await.expect("is never closed");
                let (connection, peer) = accepted(&self.listener).await;
                while open.try_join_next().is_some() {}
                let (router, rewrite, stop) = (router.clone(), rewrite.clone(), stop.clone());
                open.spawn(async move {
                    answer(connection, peer, router, rewrite, stop).await;
                    drop(place);
                });
            }
        };
        stop.or(accept).await;
        drop(self.listener);
        let deadline = Instant::now() + DRAIN;
        let ended = timeout_at(deadline, async {
            while open.join_next().await.is_some() {}
            streams.open.close();
            streams.open.wait().await;
        });
        if ended.await.is_err() {
            warn!(connections = open.len(), streams = streams.open.len(), "cut off at the end");
        }
        Ok(())
    }
}

/// Adds what every service answers and what happens around every handler.
fn complete(routes: Routes, streams: &Streams) -> (Router, Rewrite) {
    let (router, readiness, rewrite) = routes.into_parts();
    let (admin, ..) = admin::routes(readiness, streams.stop.clone()).into_parts();
    (router.merge(admin).layer(from_fn_with_state(streams.clone(), wrap::every)), rewrite)
}

async fn accepted(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answer(connection: TcpStream, peer: SocketAddr, router: Router, rewrite: Rewrite, stop: Stop) {
    // Without it, small answers wait for the peer's acknowledgement of the one before.
    let _ = connection.set_nodelay(true);
    let service = MapRequest::new(router.layer(Extension(ConnectInfo(peer))), move |mut request: Request<Incoming>| {
        rewrite.apply(&mut request);
        request
    });
    let service = TowerToHyperService::new(service);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let end = tokio::select! {
        end = connection.as_mut() => end,
        () = stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = end {
        debug!(%peer, "connection ended: {error}");
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
