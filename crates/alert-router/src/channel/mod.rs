//! Where alerts go. A channel makes one attempt and says how it went; when to try again is decided
//! elsewhere.

mod stdout;
mod webhook;

use std::time::Duration;

use domain::id::AlertId;

use crate::config::Delivery;

use stdout::Stdout;
use webhook::Webhook;

/// How an attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The other end has it.
    Delivered,
    /// It may work later, not before `after` if the other end asked for that.
    TryLater {
        /// What went wrong.
        reason: String,
        /// How long the other end asked us to wait.
        after: Option<Duration>,
    },
    /// It will never work like this.
    Refused {
        /// What went wrong.
        reason: String,
    },
}

impl Attempt {
    fn try_later(reason: impl Into<String>) -> Self {
        Self::TryLater { reason: reason.into(), after: None }
    }

    /// Every word that metrics have for one.
    pub(crate) const RESULTS: [&str; 3] = ["delivered", "try_later", "refused"];

    /// Returns the word that metrics have for it.
    pub(crate) fn result(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::TryLater { .. } => "try_later",
            Self::Refused { .. } => "refused",
        }
    }
}

/// A place alerts go to.
#[derive(Debug)]
pub(crate) enum Channel {
    Stdout(Stdout),
    Webhook(Webhook),
}

impl Channel {
    /// Makes the channel that the configuration wants.
    pub(crate) fn of(delivery: &Delivery) -> anyhow::Result<Self> {
        match delivery {
            Delivery::Stdout(format) => Ok(Self::Stdout(Stdout::start(std::io::stdout(), *format)?)),
            Delivery::Webhook { url, secret, timeout } => {
                Ok(Self::Webhook(Webhook::new(url, secret.as_ref(), *timeout)?))
            }
        }
    }

    /// Returns its name in the book, in metrics and in the API.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Stdout(_) => "stdout",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Returns how many attempts may be under way at a time.
    pub(crate) fn width(&self) -> usize {
        match self {
            // Lines stay in order.
            Self::Stdout(_) => 1,
            // One slow answer must not hold up the others.
            Self::Webhook(_) => 8,
        }
    }

    /// Makes one attempt to deliver an alert, given as JSON.
    pub(crate) async fn deliver(&self, alert_id: &AlertId, body: &str) -> Attempt {
        match self {
            Self::Stdout(stdout) => stdout.deliver(body).await,
            Self::Webhook(webhook) => webhook.deliver(alert_id, body).await,
        }
    }
}
