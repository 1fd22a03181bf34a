//! How the receiver answers: a pure rule that counts down what it was told.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Answer;

/// How requests are answered from now on. Without any field: at once, with 204.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Answers this many requests with `status` before accepting again; `None` never accepts again.
    pub times: Option<u32>,
    /// The status of a refusal (400 to 599) or of a redirect (300 to 399); `None` accepts.
    pub status: Option<u16>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// Milliseconds to wait before every answer.
    pub pause_ms: u64,
}

impl Behaviour {
    /// Accepts everything at once.
    pub fn accept() -> Self {
        Self::default()
    }

    /// Refuses some requests with a status, then accepts again.
    pub fn refuse(status: u16, times: u32) -> Self {
        Self { times: Some(times), status: Some(status), ..Self::default() }
    }

    /// Refuses everything with a status.
    pub fn refuse_always(status: u16) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Answers late.
    pub fn slow(pause: Duration) -> Self {
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Self { pause_ms, ..Self::default() }
    }

    /// Tells how to answer the next request.
    pub(super) fn next(&mut self) -> Answer {
        let refusal = self.status.filter(|_| self.times != Some(0)).and_then(|code| StatusCode::from_u16(code).ok());
        if let (Some(_), Some(left)) = (refusal, self.times.as_mut()) {
            *left -= 1;
        }
        Answer {
            status: refusal.unwrap_or(StatusCode::NO_CONTENT),
            pause: Duration::from_millis(self.pause_ms),
            location: refusal.filter(StatusCode::is_redirection).and_then(|_| self.location.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(mut behaviour: Behaviour) -> [u16; 4] {
        [(); 4].map(|()| behaviour.next().status.as_u16())
    }

    #[test]
    fn a_refusal_ends_after_its_count() {
        assert_eq!(statuses(Behaviour::accept()), [204; 4]);
        assert_eq!(statuses(Behaviour::refuse(503, 2)), [503, 503, 204, 204]);
        assert_eq!(statuses(Behaviour::refuse_always(410)), [410; 4]);
    }

    #[test]
    fn a_redirect_names_its_target_and_an_acceptance_does_not() {
        let mut behaviour = Behaviour {
            status: Some(302),
            times: Some(1),
            location: Some("http://127.0.0.1:1/".to_owned()),
            ..Behaviour::default()
        };

        assert_eq!(behaviour.next().location.as_deref(), Some("http://127.0.0.1:1/"));
        assert_eq!(behaviour.next().location, None);
    }
}
