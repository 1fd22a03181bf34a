//! A site with one process of each service, in which something happened that each of them counts.

use std::time::Duration;

use anyhow::{Context, ensure};
use e2e::{Http, LIMIT, Process, Scene, Script, until};
use reqwest::Method;
use serde_json::json;
use sim::robot::{Robot, Settings};

/// All but the left of the yard is forbidden.
const PIT: &str = "cameras:
- camera_id: yard
  forbidden_rois: [{name: pit, points: [[0.4, 0], [1, 0], [1, 1], [0.4, 1]], severity: critical}]
";
/// How Prometheus 2 asks.
pub(crate) const ASKS_FOR_OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0,\
    application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// The running site.
pub(crate) struct Site {
    pub(crate) scene: Scene,
    _robot: Robot,
    _processes: Vec<Process>,
}

impl Site {
    /// Starts everything and waits until an alert is delivered, a picture is judged and the robot's battery is known.
    pub(crate) async fn begin() -> anyhow::Result<Self> {
        let script = Script { cameras: &[("yard", "yard")], zones: PIT, model: "shapes" };
        let scene = Scene::start(&script).await?;
        let robot = Robot::start(Settings { boot: Duration::from_millis(200), ..Settings::default() }).await?;
        let mut processes = vec![scene.site.start("inference-api").await?, scene.site.start("console").await?];
        processes.push(start_patrol(&scene.site, &robot).await?);
        let site = Self { scene, _robot: robot, _processes: processes };
        site.scene.delivery("an alert", |_| true).await?;
        site.shows("alert-router", "ronda_alerts{outcome=\"delivered\"}").await?;
        site.shows("patrol", "ronda_patrol_robot_battery_ratio{").await?;
        site.shows("patrol", "ronda_patrol_tokens_total{").await?;
        until("something was found in a picture", LIMIT, async || site.found_something().await.unwrap_or(false))
            .await?;
        Ok(site)
    }

    /// The name and the port of every service.
    pub(crate) fn services(&self) -> [(&'static str, u16); 5] {
        let ports = self.scene.site.ports;
        [
            ("inference-api", ports.inference_api()),
            ("stream-manager", ports.stream_manager()),
            ("alert-router", ports.alert_router()),
            ("console", ports.console()),
            ("patrol", ports.patrol(0)),
        ]
    }

    /// What a service shows to who asks so.
    pub(crate) async fn figures(&self, service: &str, accept: &str) -> anyhow::Result<String> {
        let services = self.services();
        let (_, port) = services.iter().find(|(name, _)| *name == service).context("is a service")?;
        let request = Http::on(*port)?.request(Method::GET, "/metrics").header("accept", accept);
        Ok(request.send().await?.error_for_status()?.text().await?)
    }

    async fn shows(&self, service: &str, what: &str) -> anyhow::Result<()> {
        until(&format!("{service} shows {what}"), LIMIT, async || {
            self.figures(service, "*/*").await.is_ok_and(|text| text.contains(what))
        })
        .await
    }

    /// Has a picture of the yard looked at.
    async fn found_something(&self) -> anyhow::Result<bool> {
        let ports = self.scene.site.ports;
        let picture = Http::on(ports.stream_manager())?.bytes("/api/v1/cameras/yard/picture").await?;
        let part = reqwest::multipart::Part::bytes(picture).file_name("picture.jpg");
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = Http::on(ports.inference_api())?.request(Method::POST, "/infer").multipart(form);
        let answer: serde_json::Value = request.send().await?.error_for_status()?.json().await?;
        Ok(answer["detections"] != json!([]))
    }
}

/// Starts the process of a robot.
pub(crate) async fn start_patrol(site: &e2e::Site, robot: &Robot) -> anyhow::Result<Process> {
    let mut command = site.command("patrol")?;
    command.envs([
        ("PORT", site.ports.patrol(0).to_string()),
        ("ROBOT_ID", "robot-a".to_owned()),
        ("ROBOT_IP", robot.address().to_string()),
        ("GEMINI_API_KEY", "simulated".to_owned()),
    ]);
    let mut process = Process::start("patrol", &mut command, &site.path().join("logs"))?;
    let http = Http::on(site.ports.patrol(0))?;
    until("patrol answers", LIMIT, async || http.status("/livez").await == Some(200) || !process.runs()).await?;
    ensure!(process.runs(), "patrol ended at its start: {}", process.said());
    Ok(process)
}
