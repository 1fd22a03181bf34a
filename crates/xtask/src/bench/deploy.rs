//! Deployments: how soon a site in containers raises its first alert, what it holds in memory while nothing happens,
//! what nginx adds to a call, and how soon `cargo xtask up` shows a page when everything is built.
//!
//! The containers run in an engine and a network of their own, so the measuring itself is a second start of this
//! program in that network.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::print;
use crate::compose::engine::{Engine, Network};
use crate::group;
use crate::places::Places;
use crate::{compose, exec};

/// What is left out: no package registry has these programs.
const WITHOUT_IMAGE: [&str; 3] = ["grafana", "loki", "alloy"];
const START_LIMIT: Duration = Duration::from_secs(180);
/// Until caches are filled and threads rest.
const SETTLE: Duration = Duration::from_secs(30);
const WARM_CALLS: usize = 200;
const CALLS: usize = 3000;
/// Away from a site that may run on the usual ports.
const PORT_OFFSET: u16 = 11_000;

/// Prepares the engine, measures in its network, then measures `up`.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    compose::prepare(places)?;
    let engine = Engine::start(places, Network::OfItsOwn)?;
    let mut ourselves = Command::new(env::current_exe().context("finding this program")?);
    ourselves.current_dir(&places.root).args(["bench", "deploy", "--in-engine"]);
    let measured = exec::openly("the measurement of the containers", &mut engine.inside(&ourselves));
    measured.and(engine.stop())?;
    second_start_of_up(places)
}

/// Measures in the engine's network.
pub(crate) fn run_in_engine(places: &Places) -> anyhow::Result<()> {
    let site = Site::lay_out(places)?;
    let began = Instant::now();
    site.up(&["--env-file", "docker/sim.env"])?;
    let alerts = "http://127.0.0.1:5000/alerts/api/v1/alerts?limit=1";
    wait("a first alert", || {
        read(alerts).is_some_and(|page| page["alerts"].as_array().is_some_and(|list| !list.is_empty()))
    })?;
    print("deploy.up-to-first-alert", began.elapsed().as_secs_f64(), "s");
    site.down()?;

    // The same without the simulated site: nothing to see, nobody to drive.
    let idle = Site::lay_out(places)?;
    idle.up(&[])?;
    thread::sleep(SETTLE);
    idle.print_memory()?;
    idle.print_what_nginx_adds()?;
    idle.down()
}

/// A site in containers whose files are copies, because its containers own them.
struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    fn lay_out(places: &Places) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("making a directory")?;
        for name in ["compose.yaml", "nginx.conf", "docker", "configs"] {
            let mut copy = Command::new("cp");
            copy.arg("--recursive").arg(places.root.join(name)).arg(directory.path());
            exec::quietly("cp", &mut copy)?;
        }
        Ok(Self { directory })
    }

    fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.current_dir(self.directory.path()).args(["compose", "--project-name", "bench"]).args(arguments);
        command
    }

    fn up(&self, options: &[&str]) -> anyhow::Result<()> {
        let named = exec::output_of(&mut self.compose(&[options, &["config", "--services"]].concat()))?;
        let services: Vec<&str> = named.lines().filter(|name| !WITHOUT_IMAGE.contains(name)).collect();
        let up = ["up", "--detach", "--no-build", "--pull", "never"];
        exec::quietly("docker compose up", &mut self.compose(&[options, &up, &services].concat()))
    }

    fn down(&self) -> anyhow::Result<()> {
        let down = ["--profile", "sim", "down", "--volumes", "--timeout", "10"];
        exec::quietly("docker compose down", &mut self.compose(&down))
    }

    /// What `docker stats` shows: memory without what the kernel would give back at once.
    fn print_memory(&self) -> anyhow::Result<()> {
        let ids = exec::output_of(&mut self.compose(&["ps", "--quiet"]))?;
        let mut stats = Command::new("docker");
        stats.args(["stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"]).args(ids.split_whitespace());
        let mut sum = 0.0;
        for line in exec::output_of(&mut stats)?.lines() {
            let (name, mebibytes) = usage(line).with_context(|| format!("docker stats says `{line}`"))?;
            print(&format!("deploy.idle-memory.{name}"), mebibytes, "MiB");
            sum += mebibytes;
        }
        ensure!(sum > 0.0, "docker stats shows no container");
        print("deploy.idle-memory", sum, "MiB");
        Ok(())
    }

    /// The same call past nginx and through it, in turns, so that both see the same machine.
    fn print_what_nginx_adds(&self) -> anyhow::Result<()> {
        let direct = format!("http://{}:8000/health", self.address("inference-api")?);
        let through = format!("http://{}:5000/inference/health", self.address("nginx")?);
        let agent = ureq::Agent::new_with_defaults();
        let (mut direct_times, mut through_times) = (Vec::new(), Vec::new());
        for call in 0..WARM_CALLS + CALLS {
            let (first, second) = (timed(&agent, &direct)?, timed(&agent, &through)?);
            if call >= WARM_CALLS {
                direct_times.push(first);
                through_times.push(second);
            }
        }
        let (direct, through) = (median(direct_times), median(through_times));
        print("deploy.call-direct.p50", direct, "ms");
        print("deploy.call-through-nginx.p50", through, "ms");
        print("deploy.nginx-adds.p50", through - direct, "ms");
        Ok(())
    }

    fn address(&self, service: &str) -> anyhow::Result<String> {
        let id = exec::output_of(&mut self.compose(&["ps", "--quiet", service]))?;
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = exec::output_of(Command::new("docker").args(["inspect", "--format", format, id.trim()]))?;
        ensure!(!address.trim().is_empty(), "{service} has no address");
        Ok(address.trim().to_owned())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // After a failure; an engine that stops would end the containers all the same.
        let _ = self.down();
    }
}

