//! What a container of ours may do, who its files belong to, and how it speaks.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::site::{Networking, Service, Site};

/// The user of every program of ours.
const OURS: u32 = 1000;
/// The servers of others, which have users of their own and another form of log.
const OTHERS: [&str; 4] = ["redis", "mediamtx", "prometheus", "alertmanager"];

/// No process is root, nothing can be written but what is mounted, and every line of a log is an object.
pub(crate) async fn everything_is_confined(site: &Site) -> anyhow::Result<()> {
    let services = site.services().await?;
    ensure!(services.len() >= 8, "these are too few services: {services:?}");
    for service in &services {
        cannot_write_or_gain(site, service).await?;
        is_not_root(site, service).await?;
        if !OTHERS.contains(&service.name.as_str()) && service.name != "nginx" {
            speaks_json(site, service).await?;
            keeps_its_log(site, service)?;
        }
    }
    for directory in [site.data(), site.path().join("logs"), site.configs()] {
        belongs_to_us(&directory)?;
    }
    Ok(())
}

/// A production site begins in a directory with two files; the others appear at its start.
pub(crate) fn directories_appeared(site: &Site) -> anyhow::Result<()> {
    assert_eq!(site.networking, Networking::Host);
    for name in ["cameras.yaml", "rois.yaml", "services.yaml"] {
        let file = site.path().join("configs").join(name);
        ensure!(file.is_file(), "{name} was not put into ./configs");
    }
    Ok(())
}

async fn cannot_write_or_gain(site: &Site, service: &Service) -> anyhow::Result<()> {
    let known = site.docker.inspect(&service.container).await?;
    let host = &known["HostConfig"];
    ensure!(host["ReadonlyRootfs"] == true, "{} can write to its root file system", service.name);
    ensure!(host["Privileged"] == false, "{} is privileged", service.name);
    let options = host["SecurityOpt"].as_array().cloned().unwrap_or_default();
    let is_closed =
        options.iter().any(|option| option.as_str().is_some_and(|text| text.starts_with("no-new-privileges")));
    ensure!(is_closed, "{} can gain privileges", service.name);
    ensure!(known["State"]["Health"]["Status"] == "healthy", "{} is not healthy", service.name);
    let kept = host["LogConfig"]["Config"]["max-size"].is_string();
    ensure!(kept, "the log of {} grows without end", service.name);
    let restarts = host["RestartPolicy"]["Name"].as_str().unwrap_or_default();
    ensure!(["unless-stopped", "always"].contains(&restarts), "{} is not started again", service.name);
    Ok(())
}

async fn is_not_root(site: &Site, service: &Service) -> anyhow::Result<()> {
    let listed = site.docker.ask(&["top", &service.container, "-eo", "uid,pid,args"]).await?;
    let processes: Vec<&str> = listed.lines().skip(1).collect();
    ensure!(!processes.is_empty(), "{} has no process", service.name);
    for process in processes {
        let user: u32 = process.split_whitespace().next().context("a user")?.parse().context("a user is a number")?;
        let is_right = if OTHERS.contains(&service.name.as_str()) { user != 0 } else { user == OURS };
        ensure!(is_right, "{} runs as user {user}: {process}", service.name);
    }
    Ok(())
}

async fn speaks_json(site: &Site, Service { name, container }: &Service) -> anyhow::Result<()> {
    let log = site.docker.log_of(container).await?;
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    ensure!(!lines.is_empty(), "{name} has said nothing");
    for line in lines {
        let object: Value = serde_json::from_str(line).with_context(|| format!("{name} said `{line}`"))?;
        ensure!(object["level"].is_string() && object["timestamp"].is_string(), "{name} said `{line}`");
    }
    Ok(())
}

/// What it says is in a file beside the compose file, too.
fn keeps_its_log(site: &Site, Service { name, .. }: &Service) -> anyhow::Result<()> {
    let file = if name.starts_with("robot-") { format!("{name}_app.log") } else { format!("{name}.log") };
    let path = site.path().join("logs").join(file);
    let log = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    ensure!(log.contains(r#""message":"starting""#), "{} does not tell of the start", path.display());
    Ok(())
}

fn belongs_to_us(path: &Path) -> anyhow::Result<()> {
    let found = fs::symlink_metadata(path).with_context(|| format!("looking at {}", path.display()))?;
    ensure!(found.uid() == OURS, "{} belongs to user {}", path.display(), found.uid());
    if found.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
            belongs_to_us(&entry.context("reading a directory")?.path())?;
        }
    }
    Ok(())
}
