//! nginx with the repository's own configuration: what it passes on, what it keeps to itself, what it refuses.

mod entry;
mod upstream;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::{Http, Process, Site, root};
use reqwest::Method;
use serde_json::{Value, json};

use upstream::Upstream;

/// nginx in front of servers that answer with what they were asked.
struct Entrance {
    site: Site,
    http: Http,
    _nginx: Process,
    upstreams: Vec<Upstream>,
}

async fn entrance() -> anyhow::Result<Entrance> {
    let site = Site::new()?;
    let ports = site.ports;
    let mut upstreams = Vec::new();
    let services = [ports.console(), ports.inference_api(), ports.stream_manager(), ports.alert_router()];
    for port in services.into_iter().chain([ports.patrol(0), ports.patrol(1)]) {
        upstreams.push(Upstream::start(port).await?);
    }
    let nginx = site.start_nginx().await?;
    Ok(Entrance { http: site.web()?, site, _nginx: nginx, upstreams })
}

impl Entrance {
    /// What the server behind nginx was asked.
    async fn asked(&self, path: &str) -> anyhow::Result<Value> {
        self.http.json(path).await
    }
}

#[test]
fn every_deployment_passes_nginx_s_own_check() -> anyhow::Result<()> {
    for deployment in ["host", "bridge"] {
        let prefix = tempfile::tempdir()?;
        fs::copy(root().join("nginx.conf"), prefix.path().join("nginx.conf"))?;
        for (from, to) in [("shared", "ronda"), (deployment, "deployment")] {
            copy(&root().join("docker/nginx").join(from), &prefix.path().join(to))?;
        }

        let nginx = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let checked = Command::new(nginx)
            .args(["-t", "-e", "stderr", "-p"])
            .arg(prefix.path())
            .arg("-c")
            .arg(prefix.path().join("nginx.conf"))
            .output()?;

        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{deployment}: {said}");
        assert!(!said.contains("[warn]"), "{deployment}: {said}");
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

#[tokio::test]
async fn each_prefix_leads_to_its_service() -> anyhow::Result<()> {
    let entrance = entrance().await?;
    let ports = entrance.site.ports;

    for (path, port, rest) in [
        ("/", ports.console(), "/"),
        ("/console/api/v1/system", ports.console(), "/console/api/v1/system"),
        ("/inference/health", ports.inference_api(), "/health"),
        ("/streams/api/v1/cameras", ports.stream_manager(), "/api/v1/cameras"),
        ("/alerts/api/v1/alerts", ports.alert_router(), "/api/v1/alerts"),
        ("/api/robot-a/state", ports.patrol(0), "/api/state"),
        ("/api/robot-b/points?id=a%2Fb", ports.patrol(1), "/api/points?id=a%2Fb"),
        ("/api/history/7", ports.patrol(0), "/api/history/7"),
    ] {
        let asked = entrance.asked(path).await?;
        assert_eq!((&asked["port"], &asked["path"]), (&json!(port), &json!(rest)), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_path_arrives_as_it_was_written() -> anyhow::Result<()> {
    let entrance = entrance().await?;

    for rest in ["/api/v1/cameras/a%2Fb", "/a%20b%3Fc?limit=2&cursor=x%2By", "/a//b?"] {
        let asked = entrance.asked(&format!("/streams{rest}")).await?;
        assert_eq!(asked["path"], rest);
    }
    Ok(())
}

#[tokio::test]
async fn a_service_learns_who_really_asks() -> anyhow::Result<()> {
    let entrance = entrance().await?;
    let request = entrance.http.request(Method::GET, "/streams/x").header("X-Forwarded-For", "10.1.1.1");

    let asked: Value = request.send().await?.json().await?;

    let headers = &asked["headers"];
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["host"], format!("localhost:{}", entrance.site.ports.web()));
    assert_eq!(headers["x-request-id"].as_str().map(str::len), Some(32));
    Ok(())
}

#[tokio::test]
async fn connections_to_services_and_robots_are_kept() -> anyhow::Result<()> {
    let entrance = entrance().await?;
    let paths = ["/", "/inference/health", "/streams/x", "/alerts/x", "/api/robot-a/state", "/api/robot-b/state"];

    for path in paths {
        for _ in 0..10 {
            entrance.asked(path).await?;
        }
    }

    // Each of nginx's workers may have one of its own.
    let workers = std::thread::available_parallelism()?.get();
    for upstream in &entrance.upstreams {
        assert!((1..=workers).contains(&upstream.connections()), "{}: {}", upstream.port, upstream.connections());
    }
    Ok(())
}

#[tokio::test]
async fn a_websocket_is_let_through() -> anyhow::Result<()> {
    let entrance = entrance().await?;
    let request = entrance.http.request(Method::GET, "/streams/api/v1/live");

    let asked: Value =
        request.header("Connection", "Upgrade").header("Upgrade", "websocket").send().await?.json().await?;

    assert_eq!(
        (&asked["headers"]["upgrade"], &asked["headers"]["connection"]),
        (&json!("websocket"), &json!("upgrade"))
    );
    Ok(())
}

#[tokio::test]
async fn an_event_arrives_while_the_answer_goes_on() -> anyhow::Result<()> {
    let entrance = entrance().await?;

    for path in
        ["/console/api/v1/events?endless", "/streams/api/v1/cameras/a/mjpeg?endless", "/api/robot-a/v1/events?endless"]
    {
        let mut answer = entrance.http.get(path).await?;
        let first = tokio::time::timeout(Duration::from_secs(5), answer.chunk()).await;

        assert_eq!(first??.as_deref(), Some(&b"data: one\n\n"[..]), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_for_the_machine_or_unknown_is_not_found() -> anyhow::Result<()> {
    let entrance = entrance().await?;

    for path in [
        "/metrics",
        "/inference/metrics",
        "/streams/metrics/",
        "/alerts//metrics",
        "/alerts/%6detrics",
        "/api/robot-z/state",
        "/api/robot-a.evil/state",
        "/api/robot-zzz/move",
        "/%69nference/health",
    ] {
        let answer = entrance.http.get(path).await?;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
        let body: Value = answer.json().await?;
        assert_eq!(body["error"]["code"], "not_found", "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_elsewhere_cannot_use_a_name_of_its_own() -> anyhow::Result<()> {
    let entrance = entrance().await?;
    let request = entrance.http.request(Method::GET, "/streams/api/v1/cameras");

    let answer = request.header("Host", "evil.example").send().await?;

    assert_eq!(answer.status(), 421);
    assert_eq!(answer.json::<Value>().await?["error"]["code"], "wrong_host");
    Ok(())
}

#[tokio::test]
async fn a_picture_may_be_large_and_nothing_else() -> anyhow::Result<()> {
    let entrance = entrance().await?;
    let post = async |path: &str, megabytes: usize| {
        let request = entrance.http.request(Method::POST, path).body(vec![b'x'; megabytes << 20]);
        anyhow::Ok(request.send().await?.status().as_u16())
    };

    assert_eq!(post("/inference/infer", 19).await?, 200);
    assert_eq!(post("/inference/infer", 21).await?, 413);
    assert_eq!(post("/streams/api/v1/zones/a", 2).await?, 413);
    Ok(())
}

#[tokio::test]
async fn another_robot_s_process_answers_for_the_site_while_the_first_is_away() -> anyhow::Result<()> {
    let mut entrance = entrance().await?;
    let ports = entrance.site.ports;
    entrance.upstreams.retain(|upstream| upstream.port != ports.patrol(0));

    assert_eq!(entrance.asked("/api/robots").await?["port"], ports.patrol(1));
    assert_eq!(entrance.http.get("/api/robot-a/state").await?.status(), 503, "commands reach no other robot");
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_away_is_told_as_such_and_found_again() -> anyhow::Result<()> {
    let mut entrance = entrance().await?;
    let port = entrance.site.ports.alert_router();
    entrance.upstreams.retain(|upstream| upstream.port != port);

    let answer = entrance.http.get("/alerts/api/v1/alerts").await?;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"2".parse()?));
    assert_eq!(answer.json::<Value>().await?["error"]["code"], "not_running");

    let _back = Upstream::start(port).await?;
    assert_eq!(entrance.http.status("/alerts/api/v1/alerts").await, Some(200));
    Ok(())
}

#[tokio::test]
async fn every_answer_has_each_security_header_once() -> anyhow::Result<()> {
    let entrance = entrance().await?;

    // The servers behind send some of these themselves; 404 is nginx's own answer.
    for path in ["/", "/inference/health", "/api/settings"] {
        let answer = entrance.http.get(path).await?;
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "same-origin")]
        {
            let sent: Vec<_> = answer.headers().get_all(name).iter().collect();
            assert_eq!(sent, [value], "{name} of {path}");
        }
    }
    Ok(())
}
