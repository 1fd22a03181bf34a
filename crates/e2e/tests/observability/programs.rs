//! What Prometheus' and Alertmanager's own tools say about our files.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use e2e::root;

/// Runs a tool on a text and returns what it said; an error if it found something.
pub(crate) fn check(program: &str, arguments: &[&str], directory: &Path, text: &str) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().with_context(|| format!("starting {program}: install it with `cargo xtask test packages`"))?;
    child.stdin.take().context("there is an input")?.write_all(text.as_bytes()).context("giving it the text")?;
    let output = child.wait_with_output().context("waiting for it")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{program} {}: {said}", arguments.join(" "));
    Ok(said)
}

/// Copies a directory's files, and those of directories in it.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("listing {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copying to {}", target.display()))?;
        }
    }
    Ok(())
}

#[test]
fn prometheus_reads_its_configuration_on_both_networkings() -> anyhow::Result<()> {
    for networking in ["bridge", "host"] {
        let directory = tempfile::tempdir()?;
        let ours = root().join("configs/prometheus");
        fs::copy(ours.join("prometheus.yaml"), directory.path().join("prometheus.yaml"))?;
        copy(&ours.join("rules"), &directory.path().join("rules"))?;
        // As compose mounts it.
        copy(&ours.join("targets").join(networking), &directory.path().join("targets"))?;

        let said = check("promtool", &["check", "config", "prometheus.yaml"], directory.path(), "")?;

        assert!(!said.contains("WARNING"), "{networking}: {said}");
    }
    Ok(())
}

#[test]
fn every_rule_fires_when_it_should_and_only_then() -> anyhow::Result<()> {
    let directory = root().join("configs/prometheus/rules/tests");
    let mut files = Vec::new();
    for entry in fs::read_dir(&directory)? {
        files.push(entry?.file_name().to_string_lossy().into_owned());
    }
    let arguments: Vec<&str> = ["test", "rules"].into_iter().chain(files.iter().map(String::as_str)).collect();

    check("promtool", &arguments, &directory, "").map(drop)
}

#[test]
fn alertmanager_reads_its_configuration() -> anyhow::Result<()> {
    let directory = root().join("configs/alertmanager");
    check("amtool", &["check-config", "alertmanager.yaml"], &directory, "").map(drop)
}

#[test]
fn what_must_be_told_now_goes_to_the_operators_and_the_watchdog_to_nobody() -> anyhow::Result<()> {
    let directory = root().join("configs/alertmanager");
    let receiver = |labels: &[&str]| {
        let arguments = [&["config", "routes", "test", "--config.file=alertmanager.yaml"], labels].concat();
        // A warning about its own options may follow.
        check("amtool", &arguments, &directory, "").map(|said| said.lines().next().unwrap_or_default().to_owned())
    };

    assert_eq!(receiver(&["alertname=CameraDown", "severity=critical"])?, "operators");
    assert_eq!(receiver(&["alertname=FramesSkipped", "severity=warning"])?, "operators");
    assert_eq!(receiver(&["alertname=Watchdog", "severity=none"])?, "nobody");
    Ok(())
}
