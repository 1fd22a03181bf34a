//! Where Redis is, without ever showing the password.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::BusError;

/// A Redis URL, `redis://[user:password@]host[:port][/database]`. Shown, it is host and port only.
#[derive(Clone)]
pub struct RedisUrl {
    info: ConnectionInfo,
}

impl RedisUrl {
    /// Returns host and port.
    pub fn server(&self) -> String {
        self.info.addr().to_string()
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        self.info.clone()
    }
}

impl Default for RedisUrl {
    /// Returns the Redis of this machine, `redis://127.0.0.1:6379`.
    fn default() -> Self {
        "redis://127.0.0.1:6379".parse().expect("is a Redis URL")
    }
}

impl FromStr for RedisUrl {
    type Err = BusError;

    fn from_str(url: &str) -> Result<Self, BusError> {
        let info = url
            .into_connection_info()
            .map_err(|_| BusError::Url("expected redis://[user:password@]host[:port][/database]".to_owned()))?;
        Ok(Self { info })
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({})", self.server())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_its_server_and_not_its_password() {
        let url: RedisUrl = "redis://ana:hunter2@redis.site:6380/2".parse().expect("is a URL");
        assert_eq!(format!("{url} {url:?}"), "redis.site:6380 RedisUrl(redis.site:6380)");
    }

    #[test]
    fn a_broken_url_is_refused_without_being_shown() {
        let error = RedisUrl::from_str("http://ana:hunter2@site").expect_err("is no Redis URL");
        assert_eq!(
            error.to_string(),
            "`REDIS_URL` is not understood: expected redis://[user:password@]host[:port][/database]"
        );
    }
}
