//! The layer rule: a crate uses only crates of a lower layer, never a sibling. And what every manifest must say.

use std::fs;

use serde_json::Value;

use crate::{assert_none, output_of};

/// The crates, lowest layer first. A new crate takes its place here, and thereby says whom it may use.
const LAYERS: [&[&str]; 4] = [
    &["domain", "chassis"],
    &["bus", "media", "vision", "vlm", "robot", "report", "store", "model-convert"],
    &["inference-api", "stream-manager", "alert-router", "patrol", "console", "ronda", "sim"],
    &["e2e"],
];

/// It builds with no system libraries, so it uses none of our crates and none may use it.
const ALONE: &str = "xtask";

/// A crate of the workspace, as Cargo tells.
struct Member {
    name: String,
    description: String,
    manifest: String,
    /// The workspace's crates that it uses, for whatever purpose.
    uses: Vec<String>,
}

fn members() -> Vec<Member> {
    let metadata = output_of("cargo", &["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_slice(&metadata).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    packages
        .iter()
        .map(|package| Member {
            name: text(&package["name"]),
            description: text(&package["description"]),
            manifest: fs::read_to_string(text(&package["manifest_path"])).expect("Cargo has just read it"),
            uses: package["dependencies"]
                .as_array()
                .expect("a list of dependencies")
                .iter()
                .filter(|dependency| dependency["path"].is_string())
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

#[test]
fn every_crate_has_a_layer() {
    let homeless: Vec<String> = members()
        .into_iter()
        .map(|member| member.name)
        .filter(|name| name != ALONE && layer_of(name).is_none())
        .collect();

    assert_none("these crates have no layer:", &homeless);
}

#[test]
fn a_crate_uses_only_lower_layers() {
    let mut offences = Vec::new();
    for member in members() {
        for used in &member.uses {
            // A crate's own tests may ask it for more features.
            let is_itself = *used == member.name;
            let is_lower = layer_of(used) < layer_of(&member.name) && used != ALONE;
            if !is_itself && (!is_lower || member.name == ALONE) {
                offences.push(format!("{} uses {used}", member.name));
            }
        }
    }

    assert_none("a crate may use only crates of a lower layer, never a sibling:", &offences);
}

#[test]
fn every_crate_obeys_the_workspace_s_lints_and_says_what_it_is() {
    let mut offences = Vec::new();
    for member in members() {
        if !member.manifest.contains("[lints]\nworkspace = true") {
            offences.push(format!("{} does not take the workspace's lints", member.name));
        }
        if member.description.is_empty() {
            offences.push(format!("{} has no description", member.name));
        }
        if member.manifest.contains("git = ") {
            offences.push(format!("{} has a dependency from git", member.name));
        }
    }

    assert_none("every manifest:", &offences);
}
