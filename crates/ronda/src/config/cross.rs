//! What only shows when files are looked at together.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use chassis::Env;
use chassis::config::Problem;
use domain::camera::Camera;
use domain::entry::Entry;
use domain::robots::SiteRobot;
use domain::services::{AlertingSettings, Protocol, Services, ServicesFile};
use domain::zone::CameraZones;
use vision::Models;

use super::Finding;
use super::read::{CAMERAS, List, ROBOTS, ROIS, SERVICES, at, camera_of};
use crate::detector::active_model;

/// Finds zones without a camera, cameras without zones, and zones that do not fit their picture.
pub(super) fn cameras_and_zones(directory: &Path, cameras: &List<Camera>, zones: &List<CameraZones>) -> Vec<Finding> {
    if !cameras.is_readable || !zones.is_readable {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for zones_of in &zones.good {
        let id = zones_of.camera_id().as_str();
        if !cameras.ids.iter().any(|camera| camera == id) {
            let message = format!("no camera of {CAMERAS} has the id {id:?}, so these zones can never raise an alert");
            findings.push(Finding::error(in_rois(directory, zones, id, "camera_id", message)));
        }
        if let Some(size) = zones_of.reference_size() {
            for name in zones_of.misfits(size) {
                let message = format!("the zone {name:?} reaches over the picture of {size} that it was drawn on");
                findings.push(Finding::error(in_rois(directory, zones, id, "reference_size", message)));
            }
        } else if zones_of.depends_on_resolution() {
            let message = "pixels without a reference_size move when the stream's resolution changes".to_owned();
            findings.push(Finding::warning(in_rois(directory, zones, id, "forbidden_rois", message)));
        }
    }
    for camera in cameras.good.iter().filter(|camera| camera.enabled) {
        let id = camera.id.as_str();
        let has_zones = zones.good.iter().any(|zones| zones.camera_id() == &camera.id && !zones.zones().is_empty());
        let has_bad_entry =
            zones.ids.iter().any(|other| other == id) && !zones.good.iter().any(|z| z.camera_id() == &camera.id);
        if !has_zones && !has_bad_entry {
            let message = format!("has no zone in {ROIS}, so it will never raise an alert");
            let key = key_of(cameras, "id", id, "id");
            findings.push(Finding::warning(at(&directory.join(CAMERAS), &cameras.text, &key, &key, message)));
        }
    }
    findings
}

/// Finds class names that the active model does not know. Without a model on this machine nothing can be said.
pub(super) fn classes(
    directory: &Path,
    zones: &List<CameraZones>,
    services: Option<&Services>,
    env: &Env,
) -> Vec<Finding> {
    let models = Models::new(env.models_dir(), env.cache_dir());
    let Some(manifest) = active_model(env).ok().and_then(|name| models.manifest(&name).ok()) else { return Vec::new() };
    let labels: BTreeSet<&str> = manifest.labels.iter().map(|label| &**label).collect();
    let message = |class: &str| format!("the model {} knows no class {class:?}", manifest.name);
    let mut findings = Vec::new();
    for zones_of in &zones.good {
        let id = zones_of.camera_id().as_str();
        let mut report = |key: &str, class: &str| {
            findings.push(Finding::warning(in_rois(directory, zones, id, key, message(class))));
        };
        for (index, zone) in zones_of.zones().iter().enumerate() {
            for class in strangers(zone.classes.iter().flatten(), &labels) {
                report(&format!("forbidden_rois[{index}].classes"), class);
            }
        }
        // Defaults that nobody wrote are nobody's mistake, and a class that is allowed in vain does no harm.
        let has_written = entry_of(zones, id).is_some_and(|entry| entry.value("alert_classes").is_some());
        if has_written && !zones_of.strict_mode() {
            for class in strangers(zones_of.alert_classes().iter(), &labels) {
                report("alert_classes", class);
            }
        }
    }
    let thresholds = services.map(|services| &services.inference.class_thresholds);
    for class in
        thresholds.into_iter().flatten().map(|(class, _)| class).filter(|class| !labels.contains(class.as_str()))
    {
        let key = "inference.class_thresholds";
        findings.push(Finding::warning(Problem::new(directory.join(SERVICES), None, key, message(class))));
    }
    findings
}

/// Returns the classes that are no labels; those that mark unknown things are in no model.
fn strangers<'c>(classes: impl Iterator<Item = &'c Arc<str>>, labels: &BTreeSet<&str>) -> Vec<&'c str> {
    classes.map(|class| &**class).filter(|class| !labels.contains(class) && !class.starts_with("unknown")).collect()
}

/// Finds environment variables that are meant for a camera which is not there.
pub(super) fn variables(ids: &[String], env: impl Iterator<Item = (OsString, OsString)>) -> Vec<Finding> {
    let names = env.filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.into_string().ok());
    let mut findings = Vec::new();
    for name in names {
        let Some(rest) = name.strip_prefix("CAMERA_") else { continue };
        let Some(id) = rest.strip_suffix("_RTSP_URL").or_else(|| rest.strip_suffix("_DETECT_URL")) else { continue };
        if !ids.iter().any(|known| known == id) {
            let message = format!("no camera of {CAMERAS} has the id {id:?}");
            findings.push(Finding::warning(Problem::new("environment", None, &name, message)));
        }
    }
    findings
}

