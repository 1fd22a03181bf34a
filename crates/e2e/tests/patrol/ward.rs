//! The world of one test: a simulated robot in its building, simulated models and Telegram, a real Redis, and the patrol
//! backend as a real process, which can be killed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use chassis::Stop;
use chassis::http::Server;
use e2e::{Http, LIMIT, Process, Site, program, until, until_some};
use reqwest::Method;
use serde_json::{Value, json};
use sim::building::{Anomaly, AnomalyKind, World, WorldSettings};
use sim::models::Models;
use sim::robot::{Control, Robot, Settings};
use tokio::task::JoinHandle;

/// How many times faster than real the robot's world is.
pub(crate) const SPEED: f64 = 10.0;
/// How long a whole run may take.
pub(crate) const RUN_LIMIT: Duration = Duration::from_secs(120);

/// The places that tests send the robot to, as the building names them.
pub(crate) const PLACES: [&str; 4] = ["lobby", "office", "server-room", "meeting-room"];

/// Where a test takes place.
pub(crate) struct Ward {
    pub(crate) site: Site,
    pub(crate) control: Control,
    pub(crate) models: Models,
    pub(crate) http: Http,
    pub(crate) patrol: Option<Process>,
    environment: Vec<(String, String)>,
    models_server: JoinHandle<anyhow::Result<()>>,
    _robot: Robot,
    _redis: Process,
}

/// How a world begins.
pub(crate) struct Beginning {
    pub(crate) seed: u64,
    pub(crate) battery_rate: f64,
    /// What people set, as the file of the older layout has it.
    pub(crate) settings: Value,
    pub(crate) places: Vec<&'static str>,
}

impl Default for Beginning {
    fn default() -> Self {
        Self { seed: 1, battery_rate: 1.0, settings: json!({}), places: PLACES[..2].to_vec() }
    }
}

