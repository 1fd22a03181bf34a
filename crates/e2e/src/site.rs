//! A site of real processes. A test writes the configuration, starts what it needs and stops what it wants to see fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::process::command;
use crate::{Http, LIMIT, Ports, Process, until};

/// The checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of the built programs: this test lies in `deps` below their directory.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe().context("finding this test")?;
    let program = test.ancestors().nth(2).context("a test lies in a target directory")?.join(name);
    ensure!(program.is_file(), "{name} is not built: cargo build --release --workspace --bins");
    Ok(program)
}

/// The directory and the ports of a site, and how its programs are started.
#[derive(Debug)]
pub struct Site {
    directory: TempDir,
    /// Where its programs listen.
    pub ports: Ports,
    environment: Vec<(String, String)>,
}

impl Site {
    /// An empty site.
    pub fn new() -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("ronda-site-").tempdir().context("making a directory")?;
        let mut site = Self { directory, ports: Ports::free()?, environment: Vec::new() };
        for name in ["configs", "data", "logs"] {
            fs::create_dir(site.path().join(name)).context("making a directory")?;
        }
        let ports = site.ports;
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        site.set("BIND", "127.0.0.1");
        site.set("CONFIG_DIR", &site.configs().display().to_string());
        site.set("DATA_DIR", &site.data().display().to_string());
        site.set("MODELS_DIR", &root().join("models").display().to_string());
        site.set("REDIS_URL", &format!("redis://127.0.0.1:{}", ports.redis()));
        site.set("PUBLIC_URL", &format!("http://localhost:{}", ports.web()));
        site.set("INFERENCE_API_URL", &local(ports.inference_api()));
        site.set("STREAM_MANAGER_URL", &local(ports.stream_manager()));
        site.set("ALERT_ROUTER_URL", &local(ports.alert_router()));
        site.set("INFERENCE_URL", &local(ports.inference_api()));
        let patrols = ["robot-a", "robot-b"].into_iter().zip(0..);
        let patrols: Vec<_> = patrols.map(|(id, place)| format!("{id}={}", local(ports.patrol(place)))).collect();
        site.set("PATROL_URLS", &patrols.join(","));
        site.set("SIM_ROBOT_PORT", &ports.sim_robot(0).to_string());
        site.set("SIM_MODELS_PORT", &ports.sim_models().to_string());
        site.set("RTSP_PORT", &ports.sim_rtsp().to_string());
        site.set("SIM_RTSP_URL", &format!("rtsp://127.0.0.1:{}", ports.sim_rtsp()));
        site.set("SIM_WEBHOOK_URL", &local(ports.sim_http()));
        Ok(site)
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Its configuration directory.
    #[must_use]
    pub fn configs(&self) -> PathBuf {
        self.path().join("configs")
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Sets a variable for every program that is started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Writes a file of the configuration the way an editor does: aside, then renamed.
    pub fn configure(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let aside = self.configs().join(format!(".{name}.new"));
        fs::write(&aside, text)
            .and_then(|()| fs::rename(&aside, self.configs().join(name)))
            .with_context(|| format!("writing {name}"))
    }

    /// Starts Redis; its data outlives a restart.
    pub async fn start_redis(&self) -> anyhow::Result<Process> {
        let port = self.ports.redis().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--dir"]);
        let redis = Process::start("redis", command.arg(self.path()), &self.logs())?;
        let client =
            redis::Client::open(format!("redis://127.0.0.1:{port}")).context("reading the address of Redis")?;
        until("Redis answers", LIMIT, async || client.get_multiplexed_async_connection().await.is_ok()).await?;
        Ok(redis)
    }

    /// Starts nginx with the repository's own nginx.conf.
    pub async fn start_nginx(&self) -> anyhow::Result<Process> {
        let prefix = self.path().join("nginx");
        let offset = self.ports.offset.to_string();
        let written = Command::new(program("xtask")?)
            .current_dir(root())
            .args(["nginx", "--port-offset", &offset])
            .arg(&prefix)
            .status()
            .context("writing nginx's directory")?;
        ensure!(written.success(), "xtask could not write nginx's directory");
        let mut command = Command::new(nginx_program());
        command.args(["-e", "stderr", "-p"]).arg(&prefix).arg("-c").arg(prefix.join("nginx.conf"));
        let nginx = Process::start("nginx", &mut command, &self.logs())?;
        let http = self.web()?;
        until("nginx answers", LIMIT, async || http.status("/api/robot-none/state").await == Some(404)).await?;
        Ok(nginx)
    }

    /// Starts one of our services and waits until it says that it is ready.
    pub async fn start(&self, name: &str) -> anyhow::Result<Process> {
        self.start_with(name, &[]).await
    }

    /// The same, with arguments.
    pub async fn start_with(&self, name: &str, arguments: &[&str]) -> anyhow::Result<Process> {
        let mut command = command(&program(name)?, &self.environment);
        command.env("PORT", self.port_of(name)?.to_string()).args(arguments);
        let mut process = Process::start(name, &mut command, &self.logs())?;
        let http = Http::on(self.port_of(name)?)?;
        until(&format!("{name} is ready"), LIMIT * 2, async || {
            http.status("/readyz").await == Some(200) || !process.runs()
        })
        .await?;
        ensure!(process.runs(), "{name} ended at its start: {}", process.said());
        Ok(process)
    }

    /// One of the built programs with the environment of this site, not started yet.
    pub fn command(&self, name: &str) -> anyhow::Result<Command> {
        Ok(command(&program(name)?, &self.environment))
    }

    /// A client of everything, through nginx.
    pub fn web(&self) -> anyhow::Result<Http> {
        Http::on(self.ports.web())
    }

    fn logs(&self) -> PathBuf {
        self.path().join("logs")
    }

    fn port_of(&self, name: &str) -> anyhow::Result<u16> {
        Ok(match name {
            "console" => self.ports.console(),
            "inference-api" => self.ports.inference_api(),
            "stream-manager" => self.ports.stream_manager(),
            "alert-router" => self.ports.alert_router(),
            "sim" => self.ports.sim_http(),
            unknown => bail!("{unknown} is no service"),
        })
    }
}

/// Debian keeps nginx where only root's path leads.
fn nginx_program() -> &'static str {
    let installed = "/usr/sbin/nginx";
    if Path::new(installed).is_file() { installed } else { "nginx" }
}
