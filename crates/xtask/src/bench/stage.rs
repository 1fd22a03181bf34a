//! A site made for one measurement: Redis, simulated cameras and the services under test, on free ports and in a
//! temporary directory, all of it stopped when the stage is dropped.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;

use crate::group;
use crate::places::Places;

/// How long a program may take until it is ready: the first model load is the slowest part.
const START_LIMIT: Duration = Duration::from_secs(90);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A program of the stage.
#[derive(Debug)]
pub(crate) struct Actor {
    name: &'static str,
    child: Child,
}

impl Actor {
    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The program's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        group::stop_child(&mut self.child, group::GRACE);
    }
}

/// What a camera of the stage shows and how it is looked at.
#[derive(Debug, Clone)]
pub(crate) struct Camera {
    pub(crate) id: String,
    /// The mount of the simulated RTSP server.
    pub(crate) mount: String,
}

/// Four cameras on the street, each with a mount of its own.
pub(crate) fn own_cameras() -> Vec<Camera> {
    (0..4).map(|number| Camera { id: format!("cam-{number}"), mount: format!("moving-{number}") }).collect()
}

/// The settings that differ between measurements.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    pub(crate) cameras: &'a [Camera],
    /// Where alerts go, if they are delivered at all.
    pub(crate) webhook: Option<String>,
    /// Seconds between the repetitions of an alert while its cause lasts, if not the usual.
    pub(crate) repeat_seconds: Option<f64>,
}

/// Ports, directories and the running programs.
#[derive(Debug)]
pub(crate) struct Stage {
    places: Places,
    directory: tempfile::TempDir,
    pub(crate) redis: u16,
    pub(crate) rtsp: u16,
    pub(crate) sim: u16,
    pub(crate) stream_manager: u16,
    pub(crate) alert_router: u16,
    pub(crate) inference_api: u16,
    pub(crate) console: u16,
    pub(crate) patrol: u16,
    actors: Vec<Actor>,
}

impl Stage {
    /// Starts Redis and the simulated cameras: `moving` plays the street, `still` one picture of it; `moving-0` to
    /// `moving-3` are mounts of their own that can be stopped one by one.
    pub(crate) fn open(places: &Places) -> anyhow::Result<Self> {
        let mut stage = Self::with_redis(places)?;
        let mut cameras = stage.program("sim");
        cameras.arg("cameras").env("PORT", stage.sim.to_string()).env("RTSP_PORT", stage.rtsp.to_string());
        for mount in ["moving=street", "still=still"] {
            cameras.args(["--mount", mount]);
        }
        for camera in own_cameras() {
            cameras.args(["--mount", &format!("{}=street", camera.mount)]);
        }
        stage.start("sim", &mut cameras)?;
        stage.await_ready(stage.sim, "the simulated cameras")?;
        Ok(stage)
    }

    /// Starts Redis, a simulated robot and the process that looks after it.
    pub(crate) fn with_robot(places: &Places) -> anyhow::Result<Self> {
        let mut stage = Self::with_redis(places)?;
        let address = format!("127.0.0.1:{}", stage.rtsp);
        let mut robot = stage.program("sim");
        robot.args(["robot", "--listen", &address]).env("PORT", stage.sim.to_string());
        stage.start("sim", &mut robot)?;
        stage.await_ready(stage.sim, "the simulated robot")?;
        let mut patrol = stage.program("patrol");
        let data = stage.directory.path().join("data");
        patrol
            .env("PORT", stage.patrol.to_string())
            .env("ROBOT_ID", "robot-a")
            .env("ROBOT_NAME", "Alba")
            .env("ROBOT_IP", address)
            .env("DATA_DIR", data)
            .env("REDIS_URL", format!("redis://127.0.0.1:{}", stage.redis))
            .env("GEMINI_API_KEY", "simulated");
        stage.start("patrol", &mut patrol)?;
        stage.await_ready(stage.patrol, "patrol")?;
        Ok(stage)
    }

