//! The official Python client of the robot's manufacturer, unmodified, works against the simulated robot: every method that
//! it has, with both of its interfaces. What is served is thereby known to be what real robots serve.
//!
//! `cargo xtask test` makes the Python environment from `requirements.txt`, whose wheels are pinned by hash.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use chassis::http::Server;
use chassis::{Env, Stop};
use sim::building::{World, WorldSettings};
use sim::robot::{Robot, Settings, routes};
use tokio::process::Command;

/// The checks take about half a minute.
const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn every_method_of_the_official_client_works() {
    check("sync").await;
}

#[tokio::test]
async fn every_method_of_the_official_asyncio_client_works() {
    check("asyncio").await;
}

/// Runs the checks against a robot of their own.
async fn check(interface: &str) {
    let world = World::new(&WorldSettings::default());
    let settings =
        Settings { speed: 20.0, boot: Duration::from_secs(1), world: Some(world.clone()), ..Settings::default() };
    let robot = Robot::start(settings).await.expect("there is a free port");
    let stop = Stop::new();
    let server = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("there is a free port");
    let control = format!("http://{}", server.address());
    let routes = routes(world, vec![("robot-a".to_owned(), robot.control())]);
    let served = tokio::spawn(server.run(routes, stop.clone()));

    let python = python();
    assert!(python.exists(), "{} is missing: run `cargo xtask test fetch` first", python.display());
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/kachaka_client/checks.py");
    let mut command = Command::new(python);
    command.arg(script).arg(interface).arg(robot.address().to_string()).arg(control);
    command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::time::timeout(LIMIT, command.output()).await.expect("the checks end in time");
    let output = output.expect("the interpreter starts");

    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    stop.stop();
    served.await.expect("it does not panic").expect("it ends as asked");
}

/// Returns the interpreter with the client in it.
fn python() -> PathBuf {
    Env::process().cache_dir().join("tools/kachaka-python/bin/python")
}
