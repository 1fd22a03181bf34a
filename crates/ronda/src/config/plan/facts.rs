//! What a configuration amounts to, as names and values that can be compared with those of a running site.

use std::collections::BTreeMap;
use std::path::Path;

use chassis::Env;
use chassis::config::{ConfigError, read_yaml};
use domain::camera::{Camera, SourceUrl, Transport};
use domain::entry::{Entry, Key};
use domain::secret::redact;
use domain::services::ServicesFile;
use domain::zone::CameraZones;
use serde::Serialize;
use serde_json::Value;

use crate::config::read;

/// What can be added, removed or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Camera,
    Zone,
    Robot,
    Setting,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Zone => "zone",
            Self::Robot => "robot",
            Self::Setting => "setting",
        }
    }
}

/// A value: what is shown of it, and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) shown: String,
    /// The whole value if a part of it is not shown; nobody prints it.
    secret: Option<String>,
}

impl Fact {
    pub(super) fn plain(shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), secret: None }
    }

    fn secret(shown: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { shown: shown.into(), secret: Some(secret.into()) }
    }

    /// Returns whether both are the same, as far as can be told: a running site does not tell its passwords.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let is_secret_same = match (&self.secret, &other.secret) {
            (Some(own), Some(others)) => own == others,
            _ => true,
        };
        self.shown == other.shown && is_secret_same
    }
}

/// What one camera, zone, robot or setting is like: its values by their names.
pub(super) type Values = BTreeMap<String, Fact>;

/// Everything that is known. A kind that is absent was not asked about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts(pub(super) BTreeMap<Kind, BTreeMap<String, Values>>);

impl Facts {
    /// Returns what the files of a directory amount to. They were checked before, so what is wrong is left out.
    pub(super) fn of_directory(directory: &Path, env: &Env) -> anyhow::Result<Self> {
        let (cameras, _) = read::cameras(directory, env);
        let (zones, _) = read::zones(directory, env);
        let (robots, _) = read::robots(directory, env);
        let mut facts = Self::default();
        facts.0.insert(Kind::Camera, cameras.good.iter().map(|it| (it.id.to_string(), of_camera(it))).collect());
        let entries = zones.good.iter().map(|zones: &CameraZones| serde_json::to_value(zones.to_entry()));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        facts.0.insert(Kind::Zone, entries.iter().flat_map(of_zones).collect());
        let robots = robots.good.iter().map(|robot| {
            let facts = [("name", robot.name.clone()), ("ip", robot.address.clone()), ("port", robot.port.to_string())];
            (robot.id.clone(), facts.map(|(key, value)| (key.to_owned(), Fact::plain(value))).into())
        });
        facts.0.insert(Kind::Robot, robots.collect());
        facts.0.insert(Kind::Setting, settings(directory, env)?);
        Ok(facts)
    }
}

fn of_camera(camera: &Camera) -> Values {
    let url = |url: &SourceUrl| Fact::secret(url.to_string(), url.expose());
    let motion = camera.motion;
    let transport = match camera.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    [
        ("name", Fact::plain(&camera.name)),
        ("rtsp_url", url(&camera.url)),
        ("detect_url", camera.detect_url.as_ref().map_or_else(|| Fact::plain("none"), url)),
        ("enabled", Fact::plain(camera.enabled.to_string())),
        ("fps_target", Fact::plain(camera.fps_target.per_second().to_string())),
        ("transport", Fact::plain(transport)),
        ("motion.enabled", Fact::plain(motion.enabled.to_string())),
        ("motion.forced_look_seconds", Fact::plain(motion.forced_look_seconds.to_string())),
        ("motion.min_area", Fact::plain(motion.min_area.to_string())),
        ("motion.threshold", Fact::plain(motion.threshold.to_string())),
        ("motion.doze", Fact::plain(motion.doze.to_string())),
    ]
    .map(|(key, fact)| (key.to_owned(), fact))
    .into()
}