impl Ward {
    /// Starts everything and waits until the robot is connected.
    pub(crate) async fn begin(beginning: Beginning) -> anyhow::Result<Self> {
        chassis::install_tls();
        let Beginning { seed, battery_rate, settings, places } = beginning;
        let site = Site::new()?;
        let redis = site.start_redis().await?;
        let world = World::new(&WorldSettings { seed, ..WorldSettings::default() });
        let robot = Robot::start(Settings {
            seed,
            speed: SPEED,
            battery_rate,
            world: Some(world.clone()),
            ..Settings::default()
        });
        let robot = robot.await.context("starting the robot")?;
        let models = Models::new();
        let server = Server::bind(([127, 0, 0, 1], 0).into()).await?;
        let models_url = format!("http://{}", server.address());
        let models_server = tokio::spawn(server.run(models.routes(), Stop::new()));

        let config = site.data().join("config");
        fs::create_dir_all(&config)?;
        let mut all =
            json!({"settle_secs": 0.2, "gemini_model": "gemini-3-flash-preview", "inspection_timeout_secs": 10});
        let values = settings.as_object().context("settings are an object")?.clone();
        all.as_object_mut().context("settings are an object")?.extend(values);
        fs::write(config.join("settings.json"), all.to_string())?;
        fs::write(config.join("points.json"), points(&world, &places)?.to_string())?;

        let port = site.ports.patrol(0);
        let environment = [
            ("BIND", "127.0.0.1".to_owned()),
            ("PORT", port.to_string()),
            ("ROBOT_ID", "robot-a".to_owned()),
            ("ROBOT_NAME", "Rover".to_owned()),
            ("ROBOT_IP", robot.address().to_string()),
            ("DATA_DIR", site.data().display().to_string()),
            ("LOG_DIR", site.path().join("logs").display().to_string()),
            ("REDIS_URL", format!("redis://127.0.0.1:{}", site.ports.redis())),
            ("GOOGLE_GEMINI_BASE_URL", models_url.clone()),
            ("GEMINI_API_KEY", "simulated".to_owned()),
            ("TELEGRAM_BASE_URL", format!("{models_url}/telegram")),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mut ward = Self {
            control: robot.control(),
            models,
            http: Http::on(port)?,
            patrol: None,
            environment,
            models_server,
            _robot: robot,
            _redis: redis,
            site,
        };
        ward.start_patrol().await?;
        Ok(ward)
    }

    /// Starts the backend and waits until the robot is connected.
    pub(crate) async fn start_patrol(&mut self) -> anyhow::Result<()> {
        self.start_process().await?;
        until("the robot is connected", LIMIT, async || {
            self.state().await.is_ok_and(|state| state["link"]["state"] == "connected" && !state["battery"].is_null())
        })
        .await
    }

    /// Starts the backend and waits until it answers, whether or not the robot does.
    pub(crate) async fn start_process(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(program("patrol")?);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start("patrol", &mut command, &self.site.path().join("logs"))?;
        until("the backend answers", LIMIT, async || self.http.status("/livez").await == Some(200) || !process.runs())
            .await?;
        ensure!(process.runs(), "the backend ended at its start: {}", process.said());
        self.patrol = Some(process);
        Ok(())
    }

    /// Kills the backend, as a power cut would.
    pub(crate) fn kill_patrol(&mut self) -> anyhow::Result<()> {
        self.patrol.take().context("the backend runs")?.kill()
    }

    /// Says what is wrong in the building.
    pub(crate) fn something_is_wrong(&self, wrong: &[(AnomalyKind, &str)]) -> anyhow::Result<()> {
        let anomalies = wrong.iter().map(|(kind, place)| Anomaly { kind: *kind, location: (*place).to_owned() });
        Ok(self.control.world().set_anomalies(anomalies.collect())?)
    }

    pub(crate) async fn state(&self) -> anyhow::Result<Value> {
        self.http.json("/api/robot-a/v1/state").await
    }

    /// Asks for something; returns the status and the body.
    pub(crate) async fn post(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        let answer = self.http.request(method, path).json(&body).send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Begins a run and returns its id.
    pub(crate) async fn start_run(&self, body: Value) -> anyhow::Result<i64> {
        let (status, answer) = self.post("/api/robot-a/v1/runs", body).await?;
        ensure!(status == 202, "the run does not begin: {status} {answer}");
        answer["run_id"].as_i64().context("a run has an id")
    }

    /// Returns how far the last run is.
    pub(crate) async fn run(&self) -> anyhow::Result<Value> {
        Ok(self.state().await?["run"].clone())
    }

    /// Waits until the run is so.
    pub(crate) async fn run_is(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let seen = until_some(&format!("the run {what}"), RUN_LIMIT, async || {
            let run = self.run().await.ok()?;
            is_so(&run).then_some(run)
        })
        .await;
        match seen {
            Ok(run) => Ok(run),
            Err(error) => {
                bail!("{error}; it is {} and the robot {:?}", self.run().await?, self.control.truth().running)
            }
        }
    }

    /// Waits until the run has ended, and returns it.
    pub(crate) async fn ended(&self, run: i64) -> anyhow::Result<Value> {
        self.run_is("has ended", |now| now["run_id"] == run && !now["outcome"].is_null()).await
    }

    /// Waits until the robot is on its charger.
    pub(crate) async fn docked(&self) -> anyhow::Result<()> {
        let docked = self.control.wait_for(LIMIT, |truth| truth.docked && truth.running.is_none()).await;
        docked.map(drop).context("the robot is not on its charger")
    }

    /// Every inspection of the last run, as the older interface answers it.
    pub(crate) async fn results(&self) -> anyhow::Result<Vec<Value>> {
        let results = self.http.json("/api/robot-a/patrol/results").await?;
        Ok(results.as_array().cloned().unwrap_or_default())
    }

    /// How many commands the robot was given since it began.
    pub(crate) fn commands(&self) -> usize {
        self.control.truth().commands.iter().filter(|entry| entry.call == "StartCommand").count()
    }

    /// Where the backend keeps what.
    pub(crate) fn data(&self) -> PathBuf {
        self.site.data()
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        self.models_server.abort();
    }
}

/// Returns the waypoints at these places, as the file holds them.
fn points(world: &World, places: &[&str]) -> anyhow::Result<Value> {
    let floor = world.floor(0);
    let point = |place: &&str| {
        let location = floor.location(place).with_context(|| format!("the building has no {place}"))?;
        let (x, y, theta) = (location.pose.x, location.pose.y, location.pose.theta);
        Ok(json!({"id": place, "name": location.name, "x": x, "y": y, "theta": theta, "prompt": "", "enabled": true}))
    };
    places.iter().map(point).collect::<anyhow::Result<Vec<_>>>().map(Value::Array)
}

/// The verdicts of a run by waypoint; null where there is none.
pub(crate) fn verdicts(run: &Value) -> Vec<(String, Value)> {
    let points = run["points"].as_array().into_iter().flatten();
    points.map(|point| (point["id"].as_str().unwrap_or_default().to_owned(), point["verdict"].clone())).collect()
}