/// From the start of the command until the page and its first question are answered, when everything is built.
fn second_start_of_up(places: &Places) -> anyhow::Result<()> {
    let data = tempfile::tempdir().context("making a directory")?;
    start_of_up(places, data.path())?;
    print("deploy.up-second-start", start_of_up(places, data.path())?.as_secs_f64(), "s");
    Ok(())
}

fn start_of_up(places: &Places, data: &Path) -> anyhow::Result<Duration> {
    let log = fs::File::create(data.join("up.log")).context("writing a log")?;
    let began = Instant::now();
    let mut up = Command::new("cargo")
        .current_dir(&places.root)
        .args(["xtask", "up", "--yes", "--port-offset", &PORT_OFFSET.to_string()])
        .env("DATA_DIR", data)
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("sharing a log")?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("`cargo` cannot be started")?;
    let site = format!("http://localhost:{}", 5000 + PORT_OFFSET);
    let usable = wait("the page of `up`", || {
        let page = ureq::get(&site).call().is_ok();
        page && read(&format!("{site}/console/api/v1/system")).is_some()
    });
    let took = began.elapsed();
    group::stop_child(&mut up, Duration::from_secs(40));
    usable.with_context(|| fs::read_to_string(data.join("up.log")).unwrap_or_default())?;
    Ok(took)
}

/// The JSON of an address, if it is answered with success.
fn read(url: &str) -> Option<Value> {
    let request = ureq::get(url).config().timeout_global(Some(Duration::from_secs(5))).build();
    request.call().ok()?.body_mut().read_json().ok()
}

/// Milliseconds that a call takes, its answer included. nginx answers to the names of its site only.
fn timed(agent: &ureq::Agent, url: &str) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut answer = agent.get(url).header("host", "localhost").call().with_context(|| format!("asking {url}"))?;
    answer.body_mut().read_to_vec().with_context(|| format!("reading the answer of {url}"))?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    while !holds() {
        if Instant::now() > deadline {
            bail!("{what} did not come within {} s", START_LIMIT.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The name without project and number, and mebibytes, of `bench-redis-1 4.5MiB / 23.5GiB`.
fn usage(line: &str) -> Option<(&str, f64)> {
    let (name, rest) = line.split_once(' ')?;
    let used = rest.split_whitespace().next()?;
    let (number, factor) = [("KiB", 1.0 / 1024.0), ("MiB", 1.0), ("GiB", 1024.0), ("B", 1.0 / 1_048_576.0)]
        .iter()
        .find_map(|(unit, factor)| Some((used.strip_suffix(unit)?, factor)))?;
    let name = name.strip_prefix("bench-").unwrap_or(name);
    let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
    Some((name, number.parse::<f64>().ok()? * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_every_unit() {
        assert_eq!(usage("bench-alert-router-1 4.5MiB / 23.5GiB"), Some(("alert-router", 4.5)));
        assert_eq!(usage("bench-redis-1 2GiB / 23.5GiB"), Some(("redis", 2048.0)));
        assert_eq!(usage("bench-redis-1 512KiB / 23.5GiB"), Some(("redis", 0.5)));
        assert_eq!(usage("bench-redis-1 --"), None);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).is_nan());
    }
}
