//! Whether the service can do its work: a list of named conditions, all of which must hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::{IntGauge, IntGaugeVec};
use serde::Serialize;
use utoipa::ToSchema;

use crate::metrics;

/// The conditions of a service's readiness. Cloning gives another handle to the same list.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    conditions: Arc<Mutex<BTreeMap<String, Option<String>>>>,
}

impl Readiness {
    /// Returns an empty list, which is ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition, which does not hold yet.
    pub fn condition(&self, name: impl Into<String>) -> Condition {
        let condition = Condition { name: name.into(), readiness: self.clone() };
        condition.fails("starting");
        condition
    }

    /// Returns the state of all conditions.
    pub(crate) fn report(&self) -> Report {
        let conditions = self.lock().clone();
        let is_ready = conditions.values().all(Option::is_none);
        Report { status: if is_ready { "ready" } else { "not_ready" }, conditions }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One condition of readiness; whoever holds it says whether it holds. Dropping it removes nothing.
#[derive(Debug, Clone)]
pub struct Condition {
    name: String,
    readiness: Readiness,
}

impl Condition {
    /// Says that the condition holds.
    pub fn holds(&self) {
        self.readiness.lock().insert(self.name.clone(), None);
        self.shown().set(1);
    }

    /// Says that it does not, and why. The reason is shown to callers: no secrets.
    pub fn fails(&self, reason: impl Into<String>) {
        self.readiness.lock().insert(self.name.clone(), Some(reason.into()));
        self.shown().set(0);
    }

    /// Takes the condition off the list.
    pub fn withdraw(self) {
        self.readiness.lock().remove(&self.name);
        // Fails only if it is not there.
        let _ = shown().remove_label_values(&[&self.name]);
    }

    fn shown(&self) -> IntGauge {
        shown().with_label_values(&[&self.name])
    }
}

fn shown() -> IntGaugeVec {
    metrics::gauges("ronda_ready", "1 if the condition of readiness holds.", &["condition"])
}

/// What `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Report {
    /// `ready` or `not_ready`.
    pub(crate) status: &'static str,
    /// Every condition; null if it holds, else why not.
    pub(crate) conditions: BTreeMap<String, Option<String>>,
}

impl Report {
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "ready"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_ready_when_every_condition_holds() {
        let readiness = Readiness::new();
        assert!(readiness.report().is_ready());
        let (redis, model) = (readiness.condition("redis"), readiness.condition("model"));
        redis.holds();
        assert!(!readiness.report().is_ready());
        model.holds();
        assert!(readiness.report().is_ready());
        redis.fails("connection refused");
        assert_eq!(readiness.report().conditions["redis"].as_deref(), Some("connection refused"));
        redis.withdraw();
        assert!(readiness.report().is_ready());
    }
}
