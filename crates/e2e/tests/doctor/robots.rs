//! Robots: one that answers, one that waits for its power button, one that is not there.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use robot::{Kachaka, Robot as _};
use sim::robot::{Robot, Settings};

use crate::{Desk, beside};

fn desk(lines: &[String]) -> Desk {
    Desk::with(&[("robots.yaml", &format!("robots:\n{}", lines.concat()))])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_is_asked_for_its_version_its_battery_and_its_emergency_stop() {
    let fine = Robot::start(Settings::default()).await.expect("starts");
    let stopped = Robot::start(Settings::default()).await.expect("starts");
    fine.control().set_battery(87.0);
    let driver = Kachaka::new(&stopped.address().to_string()).expect("is an address");
    driver.emergency_stop().await.expect("is heard");
    let latched = stopped.control().wait_for(Duration::from_secs(20), |truth| truth.emergency_stop == "latched").await;
    assert!(latched.is_some(), "an emergency stop latches");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let nobody = listener.local_addr().expect("is bound");
    drop(listener);

    let line = |id: &str, address: String| format!("- {{id: robot-{id}, ip: '{address}'}}\n");
    let lines = [
        line("a", fine.address().to_string()),
        line("b", stopped.address().to_string()),
        line("c", nobody.to_string()),
    ];
    let told = beside(move || desk(&lines).doctor("robots")).await;

    let (state, found, _) = told.of("robot-a");
    assert!(state == "ok" && found.contains("battery 87 %, charging"), "{found}");
    let (state, found, advice) = told.of("robot-b");
    assert!(state == "warning" && found.ends_with("its emergency stop is set"), "{found}");
    assert!(advice.ends_with("then press the robot's power button"), "{advice}");
    let (state, found, advice) = told.of("robot-c");
    assert!(state == "failed" && found.starts_with("the robot is not reachable"), "{found}");
    assert!(advice.contains("gRPC interface is switched on"), "{advice}");
    assert_eq!(told.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_battery_is_told() {
    let robot = Robot::start(Settings { charger: 0, ..Settings::default() }).await.expect("starts");
    let driver = Kachaka::new(&robot.address().to_string()).expect("is an address");
    // Driven by hand it leaves its charger.
    driver.set_manual_control(true).await.expect("is heard");
    let control = robot.control();
    let left = control.wait_for(Duration::from_secs(30), |truth| !truth.docked).await;
    assert!(left.is_some(), "it drives off its charger");
    control.set_battery(7.0);
    let line = format!("- {{id: robot-a, ip: '{}'}}\n", robot.address());
    let told = beside(move || desk(&[line]).doctor("robots")).await;
    let (state, found, advice) = told.of("robot-a");
    assert!(state == "warning" && found.contains("battery 7 %"), "{state} {found}");
    assert_eq!(advice, "send it home, or put it on its charger");
}
