//! A whole site in which everything happens that is measured: cameras see things and one fails, alerts are delivered, a robot
//! makes its rounds, a model judges, people look.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::{Http, LIMIT, Process, Site, program, root, until, until_some};
use reqwest::Method;
use serde_json::{Value, json};
use sim::building::{World, WorldSettings};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Two cameras: one that sees a street, one that will fail.
const CAMERAS: &str = "cameras:
- {id: street, name: Street, rtsp_url: \"${SIM_RTSP_URL}/street\", fps_target: 5}
- {id: yard, name: Yard, rtsp_url: \"${SIM_RTSP_URL}/yard\", fps_target: 2}
";
/// Everything that moves on the street raises an alert every two seconds.
const ZONES: &str = "cameras:
- camera_id: street
  strict_mode: false
  allowed_classes: []
  alert_classes: [person, bicycle, car]
  forbidden_rois: [{name: street, points: [[0, 0], [1, 0], [1, 1], [0, 1]], repeat_seconds: 2}]
";
/// The first robot's rounds are short.
const PLACES: [&str; 2] = ["lobby", "office"];
/// How long a run of a robot that drives ten times as fast may take.
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// How often people ask for something.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// A running site with visitors.
pub(crate) struct Living {
    pub(crate) site: Site,
    robot: Http,
    sim: Http,
    // Visitors leave before the services do.
    _visitors: JoinSet<()>,
    _processes: Vec<Process>,
}

impl Living {
    /// Starts everything and waits until cameras stream and the robot is connected.
    pub(crate) async fn begin() -> anyhow::Result<Self> {
        let mut site = Site::new()?;
        let world = WorldSettings { seed: 1, day: 0, ..WorldSettings::default() };
        for (name, value) in [("SIM_SPEED", "10"), ("SIM_SEED", "1"), ("SIM_DAY", "0")] {
            site.set(name, value);
        }
        site.configure("cameras.yaml", CAMERAS)?;
        site.configure("rois.yaml", ZONES)?;
        site.configure("services.yaml", &fs::read_to_string(root().join("configs/sim/services.yaml"))?)?;
        prepare_rounds(&site, &World::new(&world))?;

        let mut processes = vec![site.start_redis().await?, site.start_with("sim", &["site"]).await?];
        for name in ["inference-api", "stream-manager", "alert-router", "console"] {
            processes.push(site.start(name).await?);
        }
        for place in 0..2 {
            processes.push(start_patrol(&site, place).await?);
        }
        let robot = Http::on(site.ports.patrol(0))?;
        let sim = Http::on(site.ports.sim_http())?;
        until("the robot is connected", LIMIT, async || {
            robot.json("/api/robot-a/v1/state").await.is_ok_and(|state| state["link"]["state"] == "connected")
        })
        .await?;
        let visitors = visit(&site)?;
        let living = Self { site, robot, sim, _visitors: visitors, _processes: processes };
        for camera in ["street", "yard"] {
            living.streams(camera).await?;
        }
        Ok(living)
    }

    /// The port and name of every process of ours.
    pub(crate) fn services(&self) -> [(&'static str, u16); 7] {
        let ports = self.site.ports;
        [
            ("console", ports.console()),
            ("inference-api", ports.inference_api()),
            ("stream-manager", ports.stream_manager()),
            ("alert-router", ports.alert_router()),
            ("patrol of robot-a", ports.patrol(0)),
            ("patrol of robot-b", ports.patrol(1)),
            ("sim", ports.sim_http()),
        ]
    }

    /// Takes a camera's cable out, or puts it back.
    pub(crate) async fn switch(&self, camera: &str, on: bool) -> anyhow::Result<()> {
        let action = if on { "start" } else { "stop" };
        let request = self.sim.request(Method::POST, &format!("/cameras/{camera}/{action}"));
        request.send().await?.error_for_status().map(drop).context("switching a camera")
    }

    /// Waits until a camera streams.
    pub(crate) async fn streams(&self, camera: &str) -> anyhow::Result<()> {
        let http = Http::on(self.site.ports.stream_manager())?;
        until(&format!("{camera} streams"), LIMIT, async || {
            http.json(&format!("/api/v1/cameras/{camera}")).await.is_ok_and(|camera| camera["state"] == "streaming")
        })
        .await
    }

    /// Sends the robot on its round and waits until it is over.
    pub(crate) async fn round(&self) -> anyhow::Result<()> {
        let request = self.robot.request(Method::POST, "/api/robot-a/v1/runs").json(&json!({}));
        let started: Value = request.send().await?.error_for_status().context("starting a run")?.json().await?;
        let run = started["run_id"].as_i64().context("a run has an id")?;
        let ended = until_some("the run has ended", RUN_LIMIT, async || {
            let state = self.robot.json("/api/robot-a/v1/state").await.ok()?;
            (state["run"]["run_id"] == run && !state["run"]["outcome"].is_null()).then(|| state["run"].clone())
        })
        .await?;
        ensure!(ended["outcome"] == "completed", "the run ended so: {ended}");
        Ok(())
    }

    /// Waits for a notification of Alertmanager that speaks of an alert.
    pub(crate) async fn notified(&self, alert: &str, limit: Duration) -> anyhow::Result<Value> {
        until_some(&format!("operators are told of {alert}"), limit, async || {
            let received = self.sim.json("/webhook/received").await.ok()?;
            let bodies = received["deliveries"].as_array()?.iter().map(|delivery| &delivery["body"]);
            bodies.filter(|body| body["version"] == "4").find(|body| body["groupLabels"]["alertname"] == alert).cloned()
        })
        .await
    }
}

/// Writes the waypoints and the settings where both robots take them from.
fn prepare_rounds(site: &Site, world: &World) -> anyhow::Result<()> {
    let directory = site.data().join("config");
    fs::create_dir_all(&directory)?;
    let floor = world.floor(0);
    let point = |place: &&str| {
        let location = floor.location(place).with_context(|| format!("the building has no {place}"))?;
        let pose = location.pose;
        Ok(
            json!({"id": place, "name": location.name, "x": pose.x, "y": pose.y, "theta": pose.theta, "prompt": "", "enabled": true}),
        )
    };
    let points = PLACES.iter().map(point).collect::<anyhow::Result<Vec<_>>>()?;
    fs::write(directory.join("points.json"), Value::Array(points).to_string())?;
    let settings = json!({"settle_secs": 0.2, "gemini_model": "gemini-3-flash-preview", "inspection_timeout_secs": 10});
    Ok(fs::write(directory.join("settings.json"), settings.to_string())?)
}

/// Starts the process of a robot, counted from 0.
async fn start_patrol(site: &Site, place: u16) -> anyhow::Result<Process> {
    let id = ["robot-a", "robot-b"][usize::from(place)];
    let local = |port: u16| format!("http://127.0.0.1:{port}");
    let models = local(site.ports.sim_models());
    let mut command = Command::new(program("patrol")?);
    command.envs([
        ("BIND", "127.0.0.1".to_owned()),
        ("PORT", site.ports.patrol(place).to_string()),
        ("ROBOT_ID", id.to_owned()),
        ("ROBOT_IP", format!("127.0.0.1:{}", site.ports.sim_robot(place))),
        ("DATA_DIR", site.data().display().to_string()),
        ("REDIS_URL", format!("redis://127.0.0.1:{}", site.ports.redis())),
        ("GOOGLE_GEMINI_BASE_URL", models.clone()),
        ("GEMINI_API_KEY", "simulated".to_owned()),
        ("TELEGRAM_BASE_URL", format!("{models}/telegram")),
    ]);
    let mut process = Process::start(&format!("patrol-{id}"), &mut command, &site.path().join("logs"))?;
    let http = Http::on(site.ports.patrol(place))?;
    until(&format!("the process of {id} answers"), LIMIT, async || {
        http.status("/livez").await == Some(200) || !process.runs()
    })
    .await?;
    ensure!(process.runs(), "the process of {id} ended at its start: {}", process.said());
    Ok(process)
}

/// People who look: at a robot's page, at the console, at alerts; and a program that has pictures judged.
fn visit(site: &Site) -> anyhow::Result<JoinSet<()>> {
    let ports = site.ports;
    let mut visitors = JoinSet::new();
    let robot = Http::on(ports.patrol(0))?;
    visitors.spawn(async move {
        let request = robot.request(Method::GET, "/api/robot-a/v1/events").timeout(Duration::from_secs(3600));
        if let Ok(mut events) = request.send().await {
            while let Ok(Some(_)) = events.chunk().await {}
        }
    });
    let reads = [
        (Http::on(ports.console())?, "/console/api/v1/system"),
        (Http::on(ports.alert_router())?, "/api/v1/alerts"),
        (Http::on(ports.patrol(1))?, "/api/robot-b/v1/state"),
    ];
    for (http, path) in reads {
        visitors.spawn(async move {
            loop {
                // A visitor who gets no answer asks again, as people do.
                let _ = http.get(path).await;
                sleep(ASK_EVERY).await;
            }
        });
    }
    let (pictures, inference) = (Http::on(ports.stream_manager())?, Http::on(ports.inference_api())?);
    visitors.spawn(async move {
        loop {
            if let Ok(jpeg) = pictures.bytes("/api/v1/cameras/street/picture").await {
                let part = reqwest::multipart::Part::bytes(jpeg).file_name("picture.jpg");
                let form = reqwest::multipart::Form::new().part("file", part);
                let _ = inference.request(Method::POST, "/infer").multipart(form).send().await;
            }
            sleep(ASK_EVERY).await;
        }
    });
    Ok(visitors)
}
