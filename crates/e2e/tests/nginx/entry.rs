//! The entry of the nginx image: what it writes for both networkings, and how nginx behaves on it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::Context;
use e2e::{Http, LIMIT, Ports, Process, root, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::upstream::Upstream;

/// A directory like the image's /etc/nginx, and the only place that its nginx may write to.
struct Image {
    directory: TempDir,
}

impl Image {
    fn new() -> anyhow::Result<Self> {
        let image = Self { directory: tempfile::tempdir()? };
        fs::create_dir(image.etc())?;
        fs::copy(root().join("nginx.conf"), image.etc().join("nginx.conf"))?;
        for (from, to) in [("shared", "ronda"), ("host", "host"), ("bridge", "bridge")] {
            symlink(root().join("docker/nginx").join(from).canonicalize()?, image.etc().join(to))?;
        }
        symlink(image.pieces(), image.etc().join("deployment"))?;
        Ok(image)
    }

    fn etc(&self) -> PathBuf {
        self.directory.path().join("etc")
    }

    fn pieces(&self) -> PathBuf {
        self.directory.path().join("deployment")
    }

    fn piece(&self, name: &str) -> anyhow::Result<String> {
        fs::read_to_string(self.pieces().join(name)).with_context(|| format!("reading {name}"))
    }

    /// Lets the entry write the pieces and nginx judge them.
    fn check(&self, environment: &[(&str, &str)]) -> anyhow::Result<Output> {
        let path = std::env::var("PATH").unwrap_or_default();
        Command::new(root().join("docker/nginx/entry.sh"))
            .args(["-t", "-q"])
            .env_clear()
            .env("PATH", format!("{path}:/usr/sbin"))
            .env("NGINX_ETC", self.etc())
            .env("NGINX_HOME", self.directory.path())
            .envs(environment.iter().copied())
            .output()
            .context("running the entry")
    }

    /// Lets the entry write the pieces, which must be right.
    fn prepare(&self, environment: &[(&str, &str)]) -> anyhow::Result<()> {
        let checked = self.check(environment)?;
        assert!(checked.status.success(), "{}", said(&checked));
        Ok(())
    }

    /// Starts nginx on what was prepared, on another port than the image's.
    async fn start(&self, port: u16) -> anyhow::Result<Process> {
        let listen = self.piece("listen.conf")?;
        let moved = listen.replace("listen 5000", &format!("listen 127.0.0.1:{port}"));
        fs::write(self.pieces().join("listen.conf"), moved)?;
        let nginx = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let mut command = Command::new(nginx);
        command.args(["-e", "stderr", "-p"]).arg(self.directory.path()).arg("-c").arg(self.etc().join("nginx.conf"));
        let nginx = Process::start("nginx", &mut command, self.directory.path())?;
        until("nginx listens", LIMIT, async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await?;
        Ok(nginx)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_list_of_robots_becomes_their_places() -> anyhow::Result<()> {
    let image = Image::new()?;

    image.prepare(&[("PATROL_URLS", "robot-a=http://robot-a:5000, robot-cellar=http://robot-cellar:5000")])?;

    assert_eq!(
        image.piece("robots.conf")?,
        "map $robot $robot_up {\n    default \"\";\n    a robot-a:5000;\n    cellar robot-cellar:5000;\n}\n\
         map \"\" $site_backup { default \"robot-cellar:5000\"; }\nmap \"\" $site_up { default \"robot-a:5000\"; }\n"
    );
    assert_eq!(image.piece("listen.conf")?, "listen 5000;\n");
    Ok(())
}

#[test]
fn on_the_host_the_other_robots_stand_by_for_the_first() -> anyhow::Result<()> {
    let image = Image::new()?;

    image.prepare(&[
        ("RONDA_NETWORK", "host"),
        ("PATROL_URLS", "robot-a=http://127.0.0.1:5001,robot-b=http://127.0.0.1:5002"),
    ])?;

    let robots = image.piece("robots.conf")?;
    let shipped = fs::read_to_string(root().join("docker/nginx/host/robots.conf"))?;
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(lines(&robots), lines(&shipped));
    assert_eq!(image.piece("listen.conf")?, "listen 127.0.0.1:5000;\n");
    Ok(())
}

#[test]
fn a_site_may_have_no_robots() -> anyhow::Result<()> {
    for network in ["bridge", "host"] {
        let image = Image::new()?;
        image.prepare(&[("RONDA_NETWORK", network)])?;
        assert!(image.piece("robots.conf")?.starts_with("map $robot $robot_up {\n    default \"\";\n}\n"), "{network}");
    }
    Ok(())
}

#[test]
fn an_open_site_is_asked_for_twice() -> anyhow::Result<()> {
    let image = Image::new()?;
    let open = [("RONDA_NETWORK", "host"), ("RONDA_LISTEN", "0.0.0.0"), ("RONDA_INSECURE", "1")];

    let refused = image.check(&open[..2])?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("set RONDA_INSECURE=1 as well if you mean it"), "{}", said(&refused));

    let opened = image.check(&open)?;
    assert!(opened.status.success(), "{}", said(&opened));
    assert!(said(&opened).contains("without signing in"), "{}", said(&opened));
    assert_eq!(image.piece("listen.conf")?, "listen 0.0.0.0:5000;\n");
    assert!(image.piece("site.conf")?.contains("    default 1;\n    localhost 1;"));
    Ok(())
}

#[test]
fn what_cannot_be_meant_is_refused_in_one_sentence() -> anyhow::Result<()> {
    let image = Image::new()?;
    for (variable, value, expected) in [
        ("RONDA_NETWORK", "overlay", "RONDA_NETWORK is `overlay`, expected bridge or host"),
        ("RONDA_LISTEN", "everywhere", "RONDA_LISTEN is `everywhere`, expected an IPv4 address"),
        ("PATROL_URLS", "kitchen=http://kitchen:5000", "PATROL_URLS: `kitchen`: expected robot- and small letters"),
        ("PATROL_URLS", "robot-A=http://a:5000", "PATROL_URLS: `robot-A`: expected robot- and small letters"),
        ("PATROL_URLS", "robot-a=http://a", "PATROL_URLS: robot-a: expected http://host:port and found `http://a`"),
        ("PATROL_URLS", "robot-a=http://a:1;}", "PATROL_URLS: robot-a: expected http://host:port"),
    ] {
        let refused = image.check(&[(variable, value)])?;
        assert_eq!(refused.status.code(), Some(2), "{variable}={value}");
        assert!(said(&refused).contains(expected), "{variable}={value}: {}", said(&refused));
    }
    Ok(())
}

#[tokio::test]
async fn on_a_private_network_the_next_robot_answers_questions_and_takes_no_orders() -> anyhow::Result<()> {
    let image = Image::new()?;
    let ports = Ports::free()?;
    let robots = format!("robot-a=http://127.0.0.1:{},robot-b=http://127.0.0.1:{}", ports.patrol(0), ports.patrol(1));
    image.prepare(&[("PATROL_URLS", &robots)])?;
    let _nginx = image.start(ports.web()).await?;
    let http = Http::on(ports.web())?;
    let second = Upstream::start(ports.patrol(1)).await?;

    assert_eq!(http.json("/api/history?day=a%2Fb").await?["path"], "/api/history?day=a%2Fb");
    assert_eq!(http.json("/api/history").await?["port"], second.port);
    let order = http.request(Method::POST, "/api/settings").body("{}").send().await?;
    assert_eq!(order.status(), 503);
    assert_eq!(order.json::<Value>().await?["error"]["code"], "not_running");
    assert_eq!(http.status("/api/robot-a/state").await, Some(503), "commands reach no other robot");
    assert_eq!(http.status("/api/robot-c/state").await, Some(404));

    let first = Upstream::start(ports.patrol(0)).await?;
    assert_eq!(http.json("/api/history").await?["port"], first.port);
    drop((first, second));
    assert_eq!(http.status("/api/history").await, Some(503), "both are away");
    Ok(())
}

#[tokio::test]
async fn a_service_is_told_the_name_that_was_checked() -> anyhow::Result<()> {
    let image = Image::new()?;
    let ports = Ports::free()?;
    image.prepare(&[("PATROL_URLS", &format!("robot-a=http://127.0.0.1:{}", ports.patrol(0)))])?;
    let _nginx = image.start(ports.web()).await?;
    let _robot = Upstream::start(ports.patrol(0)).await?;

    // What stands in the request line counts, so the header may say anything.
    let mut stream = TcpStream::connect(("127.0.0.1", ports.web())).await?;
    stream
        .write_all(
            b"GET http://localhost/api/robot-a/state HTTP/1.1\r\nHost: evil.example:81\r\nConnection: close\r\n\r\n",
        )
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;

    let body = answer.split_once("\r\n\r\n").context("an answer has a body")?.1;
    let asked: Value = serde_json::from_str(body).with_context(|| answer.clone())?;
    assert_eq!(asked["headers"]["host"], json!("localhost:81"));
    Ok(())
}

#[tokio::test]
async fn with_a_certificate_everything_is_encrypted() -> anyhow::Result<()> {
    let image = Image::new()?;
    let ports = Ports::free()?;
    let tls = image.etc().join("tls");
    fs::create_dir(&tls)?;
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"])
        .arg(tls.join("privkey.pem"))
        .arg("-out")
        .arg(tls.join("fullchain.pem"))
        .output()?;
    assert!(made.status.success(), "{}", said(&made));
    image.prepare(&[])?;
    let _nginx = image.start(ports.web()).await?;

    let plain = Http::on(ports.web())?.get("/robots?x=%2F").await?;
    assert_eq!(plain.status(), 308);
    let there = format!("https://localhost:{}/robots?x=%2F", ports.web());
    assert_eq!(plain.headers()["location"], there.as_str());

    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build()?;
    let answer = client.get(format!("https://localhost:{}/nginx/health", ports.web())).send().await?;
    assert_eq!((answer.status().as_u16(), answer.text().await?.as_str()), (200, "ok\n"));
    Ok(())
}
