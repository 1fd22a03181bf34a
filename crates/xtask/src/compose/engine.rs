//! A container engine of our own, in namespaces of its own: with its end the kernel takes every process, mount,
//! interface and packet filter rule that it had, and a Docker that the machine already runs is never touched.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::traces::{Traces, has_other_engine};
use crate::group::{self, Group};
use crate::places::Places;
use crate::up::warden::Warden;

const SETTINGS: &str = "daemon.json";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Stopping ends every container first.
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// Runs in the new namespaces. What containerd keeps in /run must not meet the machine's own; the rest of /run stays,
/// because name servers may be told there.
const INSIDE: &str = "set -e
for directory in /run/containerd /run/docker; do
    mkdir -p $directory
    mount -t tmpfs tmpfs $directory
done
ip link set lo up
exec tini -- dockerd \"$@\"
";

/// What the engine's containers can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// The machine's network and no other: for builds, which install packages. There are no bridges.
    OfTheMachine,
    /// A network of its own without a way out, with bridges. Its loopback is not the machine's.
    OfItsOwn,
}

/// A running engine. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Engine {
    directory: tempfile::TempDir,
    process: Child,
    /// The first process in the namespaces, by its number outside.
    first: u32,
    cgroup: String,
    log: PathBuf,
    warden: Option<Warden>,
    before: Traces,
}

/// Fails with one sentence on a machine where no engine can run.
pub(crate) fn require_privileges() -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("a container engine of our own needs root: run `sudo -E env PATH=\"$PATH\" cargo xtask test compose`");
    }
    let tried = Command::new("unshare").args(["--net", "--mount-proc", "--pid", "--fork", "true"]).output();
    let tried = tried.context("`unshare` of util-linux is missing")?;
    if !tried.status.success() {
        let said = String::from_utf8_lossy(&tried.stderr);
        bail!(
            "this machine lets us make no namespaces, which the container engine needs ({}); a container must be privileged",
            said.trim()
        );
    }
    Ok(())
}

impl Engine {
    /// Starts an engine on the images and layers of earlier ones, and waits until it answers.
    pub(crate) fn start(places: &Places, network: Network) -> anyhow::Result<Self> {
        require_privileges()?;
        let before = Traces::seen();
        let directory = tempfile::Builder::new().prefix("ronda-engine-").tempdir().context("making a directory")?;
        // In the place of the machine's own settings.
        fs::write(directory.path().join(SETTINGS), "{}").context("writing the engine's settings")?;
        let data = places.target.join("compose/engine");
        fs::create_dir_all(&data).with_context(|| format!("making {}", data.display()))?;
        let log = places.target.join("compose/dockerd.log");
        let file = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
        let cgroup = format!("/ronda-{}", std::process::id());

        let mut command = Command::new("unshare");
        command.args(["--mount-proc", "--pid", "--fork", "--kill-child"]);
        if network == Network::OfItsOwn {
            command.arg("--net");
        }
        command.args(["--", "sh", "-c", INSIDE, "dockerd"]);
        command.args(options(directory.path(), &data, &cgroup, network));
        command.stdin(Stdio::null()).stdout(file.try_clone().context("sharing a log")?).stderr(file).process_group(0);
        let mut warden = Warden::start()?;
        let process = command.spawn().context("`unshare` cannot be started")?;
        warden.watch(Group::of(&process))?;
        let mut engine = Self { directory, process, first: 0, cgroup, log, warden: Some(warden), before };
        engine.await_answer()?;
        engine.first = only_child_of(engine.process.id())?;
        Ok(engine)
    }

