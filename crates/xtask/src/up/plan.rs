//! What a site consists of: every program with its arguments, its environment and the sign that it is ready.
//! The topology is that of `compose.prod.yaml`: one network, one nginx in front.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::nginx;
use super::ports::Ports;
use super::robots::Robot;
use crate::places::Places;

/// One process of the site.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The name in logs and messages.
    pub(crate) name: Arc<str>,
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// What tells that it works.
    pub(crate) ready: Ready,
    /// The others start after it is ready and stop before it does.
    pub(crate) others_need_it: bool,
}

/// The sign that a program works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    /// Its port accepts connections.
    Listens(u16),
    /// Its port answers `GET /readyz` with 200.
    Answers(u16),
}

/// What was chosen on the command line and found on the machine.
#[derive(Debug)]
pub(crate) struct Choices {
    pub(crate) ports: Ports,
    pub(crate) port_offset: u16,
    pub(crate) configs: PathBuf,
    pub(crate) simulated: bool,
    /// One patrol process each.
    pub(crate) robots: Vec<Robot>,
    pub(crate) open_to_network: bool,
}

/// Lists the programs in the order in which they are started.
pub(crate) fn programs(places: &Places, choices: &Choices) -> anyhow::Result<Vec<Program>> {
    let mut programs = vec![redis(places, choices.ports)?];
    if choices.simulated {
        programs.push(simulation(places, choices));
    }
    let ports = choices.ports;
    for (name, port) in [
        ("inference-api", ports.inference_api),
        ("stream-manager", ports.stream_manager),
        ("alert-router", ports.alert_router),
        ("console", ports.console),
    ] {
        programs.push(service(places, choices, name, port));
    }
    programs.extend(choices.robots.iter().map(|robot| patrol(places, choices, robot)));
    programs.push(nginx_server(places, choices)?);
    Ok(programs)
}

