//! Texts that must not be shown: whole secrets, and addresses that carry a user name and a password.

use std::fmt;

use serde::Deserialize;

/// What stands in the place of what is hidden.
const HIDDEN: &str = "***";

/// Keys of a query string whose values are hidden.
const SECRET_KEYS: [&str; 9] =
    ["password", "passwd", "pwd", "pass", "token", "access_token", "api_key", "key", "secret"];

/// A text that is never shown, only handed out on request.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text itself. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// A URL or path whose credentials are hidden whenever it is shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    /// Wraps the text as it is; what makes it an address of some kind is for the caller to check.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text with its credentials. Whoever calls this answers for where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the part before `://`, or nothing for a path.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.0.split_once("://").map(|(scheme, _)| scheme)
    }

    /// Returns the host and port, without credentials, of a URL.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        let rest = rest.rsplit_once('@').map_or(rest, |(_, after)| after);
        rest.split(['/', '?', '#']).next()
    }

    /// Returns whether the URL names a host.
    #[must_use]
    pub fn has_host(&self) -> bool {
        let is_host = |host: &str| !host.is_empty() && !host.starts_with(':') && !host.contains(char::is_whitespace);
        self.authority().is_some_and(is_host)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact(&self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", redact(&self.0))
    }
}

/// Returns the URL with its user name, password and secret query values hidden. A text without `://` is returned as
/// it is.
///
/// A password may hold any character, `/`, `?` and `@` too, when someone forgot to encode it. So everything up to the
/// last `@` is hidden: rather too much than a part of a password.
#[must_use]
pub fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, after)) => (format!("{HIDDEN}@"), after),
        None => (String::new(), rest),
    };
    let Some((path, query)) = rest.split_once('?') else {
        return format!("{scheme}://{user}{rest}");
    };
    let pairs: Vec<String> = query.split('&').map(redact_pair).collect();
    format!("{scheme}://{user}{path}?{}", pairs.join("&"))
}

fn redact_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((key, _)) if SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str()) => {
            format!("{key}={HIDDEN}")
        }
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_hidden() {
        for (url, shown) in [
            (
                "rtsp://admin:geheim@10.0.0.7:554/Streaming/Channels/101",
                "rtsp://***@10.0.0.7:554/Streaming/Channels/101",
            ),
            ("rtsp://admin:p@ss/w?rd@host/1", "rtsp://***@host/1"),
            ("rtsp://host/live?channel=1&pwd=geheim", "rtsp://host/live?channel=1&pwd=***"),
            ("http://host/cam?Token=abc", "http://host/cam?Token=***"),
            ("rtsp://host:8554/street", "rtsp://host:8554/street"),
            ("/data/street.mp4", "/data/street.mp4"),
        ] {
            assert_eq!(redact(url), shown);
        }
    }

    #[test]
    fn neither_form_of_output_shows_a_secret() {
        let address = Address::new("rtsp://admin:geheim@host/1");
        assert_eq!(format!("{address} {address:?}"), "rtsp://***@host/1 \"rtsp://***@host/1\"");
        assert_eq!(format!("{:?}", Secret::new("geheim")), "***");
        assert_eq!(address.expose(), "rtsp://admin:geheim@host/1");
    }

    #[test]
    fn an_address_without_a_host_is_seen() {
        for (url, expected) in [
            ("rtsp://host", true),
            ("rtsp://user:pass@host:554/1", true),
            ("rtsp://", false),
            ("rtsp:///1", false),
            ("rtsp://:554/1", false),
            ("rtsp://user:pass@/1", false),
            ("/data/street.mp4", false),
        ] {
            assert_eq!(Address::new(url).has_host(), expected, "{url}");
        }
    }
}
