//! The way to the robot: found again by itself, and no call without a time limit.

use std::error::Error;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tracing::debug;

use super::Limits;
use crate::RobotError;
use crate::api::kachaka_api_client::KachakaApiClient;

/// The port of a robot that is given without one.
const PORT: u16 = 26400;
/// A raw picture of 1280×720 has 2.8 MB; gRPC's usual limit is 4 MB.
const MESSAGE_BYTES: usize = 64 << 20;
/// A way on which this many calls in a row were not answered is given up. A new one is quicker than to wait for the old
/// one's lost packets, whose repetition gets ever slower.
const SILENT_CALLS: u32 = 2;

/// One side of the service.
pub(super) type Client = KachakaApiClient<Channel>;

/// The way to one robot. Nothing is sent before the first call.
#[derive(Debug)]
pub(super) struct Connection {
    endpoint: Endpoint,
    limits: Limits,
    way: Mutex<Way>,
}

#[derive(Debug)]
struct Way {
    client: Client,
    /// Which way this is, so that a late failure of a former one is not counted.
    number: u64,
    silent_calls: u32,
}

impl Connection {
    /// Must be called inside the runtime.
    pub(super) fn new(address: &str, limits: Limits) -> Result<Self, RobotError> {
        let endpoint = endpoint(address)?
            .connect_timeout(limits.connect)
            .http2_keep_alive_interval(limits.keep_alive)
            .keep_alive_timeout(limits.keep_alive_answer)
            // A robot closes a connection that is pinged without a call.
            .keep_alive_while_idle(false)
            .tcp_nodelay(true);
        let way = Way { client: client(&endpoint), number: 0, silent_calls: 0 };
        Ok(Self { endpoint, limits, way: Mutex::new(way) })
    }

    /// Makes a call that the robot answers at once.
    pub(super) async fn call<T, F, Fut>(&self, call: &'static str, ask: F) -> Result<T, RobotError>
    where
        F: FnOnce(Client) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let (client, number) = self.current();
        let limit = self.limits.plain;
        match timeout(limit, ask(client)).await {
            Ok(Ok(answer)) => {
                self.heard(number);
                Ok(answer.into_inner())
            }
            Ok(Err(status)) => {
                let error = explain(call, limit, &status);
                if !error.is_link_loss() {
                    self.heard(number);
                }
                Err(error)
            }
            Err(_) => {
                self.silent(number);
                Err(RobotError::TimedOut { call, limit })
            }
        }
    }

    /// Makes a call that the robot holds until it has news: `None` if it had none within `limit`.
    pub(super) async fn hold<T, F, Fut>(
        &self,
        call: &'static str,
        limit: Duration,
        ask: F,
    ) -> Result<Option<T>, RobotError>
    where
        F: FnOnce(Client) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let (client, number) = self.current();
        match timeout(limit, ask(client)).await {
            Ok(Ok(answer)) => {
                self.heard(number);
                Ok(Some(answer.into_inner()))
            }
            Ok(Err(status)) => match explain(call, limit, &status) {
                // Robots end a held call after half a minute; that is no failure.
                RobotError::Ended { .. } => Ok(None),
                error => Err(error),
            },
            Err(_) => Ok(None),
        }
    }

    fn current(&self) -> (Client, u64) {
        let way = self.lock();
        (way.client.clone(), way.number)
    }

    fn heard(&self, number: u64) {
        let mut way = self.lock();
        if way.number == number {
            way.silent_calls = 0;
        }
    }

    fn silent(&self, number: u64) {
        let mut way = self.lock();
        if way.number != number {
            return;
        }
        way.silent_calls += 1;
        if way.silent_calls >= SILENT_CALLS {
            *way = Way { client: client(&self.endpoint), number: number + 1, silent_calls: 0 };
            debug!(robot = %self.endpoint.uri(), "gave up a silent connection");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client(endpoint: &Endpoint) -> Client {
    Client::new(endpoint.connect_lazy())
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES)
}

/// Reads `host` or `host:port`. The name is looked up with every connection, so a wrong one is no reason to end.
fn endpoint(address: &str) -> Result<Endpoint, RobotError> {
    let wrong = || RobotError::Address { address: address.to_owned() };
    let address = address.trim();
    let authority = if address.contains(':') { address.to_owned() } else { format!("{address}:{PORT}") };
    let endpoint = Endpoint::from_shared(format!("http://{authority}")).map_err(|_| wrong())?;
    let uri = endpoint.uri();
    let is_plain = uri.host().is_some_and(|host| !host.is_empty())
        && uri.port_u16().is_some_and(|port| port != 0)
        && uri.authority().is_some_and(|found| found.as_str() == authority && !authority.contains('@'));
    if is_plain { Ok(endpoint) } else { Err(wrong()) }
}

/// Says what an answer that is none means.
fn explain(call: &'static str, limit: Duration, status: &Status) -> RobotError {
    match status.code() {
        // A status that the robot sent has no source; one that has comes from the connection, whatever its code.
        _ if status.source().is_some() => RobotError::Unreachable { call, reason: reason(status) },
        Code::Unavailable => RobotError::Unreachable { call, reason: reason(status) },
        Code::Cancelled => RobotError::Ended { call },
        Code::Unimplemented => RobotError::Unsupported { call },
        Code::DeadlineExceeded => RobotError::TimedOut { call, limit },
        code => RobotError::Failed { call, reason: format!("{code}: {}", status.message()) },
    }
}

/// Returns the innermost cause, which is the one that says something.
fn reason(status: &Status) -> String {
    let mut cause: Option<&dyn Error> = status.source();
    let mut text = status.message().to_owned();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_perhaps_a_port() {
        let uri = |address: &str| endpoint(address).map(|endpoint| endpoint.uri().to_string()).ok();
        assert_eq!(uri("192.168.50.133:26400").as_deref(), Some("http://192.168.50.133:26400/"));
        assert_eq!(uri(" robot.example ").as_deref(), Some("http://robot.example:26400/"));
        assert_eq!(uri("[::1]:26400").as_deref(), Some("http://[::1]:26400/"));
        for wrong in ["", ":26400", "a:b", "a:1:2", "http://robot:1", "robot:1/path", "user@robot:1", "robot:0"] {
            assert_eq!(uri(wrong), None, "{wrong:?}");
        }
    }
}
