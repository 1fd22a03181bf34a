//! The machine itself: its ports, its disk, its model, its configuration; and how all of it is told.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use e2e::Site;

use crate::{Desk, Told, beside};

fn offset(site: &Site) -> Vec<String> {
    vec!["--only".to_owned(), "ports".to_owned(), "--port-offset".to_owned(), site.ports.offset.to_string()]
}

async fn ports(site: &Site) -> Told {
    let arguments = offset(site);
    beside(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Desk::with(&[]).doctor_with(&arguments)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_free_or_ours_or_held_by_somebody_who_is_named() -> anyhow::Result<()> {
    let site = Site::new()?;
    let _redis = site.start_redis().await?;
    let _router = site.start("alert-router").await?;
    let stranger = TcpListener::bind((Ipv4Addr::LOCALHOST, site.ports.console()))?;
    std::thread::spawn(move || stranger.incoming().for_each(drop));

    let told = ports(&site).await;

    let router = format!("{} (alert-router)", site.ports.alert_router());
    assert_eq!(told.of(&router), ("ok", "alert-router runs and is ready", ""));
    let free = format!("{} (inference-api)", site.ports.inference_api());
    assert_eq!(told.of(&free), ("ok", "is free", ""));
    let (state, found, advice) = told.of(&format!("{} (console)", site.ports.console()));
    let process = format!("(process {}) holds it", std::process::id());
    assert!(state == "failed" && found.ends_with(&process), "{found}");
    assert!(advice.starts_with("end that program, or move console away"), "{advice}");
    assert_eq!(told.code, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_do_its_work_says_why() -> anyhow::Result<()> {
    let site = Site::new()?;
    let mut redis = site.start_redis().await?;
    let _router = site.start("alert-router").await?;
    redis.kill()?;
    let subject = format!("{} (alert-router)", site.ports.alert_router());
    let told = e2e::until_some("the doctor hears of it", e2e::LIMIT, async || {
        let told = ports(&site).await;
        (told.of(&subject).0 == "warning").then_some(told)
    })
    .await?;
    let (_, found, advice) = told.of(&subject);
    assert!(found.starts_with("alert-router runs and is not ready: "), "{found}");
    assert!(advice.contains("docker compose logs alert-router"), "{advice}");
    Ok(())
}

#[test]
fn a_disk_that_is_nearly_full_fails() {
    let desk = Desk::with(&[]).set("DATA_DIR", "small");
    std::fs::create_dir(desk.path().join("small")).expect("is made");
    let doctor = desk.ronda(&["doctor", "--json", "--only", "disk"]);
    // A disk of eight megabytes, which only this process and its children see.
    let script = "mount -t tmpfs -o size=8m none small && exec \"$0\" \"$@\"";
    let is_root = rustix::process::geteuid().is_root();
    let mut command = Command::new("unshare");
    command.args(if is_root { ["--mount"].as_slice() } else { ["--mount", "--user", "--map-root-user"].as_slice() });
    command.args(["sh", "-c", script]).arg(doctor.get_program()).args(doctor.get_args());
    command.current_dir(desk.path()).envs(doctor.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().expect("unshare is part of every system");
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    let told = Told { code: output.status.code().unwrap_or(-1), report };
    let (state, found, advice) = told.of("data room");
    assert!(state == "failed" && found.starts_with("small has 0.0 GB of 0.0 GB free"), "{found}");
    assert!(advice.starts_with("delete what is not needed"), "{advice}");
    assert_eq!(told.code, 1);
}

#[test]
fn a_model_that_was_not_fetched_is_named_and_one_that_was_is_run() {
    let told = Desk::with(&[]).doctor("model");
    let (state, found, advice) = told.of("file");
    assert!(state == "failed" && found.contains("yolov4-tiny"), "{found}");
    assert_eq!((advice, told.code), ("fetch it with `ronda model fetch`", 1));

    let cache = chassis::Env::process().cache_dir();
    let told = Desk::with(&[]).set("RONDA_CACHE_DIR", &cache.display().to_string()).doctor("model");
    let (state, found, _) = told.of("file");
    assert_eq!((state, found.ends_with("has the SHA-256 of its manifest")), ("ok", true), "{found}");
    let (state, found, _) = told.of("inference");
    assert!(state != "failed" && found.starts_with("one picture takes "), "{found}");
}

#[test]
fn configuration_errors_are_counted_and_the_way_to_them_is_told() {
    let desk = Desk::with(&[("cameras.yaml", "cameras: [{id: gate}]\n"), ("rois.yaml", "cameras: []\n")]);
    let told = desk.doctor("configs");
    let (state, found, advice) = told.of("configs");
    assert_eq!((state, found), ("failed", "0 good cameras, 0 good zones, and 1 error"));
    assert!(advice.starts_with("`ronda config check configs` names each"), "{advice}");
}

/// What is checked of a machine without cameras and robots; named, because in a container some is left out.
const AREAS: [&str; 9] = ["docker", "gpu", "memory", "disk", "clock", "ports", "configs", "redis", "model"];

#[test]
fn everything_is_checked_in_reasonable_time_and_told_in_plain_lines() {
    let desk = Desk::with(&[("cameras.yaml", "cameras: []\n"), ("rois.yaml", "cameras: []\n")]);
    let begun = std::time::Instant::now();
    let output = desk.ronda(&["doctor", "--only", &AREAS.join(",")]).output().expect("runs");
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!told.contains('\u{1b}'), "no colours without a terminal: {told}");
    for area in AREAS {
        let is_told = told.lines().any(|line| line.split_whitespace().nth(1) == Some(area));
        assert!(is_told, "{area} is missing in {told}");
    }
    let sum = told.lines().last().unwrap_or_default();
    assert!(sum.contains(" ok, ") && sum.ends_with(" failed"), "{sum}");
}