/// Finds variables that look like settings of the services and are none: a slip of the finger is read by nobody.
pub(super) fn settings(env: impl Iterator<Item = (OsString, OsString)>) -> Vec<Finding> {
    let known: BTreeSet<String> = ServicesFile::keys().into_iter().filter_map(|key| key.variable).collect();
    let names = env.filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.into_string().ok());
    let is_stray = |name: &String| {
        let is_setting = SECTIONS.iter().any(|section| name.starts_with(section));
        is_setting && !known.contains(name.strip_suffix("_FILE").unwrap_or(name)) && !ADDRESSES.contains(&name.as_str())
    };
    let finding = |name: String| {
        let message = format!("is no setting: {SERVICES} and the configuration reference name them all");
        Finding::warning(Problem::new("environment", None, name, message))
    };
    names.filter(is_stray).map(finding).collect()
}

/// What the variables of the sections of `services.yaml` begin with.
const SECTIONS: [&str; 3] = ["INFERENCE_", "STREAM_MANAGER_", "ALERTING_"];
/// Variables that begin like those of the sections and say where services are.
const ADDRESSES: [&str; 3] = ["INFERENCE_URL", "INFERENCE_API_URL", "STREAM_MANAGER_URL"];

/// Finds robots whose processes would take the place of another service.
pub(super) fn robots(directory: &Path, robots: &List<SiteRobot>) -> Vec<Finding> {
    let taken = [
        (5000, "the page"),
        (5080, "the console"),
        (8000, "the inference API"),
        (8010, "the stream manager"),
        (8020, "the alert router"),
    ];
    let clash = |robot: &SiteRobot| {
        let (_, name) = taken.iter().find(|(port, _)| *port == robot.port)?;
        let key = key_of_list(robots, "robots", "id", &robot.id, "port");
        let message = format!("{} is the port of {name}", robot.port);
        Some(Finding::error(at(&directory.join(ROBOTS), &robots.text, &key, &key, message)))
    };
    robots.good.iter().filter_map(clash).collect()
}

/// Finds what the alert router refuses to deliver to.
pub(super) fn delivery(directory: &Path, alerting: &AlertingSettings) -> Vec<Finding> {
    let path = directory.join(SERVICES);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let problem = |key: &str, message: &str| Finding::error(at(&path, &text, key, key, message.to_owned()));
    let mut findings = Vec::new();
    if alerting.protocol == Protocol::Hikvision {
        let message = "must be stdout or webhook: this version cannot speak to a recorder";
        findings.push(problem("alerting.protocol", message));
    }
    let secret = alerting.webhook_secret.as_ref();
    if secret.is_some_and(|secret| standardwebhooks::Webhook::new(secret.expose()).is_err()) {
        findings.push(problem("alerting.webhook_secret", "must be `whsec_` and base64, as Standard Webhooks has it"));
    }
    findings
}

/// Returns a problem with the zones of a camera, at its line.
pub(super) fn in_rois(directory: &Path, zones: &List<CameraZones>, id: &str, key: &str, message: String) -> Problem {
    let key = key_of(zones, "camera_id", id, key);
    at(&directory.join(ROIS), &zones.text, &key, &key, message)
}

fn entry_of<'l, T>(list: &'l List<T>, id: &str) -> Option<&'l Entry> {
    let is_meant = |entry: &&(usize, Entry)| is_about(&entry.1, "camera_id", id);
    list.entries.iter().find(is_meant).map(|(_, entry)| entry)
}

/// Returns the path of a key in the entry of a camera.
fn key_of<T>(list: &List<T>, id_key: &str, id: &str, key: &str) -> String {
    key_of_list(list, "cameras", id_key, id, key)
}

fn key_of_list<T>(list: &List<T>, root: &str, id_key: &str, id: &str, key: &str) -> String {
    let place = list.entries.iter().find(|(_, entry)| is_about(entry, id_key, id)).map_or(0, |(index, _)| *index);
    format!("{root}[{place}].{key}")
}

fn is_about(entry: &Entry, id_key: &str, id: &str) -> bool {
    camera_of(entry, id_key).is_some_and(|camera| camera == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_nearly_a_setting_is_found() {
        let env = [
            ("ALERTING_PROTOCL", "webhook"),
            ("ALERTING_WEBHOOK_SECRET_FILE", "/run/secrets/webhook"),
            ("INFERENCE_IOU", "0.5"),
            ("INFERENCE_URL", "http://h:8000"),
            ("STREAM_MANAGER_", ""),
        ];
        let findings = settings(env.map(|(name, value)| (name.into(), value.into())).into_iter());
        let keys: Vec<_> = findings.iter().map(|finding| finding.problem.key.as_str()).collect();
        assert_eq!(keys, ["ALERTING_PROTOCL"]);
    }

    #[test]
    fn a_variable_for_a_camera_that_is_not_there_is_found() {
        let env = [
            ("CAMERA_gate_RTSP_URL", "rtsp://h/1"),
            ("CAMERA_gaet_RTSP_URL", "rtsp://h/1"),
            ("CAMERA_gaet_DETECT_URL", ""),
            ("CAMERA_MODEL", "x"),
        ];
        let env = env.map(|(name, value)| (name.into(), value.into()));
        let findings = variables(&["gate".to_owned()], env.into_iter());
        let texts: Vec<_> = findings.iter().map(|finding| finding.problem.to_string()).collect();
        assert_eq!(texts, ["environment: CAMERA_gaet_RTSP_URL: no camera of cameras.yaml has the id \"gaet\""]);
    }
}