/// Returns the zones of an entry of `rois.yaml` with all keys filled in, and what holds for all of them.
pub(super) fn of_zones(entry: &Value) -> Vec<(String, Values)> {
    let camera = entry["camera_id"].as_str().unwrap_or_default();
    let is_own = |key: &str| key != "camera_id" && key != "forbidden_rois";
    let own: Values = facts_of(entry).into_iter().filter(|(key, _)| is_own(key)).collect();
    let zones = entry["forbidden_rois"].as_array().cloned().unwrap_or_default();
    let named = zones.iter().zip(1..).map(|(zone, number)| {
        let name = zone["name"].as_str().map_or_else(|| format!("roi_{number}"), str::to_owned);
        (format!("{camera}/{name}"), facts_of(zone))
    });
    std::iter::once((format!("{camera} (rule)"), own)).chain(named).collect()
}

fn facts_of(value: &Value) -> Values {
    let map = value.as_object().into_iter().flatten();
    map.map(|(key, value)| (key.clone(), Fact::plain(written(value)))).collect()
}

/// Returns the settings of `services.yaml` after the environment and with the defaults, each as a thing of its own.
fn settings(directory: &Path, env: &Env) -> anyhow::Result<BTreeMap<String, Values>> {
    let file = match read_yaml::<Option<ServicesFile>>(directory.join(read::SERVICES), env) {
        Ok(file) => file.unwrap_or_default(),
        Err(ConfigError::NotFound(_)) => ServicesFile::default(),
        Err(error) => return Err(error.into()),
    };
    let mut settings = BTreeMap::new();
    for key in ServicesFile::keys() {
        let value = value_of(&file, &key, env)?;
        settings.insert(key.path.clone(), [("value".to_owned(), fact_of(&key.path, value))].into());
    }
    Ok(settings)
}

fn value_of(file: &ServicesFile, key: &Key, env: &Env) -> anyhow::Result<String> {
    let variable = key.variable.as_deref().map(|name| env.text(name)).transpose()?.flatten();
    let (section, name) = key.path.split_once('.').unwrap_or_default();
    let entry = match section {
        "inference" => &file.inference,
        "stream_manager" => &file.stream_manager,
        _ => &file.alerting,
    };
    let from_file = entry.as_ref().and_then(|entry: &Entry| entry.value(name)).map(written);
    let value = variable.or(from_file).or_else(|| key.default.clone()).unwrap_or_else(|| "none".to_owned());
    // 5 and 5.0 are the same.
    Ok(value.parse::<f64>().map_or(value, |number| number.to_string()))
}

fn fact_of(path: &str, value: String) -> Fact {
    let is_secret = path.ends_with("_secret") || path.ends_with("_password");
    match value.as_str() {
        "none" => Fact::plain(value),
        _ if is_secret => Fact::secret("***", value),
        _ if value.contains("://") => Fact::secret(redact(&value), value),
        _ => Fact::plain(value),
    }
}

fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_compared_and_not_shown() {
        let urls = ["rtsp://u:one@h/1", "rtsp://u:two@h/1"].map(|url| fact_of("alerting.webhook_url", url.to_owned()));
        assert_eq!(urls[0].shown, "rtsp://***@h/1");
        assert!(!urls[0].is_like(&urls[1]));
        assert!(urls[0].is_like(&Fact::plain("rtsp://***@h/1")), "a running site tells no more");
        assert_eq!(fact_of("alerting.webhook_secret", "whsec_x".to_owned()).shown, "***");
    }

    #[test]
    fn zones_are_named_after_their_camera() {
        let entry = serde_json::json!({
            "camera_id": "gate", "strict_mode": true,
            "forbidden_rois": [{"name": "pit", "points": [[0, 0]]}, {"name": null, "points": []}],
        });
        let names: Vec<_> = of_zones(&entry).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["gate (rule)", "gate/pit", "gate/roi_2"]);
    }
}
