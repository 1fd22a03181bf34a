//! The settings of the services, as `services.yaml` and the environment give them.
//!
//! Every single-valued key `section.key` is overridden by the environment variable `SECTION_KEY`, for example
//! `ALERTING_PROTOCOL`. What the environment says is checked like the file, and empty variables are ignored.

mod alerting;
mod inference;
mod stream_manager;

use serde::{Deserialize, Serialize};

use crate::entry::{Entry, Key, Lookup, Problem};

pub use alerting::{AlertingSettings, Protocol, StdoutFormat};
pub use inference::{Backend, Device, InferenceSettings, Precision};
pub use stream_manager::StreamManagerSettings;

/// `services.yaml` as it was written. Every section may be absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicesFile {
    /// How things are detected.
    #[serde(default)]
    pub inference: Option<Entry>,
    /// How cameras are read.
    #[serde(default)]
    pub stream_manager: Option<Entry>,
    /// How alerts are delivered.
    #[serde(default)]
    pub alerting: Option<Entry>,
}

/// The settings of the services, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Services {
    /// How things are detected.
    pub inference: InferenceSettings,
    /// How cameras are read.
    pub stream_manager: StreamManagerSettings,
    /// How alerts are delivered.
    pub alerting: AlertingSettings,
}

impl ServicesFile {
    /// Returns the settings after the environment was applied.
    ///
    /// # Errors
    /// Everything that is wrong, in the file and in the environment.
    pub fn check(&self, env: Lookup<'_>) -> Result<Services, Vec<Problem>> {
        let empty = Entry::default();
        let mut problems = Vec::new();
        let (inference, found) = InferenceSettings::read(self.inference.as_ref().unwrap_or(&empty), env);
        problems.extend(found);
        let (stream_manager, found) = StreamManagerSettings::read(self.stream_manager.as_ref().unwrap_or(&empty), env);
        problems.extend(found);
        let (alerting, found) = AlertingSettings::read(self.alerting.as_ref().unwrap_or(&empty), env);
        problems.extend(found);
        if problems.is_empty() { Ok(Services { inference, stream_manager, alerting }) } else { Err(problems) }
    }

    /// Returns every key that the file may hold, with the variable that replaces it.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        Entry::inquire("", |entry| {
            let section = Some(entry);
            Self { inference: section.clone(), stream_manager: section.clone(), alerting: section }.check(&|_| None)
        })
    }
}

#[cfg(test)]
mod tests;
