//! A site in containers, laid out in an empty directory as a user would, and taken down again.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::{Http, Process, program, root, until, until_some};
use serde_json::Value;
use tempfile::TempDir;

use crate::docker::{ANSWER, Docker};

/// How long a whole site may take until every health check is content.
const START: Duration = Duration::from_secs(150);
/// How long it may take to stop.
const STOP: Duration = Duration::from_secs(90);
/// The simulated building: robots drive faster than real ones, and nothing and nobody is in their way.
const BUILDING: [(&str, &str); 3] = [("SIM_SPEED", "5"), ("SIM_PEOPLE", "0"), ("SIM_DAY", "0")];
/// The page, which both files publish on loopback.
const PAGE: u16 = 5000;
/// The control of the simulation.
const SIMULATION: u16 = 9100;

/// Grafana, Loki and its shipper are in no package registry, so that no image can take their place.
const WITHOUT_IMAGE: [&str; 3] = ["grafana", "loki", "alloy"];

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Networking {
    /// `compose.yaml`, with the simulated site as a service of it.
    Bridge,
    /// `compose.prod.yaml`, with the simulated site as a process of the host.
    Host,
}

impl Networking {
    /// The file.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Bridge => "compose.yaml",
            Self::Host => "compose.prod.yaml",
        }
    }
}

/// A service of the running site.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) container: String,
}

/// A site in a directory of its own.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) networking: Networking,
    pub(crate) docker: Docker,
    directory: TempDir,
    profiles: Vec<&'static str>,
    /// The simulated site beside a site on the host's network.
    simulation: Option<Process>,
    is_up: bool,
}

impl Site {
    /// Lays the files out: for production the two that the guide names, otherwise what a checkout has.
    pub(crate) fn lay_out(networking: Networking) -> anyhow::Result<Self> {
        let docker = Docker::prepared()?;
        let directory = tempfile::Builder::new().prefix("ronda-site-").tempdir().context("making a directory")?;
        let (files, profiles): (&[&str], _) = match networking {
            Networking::Bridge => (&["compose.yaml", "nginx.conf", "docker", "configs"], vec!["sim"]),
            Networking::Host => (&["compose.prod.yaml", "nginx.conf"], Vec::new()),
        };
        let site = Self { networking, docker, directory, profiles, simulation: None, is_up: false };
        for name in files {
            site.bring(name)?;
        }
        for (name, value) in BUILDING {
            site.set(name, value)?;
        }
        Ok(site)
    }

    /// Copies a file or a directory of the repository to its place beside the compose file.
    pub(crate) fn bring(&self, name: &str) -> anyhow::Result<()> {
        copy(&root().join(name), &self.path().join(name))
    }

    /// The directory that the compose file lies in.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the configuration that is in effect lies.
    pub(crate) fn configs(&self) -> PathBuf {
        match self.networking {
            Networking::Bridge => self.path().join("configs/sim"),
            Networking::Host => self.path().join("configs"),
        }
    }

    /// Where the services keep what must outlive them.
    pub(crate) fn data(&self) -> PathBuf {
        match self.networking {
            Networking::Bridge => self.path().join("data/sim"),
            Networking::Host => self.path().join("data"),
        }
    }