    /// The address of its API.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// A `docker` command on this engine and on no other.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        self.set_environment(&mut command);
        command.args(arguments);
        command
    }

    /// The same command in the engine's network, where published ports are on loopback, with this engine as its Docker.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.arg(format!("--net=/proc/{}/ns/net", self.first)).arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = command.get_current_dir() {
            inside.current_dir(directory);
        }
        self.set_environment(&mut inside);
        inside
    }

    /// Stops the engine with all its containers, and fails if anything of it is left.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.end();
        let left = self.before.new_ones(&Traces::seen(), has_other_engine());
        if !left.is_empty() {
            bail!("the container engine left something behind: {}", left.join(", "));
        }
        Ok(())
    }

    fn set_environment(&self, command: &mut Command) {
        command.env("DOCKER_HOST", self.address()).env("DOCKER_CONFIG", self.directory.path().join("client"));
        command.env_remove("DOCKER_CONTEXT").env_remove("DOCKER_TLS_VERIFY").env_remove("COMPOSE_FILE");
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("docker.sock")
    }

    fn await_answer(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while !answers(&self.socket()) {
            let ended = self.process.try_wait().context("waiting for the container engine")?;
            if ended.is_some() || Instant::now() > deadline {
                bail!("the container engine did not start: {} (its log is {})", self.last_words(), self.log.display());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let told = |line: &&str| line.contains("failed") || line.contains("level=error") || line.contains("rror:");
        log.lines().rev().find(told).or_else(|| log.lines().last()).unwrap_or("it said nothing").to_owned()
    }

    fn end(&mut self) {
        let Some(warden) = self.warden.take() else { return };
        group::stop_child(&mut self.process, STOP_LIMIT);
        warden.dismiss();
        remove_cgroups(&self.cgroup);
        for directory in ["/run/containerd", "/run/docker"] {
            // Fails where the machine's own engine keeps something there.
            let _ = fs::remove_dir(directory);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end();
    }
}

/// The options of `dockerd`: all that it writes lies in the two directories.
fn options(run: &Path, data: &Path, cgroup: &str, network: Network) -> Vec<String> {
    let at = |name: &str| run.join(name).display().to_string();
    let mut options = vec![
        format!("--host=unix://{}", at("docker.sock")),
        format!("--data-root={}", data.display()),
        format!("--exec-root={}", at("exec")),
        format!("--pidfile={}", at("dockerd.pid")),
        format!("--config-file={}", at(SETTINGS)),
        format!("--cgroup-parent={cgroup}"),
        "--exec-opt=native.cgroupdriver=cgroupfs".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    if network == Network::OfTheMachine {
        let without =
            ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"];
        options.extend(without.map(str::to_owned));
    }
    options
}

fn answers(socket: &Path) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

fn only_child_of(parent: u32) -> anyhow::Result<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    children.trim().parse().with_context(|| format!("{path}: expected one process and found `{}`", children.trim()))
}

/// Containers' groups lie below one of ours, in every hierarchy; empty ones can be removed, deepest first.
fn remove_cgroups(cgroup: &str) {
    let name = cgroup.trim_start_matches('/');
    let root = Path::new("/sys/fs/cgroup");
    let mut places = vec![root.join(name)];
    if let Ok(hierarchies) = fs::read_dir(root) {
        places.extend(hierarchies.flatten().map(|hierarchy| hierarchy.path().join(name)));
    }
    for place in places.iter().filter(|place| place.is_dir()) {
        remove_below(place);
    }
}

fn remove_below(directory: &Path) {
    if let Ok(entries) = fs::read_dir(directory) {
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            remove_below(&entry.path());
        }
    }
    // What cannot be removed is found by the look at what is left.
    let _ = fs::remove_dir(directory);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_building_engine_changes_nothing_of_the_machine_s_network() {
        let dirs = (Path::new("/run/x"), Path::new("/data"));

        let building = options(dirs.0, dirs.1, "/ronda-1", Network::OfTheMachine);
        let alone = options(dirs.0, dirs.1, "/ronda-1", Network::OfItsOwn);

        for option in ["--bridge=none", "--iptables=false", "--ip-forward=false"] {
            assert!(building.iter().any(|given| given == option), "{option}");
            assert!(!alone.iter().any(|given| given == option), "{option}");
        }
    }

    #[test]
    fn a_socket_that_nobody_serves_does_not_answer() {
        assert!(!answers(Path::new("/nowhere/docker.sock")));
    }
}