    fn with_redis(places: &Places) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("making a temporary directory")?;
        let [redis, rtsp, sim, stream_manager, alert_router, inference_api, console, patrol] = free_ports()?;
        let mut stage = Self {
            places: places.clone(),
            directory,
            redis,
            rtsp,
            sim,
            stream_manager,
            alert_router,
            inference_api,
            console,
            patrol,
            actors: Vec::new(),
        };
        let mut server = Command::new("redis-server");
        server.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
        server.arg(redis.to_string()).arg("--dir").arg(stage.directory.path());
        stage.start("redis", &mut server)?;
        stage.await_port(redis, "Redis")?;
        Ok(stage)
    }

    /// Starts the stream manager on a configuration; it replaces an earlier one.
    pub(crate) fn play(&mut self, script: &Script) -> anyhow::Result<()> {
        self.stop("stream-manager");
        let configs = self.write_configs(script)?;
        self.service("stream-manager", self.stream_manager, &configs)
    }

    /// Starts the alert router on the configuration of the last [`Stage::play`].
    pub(crate) fn route(&mut self) -> anyhow::Result<()> {
        self.stop("alert-router");
        let configs = self.configs();
        self.service("alert-router", self.alert_router, &configs)
    }

    /// Starts the inference API and the console on the configuration of the last [`Stage::play`].
    pub(crate) fn serve(&mut self) -> anyhow::Result<()> {
        let configs = self.configs();
        self.service("inference-api", self.inference_api, &configs)?;
        self.service("console", self.console, &configs)
    }

    /// Stops a program, if it runs.
    pub(crate) fn stop(&mut self, name: &str) {
        self.actors.retain(|actor| actor.name != name);
    }

    /// The running programs.
    pub(crate) fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The process id of a running program.
    pub(crate) fn pid(&self, name: &str) -> anyhow::Result<u32> {
        let actor = self.actors.iter().find(|actor| actor.name == name);
        actor.map(Actor::pid).with_context(|| format!("{name} does not run"))
    }

    /// The address of a mount.
    pub(crate) fn url(&self, mount: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{mount}", self.rtsp)
    }

    fn service(&mut self, name: &'static str, port: u16, configs: &Path) -> anyhow::Result<()> {
        let mut command = self.program(name);
        command
            .env("PORT", port.to_string())
            .env("CONFIG_DIR", configs)
            .env("DATA_DIR", self.directory.path().join("data"))
            .env("MODELS_DIR", self.places.root.join("models"))
            .env("REDIS_URL", format!("redis://127.0.0.1:{}", self.redis));
        for (name, port) in [
            ("STREAM_MANAGER_URL", self.stream_manager),
            ("ALERT_ROUTER_URL", self.alert_router),
            ("INFERENCE_API_URL", self.inference_api),
        ] {
            command.env(name, format!("http://127.0.0.1:{port}"));
        }
        self.start(name, &mut command)?;
        self.await_ready(port, name)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.places.programs().join(name));
        command.env("BIND", "127.0.0.1").env("LOG_LEVEL", "warn");
        command
    }

    fn start(&mut self, name: &'static str, command: &mut Command) -> anyhow::Result<()> {
        let log = self.log(name);
        let file = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
        let copy = file.try_clone().context("duplicating a log file")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        self.actors.push(Actor { name, child });
        Ok(())
    }

    fn await_port(&self, port: u16, what: &str) -> anyhow::Result<()> {
        self.wait(what, || {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            std::net::TcpStream::connect_timeout(&address, ANSWER_LIMIT).is_ok()
        })
    }

    fn await_ready(&self, port: u16, what: &str) -> anyhow::Result<()> {
        self.wait(what, || ureq::get(format!("http://127.0.0.1:{port}/readyz")).call().is_ok())
    }

    /// Waits until something holds, but not for ever.
    pub(crate) fn wait(&self, what: &str, mut is_done: impl FnMut() -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while !is_done() {
            if Instant::now() > deadline {
                bail!("{what} is not ready after {} s: {}", START_LIMIT.as_secs(), self.last_words());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The last line of every log, for the message of a stage that did not come up.
    fn last_words(&self) -> String {
        let mut words = String::new();
        for actor in &self.actors {
            let log = fs::read_to_string(self.log(actor.name)).unwrap_or_default();
            let last = log.lines().last().unwrap_or("said nothing");
            // Writing to a string does not fail.
            let _ = write!(words, "{}: {last}; ", actor.name);
        }
        words
    }

    fn log(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.log"))
    }

    fn configs(&self) -> PathBuf {
        self.directory.path().join("configs")
    }

    /// JSON is YAML, and needs no quoting rules of our own.
    fn write_configs(&self, script: &Script) -> anyhow::Result<PathBuf> {
        let whole = serde_json::json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
        let cameras: Vec<_> = script
            .cameras
            .iter()
            .map(|camera| serde_json::json!({"id": camera.id, "name": camera.id, "rtsp_url": self.url(&camera.mount), "fps_target": 5.0}))
            .collect();
        let zones: Vec<_> = script
            .cameras
            .iter()
            .map(|camera| {
                let mut entry = serde_json::json!({
                    "camera_id": camera.id,
                    "forbidden_rois": [{"name": "everything", "points": whole}],
                    "allowed_classes": [],
                });
                if let Some(seconds) = script.repeat_seconds {
                    entry["repeat_seconds"] = seconds.into();
                }
                entry
            })
            .collect();
        let mut alerting = serde_json::json!({"debounce_window_seconds": 0.0});
        if let Some(webhook) = &script.webhook {
            alerting["protocol"] = "webhook".into();
            alerting["webhook_url"] = webhook.as_str().into();
        }
        let configs = self.configs();
        fs::create_dir_all(&configs).with_context(|| format!("making {}", configs.display()))?;
        for (name, content) in [
            ("cameras.yaml", serde_json::json!({"cameras": cameras})),
            ("rois.yaml", serde_json::json!({"cameras": zones})),
            ("services.yaml", serde_json::json!({"alerting": alerting})),
        ] {
            let file = configs.join(name);
            fs::write(&file, content.to_string()).with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(configs)
    }
}

/// Asks one of the stage's programs.
pub(crate) fn ask<T: DeserializeOwned>(port: u16, path: &str) -> anyhow::Result<T> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let mut answer = ureq::get(&url)
        .config()
        .timeout_global(Some(ANSWER_LIMIT))
        .build()
        .call()
        .with_context(|| format!("asking {path}"))?;
    answer.body_mut().read_json().with_context(|| format!("reading the answer of {path}"))
}

/// Sends one of the stage's programs an object.
pub(crate) fn post(port: u16, path: &str, body: &serde_json::Value) -> anyhow::Result<()> {
    ureq::post(format!("http://127.0.0.1:{port}{path}"))
        .config()
        .timeout_global(Some(ANSWER_LIMIT))
        .build()
        .send_json(body)
        .with_context(|| format!("posting to {path}"))?;
    Ok(())
}

/// Takes the picture that a camera shows at the moment.
pub(crate) fn picture(stream_manager: u16, camera: &str) -> anyhow::Result<Vec<u8>> {
    let url = format!("http://127.0.0.1:{stream_manager}/api/v1/cameras/{camera}/picture");
    let mut answer = ureq::get(&url)
        .config()
        .timeout_global(Some(ANSWER_LIMIT))
        .build()
        .call()
        .with_context(|| format!("asking for the picture of {camera}"))?;
    answer.body_mut().read_to_vec().with_context(|| format!("reading the picture of {camera}"))
}

/// Uploads a picture the way a form does.
pub(crate) fn upload(port: u16, path: &str, jpeg: &[u8]) -> anyhow::Result<()> {
    const BOUNDARY: &str = "a-line-that-no-picture-contains";
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"picture.jpg\"\r\ncontent-type: image/jpeg\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    ureq::post(format!("http://127.0.0.1:{port}{path}"))
        .config()
        .timeout_global(Some(ANSWER_LIMIT))
        .build()
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .send([head.as_bytes(), jpeg, tail.as_bytes()].concat())
        .with_context(|| format!("uploading a picture to {path}"))?;
    Ok(())
}

/// Tells one of the stage's programs to do something.
pub(crate) fn tell(port: u16, path: &str) -> anyhow::Result<()> {
    let url = format!("http://127.0.0.1:{port}{path}");
    ureq::post(&url)
        .config()
        .timeout_global(Some(ANSWER_LIMIT))
        .build()
        .send_empty()
        .with_context(|| format!("telling {path}"))?;
    Ok(())
}

/// Ports that were free a moment ago; all are held until all are known, so that they differ.
fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
        *port = listener.local_addr().context("reading a port")?.port();
        held.push(listener);
    }
    Ok(ports)
}