    /// Adds a line to `.env`.
    pub(crate) fn set(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let path = self.path().join(".env");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).context("opening .env")?;
        writeln!(file, "{name}={value}").context("writing .env")
    }

    /// Starts the services of one more profile.
    pub(crate) fn with_profile(&mut self, profile: &'static str) {
        self.profiles.push(profile);
    }

    /// Writes a file of the configuration.
    pub(crate) fn configure(&self, name: &str, text: &str) -> anyhow::Result<()> {
        fs::create_dir_all(self.configs()).context("making the configuration directory")?;
        fs::write(self.configs().join(name), text).with_context(|| format!("writing {name}"))
    }

    /// Changes the compose file, as an editor would.
    pub(crate) fn edit_compose(&self, change: impl FnOnce(&str) -> anyhow::Result<String>) -> anyhow::Result<()> {
        let path = self.path().join(self.networking.file());
        let text = fs::read_to_string(&path).context("reading the compose file")?;
        fs::write(&path, change(&text)?).context("writing the compose file")
    }

    /// Starts everything and waits until every health check is content; and again after a change.
    pub(crate) async fn up(&mut self) -> anyhow::Result<()> {
        self.simulate().await?;
        let services = self.services_of_file().await?;
        let mut arguments = vec!["up", "--detach", "--wait", "--no-build", "--pull", "never"];
        arguments.extend(services.iter().map(String::as_str));
        self.is_up = true;
        match self.compose(&arguments, START).await {
            Ok(_) => Ok(()),
            Err(failure) => Err(failure.context(self.last_words().await)),
        }
    }

    /// Stops everything, with all data that the engine keeps, and fails if anything is left in it.
    pub(crate) async fn down(mut self) -> anyhow::Result<()> {
        self.compose(&["down", "--volumes", "--remove-orphans"], STOP).await?;
        self.is_up = false;
        let left = self.docker.leftovers().await?;
        ensure!(left.is_empty(), "the site has left {}", left.join(", "));
        Ok(())
    }

    /// A `docker compose` command of this site.
    pub(crate) async fn compose(&self, arguments: &[&str], limit: Duration) -> anyhow::Result<String> {
        let all = self.arguments(arguments);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.docker.run(self.path(), &all, limit).await
    }

    /// A client of everything, through nginx.
    pub(crate) fn web(&self) -> anyhow::Result<Http> {
        Http::on(PAGE)
    }

    /// A client of the simulation's control.
    pub(crate) async fn simulation(&self) -> anyhow::Result<Http> {
        match self.networking {
            Networking::Bridge => self.inside("sim", SIMULATION).await,
            Networking::Host => Http::on(SIMULATION),
        }
    }

    /// A client of a service, past nginx.
    pub(crate) async fn inside(&self, service: &str, port: u16) -> anyhow::Result<Http> {
        if self.networking == Networking::Host {
            return Http::on(port);
        }
        let known = self.docker.inspect(&self.container(service).await?).await?;
        let networks = known["NetworkSettings"]["Networks"].as_object().context("a container has networks")?;
        let address = networks.values().find_map(|network| network["IPAddress"].as_str());
        Http::at(&format!("{}:{port}", address.with_context(|| format!("{service} has no address"))?))
    }

    /// Every service that has a container.
    pub(crate) async fn services(&self) -> anyhow::Result<Vec<Service>> {
        let listed = self.compose(&["ps", "--all", "--format", "{{.Service}} {{.ID}}"], ANSWER).await?;
        let service = |line: &str| {
            let (name, container) = line.split_once(' ')?;
            Some(Service { name: name.to_owned(), container: container.to_owned() })
        };
        Ok(listed.lines().filter_map(service).collect())
    }

    /// The container of a service.
    pub(crate) async fn container(&self, service: &str) -> anyhow::Result<String> {
        let found = self.services().await?.into_iter().find(|known| known.name == service);
        Ok(found.with_context(|| format!("{service} has no container"))?.container)
    }

    /// The receiver's deliveries, oldest first.
    pub(crate) async fn received(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.simulation().await?.json("/webhook/received").await?;
        Ok(answer["deliveries"].as_array().context("a list of deliveries")?.clone())
    }

    /// Waits for the first delivery.
    pub(crate) async fn delivery(&self, limit: Duration) -> anyhow::Result<Value> {
        until_some("an alert is delivered", limit, async || self.received().await.ok()?.into_iter().next()).await
    }

    /// What a health check says at the moment.
    pub(crate) async fn health(&self, container: &str) -> anyhow::Result<String> {
        let known = self.docker.inspect(container).await?;
        Ok(known["State"]["Health"]["Status"].as_str().unwrap_or_default().to_owned())
    }

    fn arguments(&self, rest: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = ["compose", "--file", self.networking.file()].map(str::to_owned).to_vec();
        if self.networking == Networking::Bridge {
            all.extend(["--env-file", "docker/sim.env", "--env-file", ".env"].map(str::to_owned));
        }
        all.extend(self.profiles.iter().flat_map(|profile| ["--profile".to_owned(), (*profile).to_owned()]));
        all.extend(rest.iter().map(|argument| (*argument).to_owned()));
        all
    }

    async fn services_of_file(&self) -> anyhow::Result<Vec<String>> {
        let listed = self.compose(&["config", "--services"], ANSWER).await?;
        Ok(listed.lines().map(str::to_owned).filter(|name| !WITHOUT_IMAGE.contains(&name.as_str())).collect())
    }

    /// Starts the simulated site as a process where the compose file has no service for it.
    async fn simulate(&mut self) -> anyhow::Result<()> {
        if self.networking == Networking::Bridge || self.simulation.is_some() {
            return Ok(());
        }
        let mut command = Command::new(program("sim")?);
        command.arg("site").envs(BUILDING);
        let simulation = Process::start("sim", &mut command, self.path())?;
        let http = Http::on(SIMULATION)?;
        until("the simulation is ready", ANSWER, async || http.status("/readyz").await == Some(200)).await?;
        self.simulation = Some(simulation);
        Ok(())
    }

    /// What containers that are not well have to say, for the message of a start that failed.
    async fn last_words(&self) -> String {
        let states = self.compose(&["ps", "--all", "--format", "{{.Service}}: {{.Status}}"], ANSWER).await;
        let logs = self.compose(&["logs", "--no-color", "--tail", "15"], ANSWER).await;
        format!("{}\n{}", states.unwrap_or_default(), logs.unwrap_or_default())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !self.is_up {
            return;
        }
        // A failing test must leave nothing for the next one.
        let mut command = Command::new("docker");
        command.current_dir(self.path()).args(self.arguments(&["down", "--volumes", "--timeout", "2"]));
        if let Err(failure) = command.output() {
            eprintln!("the site could not be taken down: {failure}");
        }
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
        for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
            let entry = entry.context("reading a directory")?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to).map(drop).with_context(|| format!("copying {}", from.display()))
}
