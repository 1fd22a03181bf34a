//! A real Prometheus and a real Alertmanager with our configuration, changed only in where things are and how often it looks.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use chassis::config::{Env, read_yaml};
use e2e::{Http, LIMIT, Process, Site, root, until};
use serde_json::{Value, json};

use crate::boards::list;
use crate::programs::copy;

/// How often Prometheus looks here, so that a minute of the test is worth a quarter of an hour.
const LOOK_EVERY: &str = "1s";

/// What watches the site of a test.
pub(crate) struct Watchers {
    prometheus: Http,
    alertmanager: Http,
    _processes: [Process; 2],
}

impl Watchers {
    /// Starts both with the targets of host networking, moved to where the site's services are.
    pub(crate) async fn start(site: &Site) -> anyhow::Result<Self> {
        let directory = site.path().join("watchers");
        let (prometheus_port, alertmanager_port) = (free_port()?, free_port()?);
        let ports = site.ports;
        let moved = BTreeMap::from([
            (5080, ports.console()),
            (8000, ports.inference_api()),
            (8010, ports.stream_manager()),
            (8020, ports.alert_router()),
            (5001, ports.patrol(0)),
            (5002, ports.patrol(1)),
            (9090, prometheus_port),
            (9093, alertmanager_port),
        ]);
        configure(&directory, &moved, ports.sim_http())?;

        let listen = |port: u16| format!("--web.listen-address=127.0.0.1:{port}");
        let mut command = Command::new("prometheus-alertmanager");
        command.current_dir(&directory).args(["--config.file=alertmanager.yaml", "--cluster.listen-address="]);
        command.args(["--storage.path=alertmanager-data", &listen(alertmanager_port)]);
        let alertmanager_process = Process::start("alertmanager", &mut command, &site.path().join("logs"))?;
        let mut command = Command::new("prometheus");
        command.current_dir(&directory).args(["--config.file=prometheus.yaml", "--storage.tsdb.path=prometheus-data"]);
        command.args(["--enable-feature=exemplar-storage", "--log.level=warn", &listen(prometheus_port)]);
        let prometheus_process = Process::start("prometheus", &mut command, &site.path().join("logs"))?;

        let (prometheus, alertmanager) = (Http::on(prometheus_port)?, Http::on(alertmanager_port)?);
        for http in [&prometheus, &alertmanager] {
            until("it is ready", LIMIT, async || http.status("/-/ready").await == Some(200)).await?;
        }
        Ok(Self { prometheus, alertmanager, _processes: [prometheus_process, alertmanager_process] })
    }

    /// The samples that a query gives now.
    pub(crate) async fn ask(&self, expr: &str) -> anyhow::Result<Vec<Value>> {
        let data = self.get("/api/v1/query", &[("query", expr)]).await?;
        match data["resultType"].as_str() {
            Some("vector") => Ok(list(&data["result"]).cloned().collect()),
            Some("scalar") => Ok(vec![json!({"metric": {}, "value": data["result"]})]),
            other => bail!("{expr} gives {other:?}"),
        }
    }

    /// The names of every metric that is there.
    pub(crate) async fn names(&self) -> anyhow::Result<Vec<String>> {
        self.values("__name__", None).await
    }

