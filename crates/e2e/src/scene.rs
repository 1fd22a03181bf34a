//! The scenario of the flow tests: simulated cameras, a zone, the real services between them and a receiver.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Http, LIMIT, Process, Site, until_some};

/// The secret that the router signs with and the receiver checks with.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A running site with simulated cameras.
#[derive(Debug)]
pub struct Scene {
    /// Where everything lies and listens.
    pub site: Site,
    /// The simulated cameras and the receiver.
    pub sim: Process,
    /// Redis.
    pub redis: Process,
    /// The cameras' watcher.
    pub stream_manager: Process,
    /// The deliverer of alerts.
    pub alert_router: Process,
}

/// What a scene consists of.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// The cameras: the id, which is the path of the stream too, and what `sim` plays there.
    pub cameras: &'a [(&'a str, &'a str)],
    /// `rois.yaml`.
    pub zones: &'a str,
    /// The model.
    pub model: &'a str,
}

impl Scene {
    /// Starts Redis, the simulation, the stream manager and the alert router.
    pub async fn start(script: &Script<'_>) -> anyhow::Result<Self> {
        Self::start_with(script, &[]).await
    }

    /// The same, with variables for every program.
    pub async fn start_with(script: &Script<'_>, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut site = Site::new()?;
        variables.iter().for_each(|(name, value)| site.set(name, value));
        // What a killed router left pending is taken over soon.
        site.set("ALERTING_TAKE_OVER_SECONDS", "1");
        site.set("SIM_WEBHOOK_SECRET", SECRET);
        site.configure("cameras.yaml", &cameras_yaml(script.cameras))?;
        site.configure("rois.yaml", script.zones)?;
        site.configure("services.yaml", &services_yaml(script.model))?;
        let redis = site.start_redis().await?;
        let mounts: Vec<String> =
            script.cameras.iter().flat_map(|(id, shows)| ["--mount".to_owned(), format!("{id}={shows}")]).collect();
        let mut arguments = vec!["cameras"];
        arguments.extend(mounts.iter().map(String::as_str));
        let sim = site.start_with("sim", &arguments).await?;
        let stream_manager = site.start("stream-manager").await?;
        let alert_router = site.start("alert-router").await?;
        Ok(Self { site, sim, redis, stream_manager, alert_router })
    }

    /// A client of the simulation.
    pub fn simulation(&self) -> anyhow::Result<Http> {
        Http::on(self.site.ports.sim_http())
    }

    /// Everything that the receiver got, oldest first.
    pub async fn received(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.simulation()?.json("/webhook/received").await?;
        Ok(answer["deliveries"].as_array().context("a list of deliveries")?.clone())
    }

    /// Waits for a delivery whose alert satisfies a condition.
    pub async fn delivery(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        until_some(&format!("there is {what}"), LIMIT * 2, async || {
            self.received().await.ok()?.into_iter().find(|delivery| wanted(&delivery["body"]))
        })
        .await
    }

    /// The ids of the alerts that the router has recorded, newest first.
    pub async fn recorded(&self) -> anyhow::Result<Vec<String>> {
        let http = Http::on(self.site.ports.alert_router())?;
        let mut ids = Vec::new();
        let mut path = "/api/v1/alerts?limit=200".to_owned();
        loop {
            let page = http.json(&path).await?;
            let alerts = page["alerts"].as_array().context("a list of alerts")?;
            ids.extend(alerts.iter().filter_map(|alert| alert["alert_id"].as_str()).map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/api/v1/alerts?limit=200&cursor={cursor}"),
                None => return Ok(ids),
            }
        }
    }

    /// What the stream manager says about a camera.
    pub async fn camera(&self, id: &str) -> anyhow::Result<Value> {
        Http::on(self.site.ports.stream_manager())?.json(&format!("/api/v1/cameras/{id}")).await
    }

    /// How many alerts a camera has raised since the stream manager started.
    pub async fn raised(&self, id: &str) -> anyhow::Result<u64> {
        self.camera(id).await?["counters"]["alerts"].as_u64().context("a count of alerts")
    }

    /// What a simulated camera really showed at a time.
    pub async fn truth(&self, camera: &str, at: Timestamp) -> anyhow::Result<Value> {
        self.simulation()?.json(&format!("/cameras/{camera}/truth?at={at}")).await
    }

    /// Switches a simulated camera off or on.
    pub async fn switch(&self, camera: &str, on: bool) -> anyhow::Result<()> {
        let action = if on { "start" } else { "stop" };
        let request = self.simulation()?.request(reqwest::Method::POST, &format!("/cameras/{camera}/{action}"));
        request.send().await?.error_for_status().map(drop).context("switching a camera")
    }

    /// Changes how the receiver answers.
    pub async fn behave(&self, behaviour: &Value) -> anyhow::Result<()> {
        let request = self.simulation()?.request(reqwest::Method::PUT, "/webhook/behaviour").json(behaviour);
        request.send().await?.error_for_status().map(drop).context("telling the receiver how to behave")
    }

    /// Waits until a camera is in a state.
    pub async fn camera_is(&self, id: &str, state: &str, limit: Duration) -> anyhow::Result<()> {
        crate::until(&format!("camera {id} is {state}"), limit, async || {
            self.camera(id).await.is_ok_and(|camera| camera["state"] == state)
        })
        .await
    }
}

fn cameras_yaml(cameras: &[(&str, &str)]) -> String {
    let entry = |(id, _): &(&str, &str)| {
        format!(
            "- {{id: {id}, name: {id}, rtsp_url: \"${{SIM_RTSP_URL}}/{id}\", fps_target: 5, motion: {{forced_look_seconds: 0.5}}}}\n"
        )
    };
    format!("cameras:\n{}", cameras.iter().map(entry).collect::<String>())
}

fn services_yaml(model: &str) -> String {
    format!(
        "inference: {{model_path: {model}, warmup_iterations: 1}}
stream_manager: {{reconnect_delay_seconds: 0.5, max_reconnect_attempts: -1, read_timeout_seconds: 3}}
alerting:
  protocol: webhook
  webhook_url: \"${{SIM_WEBHOOK_URL}}/webhook\"
  webhook_secret: {SECRET}
  webhook_retry_attempts: 20
  debounce_window_seconds: 0
"
    )
}