fn redis(places: &Places, ports: Ports) -> anyhow::Result<Program> {
    let data = places.data.join("redis");
    make(&data)?;
    let port = ports.redis.to_string();
    let mut arguments: Vec<OsString> =
        ["--port", &port, "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""].map(OsString::from).to_vec();
    arguments.extend(["--dir".into(), data.into_os_string()]);
    Ok(Program {
        name: "redis".into(),
        path: "redis-server".into(),
        arguments,
        environment: Vec::new(),
        ready: Ready::Listens(ports.redis),
        others_need_it: true,
    })
}

fn nginx_server(places: &Places, choices: &Choices) -> anyhow::Result<Program> {
    let prefix = places.data.join("nginx");
    make(&prefix)?;
    let settings = nginx::Settings {
        port_offset: choices.port_offset,
        open_to_network: choices.open_to_network,
        as_root: rustix::process::geteuid().is_root(),
    };
    let conf = nginx::write_prefix(&places.root, &prefix, settings, &choices.robots)?;
    Ok(Program {
        name: "nginx".into(),
        path: nginx_program(),
        arguments: vec!["-e".into(), "stderr".into(), "-p".into(), prefix.into(), "-c".into(), conf.into()],
        environment: Vec::new(),
        ready: Ready::Listens(choices.ports.web),
        others_need_it: false,
    })
}

/// Debian keeps nginx where only root's path leads.
fn nginx_program() -> PathBuf {
    let installed = Path::new("/usr/sbin/nginx");
    if installed.is_file() { installed.into() } else { "nginx".into() }
}

fn simulation(places: &Places, choices: &Choices) -> Program {
    let mut program = service(places, choices, "sim", choices.ports.sim_http);
    program.arguments = vec!["site".into()];
    program.others_need_it = true;
    program
}

fn service(places: &Places, choices: &Choices, name: &str, port: u16) -> Program {
    let mut environment = shared_environment(places, choices);
    environment.push(("PORT", port.to_string().into()));
    Program {
        name: name.into(),
        path: places.programs().join(name),
        arguments: Vec::new(),
        environment,
        ready: Ready::Answers(port),
        others_need_it: false,
    }
}

/// The process of one robot. All share the site's database in the data directory.
fn patrol(places: &Places, choices: &Choices, robot: &Robot) -> Program {
    let mut program = service(places, choices, "patrol", robot.port);
    program.name = format!("patrol-{}", robot.id).into();
    program.environment.extend([
        ("ROBOT_ID", robot.id.clone().into()),
        ("ROBOT_NAME", robot.name.clone().into()),
        ("ROBOT_IP", robot.ip.clone().into()),
        ("LOG_DIR", places.data.join("logs").into()),
    ]);
    if choices.simulated {
        let models = format!("http://127.0.0.1:{}", choices.ports.sim_models);
        program.environment.extend([
            ("GOOGLE_GEMINI_BASE_URL", models.clone().into()),
            ("GEMINI_API_KEY", "simulated".into()),
            ("TELEGRAM_BASE_URL", format!("{models}/telegram").into()),
        ]);
    }
    program
}

fn shared_environment(places: &Places, choices: &Choices) -> Vec<(&'static str, OsString)> {
    let ports = choices.ports;
    let local = |port: u16| OsString::from(format!("http://127.0.0.1:{port}"));
    vec![
        ("BIND", "127.0.0.1".into()),
        ("CONFIG_DIR", choices.configs.clone().into()),
        ("DATA_DIR", places.data.clone().into()),
        ("MODELS_DIR", places.root.join("models").into()),
        ("REDIS_URL", format!("redis://127.0.0.1:{}", ports.redis).into()),
        ("PUBLIC_URL", format!("http://localhost:{}", ports.web).into()),
        ("INFERENCE_API_URL", local(ports.inference_api)),
        ("STREAM_MANAGER_URL", local(ports.stream_manager)),
        ("ALERT_ROUTER_URL", local(ports.alert_router)),
        ("INFERENCE_URL", local(ports.inference_api)),
        ("PATROL_URLS", patrol_urls(&choices.robots).into()),
        ("RTSP_PORT", ports.sim_rtsp.to_string().into()),
        ("SIM_RTSP_URL", format!("rtsp://127.0.0.1:{}", ports.sim_rtsp).into()),
        ("SIM_WEBHOOK_URL", local(ports.sim_http)),
        ("SIM_ROBOT_PORT", ports.sim_robots.to_string().into()),
        ("SIM_MODELS_PORT", ports.sim_models.to_string().into()),
    ]
}

/// Where the console asks how each robot's process is: `robot-a=http://127.0.0.1:5001,...`.
fn patrol_urls(robots: &[Robot]) -> String {
    let urls: Vec<String> =
        robots.iter().map(|robot| format!("{}=http://127.0.0.1:{}", robot.id, robot.port)).collect();
    urls.join(",")
}

fn make(directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(simulated: bool, robots: Vec<Robot>) -> Vec<String> {
        let data = tempfile::tempdir().expect("a temporary directory");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let places = Places { target: root.join("target"), cache: data.path().into(), data: data.path().into(), root };
        let choices = Choices {
            ports: Ports::USUAL,
            port_offset: 0,
            configs: places.root.join("configs"),
            simulated,
            robots,
            open_to_network: false,
        };
        let programs = programs(&places, &choices).expect("a writable data directory");
        programs.iter().map(|program| program.name.to_string()).collect()
    }

    #[test]
    fn a_user_s_site_has_no_simulation() {
        assert_eq!(
            names(false, Vec::new()),
            ["redis", "inference-api", "stream-manager", "alert-router", "console", "nginx"]
        );
    }

    #[test]
    fn the_simulated_cameras_are_there_before_the_services() {
        assert_eq!(names(true, Vec::new())[..3], ["redis", "sim", "inference-api"]);
    }

    #[test]
    fn every_robot_has_a_process_of_its_own() {
        let robots = super::super::robots::simulated(Ports::USUAL);

        let names = names(true, robots);

        assert_eq!(names[6..], ["patrol-robot-a", "patrol-robot-b", "nginx"]);
    }
}
