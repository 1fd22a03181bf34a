//! Where pictures come from: a stream or a file.

use std::fmt;
use std::str::FromStr;

use crate::secret::Address;

/// Why a text is no source of pictures. The text itself is not quoted, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceUrlError {
    /// The text is neither a URL of a known kind nor a path from the root.
    #[error("must begin with rtsp://, rtsps://, http://, https:// or / (a file)")]
    Kind,
    /// The URL names no host.
    #[error("names no host after ://")]
    NoHost,
    /// The port is no number from 1 to 65535.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
}

/// The checked address of a stream (`rtsp://`, `rtsps://`, `http://`, `https://`) or the path of a file (`/...`).
/// Whenever it is shown, its credentials are not.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SourceUrl(Address);

impl SourceUrl {
    /// Returns the address with its credentials. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns whether it is the path of a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.0.scheme().is_none()
    }

    /// Returns whether it is an RTSP stream, with or without TLS.
    #[must_use]
    pub fn is_rtsp(&self) -> bool {
        matches!(self.0.scheme(), Some("rtsp" | "rtsps"))
    }

    /// Returns the part before `://`, or nothing for a file.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.0.scheme()
    }

    /// Returns the host (without the brackets of an IPv6 address) and the port (that of the scheme if none is given),
    /// or nothing for a file.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(String, u16)> {
        let default = match self.0.scheme()? {
            "rtsp" => 554,
            "rtsps" => 322,
            "https" => 443,
            _ => 80,
        };
        let (host, port) = split_authority(self.0.authority()?);
        let port = port.map_or(Some(default), |digits| digits.parse().ok())?;
        Some((host.to_owned(), port))
    }
}

impl FromStr for SourceUrl {
    type Err = SourceUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = Address::new(text.trim());
        match address.scheme() {
            Some("rtsp" | "rtsps" | "http" | "https") => {}
            None if address.expose().starts_with('/') => return Ok(Self(address)),
            _ => return Err(SourceUrlError::Kind),
        }
        if !address.has_host() {
            return Err(SourceUrlError::NoHost);
        }
        let (_, port) = split_authority(address.authority().unwrap_or_default());
        if port.is_some_and(|digits| !digits.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(SourceUrlError::Port);
        }
        Ok(Self(address))
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Splits `host:port`, `[::1]:port` or `host`.
fn split_authority(authority: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> SourceUrl {
        text.parse().expect("a source")
    }

    #[test]
    fn streams_and_files_are_sources() {
        for text in ["rtsp://h/1", "rtsps://h:322/1", "http://h/a.mjpg", "https://h/a", "/data/a.mp4"] {
            assert_eq!(url(text).expose(), text);
        }
        assert!(url("/data/a.mp4").is_file() && !url("/data/a.mp4").is_rtsp());
        assert!(url("rtsps://h/1").is_rtsp() && !url("http://h/1").is_rtsp());
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        let refused = |text: &str| text.parse::<SourceUrl>().expect_err("no source");
        for text in ["", "0", "video.mp4", "ftp://h/1", "RTSP//h"] {
            assert_eq!(refused(text), SourceUrlError::Kind, "{text}");
        }
        assert_eq!(refused("rtsp://:554/1"), SourceUrlError::NoHost);
        assert_eq!(refused("rtsp://h:70000/1"), SourceUrlError::Port);
    }

    #[test]
    fn host_and_port_leave_the_credentials_out() {
        let known = |text: &str| url(text).host_and_port();
        assert_eq!(known("rtsp://admin:p@ss:1@10.0.0.7/1"), Some(("10.0.0.7".into(), 554)));
        assert_eq!(known("rtsps://h/1"), Some(("h".into(), 322)));
        assert_eq!(known("http://[fd00::7]:8080/1"), Some(("fd00::7".into(), 8080)));
        assert_eq!(known("https://[::1]/1"), Some(("::1".into(), 443)));
        assert_eq!(known("/data/a.mp4"), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = format!("{0} {0:?}", url("rtsp://admin:geheim@h/1"));
        assert!(!shown.contains("geheim") && !shown.contains("admin"), "{shown}");
    }
}
