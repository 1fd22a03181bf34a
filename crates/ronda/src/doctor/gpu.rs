//! Graphics processors, and whether containers get at them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::services::Device;

use super::Site;
use super::check::{Area, Check, Verdict};
use super::command::ask;

/// Where the system shows the graphics of a Jetson.
const NODES: [&str; 3] = ["/dev/nvhost-gpu", "/dev/nvgpu/igpu0", "/dev/nvmap"];
/// Where a Jetson says what it is.
const JETSON: [&str; 2] = ["/etc/nv_tegra_release", "/proc/device-tree/model"];

/// What is known of the machine's graphics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Facts {
    node: Option<String>,
    jetson: Option<String>,
    /// Whether the engine has the runtime `nvidia`; nothing without an engine.
    has_runtime: Option<bool>,
    /// Whether services.yaml insists on the graphics card.
    is_wanted: bool,
}

pub(super) fn check(site: &Arc<Site>) -> Check {
    let is_wanted = site.services.as_ref().is_some_and(|services| services.inference.device == Device::Cuda);
    Check::new(Area::Gpu, "NVIDIA", Duration::from_secs(10), async move {
        let runtimes = ask("docker", &["info", "--format", "{{json .Runtimes}}"]).await.text();
        judge(&Facts {
            node: card().or_else(|| NODES.into_iter().find(|node| Path::new(node).exists()).map(str::to_owned)),
            jetson: JETSON.into_iter().find_map(jetson),
            has_runtime: runtimes.map(|runtimes| runtimes.contains("\"nvidia\"")),
            is_wanted,
        })
    })
}

/// Returns the first graphics card: `/dev/nvidia` and a number, which need not be 0 on a machine that lends one of many.
fn card() -> Option<String> {
    let names = std::fs::read_dir("/dev").ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let card = names.filter(|name| name.strip_prefix("nvidia").is_some_and(is_number)).min()?;
    Some(format!("/dev/{card}"))
}

fn jetson(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim_matches(['\0', '#', ' ']).to_owned();
    let is_jetson = ["Jetson", "Tegra", "R3"].iter().any(|word| line.contains(word));
    is_jetson.then_some(line)
}

fn judge(facts: &Facts) -> Verdict {
    let machine = facts.jetson.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
    match (&facts.node, facts.has_runtime) {
        (None, _) if facts.is_wanted => Verdict::failed(
            format!("services.yaml says `device: cuda`, and there is no NVIDIA graphics card{machine}"),
            "install its driver (on a Jetson: JetPack), or say `device: auto` in services.yaml",
        ),
        (None, _) => Verdict::ok(format!("there is no NVIDIA graphics card{machine}; the processor detects")),
        (Some(node), Some(false)) => Verdict::warning(
            format!("{node} is there{machine}, and the engine has no runtime `nvidia`"),
            "install nvidia-container-toolkit, run `sudo nvidia-ctk runtime configure`, and restart the engine",
        ),
        (Some(node), Some(true)) => Verdict::ok(format!("{node} is there{machine}, and containers get at it")),
        (Some(node), None) => Verdict::ok(format!("{node} is there{machine}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::State;

    #[test]
    fn a_machine_without_graphics_is_fine_unless_they_are_asked_for() {
        assert_eq!(judge(&Facts::default()).state, State::Ok);
        let wanted = Facts { is_wanted: true, ..Facts::default() };
        assert_eq!(judge(&wanted).state, State::Failed);
    }

    #[test]
    fn a_card_that_containers_do_not_get_at_is_told() {
        let card = Facts { node: Some("/dev/nvidia0".to_owned()), has_runtime: Some(false), ..Facts::default() };
        assert_eq!(judge(&card).state, State::Warning);
        assert_eq!(judge(&Facts { has_runtime: Some(true), ..card.clone() }).state, State::Ok);
        assert_eq!(judge(&Facts { has_runtime: None, ..card }).state, State::Ok);
    }

    #[test]
    fn a_jetson_is_named() {
        let orin = Facts {
            node: Some("/dev/nvmap".to_owned()),
            jetson: Some("NVIDIA Jetson Orin NX".to_owned()),
            has_runtime: Some(true),
            is_wanted: true,
        };
        assert_eq!(judge(&orin).found, "/dev/nvmap is there (NVIDIA Jetson Orin NX), and containers get at it");
    }
}