    /// The values of a label, of one metric or of all.
    pub(crate) async fn values(&self, label: &str, of: Option<&str>) -> anyhow::Result<Vec<String>> {
        let chosen = of.map(|selector| ("match[]", selector));
        let data = self.get(&format!("/api/v1/label/{label}/values"), chosen.as_slice()).await?;
        Ok(list(&data).filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Every rule with its health.
    pub(crate) async fn rules(&self) -> anyhow::Result<Vec<Value>> {
        let data = self.get("/api/v1/rules", &[]).await?;
        Ok(list(&data["groups"]).flat_map(|group| list(&group["rules"])).cloned().collect())
    }

    /// What is scraped, with its health.
    pub(crate) async fn targets(&self) -> anyhow::Result<Vec<Value>> {
        let data = self.get("/api/v1/targets", &[("state", "active")]).await?;
        Ok(list(&data["activeTargets"]).cloned().collect())
    }

    /// The exemplars of a metric: the traces behind its samples.
    pub(crate) async fn exemplars(&self, metric: &str) -> anyhow::Result<Vec<Value>> {
        let data =
            self.get("/api/v1/query_exemplars", &[("query", metric), ("start", "0"), ("end", "9999999999")]).await?;
        Ok(list(&data).flat_map(|series| list(&series["exemplars"])).cloned().collect())
    }

    /// The names of the alerts that Alertmanager has.
    pub(crate) async fn told(&self) -> anyhow::Result<Vec<String>> {
        let alerts = self.alertmanager.json("/api/v2/alerts").await?;
        Ok(list(&alerts).filter_map(|alert| alert["labels"]["alertname"].as_str()).map(str::to_owned).collect())
    }

    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> anyhow::Result<Value> {
        let answer = self.prometheus.request(reqwest::Method::GET, path).query(parameters).send().await?;
        let answer: Value = answer.json().await.with_context(|| format!("reading the answer to {path}"))?;
        ensure!(answer["status"] == "success", "{path} {parameters:?}: {}", answer["error"]);
        Ok(answer["data"].clone())
    }
}

/// Writes both configurations. What is changed must be there: a test that changes nothing would try something else.
fn configure(directory: &Path, moved: &BTreeMap<u16, u16>, receiver: u16) -> anyhow::Result<()> {
    let ours = root().join("configs");
    copy(&ours.join("prometheus/rules"), &directory.join("rules"))?;
    let mut prometheus = fs::read_to_string(ours.join("prometheus/prometheus.yaml"))?;
    for (from, to) in [
        ("scrape_interval: 15s", format!("scrape_interval: {LOOK_EVERY}")),
        ("scrape_timeout: 5s", format!("scrape_timeout: {LOOK_EVERY}")),
        ("evaluation_interval: 15s", format!("evaluation_interval: {LOOK_EVERY}")),
    ] {
        ensure!(prometheus.contains(from), "prometheus.yaml has no {from}");
        prometheus = prometheus.replace(from, &to);
    }
    fs::write(directory.join("prometheus.yaml"), prometheus)?;
    fs::create_dir_all(directory.join("targets"))?;
    for name in ["services.yaml", "watchers.yaml", "alertmanagers.yaml"] {
        let entries: Value = read_yaml(ours.join("prometheus/targets/host").join(name), &Env::of([("", "")]))?;
        fs::write(directory.join("targets").join(name), targets(&entries, moved)?.to_string())?;
    }
    let (from, to) = ("http://sim:9100/webhook", format!("http://127.0.0.1:{receiver}/webhook"));
    let alertmanager = fs::read_to_string(ours.join("alertmanager/alertmanager.yaml"))?;
    ensure!(alertmanager.contains(from), "alertmanager.yaml has no receiver at {from}");
    Ok(fs::write(directory.join("alertmanager.yaml"), alertmanager.replace(from, &to))?)
}

/// The entries of a list of targets at the ports of the test. What does not run here (Grafana, Loki) is left out.
fn targets(entries: &Value, moved: &BTreeMap<u16, u16>) -> anyhow::Result<Value> {
    let mut kept = Vec::new();
    for entry in list(entries) {
        let address = entry["targets"][0].as_str().context("an entry names a target")?;
        let port = address.strip_prefix("127.0.0.1:").with_context(|| format!("{address} is not on this host"))?;
        if let Some(port) = moved.get(&port.parse()?) {
            kept.push(
                json!({"targets": [format!("127.0.0.1:{port}")], "labels": entry.get("labels").unwrap_or(&json!({}))}),
            );
        }
    }
    Ok(Value::Array(kept))
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is a free port")?;
    Ok(listener.local_addr()?.port())
}

#[test]
fn both_networkings_watch_the_same_services() -> anyhow::Result<()> {
    let compose = fs::read_to_string(root().join("compose.yaml"))?;
    for name in ["services.yaml", "watchers.yaml", "alertmanagers.yaml"] {
        let read = |networking: &str| -> anyhow::Result<Vec<Value>> {
            let file = root().join("configs/prometheus/targets").join(networking).join(name);
            Ok(list(&read_yaml::<Value>(file, &Env::of([("", "")]))?).cloned().collect())
        };
        let (bridge, host) = (read("bridge")?, read("host")?);
        let labels = |entries: &[Value]| entries.iter().map(|entry| entry["labels"].clone()).collect::<Vec<_>>();
        assert_eq!(labels(&bridge), labels(&host), "{name}");
        for entry in &bridge {
            let address = entry["targets"][0].as_str().context("an entry names a target")?;
            let (container, _) = address.split_once(':').context("a target has a port")?;
            let is_there = container == "localhost" || compose.contains(&format!("\n  {container}:\n"));
            assert!(is_there, "{name}: compose.yaml has no service {container}");
        }
    }
    Ok(())
}
