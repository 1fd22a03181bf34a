//! What the HTTP API takes and gives.

use domain::alert::Severity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::book::{Accounts, AlertRecord, DeliveryRecord, Filter, Outcome};

/// Which alerts are wanted, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only of this camera.
    camera: Option<String>,
    /// Only of this class.
    class: Option<String>,
    /// Only of this zone.
    zone: Option<String>,
    /// Only of this severity.
    severity: Option<Severity>,
    /// Only of this outcome.
    outcome: Option<Outcome>,
    /// Raised at this time or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Raised before this time (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many on a page: 1 to 500, by default 50.
    pub(crate) limit: Option<u16>,
    /// Where the page begins: `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl ListQuery {
    /// Returns what alerts are filtered by.
    pub(crate) fn filter(&self) -> Filter {
        Filter {
            camera: self.camera.clone(),
            class: self.class.clone(),
            zone: self.zone.clone(),
            severity: self.severity,
            outcome: self.outcome,
            from: self.from,
            to: self.to,
        }
    }
}

/// A page of alerts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertPage {
    /// The alerts.
    pub(crate) alerts: Vec<AlertRecord>,
    /// Where the next page begins; null on the last.
    pub(crate) next_cursor: Option<String>,
}

/// One alert with its deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertDetail {
    /// The alert.
    #[serde(flatten)]
    pub(crate) record: AlertRecord,
    /// Where it was or is to be sent.
    pub(crate) deliveries: Vec<DeliveryRecord>,
}

/// How the alert router is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// How many alerts came to which end: `detected` is the sum of the others.
    pub(crate) accounts: Accounts,
    /// Where alerts are delivered: `stdout` or `webhook`.
    pub(crate) channel: String,
    /// Where alerts come from.
    pub(crate) intake: IntakeStatus,
}

/// Where alerts come from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntakeStatus {
    /// Whether Redis answered last time.
    pub(crate) connected: bool,
    /// The Redis stream.
    pub(crate) stream: String,
    /// The consumer group.
    pub(crate) group: String,
    /// The name of this instance in the group.
    pub(crate) consumer: String,
    /// When the last alert arrived since the start.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_received_at: Option<Timestamp>,
}
