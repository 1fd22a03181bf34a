//! What differs between two configurations, and what must be done for it to hold.

use std::fmt;

use serde::Serialize;

use super::facts::{Facts, Kind, Values};

/// One thing that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Change {
    pub(super) kind: Kind,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) what: What,
}

/// What would become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub(super) enum What {
    Added,
    Removed,
    Changed { differences: Vec<Difference> },
}

/// One value that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    key: String,
    from: String,
    to: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, from, to } = self;
        let key = if key == "value" { String::new() } else { format!("{key} ") };
        if from == to {
            // Only what is not shown is different.
            return write!(f, "{key}{to}, with another user name, password or secret");
        }
        write!(f, "{key}{from} → {to}")
    }
}

/// What must be done for a change to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// Nothing: the file is followed.
    Followed,
    /// These services must be started again.
    Restart(&'static [&'static str]),
    /// A process comes or goes.
    Process,
}

impl Effect {
    /// Returns the services that must be started again.
    pub(super) fn services(self) -> &'static [&'static str] {
        match self {
            Self::Followed => &[],
            Self::Restart(services) => services,
            Self::Process => &["patrol"],
        }
    }

    /// Completes a sentence that begins with how many changes it concerns.
    pub(super) fn sentence(self, count: usize) -> String {
        let (verb, need) = if count == 1 { ("takes", "needs") } else { ("take", "need") };
        match self {
            Self::Followed => format!("{verb} effect within a second of being saved"),
            Self::Restart(services) => format!("{need} a restart of {}", services.join(", ")),
            Self::Process => format!("{need} `docker compose up -d` or a new start of the site"),
        }
    }
}

impl Change {
    pub(super) fn effect(&self) -> Effect {
        match self.kind {
            Kind::Camera | Kind::Zone => Effect::Followed,
            Kind::Robot => Effect::Process,
            Kind::Setting if self.name.starts_with("inference.") => {
                Effect::Restart(&["inference-api", "stream-manager"])
            }
            Kind::Setting if self.name.starts_with("stream_manager.") => Effect::Restart(&["stream-manager"]),
            // Whoever sends alerts or shows them must know the stream.
            Kind::Setting
                if self.name.starts_with("alerting.redis_stream") || self.name.starts_with("alerting.redis_max") =>
            {
                Effect::Restart(&["alert-router", "stream-manager", "console"])
            }
            Kind::Setting => Effect::Restart(&["alert-router"]),
        }
    }
}

/// Returns what would change, by kind and name. What only one side knows of is not compared.
pub(super) fn changes(now: &Facts, then: &Facts) -> Vec<Change> {
    let mut changes = Vec::new();
    for (kind, now) in &now.0 {
        let Some(then) = then.0.get(kind) else { continue };
        let mut note = |name: &str, what| changes.push(Change { kind: *kind, name: name.to_owned(), what });
        for (name, values) in now {
            match then.get(name) {
                None => note(name, What::Removed),
                Some(others) => {
                    let differences = differences(values, others);
                    if !differences.is_empty() {
                        note(name, What::Changed { differences });
                    }
                }
            }
        }
        for name in then.keys().filter(|name| !now.contains_key(*name)) {
            note(name, What::Added);
        }
    }
    changes.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    changes
}

fn differences(now: &Values, then: &Values) -> Vec<Difference> {
    let both = now.iter().filter_map(|(key, from)| Some((key, from, then.get(key)?)));
    let differing = both.filter(|(_, from, to)| !from.is_like(to));
    differing
        .map(|(key, from, to)| Difference { key: key.clone(), from: from.shown.clone(), to: to.shown.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts::Fact;
    use super::*;

    fn facts(kind: Kind, things: &[(&str, &[(&str, &str)])]) -> Facts {
        let values = |values: &[(&str, &str)]| -> Values {
            values.iter().map(|(key, value)| ((*key).to_owned(), Fact::plain(*value))).collect()
        };
        let things = things.iter().map(|(name, known)| ((*name).to_owned(), values(known))).collect();
        Facts([(kind, things)].into())
    }

    #[test]
    fn what_comes_goes_and_changes_is_told() {
        let now = facts(Kind::Camera, &[("gate", &[("fps_target", "5"), ("name", "Gate")]), ("yard", &[])]);
        let then = facts(Kind::Camera, &[("gate", &[("fps_target", "10"), ("transport", "udp")]), ("lane", &[])]);
        let told: Vec<_> = changes(&now, &then).into_iter().map(|change| (change.name, change.what)).collect();
        let difference = Difference { key: "fps_target".into(), from: "5".into(), to: "10".into() };
        let expected = [
            ("gate".to_owned(), What::Changed { differences: vec![difference] }),
            ("lane".to_owned(), What::Added),
            ("yard".to_owned(), What::Removed),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_one_side_does_not_know_of_is_no_change() {
        let now = facts(Kind::Camera, &[("gate", &[])]);
        let then = facts(Kind::Setting, &[("alerting.protocol", &[])]);
        assert_eq!(changes(&now, &then), []);
    }

    #[test]
    fn a_setting_names_the_services_that_read_it() {
        let of =
            |name: &str| Change { kind: Kind::Setting, name: name.to_owned(), what: What::Added }.effect().services();
        assert_eq!(of("inference.confidence"), ["inference-api", "stream-manager"]);
        assert_eq!(of("alerting.protocol"), ["alert-router"]);
        assert_eq!(of("alerting.redis_stream_name"), ["alert-router", "stream-manager", "console"]);
    }
}
