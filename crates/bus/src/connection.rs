//! A connection to Redis on which every command has a time limit.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError};
use tokio::time::timeout;

use crate::{BusError, RedisUrl, metrics};

/// How long connecting may take, and how long any command that does not wait for messages.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that is made when first used, and made again after it was lost. Clones share it.
#[derive(Clone)]
pub(crate) struct Connection {
    manager: ConnectionManager,
    server: Arc<str>,
    limit: Duration,
}

impl Connection {
    /// Opens a connection for commands that answer at once. Must be called on a runtime.
    pub(crate) fn open(url: &RedisUrl) -> Result<Self, BusError> {
        Self::waiting(url, Duration::ZERO)
    }

    /// Opens a connection for commands that may wait for `longest`. Such a command holds up all
    /// others on its connection.
    pub(crate) fn waiting(url: &RedisUrl, longest: Duration) -> Result<Self, BusError> {
        let limit = PATIENCE + longest;
        // One attempt per command: whoever asked decides on the pause.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(limit));
        let client = Client::open(url.info()).map_err(|error| BusError::Url(error.to_string()))?;
        let manager = ConnectionManager::new_lazy_with_config(client, config)
            .map_err(|error| BusError::Url(error.to_string()))?;
        // Shown from the start, as what it is until something was asked.
        metrics::redis_up();
        Ok(Self { manager, server: url.server().into(), limit })
    }

    /// Sends one command.
    pub(crate) async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BusError> {
        let mut manager = self.manager.clone();
        let answer = timeout(self.limit, command.query_async(&mut manager)).await;
        self.understood(answer.ok())
    }

    /// Sends several commands at once.
    pub(crate) async fn send_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, BusError> {
        let mut manager = self.manager.clone();
        let answer = timeout(self.limit, commands.query_async(&mut manager)).await;
        self.understood(answer.ok())
    }

    fn understood<T>(&self, answer: Option<Result<T, RedisError>>) -> Result<T, BusError> {
        let server = self.server.to_string();
        let understood = match answer {
            Some(Ok(value)) => Ok(value),
            None => Err(BusError::TimedOut { server }),
            Some(Err(error)) if error.is_timeout() => Err(BusError::TimedOut { server }),
            Some(Err(source)) => Err(match source.kind() {
                ErrorKind::Io => BusError::Unreachable { server, source },
                _ => BusError::Refused { server, source },
            }),
        };
        let has_answered = matches!(understood, Ok(_) | Err(BusError::Refused { .. }));
        metrics::redis_up().set(has_answered.into());
        understood
    }
}
